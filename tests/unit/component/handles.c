/* handles.c - the handle table: numbers, reuse, limits. */
#include "check.h"

#include "base/alloc.h"
#include "component/handles.h"
#include "component/run_limits.h"

static uint32_t add(struct component_handles *table, uint32_t *budget, uint32_t rep)
{
    struct component_handle handle = {.kind = COMPONENT_HANDLE_RESOURCE, .own = true, .rep = rep};
    uint32_t index = 0;
    CHECK_INT(component_handles_add(table, budget, &handle, &index), 0);
    return index;
}

static void numbers_start_at_one_and_the_last_freed_is_the_next_given(void **state)
{
    struct component_handles table = {0};
    uint32_t budget = COMPONENT_HANDLES_MAX;
    (void)state;
    CHECK(!component_handles_get(&table, 0));
    for (uint32_t i = 1; i <= 5; i++)
        CHECK_INT(add(&table, &budget, 100 + i), i);
    CHECK(!component_handles_get(&table, 0));
    CHECK(!component_handles_get(&table, 6));
    CHECK(!component_handles_get(&table, UINT32_MAX));
    component_handles_remove(&table, 2);
    component_handles_remove(&table, 4);
    component_handles_remove(&table, 3);
    CHECK(!component_handles_get(&table, 3));
    CHECK_INT(add(&table, &budget, 0), 3);
    CHECK_INT(add(&table, &budget, 0), 4);
    CHECK_INT(add(&table, &budget, 0), 2);
    CHECK_INT(add(&table, &budget, 0), 6);
    CHECK_INT(component_handles_get(&table, 5)->rep, 105);
    component_handles_deinit(&table);
    component_handles_deinit(&table);
}

static void a_table_grows_and_keeps_its_entries(void **state)
{
    struct component_handles table = {0};
    uint32_t budget = COMPONENT_HANDLES_MAX;
    (void)state;
    for (uint32_t i = 1; i <= 1000; i++)
        CHECK_INT(add(&table, &budget, i), i);
    for (uint32_t i = 1; i <= 1000; i++)
        CHECK_INT(component_handles_get(&table, i)->rep, i);
    CHECK_INT(budget, COMPONENT_HANDLES_MAX - table.cap);
    component_handles_deinit(&table);
}

static void the_budget_of_the_store_ends_it(void **state)
{
    struct component_handles table = {0};
    struct component_handle handle = {.kind = COMPONENT_HANDLE_RESOURCE};
    uint32_t budget = 20, index;
    (void)state;
    for (uint32_t i = 1; i < 20; i++) /* item 0 takes one */
        CHECK_INT(add(&table, &budget, i), i);
    CHECK_INT(component_handles_add(&table, &budget, &handle, &index), -SW_ELIMIT);
    component_handles_remove(&table, 7);
    CHECK_INT(add(&table, &budget, 0), 7);
    component_handles_deinit(&table);
}

static void a_cleared_table_is_as_new(void **state)
{
    struct component_handles table = {0};
    uint32_t budget = COMPONENT_HANDLES_MAX;
    (void)state;
    for (uint32_t i = 1; i < COMPONENT_HANDLES_KEPT; i++)
        (void)add(&table, &budget, i);
    component_handles_remove(&table, 3);
    component_handles_clear(&table);
    CHECK(table.items);
    CHECK(!component_handles_get(&table, 1));
    CHECK_INT(add(&table, &budget, 0), 1);
    CHECK_INT(add(&table, &budget, 0), 2);
    for (uint32_t i = 0; i < COMPONENT_HANDLES_KEPT; i++)
        (void)add(&table, &budget, i);
    component_handles_clear(&table);
    CHECK(!table.items); /* too large to keep */
}

static void every_allocation_may_fail(void **state)
{
    struct component_handles table = {0};
    struct component_handle handle = {.kind = COMPONENT_HANDLE_RESOURCE};
    uint32_t budget = COMPONENT_HANDLES_MAX, index = 0;
    (void)state;
    sw_mem_fail_after(0);
    CHECK_INT(component_handles_add(&table, &budget, &handle, &index), -SW_ENOMEM);
    CHECK_INT(budget, COMPONENT_HANDLES_MAX);
    sw_mem_fail_after(1);
    for (uint32_t i = 1; i < COMPONENT_HANDLES_FIRST; i++)
        CHECK_INT(add(&table, &budget, i), i);
    CHECK_INT(component_handles_add(&table, &budget, &handle, &index), -SW_ENOMEM);
    sw_mem_fail_after(-1);
    CHECK_INT(component_handles_get(&table, 1)->rep, 1);
    CHECK_INT(add(&table, &budget, 0), COMPONENT_HANDLES_FIRST);
    component_handles_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_start_at_one_and_the_last_freed_is_the_next_given),
        cmocka_unit_test(a_table_grows_and_keeps_its_entries),
        cmocka_unit_test(the_budget_of_the_store_ends_it),
        cmocka_unit_test(a_cleared_table_is_as_new),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
