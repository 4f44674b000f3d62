/* stream_schedule.c - random schedules of streams and futures, against the model.
 *
 * Three instances and the host make, pass on, read, write, cancel and drop ends of many element types. After each step what guests can see
 * must be what the model says: results, events, handle numbers, the elements in memory, traps.
 *
 *     test_component_stream_schedule [STEPS [SEED]] */
#include "check.h"

#include <stdlib.h>

#include "component/error_context.h"
#include "stream_world.h"

enum { STEPS = 40000, WORLD_STEPS = 300, OWN_TABLE_MAX = 400, ELEMENT_BYTES_MAX = 16 };

static struct stream_world world;

/* ---- steps ---- */

static struct model_stream *new_stream(struct stream_world *w, int kind)
{
    struct model_stream *stream = model_new(&w->model);
    if (!stream)
        return NULL;
    stream->kind = kind;
    stream->is_future = stream_roll(4) == 0;
    stream->element = stream_kinds[kind].element;
    stream->number = stream_kinds[kind].number;
    return stream;
}

static void transfer(struct stream_world *w, struct model_end *end, int to)
{
    struct component_call from_call, to_call;
    struct component_stream *moving;
    uint32_t handle = 0, type = w->types[model_stream_of(end)->kind][model_stream_of(end)->is_future];
    stream_context(w, end->place, &from_call);
    stream_context(w, to, &to_call);
    int rc =
        component__stream_lift(&from_call, component_type_of(w->fx.plan.types, type), end->handle, &moving);
    if (rc == 0)
        rc = component__stream_lower(&to_call, moving, &handle);
    bool traps = end->state != MODEL_IDLE || end->in_set;
    stream_agree(w, traps, rc);
    if (traps)
        return;
    model_handle_remove(&w->model, end->place, end->handle);
    model_place(&w->model, end, to);
    CHECK_INT(handle, end->handle);
}

static void step_new(struct stream_world *w)
{
    struct model_stream *stream = new_stream(w, (int)stream_roll(STREAM_KINDS));
    union engine_val vals[1];
    if (!stream)
        return;
    int g = (int)stream_roll(MODEL_INSTANCES);
    int rc = stream_call(w, g, COMPONENT_STREAM_NEW, stream, false, vals);
    model_place(&w->model, &stream->ends[0], g);
    model_place(&w->model, &stream->ends[1], g);
    stream_agree(w, false, rc);
    CHECK_INT(vals[0].u64, stream->ends[0].handle | (uint64_t)stream->ends[1].handle << 32);
    if (stream_roll(10))
        transfer(w, &stream->ends[0], (g + 1 + (int)stream_roll(2)) % MODEL_INSTANCES);
}

/* A handle for an element, as the writer's own. False: there is none to give. */
static bool make_handle(struct stream_world *w, struct model_end *writer, struct model_value *value)
{
    struct component_call call;
    int g = writer->place;
    stream_context(w, g, &call);
    if (w->model.tables[g].count > OWN_TABLE_MAX)
        return false;
    if (model_stream_of(writer)->element == MODEL_OWN) {
        CHECK_INT(
            component_handle_new(&call, stream_resource.kind, (void *)(uintptr_t)value->id, &value->handle),
            0);
        stream_made_objects++;
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
static void fill(struct stream_world *w, struct model_end *end, uint32_t length)
{
    struct model_stream *stream = model_stream_of(end);
    struct fake_guest *guest = fixture_guest(&w->fx, (uint32_t)end->place);
    uint32_t size = stream_size(w, stream->kind);
    end->length = 0;
    while (end->length < length) {
        struct model_value value = {.id = stream_value_id(stream->kind, stream_roll(1u << 24) + 1)};
        if (stream->element != MODEL_PLAIN && !make_handle(w, end, &value))
            break;
        stream_value_put(guest, stream_encodings[end->place], stream->kind, end->at + end->length * size,
                         &value);
        end->values[end->length++] = value;
    }
}

static bool will_trap(struct model_end *end)
{
    struct model_stream *stream = model_stream_of(end);
    return end->state != MODEL_IDLE ||
           (stream->pending && model_other(end)->place == end->place && !stream->number);
}

static void step_copy(struct stream_world *w)
{
    struct model_end *end = stream_pick(w, w->may_trap && stream_roll(50) == 0 ? -1 : MODEL_IDLE, false);
    if (!end || (will_trap(end) && !(w->may_trap && stream_roll(20) == 0)))
        return;
    struct model_stream *stream = model_stream_of(end);
    uint32_t n = stream->is_future ? 1 : stream_roll(8) ? 1 + stream_roll(MODEL_BUFFER) : 0;
    struct model_end before = *end;
    if (end->state == MODEL_IDLE) {
        end->at = fake_guest_alloc(fixture_guest(&w->fx, (uint32_t)end->place),
                                   n * stream_size(w, stream->kind), 8);
        if (stream_writes(end))
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
    int rc = stream_call(w, g, stream_writes(end) ? COMPONENT_STREAM_WRITE : COMPONENT_STREAM_READ, stream,
                         !at_once || end->in_set || stream_roll(2), vals);
    stream_agree(w, traps, rc);
    if (traps)
        return;
    uint32_t result = at_once ? model_take(&w->model, end) : MODEL_BLOCKED;
    CHECK_INT(vals[0].u32, result);
    if (at_once)
        stream_unreserve(w, end);
}

/* Of a set: the one that its oldest event is of. */
static struct model_end *of_set(struct stream_world *w, struct component_waitable_set *set)
{
    struct sw_link *first = set->pending.next;
    struct component_end *real =
        (struct component_end *)SW_CONTAINER(first, struct component_waitable, member);
    for (uint32_t i = 0; i < MODEL_STREAMS * 2; i++) {
        struct model_end *end = &w->model.streams[i / 2].ends[i % 2];
        if (w->model.streams[i / 2].used && end->place < MODEL_INSTANCES && end->in_set &&
            stream_end(w, end) == real)
            return end;
    }
    return NULL;
}

static void step_take(struct stream_world *w)
{
    struct component_waitable_set *set = &w->sets[stream_roll(MODEL_INSTANCES)];
    bool by_set = stream_roll(2) && !sw_list_empty(&set->pending);
    struct model_end *end = by_set ? of_set(w, set) : stream_pick(w, -1, true);
    struct component_event event = {0, 0, 0};
    CHECK(end || !by_set);
    if (!end)
        return;
    struct component_end *real = stream_end(w, end);
    CHECK(end->has_event && component__waitable_has_event(&real->waitable));
    uint32_t code =
        model_stream_of(end)->is_future ? COMPONENT_EVENT_FUTURE_READ : COMPONENT_EVENT_STREAM_READ;
    uint32_t result = model_take(&w->model, end);
    int rc = by_set ? component__set_take(w->fx.store, set, &event)
                    : component__waitable_take_event(w->fx.store, &real->waitable, &event);
    stream_agree(w, false, rc);
    CHECK_INT(event.code, stream_writes(end) ? code + 1 : code);
    CHECK_INT(event.index, end->handle);
    CHECK_INT(event.payload, result);
    CHECK_INT(real->state, end->state);
    stream_unreserve(w, end);
}

static void step_join(struct stream_world *w)
{
    struct model_end *end = stream_pick(w, -1, false);
    if (!end)
        return;
    end->in_set = !end->in_set;
    component__waitable_join(&stream_end(w, end)->waitable, end->in_set ? &w->sets[end->place] : NULL);
}

static void step_cancel(struct stream_world *w)
{
    struct model_end *end = stream_pick(w, w->may_trap && stream_roll(100) == 0 ? -1 : MODEL_COPYING, false);
    if (!end)
        return;
    union engine_val vals[1] = {{.u64 = end->handle}};
    bool traps = model_cancel(end);
    uint32_t result = traps ? 0 : model_take(&w->model, end);
    int rc = stream_call(w, end->place,
                         stream_writes(end) ? COMPONENT_STREAM_CANCEL_WRITE : COMPONENT_STREAM_CANCEL_READ,
                         model_stream_of(end), false, vals);
    stream_agree(w, traps, rc);
    if (traps)
        return;
    CHECK_INT(vals[0].u32, result);
    stream_unreserve(w, end);
}

static bool may_drop(struct model_end *end)
{
    if (model_stream_of(end)->is_future && stream_writes(end))
        return end->state == MODEL_DONE;
    return end->state == MODEL_IDLE || end->state == MODEL_DONE;
}

static void drop(struct stream_world *w, struct model_end *end)
{
    struct model_stream stream = *model_stream_of(end);
    union engine_val vals[1] = {{.u64 = end->handle}};
    int g = end->place;
    bool writer = stream_writes(end), traps = model_drop(&w->model, end);
    stream_agree(w, traps,
                 stream_call(w, g, writer ? COMPONENT_STREAM_DROP_WRITABLE : COMPONENT_STREAM_DROP_READABLE,
                             &stream, false, vals));
}

static void step_drop(struct stream_world *w)
{
    struct model_end *end = stream_pick(w, -1, false);
    if (end && (may_drop(end) || (w->may_trap && stream_roll(100) == 0)))
        drop(w, end);
}

static void step_transfer(struct stream_world *w)
{
    struct model_end *end = stream_pick(w, w->may_trap && stream_roll(100) == 0 ? -1 : MODEL_IDLE, false);
    if (end && !stream_writes(end))
        transfer(w, end, (int)stream_roll(MODEL_INSTANCES));
}

static void step_host_new(struct stream_world *w)
{
    struct model_stream *stream = new_stream(w, (int)stream_roll(STREAM_KIND_NESTED));
    struct component_call call;
    uint32_t handle;
    if (!stream)
        return;
    struct stream_host *host = stream_host_new(w, &stream->ends[1], true);
    int g = (int)stream_roll(MODEL_INSTANCES);
    stream->ends[1].place = MODEL_HOST;
    model_place(&w->model, &stream->ends[0], g);
    CHECK(host != NULL);
    stream_context(w, g, &call);
    stream_agree(w, false,
                 component_stream_new(&call, w->types[stream->kind][stream->is_future], &stream_host_ops,
                                      host, &handle, &host->end));
    CHECK_INT(handle, stream->ends[0].handle);
}

static void step_host_take(struct stream_world *w)
{
    struct model_end *end = stream_pick(w, MODEL_IDLE, false);
    if (!end || stream_writes(end) || end->in_set || model_other(end)->place == MODEL_HOST)
        return;
    struct model_stream *stream = model_stream_of(end);
    struct stream_host *host = stream_host_new(w, end, false);
    struct component_call call;
    stream_context(w, end->place, &call);
    int rc = component_stream_take(&call, end->handle, w->types[stream->kind][stream->is_future],
                                   &stream_host_ops, host, &host->end);
    CHECK_INT(rc, stream->dropped ? SW_END : 0);
    model_handle_remove(&w->model, end->place, end->handle);
    end->place = stream->dropped ? MODEL_MOVING : MODEL_HOST;
    if (stream->dropped)
        CHECK(!model_drop(&w->model, end));
    stream_agree(w, false, 0);
}

/* The host has something, or room, or ends; or says so without reason. */
static void step_host_wake(struct stream_world *w)
{
    struct stream_host *host = stream_host_pick(w);
    if (!host)
        return;
    struct model_end *end = host->model;
    bool is_future = model_stream_of(end)->is_future;
    uint32_t what = is_future ? 0 : stream_roll(6);
    uint32_t more = is_future ? 1u - (uint32_t)(host->ready > 0) : 1u + stream_roll(MODEL_BUFFER);
    if (what < 4) {
        host->ready += more;
        end->ready += more;
    } else if (what == 4) {
        host->ended = end->ended = true;
    }
    model_wake(&w->model, end);
    component_stream_wake(host->end);
    stream_agree(w, false, 0);
}

static void step_host_close(struct stream_world *w)
{
    struct stream_host *host = stream_host_pick(w);
    if (!host || (host->writes && model_stream_of(host->model)->is_future))
        return;
    model_close(host->model);
    component_stream_close(host->end);
    host->end = NULL;
    stream_agree(w, false, 0);
}

static void step(struct stream_world *w)
{
    static const struct {
        void (*fn)(struct stream_world *w);
        uint32_t weight;
    } steps[] = {{step_new, 8},        {step_copy, 40},      {step_take, 20},    {step_cancel, 6},
                 {step_drop, 10},      {step_transfer, 6},   {step_host_new, 3}, {step_host_take, 3},
                 {step_host_wake, 12}, {step_host_close, 1}, {step_join, 4}};
    uint32_t total = 0, at = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        total += steps[i].weight;
    uint32_t pick_at = stream_roll(total);
    while (pick_at >= steps[at].weight)
        pick_at -= steps[at++].weight;
    steps[at].fn(w);
}

/* ---- the end of a world ---- */

/* A future's writer learns that the reader is gone: nothing is read from its buffer. */
static void write_in_vain(struct stream_world *w, struct model_end *end)
{
    union engine_val vals[2] = {{.u64 = end->handle}, {.u64 = 0}};
    end->length = 1;
    CHECK(!model_begin(&w->model, end) && end->has_event);
    int rc = stream_call(w, end->place, COMPONENT_STREAM_WRITE, model_stream_of(end), true, vals);
    CHECK_INT(vals[0].u32, model_take(&w->model, end));
    stream_agree(w, false, rc);
}

/* Everything is ended in the right order; then nothing may be left. */
static void drain(struct stream_world *w)
{
    struct model_end *end;
    w->may_trap = false;
    while ((end = stream_pick(w, MODEL_COPYING, false)) != NULL ||
           (end = stream_pick(w, MODEL_CANCELLING, false)) != NULL)
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
    stream_check_copies(w);
    CHECK(sw_list_empty(&w->fx.store->streams));
}

/* Returns the steps that were made: after a trap there are no more. */
static uint32_t world_run(struct stream_world *w, uint32_t steps)
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
    w->may_trap = stream_roll(2);
    for (; done < steps && !w->trapped; done++)
        step(w);
    if (!w->trapped && stream_roll(4))
        drain(w);
    w->fx.store->scheduler->current = NULL;
    fixture_close(&w->fx);
    for (uint32_t i = 0; i < w->host_count; i++)
        CHECK(w->hosts[i].end == NULL);
    CHECK_INT(stream_dropped_objects, stream_made_objects);
    return done;
}

static uint64_t steps_wanted = STEPS;

static void schedules_go_as_the_model_says(void **state)
{
    (void)state;
    stream_world_bind(&world);
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
        stream_seed = strtoull(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
