/* p3_http_fields.c - wasi:http/types@0.3: fields and request-options.  Room: host. */
#include "host/host_internal.h"
#include "host/wasi3/p3_http.h"

static struct host_http_types_fields *old(struct host_p3_http_types_fields *fields)
{
    return (struct host_http_types_fields *)fields; /* the same object */
}

/* 0.3 has 0.2's cases first. */
static int outcome(int rc, struct host_http_types_header_error code,
                   struct host_p3_http_types_header_error *ret_error)
{
    if (rc == HOST_WIT_ERROR)
        ret_error->tag = (enum host_p3_http_types_header_error_tag)code.tag;
    return rc;
}

void host_p3_http_types_fields_drop(void *owner, void *object)
{
    host_http_types_fields_drop(owner, object);
}

int host_p3_http_types_fields_new(struct component_call *call, struct host_p3_http_types_fields **ret)
{
    struct host_http_types_fields *fields = NULL;
    int rc = host_http_types_fields_new(call, &fields);
    *ret = (struct host_p3_http_types_fields *)fields;
    return rc;
}

int host_p3_http_types_fields_from_list(struct component_call *call, struct host_list_tuple_str_str entries,
                                        struct host_p3_http_types_fields **ret,
                                        struct host_p3_http_types_header_error *ret_error)
{
    struct host_http_types_fields *fields = NULL;
    struct host_http_types_header_error code = {0};
    int rc = host_http_types_fields_from_list(call, entries, &fields, &code);
    *ret = (struct host_p3_http_types_fields *)fields;
    return outcome(rc, code, ret_error);
}

int host_p3_http_types_fields_get(struct component_call *call, struct host_p3_http_types_fields *self,
                                  struct sw_str name, struct host_list_str *ret)
{
    return host_http_types_fields_get(call, old(self), name, ret);
}

int host_p3_http_types_fields_has(struct component_call *call, struct host_p3_http_types_fields *self,
                                  struct sw_str name, bool *ret)
{
    return host_http_types_fields_has(call, old(self), name, ret);
}

int host_p3_http_types_fields_set(struct component_call *call, struct host_p3_http_types_fields *self,
                                  struct sw_str name, struct host_list_str value,
                                  struct host_p3_http_types_header_error *ret_error)
{
    struct host_http_types_header_error code = {0};
    return outcome(host_http_types_fields_set(call, old(self), name, value, &code), code, ret_error);
}

int host_p3_http_types_fields_delete(struct component_call *call, struct host_p3_http_types_fields *self,
                                     struct sw_str name, struct host_p3_http_types_header_error *ret_error)
{
    struct host_http_types_header_error code = {0};
    return outcome(host_http_types_fields_delete(call, old(self), name, &code), code, ret_error);
}

int host_p3_http_types_fields_get_and_delete(struct component_call *call,
                                             struct host_p3_http_types_fields *self, struct sw_str name,
                                             struct host_list_str *ret,
                                             struct host_p3_http_types_header_error *ret_error)
{
    struct sw_arena *scratch = component_call_scratch(call);
    struct host_list_str found;
    struct sw_err err;
    int rc = host_http_types_fields_get(call, old(self), name, &found);
    if (rc < 0)
        return rc;
    ret->items = SW_ARENA_ARRAY(scratch, found.n, struct sw_str);
    ret->n = found.n;
    for (size_t i = 0; ret->items && i < found.n; i++) /* they go with their fields */
        if (sw_arena_copy(scratch, found.items[i], &ret->items[i], &err) < 0)
            return host_trap(call, "%s", err.text);
    if (!ret->items)
        return host_trap(call, "no memory for %zu values", found.n);
    return host_p3_http_types_fields_delete(call, self, name, ret_error);
}

int host_p3_http_types_fields_append(struct component_call *call, struct host_p3_http_types_fields *self,
                                     struct sw_str name, struct sw_str value,
                                     struct host_p3_http_types_header_error *ret_error)
{
    struct host_http_types_header_error code = {0};
    for (const struct host_field *entry = old(self)->first; entry; entry = entry->next) {
        if (sw_str_eq_nocase(entry->name, name)) { /* a name has one spelling: the first */
            name = entry->name;
            break;
        }
    }
    return outcome(host_http_types_fields_append(call, old(self), name, value, &code), code, ret_error);
}

int host_p3_http_types_fields_copy_all(struct component_call *call, struct host_p3_http_types_fields *self,
                                       struct host_list_tuple_str_str *ret)
{
    return host_http_types_fields_entries(call, old(self), ret);
}

int host_p3_http_types_fields_clone(struct component_call *call, struct host_p3_http_types_fields *self,
                                    struct host_p3_http_types_fields **ret)
{
    struct host_http_types_fields *fields = NULL;
    int rc = host_http_types_fields_clone(call, old(self), &fields);
    *ret = (struct host_p3_http_types_fields *)fields;
    return rc;
}

/* ---- request-options ---- */

int host_p3_http_types_request_options_new(struct component_call *call,
                                           struct host_p3_http_types_request_options **ret)
{
    *ret = HOST_NEW(call, struct host_p3_http_types_request_options);
    return *ret ? 0 : -SW_EGUEST;
}

void host_p3_http_types_request_options_drop(void *owner, void *object)
{
    struct host_p3_http_types_request_options *options = object;
    HOST_FREE((struct host *)owner, options);
}

int host_p3_http_types_request_options_clone(struct component_call *call,
                                             struct host_p3_http_types_request_options *self,
                                             struct host_p3_http_types_request_options **ret)
{
    int rc = host_p3_http_types_request_options_new(call, ret);
    if (rc == 0)
        (*ret)->old = self->old;
    return rc;
}

static int set(struct host_p3_http_types_request_options *self, struct host_option_u64 *member,
               struct host_option_u64 duration, struct host_p3_http_types_request_options_error *ret_error)
{
    if (self->immutable) {
        ret_error->tag = HOST_P3_HTTP_TYPES_REQUEST_OPTIONS_ERROR_IMMUTABLE;
        return HOST_WIT_ERROR;
    }
    *member = duration;
    return 0;
}

#define OPTION(name, member)                                                                                 \
    int host_p3_http_types_request_options_get_##name(struct component_call *call,                           \
                                                      struct host_p3_http_types_request_options *self,       \
                                                      struct host_option_u64 *ret)                           \
    {                                                                                                        \
        (void)call;                                                                                          \
        *ret = self->old.member;                                                                             \
        return 0;                                                                                            \
    }                                                                                                        \
    int host_p3_http_types_request_options_set_##name(                                                       \
        struct component_call *call, struct host_p3_http_types_request_options *self,                        \
        struct host_option_u64 duration, struct host_p3_http_types_request_options_error *ret_error)         \
    {                                                                                                        \
        (void)call;                                                                                          \
        return set(self, &self->old.member, duration, ret_error);                                            \
    }
OPTION(connect_timeout, connect)
OPTION(first_byte_timeout, first_byte)
OPTION(between_bytes_timeout, between_bytes)
