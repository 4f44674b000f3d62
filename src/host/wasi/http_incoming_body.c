/* http_incoming_body.c - a body that is read: a host_source over the exchange or over a response, and the future of its trailers.  Room: host.
 *
 *   OPEN --(peek: end)--> ENDED        OPEN --(peek: failure)--> FAILED
 * The stream or, after finish, the future reads the exchange: never both (finish traps while the stream is open). */
#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/wasi/io.h"

/* ---- the carrier ---- */

static int source_peek(struct host_source *source, struct sw_str *ret, struct sw_err *err)
{
    struct host_http_types_incoming_body *body =
        SW_CONTAINER(source, struct host_http_types_incoming_body, source);
    if (body->state == HOST_INCOMING_ENDED)
        return SW_END;
    if (body->state == HOST_INCOMING_FAILED || (!body->call && !body->host->http.exchange))
        return sw_fail(err, body->failure ? body->failure : SW_EIO, "the body cannot be read any more");
    int rc = body->call ? host_http_call_peek(body->call, ret, err)
                        : http_exchange_body_peek(body->host->http.exchange, ret, err);
    if (rc == SW_END)
        body->state = HOST_INCOMING_ENDED;
    if (rc < 0) {
        body->state = HOST_INCOMING_FAILED;
        body->failure = (enum sw_code) - rc;
    }
    return rc;
}

static void source_consume(struct host_source *source, size_t n)
{
    struct host_http_types_incoming_body *body =
        SW_CONTAINER(source, struct host_http_types_incoming_body, source);
    if (body->state != HOST_INCOMING_OPEN)
        return;
    if (body->call)
        host_http_call_consume(body->call, n);
    else if (body->host->http.exchange)
        http_exchange_body_consume(body->host->http.exchange, n);
}

static void source_close(struct host_source *source)
{
    struct host_http_types_incoming_body *body =
        SW_CONTAINER(source, struct host_http_types_incoming_body, source);
    body->stream_open = false;
    if (body->call)
        host_http_call_unref(body->call);
}

static const struct host_source_ops source_ops = {source_peek, source_consume, source_close};

/* ---- incoming-body ---- */

void host_incoming_body_init(struct host_http_types_incoming_body *body, struct host *host,
                             struct host_http_call *call)
{
    *body = (struct host_http_types_incoming_body){.host = host, .call = call};
    body->source.ops = &source_ops;
    host_event_init(&body->source.ready);
}

int host_http_types_incoming_request_consume(struct component_call *call,
                                             struct host_http_types_incoming_request *self,
                                             struct host_http_types_incoming_body **ret)
{
    (void)call;
    if (self->consumed)
        return HOST_WIT_ERROR;
    self->consumed = true;
    struct host_http_types_incoming_body *body = &self->host->http.incoming;
    body->source.ops = &source_ops;
    *ret = body;
    return 0;
}

int host_http_types_incoming_body_stream(struct component_call *call,
                                         struct host_http_types_incoming_body *self,
                                         struct host_io_streams_input_stream **ret)
{
    if (self->stream_taken)
        return HOST_WIT_ERROR;
    *ret = host_input_stream_new(call, &self->source, HOST_ERROR_HTTP_INCOMING);
    if (!*ret)
        return -SW_EGUEST;
    self->stream_taken = true;
    self->stream_open = true;
    if (self->call)
        host_http_call_ref(self->call);
    return 0;
}

int host_http_types_incoming_body_finish(struct component_call *call,
                                         struct host_http_types_incoming_body *this_,
                                         struct host_http_types_future_trailers **ret)
{
    if (this_->stream_open)
        return host_trap(call, "incoming-body.finish: its input-stream is still alive");
    this_->stream_taken = true; /* and the future takes over the handle's reference */
    *ret = this_->call ? host_http_call_future(this_->call) : &this_->host->http.trailers;
    return 0;
}

void host_http_types_incoming_body_drop(void *owner, void *object)
{
    struct host_http_types_incoming_body *body = object; /* a stream may go on reading */
    (void)owner;
    if (body->call)
        host_http_call_unref(body->call);
}

/* ---- future-trailers ---- */

/* Drops what the guest did not read. Returns whether the end or a failure is known. */
static bool trailers_reach(struct host_http_types_incoming_body *body)
{
    struct sw_err err;
    struct sw_str bytes;
    int rc;
    while ((rc = source_peek(&body->source, &bytes, &err)) == 0)
        source_consume(&body->source, bytes.n);
    return rc != SW_WAIT;
}

static bool trailers_ready(struct host_io_poll_pollable *pollable)
{
    struct host_http_types_future_trailers *future = pollable->target;
    return future->taken || trailers_reach(future->body);
}

static struct host_event *trailers_watch(struct host_io_poll_pollable *pollable, struct component_call *call)
{
    const struct host_http_types_future_trailers *future = pollable->target;
    (void)call;
    return &future->body->source.ready;
}

static void trailers_nothing(struct host_io_poll_pollable *pollable)
{
    (void)pollable;
}

static void trailers_release(struct host_io_poll_pollable *pollable)
{
    host_http_types_future_trailers_drop(pollable->host, pollable->target);
}

static const struct host_pollable_ops trailers_ops = {trailers_ready, trailers_watch, trailers_nothing,
                                                      trailers_release};

int host_http_types_future_trailers_subscribe(struct component_call *call,
                                              struct host_http_types_future_trailers *self,
                                              struct host_io_poll_pollable **ret)
{
    *ret = host_pollable_new(call, &trailers_ops, self);
    if (!*ret)
        return -SW_EGUEST;
    if (self->body->call)
        host_http_call_ref(self->body->call);
    return 0;
}

int host_http_trailers(struct component_call *call, struct host_http_types_fields **ret)
{
    struct host *host = host_of(call);
    const struct http_field *trailers;
    uint32_t count;
    *ret = NULL;
    if (!host->http.exchange)
        return 0;
    http_exchange_body_trailers(host->http.exchange, &trailers, &count);
    if (count == 0)
        return 0;
    struct host_field *entries = SW_ARENA_ARRAY(&host->arena, count, struct host_field);
    if (!entries)
        return host_trap(call, "no memory for %u trailers", count);
    for (uint32_t i = 0; i < count;
         i++) { /* copied: they stand in the connection's buffer, not in the head */
        struct sw_err err;
        if (sw_arena_copy(&host->arena, trailers[i].name, &entries[i].name, &err) < 0 ||
            sw_arena_copy(&host->arena, trailers[i].value, &entries[i].value, &err) < 0)
            return host_trap(call, "trailers: %s", err.text);
    }
    *ret = host_fields_view(call, entries, count);
    return *ret ? 0 : -SW_EGUEST;
}

int host_http_types_future_trailers_get(
    struct component_call *call, struct host_http_types_future_trailers *self,
    struct host_option_result_result_option_http_types_fields_http_types_error_code_void *ret)
{
    struct host_http_types_incoming_body *body = self->body;
    *ret = (struct host_option_result_result_option_http_types_fields_http_types_error_code_void){0};
    if (!self->taken && !trailers_reach(body))
        return 0;
    ret->has = true;
    if (self->taken) {
        ret->value.is_err = true;
        return 0;
    }
    self->taken = true;
    if (body->state == HOST_INCOMING_ENDED) {
        int rc = body->call ? host_http_call_trailers(call, body->call, &ret->value.ok.ok.value)
                            : host_http_trailers(call, &ret->value.ok.ok.value);
        ret->value.ok.ok.has = ret->value.ok.ok.value != NULL;
        return rc;
    }
    ret->value.ok.is_err = true;
    host_http_error_code(HOST_ERROR_HTTP_INCOMING, body->failure, 0, &ret->value.ok.err);
    return 0;
}

void host_http_types_future_trailers_drop(void *owner, void *object)
{
    struct host_http_types_future_trailers *future = object;
    (void)owner;
    if (future->body->call)
        host_http_call_unref(future->body->call); /* the other one is part of the host */
}
