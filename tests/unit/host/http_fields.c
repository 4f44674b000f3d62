/* http_fields.c - wasi:http/types fields.  Tests: host. */
#include "base/alloc.h"
#include "check.h"
#include "fake.h"
#include "host/limits.h"

enum op { SET, APPEND, DELETE, LIST };
static const char *const op_names[] = {"set", "append", "delete", "from-list"};

/* "name=value|name=value": what entries gives. */
static void check_entries(struct fake *fake, struct host_http_types_fields *fields, const char *want)
{
    struct host_list_tuple_str_str list;
    struct sw_err err;
    sw_auto_buf text = SW_BUF(1u << 20);
    CHECK_INT(host_http_types_fields_entries(&fake->call, fields, &list), 0);
    for (size_t i = 0; i < list.n; i++)
        CHECK_OK(sw_buf_printf(&text, &err, "%s" SW_FMT "=" SW_FMT, i ? "|" : "", SW_ARG(list.items[i].f0),
                               SW_ARG(list.items[i].f1)),
                 &err);
    CHECK_STR(sw_buf_str(&text), want);
}

static struct host_http_types_fields *make(struct fake *fake, const char *text)
{
    struct host_http_types_fields *fields;
    struct host_http_types_header_error error;
    struct sw_str rest = sw_str_of(text);
    CHECK_INT(host_http_types_fields_new(&fake->call, &fields), 0);
    while (rest.n) {
        size_t end = sw_str_find(rest, '|');
        struct sw_str one = sw_str_head(rest, end);
        size_t at = sw_str_find(one, '=');
        CHECK_INT(host_http_types_fields_append(&fake->call, fields, sw_str_head(one, at),
                                                sw_str_from(one, at + 1), &error),
                  0);
        rest = end == SW_NPOS ? sw_str(NULL, 0) : sw_str_from(rest, end + 1);
    }
    return fields;
}

static int apply(struct fake *fake, enum op op, struct host_http_types_fields *fields, struct sw_str name,
                 struct sw_str value, struct host_http_types_header_error *error)
{
    struct host_tuple_str_str entry = {name, value};
    struct host_http_types_fields *made;
    int rc;
    switch (op) {
    case SET:
        return host_http_types_fields_set(&fake->call, fields, name, (struct host_list_str){&value, 1},
                                          error);
    case APPEND:
        return host_http_types_fields_append(&fake->call, fields, name, value, error);
    case DELETE:
        return host_http_types_fields_delete(&fake->call, fields, name, error);
    case LIST:
        break;
    }
    rc = host_http_types_fields_from_list(&fake->call, (struct host_list_tuple_str_str){&entry, 1}, &made,
                                          error);
    if (rc == 0)
        host_http_types_fields_drop(fake->host, made);
    return rc;
}

#define OK 100
#define SYNTAX HOST_HTTP_TYPES_HEADER_ERROR_INVALID_SYNTAX
#define FORBIDDEN HOST_HTTP_TYPES_HEADER_ERROR_FORBIDDEN
#define IMMUTABLE HOST_HTTP_TYPES_HEADER_ERROR_IMMUTABLE

static void names_and_values_are_checked(void **state)
{
    (void)state;
    static const struct {
        struct sw_str name, value;
        int want; /* of set, append and from-list; delete looks at the name only */
    } rows[] = {
        {SW_LIT_INIT("a"), SW_LIT_INIT("1"), OK},
        {SW_LIT_INIT("X-Any_thing.1"), SW_LIT_INIT(""), OK},
        {SW_LIT_INIT("a"), SW_LIT_INIT(" spaces around\t"), OK},
        {SW_LIT_INIT("a"), SW_LIT_INIT("\xc3\xa9\xff"), OK},
        {SW_LIT_INIT(""), SW_LIT_INIT("1"), SYNTAX},
        {SW_LIT_INIT("a b"), SW_LIT_INIT("1"), SYNTAX},
        {SW_LIT_INIT("a:"), SW_LIT_INIT("1"), SYNTAX},
        {SW_LIT_INIT("\xc3\xa9"), SW_LIT_INIT("1"), SYNTAX},
        {SW_LIT_INIT("a\r\nb"), SW_LIT_INIT("1"), SYNTAX},
        {SW_LIT_INIT("a"), SW_LIT_INIT("1\r\nb: 2"), SYNTAX},
        {SW_LIT_INIT("a"), SW_LIT_INIT("1\n"), SYNTAX},
        {SW_LIT_INIT("a"), SW_LIT_INIT("\0"), SYNTAX},
        {SW_LIT_INIT("a"), SW_LIT_INIT("\x7f"), SYNTAX},
        {SW_LIT_INIT("Connection"), SW_LIT_INIT("close"), FORBIDDEN},
        {SW_LIT_INIT("keep-alive"), SW_LIT_INIT("1"), FORBIDDEN},
        {SW_LIT_INIT("Proxy-Authenticate"), SW_LIT_INIT("1"), FORBIDDEN},
        {SW_LIT_INIT("proxy-authorization"), SW_LIT_INIT("1"), FORBIDDEN},
        {SW_LIT_INIT("proxy-connection"), SW_LIT_INIT("1"), FORBIDDEN},
        {SW_LIT_INIT("TRANSFER-ENCODING"), SW_LIT_INIT("chunked"), FORBIDDEN},
        {SW_LIT_INIT("upgrade"), SW_LIT_INIT("1"), FORBIDDEN},
        {SW_LIT_INIT("host"), SW_LIT_INIT("1"), FORBIDDEN},
        {SW_LIT_INIT("http2-settings"), SW_LIT_INIT("1"), FORBIDDEN},
        {SW_LIT_INIT("host"), SW_LIT_INIT("\n"), FORBIDDEN}, /* the name first */
    };
    struct fake fake;
    fake_init(&fake);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (enum op op = SET; op <= LIST; op++) {
            for (int immutable = 0; immutable < 2; immutable++) {
                struct host_http_types_fields *fields = make(&fake, "b=2");
                struct host_http_types_header_error error;
                fields->immutable = immutable;
                int want = rows[i].want;
                if (op == DELETE && want == SYNTAX && http_is_token(rows[i].name))
                    want = OK;
                if (immutable && want == OK && op != LIST)
                    want = IMMUTABLE;
                int rc = apply(&fake, op, fields, rows[i].name, rows[i].value, &error);
                if (rc != (want == OK ? 0 : HOST_WIT_ERROR) || (rc && (int)error.tag != want))
                    print_error("row %zu, %s, immutable %d: rc %d\n", i, op_names[op], immutable, rc);
                CHECK_INT(rc, want == OK ? 0 : HOST_WIT_ERROR);
                CHECK(want == OK || (int)error.tag == want);
                if (want != OK)
                    check_entries(&fake, fields, "b=2");
                host_http_types_fields_drop(fake.host, fields);
            }
        }
    }
    fake_deinit(&fake);
}

static void fields_keep_order_and_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        enum op op;
        const char *name, *value, *after;
    } rows[] = {
        {"", APPEND, "A", "1", "A=1"},
        {"A=1", APPEND, "a", "2", "A=1|a=2"},
        {"A=1|b=2|a=3", SET, "a", "4", "b=2|a=4"},
        {"A=1|b=2", SET, "c", "3", "A=1|b=2|c=3"},
        {"A=1|b=2|a=3", DELETE, "A", "", "b=2"},
        {"A=1|b=2|a=3", DELETE, "c", "", "A=1|b=2|a=3"},
        {"a=1", DELETE, "a", "", ""},
        {"", DELETE, "a", "", ""},
    };
    struct fake fake;
    fake_init(&fake);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct host_http_types_header_error error;
        struct host_http_types_fields *fields = make(&fake, rows[i].before);
        CHECK_INT(apply(&fake, rows[i].op, fields, sw_str_of(rows[i].name), sw_str_of(rows[i].value), &error),
                  0);
        check_entries(&fake, fields, rows[i].after);
        CHECK_INT(apply(&fake, APPEND, fields, SW_LIT("z"), SW_LIT("9"), &error),
                  0); /* the end is known again */
        struct host_list_str values;
        CHECK_INT(host_http_types_fields_get(&fake.call, fields, SW_LIT("Z"), &values), 0);
        CHECK_INT(values.n, 1);
        CHECK_STR(values.items[0], "9");
        host_http_types_fields_drop(fake.host, fields);
    }
    fake_deinit(&fake);
}

static void fields_answer_get_and_has(void **state)
{
    (void)state;
    struct fake fake;
    fake_init(&fake);
    struct host_http_types_fields *fields = make(&fake, "Accept=x|b=2|accept=y|b=");
    struct host_list_str values;
    bool has;
    CHECK_INT(host_http_types_fields_get(&fake.call, fields, SW_LIT("ACCEPT"), &values), 0);
    CHECK_INT(values.n, 2);
    CHECK_STR(values.items[0], "x");
    CHECK_STR(values.items[1], "y");
    CHECK_INT(host_http_types_fields_get(&fake.call, fields, SW_LIT("no\nname"), &values), 0);
    CHECK_INT(values.n, 0);
    CHECK_INT(host_http_types_fields_has(&fake.call, fields, SW_LIT("B"), &has), 0);
    CHECK(has);
    CHECK_INT(host_http_types_fields_has(&fake.call, fields, SW_LIT("c"), &has), 0);
    CHECK(!has);
    struct sw_str two[] = {SW_LIT_INIT("1"), SW_LIT_INIT("2")};
    struct host_http_types_header_error error;
    CHECK_INT(
        host_http_types_fields_set(&fake.call, fields, SW_LIT("b"), (struct host_list_str){two, 2}, &error),
        0);
    check_entries(&fake, fields, "Accept=x|accept=y|b=1|b=2");
    CHECK_INT(
        host_http_types_fields_set(&fake.call, fields, SW_LIT("b"), (struct host_list_str){NULL, 0}, &error),
        0);
    check_entries(&fake, fields, "Accept=x|accept=y");
    host_http_types_fields_drop(fake.host, fields);
    fake_deinit(&fake);
}

static void a_clone_is_deep_and_mutable(void **state)
{
    (void)state;
    struct fake fake;
    fake_init(&fake);
    struct host_http_types_fields *fields = make(&fake, "a=1|b=2"), *copy;
    struct host_http_types_header_error error;
    fields->immutable = true;
    CHECK_INT(host_http_types_fields_clone(&fake.call, fields, &copy), 0);
    host_http_types_fields_drop(fake.host, fields);
    CHECK_INT(apply(&fake, SET, copy, SW_LIT("a"), SW_LIT("3"), &error), 0);
    check_entries(&fake, copy, "b=2|a=3");
    host_http_types_fields_drop(fake.host, copy);
    fake_deinit(&fake);
}

static void fields_have_a_ceiling(void **state)
{
    (void)state;
    struct fake fake;
    fake_init(&fake);
    struct host_http_types_fields *fields = make(&fake, "");
    struct host_http_types_header_error error;
    char big[4096];
    memset(big, 'x', sizeof big);
    int rc;
    while ((rc = apply(&fake, APPEND, fields, SW_LIT("a"), sw_str(big, sizeof big), &error)) == 0)
        CHECK(fields->bytes <= HOST_FIELDS_BYTES_MAX);
    fake_trapped(&fake, rc, "fields are over 131072 bytes");
    CHECK_INT(apply(&fake, DELETE, fields, SW_LIT("a"), SW_LIT(""), &error), 0);
    CHECK_INT(fields->bytes, 0);
    while ((rc = apply(&fake, APPEND, fields, SW_LIT("a"), SW_LIT(""), &error)) == 0)
        CHECK(fields->count <= HOST_FIELDS_BYTES_MAX / HOST_FIELD_OVERHEAD);
    fake_trapped(&fake, rc, "fields are over");
    for (int i = 0; i < 20000; i++) /* replacing for ever needs no more memory */
        CHECK_INT(apply(&fake, SET, fields, SW_LIT("a"), sw_str(big, 300), &error), 0);
    host_http_types_fields_drop(fake.host, fields);
    fake_deinit(&fake);
}

static void content_length_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        int rc;
        uint64_t want;
    } rows[] = {
        {"", SW_ABSENT, 0},
        {"Content-Length=12", 0, 12},
        {"content-length=5|content-length=5", 0, 5},
        {"content-length= 7 ", 0, 7},
        {"content-length=5|content-length=6", SW_END, 0},
        {"content-length=", SW_END, 0},
        {"content-length=-1", SW_END, 0},
        {"content-length=5,5", SW_END, 0},
        {"content-length=18446744073709551615", SW_END, 0},
        {"content-length=18446744073709551614", 0, UINT64_MAX - 1},
    };
    struct fake fake;
    fake_init(&fake);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct host_http_types_fields *fields = make(&fake, rows[i].fields);
        uint64_t length = 0;
        CHECK_INT(host_fields_content_length(fields, &length), rows[i].rc);
        CHECK_INT(length, rows[i].want);
        host_http_types_fields_drop(fake.host, fields);
    }
    fake_deinit(&fake);
}

static int many_allocations(struct fake *fake)
{
    struct host_http_types_fields *fields, *copy;
    struct host_http_types_header_error error;
    char big[600] = {0};
    memset(big, 'x', sizeof big);
    struct host_tuple_str_str items[3] = {
        {SW_LIT_INIT("a"), {big, 600}}, {SW_LIT_INIT("b"), {big, 100}}, {SW_LIT_INIT("c"), {big, 300}}};
    int rc = host_http_types_fields_from_list(&fake->call, (struct host_list_tuple_str_str){items, 3},
                                              &fields, &error);
    if (rc < 0)
        return rc;
    struct host_list_tuple_str_str list;
    struct sw_str values[2] = {{big, 550}, {big, 1}};
    rc = host_http_types_fields_set(&fake->call, fields, SW_LIT("b"), (struct host_list_str){values, 2},
                                    &error);
    if (rc == 0)
        rc = host_http_types_fields_entries(&fake->call, fields, &list);
    if (rc == 0)
        rc = host_http_types_fields_clone(&fake->call, fields, &copy);
    if (rc == 0)
        host_http_types_fields_drop(fake->host, copy);
    host_http_types_fields_drop(fake->host, fields);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 100; n++) {
        struct fake fake;
        fake_init(&fake);
        sw_mem_fail_after(n);
        int rc = many_allocations(&fake);
        sw_mem_fail_after(-1);
        if (rc < 0)
            fake_trapped(&fake, rc, "no memory");
        CHECK_INT(fake.host->objects.live, 0);
        fake_deinit(&fake);
        if (rc == 0)
            return;
    }
    fail_msg("still failing after 100 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_values_are_checked), cmocka_unit_test(fields_keep_order_and_spelling),
        cmocka_unit_test(fields_answer_get_and_has),    cmocka_unit_test(a_clone_is_deep_and_mutable),
        cmocka_unit_test(fields_have_a_ceiling),        cmocka_unit_test(content_length_is_read),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
