/* main.c - the sample: an HTTP component in plain C, on the raw wasi:http interface.
 *
 *   /            a greeting                        /status/N    answers with status N
 *   /headers     the request's fields, one a line  /bytes/N     N bytes, streamed
 *   /echo        the request's body, streamed      /method      the request's method
 *   /path        the path and query as received */
#include "swell_http.h"

#define READ_BYTES 65536

static void echo_headers(handle request, handle outparam)
{
    struct ret_fields fields;
    handle from = request_headers(request);
    fields_entries(from, &fields);
    fields_drop(from);

    handle headers = fields_new();
    field_add(headers, TEXT("content-type"), TEXT("text/plain"));
    struct response response = response_start(outparam, 200, headers);
    bool open = true;
    for (uint32_t i = 0; i < fields.n && open; i++) {
        const struct field *field = &fields.p[i];
        open =
            response_write(&response, field->name.p, field->name.n) && response_write(&response, ": ", 2) &&
            response_write(&response, field->value.p, field->value.n) && response_write(&response, "\n", 1);
    }
    response_end(&response);
}

/* The next part of the body; false at its end. A request that breaks off is a trap, so that the answer is cut off too and not ended. */
static bool read_part(handle stream, struct text *ret_part)
{
    struct ret_list part;
    input_stream_blocking_read(stream, READ_BYTES, &part);
    if (part.is_err) {
        swell_expect(part.err.closed);
        return false;
    }
    *ret_part = part.ok;
    return true;
}

/* Memory stays flat however long the body is: each part's heap is released before the next read. */
static void echo_body(handle request, handle outparam)
{
    struct ret_handle body, stream;
    request_consume(request, &body);
    swell_expect(!body.is_err);
    incoming_body_stream(body.ok, &stream);
    swell_expect(!stream.is_err);

    uintptr_t mark = heap_mark();
    struct text part;
    bool more = read_part(stream.ok, &part);
    handle headers = fields_new();
    field_add(headers, TEXT("content-type"), TEXT("application/octet-stream"));
    struct response response = response_start(outparam, 200, headers);
    while (more && response_write(&response, part.p, part.n)) {
        heap_release(mark);
        more = read_part(stream.ok, &part);
    }
    input_stream_drop(stream.ok);
    future_trailers_drop(incoming_body_finish(body.ok));
    response_end(&response);
}

static void send_bytes(uint64_t count, handle outparam)
{
    handle headers = fields_new();
    field_add(headers, TEXT("content-type"), TEXT("application/octet-stream"));
    struct response response = response_start(outparam, 200, headers);
    char *part = heap_alloc(READ_BYTES, 1);
    for (uint32_t i = 0; i < READ_BYTES; i++)
        part[i] = (char)('a' + i % 26);
    bool open = true;
    while (count && open) {
        uint32_t n = count < READ_BYTES ? (uint32_t)count : READ_BYTES;
        open = response_write(&response, part, n);
        count -= n;
    }
    response_end(&response);
}

static void send_method(handle request, handle outparam)
{
    static const struct text names[] = {TEXT("GET"),     TEXT("HEAD"),   TEXT("POST"),
                                        TEXT("PUT"),     TEXT("DELETE"), TEXT("CONNECT"),
                                        TEXT("OPTIONS"), TEXT("TRACE"),  TEXT("PATCH")};
    struct ret_method method;
    request_method(request, &method);
    respond_text(outparam, 200, method.is < 9 ? names[method.is] : method.other);
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    struct text path = request_path(request), rest;
    if (text_is(path, TEXT("/")))
        respond_text(outparam, 200, TEXT("Hello from C on Swell\n"));
    else if (text_is(path, TEXT("/headers")))
        echo_headers(request, outparam);
    else if (text_is(path, TEXT("/echo")))
        echo_body(request, outparam);
    else if (text_is(path, TEXT("/method")))
        send_method(request, outparam);
    else if (text_is(path, TEXT("/path"))) {
        struct ret_option_text whole;
        request_path_with_query(request, &whole);
        respond_text(outparam, 200, whole.some);
    } else if (text_starts(path, TEXT("/status/"), &rest))
        respond_text(outparam, (int32_t)text_number(rest), rest);
    else if (text_starts(path, TEXT("/bytes/"), &rest))
        send_bytes(text_number(rest), outparam);
    else
        respond_text(outparam, 404, TEXT("nothing here\n"));
    request_drop(request);
}
