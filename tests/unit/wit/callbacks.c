/* callbacks.c - generated callbacks against plain memory: what they read, write and check.  Room: wit (tests). */
#include "guest.h"

/* ---- scalars ---- */

static void flat_scalars_use_the_low_bits_with_their_sign(void **state)
{
    (void)state;
    vals[0].u32 = 0x100; /* any bit makes a bool true */
    vals[1].u32 = 0x1ff;
    vals[2].u32 = 0x1ff;
    vals[3].u32 = 0x18000;
    vals[4].u32 = 0x18000;
    vals[5].i32 = -5;
    vals[6].u32 = 0xfffffff0;
    vals[7].i64 = -7;
    vals[8].u64 = 0xfffffffffffffff0;
    vals[9].f32 = 1.5F;
    vals[10].f64 = -2.25;
    vals[11].u32 = 0x1f600;
    give.s64 = -3;
    CHECK_RUN(SHAPES, "scalars");
    CHECK(seen.scalars.a);
    CHECK_INT(seen.scalars.b, -1);
    CHECK_INT(seen.scalars.c, 255);
    CHECK_INT(seen.scalars.d, -32768);
    CHECK_INT(seen.scalars.e, 32768);
    CHECK_INT(seen.scalars.f, -5);
    CHECK_INT(seen.scalars.g, 0xfffffff0);
    CHECK_INT(seen.scalars.h, -7);
    CHECK(seen.scalars.i == 0xfffffffffffffff0);
    CHECK_INT(bits(seen.scalars.j), bits(1.5F));
    CHECK_INT(bits64(seen.scalars.k), bits64(-2.25));
    CHECK_INT(seen.scalars.l, 0x1f600);
    CHECK_INT(vals[0].i32, -3);
    vals[0].u32 = 0;
    vals[11].u32 = 0xd800;
    CHECK_TRAP(SHAPES, "scalars", "char 55296");
    CHECK_INT(seen.calls, 1);
}

static void flat_results_are_one_core_value(void **state)
{
    (void)state;
    give.s64 = -9;
    give.f32 = 3.5F;
    give.f64 = 4.25;
    CHECK_RUN(SHAPES, "give-bool");
    CHECK_INT(vals[0].u32, 1);
    CHECK_RUN(SHAPES, "give-s64");
    CHECK_INT(vals[0].i64, -9);
    CHECK_RUN(SHAPES, "give-f32");
    CHECK_INT(vals[0].u32, bits(3.5F));
    CHECK_RUN(SHAPES, "give-f64");
    CHECK_INT(vals[0].u64, bits64(4.25));
    give.s64 = 0x41;
    CHECK_RUN(SHAPES, "give-char");
    CHECK_INT(vals[0].u32, 0x41);
    CHECK_RUN(SHAPES, "give-one"); /* a record of one u32 is that u32 */
    CHECK_INT(vals[0].u32, 0x41);
    vals[0].u32 = 1;
    CHECK_RUN(SHAPES, "give-plain");
    CHECK_INT(vals[0].u32, 1);
    vals[0].u32 = 2;
    CHECK_RUN(SHAPES, "give-color");
    CHECK_INT(vals[0].u32, 2);
    vals[0].u32 = 3;
    CHECK_TRAP(SHAPES, "give-color", "case 3 of 3");
    vals[0].u32 = 2;
    CHECK_TRAP(SHAPES, "give-plain", "case 2 of 2");
}

static void flags_keep_their_labels_only(void **state)
{
    (void)state;
    vals[0].u32 = 0xfffffffd;
    vals[1].u32 = 0xfffffc01;
    vals[2].u32 = 0x80000001;
    CHECK_RUN(SHAPES, "give-perms");
    CHECK_INT(seen.flags[0], HOST_ALL_SHAPES_PERMS_READ | HOST_ALL_SHAPES_PERMS_EXEC);
    CHECK_INT(seen.flags[1], HOST_ALL_SHAPES_TEN_T0);
    CHECK_INT(seen.flags[2], HOST_ALL_SHAPES_MANY_M0 | HOST_ALL_SHAPES_MANY_M31);
    CHECK_INT(vals[0].u32, 1);
    give.flags[0] = 5;
    give.flags[1] = 0x201;
    give.flags[2] = 0x80000001;
    vals[0].u32 = AREA;
    CHECK_RUN(SHAPES, "give-flags"); /* 1, 2 and 4 bytes */
    CHECK_MEMORY(AREA, "05 .. 01 02 01 00 00 80 ..");
}

/* ---- records ---- */

static void flat_records_are_their_fields_in_order(void **state)
{
    (void)state;
    vals[0].u32 = 0x101;
    vals[1].u32 = 2;
    vals[2].u32 = 0x10003;
    vals[3].u32 = 4;
    vals[4].u64 = 5;
    vals[5].f32 = 6;
    vals[6].f64 = 7;
    vals[7].u32 = 0;
    vals[8].u32 = 'x';
    vals[9].i32 = -8;
    vals[10].i32 = -9;
    vals[11].i32 = -10;
    vals[12].i64 = -11;
    CHECK_RUN(SHAPES, "record-in");
    CHECK_INT(seen.nested.s.a, 1);
    CHECK_INT(seen.nested.s.b, 2);
    CHECK_INT(seen.nested.s.c, 3);
    CHECK_INT(seen.nested.t.f0, 4);
    CHECK_INT(seen.nested.t.f1, 5);
    CHECK_INT(bits(seen.nested.f), bits(6));
    CHECK_INT(bits64(seen.nested.d), bits64(7));
    CHECK(!seen.nested.ok);
    CHECK_INT(seen.nested.ch, 'x');
    CHECK_INT(seen.nested.i, -8);
    CHECK_INT(seen.nested.j, -9);
    CHECK_INT(seen.nested.k, -10);
    CHECK_INT(seen.nested.l, -11);
    give.rc = 1;
    CHECK_TRAP(SHAPES, "record-in", "the host's record-in gave 1");
    give.rc = -SW_ECANCELLED;
    CHECK_INT(fake_run(SHAPES, "record-in", vals), -SW_ECANCELLED);
}

static void records_are_stored_field_by_field_and_padding_is_left_alone(void **state)
{
    (void)state;
    give.nested = (struct host_all_shapes_nested){.s = {.a = 1, .b = 0x02030405, .c = 0x0607},
                                                  .t = {0x08, 0x090a0b0c0d0e0f10},
                                                  .f = 1.0F,
                                                  .d = 1.0,
                                                  .ok = true,
                                                  .ch = 0x1f600,
                                                  .i = -2,
                                                  .j = -3,
                                                  .k = -4,
                                                  .l = -5};
    vals[0].u32 = AREA;
    CHECK_RUN(SHAPES, "record-out");
    CHECK_MEMORY(AREA, "01 .. .. .. 05 04 03 02 07 06 .. ..  .. .. .. .."
                       "08 .. .. .. .. .. .. .. 10 0f 0e 0d 0c 0b 0a 09"
                       "00 00 80 3f .. .. .. .. 00 00 00 00 00 00 f0 3f"
                       "01 .. .. .. 00 f6 01 00 fe .. fd ff fc ff ff ff"
                       "fb ff ff ff ff ff ff ff .. .. .. ..");
    vals[0].u32 = AREA + 4;
    CHECK_TRAP(SHAPES, "record-out", "range 260+72 align 8");
    vals[0].u32 = FAKE_MEM - 64;
    CHECK_TRAP(SHAPES, "record-out", "range 4032+72 align 8");
}

/* ---- variants ---- */

static void flat_variants_undo_the_join_of_their_cases(void **state)
{
    (void)state;
    /* slots: tag i32, i64 (u8, f32, f64, pointer, u32, u64, inner's tag), i32 (length, f32, inner's f32 or pointer), i32 */
    vals[0].u32 = HOST_ALL_SHAPES_JOINED_EMPTY;
    CHECK_RUN(SHAPES, "variant-in");
    CHECK_INT(seen.joined.tag, HOST_ALL_SHAPES_JOINED_EMPTY);

    vals[0].u32 = HOST_ALL_SHAPES_JOINED_BYTE;
    vals[1].u64 = 0x1ff; /* wrapped to i32, then to 8 bits */
    CHECK_RUN(SHAPES, "variant-in");
    CHECK_INT(seen.joined.byte, 255);

    vals[0].u32 = HOST_ALL_SHAPES_JOINED_F;
    vals[1].u64 = 0xabcdef0000000000 | bits(2.5F);
    CHECK_RUN(SHAPES, "variant-in");
    CHECK_INT(bits(seen.joined.f), bits(2.5F));

    vals[0].u32 = HOST_ALL_SHAPES_JOINED_D;
    vals[1].u64 = bits64(-3.5);
    CHECK_RUN(SHAPES, "variant-in");
    CHECK_INT(bits64(seen.joined.d), bits64(-3.5));

    fake_put(ARGS, "hello", 5);
    vals[0].u32 = HOST_ALL_SHAPES_JOINED_TEXT;
    vals[1].u64 = 0x7700000000 | ARGS;
    vals[2].u32 = 5;
    CHECK_RUN(SHAPES, "variant-in");
    CHECK_STR(seen.joined.text, "hello");

    vals[0].u32 = HOST_ALL_SHAPES_JOINED_PAIR;
    vals[1].u64 = 77;
    vals[2].u32 = bits(0.5F);
    CHECK_RUN(SHAPES, "variant-in");
    CHECK_INT(seen.joined.pair.f0, 77);
    CHECK_INT(bits(seen.joined.pair.f1), bits(0.5F));

    vals[0].u32 = HOST_ALL_SHAPES_JOINED_WIDE_ONE;
    vals[1].u64 = 0x8877665544332211;
    CHECK_RUN(SHAPES, "variant-in");
    CHECK(seen.joined.wide_one == 0x8877665544332211);
}

static void flat_variants_hold_variants(void **state)
{
    (void)state;
    vals[0].u32 = HOST_ALL_SHAPES_JOINED_INNER;
    vals[1].u64 = HOST_ALL_SHAPES_INNER_X;
    vals[2].u32 = bits(9.5F);
    CHECK_RUN(SHAPES, "variant-in");
    CHECK_INT(bits(seen.joined.inner.x), bits(9.5F));

    put16(ARGS, 11);
    put16(ARGS + 2, 12);
    vals[1].u64 = HOST_ALL_SHAPES_INNER_Y;
    vals[2].u32 = ARGS;
    vals[3].u32 = 2;
    CHECK_RUN(SHAPES, "variant-in");
    CHECK_INT(seen.joined.inner.y.n, 2);
    CHECK_INT(seen.joined.inner.y.items[1], 12);
    CHECK_INT(seen.calls, 2);

    vals[2].u32 = ARGS + 1;
    CHECK_TRAP(SHAPES, "variant-in", "range 513+4 align 2");
    vals[1].u64 = 2;
    CHECK_TRAP(SHAPES, "variant-in", "case 2 of 2");
    vals[0].u32 = 8;
    CHECK_TRAP(SHAPES, "variant-in", "case 8 of 8");
    CHECK_INT(seen.calls, 2);
}

static void variants_are_stored_with_their_payload_behind_the_tag(void **state)
{
    (void)state;
    uint16_t numbers[] = {0x0102, 0x0304};
    vals[0].u32 = AREA;
    give.joined = (struct host_all_shapes_joined){
        .tag = HOST_ALL_SHAPES_JOINED_INNER, .inner = {.tag = HOST_ALL_SHAPES_INNER_Y, .y = {numbers, 2}}};
    CHECK_RUN(SHAPES, "variant-out");
    CHECK_MEMORY(AREA, "07 .. .. .. .. .. .. .. 01 .. .. .. 00 08 00 00 02 00 00 00 .. .. .. ..");
    CHECK_MEMORY(FAKE_HEAP, "02 01 04 03");
    give.joined = (struct host_all_shapes_joined){.tag = HOST_ALL_SHAPES_JOINED_D, .d = 1.0};
    vals[0].u32 = AREA + 64;
    CHECK_RUN(SHAPES, "variant-out");
    CHECK_MEMORY(AREA + 64, "03 .. .. .. .. .. .. .. 00 00 00 00 00 00 f0 3f .. .. .. ..");
    give.joined = (struct host_all_shapes_joined){.tag = HOST_ALL_SHAPES_JOINED_EMPTY};
    vals[0].u32 = AREA + 128;
    CHECK_RUN(SHAPES, "variant-out");
    CHECK_MEMORY(AREA + 128, "00 .. .. .. .. .. .. .. .. ..");
}

static void options_nest(void **state)
{
    (void)state;
    fake_put(ARGS, "yes", 3);
    vals[0].u32 = 1;
    vals[1].u32 = 42;
    vals[2].u32 = 1;
    vals[3].u32 = ARGS;
    vals[4].u32 = 3;
    vals[5].u32 = 1;
    vals[6].u32 = 0;
    vals[7].u32 = 99;
    vals[8].u32 = AREA;
    give.option = (struct host_option_option_u32){true, {true, 0x01020304}};
    CHECK_RUN(SHAPES, "options");
    CHECK(seen.option_a.has);
    CHECK_INT(seen.option_a.value, 42);
    CHECK_STR(seen.option_b.value, "yes");
    CHECK(seen.option_c.has && !seen.option_c.value.has);
    CHECK_MEMORY(AREA, "01 .. .. .. 01 .. .. .. 04 03 02 01 ..");
    vals[0].u32 = 0;
    vals[2].u32 = 0;
    vals[3].u32 = 1000000; /* not looked at */
    vals[5].u32 = 0;
    vals[8].u32 = AREA + 32;
    give.option.has = false;
    CHECK_RUN(SHAPES, "options");
    CHECK(!seen.option_a.has && !seen.option_b.has && !seen.option_c.has);
    CHECK_MEMORY(AREA + 32, "00 .. .. .. .. .. .. .. .. .. .. .. ..");
    vals[0].u32 = 2;
    CHECK_TRAP(SHAPES, "options", "case 2 of 2");
}

static void results_say_which_side_holds(void **state)
{
    (void)state;
    fake_put(ARGS, "bad", 3);
    vals[0].u32 = 1;
    vals[1].u64 = ARGS;
    vals[2].u32 = 3;
    vals[3].u32 = AREA;
    give.s64 = 0x1122334455667788;
    CHECK_RUN(SHAPES, "results");
    CHECK(seen.result.is_err);
    CHECK_STR(seen.result.err, "bad");
    CHECK_MEMORY(AREA, "00 .. .. .. .. .. .. .. 88 77 66 55 44 33 22 11 ..");
    vals[0].u32 = 0;
    vals[1].u64 = 0xffffffffffffffff;
    vals[3].u32 = AREA + 32;
    give.rc = HOST_WIT_ERROR;
    give.text = SW_LIT("no");
    CHECK_RUN(SHAPES, "results");
    CHECK(!seen.result.is_err && seen.result.ok == UINT64_MAX);
    CHECK_MEMORY(AREA + 32, "01 .. .. .. .. .. .. .. 00 08 00 00 02 00 00 00 ..");
    CHECK_MEMORY(FAKE_HEAP, "6e 6f");

    vals[0].u32 = 1; /* result without payloads: one core value each way */
    CHECK_RUN(SHAPES, "result-plain");
    CHECK_INT(vals[0].u32, 1);
    vals[0].u32 = 0;
    CHECK_RUN(SHAPES, "result-plain");
    CHECK_INT(vals[0].u32, 0);

    vals[0].u32 = 0;
    vals[1].u32 = 0x123;
    vals[2].u32 = AREA + 64;
    CHECK_RUN(SHAPES, "result-ok"); /* give.rc: the error side, which has no payload */
    CHECK_INT(seen.result_ok.ok, 0x23);
    CHECK_MEMORY(AREA + 64, "01 .. .. .. .. .. .. .. .. .. .. ..");

    give.inside = (struct host_option_result_result_u32_all_things_color_void){
        true, {.is_err = false, .ok = {.is_err = true, .err = HOST_ALL_THINGS_COLOR_DEEP_BLUE}}};
    vals[0].u32 = AREA + 96;
    CHECK_RUN(SHAPES, "result-inside"); /* option: payload at 4; result: at 4; result<u32, color>: at 4 */
    CHECK_MEMORY(AREA + 96, "01 .. .. .. 00 .. .. .. 01 .. .. .. 02 .. .. ..");
}

/* ---- lists ---- */

static void lists_of_records_go_both_ways(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        fake.memory[ARGS + 12 * i] = (uint8_t)(i + 1);
        put32(ARGS + 12 * i + 4, 0x01000000 + i);
        put16(ARGS + 12 * i + 8, (uint16_t)(0x0200 + i));
    }
    vals[0].u32 = ARGS;
    vals[1].u32 = 3;
    vals[2].u32 = AREA;
    memset(fake.memory + FAKE_HEAP, PAD, 64);
    CHECK_RUN(SHAPES, "records");
    CHECK_INT(seen.smalls.n, 3);
    CHECK_INT(seen.smalls.items[2].a, 3);
    CHECK_INT(seen.smalls.items[2].b, 0x01000002);
    CHECK_INT(seen.smalls.items[2].c, 0x0202);
    CHECK_MEMORY(AREA, "00 08 00 00 03 00 00 00 ..");
    CHECK_MEMORY(FAKE_HEAP, "01 .. .. .. 00 00 00 01 00 02 .. .. 02 .. .. .. 01 00 00 01 01 02 .. .. 03 .. "
                            ".. .. 02 00 00 01 02 02 .. ..");
    vals[1].u32 = 0x15555556; /* times 12 is over 32 bits */
    CHECK_TRAP(SHAPES, "records", "range 512+4294967304 align 4");
    vals[1].u32 = 0;
    vals[0].u32 = ARGS + 2;
    CHECK_TRAP(SHAPES, "records", "range 514+0 align 4");
    CHECK_INT(seen.calls, 1);
}

static void an_empty_list_allocates_nothing_but_a_place(void **state)
{
    (void)state;
    vals[0].u32 = ARGS;
    vals[1].u32 = 0;
    vals[2].u32 = AREA;
    CHECK_RUN(SHAPES, "records");
    CHECK_INT(seen.smalls.n, 0);
    CHECK_MEMORY(AREA, "00 08 00 00 00 00 00 00 ..");
}

static void lists_of_variants_step_by_their_element_size(void **state)
{
    (void)state;
    fake.memory[ARGS] = HOST_ALL_SHAPES_JOINED_PAIR;
    put32(ARGS + 8, 5);
    putf(ARGS + 12, 6.5F);
    fake.memory[ARGS + 24] = HOST_ALL_SHAPES_JOINED_TEXT;
    puts_at(ARGS + 32, ARGS + 100, "abc");
    vals[0].u32 = ARGS;
    vals[1].u32 = 2;
    vals[2].u32 = AREA;
    CHECK_RUN(SHAPES, "variants");
    CHECK_INT(seen.joineds.n, 2);
    CHECK_INT(seen.joineds.items[0].pair.f0, 5);
    CHECK_INT(bits(seen.joineds.items[0].pair.f1), bits(6.5F));
    CHECK_STR(seen.joineds.items[1].text, "abc");
    fake.memory[ARGS + 24] = 9;
    CHECK_TRAP(SHAPES, "variants", "case 9 of 8");
}

static void lists_of_lists_survive_memory_that_moves(void **state)
{
    (void)state;
    puts_at(ARGS, ARGS + 64, "ab");
    puts_at(ARGS + 8, ARGS + 66, "c");
    put32(ARGS + 16, ARGS); /* m: one list of the two above */
    put32(ARGS + 20, 2);
    vals[0].u32 = ARGS;
    vals[1].u32 = 2;
    vals[2].u32 = ARGS + 16;
    vals[3].u32 = 1;
    vals[4].u32 = AREA;
    struct sw_str first[] = {SW_LIT("one"), SW_LIT("two")}, second[] = {SW_LIT("three")};
    struct host_list_str outer[] = {{first, 2}, {second, 1}};
    give.lists = (struct host_list_list_str){outer, 2};
    CHECK_RUN(SHAPES, "lists");
    CHECK_INT(seen.list.n, 2);
    CHECK_INT(seen.lists.n, 1);
    CHECK_INT(seen.lists.items[0].n, 2);
    /* the views in `seen` point to memory that has moved since: lengths only */
    CHECK_INT(seen.list.items[0].n, 2);
    CHECK_INT(seen.lists.items[0].items[1].n, 1);
    CHECK_MEMORY(AREA, "00 08 00 00 02 00 00 00 ..");
    CHECK_MEMORY(FAKE_HEAP,
                 "10 08 00 00 02 00 00 00 28 08 00 00 01 00 00 00"                         /* two lists */
                 "20 08 00 00 03 00 00 00 23 08 00 00 03 00 00 00 6f 6e 65 74 77 6f 00 00" /* "one", "two" */
                 "30 08 00 00 05 00 00 00 74 68 72 65 65");
    for (int n = 0; n < 6; n++) {
        setup(NULL);
        vals[1].u32 = vals[3].u32 = 0;
        vals[0].u32 = vals[2].u32 = ARGS;
        vals[4].u32 = AREA;
        give.lists = (struct host_list_list_str){outer, 2};
        fake.allocs_left = n;
        CHECK_TRAP(SHAPES, "lists", "realloc");
    }
}

static void strings_are_views_and_are_copied_out(void **state)
{
    (void)state;
    fake_put(ARGS, "h\xc3\xa9y\xff", 5);
    vals[0].u32 = ARGS;
    vals[1].u32 = 4;
    vals[2].u32 = ARGS;
    vals[3].u32 = 5;
    vals[4].u32 = AREA;
    give.text = SW_LIT("out");
    const uint8_t *memory = fake.memory;
    CHECK_RUN(SHAPES, "strings");
    CHECK(seen.texts[0].p == (const char *)memory + ARGS);
    CHECK_INT(seen.texts[0].n, 4);
    CHECK_INT(seen.texts[1].n, 5);
    CHECK_MEMORY(AREA, "00 08 00 00 03 00 00 00 ..");
    vals[1].u32 = 5;
    CHECK_TRAP(SHAPES, "strings", "not UTF-8");
    vals[1].u32 = 0;
    vals[2].u32 = FAKE_MEM - 4;
    CHECK_TRAP(SHAPES, "strings", "range 4092+5 align 1");
    CHECK_INT(seen.calls, 1);
    vals[0].u32 = AREA + 16;
    give.text = SW_LIT("\x01\x02");
    CHECK_RUN(SHAPES, "bytes");
    CHECK_MEMORY(AREA + 16, "03 08 00 00 02 00 00 00 ..");
    CHECK_MEMORY(FAKE_HEAP + 3, "01 02");
}

/* ---- more than sixteen core values ---- */

static void put_spilled(void)
{
    uint32_t d = ARGS + 24, e = ARGS + 96;
    fake.memory[ARGS] = 0xaa;
    put64(ARGS + 8, 0x0102030405060708);
    puts_at(ARGS + 16, ARGS + 200, "spilt");
    fake.memory[d] = 1;
    put32(d + 4, 2);
    put16(d + 8, 3);
    fake.memory[d + 16] = 4;
    put64(d + 24, 5);
    putf(d + 32, 6);
    putd(d + 40, 7);
    fake.memory[d + 48] = 0x80;
    put32(d + 52, 'y');
    fake.memory[d + 56] = 0xf8;
    put16(d + 58, 0xfff7);
    put32(d + 60, 0xfffffff6);
    put64(d + 64, 0xfffffffffffffff5);
    fake.memory[e] = HOST_ALL_SHAPES_JOINED_INNER;
    fake.memory[e + 8] = HOST_ALL_SHAPES_INNER_X;
    putf(e + 12, 8.5F);
}

static void parameters_spill_to_memory_past_sixteen(void **state)
{
    (void)state;
    put_spilled();
    vals[0].u32 = ARGS;
    vals[1].u32 = AREA;
    CHECK_RUN(SHAPES, "spill");
    CHECK_INT(seen.bytes[0], 0xaa);
    CHECK(seen.wide == 0x0102030405060708);
    CHECK_STR(seen.texts[0], "spilt");
    CHECK_INT(seen.nested.s.a, 1);
    CHECK_INT(seen.nested.s.b, 2);
    CHECK_INT(seen.nested.s.c, 3);
    CHECK_INT(seen.nested.t.f0, 4);
    CHECK_INT(seen.nested.t.f1, 5);
    CHECK_INT(bits(seen.nested.f), bits(6));
    CHECK_INT(bits64(seen.nested.d), bits64(7));
    CHECK(seen.nested.ok);
    CHECK_INT(seen.nested.ch, 'y');
    CHECK_INT(seen.nested.i, -8);
    CHECK_INT(seen.nested.j, -9);
    CHECK_INT(seen.nested.k, -10);
    CHECK_INT(seen.nested.l, -11);
    CHECK_INT(seen.joined.tag, HOST_ALL_SHAPES_JOINED_INNER);
    CHECK_INT(bits(seen.joined.inner.x), bits(8.5F));
    CHECK_MEMORY(AREA, "5a .. .. .. .. .. .. .. 88 77 66 55 44 33 22 11 ..");
    vals[0].u32 = ARGS + 4;
    CHECK_TRAP(SHAPES, "spill", "range 516+120 align 8");
    vals[0].u32 = FAKE_MEM - 112;
    CHECK_TRAP(SHAPES, "spill", "range 3984+120 align 8");
    CHECK_INT(seen.calls, 1);
}

static void fixed_lists_are_flat_and_stored_in_place(void **state)
{
    (void)state;
    vals[0].u32 = 0x10001;
    vals[1].u32 = 2;
    vals[2].u32 = 3;
    vals[3].u32 = AREA;
    give.fixed.items[1] = (struct host_all_shapes_small){1, 2, 3};
    CHECK_RUN(SHAPES, "fixed");
    CHECK_INT(seen.fixed.items[0], 1);
    CHECK_INT(seen.fixed.items[2], 3);
    CHECK_MEMORY(AREA, "00 .. .. .. 00 00 00 00 00 00 .. .. 01 .. .. .. 02 00 00 00 03 00 .. ..");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(flat_scalars_use_the_low_bits_with_their_sign),
        TEST(flat_results_are_one_core_value),
        TEST(flags_keep_their_labels_only),
        TEST(flat_records_are_their_fields_in_order),
        TEST(records_are_stored_field_by_field_and_padding_is_left_alone),
        TEST(flat_variants_undo_the_join_of_their_cases),
        TEST(flat_variants_hold_variants),
        TEST(variants_are_stored_with_their_payload_behind_the_tag),
        TEST(options_nest),
        TEST(results_say_which_side_holds),
        TEST(lists_of_records_go_both_ways),
        TEST(an_empty_list_allocates_nothing_but_a_place),
        TEST(lists_of_variants_step_by_their_element_size),
        TEST(lists_of_lists_survive_memory_that_moves),
        TEST(strings_are_views_and_are_copied_out),
        TEST(parameters_spill_to_memory_past_sixteen),
        TEST(fixed_lists_are_flat_and_stored_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
