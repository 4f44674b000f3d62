/* stream_model.c - a reference for streams and futures, close to the words of CanonicalABI.md. */
#include "stream_model.h"

#include <assert.h>
#include <string.h>

void model_init(struct model *model)
{
    memset(model, 0, sizeof *model);
    for (int i = 0; i < MODEL_INSTANCES; i++)
        model->tables[i].count = 1;
}

uint32_t model_handle_add(struct model *model, int instance)
{
    struct model_table *table = &model->tables[instance];
    uint32_t handle = table->free_count ? table->free[--table->free_count] : table->count++;
    assert(handle < MODEL_HANDLES);
    table->taken[handle] = true;
    return handle;
}

void model_handle_remove(struct model *model, int instance, uint32_t handle)
{
    struct model_table *table = &model->tables[instance];
    assert(table->taken[handle]);
    table->taken[handle] = false;
    table->free[table->free_count++] = handle;
}

struct model_stream *model_stream_of(struct model_end *end)
{
    return (struct model_stream *)(void *)((char *)end - end->at_offset);
}

struct model_stream *model_new(struct model *model)
{
    for (int i = 0; i < MODEL_STREAMS; i++) {
        struct model_stream *stream = &model->streams[i];
        if (stream->used)
            continue;
        memset(stream, 0, sizeof *stream);
        stream->used = true;
        for (int k = 0; k < 2; k++) {
            stream->ends[k].place = MODEL_GONE;
            stream->ends[k].at_offset = (size_t)((char *)&stream->ends[k] - (char *)stream);
        }
        return stream;
    }
    return NULL;
}

void model_place(struct model *model, struct model_end *end, int instance)
{
    end->place = instance;
    end->handle = model_handle_add(model, instance);
}

static void tell(struct model_end *end, int result, bool keeps)
{
    end->has_event = true;
    end->keeps = keeps;
    end->late = false;
    end->result = result;
}

static void reset_and_tell(struct model_stream *stream, int result)
{
    struct model_end *end = stream->pending;
    stream->pending = NULL;
    tell(end, result, false);
}

static void gone(struct model_end *end)
{
    struct model_stream *stream = model_stream_of(end);
    end->place = MODEL_GONE;
    if (stream->ends[0].place == MODEL_GONE && stream->ends[1].place == MODEL_GONE)
        stream->used = false;
}

static void host_told(struct model *model, struct model_end *host)
{
    model->closed++;
    gone(host);
}

/* ---- elements ---- */

/* One element leaves its writer. */
static void leave(struct model *model, struct model_stream *stream, const struct model_value *value)
{
    if (stream->element != MODEL_OWN && stream->element != MODEL_STREAM)
        return;
    model_handle_remove(model, stream->ends[1].place, value->handle);
    if (stream->element == MODEL_STREAM)
        model->streams[value->id].ends[0].place = MODEL_MOVING;
}

static void arrive(struct model *model, struct model_end *reader, uint32_t index, uint64_t id)
{
    struct model_stream *stream = model_stream_of(reader);
    struct model_copy *copy = &model->copies[model->copy_count++];
    assert(model->copy_count <= MODEL_COPIES);
    *copy = (struct model_copy){reader->place, reader->at, index, stream->kind, id, 0};
    if (stream->element == MODEL_PLAIN)
        return;
    if (stream->element == MODEL_STREAM) {
        model_place(model, &model->streams[id].ends[0], reader->place);
        copy->handle = model->streams[id].ends[0].handle;
        return;
    }
    copy->handle = model_handle_add(model, reader->place);
}

static void copy(struct model *model, struct model_end *writer, struct model_end *reader)
{
    struct model_stream *stream = model_stream_of(writer);
    uint32_t n = writer->length - writer->progress, there = reader->length - reader->progress;
    if (there < n)
        n = there;
    for (uint32_t i = 0; i < n; i++)
        leave(model, stream, &writer->values[writer->progress + i]);
    for (uint32_t i = 0; i < n; i++)
        arrive(model, reader, reader->progress + i, writer->values[writer->progress + i].id);
    writer->progress += n;
    reader->progress += n;
}

enum { HOST_MOVED, HOST_WAITS, HOST_ENDED };

/* The guest's end asks the host's. */
static int ask(struct model *model, struct model_end *guest)
{
    struct model_end *host = model_other(guest);
    struct model_stream *stream = model_stream_of(guest);
    uint32_t n = guest->length - guest->progress;
    if (host->ready == 0 && host->ended) {
        stream->dropped = true;
        host_told(model, host);
        return HOST_ENDED;
    }
    if (host->ready == 0)
        return HOST_WAITS;
    if (n > host->ready)
        n = host->ready;
    host->ready -= n;
    for (uint32_t i = 0; i < n; i++) {
        if (host == &stream->ends[1]) {
            arrive(model, guest, guest->progress + i, ++model->ids);
            continue;
        }
        const struct model_value *value = &guest->values[guest->progress + i];
        leave(model, stream, value);
        model->seen = model->seen * 31 + (stream->element == MODEL_STREAM ? 0 : value->id);
        if (stream->element == MODEL_STREAM) /* the host does not want it */
            model_drop(model, &model->streams[value->id].ends[0]);
    }
    guest->progress += n;
    return HOST_MOVED;
}

/* ---- what guests do ---- */

bool model_begin(struct model *model, struct model_end *end)
{
    struct model_stream *stream = model_stream_of(end);
    struct model_end *waiting = stream->pending;
    bool writes = end == &stream->ends[1];
    if (end->state != MODEL_IDLE)
        return true;
    end->state = MODEL_COPYING;
    end->progress = 0;
    if (stream->dropped) {
        tell(end, MODEL_DROPPED, false);
    } else if (model_other(end)->place == MODEL_HOST) {
        int outcome = ask(model, end);
        if (outcome == HOST_WAITS)
            stream->pending = end;
        else
            tell(end, outcome == HOST_ENDED ? MODEL_DROPPED : MODEL_COMPLETED, false);
    } else if (!waiting) {
        stream->pending = end;
    } else if (waiting->place == end->place && !stream->number) {
        return true;
    } else if (waiting->progress < waiting->length) {
        if (end->length > 0) {
            copy(model, writes ? end : waiting, writes ? waiting : end);
            if (stream->is_future)
                reset_and_tell(stream, MODEL_COMPLETED);
            else
                tell(waiting, MODEL_COMPLETED, true);
        }
        tell(end, MODEL_COMPLETED, false);
    } else if (writes && end->length == 0 && waiting->length == 0) {
        tell(end, MODEL_COMPLETED, false);
    } else {
        reset_and_tell(stream, MODEL_COMPLETED);
        stream->pending = end;
    }
    return false;
}

bool model_cancel(struct model_end *end)
{
    if (end->state != MODEL_COPYING)
        return true;
    end->state = MODEL_CANCELLING;
    if (!end->has_event)
        reset_and_tell(model_stream_of(end), MODEL_CANCELLED);
    return false;
}

uint32_t model_take(struct model *model, struct model_end *end)
{
    struct model_stream *stream = model_stream_of(end);
    assert(end->has_event);
    if (end->late) { /* the host said that it has something: asked again now */
        int outcome = stream->dropped ? HOST_ENDED : ask(model, end);
        tell(end, outcome == HOST_ENDED ? MODEL_DROPPED : MODEL_COMPLETED, false);
    }
    if (end->keeps)
        stream->pending = NULL;
    end->has_event = end->keeps = false;
    if (end->state == MODEL_CANCELLING && !stream->is_future && end->result == MODEL_COMPLETED)
        end->result = MODEL_CANCELLED; /* test/async/cancel-stream.wast */
    bool over = end->result == MODEL_DROPPED || (stream->is_future && end->result == MODEL_COMPLETED);
    end->state = over ? MODEL_DONE : MODEL_IDLE;
    return stream->is_future ? (uint32_t)end->result : (uint32_t)end->result | end->progress << 4;
}

bool model_drop(struct model *model, struct model_end *end)
{
    struct model_stream *stream = model_stream_of(end);
    struct model_end *left = model_other(end);
    if (end->state == MODEL_COPYING || end->state == MODEL_CANCELLING)
        return true;
    if (stream->is_future && end == &stream->ends[1] && end->state != MODEL_DONE)
        return true;
    if (end->place < MODEL_INSTANCES)
        model_handle_remove(model, end->place, end->handle);
    stream->dropped = true;
    if (stream->pending)
        reset_and_tell(stream, MODEL_DROPPED);
    gone(end);
    if (left->place == MODEL_HOST)
        host_told(model, left);
    return false;
}

/* ---- what the host does ---- */

void model_wake(struct model *model, struct model_end *host)
{
    struct model_stream *stream = model_stream_of(host);
    struct model_end *guest = stream->pending;
    if (!guest)
        return;
    if (!stream->number) { /* moved when the event is taken */
        stream->pending = NULL;
        guest->has_event = guest->late = true;
        return;
    }
    int outcome = ask(model, guest);
    if (outcome != HOST_WAITS)
        reset_and_tell(stream, outcome == HOST_ENDED ? MODEL_DROPPED : MODEL_COMPLETED);
}

void model_close(struct model_end *host)
{
    struct model_stream *stream = model_stream_of(host);
    stream->dropped = true;
    if (stream->pending)
        reset_and_tell(stream, MODEL_DROPPED);
    gone(host);
}
