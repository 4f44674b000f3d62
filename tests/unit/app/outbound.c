/* outbound.c - tests of allowed_outbound_hosts; rows follow spin.md 1.11. */
#include "app/outbound.h"

#include "base/alloc.h"
#include "check.h"

struct fixture {
    struct app app;
    struct app_component components[2];
    struct app_variable variables[2];
    struct sw_str hosts[3];
};

static void fill(struct fixture *f, const char *const *hosts)
{
    memset(f, 0, sizeof *f);
    f->variables[0] =
        (struct app_variable){.name = SW_LIT("host"), .has_value = true, .value = SW_LIT("given.example")};
    f->variables[1] = (struct app_variable){.name = SW_LIT("missing")};
    f->components[0].id = SW_LIT("one");
    f->components[1].id = SW_LIT("Two");
    f->app.components = f->components;
    f->app.component_count = 2;
    f->app.variables = f->variables;
    f->app.variable_count = 2;
    for (uint32_t i = 0; i < 3 && hosts[i]; i++) {
        f->hosts[i] = sw_str_of(hosts[i]);
        f->components[0].outbound_host_count = i + 1;
    }
    f->components[0].outbound_hosts = f->hosts;
}

static const struct row {
    const char *entry, *scheme, *host;
    unsigned port;
    bool allowed;
} rows[] = {
    /* default ports */
    {"http://a.b", "http", "a.b", 80, true},
    {"http://a.b", "http", "a.b", 81, false},
    {"https://a.b", "https", "a.b", 443, true},
    {"https://a.b", "http", "a.b", 443, false},
    {"postgres://db", "postgres", "db", 5432, true},
    {"mysql://db", "mysql", "db", 3306, true},
    {"redis://db", "redis", "db", 6379, true},
    {"mqtt://db", "mqtt", "db", 1883, true},
    /* schemes */
    {"*://a.b:9", "anything", "a.b", 9, true},
    {"HTTP://a.b:80", "http", "a.b", 80, false}, /* compared with case */
    {" http://a.b/ ", "http", "a.b", 80, true},
    /* names */
    {"http://A.b", "http", "a.B", 80, true},
    {"http://a.b", "http", "x.a.b", 80, false},
    {"http://a.b", "http", "a.b.", 80, false},
    {"http://*.a.b", "http", "x.a.b", 80, true},
    {"http://*.a.b", "http", "y.x.A.b", 80, true},
    {"http://*.a.b", "http", "a.b", 80, false},
    {"http://*.a.b", "http", ".a.b", 80, false},
    {"http://*.a.b", "http", "xa.b", 80, false},
    {"http://*", "http", "10.0.0.1", 80, true},
    {"http://self", "http", "self", 80, false}, /* no name: app_outbound_allows_self */
    /* ports */
    {"http://a.b:*", "http", "a.b", 0, true},
    {"http://a.b:*", "http", "a.b", 65535, true},
    {"http://a.b:80..90", "http", "a.b", 80, true},
    {"http://a.b:80..90", "http", "a.b", 89, true},
    {"http://a.b:80..90", "http", "a.b", 90, false},
    {"http://a.b:80..90", "http", "a.b", 79, false},
    /* addresses */
    {"http://127.0.0.1", "http", "127.0.0.1", 80, true},
    {"http://127.0.0.1", "http", "127.1", 80, false},
    {"http://127.0.0.1", "http", "localhost", 80, false},
    {"http://[::1]", "http", "::1", 80, true},
    {"http://[::1]:8080", "http", "0:0:0:0:0:0:0:1", 8080, true},
    {"http://[::1]", "http", "::2", 80, false},
    {"*://10.1.2.3/8:80", "x", "10.255.0.1", 80, true}, /* host bits do not count */
    {"*://10.0.0.0/8:80", "x", "11.0.0.1", 80, false},
    {"*://10.0.0.0/8:80", "x", "10.example", 80, false},
    {"*://0.0.0.0/0:80", "x", "1.2.3.4", 80, true},
    {"*://0.0.0.0/0:80", "x", "::1", 80, false},
    {"*://[fd00::/8]:80", "x", "fd12::1", 80, true},
    {"*://[fd00::]/8:80", "x", "fd12::1", 80, true},
    {"http://fd00::/8", "http", "fd12::1", 80, true},
    {"http://192.168.0.0/31", "http", "192.168.0.1", 80, true},
    {"http://192.168.0.0/31", "http", "192.168.0.2", 80, false},
    /* components */
    {"http://*.spin.internal", "http", "one.spin.internal", 80, true},
    {"http://*.spin.internal", "http", "two.spin.internal", 80, true},
    {"http://*.spin.internal", "http", "three.spin.internal", 80, false},
    {"http://one.spin.internal", "http", "one.spin.internal", 80, true},
    {"http://one.spin.internal", "http", "two.spin.internal", 80, false},
    /* templates */
    {"http://{{ host }}", "http", "given.example", 80, true},
    {"http://{{ missing }}", "http", "given.example", 80, false},
    {"http://{{ missing }}", "http", "", 80, false},
};

static void an_entry_allows_what_it_names(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        struct app_outbound *outbound = NULL;
        struct sw_err err;
        fill(&f, (const char *const[]){rows[i].entry, NULL});
        CHECK_OK(app_outbound_new(&f.app, &f.components[0], &outbound, &err), &err);
        bool got = app_outbound_allows(outbound, sw_str_of(rows[i].scheme), sw_str_of(rows[i].host),
                                       (uint16_t)rows[i].port);
        app_outbound_free(outbound);
        if (got == rows[i].allowed)
            continue;
        print_error("'%s' and %s://%s:%u: expected %d\n", rows[i].entry, rows[i].scheme, rows[i].host,
                    rows[i].port, rows[i].allowed);
        wrong++;
    }
    CHECK_INT(wrong, 0);
}

static const struct {
    const char *entry, *words;
} refused[] = {
    {"", "does not contain a scheme"},
    {"a.b:80", "does not contain a scheme"},
    {"insecure:allow-all", "write '*://*:*' instead"},
    {"://a.b:80", "the scheme is empty"},
    {"h2://a.b:80", "not letters"},
    {"a+b://c:80", "not letters"},
    {"{http,https}://a.b:80", "scheme lists are not supported"},
    {"tcp://a.b", "no port was provided and the scheme 'tcp' does not have a known default port number"},
    {"*://a.b", "no port was provided and the scheme '*'"},
    {"http://", "the host is empty"},
    {"http://a.b/c", "must not include a path"},
    {"http://a.b:80/c", "must not include a path"},
    {"http://a.b//", "must not include a path"},
    {"http://a.*.b", "wildcards are allowed only as subdomains"},
    {"http://*.*.b", "wildcards are allowed only as subdomains"},
    {"http://a*", "wildcards are allowed only as subdomains"},
    {"http://*.10.0.0.1", "a wildcard cannot stand before an address"},
    {"http://{a,b}", "host lists are not supported"},
    {"http://a b", "is no host"},
    {"http://user@a", "is no host"},
    {"http://10.0.0.0/33", "must not include a path"},
    {"http://a.b:", "port '' is invalid"},
    {"http://a.b:x", "port 'x' is invalid"},
    {"http://a.b:65536", "port '65536' is invalid"},
    {"http://a.b:-1", "port '-1' is invalid"},
    {"http://a.b:{80,81}", "port lists are not supported"},
    {"http://a.b:9..9", "is empty: its end is not part of it"},
    {"http://a.b:9..8", "is empty"},
    {"http://a.b:9..", "port range '9..' is invalid"},
};

static void a_malformed_entry_is_refused_with_the_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct sw_err err;
        CHECK_INT(app_outbound_check(sw_str_of(refused[i].entry), &err), -SW_EINPUT);
        CHECK_HAS(err.text, refused[i].words);
    }
}

static void the_application_itself_is_allowed_by_self_and_by_any(void **state)
{
    static const struct {
        const char *entry;
        bool allowed;
    } cases[] = {{"http://self", true}, {"http://self.alt", true}, {"*://self", true},
                 {"http://*", true},    {"https://self", false},   {"http://a.b", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct app_outbound *outbound = NULL;
        struct sw_err err;
        fill(&f, (const char *const[]){cases[i].entry, NULL});
        CHECK_OK(app_outbound_new(&f.app, &f.components[0], &outbound, &err), &err);
        CHECK_INT(app_outbound_allows_self(outbound, SW_LIT("http")), cases[i].allowed);
        app_outbound_free(outbound);
    }
    CHECK(!app_outbound_allows_self(NULL, SW_LIT("http")));
    CHECK(!app_outbound_allows(NULL, SW_LIT("http"), SW_LIT("a"), 80));
}

static void an_entry_without_a_host_yet_is_skipped_and_a_bad_one_named(void **state)
{
    struct fixture f;
    struct app_outbound *outbound = NULL;
    struct sw_err err;
    (void)state;
    fill(&f, (const char *const[]){" ", "https://", "http://a.b", NULL});
    CHECK(app_reaches_out(&f.app));
    CHECK_OK(app_outbound_new(&f.app, &f.components[0], &outbound, &err), &err);
    CHECK(app_outbound_allows(outbound, SW_LIT("http"), SW_LIT("a.b"), 80));
    CHECK(!app_outbound_allows(outbound, SW_LIT("https"), SW_LIT(""), 443));
    app_outbound_free(outbound);
    fill(&f, (const char *const[]){"http://{{ host }}/x", NULL});
    CHECK_INT(app_outbound_new(&f.app, &f.components[0], &outbound, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "entry 'http://{{ host }}/x'");
    CHECK_HAS(err.text, "must not include a path");
    f.components[0].outbound_host_count = 0;
    CHECK(!app_reaches_out(&f.app));
}

static void private_addresses_are_known_in_every_form(void **state)
{
    static const char *const private[] = {
        "0.0.0.0",         "10.9.8.7",        "100.64.0.1",   "127.0.0.1",     "169.254.169.254",
        "172.16.0.1",      "172.31.255.255",  "192.168.1.1",  "192.0.2.1",     "198.18.0.1",
        "224.0.0.1",       "255.255.255.255", "::",           "::1",           "::7f00:1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:db8::1",
        "fc00::1",         "fdff::1",         "fe80::1",      "fec0::1",       "ff02::1"};
    static const char *const public[] = {"1.1.1.1",          "172.32.0.1",    "100.128.0.1",
                                         "192.0.3.1",        "2606:4700::11", "::ffff:1.1.1.1",
                                         "64:ff9b::101:101", "2002:101:101::"};
    (void)state;
    for (size_t i = 0; i < sizeof private / sizeof *private; i++) {
        struct app_network at;
        CHECK(app_network_parse(sw_str_of(private[i]), &at));
        if (!app_address_is_private(at.bytes, at.is_v6))
            fail_msg("%s is private", private[i]);
    }
    for (size_t i = 0; i < sizeof public / sizeof *public; i++) {
        struct app_network at;
        CHECK(app_network_parse(sw_str_of(public[i]), &at));
        if (app_address_is_private(at.bytes, at.is_v6))
            fail_msg("%s is public", public[i]);
    }
}

static void blocked_networks_hold_for_ipv4_inside_ipv6(void **state)
{
    const struct sw_str networks[] = {SW_LIT_INIT("8.8.0.0/16"), SW_LIT_INIT("2606:4700::/32")};
    static const struct {
        const char *address;
        bool blocked;
    } cases[] = {{"8.8.8.8", true},        {"::ffff:8.8.4.4", true}, {"2002:808:808::1", true},
                 {"2606:4700:1::1", true}, {"8.9.0.1", false},       {"127.0.0.1", false}};
    struct app app = {0};
    struct sw_err err;
    (void)state;
    app.arena = SW_ARENA(4096);
    CHECK_OK(app_block_networks(&app, networks, 2, &err), &err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct app_network at;
        CHECK(app_network_parse(sw_str_of(cases[i].address), &at));
        CHECK_INT(app_address_is_blocked(&app, at.bytes, at.is_v6), cases[i].blocked);
    }
    sw_arena_deinit(&app.arena);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 100; n++) {
        struct fixture f;
        struct app_outbound *outbound = NULL;
        struct sw_err err;
        fill(&f, (const char *const[]){"http://{{ host }}:80", "http://*.b", "*://10.0.0.0/8:1..9"});
        sw_mem_fail_after(n);
        int rc = app_outbound_new(&f.app, &f.components[0], &outbound, &err);
        sw_mem_fail_after(-1);
        app_outbound_free(outbound);
        if (rc == 0)
            return;
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK_NEVER("still failing after 100 allocations");
}

static void entries_for_plain_sockets_are_known_by_their_scheme(void **state)
{
    static const struct {
        const char *entry;
        bool sockets;
    } table[] = {{"tcp://a.b:1", true},    {"udp://1.2.3.4:*", true}, {"*://*:*", true},
                 {"{{ host }}", true},     {"mine://a:1", true},      {"http://a.b", false},
                 {" https://a.b ", false}, {"redis://a", false},      {"postgres://{{ host }}", false},
                 {"mysql://*.a.b", false}, {"mqtt://a", false},       {"httpx://a:1", true}};
    struct fixture f;
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        fill(&f, (const char *const[]){"http://a.b", table[i].entry, NULL});
        CHECK_INT(app_uses_sockets(&f.app), table[i].sockets);
    }
    f.components[0].outbound_host_count = 0;
    CHECK(!app_uses_sockets(&f.app));
}

static void some_port_of_a_host_is_enough_for_its_name(void **state)
{
    static const struct {
        const char *entry, *scheme, *host;
        bool allowed;
    } table[] = {{"tcp://a.b:1", "tcp", "a.b", true},     {"tcp://a.b:1", "udp", "a.b", false},
                 {"tcp://a.b:1", "tcp", "", true},        {"tcp://a.b:1", "tcp", "c.a.b", false},
                 {"udp://*.a.b:9", "udp", "c.a.b", true}, {"*://*:1", "tcp", "any.thing", true},
                 {"*://self", "tcp", "", false},          {"*://*.spin.internal:1", "tcp", "", false},
                 {"http://a.b", "tcp", "a.b", false},     {"tcp://10.0.0.0/8:1", "tcp", "10.1.2.3", true}};
    struct fixture f;
    struct sw_err err;
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct app_outbound *outbound = NULL;
        fill(&f, (const char *const[]){table[i].entry, NULL});
        CHECK_OK(app_outbound_new(&f.app, &f.components[0], &outbound, &err), &err);
        CHECK_INT(
            app_outbound_allows_some_port(outbound, sw_str_of(table[i].scheme), sw_str_of(table[i].host)),
            table[i].allowed);
        app_outbound_free(outbound);
    }
    CHECK(!app_outbound_allows_some_port(NULL, SW_LIT("tcp"), SW_LIT("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_allows_what_it_names),
        cmocka_unit_test(a_malformed_entry_is_refused_with_the_rule),
        cmocka_unit_test(the_application_itself_is_allowed_by_self_and_by_any),
        cmocka_unit_test(an_entry_without_a_host_yet_is_skipped_and_a_bad_one_named),
        cmocka_unit_test(entries_for_plain_sockets_are_known_by_their_scheme),
        cmocka_unit_test(some_port_of_a_host_is_enough_for_its_name),
        cmocka_unit_test(private_addresses_are_known_in_every_form),
        cmocka_unit_test(blocked_networks_hold_for_ipv4_inside_ipv6),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
