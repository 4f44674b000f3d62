/* outside.c - a worker's way out.  Room: trigger.
 *
 * Made only when the application was granted a host: without one no client exists, and the sandbox lets no socket be made. */
#include "trigger/outside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "app/outbound.h"
#include "base/alloc.h"
#include "host/host.h"
#include "http/client.h"
#include "node/node.h"

struct trigger_outside {
    struct host_outside host;
    char self[LOOP_ADDRESS_TEXT_MAX + 10];
};

static bool is_unspecified(const struct loop_address *address)
{
    static const uint8_t zero[16];
    return memcmp(address->bytes, zero, address->is_v6 ? 16 : 4) == 0;
}

/* Requests to oneself go to the listener, over the loopback interface when it listens everywhere. */
static int find_self(struct trigger_outside *outside, int listen_fd, struct sw_err *err)
{
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    socklen_t n = sizeof name;
    struct loop_address *address = &outside->host.self_address;
    char text[LOOP_ADDRESS_TEXT_MAX];
    if (getsockname(listen_fd, (struct sockaddr *)&name, &n) != 0 && errno == ENOTSOCK)
        return 0; /* a command: nobody can send requests to it */
    if (name.ss_family == AF_UNSPEC)
        return sw_fail_errno(err, SW_EIO, errno, "find the listener's address");
    if (!loop_address_from((const struct sockaddr *)&name, address, &outside->host.self_port))
        return 0; /* a socket of another kind: there is no URL for it */
    if (is_unspecified(address)) {
        *address = (struct loop_address){.bytes = {127, 0, 0, 1}};
        if (name.ss_family == AF_INET6)
            *address = (struct loop_address){.bytes = {[15] = 1}, .is_v6 = true};
    }
    loop_address_print(address, text);
    (void)snprintf(outside->self, sizeof outside->self, address->is_v6 ? "[%s]:%u" : "%s:%u", text,
                   (unsigned)outside->host.self_port); /* fits */
    outside->host.self_authority = sw_str_of(outside->self);
    return 0;
}

/* The operator's blocked networks, for every address of a name that is allowed. */
static bool permit(void *arg, const struct loop_address *address)
{
    return !app_address_is_blocked(arg, address->bytes, address->is_v6);
}

int trigger_outside_new(struct loop *loop, struct loop_resolver *resolver, const struct node_serving *serving,
                        struct trigger_outside **ret, struct sw_err *err)
{
    const struct http_client_config config = {.resolver = resolver,
                                              .permit = permit,
                                              .permit_arg = serving->app,
                                              .h2c_authority = getenv("SPIN_OUTBOUND_H2C_PRIOR_KNOWLEDGE")};
    struct trigger_outside *outside = sw_alloc(sizeof *outside);
    outside->host.resolver = resolver;
    outside->host.permit = permit;
    outside->host.permit_arg = serving->app;
    int rc = find_self(outside, serving->listen_fd, err);
    if (rc == 0)
        rc = http_client_new(loop, &config, &outside->host.http, err);
    if (rc < 0) {
        trigger_outside_free(outside);
        return rc;
    }
    *ret = outside;
    return 0;
}

void trigger_outside_chain(struct trigger_outside *outside, const struct trigger_outside_chain *chain)
{
    outside->host.chain_find = chain->find;
    outside->host.chain_connect = chain->connect;
    outside->host.chain_arg = chain->arg;
}

const struct host_outside *trigger_outside_host(const struct trigger_outside *outside)
{
    return outside ? &outside->host : NULL;
}

void trigger_outside_free(struct trigger_outside *outside)
{
    if (!outside)
        return;
    http_client_free(outside->host.http);
    sw_free(outside);
}
