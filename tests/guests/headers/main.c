/* main.c - a guest for the tests of routes: whatever the path, the request's fields, one a line. "?trap" traps. */
#include "swell_http.h"

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    struct ret_option_text path;
    struct ret_fields fields;
    request_path_with_query(request, &path);
    if (path.is_some && path.some.n > 5 &&
        text_is((struct text){path.some.p + path.some.n - 5, 5}, TEXT("?trap")))
        __builtin_trap();
    handle from = request_headers(request);
    fields_entries(from, &fields);
    fields_drop(from);
    handle headers = fields_new();
    field_add(headers, TEXT("content-type"), TEXT("text/plain"));
    struct response response = response_start(outparam, 200, headers);
    for (uint32_t i = 0; i < fields.n; i++) {
        response_write(&response, fields.p[i].name.p, fields.p[i].name.n);
        response_write(&response, "=", 1);
        response_write(&response, fields.p[i].value.p, fields.p[i].value.n);
        response_write(&response, "\n", 1);
    }
    response_end(&response);
}
