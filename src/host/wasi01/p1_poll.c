/* p1_poll.c - WASI 0.1: poll_oneoff over the pollables of WASI 0.2.  Room: host.
 *
 * Each subscription of a clock or of stdin becomes a pollable for the time of the call; files and output are always ready. */
#include "base/clock.h"
#include "engine/engine.h"
#include "host/bindings/clocks_monotonic_clock.h"
#include "host/bindings/io_poll.h"
#include "host/bindings/io_streams.h"
#include "host/wasi/io.h"
#include "host/wasi01/p1.h"

enum { EVENT_CLOCK, EVENT_FD_READ, EVENT_FD_WRITE };
#define SUBSCRIPTION_BYTES 48
#define EVENT_BYTES 32
#define CLOCK_ABSOLUTE 1u

struct sub {
    uint64_t userdata;
    uint8_t type;
    uint32_t error;                         /* of WASI; ready at once */
    uint64_t bytes;                         /* that can be read or written */
    struct host_io_poll_pollable *pollable; /* NULL: ready at once */
};

struct polling {
    struct component_call *call;
    struct sub *subs;
    uint32_t count;
    struct host_io_streams_input_stream *in; /* the command's stdin, made when it is asked for */
};

/* clock: id u32 @16, timeout u64 @24, precision @32, flags u16 @40 of the subscription */
static int subscribe_clock(struct polling *polling, const uint8_t *from, struct sub *sub)
{
    uint32_t id = component_load_u32(from + 16);
    uint64_t timeout = component_load_u64(from + 24);
    bool absolute = component_load_u16(from + 40) & CLOCK_ABSOLUTE;
    if (id > 1) {
        sub->error = id <= 3 ? P1_NOTSUP : P1_INVAL;
        return 0;
    }
    if (absolute && id == 1)
        return host_clocks_monotonic_clock_subscribe_instant(polling->call, timeout, &sub->pollable);
    if (absolute) {
        uint64_t now = sw_clock_wall_ns();
        timeout = timeout > now ? timeout - now : 0;
    }
    return host_clocks_monotonic_clock_subscribe_duration(polling->call, timeout, &sub->pollable);
}

static int subscribe_stdin(struct polling *polling, struct sub *sub)
{
    if (!polling->in)
        polling->in =
            host_input_stream_new(polling->call, host_of(polling->call)->command.in, HOST_ERROR_PLAIN);
    if (!polling->in)
        return -SW_EGUEST;
    return host_io_streams_input_stream_subscribe(polling->call, polling->in, &sub->pollable);
}

static uint64_t bytes_left(const struct p1_fd *fd)
{
    struct stat st;
    if (fd->kind != P1_FILE || host_file_stat(fd->file, &st) || (uint64_t)st.st_size <= fd->offset)
        return 0;
    return (uint64_t)st.st_size - fd->offset;
}

static int subscribe_fd(struct polling *polling, const uint8_t *from, struct sub *sub)
{
    struct p1_fd *fd;
    int rc = p1_fd_find(polling->call, component_load_u32(from + 16), &fd);
    if (rc < 0)
        return rc;
    sub->error = (uint32_t)rc;
    if (rc)
        return 0;
    if (sub->type == EVENT_FD_READ && fd->kind == P1_STDIN)
        return subscribe_stdin(polling, sub);
    if (sub->type == EVENT_FD_READ ? fd->kind == P1_STDOUT || fd->kind == P1_STDERR : fd->kind == P1_STDIN)
        sub->error = P1_BADF;
    sub->bytes = sub->type == EVENT_FD_READ ? bytes_left(fd) : HOST_BODY_BYTES_MAX;
    return 0;
}

static int subscribe_all(struct polling *polling, uint32_t ptr)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < polling->count; i++) {
        struct sub *sub = &polling->subs[i];
        uint8_t *from;
        rc = component_mem_range(polling->call, ptr + i * SUBSCRIPTION_BYTES, SUBSCRIPTION_BYTES, 8, &from);
        if (rc < 0)
            break;
        sub->userdata = component_load_u64(from);
        sub->type = from[8];
        if (sub->type == EVENT_CLOCK)
            rc = subscribe_clock(polling, from, sub);
        else if (sub->type <= EVENT_FD_WRITE)
            rc = subscribe_fd(polling, from, sub);
        else
            rc = P1_INVAL;
    }
    return rc;
}

static bool any_at_once(const struct polling *polling)
{
    for (uint32_t i = 0; i < polling->count; i++)
        if (!polling->subs[i].pollable)
            return true;
    return false;
}

static int wait_for_any_wait(struct polling *polling)
{
    struct host_list_io_poll_pollable list = {.n = polling->count};
    struct host_list_u32 ready;
    list.items = (struct host_io_poll_pollable **)host_object_new(&host_of(polling->call)->objects,
                                                                  polling->count * sizeof *list.items);
    if (!list.items)
        return P1_NOMEM;
    struct host_io_poll_pollable **items = (struct host_io_poll_pollable **)(uintptr_t)list.items;
    for (uint32_t i = 0; i < polling->count; i++)
        items[i] = polling->subs[i].pollable;
    int rc = host_io_poll_poll_wait(polling->call, list, &ready);
    host_object_free(&host_of(polling->call)->objects, items, polling->count * sizeof *list.items);
    return rc;
}

/* Events of what is ready now. */
static int put_events(struct polling *polling, uint32_t ptr, uint32_t *ret_count)
{
    for (uint32_t i = 0; i < polling->count; i++) {
        const struct sub *sub = &polling->subs[i];
        uint8_t *to;
        if (sub->pollable && !sub->pollable->ops->ready(sub->pollable))
            continue;
        int rc = component_mem_range(polling->call, ptr + *ret_count * EVENT_BYTES, EVENT_BYTES, 8, &to);
        if (rc < 0)
            return rc;
        memset(to, 0, EVENT_BYTES);
        component_store_u64(to, sub->userdata);
        component_store_u16(to + 8, (uint16_t)sub->error);
        to[10] = sub->type;
        component_store_u64(to + 16, sub->pollable && sub->type == EVENT_FD_READ ? 1 : sub->bytes);
        ++*ret_count;
    }
    return 0;
}

static void release_all(struct polling *polling)
{
    struct host *host = host_of(polling->call);
    for (uint32_t i = 0; i < polling->count; i++)
        if (polling->subs[i].pollable)
            host_io_poll_pollable_drop(host, polling->subs[i].pollable);
    if (polling->in)
        host_io_streams_input_stream_drop(host, polling->in);
    host_object_free(&host->objects, polling->subs, polling->count * sizeof *polling->subs);
}

int p1_poll_oneoff_wait(struct component_call *call, union engine_val *vals)
{
    struct polling polling = {.call = call, .count = vals[2].u32};
    uint32_t from = vals[0].u32, to = vals[1].u32, to_count = vals[3].u32, count = 0;
    uint8_t *p;
    if (polling.count == 0 || polling.count > HOST_POLL_MAX)
        return p1_give(vals, P1_INVAL);
    int rc = component_mem_range(call, from, (uint64_t)polling.count * SUBSCRIPTION_BYTES, 8, &p);
    if (rc == 0)
        rc = component_mem_range(call, to, (uint64_t)polling.count * EVENT_BYTES, 8, &p);
    if (rc < 0)
        return rc;
    polling.subs = host_object_new(&host_of(call)->objects, polling.count * sizeof *polling.subs);
    if (!polling.subs)
        return p1_give(vals, P1_NOMEM);
    rc = subscribe_all(&polling, from);
    if (rc == 0 && !any_at_once(&polling))
        rc = wait_for_any_wait(&polling);
    if (rc == 0)
        rc = put_events(&polling, to, &count);
    release_all(&polling);
    if (rc == 0)
        rc = component_mem_range(call, to_count, 4, 4, &p);
    if (rc == 0)
        component_store_u32(p, count);
    return p1_give(vals, rc);
}
