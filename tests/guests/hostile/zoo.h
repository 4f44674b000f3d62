/* zoo.h - what the parts of the zoo share: further raw imports, and what a part's table is made of.  Tests: guests.
 *
 * The parts are headers because a guest is one translation unit: the heap of swell_http.h is static. */
#ifndef SWELL_TESTS_ZOO_H
#define SWELL_TESTS_ZOO_H

#include "swell_http.h"

#define CLOCK "wasi:clocks/monotonic-clock@0.2.0"

struct ret_words { /* any result the zoo does not look into */
    uint64_t words[8];
};

SWELL_IMPORT(WASI_HTTP, "[static]fields.from-list")
void fields_from_list(const struct field *p, uint32_t n, struct ret_handle *ret);
SWELL_IMPORT(WASI_HTTP, "[method]fields.clone") handle fields_clone(handle self);
SWELL_IMPORT(WASI_HTTP, "[method]fields.get")
void fields_get(handle self, const char *name, uint32_t name_n, struct ret_fields *ret);
SWELL_IMPORT(WASI_HTTP, "[method]fields.set")
void fields_set(handle self, const char *name, uint32_t name_n, const struct text *values, uint32_t n,
                struct ret_header *ret);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-response.headers") handle response_headers(handle self);
SWELL_IMPORT(WASI_HTTP, "[resource-drop]outgoing-response") void response_drop(handle self);
SWELL_IMPORT(WASI_HTTP, "[resource-drop]response-outparam") void outparam_drop(handle self);
SWELL_IMPORT(WASI_HTTP, "[constructor]outgoing-request") handle outgoing_request_new(handle headers);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-request.set-method")
int32_t outgoing_request_set_method(handle self, int32_t method, const char *p, uint32_t n);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-request.set-authority")
int32_t outgoing_request_set_authority(handle self, int32_t some, const char *p, uint32_t n);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-request.body")
void outgoing_request_body(handle self, struct ret_handle *ret);
SWELL_IMPORT(WASI_HTTP, "[method]future-trailers.get")
void future_trailers_get(handle self, struct ret_words *ret);
SWELL_IMPORT(WASI_HTTP, "[method]future-trailers.subscribe") handle future_trailers_subscribe(handle self);
SWELL_IMPORT(WASI_STREAMS, "[method]input-stream.skip")
void input_stream_skip(handle self, int64_t n, struct ret_u64 *ret);
SWELL_IMPORT(WASI_STREAMS, "[method]output-stream.write-zeroes")
void output_stream_write_zeroes(handle self, int64_t n, struct ret_stream *ret);
SWELL_IMPORT(WASI_STREAMS, "[method]output-stream.blocking-write-zeroes-and-flush")
void output_stream_blocking_write_zeroes(handle self, int64_t n, struct ret_stream *ret);
SWELL_IMPORT(WASI_STREAMS, "[method]output-stream.flush")
void output_stream_flush(handle self, struct ret_stream *ret);
SWELL_IMPORT(WASI_STREAMS, "[method]output-stream.splice")
void output_stream_splice(handle self, handle from, int64_t n, struct ret_u64 *ret);
SWELL_IMPORT(WASI_POLL, "poll") void poll_list(const handle *p, uint32_t n, struct ret_fields *ret);
SWELL_IMPORT(WASI_POLL, "[method]pollable.ready") int32_t pollable_ready(handle self);
SWELL_IMPORT("wasi:random/random@0.2.0", "get-random-bytes") void random_bytes(int64_t n, struct text *ret);
SWELL_IMPORT(CLOCK, "subscribe-duration") handle clock_subscribe_duration(int64_t ns);
SWELL_IMPORT("wasi:cli/exit@0.2.0", "exit") void cli_exit(int32_t is_err);
SWELL_IMPORT("wasi:cli/stdout@0.2.0", "get-stdout") handle get_stdout(void);
SWELL_IMPORT("wasi:cli/stderr@0.2.0", "get-stderr") handle get_stderr(void);
SWELL_IMPORT("wasi:cli/stdin@0.2.0", "get-stdin") handle get_stdin(void);
SWELL_IMPORT("wasi:cli/environment@0.2.0", "get-environment") void get_environment(struct ret_fields *ret);

struct act {
    struct text name;
    void (*run)(handle request, handle outparam);
};
#define ACT(name)                                                                                            \
    {                                                                                                        \
        {#name, sizeof #name - 1}, name                                                                      \
    }

#define ACT_END                                                                                              \
    {                                                                                                        \
        {0, 0}, 0                                                                                            \
    } /* ends each table */

#define OUTSIDE ((const char *)(uintptr_t)0xfffffff0u)

static volatile uint32_t zoo_sink;

static inline void spin(void)
{
    for (;;)
        zoo_sink++;
}

/* 200 when the host refused as it should, 418 when it did not. */
static inline void verdict(handle outparam, bool refused)
{
    respond_text(outparam, refused ? 200 : 418, refused ? TEXT("refused\n") : TEXT("allowed\n"));
}

static inline handle body_stream(handle request, handle *ret_body)
{
    struct ret_handle body, stream;
    request_consume(request, &body);
    swell_expect(!body.is_err);
    incoming_body_stream(body.ok, &stream);
    swell_expect(!stream.is_err);
    *ret_body = body.ok;
    return stream.ok;
}

static inline struct response started(handle outparam)
{
    return response_start(outparam, 200, fields_new());
}

#endif
