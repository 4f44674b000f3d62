/* older_20231110.c - what WASI 0.2.0-rc-2023-11-10 had in another form.  Room: host. */
#include "engine/engine.h"
#include "host/bindings/older_rc20231110.h"
#include "host/host_internal.h"

/* Named so, and of the type `duration`: nanoseconds, as today. */
int host_older_rc20231110_set_connect_timeout_ms(struct component_call *call,
                                                 struct host_http_types_request_options *self,
                                                 struct host_option_u64 ms)
{
    return host_http_types_request_options_set_connect_timeout(call, self, ms);
}

int host_older_rc20231110_set_first_byte_timeout_ms(struct component_call *call,
                                                    struct host_http_types_request_options *self,
                                                    struct host_option_u64 ms)
{
    return host_http_types_request_options_set_first_byte_timeout(call, self, ms);
}

int host_older_rc20231110_set_between_bytes_timeout_ms(struct component_call *call,
                                                       struct host_http_types_request_options *self,
                                                       struct host_option_u64 ms)
{
    return host_http_types_request_options_set_between_bytes_timeout(call, self, ms);
}

int host_older_rc20231110_future_trailers_get(
    struct component_call *call, struct host_http_types_future_trailers *self,
    struct host_option_result_option_http_types_fields_http_types_error_code *ret)
{
    struct host_option_result_result_option_http_types_fields_http_types_error_code_void now;
    int rc = host_http_types_future_trailers_get(call, self, &now);
    if (rc < 0)
        return rc;
    if (now.has && now.value.is_err)
        return host_trap(call, "the trailers were taken already");
    ret->has = now.has;
    ret->value = now.value.ok;
    return 0;
}
