/* containers.c - arenas, lists and maps. */
#include "check.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"

static void an_arena_hands_out_zeroed_aligned_memory_up_to_its_ceiling(void **state)
{
    (void)state;
    struct sw_err err;
    sw_auto_arena arena = SW_ARENA(64 << 10);
    for (int round = 0; round < 3; round++) {
        size_t total = 0;
        for (size_t i = 1;; i++) {
            size_t n = i * 7 % 600 + 1;
            unsigned char *p = sw_arena_try(&arena, n, 16);
            if (!p)
                break;
            CHECK_INT((uintptr_t)p % 16, 0);
            for (size_t k = 0; k < n; k++)
                CHECK(p[k] == 0);
            memset(p, 0xa5, n); /* dirty, so that the next round notices reuse */
            total += n;
        }
        CHECK(total > 32 << 10 && total <= 64 << 10);
        CHECK_INT(sw_arena_fail(&arena, 1 << 20, &err), -SW_ELIMIT);
        sw_arena_clear(&arena);
    }
}

static void an_array_whose_size_overflows_is_refused(void **state)
{
    (void)state;
    sw_auto_arena arena = SW_ARENA(1 << 20);
    CHECK(sw_arena_try_array(&arena, SIZE_MAX / 2, 4, 4) == NULL);
    CHECK(sw_arena_try_array(&arena, 0, 4, 4) != NULL);
    CHECK(sw_try_alloc_array(SIZE_MAX / 2, 4) == NULL);
}

static void copies_and_texts_are_terminated(void **state)
{
    (void)state;
    struct sw_err err;
    sw_auto_arena arena = SW_ARENA(1 << 16);
    struct sw_str copy;
    CHECK_OK(sw_arena_copy(&arena, SW_LIT("abc"), &copy, &err), &err);
    CHECK_STR(copy, "abc");
    CHECK(copy.p[3] == '\0');
    CHECK_STR(sw_str_of(sw_arena_printf(&arena, "%s-%d", "x", 5)), "x-5");
}

struct item {
    struct sw_link link;
    int n;
};

static void a_list_keeps_order_and_removal_is_repeatable(void **state)
{
    (void)state;
    struct sw_link list;
    struct item items[3] = {{.n = 1}, {.n = 2}, {.n = 3}};
    sw_list_init(&list);
    CHECK(sw_list_take_head(&list) == NULL);
    sw_list_add_tail(&list, &items[1].link);
    sw_list_add_tail(&list, &items[2].link);
    sw_list_add_head(&list, &items[0].link);
    sw_list_remove(&items[1].link);
    sw_list_remove(&items[1].link);
    struct sw_link *first = sw_list_take_head(&list);
    CHECK_INT(SW_CONTAINER(first, struct item, link)->n, 1);
    CHECK_INT(SW_CONTAINER(sw_list_take_head(&list), struct item, link)->n, 3);
    CHECK(sw_list_empty(&list));
}

static void a_list_takes_another_in_front(void **state)
{
    (void)state;
    struct sw_link list, other;
    struct item items[4] = {{.n = 1}, {.n = 2}, {.n = 3}, {.n = 4}};
    sw_list_init(&list);
    sw_list_init(&other);
    sw_list_splice_head(&list, &other);
    CHECK(sw_list_empty(&list));
    sw_list_add_tail(&list, &items[2].link);
    sw_list_add_tail(&list, &items[3].link);
    sw_list_add_tail(&other, &items[0].link);
    sw_list_add_tail(&other, &items[1].link);
    sw_list_splice_head(&list, &other);
    CHECK(sw_list_empty(&other));
    sw_list_splice_head(&list, &other);
    sw_list_remove(&items[1].link);
    CHECK_INT(SW_CONTAINER(list.prev, struct item, link)->n, 4);
    CHECK_INT(SW_CONTAINER(items[2].link.prev, struct item, link)->n, 1);
    CHECK_INT(SW_CONTAINER(sw_list_take_head(&list), struct item, link)->n, 1);
    CHECK_INT(SW_CONTAINER(sw_list_take_head(&list), struct item, link)->n, 3);
    CHECK_INT(SW_CONTAINER(sw_list_take_head(&list), struct item, link)->n, 4);
    CHECK(sw_list_empty(&list));
}

static void a_map_finds_what_was_added_and_refuses_a_second_one(void **state)
{
    (void)state;
    struct sw_err err;
    struct sw_map map = {0};
    static char keys[500][8];
    CHECK(sw_map_get(&map, SW_LIT("k0")) == NULL);
    for (int i = 0; i < 500; i++) {
        int n = snprintf(keys[i], sizeof keys[i], "k%d", i);
        CHECK_OK(sw_map_add(&map, sw_str(keys[i], (size_t)n), keys[i], &err), &err);
    }
    CHECK_INT(sw_map_add(&map, SW_LIT("k42"), keys[0], &err), SW_END);
    for (int i = 0; i < 500; i++)
        CHECK(sw_map_get(&map, sw_str_of(keys[i])) == keys[i]);
    CHECK(sw_map_get(&map, SW_LIT("k500")) == NULL);
    sw_map_deinit(&map);
    sw_map_deinit(&map);
}

static void every_allocation_of_a_map_and_an_arena_may_fail(void **state)
{
    (void)state;
    for (long n = 0; n < 100; n++) {
        struct sw_err err;
        struct sw_map map = {0};
        sw_auto_arena arena = SW_ARENA(1 << 20);
        sw_mem_fail_after(n);
        int rc = 0;
        for (int i = 0; i < 200 && rc == 0; i++) {
            struct sw_str key;
            char text[16];
            int len = snprintf(text, sizeof text, "key-%d", i);
            rc = sw_arena_copy(&arena, sw_str(text, (size_t)len), &key, &err);
            if (rc == 0)
                rc = sw_map_add(&map, key, &map, &err);
        }
        sw_mem_fail_after(-1);
        CHECK(rc != 0 || map.n == 200);
        sw_map_deinit(&map);
        if (rc == 0)
            return;
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK_NEVER("still failing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_hands_out_zeroed_aligned_memory_up_to_its_ceiling),
        cmocka_unit_test(an_array_whose_size_overflows_is_refused),
        cmocka_unit_test(copies_and_texts_are_terminated),
        cmocka_unit_test(a_list_keeps_order_and_removal_is_repeatable),
        cmocka_unit_test(a_list_takes_another_in_front),
        cmocka_unit_test(a_map_finds_what_was_added_and_refuses_a_second_one),
        cmocka_unit_test(every_allocation_of_a_map_and_an_arena_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
