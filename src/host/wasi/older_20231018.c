/* older_20231018.c - what WASI 0.2.0-rc-2023-10-18 had in another form.  Room: host.
 *
 * Where it had no way to refuse, the guest traps, as in Spin. */
#include "engine/engine.h"
#include "host/bindings/clocks_monotonic_clock.h"
#include "host/bindings/http_outgoing_handler.h"
#include "host/bindings/older_rc20231018.h"
#include "host/bindings/older_rc20231110.h"
#include "host/host_internal.h"

/* ---- wasi:io, wasi:clocks, wasi:filesystem ---- */

int host_older_rc20231018_poll_one_wait(struct component_call *call, struct host_io_poll_pollable *in)
{
    return host_io_poll_pollable_block_wait(call, in);
}

int host_older_rc20231018_splice(struct component_call *call, struct host_io_streams_output_stream *self,
                                 struct host_io_streams_input_stream *src, uint64_t len, uint64_t *ret,
                                 struct host_io_streams_stream_error *ret_error)
{
    int rc = host_io_streams_output_stream_splice(call, self, src, len, ret, ret_error);
    host_io_streams_input_stream_drop(host_of(call), src); /* it was given, not lent */
    return rc;
}

int host_older_rc20231018_blocking_splice_wait(struct component_call *call,
                                               struct host_io_streams_output_stream *self,
                                               struct host_io_streams_input_stream *src, uint64_t len,
                                               uint64_t *ret, struct host_io_streams_stream_error *ret_error)
{
    int rc = host_io_streams_output_stream_blocking_splice_wait(call, self, src, len, ret, ret_error);
    host_io_streams_input_stream_drop(host_of(call), src);
    return rc;
}

/* Everything, until one of the two is closed. */
int host_older_rc20231018_forward_wait(struct component_call *call,
                                       struct host_io_streams_output_stream *self,
                                       struct host_io_streams_input_stream *src, uint64_t *ret,
                                       struct host_io_streams_stream_error *ret_error)
{
    uint64_t total = 0, n = 0;
    int rc = 0;
    while (rc == 0) {
        rc = host_io_streams_output_stream_blocking_splice_wait(call, self, src, UINT64_MAX, &n, ret_error);
        total += rc == 0 ? n : 0;
    }
    host_io_streams_input_stream_drop(host_of(call), src);
    if (rc == HOST_WIT_ERROR && ret_error->tag == HOST_IO_STREAMS_STREAM_ERROR_CLOSED)
        rc = 0;
    *ret = total;
    return rc;
}

int host_older_rc20231018_subscribe(struct component_call *call, uint64_t when, bool absolute,
                                    struct host_io_poll_pollable **ret)
{
    return absolute ? host_clocks_monotonic_clock_subscribe_instant(call, when, ret)
                    : host_clocks_monotonic_clock_subscribe_duration(call, when, ret);
}

/* Guests are told no zone but this. */
int host_older_rc20231018_display(struct component_call *call, struct host_clocks_wall_clock_datetime when,
                                  struct host_older_rc20231018_timezone_display *ret)
{
    (void)call;
    (void)when;
    *ret = (struct host_older_rc20231018_timezone_display){.name = SW_LIT("UTC")};
    return 0;
}

int host_older_rc20231018_utc_offset(struct component_call *call, struct host_clocks_wall_clock_datetime when,
                                     int32_t *ret)
{
    (void)call;
    (void)when;
    *ret = 0;
    return 0;
}

/* The permissions are the host's to give, as today. */
int host_older_rc20231018_open_at(struct component_call *call, struct host_filesystem_types_descriptor *self,
                                  uint32_t path_flags, struct sw_str path, uint32_t open_flags,
                                  uint32_t flags, uint32_t modes,
                                  struct host_filesystem_types_descriptor **ret,
                                  enum host_filesystem_types_error_code *ret_error)
{
    (void)modes;
    return host_filesystem_types_descriptor_open_at(call, self, path_flags, path, open_flags, flags, ret,
                                                    ret_error);
}

/* ---- wasi:http: fields ---- */

static int or_trap(struct component_call *call, int rc, const struct host_http_types_header_error *error)
{
    static const char *const why[] = {
        [HOST_HTTP_TYPES_HEADER_ERROR_INVALID_SYNTAX] = "has a bad name or value",
        [HOST_HTTP_TYPES_HEADER_ERROR_FORBIDDEN] = "is the connection's business",
        [HOST_HTTP_TYPES_HEADER_ERROR_IMMUTABLE] = "cannot be changed any more",
    };
    return rc == HOST_WIT_ERROR ? host_trap(call, "a field %s", why[error->tag]) : rc;
}

int host_older_rc20231018_fields_new(struct component_call *call, struct host_list_tuple_str_str entries,
                                     struct host_http_types_fields **ret)
{
    struct host_http_types_header_error error;
    return or_trap(call, host_http_types_fields_from_list(call, entries, ret, &error), &error);
}

int host_older_rc20231018_fields_set(struct component_call *call, struct host_http_types_fields *self,
                                     struct sw_str name, struct host_list_str value)
{
    struct host_http_types_header_error error;
    return or_trap(call, host_http_types_fields_set(call, self, name, value, &error), &error);
}

int host_older_rc20231018_fields_delete(struct component_call *call, struct host_http_types_fields *self,
                                        struct sw_str name)
{
    struct host_http_types_header_error error;
    return or_trap(call, host_http_types_fields_delete(call, self, name, &error), &error);
}

int host_older_rc20231018_fields_append(struct component_call *call, struct host_http_types_fields *self,
                                        struct sw_str name, struct sw_str value)
{
    struct host_http_types_header_error error;
    return or_trap(call, host_http_types_fields_append(call, self, name, value, &error), &error);
}

/* ---- wasi:http: errors ---- */

/* What today's cases are called, in their order; it had four words and a text. */
static const char *const case_names[] = {
    "DNS-timeout",
    "DNS-error",
    "destination-not-found",
    "destination-unavailable",
    "destination-IP-prohibited",
    "destination-IP-unroutable",
    "connection-refused",
    "connection-terminated",
    "connection-timeout",
    "connection-read-timeout",
    "connection-write-timeout",
    "connection-limit-reached",
    "TLS-protocol-error",
    "TLS-certificate-error",
    "TLS-alert-received",
    "HTTP-request-denied",
    "HTTP-request-length-required",
    "HTTP-request-body-size",
    "HTTP-request-method-invalid",
    "HTTP-request-URI-invalid",
    "HTTP-request-URI-too-long",
    "HTTP-request-header-section-size",
    "HTTP-request-header-size",
    "HTTP-request-trailer-section-size",
    "HTTP-request-trailer-size",
    "HTTP-response-incomplete",
    "HTTP-response-header-section-size",
    "HTTP-response-header-size",
    "HTTP-response-body-size",
    "HTTP-response-trailer-section-size",
    "HTTP-response-trailer-size",
    "HTTP-response-transfer-coding",
    "HTTP-response-content-coding",
    "HTTP-response-timeout",
    "HTTP-upgrade-failed",
    "HTTP-protocol-error",
    "loop-detected",
    "configuration-error",
    "internal-error",
};
_Static_assert(sizeof case_names / sizeof *case_names == HOST_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR + 1,
               "the table follows the variant");

static struct host_older_rc20231018_error error_of(const struct host_http_types_error_code *code)
{
    struct host_older_rc20231018_error error = {.tag = HOST_OLDER_RC20231018_ERROR_UNEXPECTED_ERROR};
    error.unexpected_error = sw_str_of(case_names[code->tag]);
    return error;
}

/* ---- wasi:http: messages ---- */

static int set_parts(struct component_call *call, struct host_http_types_outgoing_request *request,
                     struct host_http_types_method method, struct host_option_str path,
                     struct host_option_http_types_scheme scheme, struct host_option_str authority)
{
    const char *what = "method";
    int rc = host_http_types_outgoing_request_set_method(call, request, method);
    if (rc == 0) {
        what = "path-with-query";
        rc = host_http_types_outgoing_request_set_path_with_query(call, request, path);
    }
    if (rc == 0) {
        what = "scheme";
        rc = host_http_types_outgoing_request_set_scheme(call, request, scheme);
    }
    if (rc == 0) {
        what = "authority";
        rc = host_http_types_outgoing_request_set_authority(call, request, authority);
    }
    return rc == HOST_WIT_ERROR ? host_trap(call, "an outgoing-request's %s is invalid", what) : rc;
}

int host_older_rc20231018_outgoing_request_new(
    struct component_call *call, struct host_http_types_method method, struct host_option_str path_with_query,
    struct host_option_http_types_scheme scheme, struct host_option_str authority,
    struct host_http_types_fields *headers, struct host_http_types_outgoing_request **ret)
{
    struct host_http_types_fields *copy = NULL;
    struct host_http_types_outgoing_request *request = NULL;
    int rc = host_http_types_fields_clone(call, headers, &copy);
    if (rc == 0)
        rc = host_http_types_outgoing_request_new(call, copy, &request);
    if (rc < 0)
        return rc;
    rc = set_parts(call, request, method, path_with_query, scheme, authority);
    if (rc < 0)
        host_http_types_outgoing_request_drop(host_of(call), request);
    else
        *ret = request;
    return rc;
}

int host_older_rc20231018_outgoing_response_new(struct component_call *call, uint16_t status_code,
                                                struct host_http_types_fields *headers,
                                                struct host_http_types_outgoing_response **ret)
{
    struct host_http_types_fields *copy = NULL;
    struct host_http_types_outgoing_response *response = NULL;
    int rc = host_http_types_fields_clone(call, headers, &copy);
    if (rc == 0)
        rc = host_http_types_outgoing_response_new(call, copy, &response);
    if (rc < 0)
        return rc;
    rc = host_http_types_outgoing_response_set_status_code(call, response, status_code);
    if (rc == 0) {
        *ret = response;
        return 0;
    }
    host_http_types_outgoing_response_drop(host_of(call), response);
    return rc < 0 ? rc : host_trap(call, "an outgoing-response's status %u is invalid", status_code);
}

int host_older_rc20231018_outgoing_body_finish_wait(struct component_call *call,
                                                    struct host_http_types_outgoing_body *this,
                                                    struct host_option_http_types_fields trailers)
{
    struct host_http_types_error_code error;
    int rc = host_http_types_outgoing_body_finish_wait(call, this, trailers, &error);
    return rc == HOST_WIT_ERROR ? host_trap(call, "outgoing-body.finish: %s", case_names[error.tag]) : rc;
}

int host_older_rc20231018_response_outparam_set_wait(
    struct component_call *call, struct host_http_types_response_outparam *param,
    struct host_result_http_types_outgoing_response_older_rc20231018_error response)
{
    struct host_result_http_types_outgoing_response_http_types_error_code now = {.is_err = response.is_err};
    if (response.is_err)
        now.err = (struct host_http_types_error_code){
            .tag = HOST_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR,
            .internal_error = {.has = true,
                               .value = response.err.unexpected_error}}; /* each case has a text */
    else
        now.ok = response.ok;
    return host_http_types_response_outparam_set_wait(call, param, now);
}

int host_older_rc20231018_future_trailers_get(
    struct component_call *call, struct host_http_types_future_trailers *self,
    struct host_option_result_http_types_fields_older_rc20231018_error *ret)
{
    struct host_option_result_option_http_types_fields_http_types_error_code now; /* as it was next */
    int rc = host_older_rc20231110_future_trailers_get(call, self, &now);
    if (rc < 0)
        return rc;
    ret->has = now.has;
    if (!now.has)
        return 0;
    ret->value.is_err = now.value.is_err;
    if (now.value.is_err)
        ret->value.err = error_of(&now.value.err);
    else if (now.value.ok.has)
        ret->value.ok = now.value.ok.value;
    else
        return host_http_types_fields_new(call, &ret->value.ok); /* it could not say that there are none */
    return 0;
}

int host_older_rc20231018_future_incoming_response_get(
    struct component_call *call, struct host_http_types_future_incoming_response *self,
    struct host_option_result_result_http_types_incoming_response_older_rc20231018_error_void *ret)
{
    struct host_option_result_result_http_types_incoming_response_http_types_error_code_void now;
    int rc = host_http_types_future_incoming_response_get(call, self, &now);
    if (rc < 0)
        return rc;
    ret->has = now.has;
    ret->value.is_err = now.has && now.value.is_err;
    if (!now.has || now.value.is_err)
        return 0;
    ret->value.ok.is_err = now.value.ok.is_err;
    if (now.value.ok.is_err)
        ret->value.ok.err = error_of(&now.value.ok.err);
    else
        ret->value.ok.ok = now.value.ok.ok;
    return 0;
}

static struct host_option_u64 nanoseconds(struct host_option_u32 ms)
{
    return (struct host_option_u64){.has = ms.has, .value = (uint64_t)ms.value * 1000000};
}

static int options_new(struct component_call *call, const struct host_older_rc20231018_request_options *from,
                       struct host_http_types_request_options **ret)
{
    int rc = host_http_types_request_options_new(call, ret);
    if (rc == 0)
        rc = host_http_types_request_options_set_connect_timeout(call, *ret,
                                                                 nanoseconds(from->connect_timeout_ms));
    if (rc == 0)
        rc = host_http_types_request_options_set_first_byte_timeout(call, *ret,
                                                                    nanoseconds(from->first_byte_timeout_ms));
    if (rc == 0)
        rc = host_http_types_request_options_set_between_bytes_timeout(
            call, *ret, nanoseconds(from->between_bytes_timeout_ms));
    return rc;
}

int host_older_rc20231018_handle(struct component_call *call,
                                 struct host_http_types_outgoing_request *request,
                                 struct host_option_older_rc20231018_request_options options,
                                 struct host_http_types_future_incoming_response **ret,
                                 struct host_older_rc20231018_error *ret_error)
{
    struct host_option_http_types_request_options now = {.has = options.has};
    struct host_http_types_error_code error;
    int rc = options.has ? options_new(call, &options.value, &now.value) : 0;
    if (rc < 0) {
        host_http_types_outgoing_request_drop(host_of(call), request);
        return rc;
    }
    rc = host_http_outgoing_handler_handle(call, request, now, ret, &error);
    if (rc == HOST_WIT_ERROR)
        *ret_error = error_of(&error);
    return rc;
}
