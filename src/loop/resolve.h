/* resolve.h - names to addresses.  Room: loop.
 *
 * One face, and two kinds behind it: the system's resolver on libuv's threads, for a process that may open files and sockets; and, in a
 * sandbox, one that asks another process (node). A name is resolved once; who asked checks the addresses and dials one of them.
 * A numeric address is never asked for: loop_address_parse first. */
#ifndef SW_LOOP_RESOLVE_H
#define SW_LOOP_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/list.h"
#include "base/str.h"
#include "loop/limits.h"

struct loop;

struct loop_address {
    uint8_t bytes[16]; /* of IPv4: the first four */
    bool is_v6;
};
#define LOOP_ADDRESS_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

bool loop_address_parse(struct sw_str text, struct loop_address *ret); /* "127.0.0.1", "::1"; no brackets */
void loop_address_print(const struct loop_address *address, char text[LOOP_ADDRESS_TEXT_MAX]);
bool loop_address_from(const struct sockaddr *from, struct loop_address *ret,
                       uint16_t *ret_port); /* false: neither of the two */
/* A form that a name on the Internet can have, or one that a machine gives itself: letters, digits, '-', '_', '.'. */
bool loop_name_ok(struct sw_str name);

/* A look-up: embedded in the caller's struct, which outlives its callback or its drop. */
struct loop_lookup;
/* rc: 0, or < 0 with err (no such name, no answer, SW_ELIMIT: too many at once). The addresses are borrowed until return. */
typedef void loop_lookup_fn(void *arg, int rc, const struct loop_address *addresses, uint32_t count,
                            const struct sw_err *err);
struct loop_lookup {
    struct sw_link link; /* the resolver's */
    loop_lookup_fn *fn;
    void *arg;
    uint64_t id;
    void *backend; /* what the resolver keeps of it; NULL: it does not run */
};

struct loop_resolver; /* first member of each kind */
struct loop_resolver_ops {
    int (*start)(struct loop_resolver *resolver, struct loop_lookup *lookup, struct sw_str name,
                 struct sw_err *err);
    void (*drop)(struct loop_resolver *resolver, struct loop_lookup *lookup);
};
struct loop_resolver {
    const struct loop_resolver_ops *ops;
};

/* The callback never runs inside this call. fails: SW_EINPUT (no name), SW_ELIMIT, SW_ENOMEM */
int loop_lookup_start(struct loop_resolver *resolver, struct loop_lookup *lookup, struct sw_str name,
                      loop_lookup_fn *fn, void *arg, struct sw_err *err) SW_MUST_CHECK;
/* Forgets it: no callback comes. One that does not run (zeroed, or over) is fine. */
void loop_lookup_drop(struct loop_resolver *resolver, struct loop_lookup *lookup);

/* The system's: getaddrinfo on libuv's threads. Look-ups that still run are not waited for. */
struct loop_resolver *loop_resolver_new(struct loop *loop);
void loop_resolver_free(struct loop_resolver *resolver); /* every look-up over or dropped; NULL is fine */

#endif
