/* loop.h - the event loop: one per process, one thread.  Room: loop.
 *
 * Rules (the async style, style.md 2.6): a callback never runs before the function that starts it returns; objects are closed, and
 * their memory is the loop's until the closed callback (or, without one, until the end of the turn). Nothing here blocks. */
#ifndef SW_LOOP_LOOP_H
#define SW_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/error.h"
#include "base/list.h"
#include "base/str.h"

struct loop;

int loop_new(struct loop **ret, struct sw_err *err) SW_MUST_CHECK;
void loop_free(struct loop *loop); /* every object on it must be closed; NULL is fine */
int loop_run(struct loop *loop,
             struct sw_err *err) SW_MUST_CHECK; /* until loop_stop, or nothing is left to wait for */
void loop_stop(struct loop *loop);
uint64_t loop_now_ms(const struct loop *loop); /* monotonic, cached once a turn: no system call */

/* Deferred work: runs once, after the I/O callbacks of this turn. Embedded in the caller's struct; adding it twice is one run.
 * While any is queued the loop does not sleep. Work added from within deferred work runs in the NEXT turn, so that a computing
 * guest that yields cannot starve I/O. */
typedef void loop_defer_fn(void *arg);
struct loop_defer {
    struct sw_link link;
    loop_defer_fn *fn;
    void *arg;
};
void loop_defer_init(struct loop_defer *defer, loop_defer_fn *fn, void *arg);
void loop_defer_add(struct loop *loop, struct loop_defer *defer);
void loop_defer_cancel(struct loop_defer *defer);

/* A timer. Starting a running timer moves it. */
typedef void loop_timer_fn(void *arg);
struct loop_timer;
int loop_timer_new(struct loop *loop, loop_timer_fn *fn, void *arg, struct loop_timer **ret,
                   struct sw_err *err) SW_MUST_CHECK;
void loop_timer_start(struct loop_timer *timer, uint64_t after_ms);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer); /* no callback after this; NULL is fine */

/* A non-blocking byte stream over a connected socket or a pipe (TLS later stands behind the same face). Owns fd. */
struct loop_stream;
struct loop_stream_events {
    void (*readable)(
        void *
            arg); /* level-triggered while reading is on; once when the connection fails, even while it is off */
    void (*writable)(void *arg); /* after a write gave SW_WAIT */
    void (*closed)(void *arg);   /* last one: the memory behind arg may go */
};
int loop_stream_open(struct loop *loop, int fd, const struct loop_stream_events *events, void *arg,
                     struct loop_stream **ret,
                     struct sw_err *err) SW_MUST_CHECK;        /* on failure fd is still the caller's */
void loop_stream_reading(struct loop_stream *stream, bool on); /* off: back-pressure */
/* Returns 0 with *ret_n > 0; SW_WAIT; SW_END (the peer sent FIN); or < 0 (reset: SW_EIO). */
int loop_stream_read(struct loop_stream *stream, void *bytes, size_t n, size_t *ret_n,
                     struct sw_err *err) SW_MUST_CHECK;
/* Returns 0 with *ret_n bytes taken (maybe fewer than all: SW_WAIT follows on the next call), SW_WAIT (nothing taken; `writable` will
 * come), or < 0. */
int loop_stream_writev(struct loop_stream *stream, const struct iovec *parts, int count, size_t *ret_n,
                       struct sw_err *err) SW_MUST_CHECK;
void loop_stream_shutdown(struct loop_stream *stream); /* sends FIN; reading goes on */
void loop_stream_close(struct loop_stream *stream);    /* `closed` comes later, once */
int loop_stream_peer(const struct loop_stream *stream, char *text,
                     size_t n); /* "ip:port", "[v6]:port"; 0, or SW_ABSENT */

/* A listening socket shared by several processes: watched with EPOLLEXCLUSIVE. fd stays the caller's. */
struct loop_listener;
typedef void loop_accept_fn(void *arg,
                            int fd); /* fd: non-blocking, close-on-exec, TCP_NODELAY; now the callee's */
int loop_listener_new(struct loop *loop, int fd, loop_accept_fn *fn, void *arg, struct loop_listener **ret,
                      struct sw_err *err) SW_MUST_CHECK;
void loop_listener_pause(struct loop_listener *listener,
                         bool paused); /* paused: others of the group accept */
/* The last connections, before loop_listener_free: leaves the group first, then accepts what waits (the callback runs inside this call), so
 * that no connection waits for a wake-up that only we were sent. */
void loop_listener_finish(struct loop_listener *listener);
void loop_listener_free(struct loop_listener *listener);

/* Readiness of any descriptor (signals by signalfd, channels, children by pidfd). fd stays the caller's. */
struct loop_watch;
typedef void loop_watch_fn(void *arg);
int loop_watch_new(struct loop *loop, int fd, loop_watch_fn *readable, void *arg, struct loop_watch **ret,
                   struct sw_err *err) SW_MUST_CHECK;
void loop_watch_free(struct loop_watch *watch);

/* The same in the directions that are asked for, for libraries that own their descriptors. Free it before the descriptor is closed. */
enum { LOOP_READABLE = 1u, LOOP_WRITABLE = 2u };
struct loop_ready;
typedef void loop_ready_fn(void *arg, unsigned events); /* a failure is told as both */
int loop_ready_new(struct loop *loop, int fd, loop_ready_fn *fn, void *arg, struct loop_ready **ret,
                   struct sw_err *err) SW_MUST_CHECK; /* watches nothing yet */
void loop_ready_set(struct loop_ready *ready, unsigned events);
void loop_ready_free(struct loop_ready *ready); /* no callback after this; NULL is fine */

/* Delivers a signal as a callback. */
struct loop_signal;
typedef void loop_signal_fn(void *arg, int number);
int loop_signal_new(struct loop *loop, int number, loop_signal_fn *fn, void *arg, struct loop_signal **ret,
                    struct sw_err *err) SW_MUST_CHECK;
void loop_signal_free(struct loop_signal *signal);

/* A child process; fds[i] becomes descriptor i of the child, -1: /dev/null. The child dies with this process (PDEATHSIG is the
 * child's own business). */
struct loop_process;
typedef void loop_exit_fn(void *arg, int exit_status,
                          int term_signal); /* once; the process object is then gone */
struct loop_spawn {
    const char *file; /* absolute path of the program */
    char *const *argv;
    char *const *env; /* NULL: inherited */
    const int *fds;
    int fd_count;
    loop_exit_fn *exited;
    void *arg;
};
int loop_process_spawn(struct loop *loop, const struct loop_spawn *spawn, struct loop_process **ret,
                       struct sw_err *err) SW_MUST_CHECK;
int loop_process_pid(const struct loop_process *process);
void loop_process_kill(struct loop_process *process, int number);

#endif
