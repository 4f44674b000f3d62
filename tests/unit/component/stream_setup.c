/* stream_setup.c - two guests with the built-ins of streams of one element type. */
#include "stream_setup.h"

#include "check.h"

#include <stdio.h>

#include "component/copy.h"

static struct component_thread thread; /* somebody runs: nothing is scheduled */

void setup_open(struct setup *s)
{
    fixture_open(&s->fx);
    thread = (struct component_thread){.state = COMPONENT_THREAD_RUNNING};
    s->fx.store->scheduler->current = &thread;
}

void setup_init(struct setup *s, const char *elem, const char *call)
{
    char text[64];
    struct sw_err err;
    memset(s, 0, sizeof *s);
    fixture_init(&s->fx, SETUP_GUESTS);
    for (int f = 0; f < 2; f++) {
        (void)snprintf(text, sizeof text, "%s<%s>", f ? "future" : "stream", elem);
        s->types[f] = fixture_type(&s->fx, text);
    }
    for (uint32_t g = 0; g < SETUP_GUESTS; g++)
        (void)fixture_lift(&s->fx, g, "run2", "func()", COMPONENT_UTF8);
    if (call)
        (void)fixture_import_lift(&s->fx, 0, fixture_lift(&s->fx, 1, "run", call, COMPONENT_UTF8),
                                  COMPONENT_UTF8);
    fixture_bind(&s->fx);
    s->fx.component->is_async = true;
    CHECK_OK(component__program_make(s->fx.component, component_type_of(s->fx.plan.types, s->types[0])->elem,
                                     &err),
             &err);
    setup_open(s);
}

void setup_close(struct setup *s)
{
    s->fx.store->scheduler->current = NULL;
    fixture_close(&s->fx);
}

void setup_deinit(struct setup *s)
{
    if (s->fx.store)
        s->fx.store->scheduler->current = NULL;
    fixture_deinit(&s->fx);
}

int setup_builtin(struct setup *s, uint32_t g, enum component_builtin_kind kind, union engine_val *vals)
{
    struct component_bound_builtin *bound = &s->bounds[g][kind];
    s->plans[kind].type = s->types[kind >= COMPONENT_FUTURE_NEW && kind <= COMPONENT_FUTURE_DROP_WRITABLE];
    s->plans[kind].flag = true;
    bound->canon = s->fx.component->lifts[g].canon;
    bound->canon.plan.options.is_async = true;
    bound->component = s->fx.component;
    bound->plan = &s->plans[kind];
    bound->kind = kind;
    bound->instance = g + 1;
    return component__builtin_fn(kind)(bound, s->fx.store->engine, vals);
}

/* With three arguments; the result. */
int setup_call(struct setup *s, uint32_t g, enum component_builtin_kind kind, const uint32_t args[3],
               uint32_t *ret)
{
    union engine_val vals[3] = {{.u64 = args[0]}, {.u64 = args[1]}, {.u64 = args[2]}};
    int rc = setup_builtin(s, g, kind, vals);
    *ret = vals[0].u32;
    return rc;
}

uint32_t setup_ok(struct setup *s, uint32_t g, enum component_builtin_kind kind, const uint32_t args[3])
{
    uint32_t ret;
    int rc = setup_call(s, g, kind, args, &ret);
    if (rc < 0)
        print_error("%s: %s\n", component__builtin_name(kind), fixture_failure(&s->fx));
    CHECK_INT(rc, 0);
    return ret;
}

/* *ret_readable, *ret_writable: both in guest g */
void setup_make(struct setup *s, uint32_t g, bool future, uint32_t *ret_readable, uint32_t *ret_writable)
{
    union engine_val vals[1];
    CHECK_INT(setup_builtin(s, g, future ? COMPONENT_FUTURE_NEW : COMPONENT_STREAM_NEW, vals), 0);
    *ret_readable = vals[0].u32;
    *ret_writable = (uint32_t)(vals[0].u64 >> 32);
}

void setup_context(struct setup *s, uint32_t g, struct component_call *ret)
{
    CHECK_INT(component__call_begin(ret, s->fx.store, &s->fx.component->lifts[g].canon), 0);
}

/* A readable end from one guest to the other. */
uint32_t setup_give(struct setup *s, uint32_t from, uint32_t handle, bool future)
{
    struct component_call source, target;
    struct component_stream *stream;
    uint32_t ret = 0;
    setup_context(s, from, &source);
    setup_context(s, 1 - from, &target);
    CHECK_INT(component__stream_lift(&source, component_type_of(s->fx.plan.types, s->types[future]), handle,
                                     &stream),
              0);
    CHECK_INT(component__stream_lower(&target, stream, &ret), 0);
    return ret;
}

uint8_t *setup_memory(struct setup *s, uint32_t g)
{
    return fixture_guest(&s->fx, g)->memory.base;
}

struct component_end *setup_end(struct setup *s, uint32_t g, uint32_t handle)
{
    return (struct component_end *)component_handles_get(&s->fx.store->instances[g + 1].handles, handle)
        ->waitable;
}

uint32_t setup_event(struct setup *s, uint32_t g, uint32_t handle)
{
    struct component_event ret = {0, 0, 0};
    struct component_waitable *waitable = &setup_end(s, g, handle)->waitable;
    CHECK(component__waitable_has_event(waitable));
    CHECK_INT(component__waitable_take_event(s->fx.store, waitable, &ret), 0);
    CHECK_INT(ret.index, handle);
    return ret.payload;
}
