/* resolve.c - addresses as text and bytes; the system's resolver behind the common face.  Room: loop.
 *
 * source: getaddrinfo(3); RFC 4291 2.2 */
#include "loop/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "loop/loop_internal.h"

/* ---- addresses ---- */

bool loop_address_parse(struct sw_str text, struct loop_address *ret)
{
    char copy[LOOP_ADDRESS_TEXT_MAX];
    struct loop_address address = {.is_v6 = sw_str_find(text, ':') != SW_NPOS};
    if (text.n == 0 || text.n >= sizeof copy || memchr(text.p, '\0', text.n))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    if (inet_pton(address.is_v6 ? AF_INET6 : AF_INET, copy, address.bytes) != 1)
        return false;
    *ret = address;
    return true;
}

void loop_address_print(const struct loop_address *address, char text[LOOP_ADDRESS_TEXT_MAX])
{
    if (!inet_ntop(address->is_v6 ? AF_INET6 : AF_INET, address->bytes, text, LOOP_ADDRESS_TEXT_MAX))
        text[0] = '\0'; /* cannot be: it fits */
}

bool loop_address_from(const struct sockaddr *from, struct loop_address *ret, uint16_t *ret_port)
{
    *ret = (struct loop_address){.is_v6 = from->sa_family == AF_INET6};
    if (from->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof in);
        memcpy(ret->bytes, &in.sin_addr, 4);
        *ret_port = ntohs(in.sin_port);
        return true;
    }
    if (from->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 in6;
    memcpy(&in6, from, sizeof in6);
    memcpy(ret->bytes, &in6.sin6_addr, 16);
    *ret_port = ntohs(in6.sin6_port);
    return true;
}

bool loop_name_ok(struct sw_str name)
{
    if (name.n == 0 || name.n > LOOP_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
              c == '_' || c == '.'))
            return false;
    }
    return true;
}

/* ---- the common face ---- */

int loop_lookup_start(struct loop_resolver *resolver, struct loop_lookup *lookup, struct sw_str name,
                      loop_lookup_fn *fn, void *arg, struct sw_err *err)
{
    if (!loop_name_ok(name))
        return sw_fail(err, SW_EINPUT,
                       "'" SW_FMT "' is no host name: expected letters, digits, '-', '_' and '.'",
                       SW_ARG(sw_str_head(name, 80)));
    *lookup = (struct loop_lookup){.fn = fn, .arg = arg};
    sw_list_init(&lookup->link);
    return resolver->ops->start(resolver, lookup, name, err);
}

void loop_lookup_drop(struct loop_resolver *resolver, struct loop_lookup *lookup)
{
    if (lookup->backend)
        resolver->ops->drop(resolver, lookup);
}

/* ---- the system's ---- */

struct system_resolver {
    struct loop_resolver face;
    struct loop *loop;
};
struct system_query { /* lives until libuv gives it back */
    uv_getaddrinfo_t uv;
    struct loop *loop;
    struct loop_lookup *lookup; /* NULL: dropped */
};

static uint32_t collect(const struct addrinfo *list, struct loop_address *addresses)
{
    uint32_t count = 0;
    uint16_t port;
    for (; list && count < LOOP_ADDRESSES_MAX; list = list->ai_next)
        if (list->ai_addr && loop_address_from(list->ai_addr, &addresses[count], &port))
            count++;
    return count;
}

static void on_answer(uv_getaddrinfo_t *uv, int status, struct addrinfo *list)
{
    struct system_query *query = uv->data;
    struct loop_lookup *lookup = query->lookup;
    struct loop_address addresses[LOOP_ADDRESSES_MAX];
    struct sw_err err;
    uint32_t count = status == 0 ? collect(list, addresses) : 0;
    uv_freeaddrinfo(list);
    query->loop->lookups--;
    sw_free(query);
    if (!lookup)
        return;
    lookup->backend = NULL;
    int rc = 0;
    if (status < 0)
        rc = sw_fail(&err, SW_EIO, "%s", uv_strerror(status));
    else if (count == 0)
        rc = sw_fail(&err, SW_EIO, "the name has no address");
    lookup->fn(lookup->arg, rc, addresses, count, &err); /* may free the lookup */
}

static int system_start(struct loop_resolver *resolver, struct loop_lookup *lookup, struct sw_str name,
                        struct sw_err *err)
{
    struct system_resolver *self = SW_CONTAINER(resolver, struct system_resolver, face);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    char text[LOOP_NAME_BYTES_MAX + 1];
    struct system_query *query = sw_try_alloc(sizeof *query);
    if (!query)
        return sw_fail(err, SW_ENOMEM, "no memory for a look-up");
    memcpy(text, name.p, name.n); /* loop_lookup_start measured it */
    text[name.n] = '\0';
    query->uv.data = query;
    query->loop = self->loop;
    query->lookup = lookup;
    sigset_t all, before;
    (void)sigfillset(&all);                            /* cannot fail, here and below */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* for the threads that the first look-up starts */
    int rc = uv_getaddrinfo(&self->loop->uv, &query->uv, on_answer, text, NULL, &hints);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc < 0) {
        sw_free(query);
        return loop__uv_fail(err, rc, "look a name up");
    }
    self->loop->lookups++;
    lookup->backend = query;
    return 0;
}

static void system_drop(struct loop_resolver *resolver, struct loop_lookup *lookup)
{
    struct system_query *query = lookup->backend;
    (void)resolver;
    query->lookup = NULL;
    lookup->backend = NULL;
    (void)uv_cancel((uv_req_t *)&query->uv); /* one that runs already ends by itself */
}

struct loop_resolver *loop_resolver_new(struct loop *loop)
{
    static const struct loop_resolver_ops ops = {system_start, system_drop};
    struct system_resolver *self = sw_alloc(sizeof *self);
    /* libuv does look-ups on half of its threads, which are four: a few names whose servers are silent would hold up all others. They
     * are made at the first look-up of the process. */
    (void)setenv("UV_THREADPOOL_SIZE", "32", 0); /* without memory for it: four */
    self->face.ops = &ops;
    self->loop = loop;
    return &self->face;
}

void loop_resolver_free(struct loop_resolver *resolver)
{
    if (resolver)
        sw_free(SW_CONTAINER(resolver, struct system_resolver, face));
}
