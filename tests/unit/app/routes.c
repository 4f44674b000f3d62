/* routes.c - tests of the route table; rows follow spin.md 2.1 and 2.3. */
#include <stdio.h>

#include "app/app.h"
#include "base/alloc.h"
#include "check.h"

#define ROUTES_MAX 6

static const struct app_component component = {.id = SW_LIT_INIT("c")};

struct fixture {
    struct app app;
    struct app_http_trigger triggers[ROUTES_MAX];
};

static void fill(struct fixture *f, const char *const *routes)
{
    memset(f, 0, sizeof *f);
    f->app.components = &component;
    f->app.component_count = 1;
    f->app.http = f->triggers;
    for (uint32_t i = 0; i < ROUTES_MAX && routes[i]; i++) {
        f->triggers[i] = (struct app_http_trigger){.id = SW_LIT("t"), .route = sw_str_of(routes[i])};
        f->app.http_count++;
    }
}

#define NONE (-1)

static const struct row {
    const char *routes[ROUTES_MAX + 1];
    const char *path;
    int trigger; /* NONE: absent */
    const char *path_info, *matched, *component;
    const char *params; /* "name=value;..." */
} rows[] = {
    /* normalising */
    {{"/"}, "/", 0, "", "", "/", ""},
    {{""}, "/", 0, "", "", "", ""},
    {{"a"}, "/a", 0, "", "/a", "a", ""},
    {{"b/"}, "/b", 0, "", "/b", "b/", ""},
    {{"/a//"}, "/a", 0, "", "/a/", "/a//", ""},
    /* exact */
    {{"/a/b"}, "/a/b", 0, "", "/a/b", "/a/b", ""},
    {{"/a/b"}, "/a/b/", 0, "", "/a/b", "/a/b", ""},
    {{"/a/b"}, "//a/b//", 0, "", "/a/b", "/a/b", ""},
    {{"/a/b"}, "/a", NONE, "", "", "", ""},
    {{"/a/b"}, "/a/b/c", NONE, "", "", "", ""},
    {{"/a/b"}, "/a//b", NONE, "", "", "", ""},
    {{"/a/b"}, "/A/b", NONE, "", "", "", ""},
    {{"/a b"}, "/a%20b", NONE, "", "", "", ""},
    {{"/a%20b"}, "/a%20b", 0, "", "/a%20b", "/a%20b", ""},
    {{"/"}, "/a", NONE, "", "", "", ""},
    {{"/a"}, "", NONE, "", "", "", ""},
    {{"/"}, "", 0, "", "", "/", ""},
    /* trailing wildcard */
    {{"/..."}, "/a/b", 0, "/a/b", "/...", "", ""},
    {{"/..."}, "/", 0, "/", "/...", "", ""},
    {{"/..."}, "//", 0, "/", "/...", "", ""},
    {{"/..."}, "", 0, "", "/...", "", ""},
    {{"/..."}, "/a/", 0, "/a/", "/...", "", ""},
    {{"..."}, "/a", 0, "/a", "/...", "...", ""},
    {{"/a/..."}, "/a", 0, "", "/a/...", "/a", ""},
    {{"/a/..."}, "/a/", 0, "/", "/a/...", "/a", ""},
    {{"/a/..."}, "/a/b/c", 0, "/b/c", "/a/...", "/a", ""},
    {{"/a/..."}, "/a/b/c/", 0, "/b/c/", "/a/...", "/a", ""},
    {{"/a/..."}, "/ab", NONE, "", "", "", ""},
    {{"/a/..."}, "/", NONE, "", "", "", ""},
    {{"/a/.../"}, "/a/b", 0, "/b", "/a/...", "/a/.../", ""},
    {{"/a/*"}, "/a/b", 0, "/b", "/a/*", "/a/*", ""},
    {{"/*"}, "/x", 0, "/x", "/*", "/*", ""},
    {{"/foo/..."}, "/foo", 0, "", "/foo/...", "/foo", ""},
    {{"/foo/..."}, "/foo/", 0, "/", "/foo/...", "/foo", ""},
    {{"/foo/..."}, "/foo/x", 0, "/x", "/foo/...", "/foo", ""},
    /* "..." elsewhere is text */
    {{"/a/.../b"}, "/a/.../b", 0, "", "/a/.../b", "/a/.../b", ""},
    {{"/a/.../b"}, "/a/x/b", NONE, "", "", "", ""},
    {{"/a..."}, "/a...", 0, "", "/a...", "/a...", ""},
    {{"/a*b"}, "/a*b", 0, "", "/a*b", "/a*b", ""},
    /* parameters */
    {{"/u/:id"}, "/u/7", 0, "", "/u/:id", "/u/:id", "id=7;"},
    {{"/u/:id"}, "/u/7/", 0, "", "/u/:id", "/u/:id", "id=7;"},
    {{"/u/:id"}, "/u/", NONE, "", "", "", ""},
    {{"/u/:id"}, "/u/7/8", NONE, "", "", "", ""},
    {{"/:a/x"}, "//x", NONE, "", "", "", ""},
    {{"/a/:b/c"}, "/a//c", NONE, "", "", "", ""},
    {{"/u/:id/..."}, "/u/7/x/", 0, "/x/", "/u/:id/...", "/u/:id", "id=7;"},
    {{"/:a/:b"}, "/1/2", 0, "", "/:a/:b", "/:a/:b", "a=1;b=2;"},
    {{"/:a"}, "/%41%2f", 0, "", "/:a", "/:a", "a=%41%2f;"},
    {{"/:a"}, "/x.y", 0, "", "/:a", "/:a", "a=x.y;"},
    {{"/:a.:b"}, "/x.y", 0, "", "/:a.:b", "/:a.:b", "a=x;b=y;"},
    {{"/:a.:b"}, "/x.y.z", 0, "", "/:a.:b", "/:a.:b", "a=x;b=y.z;"},
    {{"/:a.:b"}, "/x", NONE, "", "", "", ""},
    {{"/:a.:b"}, "/.y", NONE, "", "", "", ""},
    {{"/:a.:b"}, "/x.", NONE, "", "", "", ""},
    {{"/:a.json"}, "/x.json", 0, "", "/:a.json", "/:a.json", "a=x;"},
    {{"/:a.json"}, "/x.xml", NONE, "", "", "", ""},
    {{"/v1.:a"}, "/v1.x", 0, "", "/v1.:a", "/v1.:a", "a=x;"},
    {{"/v1.:a"}, "/v1x", NONE, "", "", "", ""},
    {{"/a:b"}, "/a:b", 0, "", "/a:b", "/a:b", ""},
    /* precedence: exact > parameter > wildcard, segment by segment */
    {{"/...", "/:a", "/x"}, "/x", 2, "", "/x", "/x", ""},
    {{"/...", "/:a", "/x"}, "/y", 1, "", "/:a", "/:a", "a=y;"},
    {{"/...", "/:a", "/x"}, "/y/z", 0, "/y/z", "/...", "", ""},
    {{"/:a/b", "/a/:b"}, "/a/b", 1, "", "/a/:b", "/a/:b", "b=b;"},
    {{"/:a/...", "/a/..."}, "/a/b", 1, "/b", "/a/...", "/a", ""},
    {{"/a/...", "/a/:b/..."}, "/a/b/c", 1, "/c", "/a/:b/...", "/a/:b", "b=b;"},
    {{"/a/...", "/a/b/..."}, "/a/b", 1, "", "/a/b/...", "/a/b", ""},
    {{"/a/...", "/a"}, "/a", 1, "", "/a", "/a", ""},
    {{"/:a/...", "/:a"}, "/x", 1, "", "/:a", "/:a", "a=x;"},
    {{"/:a", "/:a.:b"}, "/x.y", 1, "", "/:a.:b", "/:a.:b", "a=x;b=y;"},
    {{"/:a.:b", "/:a.json"}, "/x.json", 1, "", "/:a.json", "/:a.json", "a=x;"},
    {{"/:a", "/:a.json"}, "/x.json", 1, "", "/:a.json", "/:a.json", "a=x;"},
    /* ties keep the order of declaration */
    {{"/:a", "/:b"}, "/x", 0, "", "/:a", "/:a", "a=x;"},
    {{"/a", "/a/"}, "/a", 0, "", "/a", "/a", ""},
    /* the same text: the last wins, in the first one's place */
    {{"/a", "/b", "/a"}, "/a", 2, "", "/a", "/a", ""},
    {{"/:a", "/:b", "/:a"}, "/x", 2, "", "/:a", "/:a", "a=x;"},
};

static void check_row(const struct row *row)
{
    struct fixture f;
    struct app_routes *routes = NULL;
    struct app_route_match match;
    struct sw_err err;
    fill(&f, row->routes);
    CHECK_OK(app_routes_new(&f.app, &routes, &err), &err);
    int rc = app_routes_find(routes, sw_str_of(row->path), &match);
    if ((rc == SW_ABSENT) != (row->trigger == NONE))
        print_error("route '%s', path '%s'\n", row->routes[0], row->path);
    CHECK_INT(rc, row->trigger == NONE ? SW_ABSENT : 0);
    if (rc == 0) {
        char params[256] = "";
        size_t used = 0;
        for (uint32_t i = 0; i < match.param_count; i++)
            used += (size_t)snprintf(params + used, sizeof params - used, SW_FMT "=" SW_FMT ";",
                                     SW_ARG(match.params[i].name), SW_ARG(match.params[i].value));
        CHECK_INT(match.trigger, row->trigger);
        CHECK_STR(match.path_info, row->path_info);
        CHECK_STR(match.matched_route, row->matched);
        CHECK_STR(match.component_route, row->component);
        CHECK_STR(sw_str_of(params), row->params);
    }
    app_routes_free(routes);
}

static void a_path_finds_its_route(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_row(&rows[i]);
}

static void losers_of_a_duplicate_are_listed(void **state)
{
    (void)state;
    struct fixture f;
    struct app_routes *routes = NULL;
    struct sw_err err;
    fill(&f, (const char *const[]){"/a", "/b", "/a", "/a", NULL});
    CHECK_OK(app_routes_new(&f.app, &routes, &err), &err);
    CHECK_INT(app_routes_shadowed_count(routes), 2);
    CHECK_INT(app_routes_shadowed(routes, 0), 0);
    CHECK_INT(app_routes_shadowed(routes, 1), 2);
    app_routes_free(routes);
}

static void an_invalid_pattern_names_route_and_component(void **state)
{
    (void)state;
    static const struct {
        const char *route, *message;
    } bad[] = {
        {"/a/*/b", "route '/a/*/b' of component 'c': expected '*' only as the whole last segment"},
        {"/a/*b", "route '/a/*b' of component 'c': expected '*' only as the whole last segment"},
        {"/a.*", "route '/a.*' of component 'c': expected '*' only as the whole last segment"},
        {"/:", "route '/:' of component 'c': expected a name of letters, digits, '-' and '_' behind ':'"},
        {"/:a b",
         "route '/:a b' of component 'c': expected a name of letters, digits, '-' and '_' behind ':'"},
        {"/:a:b",
         "route '/:a:b' of component 'c': expected a name of letters, digits, '-' and '_' behind ':'"},
        {"/:\xc3\xa9",
         "route '/:\xc3\xa9' of component 'c': expected a name of letters, digits, '-' and '_' behind ':'"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fixture f;
        struct app_routes *routes = NULL;
        struct sw_err err = {0};
        fill(&f, (const char *const[]){bad[i].route, NULL});
        CHECK_INT(app_routes_new(&f.app, &routes, &err), -SW_EINPUT);
        CHECK_STR(sw_str_of(err.text), bad[i].message);
    }
}

static void counts_have_limits(void **state)
{
    (void)state;
    static const struct {
        const char *piece;
        int count;
        const char *message;
    } limits[] = {
        {"/:a", 33, "expected at most 32 parameters"},
        {"/a", 65, "expected at most 64 segments"},
        {"a.", 64, "expected at most 64 parts in a segment"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 64,
         "expected at most 4096 bytes"},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct fixture f;
        struct app_routes *routes = NULL;
        struct sw_err err = {0};
        char text[8192];
        size_t used = 0;
        for (int n = 0; n < limits[i].count; n++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", limits[i].piece);
        fill(&f, (const char *const[]){text, NULL});
        CHECK_INT(app_routes_new(&f.app, &routes, &err), -SW_EINPUT);
        CHECK_HAS(err.text, limits[i].message);
    }
}

static void wildcards_are_recognised(void **state)
{
    (void)state;
    CHECK(app_route_is_wildcard(SW_LIT("/...")));
    CHECK(app_route_is_wildcard(SW_LIT("...")));
    CHECK(app_route_is_wildcard(SW_LIT("/a/...")));
    CHECK(app_route_is_wildcard(SW_LIT("/a/.../")));
    CHECK(app_route_is_wildcard(SW_LIT("/a/*")));
    CHECK(!app_route_is_wildcard(SW_LIT("/a...")));
    CHECK(!app_route_is_wildcard(SW_LIT("/a/.../b")));
    CHECK(!app_route_is_wildcard(SW_LIT("")));
}

static void a_private_route_serves_nobody_from_outside(void **state)
{
    (void)state;
    const struct app_static_response response = {.status = 200};
    const struct app_http_trigger triggers[] = {
        {.id = SW_LIT("p"), .is_private = true},
        {.id = SW_LIT("a"), .route = SW_LIT("/a")},
        {.id = SW_LIT("q"), .is_private = true},
        {.id = SW_LIT("bad"), .route = SW_LIT("/*x"), .static_response = &response},
    };
    struct app app = {.components = &component, .component_count = 1, .http = triggers, .http_count = 3};
    struct app_routes *routes = NULL;
    struct app_route_match match;
    struct sw_err err = {0};
    CHECK_OK(app_routes_new(&app, &routes, &err), &err);
    CHECK_INT(app_routes_find(routes, SW_LIT("/"), &match), SW_ABSENT); /* "" is not theirs */
    CHECK_INT(app_routes_find(routes, SW_LIT("/a"), &match), 0);
    CHECK_INT(match.trigger, 1);
    CHECK_INT(app_routes_shadowed_count(routes), 0);
    app_routes_free(routes);
    app.component_count = 0;
    app.http = &triggers[3]; /* no component is named where there is none */
    app.http_count = 1;
    CHECK_INT(app_routes_new(&app, &routes, &err), -SW_EINPUT);
    CHECK_STR(sw_str_of(err.text),
              "route '/*x' of trigger 'bad': expected '*' only as the whole last segment");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct fixture f;
    fill(&f, (const char *const[]){"/a", "/b/:c", "/a", "/...", NULL});
    for (long n = 0; n < 1000; n++) {
        struct app_routes *routes = NULL;
        struct sw_err err = {0};
        sw_mem_fail_after(n);
        int rc = app_routes_new(&f.app, &routes, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            app_routes_free(routes);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
        CHECK(routes == NULL);
    }
    CHECK_NEVER("still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_finds_its_route),
        cmocka_unit_test(losers_of_a_duplicate_are_listed),
        cmocka_unit_test(an_invalid_pattern_names_route_and_component),
        cmocka_unit_test(counts_have_limits),
        cmocka_unit_test(wildcards_are_recognised),
        cmocka_unit_test(a_private_route_serves_nobody_from_outside),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
