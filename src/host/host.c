/* host.c - making hosts, and keeping spare ones.  Room: host.
 *
 * A host is as large as a request of a small guest needs, and is used again: a request then allocates nothing here. The list of spare hosts
 * is the room's only mutable global: like the allocator's it has no owner to pass along, and a process runs one loop on one thread. */
#include "host/host.h"

#include <stdio.h>

#include "base/alloc.h"
#include "engine/engine.h"
#include "host/files.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/sockets.h"
#include "host/wasi/clocks.h"

static struct {
    struct sw_link *first; /* singly linked through link.next */
    unsigned count;
} spare_hosts;

static struct host *spare_take(void)
{
    struct sw_link *link = spare_hosts.first;
    if (!link)
        return NULL;
    spare_hosts.first = link->next;
    spare_hosts.count--;
    return SW_CONTAINER(link, struct host, spare_link);
}

static void host_destroy(struct host *host)
{
    host_objects_deinit(&host->objects);
    sw_arena_deinit(&host->arena);
    sw_buf_deinit(&host->out[0].rest);
    sw_buf_deinit(&host->out[1].rest);
    sw_free(host->scratch);
    sw_free(host);
}

int host_new(struct loop *loop, const struct host_grants *grants, struct host **ret, struct sw_err *err)
{
    struct host *host = spare_take();
    if (!host) {
        host = sw_try_alloc(sizeof *host);
        if (!host)
            return sw_fail(err, SW_ENOMEM, "no memory for a host of %zu bytes", sizeof *host);
        host->arena = SW_ARENA(HOST_ARENA_BYTES_MAX);
        host_objects_init(&host->objects);
        sw_list_init(&host->files);
        sw_list_init(&host->sockets);
        sw_list_init(&host->lookups);
        sw_list_init(&host->names);
        host_empty_init(&host->in);
        host_line_init(&host->out[0], host, false);
        host_line_init(&host->out[1], host, true);
        host_buffered_init(&host->spin_body);
    }
    host->loop = loop;
    host->grants = grants;
    host->exited = false;
    host->has_seed = false;
    host->chain_depth = 0;
    host->command =
        (struct host_command){.in = &host->in, .out = &host->out[0].sink, .err = &host->out[1].sink};
    host_clock_init(host);
    host_http_init(&host->http, host);
    *ret = host;
    return 0;
}

uint64_t host_held(const void *owner)
{
    const struct host *host = owner;
    return (uint64_t)host->arena.total + host->objects.bytes + host->scratch_cap + host->body_bytes +
           host->spin_body.bytes.cap;
}

void host_chain_depth(struct host *host, uint32_t depth)
{
    host->chain_depth = depth;
}

void host_free(struct host *host)
{
    if (!host)
        return;
    host_http_deinit(&host->http);
    host_clock_deinit(host);
    host_line_end(&host->out[0]);
    host_line_end(&host->out[1]);
    host->p1 = NULL;
    host_files_close(host);
    host_buffered_deinit(&host->spin_body);
    host_sockets_close(host);
    host_objects_reset(&host->objects);
    sw_arena_clear(&host->arena);
    if (host->scratch_cap > HOST_SCRATCH_KEEP) {
        sw_free(host->scratch);
        host->scratch = NULL;
        host->scratch_cap = 0;
    }
    host->loop = NULL;
    host->grants = NULL;
    if (spare_hosts.count >= HOST_SPARE_MAX) {
        host_destroy(host);
        return;
    }
    host->spare_link.next = spare_hosts.first;
    spare_hosts.first = &host->spare_link;
    spare_hosts.count++;
}

void host_spare_free(void)
{
    struct host *host;
    while ((host = spare_take()))
        host_destroy(host);
}

void host_command_begin(struct host *host, const struct host_command *command)
{
    host->command = *command;
    if (!command->in)
        host->command.in = &host->in;
    if (!command->out)
        host->command.out = &host->out[0].sink;
    if (!command->err)
        host->command.err = &host->out[1].sink;
}

bool host_command_exited(const struct host *host, uint8_t *ret_code)
{
    *ret_code = host->exit_code;
    return host->exited;
}

const struct host_grants *host_grants_of(const struct component_call *call)
{
    static const struct host_grants nothing; /* an unknown principal has no grants at all */
    const struct host_grants *own = host_of(call)->grants;
    uint32_t principal = component_call_principal(call);
    if (principal == 0)
        return own;
    return principal <= own->dependency_count ? &own->dependencies[principal - 1] : &nothing;
}

void host_say_denied(const struct host *host, const char *did, struct sw_str scheme,
                     struct sw_str destination)
{
    const struct host_grants *own = host->grants;
    char line[600];
    if (!own->output)
        return;
    int n = snprintf(line, sizeof line,
                     "The component '" SW_FMT "' %s that it may not connect to, '" SW_FMT "://" SW_FMT
                     "'. To allow it, add '" SW_FMT "://" SW_FMT
                     "' to 'allowed_outbound_hosts' in [component." SW_FMT "] of the manifest.",
                     SW_ARG(sw_str_head(own->component, 64)), did, SW_ARG(sw_str_head(scheme, 20)),
                     SW_ARG(sw_str_head(destination, 128)), SW_ARG(sw_str_head(scheme, 20)),
                     SW_ARG(sw_str_head(destination, 128)), SW_ARG(sw_str_head(own->component, 64)));
    size_t used = n > 0 && (size_t)n < sizeof line ? (size_t)n : 0;
    own->output(own->output_arg, true, sw_str(line, used));
}

const struct host_grants *host_grants(const struct host *host)
{
    return host->grants;
}

void *host_new_object(struct component_call *call, size_t n)
{
    void *object = host_object_new(&host_of(call)->objects, n);
    if (!object)
        (void)host_trap(call, "no memory for one more host object, or they are over %u bytes",
                        HOST_OBJECT_BYTES_MAX);
    return object;
}

void *host_scratch(struct component_call *call, size_t count, size_t size)
{
    struct host *host = host_of(call);
    if (count > HOST_SCRATCH_BYTES_MAX / size) {
        (void)host_trap(call, "a result of %zu times %zu bytes is over the limit of %u", count, size,
                        HOST_SCRATCH_BYTES_MAX);
        return NULL;
    }
    size_t need = count * size;
    if (need > host->scratch_cap || !host->scratch) {
        size_t cap = host->scratch_cap ? host->scratch_cap : 1024;
        while (cap < need)
            cap *= 2;
        char *p = sw_try_realloc(host->scratch, cap);
        if (!p) {
            (void)host_trap(call, "no memory for a result of %zu bytes", need);
            return NULL;
        }
        host->scratch = p;
        host->scratch_cap = cap;
    }
    return host->scratch;
}
