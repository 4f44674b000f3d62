/* resolve.c - names to definitions, worlds, versions, canonical text; over texts and over the project's own wit/.  Room: wit (tests). */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

#include "base/alloc.h"
#include "component/wit/limits.h"
#include "component/wit/wit.h"

#define ARENA_BYTES (32u << 20)
#define FILES_MAX 32

/* Parses texts (named a.wit, b.wit, ...) and resolves them together. */
static int resolve(struct sw_arena *arena, const char *const *texts, const struct wit_options *options,
                   struct wit_set **ret, struct sw_err *err)
{
    static const char *const NAMES[] = {"a.wit", "b.wit", "c.wit", "d.wit"};
    struct wit_file *files[4];
    uint32_t n = 0;
    for (; texts[n]; n++) {
        int rc = wit_parse(arena, sw_str_of(NAMES[n]), sw_str_of(texts[n]), &files[n], err);
        if (rc < 0)
            return rc;
    }
    return wit_resolve(arena, files, n, options, ret, err);
}

static void good_sets_are_resolved(void **state)
{
    (void)state;
    static const char *const SETS[][4] = {
        {"package a:b; interface i { type t = u; record u { x: v } enum v { w } f: func() -> t; }"},
        {"package a:b; interface i { use j.{t}; type s = t; } interface j { type t = u8; }"},
        {"package a:b; interface i { type t = u8; }", "interface j { use i.{t}; f: func(a: t); }"},
        {"package a:b; use c:d/e@1.0.0 as f; interface i { use f.{t}; g: func(a: t); }",
         "package c:d@1.0.0 { interface e { type t = u8; } } package c:d@2.0.0 { interface e { } }"},
        {"package a:b; use i as k; interface i { type t = u8; } interface j { use k.{t as u}; f: func(a: u); "
         "}"},
        {"package a:b; interface i { resource r; type q = r; type p = q; f: func(a: borrow<p>) -> q; g: "
         "func(a: own<r>, b: r); }"},
        {"package a:b; interface i { resource r { constructor() -> result<r>; m: func(); } resource s { m: "
         "func(); } m: func(); }"},
        {"package a:b@1.1.0; interface i { @since(version = 1.1.0) f: func(); @unstable(feature = x) g: "
         "func(a: missing); }"},
        {"package a:b; interface i { f: func(a: stream<u8>) -> future<list<u8>>; }"},
        {"package a:b; world w { include v; } world v { import i; import f: func(); } interface i {}"},
    };
    for (size_t i = 0; i < sizeof SETS / sizeof SETS[0]; i++) {
        sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
        struct sw_err err = {0};
        struct wit_set *set;
        int rc = resolve(&arena, SETS[i], NULL, &set, &err);
        if (rc)
            print_error("%s\n", SETS[i][0]);
        CHECK_OK(rc, &err);
    }
}

static const struct {
    const char *texts[4], *message;
} BAD[] = {
    {{"interface i {}"},
     "a.wit:1:1: expected a package name\nhint: begin the file with 'package a:b;' or 'package a:b@1.0.0;'"},
    {{"package a:b;", "package c:d;", "interface i {}"},
     "c.wit:1:1: this file names no package, and its folder holds several\nhint: begin it with 'package "
     "a:b;'"},
    {{"package a:b; interface i { type t = u; }"},
     "a.wit:1:37: type 'u' is not defined\nhint: define it here, or bring it in with 'use "
     "an-interface.{u};'"},
    {{"package a:b; interface i { type t = u8; type T = u8; }"},
     "a.wit:1:46: type 'T' is defined twice\nhint: names differ in more than case"},
    {{"package a:b; interface i { type t = u8; t: func(); }"},
     "a.wit:1:41: function 't' is defined twice\nhint: names differ in more than case"},
    {{"package a:b; interface i { resource r { m: func(); m: static func(); } }"},
     "a.wit:1:52: function 'r.m' is defined twice\nhint: names differ in more than case"},
    {{"package a:b; interface i { f: func(a: u8, A: u8); }"},
     "a.wit:1:43: parameter 'A' is defined twice\nhint: names differ in more than case"},
    {{"package a:b; interface i { record r { a: u8, a: u8 } }"},
     "a.wit:1:46: field 'a' is defined twice\nhint: names differ in more than case"},
    {{"package a:b; interface i {} world i {}"},
     "a.wit:1:35: world 'i' is defined twice\nhint: names differ in more than case"},
    {{"package a:b; interface i {}", "package a:b; interface i {}"},
     "b.wit:1:24: interface 'i' is defined twice\nhint: names differ in more than case"},
    {{"package a:b; interface i { type t = t; }"},
     "a.wit:1:33: type 't' contains itself\nhint: break the cycle with a resource or an index"},
    {{"package a:b; interface i { record r { a: list<s> } variant s { b(r) } }"},
     "a.wit:1:35: type 'r' contains itself\nhint: break the cycle with a resource or an index"},
    {{"package a:b; interface i { use j.{t}; } interface j { use i.{t}; }"},
     "a.wit:1:24: interface 'i' uses itself\nhint: move what both sides need into a third interface"},
    {{"package a:b; interface i { use i.{t}; }"},
     "a.wit:1:24: interface 'i' uses itself\nhint: move what both sides need into a third interface"},
    {{"package a:b; interface i { use j.{t}; }"},
     "a.wit:1:32: interface 'j' is not defined in package 'a:b'"},
    {{"package a:b; interface i { use j.{t}; } interface j {}"},
     "a.wit:1:35: interface 'a:b/j' has no type 't'"},
    {{"package a:b; interface i { use c:d/e.{t}; }"},
     "a.wit:1:32: package 'c:d' is not here\nhint: its WIT files go into the folder 'deps'"},
    {{"package a:b; interface i { use c:d/e@0.2.1.{t}; }",
      "package c:d@0.2.0;\ninterface e { type t = u8; }"},
     "a.wit:1:32: package 'c:d@0.2.1' is not here\nhint: it is here as 'c:d@0.2.0'"},
    {{"package a:b; use c:d/e;"},
     "a.wit:1:18: package 'c:d' is not here\nhint: its WIT files go into the folder 'deps'"},
    {{"package a:b; use i; use j as i; interface i {} interface j {}"},
     "a.wit:1:30: name 'i' is defined twice\nhint: names differ in more than case"},
    {{"package a:b; interface i { f: func(a: borrow<t>); type t = u8; }"},
     "a.wit:1:46: 't' is not a resource"},
    {{"package a:b; interface i { resource r; f: func() -> list<borrow<r>>; }"},
     "a.wit:1:53: a result cannot hold a borrow\nhint: return the resource itself"},
    {{"package a:b; interface i { resource r; record q { a: borrow<r> } f: func() -> q; }"},
     "a.wit:1:79: a result cannot hold a borrow\nhint: return the resource itself"},
    {{"package a:b; interface i { resource r; f: func(a: stream<borrow<r>>); }"},
     "a.wit:1:51: a stream or future cannot carry a borrow"},
    {{"package a:b; interface i { resource r { constructor() -> u8; } }"},
     "a.wit:1:58: the constructor of 'r' gives 'r' or 'result<r, ...>'"},
    {{"package a:b; @since(version = 1.0.0) interface i {}"},
     "a.wit:1:15: a package with gates has a version\nhint: write 'package a:b@1.0.0;'"},
    {{"package a:b@1.0.0; @since(version = 1.0.1) interface i {}"},
     "a.wit:1:21: '@since' names 1.0.1, which is newer than the package's 1.0.0"},
    {{"package a:b@1.0.0; interface i { @unstable(feature = x) type t = u8; f: func(a: t); }"},
     "a.wit:1:81: type 't' is not defined\nhint: define it here, or bring it in with 'use "
     "an-interface.{t};'"},
    {{"package a:b; world w { import i; }"}, "a.wit:1:31: interface 'i' is not defined in package 'a:b'"},
    {{"package a:b; world w { include v; }"}, "a.wit:1:32: world 'v' is not defined in package 'a:b'"},
    {{"package a:b; world w { include v; } world v { include w; }"}, "a.wit:1:20: world 'w' includes itself"},
    {{"package a:b; world w { import a: func(); import A: func(); }"},
     "a.wit:1:49: world 'w' imports 'A' twice\nhint: 'include ... with { A as another }' renames"},
    {{"package a:b; world w { export a: func(); include v; } world v { export a: func(); }"},
     "a.wit:1:42: world 'w' exports 'a' twice\nhint: 'include ... with { a as another }' renames"},
    {{"package a:b; world w { include v with { x as y } } world v { import a: func(); }"},
     "a.wit:1:41: world 'v' has no import or export 'x'"},
};

static void bad_names_are_refused_with_position_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
        struct sw_err err = {0};
        struct wit_set *set;
        CHECK_INT(resolve(&arena, BAD[i].texts, NULL, &set, &err), -SW_EINPUT);
        CHECK_STR(sw_str_of(err.text), BAD[i].message);
    }
}

static void chains_of_definitions_have_a_limit(void **state)
{
    (void)state;
    static char text[32 * 1024];
    for (int forward = 0; forward < 2; forward++) {
        sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
        struct sw_err err = {0};
        struct wit_set *set;
        int n = snprintf(text, sizeof text, "package a:b; interface i { type a%d = u8; ", forward ? 0 : 200);
        for (int i = 0; i < 200; i++)
            n += snprintf(text + n, sizeof text - (size_t)n, "type a%d = a%d; ", forward ? i + 1 : i,
                          forward ? i : i + 1);
        (void)snprintf(text + n, sizeof text - (size_t)n, "}");
        const char *const texts[] = {text, NULL};
        CHECK_INT(resolve(&arena, texts, NULL, &set, &err), -SW_ELIMIT);
        CHECK_HAS(err.text, "definitions are nested deeper than 100");
    }
}

static void a_text_that_explodes_meets_the_buffer_s_ceiling(void **state)
{
    (void)state;
    static char text[8 * 1024];
    int n = snprintf(text, sizeof text, "package a:b; interface i { type a0 = u8; ");
    for (int i = 0; i < 60; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "type a%d = tuple<a%d, a%d>; ", i + 1, i, i);
    (void)snprintf(text + n, sizeof text - (size_t)n, "}");
    const char *const texts[] = {text, NULL};
    sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
    struct sw_err err = {0};
    struct wit_set *set;
    CHECK_OK(resolve(&arena, texts, NULL, &set, &err), &err);
    sw_auto_buf out = SW_BUF(WIT_TEXT_BYTES_MAX);
    const struct wit_interface *in = wit_interface_find(set, SW_LIT("a:b/i"), SW_LIT(""));
    CHECK_INT(wit_type_print(in->home.defs[60]->type, &out, &err), -SW_ELIMIT);
}

static void unstable_items_appear_when_asked_for(void **state)
{
    (void)state;
    const char *const texts[] = {
        "package a:b@1.0.0; interface i { @unstable(feature = x) resource r { m: func(); } f: func(); "
        "@unstable(feature = y) g: func(); }",
        NULL};
    static const struct sw_str X[] = {SW_LIT_INIT("x")};
    const struct wit_options with = {X, 1};
    for (int i = 0; i < 2; i++) {
        sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
        struct sw_err err = {0};
        struct wit_set *set;
        CHECK_OK(resolve(&arena, texts, i ? &with : NULL, &set, &err), &err);
        const struct wit_interface *in = set->packages[0]->interfaces[0];
        CHECK_INT(in->func_count, i ? 2 : 1);
        CHECK_INT(in->home.def_count, i ? 1 : 0);
        CHECK_STR(in->funcs[i]->full_name, "f");
    }
}

static void worlds_are_unions(void **state)
{
    (void)state;
    const char *const texts[] = {
        "package a:b; interface i {} interface j {}"
        "world u { import i; export j; import f: func(); }"
        "world v { import i; import f: func(); export e: interface { g: func(); } import k: i; }"
        "world w { include u; include v with { f as h } import i; }",
        NULL};
    sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
    struct sw_err err = {0};
    struct wit_set *set;
    CHECK_OK(resolve(&arena, texts, NULL, &set, &err), &err);
    const struct wit_world *w = wit_world_find(set, SW_LIT("a:b/w"), SW_LIT(""));
    static const char *const NAMES[] = {"", "", "f", "h", "e", "k"};
    CHECK_INT(w->item_count, 6);
    for (uint32_t i = 0; i < 6; i++)
        CHECK_STR(w->items[i]->name, NAMES[i]);
    CHECK_STR(w->items[0]->interface->full_name, "a:b/i");
    CHECK(w->items[1]->is_export);
    CHECK_STR(w->items[5]->interface->full_name, "a:b/i");
}

static void versions_are_ordered(void **state)
{
    (void)state;
    static const char *const ASCENDING[] = {
        "",           "0.2.0-alpha", "0.2.0-alpha.1", "0.2.0-alpha.beta", "0.2.0-beta.2", "0.2.0-beta.11",
        "0.2.0-rc.1", "0.2.0",       "0.2.9",         "0.2.12",           "0.10.0",       "1.0.0",
        "10.0.0"};
    size_t n = sizeof ASCENDING / sizeof ASCENDING[0];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            int c = wit_version_cmp(sw_str_of(ASCENDING[i]), sw_str_of(ASCENDING[k]));
            CHECK_INT(c < 0 ? -1 : c > 0, i < k ? -1 : i > k);
        }
    CHECK_INT(wit_version_cmp(SW_LIT("1.0.0+a"), SW_LIT("1.0.0+b")), 0);
    const char *const texts[] = {"package a:b@0.9.0 { interface i {} } package a:b@0.10.0 { interface i {} } "
                                 "package a:b@0.10.0-rc { interface i {} }",
                                 NULL};
    sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
    struct sw_err err = {0};
    struct wit_set *set;
    CHECK_OK(resolve(&arena, texts, NULL, &set, &err), &err);
    CHECK_STR(wit_interface_find(set, SW_LIT("a:b/i"), SW_LIT(""))->home.package->version, "0.10.0");
    CHECK_STR(wit_interface_find(set, SW_LIT("a:b/i"), SW_LIT("0.9.0"))->home.package->version, "0.9.0");
    CHECK(!wit_interface_find(set, SW_LIT("a:b/i"), SW_LIT("0.9.1")));
    CHECK(!wit_interface_find(set, SW_LIT("a:b/ii"), SW_LIT("")));
    CHECK(!wit_interface_find(set, SW_LIT("a:bc/i"), SW_LIT("")));
    CHECK(!wit_interface_find(set, SW_LIT("a"), SW_LIT("")));
}

static void canonical_text_expands_aliases(void **state)
{
    (void)state;
    static const struct {
        const char *type, *text;
    } ROWS[] = {
        {"bool", "bool"},
        {"list<s64>", "list<s64>"},
        {"list<u8, 4>", "list<u8, 4>"},
        {"tuple<u8,string>", "tuple<u8, string>"},
        {"option<option<char>>", "option<option<char>>"},
        {"result", "result"},
        {"result<u8>", "result<u8>"},
        {"result<_, u8>", "result<_, u8>"},
        {"result<u8, f32>", "result<u8, f32>"},
        {"error-context", "error-context"},
        {"stream", "stream"},
        {"stream<u8>", "stream<u8>"},
        {"future<result>", "future<result>"},
        {"map<u8, string>", "map<u8, string>"},
        {"rec", "record{a: u8, b-C: list<enum{x, y}>}"},
        {"var", "variant{a, b(u8), c(tuple<string>)}"},
        {"en", "enum{x, y}"},
        {"fl", "flags{p, q}"},
        {"alias", "list<record{a: u8, b-C: list<enum{x, y}>}>"},
        {"res", "own<a:b/i/res>"},
        {"own<res>", "own<a:b/i/res>"},
        {"borrow<ras>", "borrow<a:b/i/res>"},
        {"used", "own<c:d/e/gone>"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char text[1024];
        (void)snprintf(
            text, sizeof text,
            "package a:b; interface i { use c:d/e@1.0.0.{gone as used}; record rec { a: u8, b-C: list<en> } "
            "variant var { a, b(u8), c(tuple<str>) } enum en { x, y } flags fl { p, q } type str = string; "
            "type alias = list<rec>; "
            "resource res; type ras = res; f: async func(a: %s, b: u8); } package c:d@1.0.0 { interface e { "
            "resource gone; } }",
            ROWS[i].type);
        const char *const texts[] = {text, NULL};
        sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
        sw_auto_buf out = SW_BUF(WIT_TEXT_BYTES_MAX);
        struct sw_err err = {0};
        struct wit_set *set;
        CHECK_OK(resolve(&arena, texts, NULL, &set, &err), &err);
        const struct wit_interface *in = wit_interface_find(set, SW_LIT("a:b/i"), SW_LIT(""));
        CHECK_OK(wit_func_print(in->funcs[0], &out, &err), &err);
        char want[512];
        (void)snprintf(want, sizeof want, "async func(a: %s, b: u8)", ROWS[i].text);
        CHECK_STR(sw_buf_str(&out), want);
    }
}

/* ---- the project's own files ---- */

static uint32_t read_wit(struct sw_arena *arena, struct wit_file **files)
{
    char dir[1024], path[2048];
    struct dirent **names;
    uint32_t count = 0;
    (void)snprintf(dir, sizeof dir, "%s/wit", getenv("SW_SOURCE_DIR"));
    int n = scandir(dir, &names, NULL, alphasort);
    CHECK(n > 0);
    for (int i = 0; i < n; i++) {
        struct sw_str name = sw_str_of(names[i]->d_name), text;
        if (sw_str_ends(name, SW_LIT(".wit"))) {
            struct sw_err err = {0};
            sw_auto_buf bytes = SW_BUF(WIT_FILE_BYTES_MAX);
            (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
            sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
            CHECK(fd >= 0 && count < FILES_MAX);
            CHECK_OK(sw_buf_read_fd(&bytes, fd, &err), &err);
            CHECK_OK(sw_arena_copy(arena, sw_buf_str(&bytes), &text, &err), &err);
            CHECK_OK(wit_parse(arena, SW_LIT("wit"), text, &files[count++], &err), &err);
        }
        free(names[i]);
    }
    free(names);
    return count;
}

static void our_own_files_resolve(void **state)
{
    (void)state;
    sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
    struct wit_file *files[FILES_MAX];
    struct sw_err err = {0};
    struct wit_set *set;
    uint32_t n = read_wit(&arena, files);
    CHECK_OK(wit_resolve(&arena, files, n, NULL, &set, &err), &err);
    const struct wit_interface *types = wit_interface_find(set, SW_LIT("wasi:http/types"), SW_LIT("0.2.12"));
    const struct wit_world *proxy = wit_world_find(set, SW_LIT("wasi:http/proxy"), SW_LIT("0.2.12"));
    CHECK(types && proxy);
    sw_auto_buf out = SW_BUF(WIT_TEXT_BYTES_MAX);
    for (uint32_t i = 0; i < types->func_count; i++)
        if (sw_str_eq(types->funcs[i]->full_name, SW_LIT("[static]fields.from-list")))
            CHECK_OK(wit_func_print(types->funcs[i], &out, &err), &err);
    CHECK_STR(sw_buf_str(&out),
              "func(entries: list<tuple<string, list<u8>>>) -> result<own<wasi:http/types/fields>, "
              "variant{invalid-syntax, forbidden, immutable}>");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const char *const texts[] = {"package a:b; use j as k; interface i { use k.{t}; record r { a: t } f: "
                                 "func(a: r) -> t; } interface j { type t = u8; "
                                 "resource q { m: func(); } } world v { import i; import f: func(); } world "
                                 "w { include v with { f as g } }",
                                 NULL};
    for (long n = 0; n < 1000; n++) {
        sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
        struct sw_err err = {0};
        struct wit_set *set;
        sw_mem_fail_after(n);
        int rc = resolve(&arena, texts, NULL, &set, &err);
        sw_mem_fail_after(-1);
        if (rc == 0)
            return;
        CHECK_INT(rc, -SW_ENOMEM);
    }
    fail_msg("still failing after 1000 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_sets_are_resolved),
        cmocka_unit_test(bad_names_are_refused_with_position_and_reason),
        cmocka_unit_test(chains_of_definitions_have_a_limit),
        cmocka_unit_test(a_text_that_explodes_meets_the_buffer_s_ceiling),
        cmocka_unit_test(unstable_items_appear_when_asked_for),
        cmocka_unit_test(worlds_are_unions),
        cmocka_unit_test(versions_are_ordered),
        cmocka_unit_test(canonical_text_expands_aliases),
        cmocka_unit_test(our_own_files_resolve),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
