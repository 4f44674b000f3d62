/* core.c - reading core modules: what is accepted, what is refused and with which words. */
#include "engine/core.h"

#include "base/alloc.h"
#include "check.h"
#include "engine/limits.h"
#include "guest.h"

#define HEAD "\0asm\1\0\0\0"
#define BYTES(s) s, sizeof(s) - 1
/* one function type () -> (), one function of it, its body */
#define FUNC "\1\4\1\x60\0\0\3\2\1\0"
#define BODY "\n\4\1\2\0\x0b"

static const struct {
    const char *what;
    const char *bytes;
    size_t n;
    const char *text; /* NULL: valid */
} rows[] = {
    {"empty module", BYTES(HEAD), NULL},
    {"one function", BYTES(HEAD FUNC BODY), NULL},
    {"nothing", BYTES(""), "not a WebAssembly binary at byte 0"},
    {"short magic", BYTES("\0asm"), "not a WebAssembly binary at byte 0"},
    {"bad magic", BYTES("\0asn\1\0\0\0"), "not a WebAssembly binary"},
    {"component", BYTES("\0asm\x0d\0\1\0"), "this is a component"},
    {"version 2", BYTES("\0asm\2\0\0\0"), "unknown binary version"},
    {"unknown section", BYTES(HEAD "\x0e\0"), "unknown section at byte 8"},
    {"section past the end", BYTES(HEAD "\1\5\1"), "length out of bounds at byte 10"},
    {"no section length", BYTES(HEAD "\1"), "unexpected end at byte 9"},
    {"long leb", BYTES(HEAD "\1\x80\x80\x80\x80\x80\0"), "integer representation too long at byte 13"},
    {"wide leb", BYTES(HEAD "\1\xff\xff\xff\xff\x1f"), "integer too large at byte 13"},
    {"type twice", BYTES(HEAD "\1\1\0\1\1\0"), "out of order"},
    {"order", BYTES(HEAD "\3\1\0\1\1\0"), "out of order"},
    {"tag after global", BYTES(HEAD "\6\1\0\x0d\1\0"), "out of order"},
    {"tag before global", BYTES(HEAD "\x0d\1\0\6\1\0"), NULL},
    {"bytes left", BYTES(HEAD "\1\2\0\0"), "bytes left at the end of a section at byte 11"},
    {"type count", BYTES(HEAD "\1\1\5"), "count is larger than its section"},
    {"type form", BYTES(HEAD "\1\3\1\x61\0"), "unknown type form"},
    {"value type", BYTES(HEAD "\1\5\1\x60\1\x10\0"), "not a reference type"},
    {"reference to no type", BYTES(HEAD "\1\6\1\x60\1\x63\5\0"), "type index out of bounds"},
    {"reference to itself", BYTES(HEAD "\1\6\1\x60\1\x63\0\0"), NULL},
    {"structure and array", BYTES(HEAD "\1\x0a\2\x5f\2\x7f\0\x78\1\x5e\x7e\1"), NULL},
    {"recursive group", BYTES(HEAD "\1\7\1\x4e\2\x60\0\0\x5f\0"), "unexpected end"},
    {"recursive group, whole", BYTES(HEAD "\1\x08\1\x4e\2\x60\0\0\x5f\0"), NULL},
    {"supertype", BYTES(HEAD "\1\7\1\x50\1\3\x60\0\0"), "supertype out of bounds"},
    {"import kind", BYTES(HEAD "\2\7\1\1m\1n\5\0"), "unknown import kind"},
    {"import of no type", BYTES(HEAD "\2\7\1\1m\1n\0\0"), "type index out of bounds"},
    {"import name", BYTES(HEAD "\2\7\1\1\xff\1n\0\0"), "not UTF-8"},
    {"function of a structure", BYTES(HEAD "\1\3\1\x5f\0\3\2\1\0" BODY), "not a function type"},
    {"no code", BYTES(HEAD FUNC), "functions without a code section"},
    {"code only", BYTES(HEAD BODY), "differ in number"},
    {"body past the end", BYTES(HEAD FUNC "\n\4\1\3\0\x0b"), "length out of bounds"},
    {"table", BYTES(HEAD "\4\4\1\x70\0\1"), NULL},
    {"table with an initial value", BYTES(HEAD "\4\x09\1\x40\0\x70\0\1\xd0\x70\x0b"), NULL},
    {"table minimum over maximum", BYTES(HEAD "\4\5\1\x70\1\2\1"), "minimum larger than maximum"},
    {"table flags", BYTES(HEAD "\4\4\1\x70\x08\1"), "unknown limits flags"},
    {"memory", BYTES(HEAD "\5\3\1\0\1"), NULL},
    {"memory of 65537 pages", BYTES(HEAD "\5\5\1\0\x81\x80\4"), "memory larger than its address space"},
    {"memory of 65536 pages", BYTES(HEAD "\5\5\1\0\x80\x80\4"), NULL},
    {"64-bit memory of 65537 pages", BYTES(HEAD "\5\5\1\4\x81\x80\4"), NULL},
    {"shared without maximum", BYTES(HEAD "\5\3\1\2\1"), "shared without a maximum"},
    {"shared", BYTES(HEAD "\5\4\1\3\1\2"), NULL},
    {"page size 1", BYTES(HEAD "\5\4\1\x08\1\0"), NULL},
    {"page size 2", BYTES(HEAD "\5\4\1\x08\1\1"), "page size is neither"},
    {"101 memories", BYTES(HEAD "\5\3\x65\0\1"), "count is larger"},
    {"global", BYTES(HEAD "\6\6\1\x7f\0\x41\5\x0b"), NULL},
    {"global mutability", BYTES(HEAD "\6\6\1\x7f\2\x41\5\x0b"), "bad mutability"},
    {"global without end", BYTES(HEAD "\6\5\1\x7f\0\x41\5"), "unexpected end"},
    {"global of a call", BYTES(HEAD "\6\6\1\x7f\0\x10\0\x0b"), "not a constant instruction"},
    {"global of itself", BYTES(HEAD "\6\6\1\x7f\0\x23\0\x0b"), "global index out of bounds"},
    {"global of no function", BYTES(HEAD "\6\6\1\x70\0\xd2\0\x0b"), "function index out of bounds"},
    {"i32.const too wide", BYTES(HEAD "\6\x0a\1\x7f\0\x41\xff\xff\xff\xff\x0f\x0b"), "integer too large"},
    {"i32.const -1", BYTES(HEAD "\6\x0a\1\x7f\0\x41\xff\xff\xff\xff\x7f\x0b"), NULL},
    {"export of no memory", BYTES(HEAD "\7\5\1\1m\2\0"), "export index out of bounds"},
    {"export kind", BYTES(HEAD "\7\5\1\1m\5\0"), "unknown export kind"},
    {"export twice", BYTES(HEAD "\5\3\1\0\1\7\x09\2\1m\2\0\1m\2\0"), "duplicate export name"},
    {"start", BYTES(HEAD FUNC "\x08\1\0" BODY), NULL},
    {"start out of bounds", BYTES(HEAD FUNC "\x08\1\1" BODY), "start function out of bounds"},
    {"start with a parameter", BYTES(HEAD "\1\5\1\x60\1\x7f\0\3\2\1\0\x08\1\0" BODY),
     "takes or gives values"},
    {"data of no memory", BYTES(HEAD "\x0b\6\1\0\x41\0\x0b\0"), "memory index out of bounds"},
    {"data form", BYTES(HEAD "\x0b\3\1\3\0"), "unknown data segment form"},
    {"data count", BYTES(HEAD "\x0c\1\1"), "data count and data section differ"},
    {"passive data", BYTES(HEAD "\x0c\1\1\x0b\4\1\1\1x"), NULL},
    {"data past the end", BYTES(HEAD "\x0b\4\1\1\2x"), "length out of bounds"},
    {"custom", BYTES(HEAD "\0\3\1nx"), NULL},
    {"custom name past the end", BYTES(HEAD "\0\2\5n"), "length out of bounds"},
};

static void each_row_is_judged_rightly(void **state)
{
    (void)state;
    bool wrong = false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sw_arena arena = SW_ARENA(1u << 20);
        struct engine_core *core = NULL;
        struct sw_err err = {0};
        int rc = engine_core_parse(&arena, sw_str(rows[i].bytes, rows[i].n), &core, &err);
        if ((rc == 0) != !rows[i].text || (rows[i].text && !strstr(err.text, rows[i].text))) {
            print_error("'%s' gave %d '%s', expected '%s'\n", rows[i].what, rc, err.text,
                        rows[i].text ? rows[i].text : "ok");
            wrong = true;
        }
        if (rows[i].text)
            CHECK_INT(rc, -SW_EINPUT);
        sw_arena_deinit(&arena);
    }
    CHECK(!wrong);
}

static void every_cut_of_a_module_is_refused_or_fine(void **state)
{
    (void)state;
    struct sw_arena text = SW_ARENA(1u << 20);
    struct sw_str wasm = guest_wat(
        &text, "(module (import \"a\" \"b\" (func (param i32 f64) (result i64)))(memory 1)(table 2 funcref)"
               "(global $g (mut i32) (i32.const 7))(func $f (export \"f\") (param i32))(func $s)(start $s)"
               "(elem (i32.const 0) $f)(data (i32.const 8) \"hello\")(export \"m\" (memory 0)))");
    for (size_t n = 0; n < wasm.n; n++) {
        struct sw_arena arena = SW_ARENA(1u << 20);
        struct engine_core *core = NULL;
        struct sw_err err = {0};
        char *copy = sw_alloc(n); /* its own allocation: reading past its end is seen by a sanitizer */
        memcpy(copy, wasm.p, n);
        int rc = engine_core_parse(&arena, sw_str(copy, n), &core, &err);
        CHECK(rc == 0 || rc == -SW_EINPUT);
        sw_free(copy);
        sw_arena_deinit(&arena);
    }
    sw_arena_deinit(&text);
}

static void tables_say_what_the_module_says(void **state)
{
    (void)state;
    struct sw_arena arena = SW_ARENA(1u << 20);
    struct engine_core *core = NULL;
    struct sw_err err = {0};
    struct sw_str wasm = guest_wat(
        &arena, "(module (type $t (func (param i32 f64) (result i64)))(type $s (struct (field i32)))(rec "
                "(type $r (func)) (type $q (func)))"
                "(import \"a\" \"f\" (func (type $t)))(import \"a\" \"m\" (memory i64 2 9))(import \"a\" "
                "\"g\" (global (mut f32)))"
                "(import \"a\" \"t\" (table 3 4 externref))(import \"a\" \"x\" (tag (param i32)))"
                "(memory 1)(table 2 (ref null func))(global v128 (v128.const i64x2 1 2))"
                "(func $own (export \"own\") (param funcref (ref null extern) (ref $t)))(func $rec (type $r))"
                "(export \"mem\" (memory 1))(export \"t\" (table 1))(data \"passive\")(data (memory 1) "
                "(i32.const 5) \"abc\")"
                "(@custom \"note\" \"text\"))");
    CHECK_OK(engine_core_parse(&arena, wasm, &core, &err), &err);
    CHECK_INT(core->type_count, 6);
    CHECK(core->types[0].is_func && core->types[0].param_count == 2 &&
          core->types[0].results[0].code == ENGINE_I64);
    CHECK(!core->types[1].is_func);
    CHECK(!core->types[2].is_func && !core->types[3].is_func); /* recursive: not for linking */
    CHECK_INT(core->import_count, 5);
    CHECK_STR(core->imports[1].name, "m");
    CHECK(core->memory_count == 2 && core->memory_import_count == 1);
    CHECK(core->memories[0].is_64 && core->memories[0].min == 2 && core->memories[0].max == 9);
    CHECK(!core->memories[1].is_64 && core->memories[1].max == UINT64_MAX);
    CHECK(core->globals[0].is_mutable && core->globals[0].type.code == ENGINE_F32);
    CHECK(core->global_count == 2 && core->global_section_count == 1 &&
          core->globals[1].type.code == ENGINE_V128);
    CHECK(core->tables[0].elem.code == ENGINE_EXTERNREF && core->tables[1].elem.code == ENGINE_FUNCREF);
    CHECK(core->tag_count == 1 && core->tag_import_count == 1);
    CHECK(core->func_count == 3 && core->func_import_count == 1);
    const struct engine_functype *own = engine_core_func_type(core, 1);
    CHECK_INT(own->param_count, 3);
    CHECK(own->params[0].code == ENGINE_FUNCREF && own->params[1].code == ENGINE_EXTERNREF);
    CHECK(own->params[2].code == ENGINE_REF && own->params[2].heap == 0);
    CHECK(!engine_functype_eq(own, own)); /* it names a type by its index */
    CHECK(engine_functype_eq(&core->types[0], &core->types[0]));
    CHECK_INT(engine_core_export_find(core, SW_LIT("mem"))->index, 1);
    CHECK(!engine_core_export_find(core, SW_LIT("nothing")));
    CHECK_INT(core->data_count, 2);
    CHECK(!core->data[0].active && core->data[1].active && core->data[1].memory == 1);
    CHECK_STR(core->data[1].bytes, "abc");
    CHECK_INT(core->custom_count, 2); /* and the names */
    size_t note = sw_str_eq(core->customs[0].name, SW_LIT("note")) ? 0 : 1;
    CHECK_STR(core->customs[note].name, "note");
    CHECK_STR(core->customs[note].bytes, "text");
    sw_arena_deinit(&arena);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct sw_arena text = SW_ARENA(1u << 20);
    struct sw_str wasm = guest_wat(
        &text, "(module (memory 1)(func (export \"f\"))(func (export \"g\"))(data (i32.const 0) \"x\"))");
    for (long n = 0; n < 1000; n++) {
        struct sw_arena arena = SW_ARENA(1u << 20);
        struct engine_core *core = NULL;
        struct sw_err err = {0};
        sw_mem_fail_after(n);
        int rc = engine_core_parse(&arena, wasm, &core, &err);
        sw_mem_fail_after(-1);
        sw_arena_deinit(&arena);
        if (rc == 0) {
            CHECK(n > 1);
            sw_arena_deinit(&text);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
    }
    fail_msg("%s", "still failing after 1000 allocations");
}

static void an_arena_too_small_is_a_limit(void **state)
{
    (void)state;
    struct sw_arena arena = SW_ARENA(64);
    struct engine_core *core = NULL;
    struct sw_err err = {0};
    CHECK_INT(engine_core_parse(&arena, sw_str(BYTES(HEAD)), &core, &err), -SW_ELIMIT);
    sw_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_judged_rightly),
        cmocka_unit_test(every_cut_of_a_module_is_refused_or_fine),
        cmocka_unit_test(tables_say_what_the_module_says),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(an_arena_too_small_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
