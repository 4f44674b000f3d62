/* zoo_handles.h - handles that are forged, stale, of another type, dropped twice or too early.  Tests: guests. */
#ifndef SWELL_TESTS_ZOO_HANDLES_H
#define SWELL_TESTS_ZOO_HANDLES_H

#include "zoo.h"

enum { FORGED = 5000 };

static void forged_request(handle request, handle outparam)
{
    (void)outparam;
    request_headers(request + FORGED);
}

static void forged_outparam(handle request, handle outparam)
{
    (void)request;
    response_outparam_set(outparam + FORGED, 0, response_new(fields_new()), 0, 0, 0, 0, 0, 0);
}

static void forged_fields(handle request, handle outparam)
{
    (void)request, (void)outparam;
    fields_clone(FORGED);
}

static void forged_stream(handle request, handle outparam)
{
    (void)request, (void)outparam;
    struct ret_u64 room;
    output_stream_check_write(FORGED, &room);
}

static void forged_pollable(handle request, handle outparam)
{
    (void)request, (void)outparam;
    pollable_block(FORGED);
}

static void forged_in_list(handle request, handle outparam)
{
    (void)request, (void)outparam;
    const handle list[2] = {clock_subscribe_duration(0), FORGED};
    struct ret_fields ready;
    poll_list(list, 2, &ready);
}

static void handle_zero(handle request, handle outparam)
{
    (void)request, (void)outparam;
    fields_drop(0);
}

static void handle_negative(handle request, handle outparam)
{
    (void)request, (void)outparam;
    fields_drop(-1);
}

static void request_as_fields(handle request, handle outparam)
{
    (void)outparam;
    fields_clone(request);
}

static void outparam_as_stream(handle request, handle outparam)
{
    (void)request;
    struct ret_u64 room;
    output_stream_check_write(outparam, &room);
}

static void fields_as_response(handle request, handle outparam)
{
    (void)request;
    response_outparam_set(outparam, 0, fields_new(), 0, 0, 0, 0, 0, 0);
}

static void input_as_output(handle request, handle outparam)
{
    (void)outparam;
    handle body;
    struct ret_u64 room;
    output_stream_check_write(body_stream(request, &body), &room);
}

static void drop_as_other_type(handle request, handle outparam)
{
    (void)request, (void)outparam;
    pollable_drop(fields_new());
}

static void drop_twice(handle request, handle outparam)
{
    (void)outparam;
    request_drop(request);
    request_drop(request);
}

static void use_after_drop(handle request, handle outparam)
{
    (void)request, (void)outparam;
    handle fields = fields_new();
    fields_drop(fields);
    fields_clone(fields);
}

static void use_after_given(handle request, handle outparam)
{
    (void)request;
    handle fields = fields_new();
    struct ret_header added;
    response_start(outparam, 200, fields);
    fields_append(fields, "a", 1, "b", 1, &added);
}

static void response_after_set(handle request, handle outparam)
{
    (void)request;
    handle response = response_new(fields_new());
    response_outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
    response_set_status_code(response, 201);
}

static void drop_body_before_stream(handle request, handle outparam)
{
    (void)outparam;
    handle body;
    body_stream(request, &body);
    incoming_body_drop(body);
}

static void finish_body_before_stream(handle request, handle outparam)
{
    (void)outparam;
    handle body;
    body_stream(request, &body);
    incoming_body_finish(body);
}

static void drop_outgoing_before_stream(handle request, handle outparam)
{
    (void)request;
    outgoing_body_drop(started(outparam).body);
}

static void finish_outgoing_before_stream(handle request, handle outparam)
{
    (void)request;
    struct ret_code ended;
    outgoing_body_finish(started(outparam).body, 0, 0, &ended);
}

static void drop_stream_before_pollable(handle request, handle outparam)
{
    (void)request;
    struct response response = started(outparam);
    output_stream_subscribe(response.stream);
    output_stream_drop(response.stream);
}

static void drop_request_before_headers(handle request, handle outparam)
{
    (void)outparam;
    request_headers(request);
    request_drop(request);
}

static void give_response_before_headers(handle request, handle outparam)
{
    (void)request;
    handle response = response_new(fields_new());
    response_headers(response);
    response_outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
}

static void give_owned_twice_in_one_call(handle request, handle outparam)
{
    (void)request;
    /* the response's own fields as trailers of its body: they were given away */
    handle fields = fields_new();
    struct response response = response_start(outparam, 200, fields);
    struct ret_code ended;
    output_stream_drop(response.stream);
    outgoing_body_finish(response.body, 1, fields, &ended);
}

static void splice_forged(handle request, handle outparam)
{
    (void)request;
    struct ret_u64 moved;
    output_stream_splice(started(outparam).stream, FORGED, 10, &moved);
}

static void drop_outparam(handle request, handle outparam)
{
    (void)request;
    outparam_drop(outparam);
}

static void make_fields_for_ever(handle request, handle outparam)
{
    (void)request, (void)outparam;
    for (;;)
        fields_new();
}

static void make_pollables_for_ever(handle request, handle outparam)
{
    (void)request, (void)outparam;
    for (;;)
        clock_subscribe_duration(INT64_MAX);
}

static void clone_large_fields_for_ever(handle request, handle outparam)
{
    (void)request, (void)outparam;
    handle fields = fields_new();
    struct ret_header added;
    for (uint32_t i = 0; i < 500; i++)
        fields_append(fields, "name", 4, heap_alloc(100, 1), 0, &added);
    for (;;)
        fields_clone(fields);
}

static void fill_bodies_for_ever(handle request, handle outparam)
{
    (void)request, (void)outparam;
    const char *bytes = heap_alloc(60000, 1);
    for (;;) {
        struct ret_handle body, stream;
        struct ret_u64 room;
        struct ret_stream wrote;
        outgoing_request_body(outgoing_request_new(fields_new()), &body);
        outgoing_body_write(body.ok, &stream);
        output_stream_check_write(stream.ok, &room);
        if (room.is_err)
            __builtin_trap();
        output_stream_write(stream.ok, bytes, room.ok < 60000 ? (uint32_t)room.ok : 60000, &wrote);
    }
}

static const struct act zoo_handles[] = {ACT(forged_request),
                                         ACT(forged_outparam),
                                         ACT(forged_fields),
                                         ACT(forged_stream),
                                         ACT(forged_pollable),
                                         ACT(forged_in_list),
                                         ACT(handle_zero),
                                         ACT(handle_negative),
                                         ACT(request_as_fields),
                                         ACT(outparam_as_stream),
                                         ACT(fields_as_response),
                                         ACT(input_as_output),
                                         ACT(drop_as_other_type),
                                         ACT(drop_twice),
                                         ACT(use_after_drop),
                                         ACT(use_after_given),
                                         ACT(response_after_set),
                                         ACT(drop_body_before_stream),
                                         ACT(finish_body_before_stream),
                                         ACT(drop_outgoing_before_stream),
                                         ACT(finish_outgoing_before_stream),
                                         ACT(drop_stream_before_pollable),
                                         ACT(drop_request_before_headers),
                                         ACT(give_response_before_headers),
                                         ACT(give_owned_twice_in_one_call),
                                         ACT(splice_forged),
                                         ACT(drop_outparam),
                                         ACT(make_fields_for_ever),
                                         ACT(make_pollables_for_ever),
                                         ACT(clone_large_fields_for_ever),
                                         ACT(fill_bodies_for_ever),
                                         ACT_END};

#endif
