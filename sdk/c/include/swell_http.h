/* swell_http.h - wasi:http@0.2.0 for a C guest: the raw imports with their canonical-ABI signatures, and a few small helpers.
 *
 * Everything is in this header and nothing allocates outside one bump heap. A guest defines swell_handle() and is linked with
 *     clang --target=wasm32-wasi -Os -mexec-model=reactor -nostartfiles -Wl,--no-entry
 * then encoded with `wasm-tools component embed` and `component new`. Source: component-model CanonicalABI.md, WASI 0.2.0 WIT.
 *
 * 1. A list or string that the host returns lies in the heap, at the address that cabi_realloc gave; it lives until heap_release().
 * 2. A handle is an i32 and is owned by who got it; who passes an own<> argument no longer has it. */
#ifndef SWELL_HTTP_H
#define SWELL_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWELL_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define SWELL_EXPORT(name) __attribute__((export_name(name)))

#define WASI_HTTP "wasi:http/types@0.2.0"
#define WASI_STREAMS "wasi:io/streams@0.2.0"
#define WASI_POLL "wasi:io/poll@0.2.0"

typedef int32_t handle;

struct text {
    const char *p;
    uint32_t n;
};
#define TEXT(literal) ((struct text){literal, sizeof(literal) - 1})

/* ---- memory: a bump heap after the static data ---- */

extern unsigned char __heap_base;
static uintptr_t heap_top;

static inline uintptr_t heap_mark(void)
{
    return heap_top ? heap_top : (uintptr_t)&__heap_base;
}

/* Everything allocated after `mark` was taken is given back. */
static inline void heap_release(uintptr_t mark)
{
    heap_top = mark;
}

/* Traps when the memory cannot grow: the host sees a guest out of memory. */
static inline void *heap_alloc(uint32_t bytes, uint32_t align)
{
    uint64_t start = ((uint64_t)heap_mark() + align - 1) & ~((uint64_t)align - 1);
    uint64_t end = start + bytes;
    uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) << 16;
    if (end > have && __builtin_wasm_memory_grow(0, (uintptr_t)((end - have + 65535) >> 16)) == SIZE_MAX)
        __builtin_trap();
    heap_top = (uintptr_t)end;
    return (void *)(uintptr_t)start;
}

#ifndef SWELL_OWN_REALLOC
SWELL_EXPORT("cabi_realloc")
void *cabi_realloc(void *old, uint32_t old_bytes, uint32_t align, uint32_t new_bytes)
{
    if (!old)
        return heap_alloc(new_bytes, align);
    if ((uintptr_t)old + old_bytes == heap_top && new_bytes >= old_bytes) {
        heap_alloc(new_bytes - old_bytes, 1);
        return old;
    }
    unsigned char *moved = heap_alloc(new_bytes, align);
    __builtin_memcpy(moved, old, old_bytes < new_bytes ? old_bytes : new_bytes);
    return moved;
}
#endif

/* ---- wasi:io ---- */

struct ret_list { /* result<list<u8>, stream-error> */
    uint8_t is_err;
    union {
        struct text ok;
        struct {
            uint8_t closed; /* else last-operation-failed, with an error to drop */
            handle error;
        } err;
    };
};
struct ret_stream { /* result<_, stream-error> */
    uint8_t is_err;
    struct {
        uint8_t closed;
        handle error;
    } err;
};
_Static_assert(sizeof(struct ret_list) == 12 && sizeof(struct ret_stream) == 12,
               "as the canonical ABI lays them out");
struct ret_u64 { /* result<u64, stream-error> */
    uint8_t is_err;
    union {
        uint64_t ok;
        struct {
            uint8_t closed;
            handle error;
        } err;
    };
};
_Static_assert(sizeof(struct ret_u64) == 16, "as the canonical ABI lays it out");

SWELL_IMPORT(WASI_STREAMS, "[method]input-stream.read")
void input_stream_read(handle self, int64_t n, struct ret_list *ret);
SWELL_IMPORT(WASI_STREAMS, "[method]input-stream.blocking-read")
void input_stream_blocking_read(handle self, int64_t n, struct ret_list *ret);
SWELL_IMPORT(WASI_STREAMS, "[method]input-stream.subscribe") handle input_stream_subscribe(handle self);
SWELL_IMPORT(WASI_STREAMS, "[resource-drop]input-stream") void input_stream_drop(handle self);
SWELL_IMPORT(WASI_STREAMS, "[method]output-stream.check-write")
void output_stream_check_write(handle self, struct ret_u64 *ret);
SWELL_IMPORT(WASI_STREAMS, "[method]output-stream.write")
void output_stream_write(handle self, const char *p, uint32_t n, struct ret_stream *ret);
SWELL_IMPORT(WASI_STREAMS, "[method]output-stream.blocking-write-and-flush")
void output_stream_blocking_write_and_flush(handle self, const char *p, uint32_t n, struct ret_stream *ret);
SWELL_IMPORT(WASI_STREAMS, "[method]output-stream.blocking-flush")
void output_stream_blocking_flush(handle self, struct ret_stream *ret);
SWELL_IMPORT(WASI_STREAMS, "[method]output-stream.subscribe") handle output_stream_subscribe(handle self);
SWELL_IMPORT(WASI_STREAMS, "[method]output-stream.blocking-splice")
void output_stream_blocking_splice(handle self, handle from, int64_t n, struct ret_u64 *ret);
SWELL_IMPORT(WASI_STREAMS, "[resource-drop]output-stream") void output_stream_drop(handle self);
SWELL_IMPORT(WASI_POLL, "[method]pollable.block") void pollable_block(handle self);
SWELL_IMPORT(WASI_POLL, "[resource-drop]pollable") void pollable_drop(handle self);
SWELL_IMPORT("wasi:io/error@0.2.0", "[resource-drop]error") void io_error_drop(handle self);

/* ---- wasi:http ---- */

struct ret_option_text { /* option<string> */
    uint8_t is_some;
    struct text some;
};
struct ret_handle { /* result<own<T>> */
    uint8_t is_err;
    handle ok;
};
struct ret_header { /* result<_, header-error> */
    uint8_t is_err;
    uint8_t err;
};
struct ret_code { /* result<_, error-code>; the payload of error-code is not looked at */
    uint64_t words[5];
};
struct ret_method { /* variant method; 9 is other(string) */
    uint8_t is;
    struct text other;
};
struct field {
    struct text name;
    struct text value;
};
struct ret_fields { /* list<tuple<string, list<u8>>> */
    struct field *p;
    uint32_t n;
};

SWELL_IMPORT(WASI_HTTP, "[constructor]fields") handle fields_new(void);
SWELL_IMPORT(WASI_HTTP, "[method]fields.append")
void fields_append(handle self, const char *name, uint32_t name_n, const char *value, uint32_t value_n,
                   struct ret_header *ret);
SWELL_IMPORT(WASI_HTTP, "[method]fields.entries") void fields_entries(handle self, struct ret_fields *ret);
SWELL_IMPORT(WASI_HTTP, "[resource-drop]fields") void fields_drop(handle self);
SWELL_IMPORT(WASI_HTTP, "[method]incoming-request.method")
void request_method(handle self, struct ret_method *ret);
SWELL_IMPORT(WASI_HTTP, "[method]incoming-request.path-with-query")
void request_path_with_query(handle self, struct ret_option_text *ret);
SWELL_IMPORT(WASI_HTTP, "[method]incoming-request.authority")
void request_authority(handle self, struct ret_option_text *ret);
SWELL_IMPORT(WASI_HTTP, "[method]incoming-request.headers") handle request_headers(handle self);
SWELL_IMPORT(WASI_HTTP, "[method]incoming-request.consume")
void request_consume(handle self, struct ret_handle *ret);
SWELL_IMPORT(WASI_HTTP, "[resource-drop]incoming-request") void request_drop(handle self);
SWELL_IMPORT(WASI_HTTP, "[method]incoming-body.stream")
void incoming_body_stream(handle self, struct ret_handle *ret);
SWELL_IMPORT(WASI_HTTP, "[static]incoming-body.finish") handle incoming_body_finish(handle body);
SWELL_IMPORT(WASI_HTTP, "[resource-drop]incoming-body") void incoming_body_drop(handle self);
SWELL_IMPORT(WASI_HTTP, "[resource-drop]future-trailers") void future_trailers_drop(handle self);
SWELL_IMPORT(WASI_HTTP, "[constructor]outgoing-response") handle response_new(handle headers);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-response.set-status-code")
int32_t response_set_status_code(handle self, int32_t code);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-response.body")
void response_body(handle self, struct ret_handle *ret);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-body.write")
void outgoing_body_write(handle self, struct ret_handle *ret);
SWELL_IMPORT(WASI_HTTP, "[static]outgoing-body.finish")
void outgoing_body_finish(handle body, int32_t has_trailers, handle trailers, struct ret_code *ret);
SWELL_IMPORT(WASI_HTTP, "[resource-drop]outgoing-body") void outgoing_body_drop(handle self);
/* result<outgoing-response, error-code> flattened: is_err, response or error case, then the joined payload slots. */
SWELL_IMPORT(WASI_HTTP, "[static]response-outparam.set")
void response_outparam_set(handle param, int32_t is_err, int32_t response, int32_t a, int64_t b, int32_t c,
                           int32_t d, int32_t e, int32_t f);

/* ---- helpers; they trap on what cannot happen with a correct host ---- */

static inline void swell_expect(bool truth)
{
    if (!truth)
        __builtin_trap();
}

struct response {
    handle body;
    handle stream;
};

static inline void field_add(handle fields, struct text name, struct text value)
{
    struct ret_header added;
    fields_append(fields, name.p, name.n, value.p, value.n, &added);
    swell_expect(!added.is_err);
}

/* Sends the head; what is written afterwards is the body. Takes `headers`. */
static inline struct response response_start(handle outparam, int32_t status, handle headers)
{
    handle response = response_new(headers);
    if (status != 200)
        swell_expect(response_set_status_code(response, status) == 0);
    struct ret_handle body, stream;
    response_body(response, &body);
    swell_expect(!body.is_err);
    outgoing_body_write(body.ok, &stream);
    swell_expect(!stream.is_err);
    response_outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
    return (struct response){.body = body.ok, .stream = stream.ok};
}

/* Writes all of it, waiting for room when the host asks for that. Returns false when the client is gone. */
static inline bool response_write(const struct response *response, const char *p, uint32_t n)
{
    handle ready = 0;
    bool open = true;
    while (n && open) {
        struct ret_u64 room;
        output_stream_check_write(response->stream, &room);
        if (room.is_err) {
            if (!room.err.closed)
                io_error_drop(room.err.error);
            open = false;
        } else if (room.ok == 0) {
            if (!ready)
                ready = output_stream_subscribe(response->stream);
            pollable_block(ready);
        } else {
            uint32_t part = room.ok < n ? (uint32_t)room.ok : n;
            struct ret_stream wrote;
            output_stream_write(response->stream, p, part, &wrote);
            open = !wrote.is_err;
            if (wrote.is_err && !wrote.err.closed)
                io_error_drop(wrote.err.error);
            p += part;
            n -= part;
        }
    }
    if (ready)
        pollable_drop(ready);
    return open;
}

static inline void response_end(struct response *response)
{
    struct ret_code ended;
    output_stream_drop(response->stream);
    outgoing_body_finish(response->body, 0, 0, &ended);
}

static inline void respond_text(handle outparam, int32_t status, struct text body)
{
    handle headers = fields_new();
    field_add(headers, TEXT("content-type"), TEXT("text/plain"));
    struct response response = response_start(outparam, status, headers);
    response_write(&response, body.p, body.n);
    response_end(&response);
}

static inline bool text_is(struct text a, struct text b)
{
    return a.n == b.n && __builtin_memcmp(a.p, b.p, a.n) == 0;
}

/* True when `a` starts with `b`; *rest is then what follows. */
static inline bool text_starts(struct text a, struct text b, struct text *rest)
{
    if (a.n < b.n || __builtin_memcmp(a.p, b.p, b.n) != 0)
        return false;
    *rest = (struct text){a.p + b.n, a.n - b.n};
    return true;
}

/* The decimal number that `a` starts with; 0 when there is none. */
static inline uint64_t text_number(struct text a)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < a.n && a.p[i] >= '0' && a.p[i] <= '9'; i++)
        value = value * 10 + (uint64_t)(a.p[i] - '0');
    return value;
}

/* The path of the request without its query; "/" when there is none. */
static inline struct text request_path(handle request)
{
    struct ret_option_text path;
    request_path_with_query(request, &path);
    if (!path.is_some)
        return TEXT("/");
    for (uint32_t i = 0; i < path.some.n; i++) {
        if (path.some.p[i] == '?')
            path.some.n = i;
    }
    return path.some;
}

#endif
