/* http.c - a command that asks http://<standard input>/ and prints the status of the answer, or "error N" with the number of the error-code. */
#include "swell_http.h"

SWELL_IMPORT(WASI_HTTP, "[constructor]outgoing-request") handle outgoing_new(handle fields);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-request.set-scheme")
int32_t outgoing_set_scheme(handle self, int32_t has, int32_t is, const char *p, uint32_t n);
SWELL_IMPORT(WASI_HTTP, "[method]outgoing-request.set-authority")
int32_t outgoing_set_authority(handle self, int32_t has, const char *p, uint32_t n);
SWELL_IMPORT(WASI_HTTP, "[method]future-incoming-response.subscribe") handle future_subscribe(handle self);
SWELL_IMPORT(WASI_HTTP, "[method]incoming-response.status") int32_t incoming_status(handle self);
SWELL_IMPORT("wasi:cli/stdin@0.2.12", "get-stdin") handle get_stdin(void);
SWELL_IMPORT("wasi:cli/stdout@0.2.12", "get-stdout") handle get_stdout(void);

struct ret_handled { /* result<own<future-incoming-response>, error-code> */
    uint64_t is_err;
    uint64_t payload[4];
};
struct ret_response { /* option<result<result<own<incoming-response>, error-code>>> */
    uint64_t has, again, is_err;
    uint64_t payload[4];
};
SWELL_IMPORT("wasi:http/outgoing-handler@0.2.0", "handle")
void outgoing_handle(handle request, int32_t has_options, handle options, struct ret_handled *ret);
SWELL_IMPORT(WASI_HTTP, "[method]future-incoming-response.get")
void future_get(handle self, struct ret_response *ret);

static void print(const char *what, uint32_t number)
{
    struct ret_stream wrote;
    char digits[3] = {(char)('0' + number / 100 % 10), (char)('0' + number / 10 % 10),
                      (char)('0' + number % 10)};
    handle out = get_stdout();
    output_stream_blocking_write_and_flush(out, what, (uint32_t)__builtin_strlen(what), &wrote);
    output_stream_blocking_write_and_flush(out, digits, sizeof digits, &wrote);
    output_stream_drop(out);
}

SWELL_EXPORT("wasi:cli/run@0.2.12#run")
int32_t run_command(void)
{
    struct ret_list name;
    struct ret_handled handled;
    struct ret_response got;
    input_stream_blocking_read(get_stdin(), 4096, &name);
    swell_expect(!name.is_err);
    handle request = outgoing_new(fields_new());
    swell_expect(outgoing_set_scheme(request, 1, 0, 0, 0) == 0);
    swell_expect(outgoing_set_authority(request, 1, name.ok.p, name.ok.n) == 0);
    outgoing_handle(request, 0, 0, &handled);
    if ((uint8_t)handled.is_err) {
        print("error ", (uint8_t)handled.payload[0]);
        return 0;
    }
    handle future = (handle)handled.payload[0];
    pollable_block(future_subscribe(future));
    future_get(future, &got);
    if ((uint8_t)got.is_err)
        print("error ", (uint8_t)got.payload[0]);
    else
        print("status ", (uint32_t)incoming_status((handle)got.payload[0]));
    return 0;
}
