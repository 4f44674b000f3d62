/* faults.c - the n-th allocation fails: the right code, nothing leaked, the engine goes on working. */
#include "base/alloc.h"
#include "check.h"
#include "guest.h"

#define ALLOCATIONS_MAX 200

struct scene {
    struct world world;
    struct guest guest;
    struct engine_bound *bound;
    struct engine_store *store;
};

static int host(void *env, struct engine_store *store, union engine_val *vals)
{
    (void)env;
    (void)store;
    (void)vals;
    return 0;
}

#define WAT                                                                                                  \
    "(module (import \"h\" \"f\" (func))(import \"h\" \"late\" (func))(memory (export \"m\") 1)(memory "     \
    "1)(func (export \"a\"))"                                                                                \
    "(func (export \"b\")))"

static const struct engine_link links[] = {
    {.kind = ENGINE_LINK_HOST, .fn = host},
    {.kind = ENGINE_LINK_LATE, .instance = 0, .name = SW_LIT_INIT("a")}};

static void open_scene(struct scene *scene)
{
    *scene = (struct scene){.store = NULL};
    world_open(&scene->world, ENGINE_RESET_AUTO);
    guest_open(&scene->guest, scene->world.engine, WAT);
}

static void close_scene(struct scene *scene)
{
    engine_store_free(scene->store);
    engine_bound_free(scene->bound);
    guest_close(&scene->guest);
    world_close(&scene->world); /* asserts that nothing is left */
}

static int make_engine(struct scene *scene, struct sw_err *err)
{
    struct engine *engine = NULL;
    int rc = engine_new(&(struct engine_config){.reset = ENGINE_RESET_AUTO}, scene->world.loop, &engine, err);
    engine_free(engine);
    return rc;
}

static int open_module(struct scene *scene, struct sw_err *err)
{
    struct engine_module *module = NULL;
    struct guest *guest = &scene->guest;
    int rc =
        engine_module_open(scene->world.engine, guest->core, guest->cwasm_fd, guest->image_fd, &module, err);
    engine_module_free(module);
    return rc;
}

static int bind(struct scene *scene, struct sw_err *err)
{
    return engine_module_bind(scene->guest.module, links, 2, &scene->bound, err);
}

static int new_store(struct scene *scene, struct sw_err *err)
{
    return engine_store_new(scene->world.engine, &(struct engine_limits){.cpu_ms_max = 1000}, NULL,
                            &scene->store, err);
}

static int instantiate(struct scene *scene, struct sw_err *err)
{
    uint32_t instance = 0;
    for (int i = 0; i < 6; i++) { /* more than the store holds inline */
        int rc = engine_store_instantiate(scene->store, scene->bound, &instance, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int started;

static int started_fn(void *arg, struct engine_store *store)
{
    (void)store;
    (*(int *)arg)++;
    return 0;
}

static void started_done(void *arg, int rc)
{
    CHECK_INT(rc, 0);
    (*(int *)arg)++;
}

static int start_call(struct scene *scene, struct sw_err *err)
{
    struct engine_call *call = NULL;
    return engine_call_start(scene->store, started_fn, started_done, &started, &call, err);
}

/* Fails the 1st, 2nd, ... allocation of step until it works; refills the store when it was spoilt half-way. */
static void until_it_works(struct scene *scene, int (*step)(struct scene *, struct sw_err *), long least)
{
    for (long n = 0; n < ALLOCATIONS_MAX; n++) {
        struct sw_err err = {0};
        sw_mem_fail_after(n);
        int rc = step(scene, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            CHECK(n >= least);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
        CHECK_HAS(err.text, "memory");
    }
    fail_msg("%s", "still failing after all those allocations");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct scene scene;
    open_scene(&scene);
    until_it_works(&scene, make_engine, 1);
    until_it_works(&scene, open_module, 2);
    until_it_works(&scene, bind, 3);
    until_it_works(&scene, new_store, 1);
    until_it_works(&scene, instantiate, 4);
    until_it_works(&scene, start_call, 1);
    (void)fake_loop_run(scene.world.loop, 10);
    CHECK_INT(started, 2);
    close_scene(&scene);
}

static void no_stack_done(void *arg, int result)
{
    *(int *)arg = result;
}

/* The stack is allocated when the fiber first runs: its absence ends the call, not the process. */
static void no_stack_ends_the_call(void **state)
{
    (void)state;
    struct scene scene;
    struct sw_err err = {0};
    struct engine_call *call = NULL;
    int rc = 1;
    open_scene(&scene);
    CHECK_OK(bind(&scene, &err), &err);
    CHECK_OK(new_store(&scene, &err), &err);
    CHECK_OK(engine_call_start(scene.store, started_fn, no_stack_done, &rc, &call, &err), &err);
    sw_mem_fail_after(0);
    (void)fake_loop_turn(scene.world.loop);
    sw_mem_fail_after(-1);
    CHECK_INT(rc, -SW_ELIMIT);
    CHECK_HAS(engine_store_failure(scene.store)->text, "no stack");
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(no_stack_ends_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
