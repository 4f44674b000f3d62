/* stream_schedule.c - random schedules of streams and futures, against the model.
 *
 * Three instances and the host make, pass on, read, write, cancel and drop ends of many element types. After each step what guests can see
 * must be what the model says: results, events, handle numbers, the elements in memory, traps.
 *
 *     test_component_stream_schedule [STEPS [SEED]] */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "component/copy.h"
#include "component/error_context.h"
#include "stream_values.h"

enum { STEPS = 40000, WORLD_STEPS = 300, HOSTS = 400, OWN_TABLE_MAX = 400, ELEMENT_BYTES_MAX = 16 };

static const enum component_encoding encodings[MODEL_INSTANCES] = {COMPONENT_UTF8, COMPONENT_UTF16,
                                                                   COMPONENT_LATIN1_UTF16};
static uint64_t seed = 1;

static uint32_t roll(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(seed >> 33) % n;
}

/* ---- the world ---- */

struct host { /* one end of the host */
    struct world *world;
    struct component_end *end; /* NULL: gone */
    int kind;
    bool writes;
    uint32_t ready;
    bool ended;
    struct model_end *model;
};
struct world {
    struct fixture fx;
    struct model model;
    uint32_t types[STREAM_KINDS][2];
    struct component_builtin plans[COMPONENT_BUILTIN_KINDS][STREAM_KINDS];
    struct component_bound_builtin bounds[MODEL_INSTANCES][COMPONENT_BUILTIN_KINDS][STREAM_KINDS][2];
    struct component_waitable_set sets[MODEL_INSTANCES];
    bool reserved[MODEL_STREAMS]; /* readable ends that are elements in somebody's buffer */
    struct host hosts[HOSTS];
    uint32_t host_count;
    uint64_t ids, seen; /* of the host's ends */
    uint32_t closed;
    bool trapped;
    bool may_trap;
};
static struct world world;
static uint64_t made_objects, dropped_objects;

static void object_drop(void *owner, void *object)
{
    (void)owner;
    (void)object;
    dropped_objects++;
}
static const struct component_host_resource resource = {"thing", 7, object_drop};

static void world_bind(struct world *w)
{
    struct sw_err err;
    fixture_init(&w->fx, MODEL_INSTANCES);
    (void)fixture_resource_host(&w->fx, &resource);
    for (int g = 0; g < MODEL_INSTANCES; g++)
        (void)fixture_lift(&w->fx, (uint32_t)g, "run", "func()", encodings[g]);
    for (int k = 0; k < STREAM_KINDS; k++) {
        for (int f = 0; f < 2; f++) {
            char text[64];
            const char *elem = stream_kinds[k].type;
            (void)snprintf(text, sizeof text, elem ? "%s<%s>" : "%s", f ? "future" : "stream",
                           elem ? elem : "");
            w->types[k][f] = fixture_type(&w->fx, text);
        }
    }
    fixture_bind(&w->fx);
    w->fx.component->is_async = true;
    for (int k = 0; k < STREAM_KINDS; k++)
        CHECK_OK(component__program_make(w->fx.component,
                                         component_type_of(w->fx.plan.types, w->types[k][0])->elem, &err),
                 &err);
}

static struct component_bound_builtin *builtin_of(struct world *w, int g, enum component_builtin_kind kind,
                                                  int k, bool is_async)
{
    bool future = kind >= COMPONENT_FUTURE_NEW;
    struct component_builtin *plan = &w->plans[kind][k];
    struct component_bound_builtin *bound = &w->bounds[g][kind][k][is_async];
    plan->kind = kind;
    plan->type = w->types[k][future];
    plan->flag = true;
    bound->canon = w->fx.component->lifts[g].canon;
    bound->canon.plan.options.is_async = is_async;
    bound->component = w->fx.component;
    bound->plan = plan;
    bound->kind = kind;
    bound->instance = (uint32_t)g + 1;
    return bound;
}

/* kind: of a stream; that of a future follows from the model's stream. */
static int call(struct world *w, int g, enum component_builtin_kind kind, const struct model_stream *stream,
                bool is_async, union engine_val *vals)
{
    if (stream->is_future)
        kind += COMPONENT_FUTURE_NEW - COMPONENT_STREAM_NEW;
    struct component_bound_builtin *bound = builtin_of(w, g, kind, stream->kind, is_async);
    return component__builtin_fn(kind)(bound, w->fx.store->engine, vals);
}

static void call_of(struct world *w, int g, struct component_call *ret)
{
    CHECK_INT(component__call_begin(ret, w->fx.store, &w->fx.component->lifts[g].canon), 0);
}

static struct component_end *end_of(struct world *w, const struct model_end *end)
{
    const struct component_handle *handle =
        component_handles_get(&w->fx.store->instances[end->place + 1].handles, end->handle);
    CHECK(handle && handle->kind >= COMPONENT_HANDLE_STREAM_READ);
    return (struct component_end *)handle->waitable;
}

static bool is_writer(struct model_end *end)
{
    return end == &model_stream_of(end)->ends[1];
}

static bool is_reserved(const struct world *w, struct model_end *end)
{
    return !is_writer(end) && w->reserved[model_stream_of(end) - w->model.streams];
}

/* A random end in an instance that is in that state, or NULL. state < 0: any */
static struct model_end *pick(struct world *w, int state, bool with_event)
{
    uint32_t from = roll(MODEL_STREAMS * 2);
    for (uint32_t i = 0; i < MODEL_STREAMS * 2; i++) {
        uint32_t at = (from + i) % (MODEL_STREAMS * 2);
        struct model_stream *stream = &w->model.streams[at / 2];
        struct model_end *end = &stream->ends[at % 2];
        if (stream->used && end->place < MODEL_INSTANCES && !is_reserved(w, end) &&
            (state < 0 || (int)end->state == state) && (!with_event || end->has_event))
            return end;
    }
    return NULL;
}

/* ---- what came into memories ---- */

static uint32_t size_of(struct world *w, int kind)
{
    uint32_t elem = component_type_of(w->fx.plan.types, w->types[kind][0])->elem;
    return elem == COMPONENT_NO_TYPE ? 0 : component_type_of(w->fx.plan.types, elem)->size;
}

static void check_copies(struct world *w)
{
    for (uint32_t i = 0; i < w->model.copy_count; i++) {
        const struct model_copy *copy = &w->model.copies[i];
        stream_value_check(w->fx.store, fixture_guest(&w->fx, (uint32_t)copy->instance),
                           encodings[copy->instance], copy, copy->at + copy->index * size_of(w, copy->kind));
    }
    w->model.copy_count = 0;
    CHECK_INT(w->seen, w->model.seen);
    CHECK_INT(w->ids, w->model.ids);
    CHECK_INT(w->closed, w->model.closed);
}

static void unreserve(struct world *w, struct model_end *end)
{
    if (!is_writer(end) || model_stream_of(end)->element != MODEL_STREAM)
        return;
    for (uint32_t i = 0; i < end->length; i++)
        w->reserved[end->values[i].id] = false;
    end->length = end->progress = 0;
}

/* The model's word on a step, and ours. */
static void agree(struct world *w, bool traps, int rc)
{
    if (traps != (rc < 0))
        print_error("the model says %s, got %d: %s\n", traps ? "trap" : "no trap", rc,
                    fixture_failure(&w->fx));
    CHECK_INT(rc < 0, traps);
    if (rc == 0)
        check_copies(w);
    w->trapped |= traps;
}

/* ---- the host's ends ---- */

static int host_copy(void *arg, struct component_call *from, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct host *host = arg;
    struct world *w = host->world;
    struct component_value value = {.u64 = 0};
    uint32_t size = size_of(w, host->kind);
    if (host->ready == 0)
        return host->ended ? SW_END : SW_WAIT;
    *ret_n = n < host->ready ? n : host->ready;
    host->ready -= *ret_n;
    for (uint32_t i = 0; i < *ret_n; i++) {
        int rc = 0;
        if (host->writes) {
            stream_value_make(host->kind, ++w->ids, &value);
            made_objects += stream_kinds[host->kind].element == MODEL_OWN;
            if (size)
                rc = component_stream_store(from, host->end, at + i * size, &value);
        } else {
            if (size)
                rc = component_stream_load(from, host->end, at + i * size, &value);
            if (rc == 0 && host->kind == STREAM_KIND_NESTED) {
                component_stream_discard(value.object);
                value.u64 = 0; /* only the model has numbers for streams */
            }
            dropped_objects += stream_kinds[host->kind].element == MODEL_OWN; /* the host's now */
            w->seen = w->seen * 31 + stream_value_read(host->kind, &value);
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void host_drop(void *arg)
{
    struct host *host = arg;
    CHECK(host->end != NULL);
    host->end = NULL;
    host->world->closed++;
}
static const struct component_stream_ops host_ops = {host_copy, host_drop};

static struct host *host_new(struct world *w, struct model_end *end, bool writes)
{
    if (w->host_count == HOSTS)
        return NULL;
    struct host *host = &w->hosts[w->host_count++];
    *host = (struct host){.world = w, .kind = model_stream_of(end)->kind, .writes = writes, .model = end};
    return host;
}

static struct host *host_pick(struct world *w)
{
    for (uint32_t i = 0, from = roll(HOSTS); i < w->host_count; i++) {
        struct host *host = &w->hosts[(from + i) % w->host_count];
        if (host->end)
            return host;
    }
    return NULL;
}

/* ---- steps ---- */

static struct model_stream *new_stream(struct world *w, int kind)
{
    struct model_stream *stream = model_new(&w->model);
    if (!stream)
        return NULL;
    stream->kind = kind;
    stream->is_future = roll(4) == 0;
    stream->element = stream_kinds[kind].element;
    stream->number = stream_kinds[kind].number;
    return stream;
}

static void transfer(struct world *w, struct model_end *end, int to)
{
    struct component_call from_call, to_call;
    struct component_stream *moving;
    uint32_t handle = 0, type = w->types[model_stream_of(end)->kind][model_stream_of(end)->is_future];
    call_of(w, end->place, &from_call);
    call_of(w, to, &to_call);
    int rc =
        component__stream_lift(&from_call, component_type_of(w->fx.plan.types, type), end->handle, &moving);
    if (rc == 0)
        rc = component__stream_lower(&to_call, moving, &handle);
    bool traps = end->state != MODEL_IDLE || end->in_set;
    agree(w, traps, rc);
    if (traps)
        return;
    model_handle_remove(&w->model, end->place, end->handle);
    model_place(&w->model, end, to);
    CHECK_INT(handle, end->handle);
}

static void step_new(struct world *w)
{
    struct model_stream *stream = new_stream(w, (int)roll(STREAM_KINDS));
    union engine_val vals[1];
    if (!stream)
        return;
    int g = (int)roll(MODEL_INSTANCES);
    int rc = call(w, g, COMPONENT_STREAM_NEW, stream, false, vals);
    model_place(&w->model, &stream->ends[0], g);
    model_place(&w->model, &stream->ends[1], g);
    agree(w, false, rc);
    CHECK_INT(vals[0].u64, stream->ends[0].handle | (uint64_t)stream->ends[1].handle << 32);
    if (roll(10))
        transfer(w, &stream->ends[0], (g + 1 + (int)roll(2)) % MODEL_INSTANCES);
}

/* A handle for an element, as the writer's own. False: there is none to give. */
static bool make_handle(struct world *w, struct model_end *writer, struct model_value *value)
{
    struct component_call call;
    int g = writer->place;
    call_of(w, g, &call);
    if (w->model.tables[g].count > OWN_TABLE_MAX)
        return false;
    if (model_stream_of(writer)->element == MODEL_OWN) {
        CHECK_INT(component_handle_new(&call, resource.kind, (void *)(uintptr_t)value->id, &value->handle),
                  0);
        made_objects++;
        CHECK_INT(value->handle, model_handle_add(&w->model, g));
        return true;
    }
    if (model_stream_of(writer)->element == MODEL_CONTEXT) {
        struct component_value text;
        stream_value_make(model_stream_of(writer)->kind, value->id, &text);
        CHECK_INT(component__error_context_make(&call, text.text, &value->handle), 0);
        CHECK_INT(value->handle, model_handle_add(&w->model, g));
        return true;
    }
    for (uint32_t i = 0; i < MODEL_STREAMS; i++) {
        struct model_stream *stream = &w->model.streams[i];
        struct model_end *end = &stream->ends[0];
        if (!stream->used || w->reserved[i] || end->place != g || end->state != MODEL_IDLE || end->in_set ||
            stream->kind != STREAM_KIND_U8 || stream->is_future)
            continue;
        value->id = i;
        value->handle = end->handle;
        w->reserved[i] = true;
        return true;
    }
    return false;
}

/* What a writer's buffer holds. */
static void fill(struct world *w, struct model_end *end, uint32_t length)
{
    struct model_stream *stream = model_stream_of(end);
    struct fake_guest *guest = fixture_guest(&w->fx, (uint32_t)end->place);
    uint32_t size = size_of(w, stream->kind);
    end->length = 0;
    while (end->length < length) {
        struct model_value value = {.id = stream_value_id(stream->kind, roll(1u << 24) + 1)};
        if (stream->element != MODEL_PLAIN && !make_handle(w, end, &value))
            break;
        stream_value_put(guest, encodings[end->place], stream->kind, end->at + end->length * size, &value);
        end->values[end->length++] = value;
    }
}

static bool will_trap(struct model_end *end)
{
    struct model_stream *stream = model_stream_of(end);
    return end->state != MODEL_IDLE ||
           (stream->pending && model_other(end)->place == end->place && !stream->number);
}

static void step_copy(struct world *w)
{
    struct model_end *end = pick(w, w->may_trap && roll(50) == 0 ? -1 : MODEL_IDLE, false);
    if (!end || (will_trap(end) && !(w->may_trap && roll(20) == 0)))
        return;
    struct model_stream *stream = model_stream_of(end);
    uint32_t n = stream->is_future ? 1 : roll(8) ? 1 + roll(MODEL_BUFFER) : 0;
    struct model_end before = *end;
    if (end->state == MODEL_IDLE) {
        end->at =
            fake_guest_alloc(fixture_guest(&w->fx, (uint32_t)end->place), n * size_of(w, stream->kind), 8);
        if (is_writer(end))
            fill(w, end, n);
        else
            end->length = n;
        if (stream->is_future && end->length == 0) {
            *end = before;
            return;
        }
    }
    union engine_val vals[3] = {{.u64 = end->handle}, {.u64 = end->at}, {.u64 = end->length}};
    int g = end->place;
    bool traps = model_begin(&w->model, end);
    bool at_once = !traps && end->has_event;
    int rc = call(w, g, is_writer(end) ? COMPONENT_STREAM_WRITE : COMPONENT_STREAM_READ, stream,
                  !at_once || end->in_set || roll(2), vals);
    agree(w, traps, rc);
    if (traps)
        return;
    uint32_t result = at_once ? model_take(&w->model, end) : MODEL_BLOCKED;
    CHECK_INT(vals[0].u32, result);
    if (at_once)
        unreserve(w, end);
}

/* Of a set: the one that its oldest event is of. */
static struct model_end *of_set(struct world *w, struct component_waitable_set *set)
{
    struct sw_link *first = set->pending.next;
    struct component_end *real =
        (struct component_end *)SW_CONTAINER(first, struct component_waitable, member);
    for (uint32_t i = 0; i < MODEL_STREAMS * 2; i++) {
        struct model_end *end = &w->model.streams[i / 2].ends[i % 2];
        if (w->model.streams[i / 2].used && end->place < MODEL_INSTANCES && end->in_set &&
            end_of(w, end) == real)
            return end;
    }
    return NULL;
}

static void step_take(struct world *w)
{
    struct component_waitable_set *set = &w->sets[roll(MODEL_INSTANCES)];
    bool by_set = roll(2) && !sw_list_empty(&set->pending);
    struct model_end *end = by_set ? of_set(w, set) : pick(w, -1, true);
    struct component_event event = {0, 0, 0};
    CHECK(end || !by_set);
    if (!end)
        return;
    struct component_end *real = end_of(w, end);
    CHECK(end->has_event && component__waitable_has_event(&real->waitable));
    uint32_t code =
        model_stream_of(end)->is_future ? COMPONENT_EVENT_FUTURE_READ : COMPONENT_EVENT_STREAM_READ;
    uint32_t result = model_take(&w->model, end);
    int rc = by_set ? component__set_take(w->fx.store, set, &event)
                    : component__waitable_take_event(w->fx.store, &real->waitable, &event);
    agree(w, false, rc);
    CHECK_INT(event.code, is_writer(end) ? code + 1 : code);
    CHECK_INT(event.index, end->handle);
    CHECK_INT(event.payload, result);
    CHECK_INT(real->state, end->state);
    unreserve(w, end);
}

static void step_join(struct world *w)
{
    struct model_end *end = pick(w, -1, false);
    if (!end)
        return;
    end->in_set = !end->in_set;
    component__waitable_join(&end_of(w, end)->waitable, end->in_set ? &w->sets[end->place] : NULL);
}

static void step_cancel(struct world *w)
{
    struct model_end *end = pick(w, w->may_trap && roll(100) == 0 ? -1 : MODEL_COPYING, false);
    if (!end)
        return;
    union engine_val vals[1] = {{.u64 = end->handle}};
    bool traps = model_cancel(end);
    uint32_t result = traps ? 0 : model_take(&w->model, end);
    int rc =
        call(w, end->place, is_writer(end) ? COMPONENT_STREAM_CANCEL_WRITE : COMPONENT_STREAM_CANCEL_READ,
             model_stream_of(end), false, vals);
    agree(w, traps, rc);
    if (traps)
        return;
    CHECK_INT(vals[0].u32, result);
    unreserve(w, end);
}

static bool may_drop(struct model_end *end)
{
    if (model_stream_of(end)->is_future && is_writer(end))
        return end->state == MODEL_DONE;
    return end->state == MODEL_IDLE || end->state == MODEL_DONE;
}

static void drop(struct world *w, struct model_end *end)
{
    struct model_stream stream = *model_stream_of(end);
    union engine_val vals[1] = {{.u64 = end->handle}};
    int g = end->place;
    bool writer = is_writer(end), traps = model_drop(&w->model, end);
    agree(w, traps,
          call(w, g, writer ? COMPONENT_STREAM_DROP_WRITABLE : COMPONENT_STREAM_DROP_READABLE, &stream, false,
               vals));
}

static void step_drop(struct world *w)
{
    struct model_end *end = pick(w, -1, false);
    if (end && (may_drop(end) || (w->may_trap && roll(100) == 0)))
        drop(w, end);
}

static void step_transfer(struct world *w)
{
    struct model_end *end = pick(w, w->may_trap && roll(100) == 0 ? -1 : MODEL_IDLE, false);
    if (end && !is_writer(end))
        transfer(w, end, (int)roll(MODEL_INSTANCES));
}

static void step_host_new(struct world *w)
{
    struct model_stream *stream = new_stream(w, (int)roll(STREAM_KIND_NESTED));
    struct component_call call;
    uint32_t handle;
    if (!stream)
        return;
    struct host *host = host_new(w, &stream->ends[1], true);
    int g = (int)roll(MODEL_INSTANCES);
    stream->ends[1].place = MODEL_HOST;
    model_place(&w->model, &stream->ends[0], g);
    CHECK(host != NULL);
    call_of(w, g, &call);
    agree(w, false,
          component_stream_new(&call, w->types[stream->kind][stream->is_future], &host_ops, host, &handle,
                               &host->end));
    CHECK_INT(handle, stream->ends[0].handle);
}

static void step_host_take(struct world *w)
{
    struct model_end *end = pick(w, MODEL_IDLE, false);
    if (!end || is_writer(end) || end->in_set || model_other(end)->place == MODEL_HOST)
        return;
    struct model_stream *stream = model_stream_of(end);
    struct host *host = host_new(w, end, false);
    struct component_call call;
    call_of(w, end->place, &call);
    int rc = component_stream_take(&call, end->handle, w->types[stream->kind][stream->is_future], &host_ops,
                                   host, &host->end);
    CHECK_INT(rc, stream->dropped ? SW_END : 0);
    model_handle_remove(&w->model, end->place, end->handle);
    end->place = stream->dropped ? MODEL_MOVING : MODEL_HOST;
    if (stream->dropped)
        CHECK(!model_drop(&w->model, end));
    agree(w, false, 0);
}

/* The host has something, or room, or ends; or says so without reason. */
static void step_host_wake(struct world *w)
{
    struct host *host = host_pick(w);
    if (!host)
        return;
    struct model_end *end = host->model;
    bool is_future = model_stream_of(end)->is_future;
    uint32_t what = is_future ? 0 : roll(6);
    uint32_t more = is_future ? 1u - (uint32_t)(host->ready > 0) : 1u + roll(MODEL_BUFFER);
    if (what < 4) {
        host->ready += more;
        end->ready += more;
    } else if (what == 4) {
        host->ended = end->ended = true;
    }
    model_wake(&w->model, end);
    component_stream_wake(host->end);
    agree(w, false, 0);
}

static void step_host_close(struct world *w)
{
    struct host *host = host_pick(w);
    if (!host || (host->writes && model_stream_of(host->model)->is_future))
        return;
    model_close(host->model);
    component_stream_close(host->end);
    host->end = NULL;
    agree(w, false, 0);
}

static void step(struct world *w)
{
    static const struct {
        void (*fn)(struct world *w);
        uint32_t weight;
    } steps[] = {{step_new, 8},        {step_copy, 40},      {step_take, 20},    {step_cancel, 6},
                 {step_drop, 10},      {step_transfer, 6},   {step_host_new, 3}, {step_host_take, 3},
                 {step_host_wake, 12}, {step_host_close, 1}, {step_join, 4}};
    uint32_t total = 0, at = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        total += steps[i].weight;
    uint32_t pick_at = roll(total);
    while (pick_at >= steps[at].weight)
        pick_at -= steps[at++].weight;
    steps[at].fn(w);
}

/* ---- the end of a world ---- */

/* A future's writer learns that the reader is gone: nothing is read from its buffer. */
static void write_in_vain(struct world *w, struct model_end *end)
{
    union engine_val vals[2] = {{.u64 = end->handle}, {.u64 = 0}};
    end->length = 1;
    CHECK(!model_begin(&w->model, end) && end->has_event);
    int rc = call(w, end->place, COMPONENT_STREAM_WRITE, model_stream_of(end), true, vals);
    CHECK_INT(vals[0].u32, model_take(&w->model, end));
    agree(w, false, rc);
}

/* Everything is ended in the right order; then nothing may be left. */
static void drain(struct world *w)
{
    struct model_end *end;
    w->may_trap = false;
    while ((end = pick(w, MODEL_COPYING, false)) != NULL || (end = pick(w, MODEL_CANCELLING, false)) != NULL)
        step_cancel(w);
    for (uint32_t i = 0; i < w->host_count; i++)
        if (w->hosts[i].end && !(w->hosts[i].writes && model_stream_of(w->hosts[i].model)->is_future)) {
            model_close(w->hosts[i].model);
            component_stream_close(w->hosts[i].end);
            w->hosts[i].end = NULL;
        }
    for (uint32_t i = 0; i < MODEL_STREAMS; i++)
        if (w->model.streams[i].used && w->model.streams[i].ends[0].place < MODEL_INSTANCES)
            drop(w, &w->model.streams[i].ends[0]);
    for (uint32_t i = 0; i < MODEL_STREAMS; i++) {
        end = &w->model.streams[i].ends[1];
        if (!w->model.streams[i].used)
            continue;
        if (!may_drop(end))
            write_in_vain(w, end);
        drop(w, end);
    }
    check_copies(w);
    CHECK(sw_list_empty(&w->fx.store->streams));
}

/* Returns the steps that were made: after a trap there are no more. */
static uint32_t world_run(struct world *w, uint32_t steps)
{
    uint32_t done = 0;
    static struct component_thread thread; /* somebody runs: nothing is scheduled */
    fixture_open(&w->fx);
    w->fx.store->scheduler->current = &thread;
    model_init(&w->model);
    memset(w->reserved, 0, sizeof w->reserved);
    for (int g = 0; g < MODEL_INSTANCES; g++) {
        w->sets[g] = (struct component_waitable_set){.members = 0};
        sw_list_init(&w->sets[g].idle);
        sw_list_init(&w->sets[g].pending);
    }
    w->host_count = 0;
    w->ids = w->seen = 0;
    w->closed = 0;
    w->trapped = false;
    w->may_trap = roll(2);
    for (; done < steps && !w->trapped; done++)
        step(w);
    if (!w->trapped && roll(4))
        drain(w);
    w->fx.store->scheduler->current = NULL;
    fixture_close(&w->fx);
    for (uint32_t i = 0; i < w->host_count; i++)
        CHECK(w->hosts[i].end == NULL);
    CHECK_INT(dropped_objects, made_objects);
    return done;
}

static uint64_t steps_wanted = STEPS;

static void schedules_go_as_the_model_says(void **state)
{
    (void)state;
    world_bind(&world);
    for (uint64_t done = 0; done < steps_wanted;)
        done += world_run(&world, WORLD_STEPS);
    fixture_deinit(&world.fx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(schedules_go_as_the_model_says)};
    if (argc > 1)
        steps_wanted = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
