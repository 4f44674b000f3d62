/* main.c - a guest for the tests of logs: prints its path to stdout and stderr, and answers. */
#include "swell_http.h"

SWELL_IMPORT("wasi:cli/stdout@0.2.0", "get-stdout") handle get_stdout(void);
SWELL_IMPORT("wasi:cli/stderr@0.2.0", "get-stderr") handle get_stderr(void);

static void print(handle stream, struct text what, struct text path)
{
    struct ret_stream wrote;
    output_stream_blocking_write_and_flush(stream, what.p, what.n, &wrote);
    output_stream_blocking_write_and_flush(stream, path.p, path.n < 1000 ? path.n : 1000, &wrote);
    output_stream_blocking_write_and_flush(stream, "\n", 1, &wrote);
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    struct text path = request_path(request);
    print(get_stdout(), TEXT("out "), path);
    print(get_stderr(), TEXT("err "), path);
    respond_text(outparam, 200, TEXT("printed\n"));
}
