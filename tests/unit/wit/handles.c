/* handles.c - generated callbacks and resources: who owns an object when; and the tables.  Room: wit (tests). */
#include "guest.h"

/* ---- handles ---- */

static void resources_are_made_used_and_merged(void **state)
{
    (void)state;
    vals[0].u32 = 7;
    CHECK_RUN(THINGS, "[constructor]thing");
    uint32_t a = vals[0].u32;
    CHECK_INT(fake.handles[a].kind, HOST_KIND_ALL_THINGS_THING);
    CHECK_RUN(THINGS, "[method]thing.get");
    CHECK_INT(vals[0].u32, 7);
    struct host_all_things_thing b = {.n = 5};
    uint32_t hb = fake_handle(HOST_KIND_ALL_THINGS_THING, &b);
    vals[0].u32 = a;
    vals[1].u32 = hb;
    CHECK_RUN(THINGS, "[static]thing.merge");
    CHECK_INT(fake_handle_count(), 2); /* a was taken, and came back as the result */
    CHECK_RUN(THINGS, "[method]thing.get");
    CHECK_INT(vals[0].u32, 12);
    vals[0].u32 = hb;
    vals[1].u32 = 3;
    vals[2].u32 = AREA;
    CHECK_RUN(THINGS, "[method]thing.set");
    CHECK_MEMORY(AREA, "00 .. .. ..");
    CHECK_INT(b.n, 3);
    vals[0].u32 = fake_handle(HOST_KIND_ALL_THINGS_OTHER, &b);
    CHECK_TRAP(THINGS, "[method]thing.get", "handle 3");
}

static void a_constructor_may_fail(void **state)
{
    (void)state;
    vals[0].u32 = 0;
    vals[1].u32 = AREA;
    CHECK_RUN(THINGS, "[constructor]other");
    CHECK_MEMORY(AREA, "00 .. .. .. 01 00 00 00 ..");
    CHECK_INT(fake.handles[1].kind, HOST_KIND_ALL_THINGS_OTHER);
    vals[0].u32 = 1;
    vals[1].u32 = AREA + 16;
    CHECK_RUN(THINGS, "[constructor]other");
    CHECK_MEMORY(AREA + 16, "01 .. .. .. 02 .. .. .. ..");
}

static struct host_all_things_thing t[5];

/* a, b, some(c), [d, e]; handle numbers from 1 on. */
static void five_handles(void)
{
    memset(t, 0, sizeof t);
    for (uint32_t i = 0; i < 5; i++)
        CHECK_INT(fake_handle(HOST_KIND_ALL_THINGS_THING, &t[i]), i + 1);
    vals[0].u32 = 1;
    vals[1].u32 = 2;
    vals[2].u32 = 1;
    vals[3].u32 = 3;
    vals[4].u32 = ARGS;
    vals[5].u32 = 2;
    vals[6].u32 = AREA;
    put32(ARGS, 4);
    put32(ARGS + 4, 5);
}

static void own_handles_move_and_borrowed_ones_stay(void **state)
{
    (void)state;
    five_handles();
    struct host_all_things_thing *back[] = {&t[4], &t[0]};
    give.things = (struct host_list_all_things_thing){back, 2};
    CHECK_RUN(SHAPES, "handles");
    CHECK(seen.things[0] == &t[0] && seen.things[1] == &t[1] && seen.things[2] == &t[2]);
    CHECK_INT(seen.thing_list.n, 2);
    CHECK(seen.thing_list.items[0] == &t[3] && seen.thing_list.items[1] == &t[4]);
    CHECK_MEMORY(AREA, "00 08 00 00 02 00 00 00 ..");
    CHECK_MEMORY(FAKE_HEAP, "01 00 00 00 03 00 00 00"); /* 2 is still the borrowed one */
    CHECK(fake.handles[1].object == &t[4] && fake.handles[2].object == &t[1] &&
          fake.handles[3].object == &t[0]);
    for (int i = 0; i < 5; i++)
        CHECK_INT(t[i].drops, 0);
}

static void arguments_that_were_taken_are_dropped_when_a_later_one_is_bad(void **state)
{
    (void)state;
    five_handles();
    put32(ARGS + 4, 63); /* no such handle */
    CHECK_TRAP(SHAPES, "handles", "handle 63");
    CHECK_INT(seen.calls, 0);
    CHECK_INT(t[0].drops, 1);
    CHECK_INT(t[1].drops, 0); /* borrowed */
    CHECK_INT(t[2].drops, 1);
    CHECK_INT(t[3].drops, 1);
    CHECK_INT(t[4].drops, 0); /* never taken */
    CHECK_INT(fake_handle_count(), 2);
    setup(NULL);
    five_handles();
    vals[2].u32 = 7;
    CHECK_TRAP(SHAPES, "handles", "case 7 of 2");
    CHECK_INT(t[0].drops, 1);
    CHECK_INT(fake_handle_count(), 4);
    setup(NULL);
    five_handles();
    give.rc = -SW_EGUEST; /* the host has them then */
    CHECK_INT(fake_run(SHAPES, "handles", vals), -SW_EGUEST);
    CHECK_INT(seen.calls, 1);
    CHECK_INT(t[0].drops + t[2].drops + t[3].drops + t[4].drops, 0);
}

static void results_that_cannot_be_lowered_are_dropped_unless_the_guest_has_them(void **state)
{
    (void)state;
    five_handles();
    struct host_all_things_thing *back[] = {&t[0], &t[2]};
    give.things = (struct host_list_all_things_thing){back, 2};
    fake.allocs_left = 0;
    CHECK_TRAP(SHAPES, "handles", "realloc");
    CHECK_INT(t[0].drops, 1);
    CHECK_INT(t[2].drops, 1);

    setup(NULL);
    memset(t, 0, sizeof t);
    give.pair = (struct host_tuple_all_things_thing_str){&t[0], SW_LIT("x")};
    vals[0].u32 = AREA;
    fake.allocs_left = 0;
    CHECK_TRAP(SHAPES, "give", "realloc"); /* the handle was made before the string failed */
    CHECK_INT(fake_handle_count(), 1);
    CHECK_INT(t[0].drops, 0);
    vals[0].u32 = AREA + 1;
    CHECK_TRAP(SHAPES, "give", "range 257+16 align 4");
    CHECK_INT(t[0].drops, 1);

    struct host_all_things_other other = {0};
    give.other = &other;
    give.rc = HOST_WIT_ERROR;
    CHECK_TRAP(SHAPES, "give", "range 257+16 align 4");
    CHECK_INT(other.drops, 1);
    CHECK_INT(t[0].drops, 1);
    vals[0].u32 = AREA;
    CHECK_RUN(SHAPES, "give");
    CHECK_MEMORY(AREA, "01 .. .. .. 02 00 00 00 .. .. .. ..");
    give.thing = &t[1];
    CHECK_RUN(SHAPES, "give-thing");
    CHECK(fake.handles[vals[0].u32].object == &t[1]);
}

/* ---- tables ---- */

static void tables_hold_names_types_and_kinds(void **state)
{
    (void)state;
    CHECK_STR(sw_str_of(SHAPES->name), "test:all/shapes");
    CHECK_STR(sw_str_of(SHAPES->version), "1.2.3");
    CHECK_INT(SHAPES->func_count, 32);
    CHECK_STR(sw_str_of(SHAPES->funcs[20].name), "records");
    CHECK_STR(sw_str_of(SHAPES->funcs[20].type),
              "func(l: list<record{a: u8, b: u32, c: u16}>) -> list<record{a: u8, b: u32, c: u16}>");
    const char *names[] = {"thing", "another", "relic"};
    const uint32_t kinds[] = {HOST_KIND_ALL_THINGS_THING, HOST_KIND_ALL_THINGS_OTHER,
                              HOST_KIND_ALL_THINGS_THING};
    CHECK_INT(SHAPES->resource_count, 3);
    for (int i = 0; i < 3; i++) {
        CHECK_STR(sw_str_of(SHAPES->resources[i].name), names[i]);
        CHECK_INT(SHAPES->resources[i].kind, kinds[i]);
    }
    CHECK(SHAPES->resources[1].drop == host_all_things_other_drop);
    CHECK_STR(sw_str_of(THINGS->funcs[0].type), "func(n: u32) -> own<test:all/things/thing>");
    CHECK_STR(sw_str_of(THINGS->funcs[4].type),
              "func(fail: bool) -> result<own<test:all/things/other>, enum{red, green, deep-blue}>");
}

static void names_of_c_are_avoided(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++)
        vals[i].u32 = i + 1;
    CHECK_RUN(SHAPES, "keywords");
    CHECK_INT(seen.bytes[3], 4);
    fake_put(ARGS, "z", 1);
    vals[0].u32 = ARGS;
    vals[1].u32 = 1;
    vals[2].u32 = AREA;
    give.text = SW_LIT("z");
    CHECK_RUN(SHAPES, "slow");
    CHECK_MEMORY(AREA, "00 08 00 00 01 00 00 00 ..");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(resources_are_made_used_and_merged),
        TEST(a_constructor_may_fail),
        TEST(own_handles_move_and_borrowed_ones_stay),
        TEST(arguments_that_were_taken_are_dropped_when_a_later_one_is_bad),
        TEST(results_that_cannot_be_lowered_are_dropped_unless_the_guest_has_them),
        TEST(tables_hold_names_types_and_kinds),
        TEST(names_of_c_are_avoided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
