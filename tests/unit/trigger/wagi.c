/* wagi.c - what a command is given and what its output means: spin.md 2.7, 2.3, platform.md 7a. */
#include "trigger/wagi.h"

#include "base/alloc.h"
#include "check.h"
#include "trigger/limits.h"

/* ---- heads ---- */

struct head_row {
    const char *out;
    int status;         /* < 0: refused, to be answered with -status */
    const char *fields; /* "name=value|..." or the message */
    const char *body;
};

static const struct head_row heads[] = {
    {"content-type: text/plain\n\nhello", 200, "content-type=text/plain|", "hello"},
    {"Content-Type: text/plain\r\n\r\nhello", 200, "Content-Type=text/plain|", "hello"},
    {"content-type: a\r\r\n\r\r\nx", 200, "content-type=a|", "x"},
    {"status: 404\n\n", 404, "", ""},
    {"Status: 404 Not Found\n\nnone", 404, "", "none"},
    {"status: 200\ncontent-type: text/html\n\n<p>", 200, "content-type=text/html|", "<p>"},
    {"location: /there\n\n", 302, "location=/there|", ""},
    {"location: /there\nstatus: 307\n\n", 307, "location=/there|", ""},
    {"status: 201\nlocation: /made\n\n", 201, "location=/made|", ""},
    {"content-type: a\nset-cookie: b=1\nset-cookie: c=2\n\n", 200,
     "content-type=a|set-cookie=b=1|set-cookie=c=2|", ""},
    {"content-type: a\nx-empty:\n\n", 200, "content-type=a|x-empty=|", ""},
    {"content-type:   spaced  \n\n", 200, "content-type=spaced|", ""},
    {"content-type: a", 200, "content-type=a|", ""},
    {"content-type: a\nno header line\nbad name: x\n\nbody", 200, "content-type=a|", "body"},
    {"content-type: a\ncontent-length: 7\ntransfer-encoding: chunked\nconnection: close\n\nxy", 200,
     "content-type=a|", "xy"},
    {"content-type: a\nx: b\001c\n\n", 200, "content-type=a|", ""},
    {"\nhello", -500, "Exactly one of 'location' or 'content-type' must be specified", ""},
    {"x-other: 1\n\nhello", -500, "Exactly one of 'location' or 'content-type' must be specified", ""},
    {"hello", -500, "Exactly one of 'location' or 'content-type' must be specified", ""},
    {"status: abc\n\n", -502, "status is 'abc'", ""},
    {"status: 99\n\n", -502, "status is '99'", ""},
    {"status: 100\n\n", -502, "status is '100'", ""},
    {"status: 1000\n\n", -502, "status is '1000'", ""},
    {"status:\n\n", -502, "status is ''", ""},
};

static void heads_are_read_as_cgi_has_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const struct head_row *row = &heads[i];
        sw_auto_arena arena = SW_ARENA(TRIGGER_WAGI_TEXT_BYTES_MAX);
        struct trigger_wagi_head head;
        struct sw_err err;
        uint16_t status = 0;
        struct sw_str out = sw_str_of(row->out);
        int rc = trigger_wagi_head_read(&arena, out, &head, &status, &err);
        if (row->status < 0) {
            CHECK_INT(rc, -SW_EINPUT);
            CHECK_INT(status, -row->status);
            CHECK_HAS(err.text, row->fields);
            continue;
        }
        CHECK_OK(rc, &err);
        CHECK_INT(head.status, row->status);
        sw_auto_buf fields = SW_BUF(4096);
        for (uint32_t k = 0; k < head.field_count; k++)
            CHECK_OK(sw_buf_printf(&fields, &err, SW_FMT "=" SW_FMT "|", SW_ARG(head.fields[k].name),
                                   SW_ARG(head.fields[k].value)),
                     &err);
        CHECK_STR(sw_buf_str(&fields), row->fields);
        CHECK_STR(sw_str_from(out, head.bytes), row->body);
    }
}

static void a_head_ends_at_the_first_empty_line(void **state)
{
    (void)state;
    CHECK_INT(trigger_wagi_head_end(SW_LIT("a: b\n\nc")), 6);
    CHECK_INT(trigger_wagi_head_end(SW_LIT("a: b\r\n\r\nc")), 8);
    CHECK_INT(trigger_wagi_head_end(SW_LIT("\nc")), 1);
    CHECK(trigger_wagi_head_end(SW_LIT("a: b\n")) == SW_NPOS);
    CHECK(trigger_wagi_head_end(SW_LIT("a: b\n\r")) == SW_NPOS);
    CHECK(trigger_wagi_head_end(SW_LIT("")) == SW_NPOS);
}

static void header_lines_have_a_limit(void **state)
{
    (void)state;
    sw_auto_arena arena = SW_ARENA(TRIGGER_WAGI_TEXT_BYTES_MAX);
    sw_auto_buf out = SW_BUF(65536);
    struct trigger_wagi_head head;
    struct sw_err err;
    uint16_t status;
    for (uint32_t i = 0; i < TRIGGER_WAGI_FIELDS_MAX; i++)
        CHECK_OK(sw_buf_printf(&out, &err, "content-type: %u\n", i), &err);
    CHECK_OK(trigger_wagi_head_read(&arena, sw_buf_str(&out), &head, &status, &err), &err);
    CHECK_INT(head.field_count, TRIGGER_WAGI_FIELDS_MAX);
    CHECK_OK(sw_buf_add(&out, SW_LIT("status: 200\nx: y\n"), &err), &err);
    CHECK_INT(trigger_wagi_head_read(&arena, sw_buf_str(&out), &head, &status, &err), -SW_EINPUT);
    CHECK_INT(status, 500);
    CHECK_HAS(err.text, "more than 128 header lines");
}

/* ---- arguments and environment ---- */

struct given {
    struct sw_arena arena;
    struct http_request head;
    struct app_http_trigger trigger;
    struct app_route_match match;
    struct app_component component;
    struct trigger_wagi_request request;
    struct host_command command;
    struct sw_err err;
};

static void given_init(struct given *given)
{
    *given = (struct given){.arena = SW_ARENA(TRIGGER_WAGI_TEXT_BYTES_MAX)};
    given->head = (struct http_request){.method = SW_LIT("GET"),
                                        .path = SW_LIT("/u/7/x%20y"),
                                        .query = SW_LIT("a=1&b=2"),
                                        .has_query = true,
                                        .authority = SW_LIT("h:3000"),
                                        .minor = 1};
    given->trigger = (struct app_http_trigger){.route = SW_LIT("/u/:id/..."), .executor = APP_EXECUTOR_WAGI};
    given->match = (struct app_route_match){.path_info = SW_LIT("/x%20y"),
                                            .matched_route = SW_LIT("/u/:id/..."),
                                            .component_route = SW_LIT("/u/:id"),
                                            .params = {{SW_LIT("id"), SW_LIT("7")}},
                                            .param_count = 1};
    given->request = (struct trigger_wagi_request){.head = &given->head,
                                                   .peer = SW_LIT("127.0.0.1:52114"),
                                                   .trigger = &given->trigger,
                                                   .match = &given->match,
                                                   .component = &given->component,
                                                   .full_url = SW_LIT("http://h:3000/u/7/x%20y?a=1&b=2")};
}

static void given_make(struct given *given)
{
    CHECK_OK(trigger_wagi_env(&given->arena, &given->request, &given->command, &given->err), &given->err);
}

static struct sw_str var(const struct given *given, const char *name)
{
    struct sw_str found = SW_LIT("(absent)");
    uint32_t count = 0;
    for (uint32_t i = 0; i < given->command.env_count; i++) {
        if (sw_str_eq(given->command.env[i].name, sw_str_of(name))) {
            found = given->command.env[i].value;
            count++;
        }
    }
    CHECK(count <= 1);
    return found;
}

static void the_environment_is_that_of_cgi(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } rows[] = {
        {"AUTH_TYPE", ""},
        {"CONTENT_LENGTH", "0"},
        {"CONTENT_TYPE", ""},
        {"GATEWAY_INTERFACE", "CGI/1.1"},
        {"QUERY_STRING", "a=1&b=2"},
        {"REMOTE_ADDR", "127.0.0.1"},
        {"REMOTE_HOST", "127.0.0.1"},
        {"REMOTE_USER", ""},
        {"REQUEST_METHOD", "GET"},
        {"SCRIPT_NAME", "/u/:id"},
        {"X_RAW_PATH_INFO", "/x%20y"},
        {"PATH_INFO", "/x%20y"},
        {"PATH_TRANSLATED", "/x y"},
        {"SERVER_NAME", "h"},
        {"SERVER_PORT", "3000"},
        {"SERVER_PROTOCOL", "HTTP/1.1"},
        {"SERVER_SOFTWARE", "WAGI/1"},
        {"X_FULL_URL", "http://h:3000/u/7/x%20y?a=1&b=2"},
        {"X_MATCHED_ROUTE", "/u/:id/..."},
        {"X_BASE_PATH", "/"},
        {"X_RAW_COMPONENT_ROUTE", "/u/:id/..."},
        {"X_COMPONENT_ROUTE", "/u/:id"},
        {"X_CLIENT_ADDR", "127.0.0.1:52114"},
        {"X_PATH_MATCH_ID", "7"},
    };
    struct given given;
    given_init(&given);
    given_make(&given);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_STR(var(&given, rows[i].name), rows[i].value);
    CHECK_INT(given.command.env_count, sizeof rows / sizeof *rows);
    sw_arena_deinit(&given.arena);
}

/* Components take variables for UTF-8, core modules for texts that end with a NUL. */
static void values_are_texts(void **state)
{
    (void)state;
    static const struct {
        const char *path_info, *translated;
    } rows[] = {{"/%C3%A4", "/\xc3\xa4"}, {"/%ff", "/%ff"},     {"/a%00b", "/a%00b"},
                {"/%2", "/%2"},           {"/%zz%41", "/%zzA"}, {"/%ed%a0%80", "/%ed%a0%80"}};
    static const struct http_field type = {SW_LIT_INIT("content-type"), SW_LIT_INIT("a/\xff")};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct given given;
        given_init(&given);
        given.match.path_info = sw_str_of(rows[i].path_info);
        given.head.fields = &type;
        given.head.field_count = 1;
        given_make(&given);
        CHECK_STR(var(&given, "PATH_TRANSLATED"), rows[i].translated);
        CHECK_STR(var(&given, "CONTENT_TYPE"), "CORRUPT VALUE");
        sw_arena_deinit(&given.arena);
    }
}

static void fields_become_variables(void **state)
{
    (void)state;
    static const struct http_field fields[] = {
        {SW_LIT_INIT("Accept-Language"), SW_LIT_INIT("de")},
        {SW_LIT_INIT("content-type"), SW_LIT_INIT("text/x")},
        {SW_LIT_INIT("content-length"), SW_LIT_INIT("12")},
        {SW_LIT_INIT("authorization"), SW_LIT_INIT("secret")},
        {SW_LIT_INIT("connection"), SW_LIT_INIT("close")},
        {SW_LIT_INIT("Proxy"), SW_LIT_INIT("http://evil")},
        {SW_LIT_INIT("x-a"), SW_LIT_INIT("1")},
        {SW_LIT_INIT("X-A"), SW_LIT_INIT("2")},
        {SW_LIT_INIT("cookie"), SW_LIT_INIT("a=1")},
        {SW_LIT_INIT("cookie"), SW_LIT_INIT("b=2")},
        {SW_LIT_INIT("x-bad"), SW_LIT_INIT("caf\xc3\xa9")},
        {SW_LIT_INIT("spin-path-info"), SW_LIT_INIT("/forged")},
        {SW_LIT_INIT("spin_path_info"), SW_LIT_INIT("/forged")},
        {SW_LIT_INIT("X_A"), SW_LIT_INIT("forged")}, /* a proxy that sets x-a itself lets it through */
        {SW_LIT_INIT("x.b"), SW_LIT_INIT("1")},
    };
    static const struct app_env env[] = {{SW_LIT_INIT("MINE"), SW_LIT_INIT("yes")},
                                         {SW_LIT_INIT("HTTP_X_A"), SW_LIT_INIT("manifest")},
                                         {SW_LIT_INIT("REQUEST_METHOD"), SW_LIT_INIT("manifest")}};
    struct given given;
    given_init(&given);
    given.head.fields = fields;
    given.head.field_count = sizeof fields / sizeof *fields;
    given.component.env = env;
    given.component.env_count = 3;
    given_make(&given);
    CHECK_STR(var(&given, "HTTP_ACCEPT_LANGUAGE"), "de");
    CHECK_STR(var(&given, "HTTP_CONTENT_TYPE"), "text/x");
    CHECK_STR(var(&given, "CONTENT_TYPE"), "text/x");
    CHECK_STR(var(&given, "CONTENT_LENGTH"), "12");
    CHECK_STR(var(&given, "HTTP_AUTHORIZATION"), "(absent)");
    CHECK_STR(var(&given, "HTTP_CONNECTION"), "(absent)");
    CHECK_STR(var(&given, "HTTP_PROXY"), "(absent)");
    CHECK_STR(var(&given, "HTTP_SPIN_PATH_INFO"), "(absent)");
    CHECK_STR(var(&given, "HTTP_X.B"), "(absent)");
    CHECK_STR(var(&given, "HTTP_COOKIE"), "a=1; b=2");
    CHECK_STR(var(&given, "HTTP_X_BAD"), "CORRUPT VALUE");
    CHECK_STR(var(&given, "MINE"), "yes");
    CHECK_STR(var(&given, "REQUEST_METHOD"), "GET");
    CHECK_STR(var(&given, "HTTP_X_A"), "1, 2");
    sw_arena_deinit(&given.arena);
}

static void hosts_and_peers_are_split(void **state)
{
    (void)state;
    static const struct {
        const char *authority, *peer, *name, *port, *ip;
    } rows[] = {
        {"h", "1.2.3.4:5", "h", "80", "1.2.3.4"},           {"[::1]:8080", "[::1]:5", "[::1]", "8080", "::1"},
        {"[::1]", "[fe80::1]:5", "[::1]", "80", "fe80::1"}, {"", "1.2.3.4:5", "localhost", "80", "1.2.3.4"},
        {"h:", "1.2.3.4:5", "h", "80", "1.2.3.4"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct given given;
        given_init(&given);
        given.head.authority = sw_str_of(rows[i].authority);
        given.request.peer = sw_str_of(rows[i].peer);
        given_make(&given);
        CHECK_STR(var(&given, "SERVER_NAME"), rows[i].name);
        CHECK_STR(var(&given, "SERVER_PORT"), rows[i].port);
        CHECK_STR(var(&given, "REMOTE_ADDR"), rows[i].ip);
        sw_arena_deinit(&given.arena);
    }
}

static void arguments_follow_the_template(void **state)
{
    (void)state;
    static const struct {
        const char *argv, *path, *query, *args; /* args: each followed by '|' */
    } rows[] = {
        {"", "/a", "x=1&y=2", "/a|x=1|y=2|"},
        {"", "/a", "", "/a||"},
        {"${SCRIPT_NAME} ${ARGS}", "/a", "one", "/a|one|"},
        {"run.py ${ARGS}", "/a", "one&two", "run.py|one|two|"},
        {"a  b", "/", "", "a||b|"},
        {"${ARGS}${SCRIPT_NAME}", "/${ARGS}", "q", "q/${ARGS}|"},
        {"${OTHER} $", "/", "", "${OTHER}|$|"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct given given;
        sw_auto_buf text = SW_BUF(4096);
        given_init(&given);
        given.trigger.wagi_argv = sw_str_of(rows[i].argv);
        given.head.path = sw_str_of(rows[i].path);
        given.head.query = sw_str_of(rows[i].query);
        given_make(&given);
        for (uint32_t k = 0; k < given.command.arg_count; k++)
            CHECK_OK(sw_buf_printf(&text, &given.err, SW_FMT "|", SW_ARG(given.command.args[k])), &given.err);
        CHECK_STR(sw_buf_str(&text), rows[i].args);
        sw_arena_deinit(&given.arena);
    }
}

static void a_lack_of_memory_is_reported(void **state)
{
    (void)state;
    for (int n = 0; n < 100; n++) {
        struct given given;
        given_init(&given);
        sw_mem_fail_after(n);
        int rc = trigger_wagi_env(&given.arena, &given.request, &given.command, &given.err);
        sw_mem_fail_after(-1);
        sw_arena_deinit(&given.arena);
        if (rc == 0)
            return;
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK_NEVER("it never succeeded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_read_as_cgi_has_them),
        cmocka_unit_test(a_head_ends_at_the_first_empty_line),
        cmocka_unit_test(header_lines_have_a_limit),
        cmocka_unit_test(the_environment_is_that_of_cgi),
        cmocka_unit_test(values_are_texts),
        cmocka_unit_test(fields_become_variables),
        cmocka_unit_test(hosts_and_peers_are_split),
        cmocka_unit_test(arguments_follow_the_template),
        cmocka_unit_test(a_lack_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
