/* loop_internal.h - what the files of this room share; the only place besides them that knows libuv.  Room: loop. */
#ifndef SW_LOOP_INTERNAL_H
#define SW_LOOP_INTERNAL_H

#include <uv.h>

#include "loop/loop.h"

struct loop {
    uv_loop_t uv;
    uv_check_t check;        /* runs deferred work after the I/O of a turn */
    uv_idle_t idle;          /* active while work is queued, so that the poll does not sleep */
    struct sw_link deferred; /* of loop_defer.link */
    bool idle_on;
    struct sw_link finishing; /* of socket.c: closed by their users, with bytes to send */
    uint32_t finishing_count;
    uint32_t lookups; /* of resolve.c, that libuv's threads work on */
};

void loop__sockets_end(struct loop *loop); /* those that finish are closed as they are */

/* -code with libuv's words behind the text. */
#define loop__uv_fail(err, number, ...) sw_fail_errno((err), SW_EIO, -(number), __VA_ARGS__)

#endif
