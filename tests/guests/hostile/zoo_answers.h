/* zoo_answers.h - responses that would break the protocol or its framing, or that never come.  Tests: guests. */
#ifndef SWELL_TESTS_ZOO_ANSWERS_H
#define SWELL_TESTS_ZOO_ANSWERS_H

#include "zoo.h"

static void never(handle request, handle outparam)
{
    (void)request, (void)outparam;
}

static void twice(handle request, handle outparam)
{
    (void)request;
    respond_text(outparam, 200, TEXT("once\n"));
    respond_text(outparam, 200, TEXT("twice\n"));
}

static void status_is(handle outparam, int32_t status)
{
    verdict(outparam, response_set_status_code(response_new(fields_new()), status) != 0);
}

static void status_0(handle request, handle outparam)
{
    (void)request;
    status_is(outparam, 0);
}

static void status_99(handle request, handle outparam)
{
    (void)request;
    status_is(outparam, 99);
}

static void status_1000(handle request, handle outparam)
{
    (void)request;
    status_is(outparam, 1000);
}

static void status_65736(handle request,
                         handle outparam) /* 200 in sixteen bits, as the canonical ABI reads it */
{
    (void)request;
    verdict(outparam, response_set_status_code(response_new(fields_new()), 65736) == 0);
}

static void status_101(handle request, handle outparam)
{
    (void)request;
    handle response = response_new(fields_new());
    if (response_set_status_code(response, 101) != 0)
        verdict(outparam, true);
    else
        response_outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
}

static bool refuses(struct text name, struct text value)
{
    struct ret_header added;
    fields_append(fields_new(), name.p, name.n, value.p, value.n, &added);
    return added.is_err;
}

static void header_injection(handle request, handle outparam)
{
    (void)request;
    verdict(outparam, refuses(TEXT("x"), TEXT("a\r\nset-cookie: b")) && refuses(TEXT("x"), TEXT("a\nb")) &&
                          refuses(TEXT("x"), TEXT("a\rb")) && refuses(TEXT("x"), TEXT("a\0b")) &&
                          refuses(TEXT("x\r\ny"), TEXT("a")) && refuses(TEXT("x: y"), TEXT("a")) &&
                          refuses(TEXT(""), TEXT("a")) && refuses(TEXT("x y"), TEXT("a")));
}

static void header_injection_by_set(handle request, handle outparam)
{
    (void)request;
    struct text value = TEXT("a\r\nb: c");
    struct ret_header set;
    struct ret_handle made;
    const struct field list[1] = {{TEXT("x"), TEXT("a\r\nb: c")}};
    fields_set(fields_new(), "x", 1, &value, 1, &set);
    fields_from_list(list, 1, &made);
    verdict(outparam, set.is_err && made.is_err);
}

static void forbidden_headers(handle request, handle outparam)
{
    (void)request;
    verdict(outparam, refuses(TEXT("connection"), TEXT("close")) &&
                          refuses(TEXT("Transfer-Encoding"), TEXT("chunked")) &&
                          refuses(TEXT("keep-alive"), TEXT("1")) && refuses(TEXT("upgrade"), TEXT("h2c")) &&
                          refuses(TEXT("host"), TEXT("a")) && refuses(TEXT("proxy-connection"), TEXT("a")));
}

static void immutable_headers(handle request, handle outparam)
{
    struct ret_header added;
    fields_append(request_headers(request), "a", 1, "b", 1, &added);
    verdict(outparam, added.is_err);
}

static void headers_without_end(handle request, handle outparam)
{
    (void)request;
    handle fields = fields_new();
    struct ret_header added = {0};
    uint32_t n = 0;
    while (n < 100000 && !added.is_err) {
        fields_append(fields, "name", 4, "value", 5, &added);
        n++;
    }
    verdict(outparam, added.is_err);
}

static void header_of_a_megabyte(handle request, handle outparam)
{
    (void)request;
    char *value = heap_alloc(1 << 20, 1);
    __builtin_memset(value, 'v', 1 << 20);
    verdict(outparam, refuses(TEXT("name"), (struct text){value, 1 << 20}));
}

/* As much as a fields object takes: more than a response head may have. */
static void headers_to_the_limit(handle request, handle outparam)
{
    (void)request;
    handle fields = fields_new();
    struct ret_header added = {0};
    while (!added.is_err)
        fields_append(fields, "name", 4, "value", 5, &added);
    struct response response = response_start(outparam, 200, fields);
    response_write(&response, "many\n", 5);
    response_end(&response);
}

static void with_length(handle outparam, struct text length)
{
    handle fields = fields_new();
    struct ret_header added;
    fields_append(fields, "content-length", 14, length.p, length.n, &added);
    struct response response = response_start(outparam, 200, fields);
    response_write(&response, "five\n", 5);
    response_end(&response);
}

static void length_too_large(handle request, handle outparam)
{
    (void)request;
    with_length(outparam, TEXT("9"));
}

static void length_too_small(handle request, handle outparam)
{
    (void)request;
    with_length(outparam, TEXT("3"));
}

static void length_no_number(handle request, handle outparam)
{
    (void)request;
    with_length(outparam, TEXT("5, 5"));
}

static void length_overflows(handle request, handle outparam)
{
    (void)request;
    with_length(outparam, TEXT("99999999999999999999999"));
}

static void length_twice(handle request, handle outparam)
{
    (void)request;
    handle fields = fields_new();
    struct ret_header added;
    fields_append(fields, "content-length", 14, "5", 1, &added);
    fields_append(fields, "content-length", 14, "6", 1, &added);
    struct response response = response_start(outparam, 200, fields);
    response_write(&response, "five\n", 5);
    response_end(&response);
}

static void with_trailer(handle outparam, struct text name)
{
    struct response response = started(outparam);
    handle trailers = fields_new();
    struct ret_header added;
    struct ret_code ended;
    fields_append(trailers, name.p, name.n, "v", 1, &added);
    response_write(&response, "body\n", 5);
    output_stream_drop(response.stream);
    outgoing_body_finish(response.body, 1, trailers, &ended);
}

static void trailers(handle request, handle outparam)
{
    (void)request;
    with_trailer(outparam, TEXT("x-sum"));
}

static void trailers_that_frame(handle request, handle outparam)
{
    (void)request;
    with_trailer(outparam, TEXT("content-length"));
}

static void no_body(handle request, handle outparam)
{
    (void)request;
    response_outparam_set(outparam, 0, response_new(fields_new()), 0, 0, 0, 0, 0, 0);
}

static void body_dropped(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    response_write(&response, "half", 4);
    output_stream_drop(response.stream);
    outgoing_body_drop(response.body);
}

static void body_left(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    response_write(&response, "half", 4);
}

static void body_twice(handle request, handle outparam)
{
    (void)request;
    handle response = response_new(fields_new());
    struct ret_handle first, second;
    response_body(response, &first);
    response_body(response, &second);
    verdict(outparam, !first.is_err && second.is_err);
}

static void body_before_set(handle request,
                            handle outparam) /* nowhere to go: room for some, then none for ever */
{
    (void)request;
    handle response = response_new(fields_new());
    struct ret_handle body, stream;
    response_body(response, &body);
    outgoing_body_write(body.ok, &stream);
    const struct response held = {body.ok, stream.ok};
    const char *bytes = heap_alloc(65536, 1);
    for (uint32_t i = 0; i < 64; i++)
        response_write(&held, bytes, 65536);
    response_outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
}

static void error_internal(handle request, handle outparam)
{
    (void)request;
    response_outparam_set(outparam, 1, 38, 1, (int32_t)(uintptr_t) "the guest gave up", 17, 0, 0, 0);
}

static void error_with_text_outside(handle request, handle outparam)
{
    (void)request;
    response_outparam_set(outparam, 1, 38, 1, (int64_t)(uintptr_t)OUTSIDE, 64, 0, 0, 0);
}

static const struct act zoo_answers[] = {ACT(never),
                                         ACT(twice),
                                         ACT(status_0),
                                         ACT(status_99),
                                         ACT(status_1000),
                                         ACT(status_65736),
                                         ACT(status_101),
                                         ACT(header_injection),
                                         ACT(header_injection_by_set),
                                         ACT(forbidden_headers),
                                         ACT(immutable_headers),
                                         ACT(headers_without_end),
                                         ACT(header_of_a_megabyte),
                                         ACT(headers_to_the_limit),
                                         ACT(length_too_large),
                                         ACT(length_too_small),
                                         ACT(length_no_number),
                                         ACT(length_overflows),
                                         ACT(length_twice),
                                         ACT(trailers),
                                         ACT(trailers_that_frame),
                                         ACT(no_body),
                                         ACT(body_dropped),
                                         ACT(body_left),
                                         ACT(body_twice),
                                         ACT(body_before_set),
                                         ACT(error_internal),
                                         ACT(error_with_text_outside),
                                         ACT_END};

#endif
