/* main.c - a guest for the two release candidates of WASI 0.2, as the betas of Spin's second SDKs built them: -DRC=1018 or -DRC=1110.
 *
 *   /hello   a greeting      /fields  the request's fields      /echo  the body, then how its trailers were given
 *   /send    a GET to the authority of field x-to: status and body, or "refused: " and why, or "failed: " and why
 *   /time    waits a little; 1018: the time zone, too            /bad   a field that is the connection's
 */
#include <stdbool.h>
#include <stdint.h>

#if RC == 1018
#define VERSION "@0.2.0-rc-2023-10-18"
#else
#define VERSION "@0.2.0-rc-2023-11-10"
#endif
#define IMPORT(interface, name) __attribute__((import_module("wasi:" interface VERSION), import_name(name)))
#define TYPES(name) IMPORT("http/types", name)
#define STREAMS(name) IMPORT("io/streams", name)

typedef int32_t handle;
struct text {
    const char *p;
    uint32_t n;
};
#define TEXT(literal) ((struct text){literal, sizeof(literal) - 1})
struct field {
    struct text name, value;
};
struct fields {
    struct field *p;
    uint32_t n;
};
struct option_text {
    uint8_t is_some;
    struct text some;
};
struct ret_handle {
    uint8_t is_err;
    handle ok;
};

/* ---- memory ---- */

extern unsigned char __heap_base;
static uintptr_t top;

__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, uint32_t old_n, uint32_t align,
                                                                uint32_t n)
{
    top = top ? top : (uintptr_t)&__heap_base;
    top = (top + align - 1) & ~((uintptr_t)align - 1);
    uintptr_t start = top, have = (uintptr_t)__builtin_wasm_memory_size(0) << 16;
    top += n;
    if (top > have && __builtin_wasm_memory_grow(0, ((top - have) >> 16) + 1) == (uintptr_t)-1)
        __builtin_trap();
    if (old && old_n)
        __builtin_memcpy((void *)start, old, old_n < n ? old_n : n);
    return (void *)start;
}

static bool is(struct text a, struct text b)
{
    return a.n == b.n && __builtin_memcmp(a.p, b.p, a.n) == 0;
}

static void expect(bool truth)
{
    if (!truth)
        __builtin_trap();
}

/* ---- what both have ---- */

struct ret_list {
    uint8_t is_err;
    union {
        struct text ok;
        struct {
            uint8_t closed;
            handle error;
        } err;
    };
};
struct ret_stream {
    uint8_t is_err, pad[3];
    uint8_t closed;
    handle error;
};
TYPES("[method]incoming-request.path-with-query") void request_path(handle self, struct option_text *ret);
TYPES("[method]incoming-request.headers") handle request_headers(handle self);
TYPES("[method]incoming-request.consume") void request_consume(handle self, struct ret_handle *ret);
TYPES("[method]incoming-body.stream") void body_stream(handle self, struct ret_handle *ret);
TYPES("[static]incoming-body.finish") handle body_finish(handle body);
TYPES("[method]fields.entries") void fields_entries(handle self, struct fields *ret);
TYPES("[resource-drop]fields") void fields_drop(handle self);
TYPES("[method]outgoing-body.write") void outgoing_body_write(handle self, struct ret_handle *ret);
TYPES("[method]future-incoming-response.subscribe") handle future_subscribe(handle self);
TYPES("[method]incoming-response.status") int32_t response_status(handle self);
TYPES("[method]incoming-response.consume") void response_consume(handle self, struct ret_handle *ret);
TYPES("[method]future-trailers.subscribe") handle trailers_subscribe(handle self);
STREAMS("[method]input-stream.blocking-read")
void stream_read(handle self, int64_t n, struct ret_list *ret);
STREAMS("[method]output-stream.blocking-write-and-flush")
void stream_write(handle self, const char *p, uint32_t n, struct ret_stream *ret);
STREAMS("[resource-drop]output-stream") void output_drop(handle self);
STREAMS("[resource-drop]input-stream") void input_drop(handle self);
IMPORT("io/poll", "[resource-drop]pollable") void pollable_drop(handle self);

static handle out;

static void put(struct text text)
{
    while (text.n) {
        struct ret_stream ret;
        uint32_t part = text.n < 4096 ? text.n : 4096;
        stream_write(out, text.p, part, &ret);
        if (ret.is_err)
            return;
        text.p += part;
        text.n -= part;
    }
}

static void put_number(uint32_t value)
{
    char digits[10];
    uint32_t n = 0;
    do
        digits[9 - n++] = (char)('0' + value % 10);
    while ((value /= 10));
    put((struct text){digits + 10 - n, n});
}

/* ---- 2023-10-18 ---- */

#if RC == 1018
struct error {
    uint8_t tag;
    struct text text;
};
struct ret_handle_error {
    uint8_t is_err;
    union {
        handle ok;
        struct error err;
    };
};
struct ret_future {
    uint8_t is_some;
    _Alignas(4) uint8_t is_taken;
    struct ret_handle_error value;
};
struct ret_trailers {
    uint8_t is_some;
    struct ret_handle_error value;
};
struct zone {
    int32_t offset;
    struct text name;
    uint8_t summer;
};
struct ret_u64 {
    uint8_t is_err;
    uint64_t ok;
};
TYPES("[constructor]fields") handle fields_new(const struct field *p, uint32_t n);
TYPES("[method]fields.append")
void fields_append(handle self, const char *, uint32_t, const char *, uint32_t);
TYPES("[constructor]outgoing-response") handle outgoing_response(int32_t status, handle headers);
TYPES("[method]outgoing-response.write") void outgoing_response_body(handle self, struct ret_handle *ret);
TYPES("[static]response-outparam.set")
void outparam_set(handle param, int32_t is_err, int32_t response, int32_t a, int32_t b);
TYPES("[static]outgoing-body.finish") void outgoing_body_finish(handle body, int32_t has, handle trailers);
TYPES("[constructor]outgoing-request")
handle outgoing_request(int32_t method, const char *, uint32_t, int32_t has_path, const char *, uint32_t,
                        int32_t has_scheme, int32_t scheme, const char *, uint32_t, int32_t has_authority,
                        const char *authority, uint32_t authority_n, handle headers);
IMPORT("http/outgoing-handler", "handle")
void send_handle(handle request, int32_t has_options, int32_t a, int32_t connect, int32_t b, int32_t first,
                 int32_t c, int32_t between, struct ret_handle_error *ret);
TYPES("[method]future-incoming-response.get") void future_get(handle self, struct ret_future *ret);
TYPES("[method]future-trailers.get") void trailers_get(handle self, struct ret_trailers *ret);
STREAMS("[method]output-stream.forward") void forward(handle self, handle src, struct ret_u64 *ret);
IMPORT("io/poll", "poll-one") void poll_one(handle pollable);
IMPORT("clocks/monotonic-clock", "subscribe") handle clock_subscribe(int64_t when, int32_t absolute);
IMPORT("clocks/timezone", "display")
void zone_display(int64_t seconds, int32_t nanoseconds, struct zone *ret);
IMPORT("clocks/timezone", "utc-offset") int32_t zone_offset(int64_t seconds, int32_t nanoseconds);

static handle fields_of(struct field field)
{
    return fields_new(&field, field.name.n ? 1 : 0);
}

static handle start(handle outparam, struct field field, handle *ret_body)
{
    struct ret_handle body, stream;
    handle headers = fields_of(field), response = outgoing_response(200, headers);
    fields_drop(headers); /* it was lent */
    outgoing_response_body(response, &body);
    outgoing_body_write(body.ok, &stream);
    expect(!body.is_err && !stream.is_err);
    outparam_set(outparam, 0, response, 0, 0);
    *ret_body = body.ok;
    return stream.ok;
}

static void finish(handle body)
{
    outgoing_body_finish(body, 0, 0);
}

static void copy(handle from) /* takes it */
{
    struct ret_u64 ret;
    forward(out, from, &ret);
    expect(!ret.is_err);
}

static void wait_for(handle pollable)
{
    poll_one(pollable);
    pollable_drop(pollable);
}

static void trailers(handle future)
{
    struct ret_trailers ret;
    wait_for(trailers_subscribe(future));
    trailers_get(future, &ret);
    expect(ret.is_some && !ret.value.is_err);
    struct fields list;
    fields_entries(ret.value.ok, &list);
    put_number(list.n);
}

static void send(struct text to)
{
    struct ret_handle_error sent;
    struct ret_future ret;
    struct ret_handle body, stream;
    handle headers = fields_new(0, 0);
    handle request = outgoing_request(0, "", 0, 1, "/there", 6, 1, 0, "", 0, 1, to.p, to.n, headers);
    send_handle(request, 1, 1, 5000, 1, 5000, 0, 0, &sent);
    if (sent.is_err) {
        put(TEXT("refused: "));
        put(sent.err.text);
        return;
    }
    wait_for(future_subscribe(sent.ok));
    future_get(sent.ok, &ret);
    expect(ret.is_some && !ret.is_taken);
    if (ret.value.is_err) {
        put(TEXT("failed: "));
        put(ret.value.err.text);
        return;
    }
    put_number((uint32_t)response_status(ret.value.ok));
    put(TEXT(" "));
    response_consume(ret.value.ok, &body);
    body_stream(body.ok, &stream);
    copy(stream.ok);
}

static void show_time(void)
{
    struct zone zone;
    wait_for(clock_subscribe(1000000, 0));
    zone_display(1700000000, 0, &zone);
    put(zone.name);
    put_number((uint32_t)(zone.offset + zone_offset(1700000000, 0)) + zone.summer);
}

static void bad(void)
{
    fields_append(fields_new(0, 0), "connection", 10, "close", 5);
}

/* ---- 2023-11-10 ---- */

#else
struct ret_code {
    uint8_t is_err;
    _Alignas(8) uint8_t tag; /* of error-code, or the handle */
    uint64_t rest[3];
};
struct ret_future {
    _Alignas(8) uint8_t is_some;
    _Alignas(8) uint8_t is_taken;
    _Alignas(8) struct ret_code value;
};
struct ret_trailers {
    _Alignas(8) uint8_t is_some;
    _Alignas(8) struct ret_code value;
};
struct ret_option_u64 {
    uint8_t is_some;
    uint64_t some;
};
TYPES("[constructor]fields") handle fields_new(void);
TYPES("[method]fields.append")
void fields_append(handle self, const char *, uint32_t, const char *, uint32_t, uint8_t *ret);
TYPES("[constructor]outgoing-response") handle outgoing_response(handle headers);
TYPES("[method]outgoing-response.body") void outgoing_response_body(handle self, struct ret_handle *ret);
TYPES("[static]response-outparam.set")
void outparam_set(handle param, int32_t is_err, int32_t response, int32_t, int64_t, int32_t, int32_t, int32_t,
                  int32_t);
TYPES("[static]outgoing-body.finish")
void outgoing_body_finish(handle body, int32_t has, handle trailers, struct ret_code *ret);
TYPES("[constructor]outgoing-request") handle outgoing_request(handle headers);
TYPES("[method]outgoing-request.set-path-with-query")
int32_t set_path(handle self, int32_t has, const char *, uint32_t);
TYPES("[method]outgoing-request.set-scheme")
int32_t set_scheme(handle self, int32_t has, int32_t scheme, const char *, uint32_t);
TYPES("[method]outgoing-request.set-authority")
int32_t set_authority(handle self, int32_t has, const char *, uint32_t);
TYPES("[constructor]request-options") handle options_new(void);
TYPES("[method]request-options.set-connect-timeout-ms")
int32_t options_set_connect(handle self, int32_t has, int64_t value);
TYPES("[method]request-options.connect-timeout-ms")
void options_connect(handle self, struct ret_option_u64 *ret);
IMPORT("http/outgoing-handler", "handle")
void send_handle(handle request, int32_t has_options, handle options, struct ret_code *ret);
TYPES("[method]future-incoming-response.get") void future_get(handle self, struct ret_future *ret);
TYPES("[method]future-trailers.get") void trailers_get(handle self, struct ret_trailers *ret);
IMPORT("io/poll", "[method]pollable.block") void pollable_block(handle pollable);

static handle handle_in(const struct ret_code *ret)
{
    handle value;
    __builtin_memcpy(&value, &ret->tag, sizeof value);
    return value;
}

static handle start(handle outparam, struct field field, handle *ret_body)
{
    struct ret_handle body, stream;
    uint8_t added[2] = {0};
    handle headers = fields_new();
    fields_append(headers, field.name.p, field.name.n, field.value.p, field.value.n, added);
    handle response = outgoing_response(headers);
    outgoing_response_body(response, &body);
    outgoing_body_write(body.ok, &stream);
    expect(!added[0] && !body.is_err && !stream.is_err);
    outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
    *ret_body = body.ok;
    return stream.ok;
}

static void finish(handle body)
{
    struct ret_code ret;
    outgoing_body_finish(body, 0, 0, &ret);
    expect(!ret.is_err);
}

static void copy(handle from) /* takes it */
{
    for (;;) {
        struct ret_list ret;
        stream_read(from, 65536, &ret);
        if (ret.is_err)
            break;
        put(ret.ok);
    }
    input_drop(from);
}

static void wait_for(handle pollable)
{
    pollable_block(pollable);
    pollable_drop(pollable);
}

static void trailers(handle future)
{
    struct ret_trailers ret;
    wait_for(trailers_subscribe(future));
    trailers_get(future, &ret);
    expect(ret.is_some && !ret.value.is_err);
    put(ret.value.tag ? TEXT("some") : TEXT("none"));
}

static void send(struct text to)
{
    struct ret_code sent;
    struct ret_future ret;
    struct ret_handle body, stream;
    struct ret_option_u64 connect;
    handle request = outgoing_request(fields_new()), options = options_new();
    expect(options_set_connect(options, 1, 5000000000) == 0);
    options_connect(options, &connect);
    expect(connect.is_some && connect.some == 5000000000);
    expect(set_path(request, 1, "/there", 6) == 0 && set_scheme(request, 1, 0, "", 0) == 0 &&
           set_authority(request, 1, to.p, to.n) == 0);
    send_handle(request, 1, options, &sent);
    if (sent.is_err) {
        put(TEXT("refused: "));
        put_number(sent.tag);
        return;
    }
    handle future = handle_in(&sent);
    wait_for(future_subscribe(future));
    future_get(future, &ret);
    expect(ret.is_some && !ret.is_taken);
    if (ret.value.is_err) {
        put(TEXT("failed: "));
        put_number(ret.value.tag);
        return;
    }
    handle response = handle_in(&ret.value);
    put_number((uint32_t)response_status(response));
    put(TEXT(" "));
    response_consume(response, &body);
    body_stream(body.ok, &stream);
    copy(stream.ok);
}

static void show_time(void)
{
    put(TEXT("no time zone"));
}

static void bad(void)
{
    uint8_t ret[2] = {0};
    fields_append(fields_new(), "connection", 10, "close", 5, ret);
    put_number(ret[0] * 10u + ret[1]);
}
#endif

/* ---- the handler ---- */

static struct text field_of(handle request, struct text name, bool show)
{
    struct fields list;
    struct text found = {"", 0};
    handle headers = request_headers(request);
    fields_entries(headers, &list);
    for (uint32_t i = 0; i < list.n; i++) {
        if (is(list.p[i].name, name))
            found = list.p[i].value;
        if (!show)
            continue;
        put(list.p[i].name);
        put(TEXT("="));
        put(list.p[i].value);
        put(TEXT("\n"));
    }
    fields_drop(headers);
    return found;
}

static void echo(handle request)
{
    struct ret_handle body, stream;
    request_consume(request, &body);
    expect(!body.is_err);
    body_stream(body.ok, &stream);
    copy(stream.ok);
    put(TEXT(" trailers="));
    trailers(body_finish(body.ok));
}

__attribute__((export_name("wasi:http/incoming-handler" VERSION "#handle"))) void handler(handle request,
                                                                                          handle outparam)
{
    struct option_text path;
    handle body;
    request_path(request, &path);
    out = start(outparam, (struct field){TEXT("x-by"), TEXT("older")}, &body);
    if (is(path.some, TEXT("/hello")))
        put(TEXT("Hello from a release candidate\n"));
    else if (is(path.some, TEXT("/fields")))
        field_of(request, TEXT(""), true);
    else if (is(path.some, TEXT("/echo")))
        echo(request);
    else if (is(path.some, TEXT("/send")))
        send(field_of(request, TEXT("x-to"), false));
    else if (is(path.some, TEXT("/time")))
        show_time();
    else
        bad();
    output_drop(out);
    finish(body);
}
