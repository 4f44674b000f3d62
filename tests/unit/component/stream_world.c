/* stream_world.c - what random schedules of streams happen in. */
#include "stream_world.h"

#include "check.h"

#include <stdio.h>

#include "component/copy.h"

const enum component_encoding stream_encodings[MODEL_INSTANCES] = {COMPONENT_UTF8, COMPONENT_UTF16,
                                                                   COMPONENT_LATIN1_UTF16};
uint64_t stream_seed = 1;

uint32_t stream_roll(uint32_t n)
{
    stream_seed = stream_seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(stream_seed >> 33) % n;
}

uint64_t stream_made_objects, stream_dropped_objects;

static void object_drop(void *owner, void *object)
{
    (void)owner;
    (void)object;
    stream_dropped_objects++;
}
const struct component_host_resource stream_resource = {"thing", 7, object_drop};

void stream_world_bind(struct stream_world *w)
{
    struct sw_err err;
    fixture_init(&w->fx, MODEL_INSTANCES);
    (void)fixture_resource_host(&w->fx, &stream_resource);
    for (int g = 0; g < MODEL_INSTANCES; g++)
        (void)fixture_lift(&w->fx, (uint32_t)g, "run", "func()", stream_encodings[g]);
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

static struct component_bound_builtin *builtin_of(struct stream_world *w, int g,
                                                  enum component_builtin_kind kind, int k, bool is_async)
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

int stream_call(struct stream_world *w, int g, enum component_builtin_kind kind,
                const struct model_stream *stream, bool is_async, union engine_val *vals)
{
    if (stream->is_future)
        kind += COMPONENT_FUTURE_NEW - COMPONENT_STREAM_NEW;
    struct component_bound_builtin *bound = builtin_of(w, g, kind, stream->kind, is_async);
    return component__builtin_fn(kind)(bound, w->fx.store->engine, vals);
}

void stream_context(struct stream_world *w, int g, struct component_call *ret)
{
    CHECK_INT(component__call_begin(ret, w->fx.store, &w->fx.component->lifts[g].canon), 0);
}

struct component_end *stream_end(struct stream_world *w, const struct model_end *end)
{
    const struct component_handle *handle =
        component_handles_get(&w->fx.store->instances[end->place + 1].handles, end->handle);
    CHECK(handle && handle->kind >= COMPONENT_HANDLE_STREAM_READ);
    return (struct component_end *)handle->waitable;
}

bool stream_writes(struct model_end *end)
{
    return end == &model_stream_of(end)->ends[1];
}

static bool is_reserved(const struct stream_world *w, struct model_end *end)
{
    return !stream_writes(end) && w->reserved[model_stream_of(end) - w->model.streams];
}

struct model_end *stream_pick(struct stream_world *w, int state, bool with_event)
{
    uint32_t from = stream_roll(MODEL_STREAMS * 2);
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

uint32_t stream_size(struct stream_world *w, int kind)
{
    uint32_t elem = component_type_of(w->fx.plan.types, w->types[kind][0])->elem;
    return elem == COMPONENT_NO_TYPE ? 0 : component_type_of(w->fx.plan.types, elem)->size;
}

void stream_check_copies(struct stream_world *w)
{
    for (uint32_t i = 0; i < w->model.copy_count; i++) {
        const struct model_copy *copy = &w->model.copies[i];
        stream_value_check(w->fx.store, fixture_guest(&w->fx, (uint32_t)copy->instance),
                           stream_encodings[copy->instance], copy,
                           copy->at + copy->index * stream_size(w, copy->kind));
    }
    w->model.copy_count = 0;
    CHECK_INT(w->seen, w->model.seen);
    CHECK_INT(w->ids, w->model.ids);
    CHECK_INT(w->closed, w->model.closed);
}

void stream_unreserve(struct stream_world *w, struct model_end *end)
{
    if (!stream_writes(end) || model_stream_of(end)->element != MODEL_STREAM)
        return;
    for (uint32_t i = 0; i < end->length; i++)
        w->reserved[end->values[i].id] = false;
    end->length = end->progress = 0;
}

void stream_agree(struct stream_world *w, bool traps, int rc)
{
    if (traps != (rc < 0))
        print_error("the model says %s, got %d: %s\n", traps ? "trap" : "no trap", rc,
                    fixture_failure(&w->fx));
    CHECK_INT(rc < 0, traps);
    if (rc == 0)
        stream_check_copies(w);
    w->trapped |= traps;
}

/* ---- the host's ends ---- */

static int host_copy(void *arg, struct component_call *from, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct stream_host *host = arg;
    struct stream_world *w = host->world;
    struct component_value value = {.u64 = 0};
    uint32_t size = stream_size(w, host->kind);
    if (host->ready == 0)
        return host->ended ? SW_END : SW_WAIT;
    *ret_n = n < host->ready ? n : host->ready;
    host->ready -= *ret_n;
    for (uint32_t i = 0; i < *ret_n; i++) {
        int rc = 0;
        if (host->writes) {
            stream_value_make(host->kind, ++w->ids, &value);
            stream_made_objects += stream_kinds[host->kind].element == MODEL_OWN;
            if (size)
                rc = component_stream_store(from, host->end, at + i * size, &value);
        } else {
            if (size)
                rc = component_stream_load(from, host->end, at + i * size, &value);
            if (rc == 0 && host->kind == STREAM_KIND_NESTED) {
                component_stream_discard(value.object);
                value.u64 = 0; /* only the model has numbers for streams */
            }
            stream_dropped_objects += stream_kinds[host->kind].element == MODEL_OWN; /* the host's now */
            w->seen = w->seen * 31 + stream_value_read(host->kind, &value);
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void host_drop(void *arg)
{
    struct stream_host *host = arg;
    CHECK(host->end != NULL);
    host->end = NULL;
    host->world->closed++;
}
const struct component_stream_ops stream_host_ops = {host_copy, host_drop};

struct stream_host *stream_host_new(struct stream_world *w, struct model_end *end, bool writes)
{
    if (w->host_count == STREAM_HOSTS)
        return NULL;
    struct stream_host *host = &w->hosts[w->host_count++];
    *host =
        (struct stream_host){.world = w, .kind = model_stream_of(end)->kind, .writes = writes, .model = end};
    return host;
}

struct stream_host *stream_host_pick(struct stream_world *w)
{
    for (uint32_t i = 0, from = stream_roll(STREAM_HOSTS); i < w->host_count; i++) {
        struct stream_host *host = &w->hosts[(from + i) % w->host_count];
        if (host->end)
            return host;
    }
    return NULL;
}
