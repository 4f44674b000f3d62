/* parse.c - the WIT parser: what it accepts, and what it says to what it refuses.  Room: wit (tests). */
#include "check.h"

#include "base/alloc.h"
#include "component/wit/limits.h"
#include "component/wit/wit.h"

#define ARENA_BYTES (8u << 20)

static int parse(struct sw_arena *arena, struct sw_str text, struct wit_file **ret, struct sw_err *err)
{
    return wit_parse(arena, SW_LIT("a.wit"), text, ret, err);
}

static void valid_files_are_accepted(void **state)
{
    (void)state;
    static const char *const FILES[] = {
        "",
        "// nothing\n/* at /* all */ here */",
        "package a:b;",
        "package a:b@1.2.3-rc.1+build.5;",
        "/// docs\npackage a-b:c-d1;\n/** more */ interface i { /// x\n f: func(); }",
        "package a:b; use c:d/e@0.2.0 as f; use g;",
        "interface i { record r { a: u8, b: string } record s { a: u8, } }",
        "interface i { variant v { a, b(u8), c(list<string>), } enum e { x } flags f { y, z } }",
        "interface i { resource r; resource s { constructor(a: u8); m: func() -> u8; n: static func(); o: "
        "async func(); "
        "p: static async func(); } }",
        "interface i { resource s { constructor() -> result<s, string>; } }",
        "interface i { f: func(a: tuple<u8, s8,>, b: option<char>, c: result, d: result<u8>, e: result<_, "
        "u8>, g: result<u8, bool>,) -> f32; }",
        "interface i { f: func(a: list<u8, 4>, b: map<string, u8>, c: stream, d: stream<u8>, e: future, g: "
        "future<list<u8>>); }",
        "interface i { resource r; f: async func(a: own<r>, b: borrow<r>, c: r, d: error-context); }",
        "interface i { %type: func(%record: u8, in: f64) -> s64; a1-B2-3c: func(); HTTP: func(); }",
        "interface i { use j.{a}; use a:b/c.{d, e as f,}; use a:b/c@1.0.0.{g}; use x:y/z@1.0.0-a.b.{g as h}; "
        "}",
        "package a:b@1.0.0;\n@since(version = 1.0.0) interface i { @unstable(feature = f-g) f: func(); "
        "@since(version = 0.1.0) @deprecated(version = 0.2.0) type t = u8; @external-id(\"x\\\"y\") g: "
        "func(); }",
        "world w { import a; export b:c/d@1.0.0; import e: func(); export f: async func(x: u8) -> u8; import "
        "g: interface { h: func(); } }",
        "world w { import run:func(); import a: b; import x: c:d/e@1.0.0; @external-id(\"q\") export y: z; }",
        "world w { use a.{b}; type c = b; record d { e: c } resource f { g: func(); } include h; include "
        "i:j/k with { l as m, n as o } "
        "include p with { q as r }; }",
        "package a:b { interface i {} } package c:d@1.0.0 { world w {} use x:y/z; }",
        "package a:b; interface i {} package c:d { }",
    };
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
        struct sw_err err = {0};
        struct wit_file *file;
        int rc = parse(&arena, sw_str_of(FILES[i]), &file, &err);
        if (rc)
            print_error("%s\n", FILES[i]);
        CHECK_OK(rc, &err);
    }
}

static const struct {
    const char *text, *message;
} INVALID[] = {
    {"packag a:b;", "a.wit:1:1: expected 'package', 'use', 'interface' or 'world', got 'packag'"},
    {"package a;", "a.wit:1:10: expected ':' and the second half of the package name, got ';'"},
    {"package a:b", "a.wit:1:12: expected ';' or '{', got the end of the file"},
    {"package a:b@1.0;",
     "a.wit:1:13: expected a version, got '1'\nhint: a version is like 1.2.3 or 0.2.0-rc.1"},
    {"package a:b@01.0.0;",
     "a.wit:1:13: expected a version, got '01'\nhint: a version is like 1.2.3 or 0.2.0-rc.1"},
    {"package a:b@1.0.0-;",
     "a.wit:1:13: expected a version, got '1'\nhint: a version is like 1.2.3 or 0.2.0-rc.1"},
    {"package a:b@1.0.0-01;",
     "a.wit:1:13: expected a version, got '1'\nhint: a version is like 1.2.3 or 0.2.0-rc.1"},
    {"package a:b@x;",
     "a.wit:1:13: expected a version, got 'x'\nhint: a version is like 1.2.3 or 0.2.0-rc.1"},
    {"package a:b; package c:d;",
     "a.wit:1:22: a file names its package once\nhint: put the second package into 'package a:b { ... }'"},
    {"interface i {} package a:b;", "a.wit:1:24: the file's 'package' stands before everything else"},
    {"package a:b { package c:d {} }",
     "a.wit:1:15: expected 'use', 'interface', 'world' or '}', got the keyword 'package'"},
    {"interface record {}", "a.wit:1:11: expected the interface's name, got the keyword 'record'\nhint: a "
                            "keyword is used as a name with '%' in front"},
    {"interface Ab {}", "a.wit:1:11: 'Ab' is not a name\nhint: a word is all lower case or all upper case: "
                        "'my-name', 'HTTP-error'"},
    {"interface a--b {}", "a.wit:1:11: 'a--b' is not a name\nhint: each '-' must stand between two words"},
    {"interface a- {}", "a.wit:1:11: 'a-' is not a name\nhint: each '-' must stand between two words"},
    {"interface %1a {}", "a.wit:1:11: '1a' is not a name\nhint: a name starts with a letter"},
    {"interface % {}", "a.wit:1:11: expected a name after '%'"},
    {"interface 1a {}", "a.wit:1:11: expected the interface's name, got '1'"},
    {"interface i {",
     "a.wit:1:14: expected a function's name, a type definition or '}', got the end of the file"},
    {"interface i { f }", "a.wit:1:17: expected ':' and the function's type, got '}'"},
    {"interface i { f: fun(); }", "a.wit:1:18: expected 'func' or 'async func', got 'fun'"},
    {"interface i { f: async (); }", "a.wit:1:24: expected 'func', got '('"},
    {"interface i { f: func(a); }", "a.wit:1:24: expected ':' and the parameter's type, got ')'"},
    {"interface i { f: func(a: u8 b: u8); }", "a.wit:1:29: expected ',' or ')', got 'b'"},
    {"interface i { f: func() -> ; }", "a.wit:1:28: expected a type, got ';'"},
    {"interface i {\n  f: func()\n}", "a.wit:3:1: expected ';', got '}'"},
    {"interface i { f: func(a: func); }", "a.wit:1:26: expected a type, got the keyword 'func'"},
    {"interface i { type t = list; }", "a.wit:1:28: expected '<', got ';'"},
    {"interface i { type t = list<u8; }", "a.wit:1:31: expected '>', got ';'"},
    {"interface i { type t = list<u8, 0>; }", "a.wit:1:33: a fixed length is from 1 to 65536, got 0"},
    {"interface i { type t = list<u8, x>; }", "a.wit:1:33: expected the list's length, got 'x'"},
    {"interface i { type t = result<_>; }", "a.wit:1:32: expected ',' and the error type, got '>'"},
    {"interface i { type t = tuple<>; }", "a.wit:1:30: expected a type, got '>'"},
    {"interface i { type t = map<f32, u8>; }", "a.wit:1:28: a map's key is an integer, bool, char or string"},
    {"interface i { type t = borrow<u8>; }", "a.wit:1:31: expected the name of a resource, got the keyword "
                                             "'u8'\nhint: a keyword is used as a name with '%' in front"},
    {"interface i { type t u8; }", "a.wit:1:22: expected '=', got the keyword 'u8'"},
    {"interface i { record r {} }", "a.wit:1:25: expected a field's name, got '}'"},
    {"interface i { record r { a u8 } }",
     "a.wit:1:28: expected ':' and the field's type, got the keyword 'u8'"},
    {"interface i { record r { a: u8; } }", "a.wit:1:31: expected ',' or '}', got ';'"},
    {"interface i { variant v { } }", "a.wit:1:27: expected a case's name, got '}'"},
    {"interface i { variant v { a() } }", "a.wit:1:29: expected a type, got ')'"},
    {"interface i { enum e { a(u8) } }", "a.wit:1:25: expected ',' or '}', got '('"},
    {"interface i { flags f { } }", "a.wit:1:25: expected a label, got '}'"},
    {"interface i { resource r { constructor(); constructor(); } }",
     "a.wit:1:43: resource 'r' has a constructor already"},
    {"interface i { resource r { 5 } }",
     "a.wit:1:28: expected a method's name, 'constructor' or '}', got '5'"},
    {"interface i { use j; }", "a.wit:1:20: expected '.{' and names of types, got ';'"},
    {"interface i { use j.{}; }", "a.wit:1:22: expected a type's name, got '}'"},
    {"interface i { use a:b.{c}; }",
     "a.wit:1:22: expected '/' and the name of an interface or world, got '.'"},
    {"@since(version = 1.0.0)",
     "a.wit:1:24: expected 'use', 'interface' or 'world', got the end of the file"},
    {"@since(feature = x) interface i {}", "a.wit:1:8: expected 'version', got 'feature'"},
    {"@unstable(version = 1.0.0) interface i {}", "a.wit:1:11: expected 'feature', got 'version'"},
    {"@new interface i {}",
     "a.wit:1:2: expected 'since', 'unstable', 'deprecated' or 'external-id', got 'new'"},
    {"@since(version = 1.0.0) @unstable(feature = x) interface i {}",
     "a.wit:1:26: '@since' and '@unstable' exclude each other"},
    {"@since(version = 1.0.0) @since(version = 1.0.0) interface i {}", "a.wit:1:26: '@since' stands twice"},
    {"world w { import a:b; }", "a.wit:1:21: expected '/' and the name of an interface or world, got ';'"},
    {"world w { import a: 5; }",
     "a.wit:1:21: expected 'func', 'interface' or the name of an interface, got '5'"},
    {"world w { f: func(); }",
     "a.wit:1:11: expected 'import', 'export', 'include', 'use', a type definition or '}', got 'f'"},
    {"world w { include x with { a b } }", "a.wit:1:30: expected 'as', got 'b'"},
    {"/* a /* b */", "a.wit:1:1: this comment does not end\nhint: close it with '*/'; comments nest"},
    {"\"abc", "a.wit:1:1: this string does not end\nhint: close it with '\"' on the same line"},
    {"interface i {\n\t# }", "a.wit:2:2: the character '#' has no meaning here"},
    {"// caf\xc3\xa9\n/* \xc3\xa9 */ \xe2\x82\xac",
     "a.wit:2:9: the character '\xe2\x82\xac' has no meaning here"},
    {"// \xe2\x80\xae", "a.wit:1:4: the character U+202E is not allowed in WIT\nhint: remove it"},
    {"interface i {}\n\x01", "a.wit:2:1: the character U+0001 is not allowed in WIT\nhint: remove it"},
    {"interface \xff", "a.wit:1:1: the file is not UTF-8"},
};

static void invalid_files_are_refused_with_position_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof INVALID / sizeof INVALID[0]; i++) {
        sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
        struct sw_err err = {0};
        struct wit_file *file;
        CHECK_INT(parse(&arena, sw_str_of(INVALID[i].text), &file, &err),
                  -SW_EINPUT - (strstr(INVALID[i].message, "fixed length") != NULL));
        CHECK_STR(sw_str_of(err.text), INVALID[i].message);
    }
}

static void repeat(char *to, size_t *n, const char *text, int times)
{
    for (int i = 0; i < times; i++, *n += strlen(text))
        memcpy(to + *n, text, strlen(text));
}

static void depths_and_sizes_have_limits(void **state)
{
    (void)state;
    static const struct {
        const char *before, *again;
        int times;
        const char *message;
    } ROWS[] = {
        {"interface i { type t = ", "list<", WIT_TYPE_DEPTH_MAX + 1,
         "a.wit:1:344: types are nested deeper than 64"},
        {"", "/*", WIT_COMMENT_DEPTH_MAX + 1, "a.wit:1:129: comments are nested deeper than 64"},
        {"interface ", "a", WIT_NAME_BYTES_MAX + 1,
         "a.wit:1:11: this name has 257 bytes; at most 256 are allowed"},
        {"package a:b@1.0.0-", "a", WIT_VERSION_BYTES_MAX,
         "a.wit:1:13: this version has 134 bytes; at most 128 are allowed"},
        {"interface i {", "f:func();", WIT_ITEMS_MAX + 1,
         "there are over 4096 items of one kind in one place"},
    };
    static char text[64 * 1024];
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
        struct sw_err err = {0};
        struct wit_file *file;
        size_t n = 0;
        repeat(text, &n, ROWS[i].before, 1);
        repeat(text, &n, ROWS[i].again, ROWS[i].times);
        CHECK_INT(parse(&arena, sw_str(text, n), &file, &err), -SW_ELIMIT);
        CHECK_STR(sw_str_of(err.text), ROWS[i].message);
    }
    sw_auto_arena arena = SW_ARENA(256);
    struct sw_err err = {0};
    struct wit_file *file;
    CHECK_INT(parse(&arena, SW_LIT("interface i { f: func(a: u8, b: u8); }"), &file, &err), -SW_ELIMIT);
}

static void the_tree_says_what_was_written(void **state)
{
    (void)state;
    sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
    struct sw_err err = {0};
    struct wit_file *file;
    CHECK_OK(parse(&arena,
                   SW_LIT("package a:b@1.0.0;\ninterface i {\n  resource r {\n    constructor(x: u8);\n    "
                          "get: func() -> u8;\n"
                          "    of: static func();\n  }\n  f: async func(y: list<u8, 3>);\n}\nworld w { "
                          "import a:b/i@1.0.0; export g: func(); }"),
                   &file, &err),
             &err);
    const struct wit_block *block = file->blocks[0];
    CHECK_STR(block->space, "a");
    CHECK_STR(block->package, "b");
    CHECK_STR(block->version, "1.0.0");
    CHECK_INT(block->interface_count, 1);
    const struct wit_interface *in = block->interfaces[0];
    CHECK_INT(in->pos.line, 2);
    CHECK_INT(in->pos.column, 11);
    CHECK_INT(in->func_count, 4);
    CHECK_STR(in->funcs[0]->full_name, "[constructor]r");
    CHECK_STR(in->funcs[1]->full_name, "[method]r.get");
    CHECK_STR(in->funcs[1]->params[0].name, "self");
    CHECK_STR(in->funcs[2]->full_name, "[static]r.of");
    CHECK_INT(in->funcs[2]->param_count, 0);
    CHECK(in->funcs[3]->is_async);
    CHECK_INT(in->funcs[3]->params[0].type->kind, WIT_FIXED_LIST);
    CHECK_INT(in->funcs[3]->params[0].type->length, 3);
    const struct wit_world *w = block->worlds[0];
    CHECK_INT(w->item_count, 2);
    CHECK_STR(w->items[0]->path->version, "1.0.0");
    CHECK(w->items[1]->is_export);
    CHECK_STR(w->items[1]->name, "g");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char TEXT[] = "package a:b;\nuse c:d/e;\ninterface i { use x.{y, z as q}; resource r { "
                               "constructor(a: u8); m: func(); } record s { a: u8, b: "
                               "tuple<u8, u8> } f: func(a: u8, b: list<u8>) -> result<u8, u8>; }\nworld w { "
                               "import a: func(); include b with { c as d } "
                               "export e: interface { } }\npackage f:g { interface h {} }";
    for (long n = 0; n < 1000; n++) {
        sw_auto_arena arena = SW_ARENA(ARENA_BYTES);
        struct sw_err err = {0};
        struct wit_file *file;
        sw_mem_fail_after(n);
        int rc = parse(&arena, sw_str_of(TEXT), &file, &err);
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
        cmocka_unit_test(valid_files_are_accepted),
        cmocka_unit_test(invalid_files_are_refused_with_position_and_reason),
        cmocka_unit_test(depths_and_sizes_have_limits),
        cmocka_unit_test(the_tree_says_what_was_written),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
