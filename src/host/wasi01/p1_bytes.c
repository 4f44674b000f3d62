/* p1_bytes.c - WASI 0.1: reading and writing through lists of buffers.  Room: host. */
#include <errno.h>

#include "engine/engine.h"
#include "host/wasi01/p1.h"

struct buffers { /* iovec: pointer and length, 8 bytes each */
    struct component_call *call;
    uint32_t ptr, count;
    uint32_t index; /* of the one that is used now */
    uint32_t done;  /* bytes of it */
};

static int buffers_open(struct component_call *call, uint32_t ptr, uint32_t count, struct buffers *ret)
{
    uint8_t *p;
    *ret = (struct buffers){.call = call, .ptr = ptr, .count = count};
    if (count > HOST_P1_BUFFERS_MAX)
        return P1_INVAL;
    return component_mem_range(call, ptr, (uint64_t)count * 8, 4, &p);
}

/* The rest of the buffer that is used now, empty ones passed over: 0; SW_END: there is none left; < 0. Looked up each time: nothing of the
 * guest's memory is held across a wait. */
static int buffers_next(struct buffers *buffers, uint8_t **ret, uint32_t *ret_n)
{
    while (buffers->index < buffers->count) {
        uint8_t *item;
        int rc = component_mem_range(buffers->call, buffers->ptr + buffers->index * 8, 8, 4, &item);
        if (rc < 0)
            return rc;
        uint32_t at = component_load_u32(item), n = component_load_u32(item + 4);
        if (n > buffers->done) {
            rc = component_mem_range(buffers->call, at, n, 1, ret);
            if (rc < 0)
                return rc;
            *ret += buffers->done;
            *ret_n = n - buffers->done;
            return 0;
        }
        buffers->index++;
        buffers->done = 0;
    }
    return SW_END;
}

static int put_count(struct component_call *call, union engine_val *vals, uint32_t ptr, uint64_t count)
{
    uint8_t *to;
    int rc = component_mem_range(call, ptr, 4, 4, &to);
    if (rc == 0)
        component_store_u32(to, (uint32_t)count);
    return p1_give(vals, rc);
}

/* ---- files ---- */

/* Reads or writes at an offset until a buffer is not filled or emptied whole, or as much was moved as one call may: the loop waits for it. *ret_n:
 * bytes; an errno of WASI only when there are none. */
static int transfer(const struct p1_fd *fd, struct buffers *buffers, uint64_t offset, bool writes,
                    uint64_t *ret_n)
{
    uint8_t *at;
    uint32_t n = 0;
    int rc;
    *ret_n = 0;
    while ((rc = buffers_next(buffers, &at, &n)) == 0 && *ret_n < HOST_FILE_WRITE_BYTES_MAX) {
        size_t moved = 0, left = HOST_FILE_WRITE_BYTES_MAX - (size_t)*ret_n;
        size_t want = n < left ? n : left;
        rc = writes ? host_file_write(fd->file, sw_str((const char *)at, want), offset + *ret_n,
                                      fd->flags & P1_FDFLAG_APPEND, &moved)
                    : host_file_read(fd->file, (char *)at, want, offset + *ret_n, &moved);
        if (rc)
            return *ret_n ? 0 : (int)p1_errno_of(rc);
        buffers->done += (uint32_t)moved;
        *ret_n += moved;
        if (moved < n)
            break;
    }
    if (rc == SW_END && buffers->count == 0) /* nothing to do, but the descriptor has to allow it */
        rc = 0;
    return rc < 0 ? rc : 0;
}

static int at_offset(struct component_call *call, union engine_val *vals, bool writes)
{
    struct p1_fd *fd;
    struct buffers buffers;
    uint64_t n = 0;
    int rc = p1_fd_find(call, vals[0].u32, &fd);
    if (rc == 0 && fd->kind != P1_FILE)
        rc = P1_SPIPE;
    if (rc == 0)
        rc = buffers_open(call, vals[1].u32, vals[2].u32, &buffers);
    if (rc == 0)
        rc = transfer(fd, &buffers, vals[3].u64, writes, &n);
    return rc ? p1_give(vals, rc) : put_count(call, vals, vals[4].u32, n);
}

int p1_fd_pread(struct component_call *call, union engine_val *vals)
{
    return at_offset(call, vals, false);
}

int p1_fd_pwrite(struct component_call *call, union engine_val *vals)
{
    return at_offset(call, vals, true);
}

/* At the file's own offset, which moves. */
static int in_order(struct p1_fd *fd, struct buffers *buffers, bool writes, uint64_t *ret_n)
{
    struct stat st;
    int rc = transfer(fd, buffers, fd->offset, writes, ret_n);
    if (rc)
        return rc;
    fd->offset += *ret_n;
    if (writes && *ret_n && fd->flags & P1_FDFLAG_APPEND && host_file_stat(fd->file, &st) == 0)
        fd->offset = (uint64_t)st.st_size;
    return 0;
}

/* ---- the command's streams ---- */

static int stdin_read_wait(struct component_call *call, struct buffers *buffers, uint64_t *ret_n)
{
    struct host_source *source = host_of(call)->command.in;
    struct sw_str bytes;
    struct sw_err err;
    uint8_t *to;
    uint32_t n;
    int rc;
    while ((rc = host_source_peek(source, &bytes, &err)) == SW_WAIT)
        if ((rc = host_event_wait(&source->ready, component_call_engine(call), &err)) < 0)
            return rc;
    if (rc)
        return rc == SW_END ? 0 : P1_IO;
    while (bytes.n && (rc = buffers_next(buffers, &to, &n)) == 0) {
        size_t part = n < bytes.n ? n : bytes.n;
        memcpy(to, bytes.p, part);
        host_source_consume(source, part);
        bytes = sw_str_from(bytes, part);
        buffers->done += (uint32_t)part;
        *ret_n += part;
    }
    return rc < 0 ? rc : 0;
}

static int out_write_wait(struct component_call *call, struct host_sink *sink, struct buffers *buffers,
                          uint64_t *ret_n)
{
    struct sw_err err;
    uint8_t *at;
    uint32_t n;
    int rc;
    while ((rc = buffers_next(buffers, &at, &n)) == 0) {
        size_t put = 0;
        rc = host_sink_write(sink, sw_str((const char *)at, n), &put, &err);
        if (rc == SW_WAIT)
            rc = host_event_wait(&sink->ready, component_call_engine(call), &err);
        else if (rc < 0)
            return *ret_n ? 0 : P1_PIPE; /* nobody reads it any more */
        if (rc < 0)
            return rc;
        buffers->done += (uint32_t)put;
        *ret_n += put;
    }
    while (rc == SW_END &&
           (rc = host_sink_flush(sink, &err)) != 0) { /* what is said to be written has left */
        if (rc < 0)
            return P1_PIPE;
        if ((rc = host_event_wait(&sink->ready, component_call_engine(call), &err)) < 0)
            return rc;
        rc = SW_END;
    }
    return rc < 0 ? rc : 0;
}

int p1_fd_read_wait(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    struct buffers buffers;
    uint64_t n = 0;
    int rc = p1_fd_find(call, vals[0].u32, &fd);
    if (rc == 0 && (fd->kind == P1_STDOUT || fd->kind == P1_STDERR))
        rc = P1_BADF;
    if (rc == 0)
        rc = buffers_open(call, vals[1].u32, vals[2].u32, &buffers);
    if (rc == 0)
        rc = fd->kind == P1_FILE ? in_order(fd, &buffers, false, &n) : stdin_read_wait(call, &buffers, &n);
    return rc ? p1_give(vals, rc) : put_count(call, vals, vals[3].u32, n);
}

int p1_fd_write_wait(struct component_call *call, union engine_val *vals)
{
    struct host *host = host_of(call);
    struct p1_fd *fd;
    struct buffers buffers;
    uint64_t n = 0;
    int rc = p1_fd_find(call, vals[0].u32, &fd);
    if (rc == 0 && fd->kind == P1_STDIN)
        rc = P1_BADF;
    if (rc == 0)
        rc = buffers_open(call, vals[1].u32, vals[2].u32, &buffers);
    if (rc)
        return p1_give(vals, rc);
    if (fd->kind == P1_FILE)
        rc = in_order(fd, &buffers, true, &n);
    else
        rc =
            out_write_wait(call, fd->kind == P1_STDOUT ? host->command.out : host->command.err, &buffers, &n);
    return rc ? p1_give(vals, rc) : put_count(call, vals, vals[3].u32, n);
}
