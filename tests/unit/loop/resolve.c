/* resolve.c - tests of addresses, names and the system's resolver; and of readiness in both directions. */
#include "loop/resolve.h"

#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "loop/loop.h"

static struct sw_err err;

static void addresses_are_read_and_printed(void **state)
{
    static const char *const good[] = {"127.0.0.1", "255.255.255.255", "::1", "fe80::1", "2001:db8::ff00:42"};
    static const char *const bad[] = {
        "",      "127.1", "1.2.3.4.5", "1.2.3.256", "localhost",
        "[::1]", "::1%1", "1.2.3.4 ",  "::g",       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:"};
    struct loop_address address;
    char text[LOOP_ADDRESS_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK(loop_address_parse(sw_str_of(good[i]), &address));
        loop_address_print(&address, text);
        CHECK_STR(sw_str_of(text), good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!loop_address_parse(sw_str_of(bad[i]), &address));
    CHECK(!loop_address_parse(sw_str("1.2.3.4\0x", 9), &address));
}

static void names_have_a_form(void **state)
{
    char longest[LOOP_NAME_BYTES_MAX + 1];
    (void)state;
    memset(longest, 'a', sizeof longest);
    CHECK(loop_name_ok(SW_LIT("a-b_c.Example9.")));
    CHECK(loop_name_ok(sw_str(longest, LOOP_NAME_BYTES_MAX)));
    CHECK(!loop_name_ok(sw_str(longest, LOOP_NAME_BYTES_MAX + 1)));
    CHECK(!loop_name_ok(SW_LIT("")));
    CHECK(!loop_name_ok(SW_LIT("a b")));
    CHECK(!loop_name_ok(SW_LIT("a\"b")));
    CHECK(!loop_name_ok(sw_str("a\0b", 3)));
}

struct heard {
    struct loop *loop;
    int count;
    int rc;
    uint32_t addresses;
};

static void on_resolved(void *arg, int rc, const struct loop_address *addresses, uint32_t count,
                        const struct sw_err *why)
{
    struct heard *heard = arg;
    (void)addresses, (void)why;
    heard->count++;
    heard->rc = rc;
    heard->addresses = count;
    loop_stop(heard->loop);
}

/* The signals that a thread of this process has blocked, as the kernel says. */
static unsigned long long blocked_in(const char *thread)
{
    char path[64];
    char line[128];
    unsigned long long mask = 0;
    (void)snprintf(path, sizeof path, "/proc/self/task/%.20s/status", thread); /* fits */
    FILE *file = fopen(path, "r");
    CHECK(file);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "SigBlk:", 7) == 0)
            mask = strtoull(line + 7, NULL, 16);
    (void)fclose(file);
    return mask;
}

/* Whoever blocks one to find it waiting must not have it taken by a thread of libuv's. */
static void threads_that_look_names_up_take_no_signals(void **state)
{
    struct heard heard = {0};
    struct loop_lookup lookup = {.backend = NULL};
    char own[24];
    unsigned others = 0;
    const struct dirent *entry;
    (void)state;
    CHECK_OK(loop_new(&heard.loop, &err), &err);
    struct loop_resolver *resolver = loop_resolver_new(heard.loop);
    CHECK_OK(loop_lookup_start(resolver, &lookup, SW_LIT("localhost"), on_resolved, &heard, &err), &err);
    CHECK_OK(loop_run(heard.loop, &err), &err);
    (void)snprintf(own, sizeof own, "%d", (int)getpid()); /* fits */
    CHECK(!(blocked_in(own) & (1ull << (SIGTERM - 1))));
    DIR *threads = opendir("/proc/self/task");
    CHECK(threads);
    while ((entry = readdir(threads))) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, own) == 0)
            continue;
        others++;
        CHECK(blocked_in(entry->d_name) & (1ull << (SIGTERM - 1)));
    }
    CHECK(others > 0);
    (void)closedir(threads);
    loop_resolver_free(resolver);
    loop_free(heard.loop);
}

static void the_system_knows_localhost_and_no_invalid_name(void **state)
{
    struct heard heard = {0};
    struct loop_lookup lookup = {.backend = NULL};
    (void)state;
    CHECK_OK(loop_new(&heard.loop, &err), &err);
    struct loop_resolver *resolver = loop_resolver_new(heard.loop);
    CHECK_OK(loop_lookup_start(resolver, &lookup, SW_LIT("localhost"), on_resolved, &heard, &err), &err);
    CHECK_INT(heard.count, 0); /* never inside */
    CHECK_OK(loop_run(heard.loop, &err), &err);
    CHECK_INT(heard.rc, 0);
    CHECK(heard.addresses > 0);
    CHECK_OK(loop_lookup_start(resolver, &lookup, SW_LIT("a.invalid"), on_resolved, &heard, &err), &err);
    CHECK_OK(loop_run(heard.loop, &err), &err);
    CHECK_INT(heard.count, 2);
    CHECK_INT(heard.rc, -SW_EIO);
    CHECK_INT(loop_lookup_start(resolver, &lookup, SW_LIT("a/b"), on_resolved, &heard, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "'a/b' is no host name");
    loop_lookup_drop(resolver, &lookup);
    loop_resolver_free(resolver);
    loop_free(heard.loop);
}

static void a_dropped_look_up_is_silent(void **state)
{
    struct heard heard = {0};
    struct loop_lookup lookup = {.backend = NULL};
    (void)state;
    CHECK_OK(loop_new(&heard.loop, &err), &err);
    struct loop_resolver *resolver = loop_resolver_new(heard.loop);
    CHECK_OK(loop_lookup_start(resolver, &lookup, SW_LIT("localhost"), on_resolved, &heard, &err), &err);
    loop_lookup_drop(resolver, &lookup);
    loop_lookup_drop(resolver, &lookup);        /* twice is fine */
    CHECK_OK(loop_run(heard.loop, &err), &err); /* ends when the thread is done */
    CHECK_INT(heard.count, 0);
    loop_resolver_free(resolver);
    loop_free(heard.loop);
}

struct both {
    struct loop *loop;
    struct loop_ready *ready;
    unsigned seen;
};

static void on_ready(void *arg, unsigned events)
{
    struct both *both = arg;
    both->seen |= events;
    loop_ready_set(both->ready, LOOP_READABLE);
    if (both->seen == (LOOP_READABLE | LOOP_WRITABLE))
        loop_stop(both->loop);
}

static void readiness_comes_in_the_directions_that_are_asked_for(void **state)
{
    struct both both = {0};
    int pair[2];
    (void)state;
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    CHECK_OK(loop_new(&both.loop, &err), &err);
    CHECK_OK(loop_ready_new(both.loop, pair[0], on_ready, &both, &both.ready, &err), &err);
    CHECK_INT(write(pair[1], "x", 1), 1);
    loop_ready_set(both.ready, LOOP_WRITABLE);
    CHECK_OK(loop_run(both.loop, &err), &err);
    CHECK_INT(both.seen, LOOP_READABLE | LOOP_WRITABLE);
    loop_ready_free(both.ready);
    loop_free(both.loop);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_and_printed),
        cmocka_unit_test(names_have_a_form),
        cmocka_unit_test(threads_that_look_names_up_take_no_signals),
        cmocka_unit_test(the_system_knows_localhost_and_no_invalid_name),
        cmocka_unit_test(a_dropped_look_up_is_silent),
        cmocka_unit_test(readiness_comes_in_the_directions_that_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
