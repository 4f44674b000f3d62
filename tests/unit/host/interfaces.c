/* interfaces.c - the table of everything that is served.  Tests: host. */
#include <stdio.h>

#include "base/map.h"
#include "check.h"
#include "host/host.h"

static void every_interface_is_complete_and_listed_once(void **state)
{
    (void)state;
    const struct component_host *host = host_interfaces();
    struct sw_map names[2] = {0};                          /* of 0.3 in the second */
    static void (*drops[1064])(void *owner, void *object); /* by kind; those of WASI 0.3 begin at 1000 */
    struct sw_err err;
    uint32_t funcs = 0, resources = 0;
    for (uint32_t i = 0; i < host->interface_count; i++) {
        const struct component_host_interface *in = host->interfaces[i];
        bool is_3 = in->version && strcmp(in->version, "0.3.0") == 0;
        CHECK_INT(sw_map_add(&names[is_3], sw_str_of(in->name), &names, &err), 0);
        if (!is_3 && strncmp(in->name, "wasi:", 5) == 0 && strncmp(in->name, "wasi:config/", 12) != 0)
            CHECK_STR(sw_str_of(in->version), "0.2.12");
        for (uint32_t k = 0; k < in->func_count; k++) {
            CHECK(in->funcs[k].name && in->funcs[k].type && (!in->funcs[k].fn || !in->funcs[k].waits));
            CHECK(in->funcs[k].fn || in->funcs[k].waits);
            CHECK(strncmp(in->funcs[k].type, "func(", 5) == 0 ||
                  (is_3 && strncmp(in->funcs[k].type, "async func(", 11) == 0));
        }
        for (uint32_t k = 0; k < in->resource_count; k++) {
            CHECK(in->resources[k].name && in->resources[k].drop);
            uint32_t kind = in->resources[k].kind;
            CHECK(kind > 0 && kind < sizeof drops / sizeof *drops);
            resources += drops[kind] == NULL;
            CHECK(drops[kind] == NULL || drops[kind] == in->resources[k].drop);
            drops[kind] = in->resources[k].drop;
        }
        funcs += in->func_count;
    }
    sw_map_deinit(&names[0]);
    sw_map_deinit(&names[1]);
    CHECK_INT(host->interface_count, 56);
    CHECK(funcs > 150 && resources > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_interface_is_complete_and_listed_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
