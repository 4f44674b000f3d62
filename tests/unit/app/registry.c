/* registry.c - packages by name: the configuration, and running out of memory at any point, with a registry of a few lines. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/registry.h"
#include "base/alloc.h"
#include "check.h"

#define HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static char home[] = "/tmp/swell-registry-XXXXXX";
static int listener;
static pthread_t server;
static char host[32];

/* ---- the registry: one request per connection ---- */

static const char *answer(const char *request)
{
    static const struct {
        const char *path, *status, *body;
    } rows[] = {
        {"GET /v2/test/calc/tags/list", "200 OK",
         "{\"tags\": [\"latest\", \"1.0.0\", \"1.2.0\", \"2.0.0\"]}"},
        {"GET /v2/test/calc/manifests/1.2.0", "200 OK",
         "{\"layers\": [{\"mediaType\": \"text/plain\"}, {\"mediaType\": \"application/wasm\", \"size\": 3, "
         "\"digest\": \"sha256:" HEX "\"}]}"},
    };
    static char text[1024];
    const char *status = "404 Not Found", *body = "";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(request, rows[i].path, strlen(rows[i].path)) == 0) {
            status = rows[i].status;
            body = rows[i].body;
        }
    (void)snprintf(text, sizeof text, "HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: %zu\r\n\r\n%s",
                   status, strlen(body), body);
    return text;
}

static void *serve(void *arg)
{
    (void)arg;
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; (void)close(fd)) {
        char request[4096] = "";
        size_t n = 0;
        while (n + 1 < sizeof request && !strstr(request, "\r\n\r\n")) {
            ssize_t got = read(fd, request + n, sizeof request - 1 - n);
            if (got <= 0)
                break;
            n += (size_t)got;
            request[n] = '\0';
        }
        const char *text = answer(request);
        (void)!write(fd, text, strlen(text));
    }
    return NULL;
}

static int set_up(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    char folder[64];
    (void)state;
    (void)unsetenv("http_proxy");
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &n) != 0 || !mkdtemp(home))
        return -1;
    (void)snprintf(host, sizeof host, "127.0.0.1:%u", ntohs(at.sin_port));
    (void)snprintf(folder, sizeof folder, "%s/wasm-pkg", home);
    return mkdir(folder, 0700) != 0 || pthread_create(&server, NULL, serve, NULL) != 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    char path[64];
    (void)state;
    (void)shutdown(listener, SHUT_RDWR); /* accept returns */
    (void)pthread_join(server, NULL);
    (void)close(listener);
    (void)snprintf(path, sizeof path, "%s/wasm-pkg/config.toml", home);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/wasm-pkg", home);
    return rmdir(path) | rmdir(home);
}

static void configure(const char *text)
{
    char path[64];
    (void)snprintf(path, sizeof path, "%s/wasm-pkg/config.toml", home);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK_INT(fclose(file), 0);
}

static int find(const char *requirement, const char *registry, struct app__package_found *found,
                struct sw_arena *arena, struct sw_err *err)
{
    const struct app__package package = {
        .name = SW_LIT("test:calc"), .requirement = sw_str_of(requirement), .registry = sw_str_of(registry)};
    return app__package_find(&package, home, arena, found, err);
}

/* ---- tests ---- */

static void a_configuration_names_the_registry_or_is_told_what_is_wrong(void **state)
{
    static const struct {
        const char *config; /* HOST stands for the registry */
        const char *wrong;  /* NULL: it is found */
    } rows[] = {
        {"default_registry = \"HOST\"\n", NULL},
        {"default_registry = \"127.0.0.1:1\"\n[namespace_registries]\ntest = \"HOST\"\n", NULL},
        {"[namespace_registries]\ntest = \"127.0.0.1:1\"\n[package_registry_overrides]\n\"test:calc\" = "
         "\"HOST\"\n",
         NULL},
        {"[namespace_registries]\ntest = { registry = \"r.example\", metadata = { ociRegistry = \"HOST\" } "
         "}\n",
         NULL},
        {"[namespace_registries]\nother = \"HOST\"\n",
         "no registry is known for it\nhint: write registry = "},
        {"default_registry = 7\n", "expected the name of a registry or { registry = "},
        {"default_registry = \"\"\n", "registry: expected the name of a host, got ''"},
        {"default_registry = \"a/b\"\n", "registry: expected the name of a host, got 'a/b'"},
        {"default_registry = \"a:0\"\n", "registry: expected the name of a host, got 'a:0'"},
        {"default_registry = \"a:65536\"\n", "registry: expected the name of a host, got 'a:65536'"},
        {"default_registry = \"user@a\"\n", "registry: expected the name of a host, got 'user@a'"},
        {"[namespace_registries]\ntest = { registry = \"HOST\" }\n",
         "expected the name of a registry or { registry = "},
        {"[namespace_registries]\ntest = { registry = \"r\", metadata = { oci = { registry = \"HOST\", "
         "namespacePrefix = \"../\" } } }\n",
         "'../' is no prefix of repositories"},
        {"[namespace_registries]\ntest = { registry = \"r\", metadata = { preferredProtocol = \"warg\" } }\n",
         "the registry 'r' speaks 'warg', expected 'oci'"},
        {"default_registry = \"HOST\"\n[registry.\"HOST\".oci]\nprotocol = \"gopher\"\n",
         "protocol: expected \"http\" or \"https\""},
        {"default_registry = \n", "config.toml:1:"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        size_t n = 0;
        for (const char *p = rows[i].config; *p; p++) {
            bool is_host = strncmp(p, "HOST", 4) == 0;
            n += (size_t)snprintf(text + n, sizeof text - n, "%.*s", is_host ? 31 : 1, is_host ? host : p);
            p += is_host ? 3 : 0;
        }
        sw_auto_arena arena = SW_ARENA(8u << 20);
        struct app__package_found found = {.authorization = NULL};
        struct sw_err err = {0};
        configure(text);
        int rc = find("^1", "", &found, &arena, &err);
        if (rows[i].wrong) {
            CHECK_INT(rc, -SW_EINPUT);
            CHECK_HAS(err.text, rows[i].wrong);
            CHECK_HAS(err.text, "package 'test:calc': ");
            continue;
        }
        CHECK_OK(rc, &err);
        CHECK_STR(found.digest, "sha256:" HEX);
        CHECK(!found.authorization);
    }
}

static void the_loopback_is_known_by_its_numbers_and_name(void **state)
{
    static const char *const inside[] = {"localhost", "LOCALHOST:5000", "127.0.0.1", "127.9.9.9:80"};
    static const char *const outside[] = {
        "localhost.example", "127.0.0.1.example", "128.0.0.1", "10.0.0.1:5000", "127.1", ""};
    (void)state;
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        CHECK(app__host_is_loopback(sw_str_of(inside[i])));
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        CHECK(!app__host_is_loopback(sw_str_of(outside[i])));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    configure("[namespace_registries]\nother = \"r.example\"\n");
    for (long n = 0; n < 200; n++) {
        sw_auto_arena arena = SW_ARENA(8u << 20);
        struct app__package_found found = {.authorization = NULL};
        struct sw_err err = {0};
        sw_mem_fail_after(n);
        int rc = find("1", host, &found, &arena, &err);
        sw_mem_fail_after(-1);
        if (rc == 0) {
            CHECK(n > 3);
            CHECK_STR(found.digest, "sha256:" HEX);
            return;
        }
        CHECK_INT(rc, -SW_ENOMEM);
    }
    CHECK_NEVER("still failing after 200 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_names_the_registry_or_is_told_what_is_wrong),
        cmocka_unit_test(the_loopback_is_known_by_its_numbers_and_name),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
