/* abi.c - the primitives of host.h, as a host function uses them. */
#include "check.h"

#include "run_fixture.h"

enum { KIND_FILE = 7, KIND_SOCKET = 1000007 };

static void drop_noted(void *owner, void *object)
{
    fixture_note(owner, "drop %s;", (const char *)object);
}

static const struct component_host_resource file_type = {"file", KIND_FILE, drop_noted};
static const struct component_host_resource socket_type = {"socket", KIND_SOCKET, NULL};

/* Each test sets what the host function does; guest 0's run calls it. */
static int (*host_body)(struct component_call *call);

static int host_call(struct component_call *call, union engine_val *vals)
{
    (void)vals;
    return host_body(call);
}
static const struct component_host_func host_func = {"do-it", "func()", host_call, NULL};

static int run_import(struct fake_guest *guest, union engine_val *vals)
{
    return fake_import(guest, 0, vals);
}

static void setup(struct fixture *fx)
{
    fixture_init(fx, 1);
    (void)fixture_resource_host(fx, &file_type);
    (void)fixture_resource_host(fx, &socket_type);
    (void)fixture_import_host(fx, 0, &host_func, "func()", COMPONENT_UTF8);
    (void)fixture_import_builtin(fx, 0, COMPONENT_RESOURCE_DROP, 0);
    (void)fixture_lift(fx, 0, "run", "func()", COMPONENT_UTF8);
    fx->guests[0].run = run_import;
    fixture_bind(fx);
    fixture_open(fx);
}

static int call(struct fixture *fx, int (*body)(struct component_call *call))
{
    host_body = body;
    return component_call_wait(fx->store, fixture_export(fx, "run"), NULL, 0, NULL);
}

static int context_body(struct component_call *call)
{
    CHECK(component_call_owner(call) && component_call_engine(call) == call->store->engine);
    CHECK(sw_arena_try(component_call_scratch(call), 100, 1));
    CHECK(sw_arena_try(component_call_arena(call), 100, 1));
    CHECK_INT(call->mem_len, 65536);
    return 0;
}

static void a_host_function_finds_its_owner_and_memory(void **state)
{
    struct fixture fx;
    (void)state;
    setup(&fx);
    CHECK_INT(call(&fx, context_body), 0);
    for (uint32_t i = 0; i < 3; i++)
        CHECK_INT(fx.store->scratch[i].used, 0); /* emptied */
    CHECK(fx.store->arena.used > 0);
    fixture_deinit(&fx);
}

static int trap_body(struct component_call *call)
{
    return component_trap(call, "no such %s", "thing");
}

static void a_trap_names_the_import(void **state)
{
    struct fixture fx;
    (void)state;
    setup(&fx);
    CHECK_INT(call(&fx, trap_body), -SW_EGUEST);
    CHECK_STR(sw_str_of(fixture_failure(&fx)), "no such thing (in a call of test:host/api do-it)");
    CHECK_INT(call(&fx, context_body), -SW_EGUEST); /* poisoned */
    fixture_deinit(&fx);
}

static const struct range_row {
    uint32_t ptr;
    uint64_t len;
    uint32_t align;
    bool ok;
} range_rows[] = {
    {0, 0, 1, true},           {65536, 0, 8, true}, {65537, 0, 1, false}, {65535, 1, 1, true},
    {65535, 2, 1, false},      {4, 4, 4, true},     {2, 4, 4, false},     {0xffffffff, 1, 1, false},
    {8, UINT64_MAX, 8, false}, {0, 65536, 1, true}, {0, 65537, 1, false}, {0xfffffff8, 0xffffffff, 8, false},
};
static const struct range_row *range_row;

static int range_body(struct component_call *call)
{
    uint8_t *p = NULL;
    int rc = component_mem_range(call, range_row->ptr, range_row->len, range_row->align, &p);
    if (rc == 0)
        CHECK(p == call->mem + range_row->ptr);
    return rc;
}

static void ranges_are_inside_memory_and_aligned(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof range_rows / sizeof *range_rows; i++) {
        struct fixture fx;
        setup(&fx);
        range_row = &range_rows[i];
        CHECK_INT(call(&fx, range_body), range_row->ok ? 0 : -SW_EGUEST);
        fixture_deinit(&fx);
    }
}

static const struct list_row {
    uint32_t ptr, count, size, align;
    const char *trap;
} list_rows[] = {
    {8, 2, 8, 8, NULL},
    {0, 0, 8, 8, NULL},
    {4, 2, 8, 8, "unaligned"},
    {8, 0x20000000, 8, 8, "over the limit"}, /* 2^32 bytes */
    {8, 0x10000000, 1, 1, "over the limit"},
    {8, 0x0fffffff, 1, 1, "list content out-of-bounds"},
    {65536, 1, 1, 1, "list content out-of-bounds"},
    {9, 0x20000000, 8, 8, "over the limit"}, /* the size is judged first */
};
static const struct list_row *list_row;

static int list_body(struct component_call *call)
{
    uint8_t *p;
    return component_lift_list(call, list_row->ptr, list_row->count, list_row->size, list_row->align, &p);
}

static void lists_are_checked_without_overflow(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof list_rows / sizeof *list_rows; i++) {
        struct fixture fx;
        setup(&fx);
        list_row = &list_rows[i];
        CHECK_INT(call(&fx, list_body), list_row->trap ? -SW_EGUEST : 0);
        if (list_row->trap)
            CHECK_HAS(fixture_failure(&fx), list_row->trap);
        fixture_deinit(&fx);
    }
}

static uint32_t lift_count;

/* 65535 bytes, again and again: a list of strings that all name the same bytes. */
static int amplified_list_body(struct component_call *call)
{
    uint8_t *p;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < lift_count; i++)
        rc = component_lift_list(call, 1, 65535, 1, 1, &p);
    return rc;
}

static int amplified_string_body(struct component_call *call)
{
    struct sw_str text;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < lift_count; i++)
        rc = component_lift_string(call, 1, 65535, &text);
    return rc;
}

static void one_call_gives_so_many_bytes_at_most(void **state)
{
    static int (*const bodies[])(struct component_call *) = {amplified_list_body, amplified_string_body};
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct fixture fx;
        setup(&fx);
        lift_count = COMPONENT_LIFT_BYTES_MAX / 65535;
        CHECK_INT(call(&fx, bodies[i]), 0);
        CHECK_INT(call(&fx, bodies[i]), 0); /* the next call starts anew */
        lift_count++;
        CHECK_INT(call(&fx, bodies[i]), -SW_EGUEST);
        CHECK_HAS(fixture_failure(&fx),
                  "strings and lists of one call are over the limit of 268435456 bytes together");
        fixture_deinit(&fx);
    }
}

static int scalars_body(struct component_call *call)
{
    uint32_t point;
    CHECK_INT(component_lift_char(call, 0xd7ff, &point), 0);
    CHECK_INT(component_lift_char(call, 0x10ffff, &point), 0);
    CHECK_INT(point, 0x10ffff);
    CHECK_INT(component_lift_discriminant(call, 2, 3), 0);
    return component_lift_discriminant(call, 3, 3);
}

static void chars_and_discriminants_are_checked(void **state)
{
    struct fixture fx;
    (void)state;
    setup(&fx);
    CHECK_INT(call(&fx, scalars_body), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx), "invalid variant discriminant 3");
    fixture_deinit(&fx);
}

/* ---- realloc ---- */

static uint32_t realloc_gives;

static int odd_realloc(struct fake_guest *guest, union engine_val *vals)
{
    (void)guest;
    vals[0].u64 = realloc_gives;
    return 0;
}

static int growing_realloc(struct fake_guest *guest, union engine_val *vals)
{
    fake_guest_grow(guest, 131072);
    vals[0].u64 = 65536;
    return 0;
}

static int trapping_realloc(struct fake_guest *guest, union engine_val *vals)
{
    (void)guest;
    (void)vals;
    return -1;
}

static int leaving_realloc(struct fake_guest *guest, union engine_val *vals)
{
    return fake_import(guest, 0, vals);
}

static int alloc_body(struct component_call *call)
{
    uint32_t ptr;
    return component_lower_alloc(call, 16, 8, &ptr);
}

static int bytes_body(struct component_call *call)
{
    uint32_t ptr, n;
    int rc = component_lower_bytes(call, SW_LIT("0123456789"), &ptr, &n);
    if (rc < 0)
        return rc;
    CHECK_INT(n, 10);
    CHECK_INT(call->mem_len, 131072);
    CHECK_INT(memcmp(call->mem + ptr, "0123456789", 10), 0);
    rc = component_lower_bytes(call, (struct sw_str){NULL, 0}, &ptr,
                               &n); /* nothing: realloc is called all the same */
    CHECK_INT(n, 0);
    return rc;
}

static void what_realloc_returns_is_checked(void **state)
{
    static const struct {
        fake_func_fn *fn;
        uint32_t gives;
        const char *trap;
    } rows[] = {
        {odd_realloc, 64, NULL},
        {odd_realloc, 68, "realloc return: result not aligned"},
        {odd_realloc, 65528, "realloc return: beyond end of memory"},
        {odd_realloc, 65520, NULL},
        {odd_realloc, 0xfffffff8, "realloc return: beyond end of memory"},
        {trapping_realloc, 0, "the guest trapped"},
        {leaving_realloc, 0, "cannot leave component instance"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fx;
        setup(&fx);
        fx.guests[0].realloc = rows[i].fn;
        realloc_gives = rows[i].gives;
        CHECK_INT(call(&fx, alloc_body), rows[i].trap ? -SW_EGUEST : 0);
        if (rows[i].trap)
            CHECK_HAS(fixture_failure(&fx), rows[i].trap);
        CHECK_STR(sw_str_of(fx.guests[0].log), "0,0,8,16;");
        fixture_deinit(&fx);
    }
}

static void memory_that_realloc_grew_is_seen(void **state)
{
    struct fixture fx;
    (void)state;
    setup(&fx);
    fx.guests[0].realloc = growing_realloc;
    CHECK_INT(call(&fx, bytes_body), 0);
    CHECK_STR(sw_str_of(fx.guests[0].log), "0,0,1,10;0,0,1,0;");
    fixture_deinit(&fx);
}

/* ---- handles ---- */

static int make_body(struct component_call *call)
{
    static char names[3][2] = {"a", "b", "c"};
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t handle;
        int rc = component_handle_new(call, KIND_FILE, names[i], &handle);
        if (rc < 0)
            return rc;
        CHECK_INT(handle, i + 1);
    }
    return 0;
}

static void objects_left_are_dropped_in_reverse_order_once(void **state)
{
    struct fixture fx;
    (void)state;
    setup(&fx);
    CHECK_INT(call(&fx, make_body), 0);
    fixture_close(&fx);
    CHECK_STR(sw_str_of(fx.events), "drop c;drop b;drop a;");
    fixture_open(&fx); /* pooled: numbers start again */
    CHECK_INT(call(&fx, make_body), 0);
    union engine_val vals[1] = {{.u64 = 2}};
    CHECK_INT(fake_import(fixture_guest(&fx, 0), 1, vals), 0); /* resource.drop */
    fixture_close(&fx);
    CHECK_STR(sw_str_of(fx.events), "drop c;drop b;drop a;drop b;drop c;drop a;");
    fixture_deinit(&fx);
}

static int take_body(struct component_call *call)
{
    void *object;
    CHECK_INT(component_handle_take(call, 2, KIND_FILE, &object), 0);
    CHECK_STR(sw_str_of(object), "b");
    return component_handle_take(call, 2, KIND_FILE, &object);
}

static void a_taken_object_is_the_hosts(void **state)
{
    struct fixture fx;
    (void)state;
    setup(&fx);
    CHECK_INT(call(&fx, make_body), 0);
    CHECK_INT(call(&fx, take_body), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&fx), "unknown handle index 2");
    fixture_close(&fx);
    CHECK_STR(sw_str_of(fx.events), "drop c;drop a;");
    fixture_deinit(&fx);
}

static int wrong_kind_body(struct component_call *call)
{
    void *object;
    return component_handle_get(call, 1, KIND_SOCKET, &object);
}

static int borrowed_twice_body(struct component_call *call)
{
    void *object;
    CHECK_INT(component_handle_get(call, 1, KIND_FILE, &object), 0);
    CHECK_INT(component_handle_get(call, 1, KIND_FILE, &object), 0);
    CHECK_STR(sw_str_of(object), "a");
    return component_handle_take(call, 1, KIND_FILE, &object);
}

static int unknown_kind_body(struct component_call *call)
{
    uint32_t handle;
    return component_handle_new(call, 99, NULL, &handle);
}

static void handles_of_another_kind_or_lent_ones_are_refused(void **state)
{
    static const struct {
        int (*body)(struct component_call *call);
        const char *trap;
    } rows[] = {
        {wrong_kind_body, "handle index 1 used with the wrong type"},
        {borrowed_twice_body, "cannot remove owned resource while borrowed"},
        {unknown_kind_body, "does not know resources of kind 99"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture fx;
        setup(&fx);
        CHECK_INT(call(&fx, make_body), 0);
        CHECK_INT(call(&fx, rows[i].body), -SW_EGUEST);
        CHECK_HAS(fixture_failure(&fx), rows[i].trap);
        fixture_deinit(&fx);
    }
}

static uint32_t lend_count;

static int lend_body(struct component_call *call)
{
    void *object;
    for (uint32_t i = 0; i < lend_count; i++)
        CHECK_INT(component_handle_get(call, i % 3 + 1, KIND_FILE, &object), 0);
    return 0;
}

static int take_all_body(struct component_call *call)
{
    void *object;
    for (uint32_t i = 1; i <= 3; i++) {
        int rc = component_handle_take(call, i, KIND_FILE, &object);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void a_calls_borrows_end_with_it_however_many(void **state)
{
    static const uint32_t counts[] = {0, 1, 3, 4, 5, 34, 35, 64, 65, 200};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct fixture fx;
        setup(&fx);
        lend_count = counts[i];
        CHECK_INT(call(&fx, make_body), 0);
        CHECK_INT(call(&fx, lend_body), 0);
        size_t used = fx.store->arena.used;
        CHECK_INT(call(&fx, lend_body), 0);
        CHECK_INT(fx.store->arena.used, used); /* blocks are used again */
        CHECK_INT(call(&fx, take_all_body), 0);
        fixture_deinit(&fx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_function_finds_its_owner_and_memory),
        cmocka_unit_test(a_trap_names_the_import),
        cmocka_unit_test(ranges_are_inside_memory_and_aligned),
        cmocka_unit_test(lists_are_checked_without_overflow),
        cmocka_unit_test(one_call_gives_so_many_bytes_at_most),
        cmocka_unit_test(chars_and_discriminants_are_checked),
        cmocka_unit_test(what_realloc_returns_is_checked),
        cmocka_unit_test(memory_that_realloc_grew_is_seen),
        cmocka_unit_test(objects_left_are_dropped_in_reverse_order_once),
        cmocka_unit_test(a_taken_object_is_the_hosts),
        cmocka_unit_test(handles_of_another_kind_or_lent_ones_are_refused),
        cmocka_unit_test(a_calls_borrows_end_with_it_however_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
