/* streams.c - streams, futures and error contexts between guests: states, traps, limits, values of calls. */
#include "check.h"

#include <stdio.h>

#include "component/error_context.h"
#include "stream_setup.h"

/* ---- states ---- */

static void the_states_of_an_end_are_the_ones_of_the_diagram(void **state)
{
    static const char *const lines[] = {
        "idle: begin drop move; stream idle idle idle; future idle idle idle",
        "copying: cancel; stream idle done idle; future done done idle",
        "cancelling:; stream idle done idle; future done done idle",
        "done: drop; stream done done done; future done done done",
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const struct component_end_row *row = &component__end_rows[i];
        char text[128];
        int n = snprintf(text, sizeof text, "%s:%s%s%s%s;", row->name, row->may_begin ? " begin" : "",
                         row->may_cancel ? " cancel" : "", row->may_drop ? " drop" : "",
                         row->may_move ? " move" : "");
        for (int f = 0; f < 2; f++) {
            const uint8_t *took = f ? row->took_of_future : row->took_of_stream;
            n += snprintf(text + n, sizeof text - (size_t)n, " %s %s %s %s%s", f ? "future" : "stream",
                          component__end_rows[took[0]].name, component__end_rows[took[1]].name,
                          component__end_rows[took[2]].name, f ? "" : ";");
        }
        CHECK_STR(sw_str_of(text), lines[i]);
    }
}

static void who_comes_second_copies_between_the_memories(void **state)
{
    for (int writer_first = 0; writer_first < 2; writer_first++) {
        struct setup s;
        uint32_t readable, writable;
        (void)state;
        setup_init(&s, "u16", NULL);
        setup_make(&s, 0, false, &readable, &writable);
        readable = setup_give(&s, 0, readable, false);
        memcpy(setup_memory(&s, 0) + 64, "abcdefgh", 8);
        if (writer_first) {
            CHECK_INT(OK(&s, 0, COMPONENT_STREAM_WRITE, writable, 64, 4), BLOCKED);
            CHECK_INT(OK(&s, 1, COMPONENT_STREAM_READ, readable, 32, 3), 3 << 4);
            CHECK_INT(OK(&s, 1, COMPONENT_STREAM_READ, readable, 38, 3),
                      1 << 4); /* the rest, before anybody told the writer */
            CHECK_INT(setup_event(&s, 0, writable), 4 << 4);
        } else {
            CHECK_INT(OK(&s, 1, COMPONENT_STREAM_READ, readable, 32, 5), BLOCKED);
            CHECK_INT(OK(&s, 0, COMPONENT_STREAM_WRITE, writable, 64, 4), 4 << 4);
            CHECK_INT(setup_event(&s, 1, readable), 4 << 4);
        }
        CHECK(memcmp(setup_memory(&s, 1) + 32, "abcdefgh", 8) == 0);
        setup_deinit(&s);
    }
}

static void a_copy_that_was_cancelled_gives_what_it_had(void **state)
{
    struct setup s;
    uint32_t readable, writable;
    (void)state;
    setup_init(&s, "u8", NULL);
    setup_make(&s, 0, false, &readable, &writable);
    readable = setup_give(&s, 0, readable, false);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_WRITE, writable, 64, 4), BLOCKED);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_CANCEL_WRITE, writable), COMPONENT_COPY_CANCELLED);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_WRITE, writable, 64, 4), BLOCKED);
    CHECK_INT(OK(&s, 1, COMPONENT_STREAM_READ, readable, 64, 1), 1 << 4);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_CANCEL_WRITE, writable), COMPONENT_COPY_CANCELLED | 1 << 4);
    CHECK_INT(OK(&s, 1, COMPONENT_STREAM_READ, readable, 64, 1), BLOCKED);
    (void)OK(&s, 0, COMPONENT_STREAM_DROP_WRITABLE, writable);
    CHECK_INT(setup_event(&s, 1, readable), COMPONENT_COPY_DROPPED);
    (void)OK(&s, 1, COMPONENT_STREAM_DROP_READABLE, readable);
    CHECK(sw_list_empty(&s.fx.store->streams));
    setup_deinit(&s);
}

/* ---- traps ---- */

enum prepared { FRESH, READING, READ_DONE, WRITER_GONE, WRITING, READER_GONE, IN_SET };

/* Guest 0 has the writable end, guest 1 the readable one. */
static void prepare(struct setup *s, bool future, enum prepared what, uint32_t handles[2])
{
    static struct component_waitable_set set;
    uint32_t offset = future ? COMPONENT_FUTURE_NEW - COMPONENT_STREAM_NEW : 0;
    setup_make(s, 0, future, &handles[0], &handles[1]);
    handles[0] = setup_give(s, 0, handles[0], future);
    if (what == READING || what == READ_DONE)
        CHECK_INT(OK(s, 1, COMPONENT_STREAM_READ + offset, handles[0], 16, 4), BLOCKED);
    if (what == WRITING)
        CHECK_INT(OK(s, 0, COMPONENT_STREAM_WRITE + offset, handles[1], 16, 4), BLOCKED);
    if (what == READ_DONE) {
        (void)OK(s, 0, COMPONENT_STREAM_WRITE + offset, handles[1], 16, 4);
        (void)setup_event(s, 1, handles[0]);
    }
    if (what == WRITER_GONE) {
        (void)OK(s, 0, COMPONENT_STREAM_DROP_WRITABLE, handles[1]);
        CHECK_INT(OK(s, 1, COMPONENT_STREAM_READ, handles[0], 16, 4), COMPONENT_COPY_DROPPED);
    }
    if (what == READER_GONE) {
        (void)OK(s, 1, COMPONENT_STREAM_DROP_READABLE + offset, handles[0]);
        CHECK_INT(OK(s, 0, COMPONENT_STREAM_WRITE + offset, handles[1], 16, 4), COMPONENT_COPY_DROPPED);
    }
    if (what == IN_SET) {
        set = (struct component_waitable_set){.members = 0};
        sw_list_init(&set.idle);
        sw_list_init(&set.pending);
        component__waitable_join(&setup_end(s, 1, handles[0])->waitable, &set);
    }
}

static void misuse_traps(void **state)
{
    static const struct {
        bool future;
        enum prepared what;
        enum component_builtin_kind kind; /* of a stream */
        const char *trap;
    } rows[] = {
        {false, READING, COMPONENT_STREAM_READ, "cannot have concurrent operations"},
        {false, WRITING, COMPONENT_STREAM_WRITE, "cannot have concurrent operations"},
        {false, READING, COMPONENT_STREAM_DROP_READABLE, "cannot remove busy stream"},
        {false, WRITING, COMPONENT_STREAM_DROP_WRITABLE, "cannot drop busy stream"},
        {false, FRESH, COMPONENT_STREAM_CANCEL_READ, "cannot cancel a read of a stream"},
        {false, FRESH, COMPONENT_STREAM_CANCEL_WRITE, "cannot cancel a write of a stream"},
        {false, WRITER_GONE, COMPONENT_STREAM_READ, "after being notified that the writable end dropped"},
        {false, READER_GONE, COMPONENT_STREAM_WRITE, "after being notified that the readable end dropped"},
        {true, FRESH, COMPONENT_STREAM_DROP_WRITABLE, "without first writing a value"},
        {true, WRITING, COMPONENT_STREAM_DROP_WRITABLE, "without first writing a value"},
        {true, READING, COMPONENT_STREAM_DROP_READABLE, "cannot remove busy future"},
        {true, READ_DONE, COMPONENT_STREAM_READ, "cannot read from future after previous read"},
        {true, READ_DONE, COMPONENT_STREAM_WRITE, "cannot write to future after previous write"},
        {true, READER_GONE, COMPONENT_STREAM_WRITE, "or readable end dropped"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup s;
        uint32_t handles[2], ret, kind = rows[i].kind;
        bool writes = kind == COMPONENT_STREAM_WRITE || kind == COMPONENT_STREAM_CANCEL_WRITE ||
                      kind == COMPONENT_STREAM_DROP_WRITABLE;
        setup_init(&s, "u8", NULL);
        prepare(&s, rows[i].future, rows[i].what, handles);
        if (rows[i].future)
            kind += COMPONENT_FUTURE_NEW - COMPONENT_STREAM_NEW;
        CHECK_INT(CALL(&s, !writes, kind, &ret, handles[writes], 16, 1), -SW_EGUEST);
        CHECK_HAS(fixture_failure(&s.fx), rows[i].trap);
        setup_deinit(&s);
    }
}

static void only_an_idle_readable_end_can_be_passed_on(void **state)
{
    static const struct {
        bool future;
        enum prepared what;
        const char *trap;
    } rows[] = {
        {false, READING, "cannot remove busy stream"},
        {false, WRITER_GONE, "cannot lift stream after being notified that the writable end dropped"},
        {false, IN_SET, "cannot lift stream while it's in a waitable set"},
        {true, READ_DONE, "cannot lift future after previous read succeeded"},
        {true, IN_SET, "cannot lift future while it's in a waitable set"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup s;
        struct component_call call;
        struct component_stream *stream;
        uint32_t handles[2];
        setup_init(&s, "u8", NULL);
        prepare(&s, rows[i].future, rows[i].what, handles);
        setup_context(&s, 1, &call);
        CHECK_INT(component__stream_lift(&call, component_type_of(s.fx.plan.types, s.types[rows[i].future]),
                                         handles[0], &stream),
                  -SW_EGUEST);
        CHECK_HAS(fixture_failure(&s.fx), rows[i].trap);
        setup_deinit(&s);
    }
}

static void a_handle_must_be_an_end_of_the_right_type(void **state)
{
    static const struct {
        enum component_builtin_kind kind;
        bool writable;
        const char *trap;
    } rows[] = {
        {COMPONENT_STREAM_READ, true, "expected the readable end of a stream"},
        {COMPONENT_STREAM_WRITE, false, "expected the writable end of a stream"},
        {COMPONENT_FUTURE_READ, false, "expected the readable end of a future"},
        {COMPONENT_FUTURE_WRITE, true, "expected the writable end of a future"},
        {COMPONENT_ERROR_CONTEXT_DROP, false, "expected an error context"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows + 2; i++) {
        struct setup s;
        uint32_t readable, writable, ret;
        bool of_rows = i < sizeof rows / sizeof *rows;
        setup_init(&s, "u8", NULL);
        setup_make(&s, 0, false, &readable, &writable);
        if (i == sizeof rows / sizeof *rows)
            s.types[0] = fixture_type(&s.fx, "stream<u16>");
        uint32_t handle = i > sizeof rows / sizeof *rows ? 99
                          : of_rows && rows[i].writable  ? writable
                                                         : readable;
        enum component_builtin_kind kind = of_rows ? rows[i].kind : COMPONENT_STREAM_READ;
        CHECK_INT(CALL(&s, 0, kind, &ret, handle, 0, 0), -SW_EGUEST);
        CHECK_HAS(fixture_failure(&s.fx), of_rows        ? rows[i].trap
                                          : handle == 99 ? "unknown handle index 99"
                                                         : "is one of other elements");
        setup_deinit(&s);
    }
}

static void a_buffer_is_checked_when_it_is_given(void **state)
{
    static const struct {
        uint32_t ptr, count;
        const char *trap; /* NULL: fine */
    } rows[] = {
        {4, 1, NULL},
        {65532, 1, NULL},
        {3, 0, NULL}, /* without elements the pointer says nothing */
        {UINT32_MAX, 0, NULL},
        {6, 1, "unaligned pointer 0x6"},
        {65536, 1, "out of bounds of memory"},
        {4, 16384, "out of bounds of memory"},
        {4, (1u << 28) - 1, "out of bounds of memory"},
        {4, 1u << 28, "count 268435456 is too large"},
        {4, UINT32_MAX, "is too large"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup s;
        uint32_t readable, writable, ret;
        setup_init(&s, "u32", NULL);
        setup_make(&s, 0, false, &readable, &writable);
        int rc = CALL(&s, 0, COMPONENT_STREAM_READ, &ret, readable, rows[i].ptr, rows[i].count);
        CHECK_INT(rc, rows[i].trap ? -SW_EGUEST : 0);
        if (rows[i].trap)
            CHECK_HAS(fixture_failure(&s.fx), rows[i].trap);
        setup_deinit(&s);
    }
}

static void only_numbers_stay_within_one_instance(void **state)
{
    static const struct {
        const char *elem;
        bool fine;
    } rows[] = {{"u8", true}, {"f64", true}, {"bool", false}, {"string", false}, {"tuple<u8>", false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct setup s;
        uint32_t readable, writable, ret;
        setup_init(&s, rows[i].elem, NULL);
        setup_make(&s, 0, false, &readable, &writable);
        CHECK_INT(OK(&s, 0, COMPONENT_STREAM_READ, readable, 16, 2), BLOCKED);
        CHECK_INT(CALL(&s, 0, COMPONENT_STREAM_WRITE, &ret, writable, 64, 2), rows[i].fine ? 0 : -SW_EGUEST);
        if (!rows[i].fine)
            CHECK_HAS(fixture_failure(&s.fx), "cannot read from and write to intra-component stream");
        setup_deinit(&s);
    }
}

static void buffers_of_one_memory_may_overlap(void **state)
{
    struct setup s;
    uint32_t readable, writable;
    (void)state;
    setup_init(&s, "u8", NULL);
    setup_make(&s, 0, false, &readable, &writable);
    memcpy(setup_memory(&s, 0) + 64, "01234567", 8);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_READ, readable, 66, 8), BLOCKED);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_WRITE, writable, 64, 8), 8 << 4);
    CHECK(memcmp(setup_memory(&s, 0) + 64, "0101234567", 10) == 0);
    setup_deinit(&s);
}

static void elements_that_break_a_rule_trap_in_the_copy(void **state)
{
    struct setup s;
    uint32_t readable, writable, ret;
    (void)state;
    setup_init(&s, "string", NULL);
    setup_make(&s, 0, false, &readable, &writable);
    readable = setup_give(&s, 0, readable, false);
    component_store_u32(setup_memory(&s, 0) + 64, 128);
    component_store_u32(setup_memory(&s, 0) + 68, 2);
    memcpy(setup_memory(&s, 0) + 128, "\xff\xff", 2);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_WRITE, writable, 64, 1), BLOCKED); /* not looked at yet */
    CHECK_INT(CALL(&s, 1, COMPONENT_STREAM_READ, &ret, readable, 64, 1), -SW_EGUEST);
    CHECK_HAS(fixture_failure(&s.fx), "string is invalid utf-8");
    setup_deinit(&s);
}

/* ---- values of calls ---- */

static int note_argument(struct fake_guest *guest, union engine_val *vals)
{
    fixture_note(fixture_of(guest)->fixture, "got %u;", vals[0].u32);
    return 0;
}

static void a_readable_end_goes_with_a_call(void **state)
{
    struct setup s;
    uint32_t readable, writable;
    union engine_val vals[1];
    (void)state;
    setup_init(&s, "u8", "func(s: stream<u8>)");
    s.fx.guests[1].run = note_argument;
    setup_make(&s, 0, false, &readable, &writable);
    s.fx.store->instances[1].entered = true; /* guest 0 runs */
    vals[0].u64 = readable;
    CHECK_INT(fake_import(fixture_guest(&s.fx, 0), 0, vals), 0);
    CHECK_STR(sw_str_of(s.fx.events), "got 1;");
    CHECK(component_handles_get(&s.fx.store->instances[1].handles, readable) == NULL);
    CHECK_INT(OK(&s, 1, COMPONENT_STREAM_READ, 1, 16, 4), BLOCKED);
    CHECK_INT(OK(&s, 0, COMPONENT_STREAM_WRITE, writable, 16, 4), 4 << 4);
    setup_deinit(&s);
}

/* ---- error contexts ---- */

static uint32_t context_new(struct setup *s, uint32_t g, const char *text)
{
    memcpy(setup_memory(s, g) + 1024, text, strlen(text));
    return OK(s, g, COMPONENT_ERROR_CONTEXT_NEW, 1024, (uint32_t)strlen(text));
}

static struct sw_str context_text(struct setup *s, uint32_t g, uint32_t handle)
{
    (void)OK(s, g, COMPONENT_ERROR_CONTEXT_DEBUG_MESSAGE, handle, 512);
    return sw_str((const char *)setup_memory(s, g) + component_load_u32(setup_memory(s, g) + 512),
                  component_load_u32(setup_memory(s, g) + 516));
}

static void an_error_context_is_shared_by_handles(void **state)
{
    struct setup s;
    union engine_val vals[1];
    (void)state;
    setup_init(&s, "error-context", "func(e: error-context)");
    s.fx.guests[1].run = note_argument;
    uint32_t handle = context_new(&s, 0, "it broke");
    vals[0].u64 = handle;
    s.fx.store->instances[1].entered = true;
    CHECK_INT(fake_import(fixture_guest(&s.fx, 0), 0, vals), 0);
    CHECK_STR(sw_str_of(s.fx.events), "got 1;");
    CHECK_STR(context_text(&s, 0, handle), "it broke"); /* still there */
    (void)OK(&s, 0, COMPONENT_ERROR_CONTEXT_DROP, handle);
    CHECK_STR(context_text(&s, 1, 1), "it broke");
    (void)OK(&s, 1, COMPONENT_ERROR_CONTEXT_DROP, 1);
    CHECK(sw_list_empty(&s.fx.store->error_contexts));
    CHECK_INT(s.fx.store->error_bytes, 0);
    setup_deinit(&s);
}

static void a_long_message_is_cut_at_a_character(void **state)
{
    static char text[2 * COMPONENT_ERROR_MESSAGE_MAX];
    struct setup s;
    (void)state;
    setup_init(&s, "u8", NULL);
    for (size_t i = 0; i + 2 < sizeof text; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    uint32_t handle = context_new(&s, 0, text);
    CHECK_INT(context_text(&s, 0, handle).n, COMPONENT_ERROR_MESSAGE_MAX / 3 * 3);
    for (uint32_t i = 0; i < COMPONENT_ERROR_BYTES_MAX / COMPONENT_ERROR_MESSAGE_MAX + 10; i++)
        handle = context_new(&s, 0, text);
    CHECK(context_text(&s, 0, handle).n < 3); /* a store's share is used up: the rest is empty */
    setup_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_states_of_an_end_are_the_ones_of_the_diagram),
        cmocka_unit_test(who_comes_second_copies_between_the_memories),
        cmocka_unit_test(a_copy_that_was_cancelled_gives_what_it_had),
        cmocka_unit_test(misuse_traps),
        cmocka_unit_test(only_an_idle_readable_end_can_be_passed_on),
        cmocka_unit_test(a_handle_must_be_an_end_of_the_right_type),
        cmocka_unit_test(a_buffer_is_checked_when_it_is_given),
        cmocka_unit_test(only_numbers_stay_within_one_instance),
        cmocka_unit_test(buffers_of_one_memory_may_overlap),
        cmocka_unit_test(elements_that_break_a_rule_trap_in_the_copy),
        cmocka_unit_test(a_readable_end_goes_with_a_call),
        cmocka_unit_test(an_error_context_is_shared_by_handles),
        cmocka_unit_test(a_long_message_is_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
