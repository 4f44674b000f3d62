/* p3_http_out.c - contents that a guest gives to a message: bytes to the exchange, then the trailers, then word of how it went.  Room: host.
 *
 *   stream ──► out (0.2's outgoing body: pending bytes, content-length) ──► exchange
 *   future of trailers ──► known ──┐
 *   the stream is over ────────────┴──► out is finished ──► sent: ok
 *   out broke, or the guest gave an error for trailers ──► the connection is cut, sent: the error
 *
 * A stream or future of a body that came is not read through the guest when it gives it back: `pump` moves the bytes. The fields of such
 * trailers are not passed on, their failure is.
 *
 * Until the message is sent the stream is not read: its writer waits. Ends that are asked wake nobody: that is left to `work`, in the loop. */
#include "component/stream.h"
#include "host/host_internal.h"
#include "host/wasi3/p3_http.h"

static void leave_others(struct host_p3_contents *contents)
{
    if (contents->from)
        host_p3_incoming_leave_bytes(contents->from);
    if (contents->trailers_from)
        host_p3_incoming_leave_trailers(contents->trailers_from);
    contents->from = contents->trailers_from = NULL;
}

static void release(struct host_p3_contents *contents)
{
    if (contents->bytes || contents->trailers || contents->sent || contents->has_message)
        return;
    host_waiter_stop(&contents->waiter);
    leave_others(contents);
    loop_defer_cancel(&contents->work);
    sw_list_remove(&contents->link);
    if (contents->host->http.sending == contents)
        contents->host->http.sending = NULL;
    host_outgoing_body_unref(contents->out);
    HOST_FREE(contents->host, contents);
}

static void later(struct host_p3_contents *contents)
{
    loop_defer_add(contents->host->loop, &contents->work);
}

static void over(struct host_p3_contents *contents, bool failed, uint32_t error)
{
    if (contents->is_over)
        return;
    contents->is_over = true;
    contents->failed = failed;
    contents->error = error;
    host_waiter_stop(&contents->waiter);
    later(contents);
}

static void wake(void *arg)
{
    struct host_p3_contents *contents = arg;
    host_waiter_stop(&contents->waiter);
    later(contents);
}

static int wait_for_room(struct host_p3_contents *contents)
{
    host_waiter_stop(&contents->waiter);
    host_waiter_start(&contents->waiter, &contents->out->sink.ready, wake, contents);
    return SW_WAIT;
}

static void wait_for_bytes(struct host_p3_contents *contents, struct host_source *source)
{
    host_waiter_stop(&contents->waiter);
    host_waiter_start(&contents->waiter, &source->ready, wake, contents);
}

/* ---- bodies that are passed on ---- */

/* Moves what came and has room. SW_WAIT, or SW_END or < 0 of the body. */
static int move(struct host_p3_contents *contents, struct host_source *source)
{
    struct host_sink *sink = &contents->out->sink;
    struct sw_str bytes;
    struct sw_err err;
    for (;;) {
        size_t room = host_sink_room(sink), took = 0;
        int rc = room ? host_source_peek(source, &bytes, &err) : wait_for_room(contents);
        if (rc == SW_WAIT && room)
            wait_for_bytes(contents, source);
        if (rc == 0)
            rc = host_sink_write(sink, sw_str_head(bytes, room), &took, &err);
        if (rc != 0)
            return rc;
        host_source_consume(source, took);
    }
}

/* What came broke off, or nobody takes it: so does what leaves. */
static void fail(struct host_p3_contents *contents)
{
    contents->out->aborted = true;
    over(contents, true, HOST_P3_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED);
    host_outgoing_body_pump(contents->out);
}

static void pump(struct host_p3_contents *contents)
{
    int rc = SW_END;
    if (!contents->from && !contents->trailers_from)
        return;
    host_waiter_stop(&contents->waiter); /* it may be on what is left here */
    if (contents->from) {
        rc = move(contents, host_p3_incoming_source(contents->from));
        if (rc == SW_WAIT)
            return;
        host_p3_incoming_leave_bytes(contents->from);
        contents->from = NULL;
        contents->bytes_over = true;
        if (rc < 0)
            fail(contents);
    }
    if (contents->trailers_from && contents->bytes_over && !contents->is_over) {
        rc = host_p3_incoming_end(contents->trailers_from);
        if (rc == SW_WAIT) {
            wait_for_bytes(contents, host_p3_incoming_source(contents->trailers_from));
            return;
        }
        host_p3_incoming_leave_trailers(contents->trailers_from);
        contents->trailers_from = NULL;
        contents->trailers_known = true;
        if (rc < 0)
            fail(contents);
    }
}

/* ---- the three ends ---- */

static int bytes_copy(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct host_p3_contents *contents = arg;
    struct host_http_types_outgoing_body *out = contents->out;
    struct sw_err err;
    size_t took = 0;
    if (contents->is_over)
        return SW_END;
    if (out->state == HOST_OUTGOING_UNSENT)
        return SW_WAIT;
    if (n == 0)
        return host_sink_room(&out->sink) ? 0 : wait_for_room(contents);
    int rc = host_sink_room(&out->sink)
                 ? host_sink_write(&out->sink, sw_str((const char *)call->mem + at, n), &took, &err)
                 : SW_WAIT;
    if (rc == SW_WAIT)
        return wait_for_room(contents);
    if (rc < 0) {
        over(contents, true, HOST_P3_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED);
        return SW_END;
    }
    *ret_n = (uint32_t)took;
    return 0;
}

static void bytes_drop(void *arg)
{
    struct host_p3_contents *contents = arg;
    contents->bytes = NULL;
    contents->bytes_over = true;
    later(contents);
    release(contents);
}

static int trailers_copy(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct host_p3_contents *contents = arg;
    struct component_value value;
    int rc = component_stream_load(call, contents->trailers, at, &value);
    if (rc < 0)
        return rc;
    contents->trailers_known = true;
    if (value.variant.index == 1)
        contents->out->aborted = true;
    else if (value.variant.payload->variant.index == 1) { /* own<trailers> */
        contents->out->trailers = value.variant.payload->variant.payload->object;
        contents->out->trailers->immutable = true;
    }
    *ret_n = n;
    later(contents);
    return 0;
}

static void trailers_drop(void *arg)
{
    struct host_p3_contents *contents = arg;
    contents->trailers = NULL;
    release(contents);
}

static int sent_copy(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    const struct host_p3_contents *contents = arg;
    struct host_p3_error_room room;
    struct component_value error;
    if (!contents->is_over)
        return SW_WAIT;
    host_p3_error_value(
        &(struct host_http_types_error_code){.tag = (enum host_http_types_error_code_tag)contents->error},
        &room, &error);
    const struct component_value value = {.variant = {contents->failed, contents->failed ? &error : NULL}};
    *ret_n = n;
    return component_stream_store(call, contents->sent, at, &value);
}

static void sent_drop(void *arg)
{
    struct host_p3_contents *contents = arg;
    contents->sent = NULL;
    release(contents);
}

/* ---- what follows from it ---- */

static void finish(struct host_p3_contents *contents)
{
    struct host_http_types_outgoing_body *out = contents->out;
    bool is_short = out->length != UINT64_MAX && out->written != out->length &&
                    !(!out->is_request && contents->host->http.is_head && out->written == 0);
    if (out->aborted || is_short) {
        out->aborted = true;
        over(contents, true,
             is_short ? HOST_P3_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_BODY_SIZE
                      : HOST_P3_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR);
        host_outgoing_body_pump(out);
        return;
    }
    out->finished = true;
    if (out->is_request) { /* its client fetches the rest */
        host_outgoing_body_pump(out);
        over(contents, false, 0);
        return;
    }
    int rc = host_outgoing_body_complete(out);
    if (rc == SW_WAIT)
        (void)wait_for_room(contents);
    else
        over(contents, rc < 0, HOST_P3_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED);
}

/* It is not on its way any more, whoever still refers to it. */
static void arrived(struct host_p3_contents *contents)
{
    if (sw_list_empty(&contents->link))
        return;
    sw_list_remove(&contents->link);
    contents->has_message--;
}

static void work(void *arg)
{
    struct host_p3_contents *contents = arg;
    struct host_http *http = &contents->host->http;
    bool is_response = http->sending == contents;
    enum host_outgoing_state state = contents->out->state;
    if (!contents->is_over && state == HOST_OUTGOING_BROKEN)
        over(contents, true, HOST_P3_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED);
    if (!contents->is_over && state == HOST_OUTGOING_ATTACHED) {
        pump(contents);
        state = contents->out->state;
    }
    if (!contents->is_over && !contents->awaits && state == HOST_OUTGOING_ATTACHED && contents->bytes_over &&
        contents->trailers_known)
        finish(contents);
    contents->has_message++; /* a wake may let go of everything */
    if (contents->bytes)
        component_stream_wake(contents->bytes);
    if (contents->sent && contents->is_over)
        component_stream_wake(contents->sent);
    contents->has_message--;
    bool is_settled = is_response && contents->is_over;
    if (contents->is_over) {
        leave_others(contents);
        arrived(contents);
    }
    release(contents);
    if (is_settled && http->settled) /* last: it may end the request, and with it the host */
        http->settled(http->settled_arg);
}

/* ---- making it ---- */

static int take(struct component_call *call, struct host_p3_contents *contents,
                const struct host_option_u32 *bytes, uint32_t trailers)
{
    static const struct component_stream_ops bytes_ops = {bytes_copy, bytes_drop};
    static const struct component_stream_ops trailers_ops = {trailers_copy, trailers_drop};
    int rc = 0;
    contents->has_bytes = bytes->has;
    contents->bytes_over = !bytes->has;
    if (bytes->has) {
        uint32_t type = component_call_part_type(call, component_call_param_type(call, 1), 1);
        rc = host_p3_incoming_pass_bytes(call, bytes->value, type, &contents->from);
        if (rc == SW_ABSENT)
            rc = component_stream_take(call, bytes->value, type, &bytes_ops, contents, &contents->bytes);
        contents->bytes_over = rc == SW_END;
    }
    if (rc < 0)
        return rc;
    uint32_t type = component_call_param_type(call, 2);
    rc = host_p3_incoming_pass_trailers(call, trailers, type, &contents->trailers_from);
    if (rc == SW_ABSENT)
        rc = component_stream_take(call, trailers, type, &trailers_ops, contents, &contents->trailers);
    if (rc == SW_END)
        contents->trailers_known = true;
    return rc < 0 ? rc : 0;
}

int host_p3_contents_new(struct component_call *call, const struct host_option_u32 *bytes, uint32_t trailers,
                         bool is_request, uint64_t length, struct host_p3_contents **ret, uint32_t *ret_sent)
{
    static const struct component_stream_ops sent_ops = {sent_copy, sent_drop};
    struct host_p3_contents *contents = HOST_NEW(call, struct host_p3_contents);
    struct host_http_types_outgoing_body *out =
        contents ? host_outgoing_body_new(call, is_request, bytes->has ? length : 0) : NULL;
    if (!out)
        return -SW_EGUEST;
    host_outgoing_body_unref(out); /* there is no handle */
    contents->host = host_of(call);
    contents->out = out;
    sw_list_init(&contents->link);
    sw_list_init(&contents->waiter.link);
    loop_defer_init(&contents->work, work, contents);
    int rc = take(call, contents, bytes, trailers);
    uint32_t pair = component_call_result_type(call);
    if (rc == 0)
        rc = component_stream_new(call, component_call_part_type(call, pair, 1), &sent_ops, contents,
                                  ret_sent, &contents->sent);
    if (rc < 0) {
        release(contents);
        return rc;
    }
    contents->has_message = 1;
    if (contents->trailers)
        component_stream_wake(contents->trailers);
    *ret = contents;
    return 0;
}

void host_p3_contents_leave(struct host_p3_contents *contents)
{
    if (contents->out->state == HOST_OUTGOING_UNSENT)
        host_outgoing_body_break(contents->out); /* it will never be sent */
    later(contents);
    contents->has_message--;
    release(contents);
}

void host_p3_contents_go(struct host_p3_contents *contents)
{
    contents->has_message++; /* until it has arrived: the guest may let go of it meanwhile */
    sw_list_add_tail(&contents->host->http.contents, &contents->link);
    contents->awaits = contents->out->is_request && !contents->has_bytes;
    contents->out->state = HOST_OUTGOING_ATTACHED;
    later(contents);
}

void host_p3_contents_hold(struct host_p3_contents *contents)
{
    contents->has_message++;
}

void host_p3_contents_answered(struct host_p3_contents *contents, bool failed, uint32_t error)
{
    if (failed || contents->awaits)
        over(contents, failed, error);
    contents->has_message--;
    release(contents);
}

void host_p3_contents_stop(struct host_http *http)
{
    struct sw_link *link;
    http->sending = NULL;
    while ((link = sw_list_take_head(&http->contents))) {
        struct host_p3_contents *contents = SW_CONTAINER(link, struct host_p3_contents, link);
        over(contents, true, HOST_P3_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED);
        contents->has_message--;
        release(contents);
    }
}
