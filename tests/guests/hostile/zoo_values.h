/* zoo_values.h - arguments that the canonical ABI forbids, or that no host could serve: spans, text, cases, sizes.  Tests: guests. */
#ifndef SWELL_TESTS_ZOO_VALUES_H
#define SWELL_TESTS_ZOO_VALUES_H

#include "zoo.h"

static void string_outside(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_header added;
    fields_append(fields_new(), OUTSIDE, 64, "b", 1, &added);
}

static void string_length_wraps(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_header added;
    fields_append(fields_new(), "abc", UINT32_MAX, "b", 1, &added);
}

static void value_outside(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_header added;
    fields_append(fields_new(), "a", 1, OUTSIDE, 64, &added);
}

static void list_huge(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_handle made;
    fields_from_list((const struct field *)1024, 0x10000001u, &made); /* times 16 it is 16 */
}

static void list_outside(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_handle made;
    fields_from_list((const struct field *)1024, UINT32_MAX, &made);
}

static void list_unaligned(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_handle made;
    fields_from_list((const struct field *)1025, 1, &made);
}

static void list_of_strings_outside(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_handle made;
    const struct field list[2] = {{TEXT("a"), TEXT("b")}, {TEXT("c"), {OUTSIDE, 100}}};
    fields_from_list(list, 2, &made);
}

static void list_of_the_same_megabyte(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_handle made;
    struct text large = {heap_alloc(1 << 20, 1), 1 << 20};
    struct field *list = heap_alloc(4000 * sizeof *list, 4);
    for (uint32_t i = 0; i < 4000; i++)
        list[i] = (struct field){TEXT("a"), large};
    fields_from_list(list, 4000, &made);
}

static void result_outside(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_header *at = (struct ret_header *)(uintptr_t)OUTSIDE;
    fields_append(fields_new(), "a", 1, "b", 1, at);
}

static void result_unaligned(handle request, handle outparam)
{
    (void)request, (void)outparam;
    handle body;
    struct ret_list *at = (struct ret_list *)((uintptr_t)heap_alloc(64, 8) + 1);
    input_stream_read(body_stream(request, &body), 1, at);
}

static void text_not_utf8(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_header added;
    fields_append(fields_new(), "\xc3\x28", 2, "b", 1, &added);
}

static void text_surrogate(handle request, handle outparam)
{
    (void)request, (void)outparam;
    outgoing_request_set_authority(outgoing_request_new(fields_new()), 1, "a\xed\xa0\x80", 4);
}

static void text_cut_off(handle request, handle outparam)
{
    (void)request, (void)outparam;
    outgoing_request_set_authority(outgoing_request_new(fields_new()), 1, "a\xe2\x82", 3);
}

static void option_of_seven(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    struct ret_code ended;
    output_stream_drop(response.stream);
    outgoing_body_finish(response.body, 7, 0, &ended);
}

static void result_of_two(handle request, handle outparam)
{
    (void)request;
    response_outparam_set(outparam, 2, response_new(fields_new()), 0, 0, 0, 0, 0, 0);
}

static void error_case_of_thousand(handle request, handle outparam)
{
    (void)request;
    response_outparam_set(outparam, 1, 1000, 0, 0, 0, 0, 0, 0);
}

static void method_case_of_seventy(handle request, handle outparam)
{
    (void)request, (void)outparam;
    outgoing_request_set_method(outgoing_request_new(fields_new()), 70, "a", 1);
}

static void method_not_a_token(handle request, handle outparam)
{
    (void)request;
    verdict(outparam,
            outgoing_request_set_method(outgoing_request_new(fields_new()), 9, "GET /\r\n", 7) != 0);
}

static void authority_with_line_end(handle request, handle outparam)
{
    (void)request;
    verdict(outparam,
            outgoing_request_set_authority(outgoing_request_new(fields_new()), 1, "a\r\nb", 4) != 0);
}

static void random_of_exbibytes(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct text bytes;
    random_bytes(INT64_MIN, &bytes);
}

static void random_of_everything(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct text bytes;
    random_bytes(-1, &bytes);
}

static void random_in_a_loop(handle request, handle outparam)
{
    (void)request, (void)outparam;
    uintptr_t mark = heap_mark();
    for (;;) {
        struct text bytes;
        random_bytes(1 << 20, &bytes);
        heap_release(mark);
    }
}

static void poll_nothing(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_fields ready;
    poll_list(0, 0, &ready);
}

static void poll_too_many(handle request, handle outparam)
{
    (void)request, (void)outparam;
    enum { COUNT = 100000 };
    handle *list = heap_alloc(COUNT * sizeof *list, 4), one = clock_subscribe_duration(0);
    for (uint32_t i = 0; i < COUNT; i++)
        list[i] = one;
    struct ret_fields ready;
    poll_list(list, COUNT, &ready);
}

static void poll_huge_list(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_fields ready;
    poll_list((const handle *)1024, 0x40000001u, &ready);
}

static const struct act zoo_values[] = {ACT(string_outside),
                                        ACT(string_length_wraps),
                                        ACT(value_outside),
                                        ACT(list_huge),
                                        ACT(list_outside),
                                        ACT(list_unaligned),
                                        ACT(list_of_strings_outside),
                                        ACT(list_of_the_same_megabyte),
                                        ACT(result_outside),
                                        ACT(result_unaligned),
                                        ACT(text_not_utf8),
                                        ACT(text_surrogate),
                                        ACT(text_cut_off),
                                        ACT(option_of_seven),
                                        ACT(result_of_two),
                                        ACT(error_case_of_thousand),
                                        ACT(method_case_of_seventy),
                                        ACT(method_not_a_token),
                                        ACT(authority_with_line_end),
                                        ACT(random_of_exbibytes),
                                        ACT(random_of_everything),
                                        ACT(random_in_a_loop),
                                        ACT(poll_nothing),
                                        ACT(poll_too_many),
                                        ACT(poll_huge_list),
                                        ACT_END};

#endif
