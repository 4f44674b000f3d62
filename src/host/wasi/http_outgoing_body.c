/* http_outgoing_body.c - what a guest writes: a host_sink that feeds the exchange once its response is sent, or that the client of a request
 * to others fetches from once it is sent.  Room: host.
 *
 *   UNSENT --response-outparam.set--> ATTACHED --client left, request over--> BROKEN
 *     `--its response or request is dropped--> BROKEN
 *
 * Bytes go straight from guest memory to the exchange; what it cannot take yet is kept in `pending`, up to HOST_BODY_BYTES_MAX (before set:
 * HOST_BODY_UNSENT_BYTES_MAX). A response that is finished while bytes are pending is completed by the fiber that finished it, which waits:
 * so nothing of a complete response is lost when the guest's call ends. */
#include <assert.h>

#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/io.h"
#include "http/client.h"

static struct host_http_types_outgoing_body *body_of(struct host_sink *sink)
{
    return SW_CONTAINER(sink, struct host_http_types_outgoing_body, sink);
}

static size_t pending_bytes(const struct host_http_types_outgoing_body *body)
{
    return body->pending.n - body->pending_at;
}

static size_t pending_max(const struct host_http_types_outgoing_body *body)
{
    return body->state == HOST_OUTGOING_UNSENT ? HOST_BODY_UNSENT_BYTES_MAX : HOST_BODY_BYTES_MAX;
}

/* Forgets the first n bytes of pending, which all bodies of the host together may have so many of. */
static void pending_drop(struct host_http_types_outgoing_body *body, size_t n)
{
    sw_buf_drop_front(&body->pending, n);
    body->pending_at = 0;
    body->host->body_bytes -= n;
}

static void pending_deinit(struct host_http_types_outgoing_body *body)
{
    pending_drop(body, body->pending.n);
    sw_buf_deinit(&body->pending);
}

void host_outgoing_body_break(struct host_http_types_outgoing_body *body)
{
    body->state = HOST_OUTGOING_BROKEN;
    if (body->request)
        http_client_more(body->request); /* hears of it when it fetches */
    body->request = NULL;
    pending_deinit(body);
    host_event_fire(&body->sink.ready);
}

void host_outgoing_body_pump(struct host_http_types_outgoing_body *body)
{
    struct sw_err err;
    int rc = 0;
    if (body->state != HOST_OUTGOING_ATTACHED)
        return;
    if (body->is_request) {
        http_client_more(body->request); /* it fetches */
        return;
    }
    while (rc == 0 && pending_bytes(body)) {
        size_t n = 0;
        rc = http_exchange_write(body->host->http.exchange,
                                 sw_str_from(sw_buf_str(&body->pending), body->pending_at), &n, &err);
        if (rc == 0)
            body->pending_at += n;
    }
    if (rc < 0) {
        host_outgoing_body_break(body);
        return;
    }
    if (!pending_bytes(body))
        pending_drop(body, body->pending.n);
}

/* ---- the carrier ---- */

/* Half of the limit at least, or nothing: a slow client does not turn into a series of tiny writes. */
static size_t sink_room(struct host_sink *sink)
{
    struct host_http_types_outgoing_body *body = body_of(sink);
    size_t max = pending_max(body);
    if (body->state == HOST_OUTGOING_BROKEN)
        return 1; /* the write will say it */
    size_t used = pending_bytes(body);
    return used > max / 2 ? 0 : (max - used < HOST_BODY_BYTES_MAX ? max - used : HOST_BODY_BYTES_MAX);
}

/* Hands bytes to the exchange as long as nothing is in front of them. */
static int write_through(struct host_http_types_outgoing_body *body, struct sw_str bytes, size_t *ret_n,
                         struct sw_err *err)
{
    size_t done = 0;
    int rc = 0;
    while (rc == 0 && done < bytes.n) {
        size_t n = 0;
        rc = http_exchange_write(body->host->http.exchange, sw_str_from(bytes, done), &n, err);
        if (rc == 0)
            done += n;
    }
    *ret_n = done;
    return rc < 0 ? rc : 0;
}

static int sink_keep(struct host_http_types_outgoing_body *body, struct sw_str bytes, struct sw_err *err)
{
    struct host *host = body->host;
    if (body->pending_at)
        pending_drop(body, body->pending_at);
    if (bytes.n > HOST_BODIES_BYTES_MAX - host->body_bytes)
        return sw_fail(err, SW_ELIMIT, "bodies that nobody reads yet are over %u bytes together",
                       HOST_BODIES_BYTES_MAX);
    int rc = sw_buf_add(&body->pending, bytes, err);
    if (rc == 0)
        host->body_bytes += bytes.n;
    return rc;
}

static int sink_write(struct host_sink *sink, struct sw_str bytes, size_t *ret_n, struct sw_err *err)
{
    struct host_http_types_outgoing_body *body = body_of(sink);
    if (body->state == HOST_OUTGOING_BROKEN)
        return sw_fail(err, SW_EIO, "nobody reads this body any more");
    if (body->length != UINT64_MAX && bytes.n > body->length - body->written) {
        body->written += bytes.n;
        body->aborted = true;
        host_outgoing_body_break(body);
        return sw_fail(err, SW_EINPUT, "%llu bytes were written to a body whose content-length is %llu",
                       (unsigned long long)body->written, (unsigned long long)body->length);
    }
    /* The wide limit: room promised what was free before set made the limit narrower. */
    if (pending_bytes(body) >= HOST_BODY_UNSENT_BYTES_MAX)
        return SW_WAIT;
    bytes = sw_str_head(bytes, HOST_BODY_UNSENT_BYTES_MAX - pending_bytes(body));
    size_t through = 0;
    int rc = 0;
    if (body->state == HOST_OUTGOING_ATTACHED && !body->is_request && !pending_bytes(body))
        rc = write_through(body, bytes, &through, err);
    if (rc == 0 && through < bytes.n)
        rc = sink_keep(body, sw_str_from(bytes, through), err);
    if (rc == 0 && body->is_request)
        host_outgoing_body_pump(body);
    if (rc < 0) {
        host_outgoing_body_break(body); /* a gap must not follow */
        return rc;
    }
    body->written += bytes.n;
    *ret_n = bytes.n;
    return 0;
}

/* Everything is with the exchange, which sends it at the latest when the loop gets its turn: no system call for each small write. Before
 * set there is nothing to wait for. */
static int sink_flush(struct host_sink *sink, struct sw_err *err)
{
    struct host_http_types_outgoing_body *body = body_of(sink);
    host_outgoing_body_pump(body);
    if (body->state == HOST_OUTGOING_BROKEN)
        return sw_fail(err, SW_EIO, "nobody reads this body any more");
    return body->state == HOST_OUTGOING_ATTACHED && pending_bytes(body) ? SW_WAIT : 0;
}

static void sink_close(struct host_sink *sink)
{
    struct host_http_types_outgoing_body *body = body_of(sink);
    body->stream_open = false;
    host_outgoing_body_unref(body);
}

static const struct host_sink_ops sink_ops = {sink_room, sink_write, sink_flush, sink_close};

/* ---- what the client of a request fetches ---- */

int host_outgoing_body_read(struct host_http_types_outgoing_body *body, char *p, size_t n, size_t *ret_n)
{
    struct sw_str bytes = sw_str_head(sw_str_from(sw_buf_str(&body->pending), body->pending_at), n);
    if (body->aborted || body->state == HOST_OUTGOING_BROKEN)
        return -SW_EIO;
    if (bytes.n == 0)
        return body->finished ? SW_END : SW_WAIT;
    memcpy(p, bytes.p, bytes.n);
    body->pending_at += bytes.n;
    if (!pending_bytes(body))
        pending_drop(body, body->pending.n);
    if (pending_bytes(body) <= pending_max(body) / 2)
        host_event_fire(&body->sink.ready);
    *ret_n = bytes.n;
    return 0;
}

bool host_outgoing_body_trailer(const struct host_http_types_outgoing_body *body, uint32_t i,
                                struct http_field *ret)
{
    const struct host_field *entry = body->trailers ? body->trailers->first : NULL;
    for (; entry; entry = entry->next)
        if (!host_fields_forbidden(entry->name) && i-- == 0) {
            *ret = (struct http_field){entry->name, entry->value};
            return true;
        }
    return false;
}

uint64_t host_outgoing_body_length(const struct host_http_types_outgoing_body *body)
{
    if (body->length != UINT64_MAX)
        return body->length;
    return body->finished && !body->trailers ? body->written : UINT64_MAX;
}

/* ---- outgoing-body ---- */

struct host_http_types_outgoing_body *host_outgoing_body_new(struct component_call *call, bool is_request,
                                                             uint64_t length)
{
    struct host_http_types_outgoing_body *body = HOST_NEW(call, struct host_http_types_outgoing_body);
    if (!body)
        return NULL;
    body->sink.ops = &sink_ops;
    host_event_init(&body->sink.ready);
    body->host = host_of(call);
    body->refs = 2;
    body->is_request = is_request;
    body->length = length;
    body->pending = SW_BUF(HOST_BODY_UNSENT_BYTES_MAX);
    return body;
}

void host_outgoing_body_unref(struct host_http_types_outgoing_body *body)
{
    if (!body || --body->refs)
        return;
    struct host *host = body->host;
    pending_deinit(body);
    host_fields_unref(host, body->trailers);
    HOST_FREE(host, body);
}

static enum host_error_origin origin_of(const struct host_http_types_outgoing_body *body)
{
    return body->is_request ? HOST_ERROR_HTTP_REQUEST : HOST_ERROR_HTTP_RESPONSE;
}

int host_http_types_outgoing_body_write(struct component_call *call,
                                        struct host_http_types_outgoing_body *self,
                                        struct host_io_streams_output_stream **ret)
{
    if (self->stream_taken)
        return HOST_WIT_ERROR;
    *ret = host_output_stream_new(call, &self->sink, origin_of(self));
    if (!*ret)
        return -SW_EGUEST;
    self->stream_taken = true;
    self->stream_open = true;
    self->refs++;
    return 0;
}

static int complete(struct component_call *call, struct host_http_types_outgoing_body *body)
{
    struct host *host = body->host;
    struct http_field *trailers = NULL;
    uint32_t count = 0;
    struct sw_err err;
    if (body->state != HOST_OUTGOING_ATTACHED)
        return 0; /* the client left: nobody to tell */
    if (body->trailers && !(trailers = host_fields_array(call, body->trailers, &count)))
        return -SW_EGUEST;
    if (http_exchange_finish(host->http.exchange, trailers, count, &err) == 0)
        host->http.outcome = HOST_HTTP_FINISHED;
    host->http.attached = NULL;
    host_outgoing_body_break(body);
    host_outgoing_body_unref(body); /* the attachment's */
    return 0;
}

int host_outgoing_body_complete(struct host_http_types_outgoing_body *body)
{
    struct host *host = body->host;
    struct http_field *trailers = NULL;
    uint32_t count = 0;
    struct sw_err err;
    host_outgoing_body_pump(body);
    if (body->state != HOST_OUTGOING_ATTACHED)
        return -SW_EIO;
    if (pending_bytes(body))
        return SW_WAIT;
    int rc = body->trailers ? host_fields_list(host, body->trailers, &trailers, &count, &err) : 0;
    if (rc == 0)
        rc = http_exchange_finish(host->http.exchange, trailers, count, &err);
    if (rc == 0)
        host->http.outcome = HOST_HTTP_FINISHED;
    host->http.attached = NULL;
    host_outgoing_body_break(body);
    host_outgoing_body_unref(body); /* the attachment's */
    return rc;
}

int host_outgoing_body_complete_wait(struct component_call *call, struct host_http_types_outgoing_body *body)
{
    struct sw_err err;
    int rc = 0;
    body->refs++; /* client or end of the request may let go of it meanwhile */
    host_outgoing_body_pump(body);
    while (rc == 0 && body->state == HOST_OUTGOING_ATTACHED && pending_bytes(body))
        rc = host_event_wait(&body->sink.ready, component_call_engine(call), &err);
    if (rc == 0)
        rc = complete(call, body);
    host_outgoing_body_unref(body);
    return rc;
}

static bool is_short(const struct host_http_types_outgoing_body *body)
{
    bool may_be_empty =
        !body->is_request && body->host->http.is_head; /* RFC 9110 9.3.2: the length without the body */
    return body->length != UINT64_MAX && body->written != body->length &&
           !(may_be_empty && body->written == 0);
}

int host_http_types_outgoing_body_finish_wait(struct component_call *call,
                                              struct host_http_types_outgoing_body *this_,
                                              struct host_option_http_types_fields trailers,
                                              struct host_http_types_error_code *ret_error)
{
    struct host *host = this_->host;
    int rc = 0;
    if (this_->stream_open) {
        if (trailers.has)
            host_fields_unref(host, trailers.value);
        host_outgoing_body_unref(this_);
        return host_trap(call, "outgoing-body.finish: its output-stream is still alive");
    }
    if (trailers.has) {
        trailers.value->immutable = true;
        this_->trailers = trailers.value;
    }
    if (this_->aborted || is_short(this_)) {
        this_->aborted = true;
        host_http_error_code(origin_of(this_), SW_EINPUT, this_->written, ret_error);
        rc = HOST_WIT_ERROR;
    } else {
        this_->finished = true;
        if (this_->state == HOST_OUTGOING_ATTACHED && !this_->is_request)
            rc = host_outgoing_body_complete_wait(call, this_);
    }
    if (this_->is_request)
        host_outgoing_body_pump(this_); /* its end, or its failure, is to be fetched too */
    host_outgoing_body_unref(this_);
    return rc;
}

void host_http_types_outgoing_body_drop(void *owner, void *object)
{
    struct host_http_types_outgoing_body *body = object;
    (void)owner;
    body->aborted = true;
    if (body->is_request)
        host_outgoing_body_pump(body);
    host_outgoing_body_unref(body);
}
