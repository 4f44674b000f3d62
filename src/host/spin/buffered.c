/* buffered.c - bodies that are there as a whole, and how much of a process they may be.  Room: host.
 *
 * The sum is this file's only mutable global: like the list of spare hosts it belongs to the process, which runs one loop on one thread. */
#include "host/host.h"
#include "host/limits.h"

static size_t buffered_bytes;

void host_buffered_init(struct host_buffered *body)
{
    body->bytes = SW_BUF(HOST_BUFFERED_BODY_BYTES_MAX);
}

int host_buffered_add(struct host_buffered *body, struct sw_str bytes, struct sw_err *err)
{
    if (bytes.n > HOST_BUFFERED_BYTES_MAX - buffered_bytes)
        return sw_fail(err, SW_ELIMIT, "bodies that are buffered are over %u bytes in this process",
                       HOST_BUFFERED_BYTES_MAX);
    int rc = sw_buf_add(&body->bytes, bytes, err);
    if (rc == 0)
        buffered_bytes += bytes.n;
    return rc;
}

void host_buffered_deinit(struct host_buffered *body)
{
    buffered_bytes -= body->bytes.n;
    sw_buf_deinit(&body->bytes);
    host_buffered_init(body);
}
