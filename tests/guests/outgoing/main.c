/* main.c - the guest of the tests of outgoing requests: sends one as its own request says, and answers with what came back.
 *
 *   x-method, x-scheme (http, https, or another), x-authority, x-path    parts of the request; what is not said is not set
 *   x-connect-ms, x-first-ms, x-between-ms                               time limits
 *   x-send: name: value     a field of it, once for each         x-trailer: name: value   a trailer of it
 *   x-forward: yes          every x- field of the guest's own request is a field of it
 *   x-body: none            without a body; "late": its body is finished after the head has come; "drop": dropped unfinished
 *   x-length: N             content-length of it
 *   x-leave: yes            the future is dropped before it is ready
 *   x-read: none            the response's body is dropped; "slow": read a little at a time
 *   x-count: N              the same request N times, each after the other; "x-parallel: N": all at once
 *
 * The path "/plain" is answered with "plain". Else the answer: status 200, x-status and x-got-<name> of the last response, its body, then one line "trailer name: value" for each trailer;
 * or x-error with the name of the error, of handle or of the future, or "body" when reading failed. */
#include "swell_http.h"

SWELL_IMPORT(WASI_HTTP, "[constructor]outgoing-request") handle outgoing_new(handle fields);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-request.set-method")
int32_t outgoing_set_method(handle self, int32_t is, const char *p, uint32_t n);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-request.set-path-with-query")
int32_t outgoing_set_path(handle self, int32_t has, const char *p, uint32_t n);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-request.set-scheme")
int32_t outgoing_set_scheme(handle self, int32_t has, int32_t is, const char *p, uint32_t n);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-request.set-authority")
int32_t outgoing_set_authority(handle self, int32_t has, const char *p, uint32_t n);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-request.body")
void outgoing_body(handle self, struct ret_handle *ret);
SWELL_IMPORT(WASI_HTTP, "[constructor]request-options") handle options_new(void);
SWELL_IMPORT(WASI_HTTP, "[method]request-options.set-connect-timeout")
int32_t options_set_connect(handle self, int32_t has, int64_t ns);
SWELL_IMPORT(WASI_HTTP, "[method]request-options.set-first-byte-timeout")
int32_t options_set_first(handle self, int32_t has, int64_t ns);
SWELL_IMPORT(WASI_HTTP, "[method]request-options.set-between-bytes-timeout")
int32_t options_set_between(handle self, int32_t has, int64_t ns);
SWELL_IMPORT(WASI_HTTP, "[method]future-incoming-response.subscribe") handle future_subscribe(handle self);
SWELL_IMPORT(WASI_HTTP, "[resource-drop]future-incoming-response") void future_drop(handle self);
SWELL_IMPORT(WASI_HTTP, "[method]incoming-response.status") int32_t incoming_status(handle self);
SWELL_IMPORT(WASI_HTTP, "[method]incoming-response.headers") handle incoming_headers(handle self);
SWELL_IMPORT(WASI_HTTP, "[method]incoming-response.consume")
void incoming_consume(handle self, struct ret_handle *ret);
SWELL_IMPORT(WASI_HTTP, "[resource-drop]incoming-response") void incoming_drop(handle self);
SWELL_IMPORT(WASI_HTTP, "[method]future-trailers.subscribe") handle trailers_subscribe(handle self);

SWELL_IMPORT("wasi:clocks/monotonic-clock@0.2.0", "subscribe-duration")
handle clock_subscribe_duration(int64_t ns);

struct error_code {
    uint64_t is; /* the case, in its first byte */
    uint64_t payload[3];
};
struct ret_handled { /* result<own<future-incoming-response>, error-code> */
    uint64_t is_err;
    union {
        handle ok;
        struct error_code err;
    };
};
struct ret_response { /* option<result<result<own<incoming-response>, error-code>>> */
    uint64_t has;
    uint64_t again;
    uint64_t is_err;
    union {
        handle ok;
        struct error_code err;
    };
};
struct ret_trailers { /* option<result<result<option<own<fields>>, error-code>>> */
    uint64_t has;
    uint64_t again;
    uint64_t is_err;
    union {
        struct {
            uint8_t has;
            handle fields;
        } ok;
        struct error_code err;
    };
};
SWELL_IMPORT("wasi:http/outgoing-handler@0.2.0", "handle")
void outgoing_handle(handle request, int32_t has_options, handle options, struct ret_handled *ret);
SWELL_IMPORT(WASI_HTTP, "[method]future-incoming-response.get")
void future_get(handle self, struct ret_response *ret);
SWELL_IMPORT(WASI_HTTP, "[method]future-trailers.get")
void trailers_get(handle self, struct ret_trailers *ret);

static const char *const errors[] = {"DNS-timeout",
                                     "DNS-error",
                                     "destination-not-found",
                                     "destination-unavailable",
                                     "destination-IP-prohibited",
                                     "destination-IP-unroutable",
                                     "connection-refused",
                                     "connection-terminated",
                                     "connection-timeout",
                                     "connection-read-timeout",
                                     "connection-write-timeout",
                                     "connection-limit-reached",
                                     "TLS-protocol-error",
                                     "TLS-certificate-error",
                                     "TLS-alert-received",
                                     "HTTP-request-denied",
                                     "HTTP-request-length-required",
                                     "HTTP-request-body-size",
                                     "HTTP-request-method-invalid",
                                     "HTTP-request-URI-invalid",
                                     "HTTP-request-URI-too-long",
                                     "HTTP-request-header-section-size",
                                     "HTTP-request-header-size",
                                     "HTTP-request-trailer-section-size",
                                     "HTTP-request-trailer-size",
                                     "HTTP-response-incomplete",
                                     "HTTP-response-header-section-size",
                                     "HTTP-response-header-size",
                                     "HTTP-response-body-size",
                                     "HTTP-response-trailer-section-size",
                                     "HTTP-response-trailer-size",
                                     "HTTP-response-transfer-coding",
                                     "HTTP-response-content-coding",
                                     "HTTP-response-timeout",
                                     "HTTP-upgrade-failed",
                                     "HTTP-protocol-error",
                                     "loop-detected",
                                     "configuration-error",
                                     "internal-error"};

static struct ret_fields asked; /* the fields of the request that is answered */
static handle asked_body;       /* its input-stream */
static handle outparam;

static struct text text_of(const char *p)
{
    return (struct text){p, (uint32_t)__builtin_strlen(p)};
}

static struct text say(const char *name) /* "" when it is not there */
{
    for (uint32_t i = 0; i < asked.n; i++)
        if (text_is(asked.p[i].name, text_of(name)))
            return asked.p[i].value;
    return (struct text){"", 0};
}

static bool says(const char *name, const char *value)
{
    return text_is(say(name), text_of(value));
}

static struct text number_text(uint64_t n)
{
    char *digits = heap_alloc(20, 1);
    uint32_t at = 20;
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    return (struct text){digits + at, 20 - at};
}

static void fail(const char *what)
{
    handle headers = fields_new();
    field_add(headers, TEXT("x-error"), text_of(what));
    struct response response = response_start(outparam, 200, headers);
    response_end(&response);
}

/* "name: value" of every field that is called so. */
static void add_fields(handle fields, const char *called)
{
    for (uint32_t i = 0; i < asked.n; i++) {
        struct text line = asked.p[i].value;
        uint32_t at = 0;
        if (!text_is(asked.p[i].name, text_of(called)))
            continue;
        while (at < line.n && line.p[at] != ':')
            at++;
        struct ret_header added;
        fields_append(fields, line.p, at, line.p + at + 2, line.n - at - 2, &added);
        if (added.is_err) /* what the host refuses is told by its number */
            field_add(fields, TEXT("x-refused"), number_text(added.err));
    }
}

static void forward_fields(handle to)
{
    for (uint32_t i = 0; i < asked.n; i++)
        if (asked.p[i].name.n > 2 && text_is((struct text){asked.p[i].name.p, 2}, TEXT("x-")))
            field_add(to, asked.p[i].name, asked.p[i].value);
}

static handle request_make(void)
{
    handle fields = fields_new();
    add_fields(fields, "x-send");
    if (say("x-forward").n)
        forward_fields(fields);
    if (say("x-length").n)
        field_add(fields, TEXT("content-length"), say("x-length"));
    handle request = outgoing_new(fields);
    struct text method = say("x-method"), scheme = say("x-scheme");
    struct text authority = say("x-authority"), path = say("x-path");
    if (method.n)
        swell_expect(outgoing_set_method(request,
                                         text_is(method, TEXT("GET"))    ? 0
                                         : text_is(method, TEXT("HEAD")) ? 1
                                         : text_is(method, TEXT("POST")) ? 2
                                                                         : 9,
                                         method.p, method.n) == 0);
    if (scheme.n)
        swell_expect(outgoing_set_scheme(request, 1,
                                         text_is(scheme, TEXT("http"))    ? 0
                                         : text_is(scheme, TEXT("https")) ? 1
                                                                          : 2,
                                         scheme.p, scheme.n) == 0);
    if (authority.n && outgoing_set_authority(request, 1, authority.p, authority.n) != 0)
        return 0;
    if (path.n)
        swell_expect(outgoing_set_path(request, 1, path.p, path.n) == 0);
    return request;
}

static handle options_make(void)
{
    handle options = options_new();
    if (say("x-connect-ms").n)
        swell_expect(options_set_connect(options, 1, (int64_t)text_number(say("x-connect-ms")) * 1000000) ==
                     0);
    if (say("x-first-ms").n)
        swell_expect(options_set_first(options, 1, (int64_t)text_number(say("x-first-ms")) * 1000000) == 0);
    if (say("x-between-ms").n)
        swell_expect(options_set_between(options, 1, (int64_t)text_number(say("x-between-ms")) * 1000000) ==
                     0);
    return options;
}

/* ---- one request ---- */

struct sent {
    handle future;
    struct response body; /* its stream and body, as those of a response */
    bool has_body;
};

static const char *request_send(struct sent *sent)
{
    struct ret_handled handled;
    struct ret_handle body, stream;
    handle request = request_make();
    if (!request)
        return "authority refused";
    sent->has_body = !says("x-body", "none");
    if (sent->has_body) {
        outgoing_body(request, &body);
        swell_expect(!body.is_err);
        outgoing_body_write(body.ok, &stream);
        swell_expect(!stream.is_err);
        sent->body = (struct response){body.ok, stream.ok};
    }
    outgoing_handle(request, 1, options_make(), &handled);
    if ((uint8_t)handled.is_err)
        return errors[(uint8_t)handled.err.is];
    sent->future = handled.ok;
    return 0;
}

static void body_finish(struct sent *sent)
{
    struct ret_code ended;
    handle trailers = 0;
    if (!sent->has_body)
        return;
    sent->has_body = false;
    output_stream_drop(sent->body.stream);
    if (says("x-body", "drop")) {
        outgoing_body_drop(sent->body.body);
        return;
    }
    if (say("x-trailer").n) {
        trailers = fields_new();
        add_fields(trailers, "x-trailer");
    }
    outgoing_body_finish(sent->body.body, trailers != 0, trailers, &ended);
}

/* Hands the body of the request that is answered on; what the peer does not want is read all the same. */
static void body_forward(struct sent *sent)
{
    uintptr_t mark = heap_mark();
    bool wanted = true;
    while (sent->has_body) {
        struct ret_list part;
        input_stream_blocking_read(asked_body, 65536, &part);
        if (part.is_err)
            break;
        wanted = wanted && response_write(&sent->body, part.ok.p, part.ok.n);
        heap_release(mark);
    }
}

static const char *response_await(handle future, handle *ret)
{
    struct ret_response got;
    handle ready = future_subscribe(future);
    for (;;) {
        future_get(future, &got);
        if ((uint8_t)got.has)
            break;
        pollable_block(ready);
    }
    swell_expect(!(uint8_t)got.again);
    pollable_drop(ready);
    future_drop(future);
    if ((uint8_t)got.is_err)
        return errors[(uint8_t)got.err.is];
    *ret = got.ok;
    return 0;
}

/* ---- the answer ---- */

static handle answer_headers(handle response)
{
    struct ret_fields got;
    handle from = incoming_headers(response), headers = fields_new();
    fields_entries(from, &got);
    field_add(headers, TEXT("x-status"), number_text((uint64_t)incoming_status(response)));
    for (uint32_t i = 0; i < got.n; i++) {
        char *name = heap_alloc(6 + got.p[i].name.n, 1);
        __builtin_memcpy(name, "x-got-", 6);
        __builtin_memcpy(name + 6, got.p[i].name.p, got.p[i].name.n);
        field_add(headers, (struct text){name, 6 + got.p[i].name.n}, got.p[i].value);
    }
    fields_drop(from);
    return headers;
}

static void write_text(const struct response *to, struct text text)
{
    response_write(to, text.p, text.n);
}

static void answer_trailers(handle body, const struct response *to)
{
    struct ret_trailers got;
    struct ret_fields list;
    handle future = incoming_body_finish(body);
    handle ready = trailers_subscribe(future);
    for (;;) {
        trailers_get(future, &got);
        if ((uint8_t)got.has)
            break;
        pollable_block(ready);
    }
    pollable_drop(ready);
    future_trailers_drop(future);
    if ((uint8_t)got.is_err) {
        write_text(to, TEXT("\nfailed "));
        write_text(to, text_of(errors[(uint8_t)got.err.is]));
        return;
    }
    if (!got.ok.has)
        return;
    fields_entries(got.ok.fields, &list);
    for (uint32_t i = 0; i < list.n; i++) {
        write_text(to, TEXT("\ntrailer "));
        write_text(to, list.p[i].name);
        write_text(to, TEXT(": "));
        write_text(to, list.p[i].value);
    }
    fields_drop(got.ok.fields);
}

static void answer(handle incoming)
{
    struct ret_handle body, stream;
    struct ret_list part;
    struct response to = response_start(outparam, 200, answer_headers(incoming));
    incoming_consume(incoming, &body);
    swell_expect(!body.is_err);
    incoming_drop(incoming);
    if (says("x-read", "none")) {
        incoming_body_drop(body.ok);
        response_end(&to);
        return;
    }
    incoming_body_stream(body.ok, &stream);
    swell_expect(!stream.is_err);
    uintptr_t mark = heap_mark();
    for (;;) {
        input_stream_blocking_read(stream.ok, says("x-read", "slow") ? 100 : 65536, &part);
        if (part.is_err)
            break;
        response_write(&to, part.ok.p, part.ok.n);
        heap_release(mark);
    }
    if (!part.err.closed)
        io_error_drop(part.err.error);
    input_stream_drop(stream.ok);
    answer_trailers(body.ok, &to);
    response_end(&to);
}

static void answer_one(void)
{
    struct sent sent = {0};
    handle response = 0;
    const char *error = request_send(&sent);
    if (!error && !says("x-body", "late")) {
        body_forward(&sent);
        body_finish(&sent);
    }
    if (!error && says("x-leave", "yes")) { /* once the request is on its way */
        pollable_block(clock_subscribe_duration(200000000));
        future_drop(sent.future);
        error = "left";
    }
    if (!error)
        error = response_await(sent.future, &response);
    if (error) {
        fail(error);
        return;
    }
    body_finish(&sent);
    answer(response);
}

#define PARALLEL_MAX 100

static void answer_many(uint64_t count, bool at_once)
{
    static struct sent sent[PARALLEL_MAX];
    const char *error = 0;
    uint64_t good = 0, begun = 0;
    swell_expect(count <= PARALLEL_MAX);
    for (uint64_t i = 0; i < count; i++) {
        handle response;
        uint64_t from = at_once ? i : 0;
        error = request_send(&sent[from]);
        if (error)
            break;
        begun++;
        body_finish(&sent[from]);
        if (at_once)
            continue;
        error = response_await(sent[from].future, &response);
        if (error)
            break;
        incoming_drop(response);
        good++;
    }
    for (uint64_t i = 0; at_once && i < begun; i++) {
        handle response;
        const char *failure = response_await(sent[i].future, &response);
        if (!failure) {
            incoming_drop(response);
            good++;
        }
    }
    handle headers = fields_new();
    if (error)
        field_add(headers, TEXT("x-error"), text_of(error));
    field_add(headers, TEXT("x-good"), number_text(good));
    struct response to = response_start(outparam, 200, headers);
    response_end(&to);
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle out)
{
    struct ret_handle body, stream;
    if (text_is(request_path(request), TEXT("/plain"))) {
        respond_text(out, 200, TEXT("plain"));
        return;
    }
    handle headers = request_headers(request);
    fields_entries(headers, &asked);
    request_consume(request, &body);
    swell_expect(!body.is_err);
    incoming_body_stream(body.ok, &stream);
    swell_expect(!stream.is_err);
    asked_body = stream.ok;
    outparam = out;
    if (say("x-count").n)
        answer_many(text_number(say("x-count")), false);
    else if (say("x-parallel").n)
        answer_many(text_number(say("x-parallel")), true);
    else
        answer_one();
}
