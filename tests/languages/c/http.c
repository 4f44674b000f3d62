/* http.c - the HTTP component of tests/languages in C. */
#include "swell_http.h"

static const struct text METHODS[] = {TEXT("GET"),     TEXT("HEAD"),   TEXT("POST"),
                                      TEXT("PUT"),     TEXT("DELETE"), TEXT("CONNECT"),
                                      TEXT("OPTIONS"), TEXT("TRACE"),  TEXT("PATCH")};

static void add(const struct response *response, struct text text)
{
    response_write(response, text.p, text.n);
}

static struct text method_of(handle request)
{
    struct ret_method method;
    request_method(request, &method);
    return method.is < sizeof METHODS / sizeof *METHODS ? METHODS[method.is] : method.other;
}

static struct text field_of(handle request, struct text name)
{
    struct ret_fields fields;
    struct text value = TEXT("");
    handle from = request_headers(request);
    fields_entries(from, &fields);
    fields_drop(from);
    for (uint32_t i = 0; i < fields.n; i++) {
        if (text_is(fields.p[i].name, name))
            value = fields.p[i].value;
    }
    return value;
}

static void copy_body(handle request, const struct response *response)
{
    struct ret_handle body, stream;
    struct ret_list part;
    uintptr_t mark = heap_mark();
    request_consume(request, &body);
    swell_expect(!body.is_err);
    incoming_body_stream(body.ok, &stream);
    swell_expect(!stream.is_err);
    for (input_stream_blocking_read(stream.ok, 65536, &part); !part.is_err;
         input_stream_blocking_read(stream.ok, 65536, &part)) {
        add(response, part.ok);
        heap_release(mark);
    }
    input_stream_drop(stream.ok);
    future_trailers_drop(incoming_body_finish(body.ok));
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle")
void handle_request(handle request, handle outparam)
{
    struct ret_option_text path;
    request_path_with_query(request, &path);
    handle headers = fields_new();
    field_add(headers, TEXT("content-type"), TEXT("text/plain"));
    field_add(headers, TEXT("x-language"), TEXT("C"));
    struct response response = response_start(outparam, 200, headers);
    add(&response, TEXT("method: "));
    add(&response, method_of(request));
    add(&response, TEXT("\npath: "));
    add(&response, path.some);
    add(&response, TEXT("\nword: "));
    add(&response, field_of(request, TEXT("x-word")));
    add(&response, TEXT("\nbody: "));
    copy_body(request, &response);
    response_end(&response);
}
