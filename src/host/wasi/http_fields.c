/* http_fields.c - wasi:http/types fields: an ordered list of names and values.  Room: host.
 *
 * Names keep the spelling they were given and compare without case. What is wrong is told in Wasmtime's order: name syntax, forbidden name,
 * value syntax, then immutability.
 *
 * Invariants
 *  1. A mutable list owns its entries, each one piece of memory with its text. An immutable one may be shared (refs) or view the request.
 *  2. bytes is the sum of name, value and HOST_FIELD_OVERHEAD over all entries, at most HOST_FIELDS_BYTES_MAX while mutable. */
#include <assert.h>

#include "engine/engine.h"
#include "host/host_internal.h"
#include "host/limits.h"

static size_t entry_bytes(struct sw_str name, struct sw_str value)
{
    return name.n + value.n + HOST_FIELD_OVERHEAD;
}

static void entry_free(struct host *host, struct host_field *entry)
{
    host_object_free(&host->objects, entry, sizeof *entry + entry->name.n + entry->value.n);
}

struct host_http_types_fields *host_fields_ref(struct host_http_types_fields *fields)
{
    assert(fields->immutable);
    fields->refs++;
    return fields;
}

void host_fields_unref(struct host *host, struct host_http_types_fields *fields)
{
    if (!fields || --fields->refs)
        return;
    while (fields->first && !fields->views) {
        struct host_field *entry = fields->first;
        fields->first = entry->next;
        entry_free(host, entry);
    }
    HOST_FREE(host, fields);
}

void host_http_types_fields_drop(void *owner, void *object)
{
    host_fields_unref(owner, object);
}

static struct host_http_types_fields *fields_new(struct component_call *call)
{
    struct host_http_types_fields *fields = HOST_NEW(call, struct host_http_types_fields);
    if (fields)
        fields->refs = 1;
    return fields;
}

struct host_http_types_fields *host_fields_view(struct component_call *call, struct host_field *entries,
                                                uint32_t count)
{
    struct host_http_types_fields *fields = fields_new(call);
    if (!fields)
        return NULL;
    fields->immutable = true;
    fields->views = true;
    fields->count = count;
    fields->first = count ? entries : NULL;
    for (uint32_t i = 0; i < count; i++) {
        entries[i].next = i + 1 < count ? &entries[i + 1] : NULL;
        fields->bytes += entry_bytes(entries[i].name, entries[i].value);
    }
    return fields;
}

/* ---- rules ---- */

bool host_fields_forbidden(struct sw_str name)
{
    static const struct sw_str names[] = {
        /* spin.md 4.7: the connection's business, not the guest's */
        SW_LIT_INIT("connection"),
        SW_LIT_INIT("host"),
        SW_LIT_INIT("http2-settings"),
        SW_LIT_INIT("keep-alive"),
        SW_LIT_INIT("proxy-authenticate"),
        SW_LIT_INIT("proxy-authorization"),
        SW_LIT_INIT("proxy-connection"),
        SW_LIT_INIT("transfer-encoding"),
        SW_LIT_INIT("upgrade"),
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sw_str_eq_nocase(name, names[i]))
            return true;
    return false;
}

/* RFC 9110 5.5: white space around a value is not part of it, so it is taken and left out when sent. */
static struct sw_str trimmed(struct sw_str value)
{
    return sw_str_trim(value, SW_LIT(" \t"));
}

static bool value_ok(struct sw_str value)
{
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static int refuse(struct host_http_types_header_error *ret, enum host_http_types_header_error_tag tag)
{
    ret->tag = tag;
    return HOST_WIT_ERROR;
}

static int name_check(struct sw_str name, struct host_http_types_header_error *ret)
{
    if (!http_is_token(name))
        return refuse(ret, HOST_HTTP_TYPES_HEADER_ERROR_INVALID_SYNTAX);
    if (host_fields_forbidden(name))
        return refuse(ret, HOST_HTTP_TYPES_HEADER_ERROR_FORBIDDEN);
    return 0;
}

/* ---- changing ---- */

static int append(struct component_call *call, struct host_http_types_fields *fields, struct sw_str name,
                  struct sw_str value)
{
    size_t bytes = entry_bytes(name, value);
    if (bytes > HOST_FIELDS_BYTES_MAX - fields->bytes)
        return host_trap(call, "fields are over %u bytes", HOST_FIELDS_BYTES_MAX);
    struct host_field *entry = host_new_object(call, sizeof *entry + name.n + value.n);
    if (!entry)
        return -SW_EGUEST;
    if (name.n)
        memcpy(entry->text, name.p, name.n);
    if (value.n)
        memcpy(entry->text + name.n, value.p, value.n);
    entry->name = sw_str(entry->text, name.n);
    entry->value = sw_str(entry->text + name.n, value.n);
    if (fields->last)
        fields->last->next = entry;
    else
        fields->first = entry;
    fields->last = entry;
    fields->count++;
    fields->bytes += bytes;
    return 0;
}

static void remove_all(struct host *host, struct host_http_types_fields *fields, struct sw_str name)
{
    struct host_field **at = &fields->first;
    fields->last = NULL;
    while (*at) {
        struct host_field *entry = *at;
        if (sw_str_eq_nocase(entry->name, name)) {
            *at = entry->next;
            fields->count--;
            fields->bytes -= entry_bytes(entry->name, entry->value);
            entry_free(host, entry);
        } else {
            fields->last = entry;
            at = &entry->next;
        }
    }
}

int host_http_types_fields_new(struct component_call *call, struct host_http_types_fields **ret)
{
    *ret = fields_new(call);
    return *ret ? 0 : -SW_EGUEST;
}

static int append_all(struct component_call *call, struct host_http_types_fields *fields,
                      const struct host_list_tuple_str_str *entries,
                      struct host_http_types_header_error *ret_error)
{
    for (size_t i = 0; i < entries->n; i++) {
        int rc = name_check(entries->items[i].f0, ret_error);
        if (rc == 0 && !value_ok(entries->items[i].f1))
            rc = refuse(ret_error, HOST_HTTP_TYPES_HEADER_ERROR_INVALID_SYNTAX);
        if (rc == 0)
            rc = append(call, fields, entries->items[i].f0, entries->items[i].f1);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int host_http_types_fields_from_list(struct component_call *call, struct host_list_tuple_str_str entries,
                                     struct host_http_types_fields **ret,
                                     struct host_http_types_header_error *ret_error)
{
    struct host_http_types_fields *fields = fields_new(call);
    if (!fields)
        return -SW_EGUEST;
    int rc = append_all(call, fields, &entries, ret_error);
    if (rc != 0) {
        host_fields_unref(host_of(call), fields);
        return rc;
    }
    *ret = fields;
    return 0;
}

int host_http_types_fields_set(struct component_call *call, struct host_http_types_fields *self,
                               struct sw_str name, struct host_list_str value,
                               struct host_http_types_header_error *ret_error)
{
    int rc = name_check(name, ret_error);
    for (size_t i = 0; rc == 0 && i < value.n; i++)
        if (!value_ok(value.items[i]))
            rc = refuse(ret_error, HOST_HTTP_TYPES_HEADER_ERROR_INVALID_SYNTAX);
    if (rc == 0 && self->immutable)
        rc = refuse(ret_error, HOST_HTTP_TYPES_HEADER_ERROR_IMMUTABLE);
    if (rc != 0)
        return rc;
    remove_all(host_of(call), self, name);
    for (size_t i = 0; rc == 0 && i < value.n; i++)
        rc = append(call, self, name, value.items[i]);
    return rc;
}

int host_http_types_fields_delete(struct component_call *call, struct host_http_types_fields *self,
                                  struct sw_str name, struct host_http_types_header_error *ret_error)
{
    int rc = name_check(name, ret_error);
    if (rc == 0 && self->immutable)
        rc = refuse(ret_error, HOST_HTTP_TYPES_HEADER_ERROR_IMMUTABLE);
    if (rc == 0)
        remove_all(host_of(call), self, name);
    return rc;
}

int host_http_types_fields_append(struct component_call *call, struct host_http_types_fields *self,
                                  struct sw_str name, struct sw_str value,
                                  struct host_http_types_header_error *ret_error)
{
    int rc = name_check(name, ret_error);
    if (rc == 0 && !value_ok(value))
        rc = refuse(ret_error, HOST_HTTP_TYPES_HEADER_ERROR_INVALID_SYNTAX);
    if (rc == 0 && self->immutable)
        rc = refuse(ret_error, HOST_HTTP_TYPES_HEADER_ERROR_IMMUTABLE);
    return rc == 0 ? append(call, self, name, value) : rc;
}

/* ---- reading ---- */

int host_http_types_fields_get(struct component_call *call, struct host_http_types_fields *self,
                               struct sw_str name, struct host_list_str *ret)
{
    struct sw_str *items = host_scratch(call, self->count, sizeof *items);
    if (!items)
        return -SW_EGUEST;
    size_t n = 0;
    for (const struct host_field *entry = self->first; entry; entry = entry->next)
        if (sw_str_eq_nocase(entry->name, name))
            items[n++] = entry->value;
    *ret = (struct host_list_str){items, n};
    return 0;
}

int host_http_types_fields_has(struct component_call *call, struct host_http_types_fields *self,
                               struct sw_str name, bool *ret)
{
    (void)call;
    const struct host_field *entry = self->first;
    while (entry && !sw_str_eq_nocase(entry->name, name))
        entry = entry->next;
    *ret = entry != NULL;
    return 0;
}

int host_http_types_fields_entries(struct component_call *call, struct host_http_types_fields *self,
                                   struct host_list_tuple_str_str *ret)
{
    struct host_tuple_str_str *items = host_scratch(call, self->count, sizeof *items);
    if (!items)
        return -SW_EGUEST;
    size_t n = 0;
    for (const struct host_field *entry = self->first; entry; entry = entry->next)
        items[n++] = (struct host_tuple_str_str){entry->name, entry->value};
    *ret = (struct host_list_tuple_str_str){items, n};
    return 0;
}

int host_http_types_fields_clone(struct component_call *call, struct host_http_types_fields *self,
                                 struct host_http_types_fields **ret)
{
    struct host_http_types_fields *copy = fields_new(call);
    if (!copy)
        return -SW_EGUEST;
    for (const struct host_field *entry = self->first; entry; entry = entry->next) {
        int rc = append(call, copy, entry->name, entry->value);
        if (rc < 0) {
            host_fields_unref(host_of(call), copy);
            return rc;
        }
    }
    *ret = copy;
    return 0;
}

/* ---- for messages ---- */

int host_fields_content_length(const struct host_http_types_fields *fields, uint64_t *ret)
{
    int rc = SW_ABSENT;
    uint64_t first = 0;
    for (const struct host_field *entry = fields->first; entry; entry = entry->next) {
        uint64_t value;
        if (!sw_str_eq_nocase(entry->name, SW_LIT("content-length")))
            continue;
        if (!sw_str_to_u64(trimmed(entry->value), UINT64_MAX - 1, &value) || (rc == 0 && value != first))
            return SW_END;
        first = value;
        rc = 0;
    }
    if (rc == 0)
        *ret = first;
    return rc;
}

/* As they are sent: what is the connection's business is left out. */
static uint32_t list_fill(const struct host_http_types_fields *fields, struct http_field *items)
{
    uint32_t n = 0;
    for (const struct host_field *entry = fields->first; entry; entry = entry->next)
        if (!host_fields_forbidden(entry->name) && !sw_str_eq_nocase(entry->name, SW_LIT("content-length")))
            items[n++] = (struct http_field){entry->name, trimmed(entry->value)};
    return n;
}

struct http_field *host_fields_array_room(struct component_call *call,
                                          const struct host_http_types_fields *fields, uint32_t room,
                                          uint32_t *ret_count)
{
    struct http_field *items = host_scratch(call, (size_t)fields->count + room, sizeof *items);
    if (items)
        *ret_count = list_fill(fields, items);
    return items;
}

int host_fields_list(struct host *host, const struct host_http_types_fields *fields, struct http_field **ret,
                     uint32_t *ret_count, struct sw_err *err)
{
    *ret = SW_ARENA_ARRAY(&host->arena, fields->count, struct http_field);
    if (!*ret)
        return sw_fail(err, SW_ENOMEM, "no memory for %u fields", fields->count);
    *ret_count = list_fill(fields, *ret);
    return 0;
}

struct http_field *host_fields_array(struct component_call *call, const struct host_http_types_fields *fields,
                                     uint32_t *ret_count)
{
    return host_fields_array_room(call, fields, 0, ret_count);
}

/* The name of the entry that was appended last. */
static void lower_last(struct host_http_types_fields *fields)
{
    struct host_field *entry = fields->last;
    for (size_t i = 0; i < entry->name.n; i++)
        if (entry->text[i] >= 'A' && entry->text[i] <= 'Z')
            entry->text[i] = (char)(entry->text[i] | 0x20);
}

int host_fields_collect(struct component_call *call,
                        bool (*next)(void *arg, uint32_t i, struct http_field *ret), void *arg,
                        struct host_http_types_fields **ret)
{
    struct host_http_types_fields *fields = fields_new(call);
    struct http_field field;
    int rc = 0;
    if (!fields)
        return -SW_EGUEST;
    for (uint32_t i = 0; rc == 0 && next(arg, i, &field); i++) {
        if (host_fields_forbidden(field.name))
            continue;
        if (entry_bytes(field.name, field.value) > HOST_FIELDS_BYTES_MAX - fields->bytes) {
            rc = SW_ABSENT;
            continue;
        }
        rc = append(call, fields, field.name, field.value);
        if (rc == 0)
            lower_last(fields);
    }
    if (rc != 0) {
        host_fields_unref(host_of(call), fields);
        return rc;
    }
    fields->immutable = true;
    *ret = fields;
    return 0;
}
