/* inbound_http.c - fermyon:spin/inbound-http: a request as one value, and a response out of one.  Room: host.
 *
 * source: spin.md 2.4, 2.3; the records are those of wit/fermyon-spin.wit, their members in its order */
#include "component/value.h"
#include "host/host_internal.h"
#include "host/limits.h"

static const struct sw_str methods[] = {
    /* in the order of the enum */
    SW_LIT_INIT("GET"),   SW_LIT_INIT("POST"), SW_LIT_INIT("PUT"),     SW_LIT_INIT("DELETE"),
    SW_LIT_INIT("PATCH"), SW_LIT_INIT("HEAD"), SW_LIT_INIT("OPTIONS"),
};
#define METHOD_COUNT (sizeof methods / sizeof *methods)

static int no_memory(struct sw_err *err)
{
    return sw_fail(err, SW_ENOMEM, "no memory for a request as one value");
}

/* ---- the request ---- */

static int uri_of(struct host *host, struct sw_str *ret, struct sw_err *err)
{
    const struct http_request *head = http_exchange_request(host->http.exchange);
    *ret = head->path;
    if (!head->has_query)
        return 0;
    const char *text =
        sw_arena_printf(&host->arena, SW_FMT "?" SW_FMT, SW_ARG(head->path), SW_ARG(head->query));
    if (!text)
        return no_memory(err);
    *ret = sw_str_of(text);
    return 0;
}

static int headers_of(struct host *host, struct component_value *ret, struct sw_err *err)
{
    struct host_field *fields = NULL;
    uint32_t count = 0;
    int rc = host_http_request_fields(host, &fields, &count, err);
    if (rc < 0)
        return rc;
    struct component_value *tuples = SW_ARENA_ARRAY(&host->arena, count, struct component_value);
    struct component_value *texts = SW_ARENA_ARRAY(&host->arena, (size_t)count * 2, struct component_value);
    if (!tuples || !texts)
        return no_memory(err);
    for (uint32_t i = 0; i < count; i++) {
        if (!sw_utf8_valid(fields[i].value))
            return sw_fail(err, SW_EINPUT, "the request's field '" SW_FMT "' is no UTF-8",
                           SW_ARG(fields[i].name));
        texts[2 * i].text = fields[i].name;
        texts[2 * i + 1].text = fields[i].value;
        tuples[i].list.items = &texts[2 * i];
        tuples[i].list.count = 2;
    }
    ret->list.items = tuples;
    ret->list.count = count;
    return 0;
}

int host_inbound_request(struct host *host, struct sw_str body, struct component_value *ret,
                         struct sw_err *err)
{
    const struct sw_str method = http_exchange_request(host->http.exchange)->method;
    uint32_t index = 0;
    while (index < METHOD_COUNT && !sw_str_eq(methods[index], method))
        index++;
    if (index == METHOD_COUNT)
        return SW_ABSENT;
    enum { METHOD, URI, HEADERS, PARAMS, BODY, MEMBER_COUNT };
    struct component_value *members = SW_ARENA_ARRAY(&host->arena, MEMBER_COUNT + 1, struct component_value);
    if (!members)
        return no_memory(err);
    struct component_value *payload = &members[MEMBER_COUNT];
    members[METHOD].variant.index = index;
    int rc = uri_of(host, &members[URI].text, err);
    if (rc == 0)
        rc = headers_of(host, &members[HEADERS], err);
    if (rc < 0)
        return rc;
    members[PARAMS].list.count = 0; /* Spin passes none any more */
    payload->text = body;
    members[BODY].variant.index = 1;
    members[BODY].variant.payload = payload;
    ret->list.items = members;
    ret->list.count = MEMBER_COUNT;
    return 0;
}

/* ---- the response ---- */

static int fields_of(struct host *host, const struct component_value *list, struct host_inbound_response *ret,
                     struct sw_err *err)
{
    size_t bytes = 0;
    if (list->list.count > HOST_FIELDS_BYTES_MAX / HOST_FIELD_OVERHEAD)
        return sw_fail(err, SW_ELIMIT, "the response has %llu fields, expected at most %u",
                       (unsigned long long)list->list.count, HOST_FIELDS_BYTES_MAX / HOST_FIELD_OVERHEAD);
    size_t count = (size_t)list->list.count;
    struct http_field *fields = SW_ARENA_ARRAY(&host->arena, count, struct http_field);
    if (!fields)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const struct component_value *pair = list->list.items[i].list.items;
        struct sw_str name = pair[0].text, value = sw_str_trim(pair[1].text, SW_LIT(" \t"));
        if (!http_is_token(name) || !http_is_field_value(value))
            return sw_fail(err, SW_EINPUT, "the response's field '" SW_FMT "' has a bad name or value",
                           SW_ARG(sw_str_head(name, 64)));
        bytes += name.n + value.n + HOST_FIELD_OVERHEAD; /* each is in memory: no overflow */
        if (bytes > HOST_FIELDS_BYTES_MAX)
            return sw_fail(err, SW_ELIMIT, "the response's fields are over %u bytes", HOST_FIELDS_BYTES_MAX);
        if (!host_fields_forbidden(name) && !sw_str_eq_nocase(name, SW_LIT("content-length")))
            fields[ret->field_count++] = (struct http_field){name, value};
    }
    ret->fields = fields;
    return 0;
}

int host_inbound_response(struct host *host, const struct component_value *result,
                          struct host_inbound_response *ret, struct sw_err *err)
{
    const struct component_value *members = result->list.items; /* status, headers, body */
    struct host_inbound_response response = {.status = (uint16_t)members[0].u64};
    if (response.status < 100 || response.status > 600)
        return sw_fail(err, SW_EINPUT, "the response's status is %u, expected 100 to 600", response.status);
    int rc = members[1].variant.index ? fields_of(host, members[1].variant.payload, &response, err) : 0;
    if (rc < 0)
        return rc;
    if (members[2].variant.index)
        response.body = members[2].variant.payload->text;
    *ret = response;
    return 0;
}
