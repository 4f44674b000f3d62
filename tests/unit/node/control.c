/* control.c - tests of the control socket's name. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "node/node_internal.h"

static void on_reload(void *arg, uint32_t ticket)
{
    (void)arg;
    (void)ticket;
}

static void who_took_the_address_over_keeps_the_name(void **state)
{
    (void)state;
    char run_dir[] = "control-XXXXXX"; /* in the build folder, mode 0700 */
    char path[64];
    struct stat st;
    struct sw_err err;
    struct loop *loop = NULL;
    struct node__control *draining = NULL;
    struct node__control *next = NULL;
    CHECK(mkdtemp(run_dir) != NULL);
    (void)snprintf(path, sizeof path, "%s/127.0.0.1:1.sock", run_dir); /* fits */
    const struct node_config config = {.run_dir = run_dir, .address = "127.0.0.1:1"};
    CHECK_OK(loop_new(&loop, &err), &err);
    CHECK_OK(node__control_new(loop, &config, on_reload, NULL, &draining, &err), &err);
    CHECK_OK(node__control_new(loop, &config, on_reload, NULL, &next, &err), &err);
    node__control_free(draining);
    CHECK_INT(stat(path, &st), 0);
    CHECK(S_ISSOCK(st.st_mode));
    node__control_free(next);
    CHECK_INT(stat(path, &st), -1);
    loop_free(loop);
    CHECK_INT(rmdir(run_dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_took_the_address_over_keeps_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
