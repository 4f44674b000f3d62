/* fake_loop.c - see fake_loop.h. */
#include "fake_loop.h"

#include "base/alloc.h"

struct loop {
    struct sw_link queue;
    uint64_t now_ms;
};

struct loop *fake_loop_new(void)
{
    struct loop *loop = sw_alloc(sizeof *loop);
    sw_list_init(&loop->queue);
    loop->now_ms = 1000;
    return loop;
}

void fake_loop_free(struct loop *loop)
{
    sw_free(loop);
}

bool fake_loop_turn(struct loop *loop)
{
    struct sw_link now;
    struct sw_link *link = NULL;
    sw_list_init(&now);
    while ((link = sw_list_take_head(&loop->queue)))
        sw_list_add_tail(&now, link);
    if (sw_list_empty(&now))
        return false;
    while ((link = sw_list_take_head(&now))) {
        struct loop_defer *defer = SW_CONTAINER(link, struct loop_defer, link);
        defer->fn(defer->arg);
    }
    return true;
}

unsigned fake_loop_run(struct loop *loop, unsigned turns_max)
{
    unsigned turns = 0;
    while (turns < turns_max && fake_loop_turn(loop))
        turns++;
    return turns;
}

void fake_loop_advance(struct loop *loop, uint64_t ms)
{
    loop->now_ms += ms;
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

void loop_defer_init(struct loop_defer *defer, loop_defer_fn *fn, void *arg)
{
    sw_list_init(&defer->link);
    defer->fn = fn;
    defer->arg = arg;
}

void loop_defer_add(struct loop *loop, struct loop_defer *defer)
{
    if (sw_list_empty(&defer->link))
        sw_list_add_tail(&loop->queue, &defer->link);
}

void loop_defer_cancel(struct loop_defer *defer)
{
    sw_list_remove(&defer->link);
}
