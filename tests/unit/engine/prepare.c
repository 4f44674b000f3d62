/* prepare.c - stripping data and start: what comes out means the same. */
#include "base/alloc.h"
#include "check.h"
#include "engine/limits.h"
#include "guest.h"

struct prepared {
    struct sw_arena arena;
    struct engine_core *before;
    struct engine_core *after; /* of the rewritten module */
    struct sw_buf wasm;
    struct sw_buf image;
};

static int prepare(struct prepared *p, const char *wat, struct sw_err *err)
{
    *p = (struct prepared){.arena = SW_ARENA(1u << 24), .wasm = SW_BUF(1u << 24), .image = SW_BUF(1u << 24)};
    CHECK_OK(engine_core_parse(&p->arena, guest_wat(&p->arena, wat), &p->before, err), err);
    int rc = engine_core_prepare(p->before, &p->wasm, &p->image, err);
    if (rc == 0)
        CHECK_OK(engine_core_parse(&p->arena, sw_buf_str(&p->wasm), &p->after, err), err);
    return rc;
}

static void release(struct prepared *p)
{
    sw_buf_deinit(&p->wasm);
    sw_buf_deinit(&p->image);
    sw_arena_deinit(&p->arena);
}

static unsigned active(const struct engine_core *core)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < core->data_count; i++)
        n += core->data[i].active;
    return n;
}

static const struct {
    const char *what;
    const char *wat;
    int image;  /* bytes; -1: refused */
    int active; /* active segments left */
    const char *text;
} rows[] = {
    {"no memory", "(module)", 0, 0, NULL},
    {"no data", "(module (memory 1))", 0, 0, NULL},
    {"one", "(module (memory 1)(data (i32.const 8) \"abc\"))", 11, 0, NULL},
    {"two, the later wins", "(module (memory 1)(data (i32.const 8) \"abc\")(data (i32.const 9) \"X\"))", 11,
     0, NULL},
    {"at the very end", "(module (memory 1)(data (i32.const 65533) \"abc\"))", 65536, 0, NULL},
    {"one past the end", "(module (memory 1)(data (i32.const 65534) \"abc\"))", -1, 0,
     "lies outside the memory of 65536 bytes"},
    {"negative is far", "(module (memory 1)(data (i32.const -1) \"a\"))", -1, 0, "at 4294967295"},
    {"empty at the end", "(module (memory 1)(data (i32.const 65536) \"\"))", 0, 0, NULL},
    {"empty past the end", "(module (memory 1)(data (i32.const 65537) \"\"))", -1, 0, "lies outside"},
    {"64 bits", "(module (memory i64 1)(data (i64.const 4) \"abc\"))", 7, 0, NULL},
    {"64 bits, far", "(module (memory i64 1)(data (i64.const -1) \"abc\"))", -1, 0, "lies outside"},
    {"passive stays", "(module (memory 1)(data \"p\")(data (i32.const 0) \"abc\"))", 3, 0, NULL},
    {"named by an instruction",
     "(module (memory 1)(data (i32.const 8) \"abc\")(data (i32.const 9) \"X\")(func (data.drop 1)))", 11, 0,
     NULL},
    {"offset of a global",
     "(module (import \"e\" \"g\" (global i32))(memory 1)(data (global.get 0) \"abc\"))", 0, 1, NULL},
    {"after one that stays",
     "(module (import \"e\" \"g\" (global i32))(memory 1)(data (i32.const 0) \"a\")(data (global.get 0) "
     "\"b\")(data (i32.const 1) \"c\"))",
     1, 2, NULL},
    {"extended constant", "(module (memory 1)(data (i32.add (i32.const 1) (i32.const 2)) \"abc\"))", 0, 1,
     NULL},
    {"imported memory", "(module (import \"e\" \"m\" (memory 1))(data (i32.const 0) \"abc\"))", 0, 1, NULL},
    {"two memories",
     "(module (memory 1)(memory 1)(data (i32.const 0) \"abc\")(data (memory 1) (i32.const 0) \"d\"))", 0, 2,
     NULL},
    {"higher than an image may be",
     "(module (memory 2000)(data (i32.const 1) \"a\")(data (i32.const 100000000) \"b\")(data (i32.const 2) "
     "\"c\"))",
     2, 2, NULL},
};

static void each_row_is_stripped_rightly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct prepared p;
        struct sw_err err = {0};
        int rc = prepare(&p, rows[i].wat, &err);
        if (rows[i].image < 0) {
            CHECK_INT(rc, -SW_EINPUT);
            CHECK_HAS(err.text, rows[i].text);
            CHECK(p.wasm.n == 0 && p.image.n == 0);
        } else {
            CHECK_OK(rc, &err);
            /* indices stay where an instruction may use them */
            uint32_t left_out = p.before->has_data_count_section ? 0 : active(p.before) - active(p.after);
            if ((int)p.image.n != rows[i].image || (int)active(p.after) != rows[i].active ||
                p.after->data_count != p.before->data_count - left_out)
                print_error("'%s': image %zu, active %u, segments %u\n", rows[i].what, p.image.n,
                            active(p.after), p.after->data_count);
            CHECK_INT(p.image.n, rows[i].image);
            CHECK_INT(active(p.after), rows[i].active);
            CHECK_INT(p.after->data_count, p.before->data_count - left_out);
            CHECK_INT(p.after->has_data_count_section, p.before->has_data_count_section);
        }
        release(&p);
    }
}

static void later_segments_overwrite_earlier_ones(void **state)
{
    (void)state;
    struct prepared p;
    struct sw_err err = {0};
    CHECK_OK(prepare(&p, "(module (memory 1)(data (i32.const 2) \"abcd\")(data (i32.const 3) \"X\"))", &err),
             &err);
    CHECK_INT(p.image.n, 6);
    CHECK(memcmp(p.image.p, "\0\0aXcd", 6) == 0);
    release(&p);
}

static void a_start_section_becomes_an_export(void **state)
{
    (void)state;
    static const char *const wats[] = {
        "(module (func $a)(func $s)(start $s))",
        "(module (func $a (export \"a\"))(func $s)(start $s)(table 1 funcref)(elem (i32.const 0) $a))",
        "(module (import \"e\" \"f\" (func))(start 0))",
    };
    for (size_t i = 0; i < 3; i++) {
        struct prepared p;
        struct sw_err err = {0};
        CHECK_OK(prepare(&p, wats[i], &err), &err);
        CHECK(p.before->has_start && !p.after->has_start);
        CHECK_INT(p.after->export_count, p.before->export_count + 1);
        const struct engine_core_export *start = engine_core_export_find(p.after, ENGINE_START_EXPORT);
        CHECK(start && start->kind == ENGINE_CORE_FUNC && start->index == p.before->start);
        release(&p);
    }
}

static void the_reserved_export_name_is_refused(void **state)
{
    (void)state;
    struct prepared p;
    struct sw_err err = {0};
    CHECK_INT(prepare(&p, "(module (func (export \"swell:start\")))", &err), -SW_EINPUT);
    CHECK_HAS(err.text, "'swell:start' is reserved");
    release(&p);
}

static void names_are_kept_and_other_custom_sections_are_not(void **state)
{
    (void)state;
    struct prepared p;
    struct sw_err err = {0};
    CHECK_OK(prepare(&p, "(module $named (func $f)(@custom \"note\" \"text\"))", &err), &err);
    CHECK_INT(p.before->custom_count, 2);
    CHECK_INT(p.after->custom_count, 1);
    CHECK_STR(p.after->customs[0].name, "name");
    release(&p);
}

static void nothing_to_do_changes_nothing(void **state)
{
    (void)state;
    struct prepared p;
    struct sw_err err = {0};
    CHECK_OK(prepare(&p,
                     "(module (import \"a\" \"b\" (func))(memory 1)(func (export \"f\") (call 0))(table 1 "
                     "funcref)(elem (i32.const 0) 0))",
                     &err),
             &err);
    CHECK(sw_str_eq(sw_buf_str(&p.wasm), p.before->bytes));
    release(&p);
}

static void a_ceiling_that_is_met_leaves_the_buffers_as_they_were(void **state)
{
    (void)state;
    struct sw_arena arena = SW_ARENA(1u << 20);
    struct engine_core *core = NULL;
    struct sw_err err = {0};
    CHECK_OK(engine_core_parse(&arena, guest_wat(&arena, "(module (memory 1)(data (i32.const 100) \"abc\"))"),
                               &core, &err),
             &err);
    sw_auto_buf wasm = SW_BUF(12);
    sw_auto_buf image = SW_BUF(1000);
    CHECK_OK(sw_buf_add(&image, SW_LIT("before"), &err), &err);
    CHECK_INT(engine_core_prepare(core, &wasm, &image, &err), -SW_ELIMIT);
    CHECK(wasm.n == 0 && image.n == 6);
    sw_buf_deinit(&image);
    image = SW_BUF(100);
    CHECK_INT(engine_core_prepare(core, &wasm, &image, &err), -SW_ELIMIT);
    CHECK_HAS(err.text, "memory image");
    sw_arena_deinit(&arena);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct sw_arena arena = SW_ARENA(1u << 20);
    struct engine_core *core = NULL;
    struct sw_err err = {0};
    CHECK_OK(engine_core_parse(
                 &arena,
                 guest_wat(&arena, "(module (memory 1)(func)(start 0)(data (i32.const 900) \"abc\"))"), &core,
                 &err),
             &err);
    for (long n = 0; n < 100; n++) {
        sw_auto_buf wasm = SW_BUF(1u << 20);
        sw_auto_buf image = SW_BUF(1u << 20);
        sw_mem_fail_after(n);
        int rc = engine_core_prepare(core, &wasm, &image, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            CHECK(n > 0);
            sw_arena_deinit(&arena);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
    }
    fail_msg("%s", "still failing");
}

static void the_key_names_the_content(void **state)
{
    (void)state;
    struct sw_arena arena = SW_ARENA(1u << 20);
    struct engine_core *a = NULL;
    struct engine_core *b = NULL;
    struct sw_err err = {0};
    char key[3][65];
    CHECK_OK(engine_core_parse(&arena, guest_wat(&arena, "(module (memory 1))"), &a, &err), &err);
    CHECK_OK(engine_core_parse(&arena, guest_wat(&arena, "(module (memory 2))"), &b, &err), &err);
    engine_artifact_key(a, key[0]);
    engine_artifact_key(a, key[1]);
    engine_artifact_key(b, key[2]);
    CHECK_INT(strlen(key[0]), 64);
    CHECK_INT(strspn(key[0], "0123456789abcdef"), 64);
    CHECK_STR(sw_str_of(key[1]), key[0]);
    CHECK(strcmp(key[0], key[2]) != 0);
    sw_arena_deinit(&arena);
}

static void what_cannot_be_run_is_not_compiled(void **state)
{
    (void)state;
    static const struct {
        const char *wat;
        int rc;
        const char *text;
    } bad[] = {
        {"(module (memory 1 2 shared))", -SW_EINPUT, "shared between threads"},
        {"(module (import \"a\" \"m\" (memory 1 2 shared)))", -SW_EINPUT, "shared between threads"},
        {"(module (memory 1 (pagesize 1)))", -SW_EINPUT, "custom pages"},
        {"(module (memory i64 65537))", -SW_ELIMIT, "more than the limit of 65536"},
        {"(module (func (result i32)))", -SW_EINPUT, "type mismatch"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct guest guest;
        struct sw_err err = {0};
        CHECK_INT(guest_compile(&guest, bad[i].wat, &err), bad[i].rc);
        CHECK_HAS(err.text, bad[i].text);
        guest_close(&guest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_stripped_rightly),
        cmocka_unit_test(later_segments_overwrite_earlier_ones),
        cmocka_unit_test(a_start_section_becomes_an_export),
        cmocka_unit_test(the_reserved_export_name_is_refused),
        cmocka_unit_test(names_are_kept_and_other_custom_sections_are_not),
        cmocka_unit_test(nothing_to_do_changes_nothing),
        cmocka_unit_test(a_ceiling_that_is_met_leaves_the_buffers_as_they_were),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(the_key_names_the_content),
        cmocka_unit_test(what_cannot_be_run_is_not_compiled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
