/* p3_http_in.c - the body of the request that is answered, as a stream and a future of its trailers.  Room: host.
 *
 * Bytes go from the connection's buffer to the guest's memory. Who drops the stream early still gets the trailers: what is left of the body is
 * read and forgotten. Both ends refer to `struct host_p3_incoming`, and the one that goes last frees it.
 *
 * A guest may give either end to a message of its own as it is: then contents (p3_http_out.c) take its place. */
#include "component/stream.h"
#include "host/host_internal.h"
#include "host/wasi3/p3_http.h"

struct host_p3_incoming {
    struct host *host;
    struct host_http_types_incoming_body *body;
    struct component_end *bytes, *trailers;
    bool bytes_passed, trailers_passed; /* contents have it instead */
    bool awaits_trailers;               /* the guest asked for them before they were there */
    struct host_waiter waiter;
    struct loop_defer work;
};

static void release(struct host_p3_incoming *in)
{
    if (in->bytes || in->trailers || in->bytes_passed || in->trailers_passed)
        return;
    host_waiter_stop(&in->waiter);
    loop_defer_cancel(&in->work);
    if (in->body->call)
        host_http_call_unref(in->body->call);
    HOST_FREE(in->host, in);
}

/* In the event's turn it may not end: that frees what the event is part of, within the client's own callback. */
static void wake(void *arg)
{
    struct host_p3_incoming *in = arg;
    host_waiter_stop(&in->waiter);
    loop_defer_add(in->host->loop, &in->work);
}

static int wait_for(struct host_p3_incoming *in)
{
    host_waiter_stop(&in->waiter);
    host_waiter_start(&in->waiter, &in->body->source.ready, wake, in);
    return SW_WAIT;
}

int host_p3_incoming_end(struct host_p3_incoming *in)
{
    struct sw_str bytes;
    struct sw_err err;
    int rc = in->bytes || in->bytes_passed ? SW_WAIT : 0; /* the stream comes first */
    while (rc == 0 && (rc = host_source_peek(&in->body->source, &bytes, &err)) == 0)
        host_source_consume(&in->body->source, bytes.n);
    return rc;
}

/* The same, and wakes when there is more. A future whose reader is woken must have its value, and keeps it: bodies do not leave their end. */
static int reach_end(struct host_p3_incoming *in)
{
    int rc = host_p3_incoming_end(in);
    if (rc == SW_WAIT && !in->bytes && !in->bytes_passed)
        (void)wait_for(in);
    return rc;
}

static void work(void *arg)
{
    struct host_p3_incoming *in = arg;
    struct component_end *trailers = in->trailers; /* while it is there, so is the struct */
    if (in->bytes)
        component_stream_wake(in->bytes);
    if (trailers && in->awaits_trailers && reach_end(in) != SW_WAIT)
        component_stream_wake(trailers);
}

static int bytes_copy(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct host_p3_incoming *in = arg;
    struct sw_str bytes;
    struct sw_err err;
    int rc = host_source_peek(&in->body->source, &bytes, &err);
    if (rc == SW_WAIT)
        return wait_for(in);
    if (rc != 0) { /* the future says which */
        loop_defer_add(in->host->loop, &in->work);
        return SW_END;
    }
    *ret_n = bytes.n < n ? (uint32_t)bytes.n : n;
    memcpy(call->mem + at, bytes.p, *ret_n);
    host_source_consume(&in->body->source, *ret_n);
    return 0;
}

static void bytes_drop(void *arg)
{
    struct host_p3_incoming *in = arg;
    in->bytes = NULL;
    if (in->trailers)
        loop_defer_add(in->host->loop, &in->work);
    if (in->trailers_passed)
        host_event_fire(&in->body->source.ready);
    release(in);
}

static int store_trailers(struct host_p3_incoming *in, struct component_call *call, uint32_t at)
{
    struct host_http_types_fields *fields = NULL;
    int rc = in->body->call ? host_http_call_trailers(call, in->body->call, &fields)
                            : host_http_trailers(call, &fields);
    if (rc < 0)
        return rc;
    const struct component_value object = {.object = fields};
    const struct component_value option = {.variant = {fields != NULL, fields ? &object : NULL}};
    const struct component_value value = {.variant = {0, &option}};
    return component_stream_store(call, in->trailers, at, &value);
}

static int store_failure(struct host_p3_incoming *in, struct component_call *call, uint32_t at)
{
    struct host_http_types_error_code code;
    struct host_p3_error_room room;
    struct component_value error;
    host_http_error_code(HOST_ERROR_HTTP_INCOMING, in->body->failure, 0, &code);
    host_p3_error_value(&code, &room, &error);
    const struct component_value value = {.variant = {1, &error}};
    return component_stream_store(call, in->trailers, at, &value);
}

static int trailers_copy(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct host_p3_incoming *in = arg;
    int rc = reach_end(in);
    in->awaits_trailers = rc == SW_WAIT;
    if (rc == SW_WAIT)
        return rc;
    *ret_n = n;
    return rc == SW_END ? store_trailers(in, call, at) : store_failure(in, call, at);
}

static void trailers_drop(void *arg)
{
    struct host_p3_incoming *in = arg;
    in->trailers = NULL;
    release(in);
}

static const struct component_stream_ops bytes_ops = {bytes_copy, bytes_drop};
static const struct component_stream_ops trailers_ops = {trailers_copy, trailers_drop};

int host_p3_incoming(struct component_call *call, struct host_http_types_incoming_body *body,
                     struct host_tuple_u32_u32 *ret)
{
    uint32_t pair = component_call_result_type(call);
    struct host_p3_incoming *in = HOST_NEW(call, struct host_p3_incoming);
    if (!in)
        return -SW_EGUEST;
    in->host = host_of(call);
    in->body = body;
    if (body->call)
        host_http_call_ref(body->call);
    sw_list_init(&in->waiter.link);
    loop_defer_init(&in->work, work, in);
    int rc = component_stream_new(call, component_call_part_type(call, pair, 0), &bytes_ops, in, &ret->f0,
                                  &in->bytes);
    if (rc == 0)
        rc = component_stream_new(call, component_call_part_type(call, pair, 1), &trailers_ops, in, &ret->f1,
                                  &in->trailers);
    if (rc < 0)
        release(in);
    return rc;
}

/* ---- ends that are passed on ---- */

int host_p3_incoming_pass_bytes(struct component_call *call, uint32_t handle, uint32_t type,
                                struct host_p3_incoming **ret)
{
    void *arg;
    int rc = component_stream_origin(call, handle, type, &bytes_ops, &arg);
    if (rc != 0)
        return rc;
    *ret = arg;
    (*ret)->bytes = NULL;
    (*ret)->bytes_passed = true;
    return 0;
}

int host_p3_incoming_pass_trailers(struct component_call *call, uint32_t handle, uint32_t type,
                                   struct host_p3_incoming **ret)
{
    void *arg;
    int rc = component_stream_origin(call, handle, type, &trailers_ops, &arg);
    if (rc != 0)
        return rc;
    *ret = arg;
    (*ret)->trailers = NULL;
    (*ret)->trailers_passed = true;
    return 0;
}

struct host_source *host_p3_incoming_source(struct host_p3_incoming *in)
{
    return &in->body->source;
}

void host_p3_incoming_leave_bytes(struct host_p3_incoming *in)
{
    in->bytes_passed = false;
    bytes_drop(in);
}

void host_p3_incoming_leave_trailers(struct host_p3_incoming *in)
{
    in->trailers_passed = false;
    release(in);
}

/* ---- what a guest says of a body that it consumed ---- */

static int ignore_copy(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    (void)arg, (void)call, (void)at; /* result<_, error-code>: nothing in it is owned */
    *ret_n = n;
    return 0;
}

static void ignore_drop(void *arg)
{
    (void)arg;
}

int host_p3_ignore(struct component_call *call, uint32_t future, uint32_t param)
{
    static const struct component_stream_ops ops = {ignore_copy, ignore_drop};
    struct component_end *end;
    int rc = component_stream_take(call, future, component_call_param_type(call, param), &ops, NULL, &end);
    if (rc == 0)
        component_stream_wake(end);
    return rc < 0 ? rc : 0;
}

/* ---- error codes ---- */

void host_p3_error_value(const struct host_http_types_error_code *code, struct host_p3_error_room *room,
                         struct component_value *ret)
{
    static const struct component_value none = {.variant = {0, NULL}};
    *room = (struct host_p3_error_room){.parts = {none, none}};
    *ret = (struct component_value){.variant = {(uint32_t)code->tag, NULL}};
    switch ((int)code->tag) {
    case HOST_HTTP_TYPES_ERROR_CODE_DNS_ERROR:
    case HOST_HTTP_TYPES_ERROR_CODE_TLS_ALERT_RECEIVED:
    case HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_TRAILER_SIZE:
    case HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_HEADER_SIZE:
    case HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_TRAILER_SIZE: /* records of two options */
        room->values[0] = (struct component_value){.list = {room->parts, 2}};
        ret->variant.payload = &room->values[0];
        break;
    case HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_BODY_SIZE:
    case HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_BODY_SIZE: {
        const struct host_option_u64 *size = code->tag == HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_BODY_SIZE
                                                 ? &code->http_request_body_size
                                                 : &code->http_response_body_size;
        room->values[1] = (struct component_value){.u64 = size->value};
        room->values[0] =
            (struct component_value){.variant = {size->has, size->has ? &room->values[1] : NULL}};
        ret->variant.payload = &room->values[0];
        break;
    }
    case HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_HEADER_SECTION_SIZE:
    case HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_HEADER_SIZE:
    case HOST_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_TRAILER_SECTION_SIZE:
    case HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_HEADER_SECTION_SIZE:
    case HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_TRAILER_SECTION_SIZE:
    case HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_TRANSFER_CODING:
    case HOST_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_CONTENT_CODING:
    case HOST_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR: /* options */
        ret->variant.payload = &none;
        break;
    default:
        break;
    }
}
