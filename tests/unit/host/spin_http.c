/* spin_http.c - requests and responses as one value each: fermyon:spin/inbound-http and fermyon:spin/http.  Tests: host.
 *
 * The client is a script of answers; what it was asked is kept as text. */
#include "host/bindings/spin_http.h"
#include "app/outbound.h"
#include "base/alloc.h"
#include "check.h"
#include "component/value.h"
#include "fake.h"
#include "host/limits.h"
#include "http/client.h"

/* ---- the client ---- */

#define HOPS 12
struct http_client_request {
    void (*changed)(void *arg);
    void *arg;
    const struct answer *answer;
    unsigned state; /* 0: nothing came yet, 1: the head, 2: everything */
    size_t taken;
};
static struct answer {
    uint16_t status; /* 0: fails before its head */
    const char *location;
    const char *body;
    bool breaks; /* behind its body */
} answers[HOPS];
static unsigned asked, live;
static struct http_client_request requests[HOPS];
static char asked_text[4096];

static void note(const char *fmt, ...) SW_PRINTF(1, 2);
static void note(const char *fmt, ...)
{
    size_t n = strlen(asked_text);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(asked_text + n, sizeof asked_text - n, fmt, args); /* cut: the comparison fails */
    va_end(args);
}

int http_client_begin(struct http_client *client, const struct http_client_start *start,
                      struct http_client_request **ret, struct sw_err *err)
{
    char body[64];
    size_t n = 0;
    (void)client;
    if (asked == HOPS || answers[asked].status == UINT16_MAX)
        return sw_fail(err, SW_ELIMIT, "too many");
    note(SW_FMT " %s " SW_FMT SW_FMT, SW_ARG(start->method), start->is_https ? "https" : "http",
         SW_ARG(start->authority), SW_ARG(start->target));
    for (uint32_t i = 0; i < start->field_count; i++)
        note(" " SW_FMT "=" SW_FMT, SW_ARG(start->fields[i].name), SW_ARG(start->fields[i].value));
    if (start->body && start->body->read(start->arg, body, sizeof body, &n) == 0)
        note(" [" SW_FMT " of %u]", (int)n, body, (unsigned)start->body->length(start->arg));
    note("\n");
    requests[asked] = (struct http_client_request){start->changed, start->arg, &answers[asked], 0, 0};
    *ret = &requests[asked++];
    live++;
    return 0;
}

void http_client_drop(struct http_client_request *request)
{
    CHECK(request->answer != NULL);
    request->answer = NULL;
    live--;
}

int http_client_head(const struct http_client_request *request, uint16_t *ret_status)
{
    if (request->state == 0)
        return SW_WAIT;
    if (!request->answer->status)
        return -SW_EIO;
    *ret_status = request->answer->status;
    return 0;
}

bool http_client_field(const struct http_client_request *request, bool of_trailers, uint32_t i,
                       struct http_field *ret)
{
    CHECK(!of_trailers);
    const struct http_field fields[] = {
        {SW_LIT("X-Kind"), SW_LIT("odd")},
        {SW_LIT("connection"), SW_LIT("close")},
        {SW_LIT("x-bytes"), SW_LIT("\xff")},
        {SW_LIT("Location"), sw_str_of(request->answer->location)},
    };
    if (i >= (request->answer->location ? 4u : 3u))
        return false;
    *ret = fields[i];
    return true;
}

int http_client_peek(const struct http_client_request *request, struct sw_str *ret)
{
    struct sw_str rest = sw_str_from(sw_str_of(request->answer->body), request->taken);
    if (rest.n && request->state == 1)
        return SW_WAIT;
    if (rest.n) {
        *ret = sw_str_head(rest, 3);
        return 0;
    }
    return request->answer->breaks ? -SW_EIO : SW_END;
}

void http_client_consume(struct http_client_request *request, size_t n)
{
    request->taken += n;
}

bool http_client_over(const struct http_client_request *request)
{
    return request->state == 2;
}

enum http_client_failure http_client_failed(const struct http_client_request *request)
{
    (void)request;
    return HTTP_CLIENT_REFUSED;
}

void http_client_more(struct http_client_request *request)
{
    (void)request;
}

static unsigned cancel_at; /* the wait that is cancelled; 0: none */

/* Each wait lets one more thing come. */
static void park(struct fake *fake)
{
    fake->cancelled = fake->parks == cancel_at;
    CHECK(asked > 0);
    struct http_client_request *request = &requests[asked - 1];
    request->state++;
    request->changed(request->arg);
}

static struct sw_arena scratch;

struct sw_arena *component_call_scratch(const struct component_call *call)
{
    (void)call;
    return &scratch;
}

/* ---- a request to others ---- */

struct world {
    struct fake fake;
    struct sw_str hosts[4];
    struct app_component component;
    struct app app;
    struct host_outside outside;
    struct app_outbound *outbound;
};

static void begin(struct world *w)
{
    struct sw_err err;
    asked = live = 0;
    asked_text[0] = '\0';
    scratch = SW_ARENA(1u << 20);
    fake_init(&w->fake);
    w->fake.park = park;
    w->hosts[0] = SW_LIT("http://a.example:*");
    w->hosts[1] = SW_LIT("https://b.example");
    w->hosts[2] = SW_LIT("http://self");
    w->hosts[3] = SW_LIT("ftp://a.example:21");
    w->component =
        (struct app_component){.id = SW_LIT("main"), .outbound_hosts = w->hosts, .outbound_host_count = 4};
    w->app = (struct app){.components = &w->component, .component_count = 1};
    w->outside = (struct host_outside){.self_authority = SW_LIT("127.0.0.1:3000"), .self_port = 3000};
    CHECK_OK(app_outbound_new(&w->app, &w->component, &w->outbound, &err), &err);
    w->fake.grants.component = SW_LIT("main");
    w->fake.grants.outbound = w->outbound;
    w->fake.grants.outside = &w->outside;
}

static void end(struct world *w)
{
    CHECK_INT(live, 0);
    fake_deinit(&w->fake);
    app_outbound_free(w->outbound);
    sw_arena_deinit(&scratch);
}

static struct host_tuple_str_str sent_fields[] = {
    {SW_LIT_INIT("x-one"), SW_LIT_INIT("1")},
    {SW_LIT_INIT("Connection"), SW_LIT_INIT("close")},
    {SW_LIT_INIT("authorization"), SW_LIT_INIT("secret")},
    {SW_LIT_INIT("content-type"), SW_LIT_INIT("t")},
};

static int send_request(struct world *w, const char *uri, enum host_spin_http_types_method method,
                        struct host_spin_http_types_response *ret,
                        enum host_spin_http_types_http_error *ret_error)
{
    const struct host_spin_http_types_request request = {
        .method = method,
        .uri = sw_str_of(uri),
        .headers = {sent_fields, sizeof sent_fields / sizeof *sent_fields},
        .body = {.has = method == HOST_SPIN_HTTP_TYPES_METHOD_POST, .value = SW_LIT("data")}};
    return host_spin_http_send_request_wait(&w->fake.call, request, ret, ret_error);
}

#define SENT " x-one=1 authorization=secret content-type=t"
static const struct row {
    const char *uri;
    enum host_spin_http_types_method method;
    struct answer answers[3];
    int error; /* or -1 */
    const char *asked;
    const char *body;
} rows[] = {
    {"http://a.example/x?y#z",
     0,
     {{200, NULL, "hello you", false}},
     -1,
     "GET http a.example/x?y" SENT "\n",
     "hello you"},
    {"https://b.example", 5, {{204, NULL, NULL, false}}, -1, "HEAD https b.example/" SENT "\n", ""},
    {"HTTP://a.example:81?q",
     1,
     {{404, NULL, "no", false}},
     -1,
     "POST http a.example:81/?q" SENT " [data of 4]\n",
     "no"},
    {"/own", 0, {{200, NULL, "me", false}}, -1, "GET http 127.0.0.1:3000/own" SENT "\n", "me"},
    /* refused before anything is asked */
    {"http://c.example/", 0, {{200, NULL, NULL, false}}, 1, "", NULL},
    {"a.example/", 0, {{200, NULL, NULL, false}}, 1, "", NULL},
    {"", 0, {{200, NULL, NULL, false}}, 1, "", NULL},
    {"http://", 0, {{200, NULL, NULL, false}}, 1, "", NULL},
    {"http://a.example:x/", 0, {{200, NULL, NULL, false}}, 1, "", NULL},
    {"http://a.example/\r\nx: y", 0, {{200, NULL, NULL, false}}, 2, "", NULL},
    {"ftp://a.example:21/", 0, {{200, NULL, NULL, false}}, 4, "", NULL},
    /* fails on its way */
    {"http://a.example/", 0, {{0, NULL, NULL, false}}, 4, "GET http a.example/" SENT "\n", NULL},
    {"http://a.example/", 0, {{200, NULL, "part", true}}, 4, "GET http a.example/" SENT "\n", NULL},
    {"http://a.example/", 0, {{UINT16_MAX, NULL, NULL, false}}, 5, "", NULL},
    /* redirects */
    {"http://a.example/d/e",
     1,
     {{302, "f", NULL, false}, {200, NULL, "x", false}},
     -1,
     "POST http a.example/d/e" SENT " [data of 4]\nGET http a.example/d/f x-one=1 authorization=secret\n",
     "x"},
    {"http://a.example/d/e",
     1,
     {{307, "/f", NULL, false}, {200, NULL, "x", false}},
     -1,
     "POST http a.example/d/e" SENT " [data of 4]\nPOST http a.example/f" SENT " [data of 4]\n",
     "x"},
    {"http://a.example/d",
     0,
     {{301, "https://b.example/z", NULL, false}, {200, NULL, "x", false}},
     -1,
     "GET http a.example/d" SENT "\nGET https b.example/z x-one=1 content-type=t\n",
     "x"},
    {"http://a.example",
     0,
     {{308, "?q", NULL, false}, {200, NULL, "x", false}},
     -1,
     "GET http a.example/" SENT "\nGET http a.example/?q" SENT "\n",
     "x"},
    {"/own/a",
     0,
     {{303, "b", NULL, false}, {200, NULL, "x", false}},
     -1,
     "GET http 127.0.0.1:3000/own/a" SENT "\nGET http 127.0.0.1:3000/own/b" SENT "\n",
     "x"},
    {"http://a.example/d",
     0,
     {{301, "http://c.example/", NULL, false}},
     1,
     "GET http a.example/d" SENT "\n",
     NULL},
    {"http://a.example/d",
     0,
     {{301, "//c.example/", NULL, false}},
     1,
     "GET http a.example/d" SENT "\n",
     NULL},
    {"http://a.example/d", 0, {{301, NULL, "stays", false}}, -1, "GET http a.example/d" SENT "\n", "stays"},
    {"http://a.example/d", 0, {{304, "/x", NULL, false}}, -1, "GET http a.example/d" SENT "\n", ""},
};

static void check_row(struct world *w, const struct row *row)
{
    struct host_spin_http_types_response response = {0};
    enum host_spin_http_types_http_error error = 0;
    memcpy(answers, row->answers, sizeof row->answers);
    int rc = send_request(w, row->uri, row->method, &response, &error);
    if ((rc == 0 ? -1 : (int)error) != row->error || strcmp(asked_text, row->asked) != 0)
        print_error("'%s': %d, error %u, asked:\n%s", row->uri, rc, (unsigned)error, asked_text);
    CHECK_INT(rc == 0 ? -1 : (int)error, row->error);
    CHECK_STR(sw_str_of(asked_text), row->asked);
    if (rc != 0)
        return;
    CHECK_STR(response.body.value, row->body);
    CHECK(response.headers.has && response.headers.value.n >= 1);
    CHECK_STR(response.headers.value.items[0].f0,
              "x-kind"); /* what is no text or the connection's is left out */
    CHECK(response.headers.value.n == 1 || sw_str_eq(response.headers.value.items[1].f0, SW_LIT("location")));
}

static void each_request_is_asked_as_it_should_be_and_each_hop_anew(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        begin(&w);
        check_row(&w, &rows[i]);
        end(&w);
    }
}

static void a_circle_of_redirects_ends(void **state)
{
    (void)state;
    struct world w;
    struct host_spin_http_types_response response;
    enum host_spin_http_types_http_error error = 0;
    begin(&w);
    for (unsigned i = 0; i < HOPS; i++)
        answers[i] = (struct answer){302, "/", NULL, false};
    CHECK_INT(send_request(&w, "http://a.example/", HOST_SPIN_HTTP_TYPES_METHOD_GET, &response, &error),
              HOST_WIT_ERROR);
    CHECK_INT(error, HOST_SPIN_HTTP_TYPES_HTTP_ERROR_RUNTIME_ERROR);
    CHECK_INT(asked, HOST_SPIN_HTTP_HOPS_MAX + 1);
    end(&w);
}

static void a_wait_that_is_cancelled_ends_the_request(void **state)
{
    (void)state;
    for (cancel_at = 1; cancel_at < 3; cancel_at++) { /* before the head, before the body */
        struct world w;
        struct host_spin_http_types_response response;
        enum host_spin_http_types_http_error error;
        begin(&w);
        answers[0] = (struct answer){200, NULL, "body", false};
        CHECK(send_request(&w, "http://a.example/", HOST_SPIN_HTTP_TYPES_METHOD_POST, &response, &error) < 0);
        CHECK_INT(asked, 1);
        CHECK_INT(w.fake.parks, cancel_at);
        end(&w);
    }
    cancel_at = 0;
}

static void every_allocation_of_a_request_may_fail(void **state)
{
    (void)state;
    for (long n = 0;; n++) {
        struct world w;
        struct host_spin_http_types_response response;
        enum host_spin_http_types_http_error error = 0;
        CHECK(n < 200);
        begin(&w);
        answers[0] = (struct answer){302, "/next", NULL, false};
        answers[1] = (struct answer){200, NULL, "body", false};
        sw_mem_fail_after(n);
        int rc = send_request(&w, "http://a.example/", HOST_SPIN_HTTP_TYPES_METHOD_POST, &response, &error);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            CHECK(n > 2);
            end(&w);
            return;
        }
        if (rc == HOST_WIT_ERROR) /* there was none left for the response's body */
            CHECK_INT(error, HOST_SPIN_HTTP_TYPES_HTTP_ERROR_RUNTIME_ERROR);
        else
            fake_trapped(&w.fake, rc, "no memory");
        end(&w);
    }
}

/* ---- the handler ---- */

static const struct host_http_extra extra[] = {{SW_LIT_INIT("spin-path-info"), SW_LIT_INIT("/x")}};

static void handler_begin(struct fake *fake, struct http_exchange *exchange, const char *method,
                          struct http_field *fields, uint32_t count)
{
    struct sw_err err;
    void *unused[2];
    fake_init(fake);
    fake_exchange_init(exchange, method, "/x?y=1");
    exchange->request.fields = fields;
    exchange->request.field_count = count;
    const struct host_http_request http = {.exchange = exchange, .extra = extra, .extra_count = 1};
    CHECK_OK(host_http_begin(fake->host, &http, &unused[0], &unused[1], &err), &err);
}

static void handler_end(struct fake *fake, struct http_exchange *exchange)
{
    (void)fake_end(fake); /* nothing was set */
    fake_deinit(fake);
    fake_exchange_deinit(exchange);
}

static void a_request_is_one_value(void **state)
{
    (void)state;
    struct fake fake;
    struct http_exchange exchange;
    struct http_field fields[] = {{SW_LIT("X-One"), SW_LIT("1")},
                                  {SW_LIT("connection"), SW_LIT("close")},
                                  {SW_LIT("Spin-Path-Info"), SW_LIT("mine")},
                                  {SW_LIT("x-two"), SW_LIT("zwei \xc3\xbc")}};
    struct component_value value;
    struct sw_err err;
    handler_begin(&fake, &exchange, "PATCH", fields, 4);
    CHECK_OK(host_inbound_request(fake.host, SW_LIT("body"), &value, &err), &err);
    CHECK_INT(value.list.count, 5);
    const struct component_value *members = value.list.items;
    CHECK_INT(members[0].variant.index, HOST_SPIN_HTTP_TYPES_METHOD_PATCH);
    CHECK_STR(members[1].text, "/x?y=1");
    CHECK_INT(members[2].list.count, 3);
    CHECK_STR(members[2].list.items[0].list.items[0].text, "x-one");
    CHECK_STR(members[2].list.items[1].list.items[1].text, "zwei \xc3\xbc");
    CHECK_STR(members[2].list.items[2].list.items[0].text, "spin-path-info");
    CHECK_STR(members[2].list.items[2].list.items[1].text, "/x");
    CHECK_INT(members[3].list.count, 0);
    CHECK_INT(members[4].variant.index, 1);
    CHECK_STR(members[4].variant.payload->text, "body");
    fields[3].value = SW_LIT("\xff");
    CHECK_INT(host_inbound_request(fake.host, SW_LIT(""), &value, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "'x-two' is no UTF-8");
    exchange.request.method = SW_LIT("TRACE");
    CHECK_INT(host_inbound_request(fake.host, SW_LIT(""), &value, &err), SW_ABSENT);
    handler_end(&fake, &exchange);
}

static int respond(struct host *host, uint64_t status, const char *name, const char *value,
                   struct host_inbound_response *ret, struct sw_err *err)
{
    const struct component_value texts[2] = {{.text = sw_str_of(name)}, {.text = sw_str_of(value)}};
    const struct component_value pair = {.list = {texts, 2}}, list = {.list = {&pair, 1}};
    const struct component_value body = {.text = SW_LIT("hi")};
    const struct component_value members[3] = {{.u64 = status},
                                               {.variant = {name != NULL, name ? &list : NULL}},
                                               {.variant = {value != NULL, value ? &body : NULL}}};
    const struct component_value result = {.list = {members, 3}};
    return host_inbound_response(host, &result, ret, err);
}

static void a_response_is_checked_before_it_is_believed(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *name, *value, *error;
        unsigned fields;
    } RESPONSES[] = {
        {200, "x-one", " 1\t", NULL, 1},
        {600, NULL, NULL, NULL, 0},
        {100, NULL, NULL, NULL, 0},
        {200, "Content-Length", "9", NULL, 0},
        {200, "Upgrade", "x", NULL, 0},
        {99, NULL, NULL, "status", 0},
        {601, NULL, NULL, "status", 0},
        {0, NULL, NULL, "status", 0},
        {200, "a b", "c", "bad name", 0},
        {200, "", "c", "bad name", 0},
        {200, "a", "b\r\nc: d", "bad name", 0},
        {200, "a", "b\x01", "bad name", 0},
    };
    for (size_t i = 0; i < sizeof RESPONSES / sizeof *RESPONSES; i++) {
        struct fake fake;
        struct http_exchange exchange;
        struct host_inbound_response response = {0};
        struct sw_err err = {0};
        handler_begin(&fake, &exchange, "GET", NULL, 0);
        int rc =
            respond(fake.host, RESPONSES[i].status, RESPONSES[i].name, RESPONSES[i].value, &response, &err);
        CHECK_INT(rc, RESPONSES[i].error ? -SW_EINPUT : 0);
        if (RESPONSES[i].error)
            CHECK_HAS(err.text, RESPONSES[i].error);
        CHECK_INT(response.field_count, RESPONSES[i].fields);
        if (response.field_count)
            CHECK_STR(response.fields[0].value, "1");
        CHECK_INT(response.body.n, rc == 0 && RESPONSES[i].value ? 2 : 0);
        handler_end(&fake, &exchange);
    }
}

static void every_allocation_of_a_handlers_values_may_fail(void **state)
{
    (void)state;
    for (long n = 0;; n++) {
        struct fake fake;
        struct http_exchange exchange;
        struct http_field field = {SW_LIT("X-One"), SW_LIT("1")};
        struct host_inbound_response response;
        struct component_value value;
        struct sw_err err;
        CHECK(n < 20);
        handler_begin(&fake, &exchange, "GET", &field, 1);
        sw_mem_fail_after(n);
        int rc = host_inbound_request(fake.host, SW_LIT(""), &value, &err);
        if (rc == 0)
            rc = respond(fake.host, 200, "a", "b", &response, &err);
        sw_mem_fail_after(-1);
        handler_end(&fake, &exchange);
        if (rc == 0) {
            CHECK(n > 0);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
    }
}

static void bodies_have_a_ceiling_each_and_together(void **state)
{
    (void)state;
    struct host_buffered bodies[6];
    struct sw_err err;
    static char part[4u << 20];
    const struct sw_str bytes = sw_str(part, sizeof part);
    size_t total = 0;
    for (size_t i = 0; i < 6; i++)
        host_buffered_init(&bodies[i]);
    for (size_t i = 0; i < 5; i++)
        while (host_buffered_add(&bodies[i], bytes, &err) == 0)
            total += sizeof part;
    CHECK_INT(total, HOST_BUFFERED_BYTES_MAX);
    CHECK_INT(bodies[0].bytes.n, HOST_BUFFERED_BODY_BYTES_MAX);
    CHECK_INT(host_buffered_add(&bodies[5], bytes, &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "in this process");
    host_buffered_deinit(&bodies[0]);
    host_buffered_deinit(&bodies[0]);
    CHECK_OK(host_buffered_add(&bodies[5], bytes, &err), &err);
    for (size_t i = 0; i < 6; i++)
        host_buffered_deinit(&bodies[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_is_asked_as_it_should_be_and_each_hop_anew),
        cmocka_unit_test(a_circle_of_redirects_ends),
        cmocka_unit_test(a_wait_that_is_cancelled_ends_the_request),
        cmocka_unit_test(every_allocation_of_a_request_may_fail),
        cmocka_unit_test(a_request_is_one_value),
        cmocka_unit_test(a_response_is_checked_before_it_is_believed),
        cmocka_unit_test(every_allocation_of_a_handlers_values_may_fail),
        cmocka_unit_test(bodies_have_a_ceiling_each_and_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
