/* listen.c - tests of the listening socket. */
#include "cli/listen.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static void an_address_is_bound_and_shown_as_bound(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"127.0.0.1:0", "127.0.0.1:"},
        {"localhost:0", "127.0.0.1:"},
        {"0.0.0.0:0", "0.0.0.0:"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = -1;
        int listening = 0;
        socklen_t n = sizeof listening;
        char address[CLI_ADDRESS_BYTES_MAX];
        struct sw_err err;
        CHECK_OK(cli_listen(rows[i].text, 1, &fd, address, &err), &err);
        CHECK(sw_str_starts(sw_str_of(address), sw_str_of(rows[i].shown)));
        CHECK(!sw_str_ends(sw_str_of(address), SW_LIT(":0")));
        CHECK_INT(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n), 0);
        CHECK_INT(listening, 1);
        CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
        CHECK_INT(close(fd), 0);
    }
}

static void a_port_in_use_is_said(void **state)
{
    (void)state;
    int first = -1;
    int second = -1;
    char address[CLI_ADDRESS_BYTES_MAX];
    char again[CLI_ADDRESS_BYTES_MAX];
    char message[512];
    struct sw_err err = {0};
    CHECK_OK(cli_listen("127.0.0.1:0", 1, &first, address, &err), &err);
    CHECK_INT(cli_listen(address, 1, &second, again, &err), -SW_EINPUT);
    (void)snprintf(message, sizeof message,
                   "cannot listen on %s: another program uses this port\n"
                   "hint: choose another one with --listen, port 0 for any that is free, or --find-free-port",
                   address);
    CHECK_STR(sw_str_of(err.text), message);
    CHECK_INT(second, -1);
    CHECK_INT(close(first), 0);
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"",           "3000",        ":3000",           "127.0.0.1",
                                       "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:3000",
                                       "[::1]",      "[]:1",        "127.0.0.1:-1"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fd = -1;
        char address[CLI_ADDRESS_BYTES_MAX];
        char message[256];
        struct sw_err err = {0};
        CHECK_INT(cli_listen(rows[i], 1, &fd, address, &err), -SW_EINPUT);
        (void)snprintf(message, sizeof message,
                       "--listen: expected ADDRESS:PORT, got '%s'\nhint: for example 127.0.0.1:3000, "
                       "localhost:3000 or [::1]:3000",
                       rows[i]);
        CHECK_STR(sw_str_of(err.text), message);
    }
    int fd = -1;
    char address[CLI_ADDRESS_BYTES_MAX];
    struct sw_err err = {0};
    CHECK_INT(cli_listen("no such host:1", 1, &fd, address, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "--listen: cannot find the address of 'no such host': ");
}

static void a_port_in_use_gives_way_to_the_next_free_one(void **state)
{
    (void)state;
    int first = -1;
    int second = -1;
    char address[CLI_ADDRESS_BYTES_MAX];
    char other[CLI_ADDRESS_BYTES_MAX];
    struct sw_err err = {0};
    CHECK_OK(cli_listen("127.0.0.1:0", 1, &first, address, &err), &err);
    CHECK_OK(cli_listen(address, 10, &second, other, &err), &err);
    CHECK(!sw_str_eq(sw_str_of(address), sw_str_of(other)));
    CHECK(sw_str_starts(sw_str_of(other), SW_LIT("127.0.0.1:")));
    CHECK_INT(close(second), 0);
    CHECK_INT(close(first), 0);
    CHECK_OK(cli_listen("127.0.0.1:65535", 10, &first, address, &err), &err);
    CHECK_INT(cli_listen("127.0.0.1:65535", 10, &second, other, &err), -SW_EINPUT); /* there is no next one */
    CHECK_STR(sw_str_of(err.text), "no free port: '127.0.0.1:65535' and the next 0 are in use");
    CHECK_INT(close(first), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_bound_and_shown_as_bound),
        cmocka_unit_test(a_port_in_use_is_said),
        cmocka_unit_test(a_port_in_use_gives_way_to_the_next_free_one),
        cmocka_unit_test(what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
