/* stack.c - the stacks of fibers, pooled.  Room: engine.
 *
 * A stack goes back to the pool when its store ends and keeps the pages at its top. Guest code cannot see a stack, so it is not
 * cleared; code probes every page of a large frame, so it cannot step over the guard. */
#include <errno.h>
#include <sys/mman.h>

#include "base/alloc.h"
#include "base/fault.h"
#include "engine/engine_internal.h"
#include "engine/limits.h"

#define MAP_BYTES ((size_t)ENGINE_STACK_GUARD_BYTES + ENGINE_STACK_BYTES)

static void stack_free(struct engine_stack *stack)
{
    sw_list_remove(&stack->link);
    (void)munmap(stack->map, MAP_BYTES); /* fails for bad arguments only */
    stack->engine->stacks_now--;
    sw_free(stack);
}

static struct engine_stack *stack_new(struct engine *engine)
{
    struct engine_stack *stack = sw_try_alloc(sizeof *stack);
    if (!stack)
        return NULL;
    stack->engine = engine;
    stack->map = MAP_FAILED;
    if (!sw_fault_errno(SW_FAULT_ENGINE_STACK, ENOMEM))
        stack->map = mmap(NULL, MAP_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack->map == MAP_FAILED) {
        sw_free(stack);
        return NULL;
    }
    sw_list_init(&stack->link);
    engine->stacks_now++;
    if (mprotect(stack->map + ENGINE_STACK_GUARD_BYTES, ENGINE_STACK_BYTES, PROT_READ | PROT_WRITE) != 0) {
        stack_free(stack);
        return NULL;
    }
    (void)madvise(stack->map, MAP_BYTES, MADV_NOHUGEPAGE); /* a few pages are used: no 2 MiB for them */
    return stack;
}

static uint8_t *stack_top(void *env, size_t *bytes)
{
    struct engine_stack *stack = env;
    *bytes = ENGINE_STACK_BYTES;
    return stack->map + MAP_BYTES; /* the top: the usable range is [top - bytes, top) (wasmtime.md 14.5) */
}

static void stack_release(void *env)
{
    struct engine_stack *stack = env;
    struct engine *engine = stack->engine;
    if (++stack->uses % ENGINE_STACK_TRIM_USES == 0) /* one deep recursion must not stay resident for ever */
        (void)madvise(stack->map + ENGINE_STACK_GUARD_BYTES, ENGINE_STACK_BYTES - ENGINE_STACK_KEEP_BYTES,
                      MADV_DONTNEED);
    stack->freed_ms = loop_now_ms(engine->loop);
    sw_list_add_head(&engine->free_stacks, &stack->link);
}

wasmtime_error_t *engine__stack_new(void *env, size_t size, bool zeroed, wasmtime_stack_memory_t *ret)
{
    struct engine *engine = env;
    if (size > ENGINE_STACK_BYTES)
        return wasmtime_error_new("unexpected stack size");
    struct sw_link *link = sw_list_take_head(&engine->free_stacks);
    struct engine_stack *stack = link ? SW_CONTAINER(link, struct engine_stack, link) : NULL;
    if (!stack && engine->stacks_now <
                      2 * (uint64_t)engine->stacks_max) /* a store may keep one beside those of its calls */
        stack = stack_new(engine);
    if (!stack)
        return wasmtime_error_new("no stack for a fiber");
    if (zeroed)
        (void)madvise(stack->map + ENGINE_STACK_GUARD_BYTES, ENGINE_STACK_BYTES, MADV_DONTNEED);
    *ret = (wasmtime_stack_memory_t){.env = stack, .get_stack_memory = stack_top, .finalizer = stack_release};
    return NULL;
}

void engine__stacks_trim(struct engine *engine)
{
    if (sw_list_empty(&engine->free_stacks))
        return;
    struct engine_stack *coldest = SW_CONTAINER(engine->free_stacks.prev, struct engine_stack, link);
    if (loop_now_ms(engine->loop) - coldest->freed_ms > ENGINE_IDLE_MS)
        stack_free(coldest);
}

void engine__stacks_drain(struct engine *engine)
{
    while (!sw_list_empty(&engine->free_stacks))
        stack_free(SW_CONTAINER(engine->free_stacks.next, struct engine_stack, link));
}
