/* host_internal.h - what the files of the host room share: the host itself and its memory.  Room: host. */
#ifndef SW_HOST_HOST_INTERNAL_H
#define SW_HOST_HOST_INTERNAL_H

#include "base/arena.h"
#include "base/list.h"
#include "host/carrier.h"
#include "host/host.h"
#include "host/object.h"
#include "host/wasi/cli.h"
#include "host/wasi/http.h"

struct host_p1;
struct loop_timer;

struct host {
    struct sw_link spare_link;
    struct loop *loop;
    const struct host_grants *grants;
    struct sw_arena arena;       /* lives as long as the store: views of the request */
    struct host_objects objects; /* what guests' handles stand for */
    char *scratch;               /* the result of the host call that runs, until it is lowered */
    size_t scratch_cap;
    size_t body_bytes;       /* pending in all bodies that are written */
    struct host_source in;   /* stdin, when the command has none of its own */
    struct host_line out[2]; /* stdout and stderr, likewise */
    struct host_command command;
    bool exited;
    uint8_t exit_code;
    struct sw_link files; /* host_file.link */
    uint32_t file_count;
    int file_errno;        /* why a file's carrier failed last */
    struct host_p1 *p1;    /* WASI 0.1's table of numbers, an object; NULL: nothing asked for it */
    struct sw_link timers; /* clock pollables that are waited for, in no order */
    struct loop_timer *timer;
    uint64_t timer_at_ns;   /* it is set to this or earlier; UINT64_MAX: not set */
    uint64_t clock_zero_ns; /* the monotonic clock when the host began */
    bool has_seed;          /* of wasi:random/insecure-seed, the same as long as the host lives */
    uint64_t seed[2];
    uint32_t chain_depth;           /* host_chain_depth */
    struct host_buffered spin_body; /* of the response that fermyon:spin/http gave last */
    struct sw_link sockets;         /* host_socket.link, those with a descriptor */
    struct sw_link lookups;         /* host_lookup.link, those that run */
    struct sw_link names;           /* host_name.link */
    uint32_t socket_count, lookup_count, name_count;
    struct host_http http;
};

/* Refuses: the guest traps. Evaluates to what the host function returns. */
#define host_trap(call, ...) engine_store_fail(component_call_engine(call), ENGINE_TRAP_HOST, __VA_ARGS__)

/* A zeroed object of the running store, or NULL after recording a trap. */
#define HOST_NEW(call, type) ((type *)host_new_object((call), sizeof(type)))
#define HOST_FREE(host, object) host_object_free(&(host)->objects, (object), sizeof *(object))
void *host_new_object(struct component_call *call, size_t n) SW_MUST_CHECK;

/* Memory for the result of the host call that runs; the next host_scratch may move it. NULL after recording a trap.
 * Never held across a wait: another call may run meanwhile. */
void *host_scratch(struct component_call *call, size_t count, size_t size) SW_MUST_CHECK;

/* What the component that imported the function may do: every function that looks at grants asks here. A handle may be used by whoever
 * was given it. */
const struct host_grants *host_grants_of(const struct component_call *call);

/* Says on the host's side what was refused and what would allow it. did: "tried to make ..." */
void host_say_denied(const struct host *host, const char *did, struct sw_str scheme,
                     struct sw_str destination);

static inline struct host *host_of(const struct component_call *call)
{
    return component_call_owner(call);
}

#endif
