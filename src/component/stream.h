/* stream.h - the host's side of streams and futures.  Room: component.
 *
 * A stream<T> or future<T> has a readable and a writable end. Each is in a guest's handle table, or on its way between two, or the host's.
 * The host never holds elements: when both sides are there, `copy` moves them between what the host has and the guest's memory, at once.
 *
 *   host writes:  component_stream_new  --> the guest gets the readable end; each read of the guest calls copy
 *   host reads:   component_stream_take --> the guest gave the readable end away; each write of the guest calls copy
 *
 * copy may say SW_WAIT; component_stream_wake has it called again while the guest still waits. So nothing happens that the guest did not
 * ask for: back-pressure is the absence of a read. Sources: CanonicalABI.md "Stream State", "Future State"; component.md 6, 7. */
#ifndef SW_COMPONENT_STREAM_H
#define SW_COMPONENT_STREAM_H

#include "component/host.h"
#include "component/value.h"

struct component_export;
struct component_end;    /* the host's end of a stream or future */
struct component_stream; /* both ends; component_value.object of a stream or future */

struct component_stream_ops {
    /* Moves up to n elements. The guest's buffer begins at offset `at` of call->mem, in range and aligned; call->mem + at is a view of n
     * times the element's size, dead when the guest runs again.
     * Host writes: elements are stored there: bytes by memcpy, others with component_lower_* and component_handle_new, or
     *   component_stream_store. Host reads: they are loaded from there, with component_lift_*, component_handle_take or
     *   component_stream_load.
     * n         : of a future 1; of a stream 0 too: the guest asks whether it need not wait
     * call      : as in a host function; the caller is the guest that reads or writes. On a fiber; of numbers, bool and no elements also on
     *             the loop side: then it must not trap
     * *ret_n    : elements moved, 1..n when n is not 0
     * returns   : 0, SW_WAIT (nothing moved; component_stream_wake will be called), SW_END (nothing moved; the host drops its end; not of a
     *             future, but for one that the host reads), or < 0: a trap, which is recorded.
     *             Of other elements than those, SW_WAIT after a wake ends a stream's read or write without elements, and is a failure of a
     *             future: it said that it was there
     * It calls nothing of this header but component_stream_load, _store and what makes or takes other streams. */
    int (*copy)(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n);
    /* The host's end is gone: the guest dropped the other one, copy said SW_END, or the store ends. Once; not by component_stream_close. */
    void (*drop)(void *arg);
};

/* ---- types of a call, for what follows ---- */

/* The type of parameter i or of the result of the host function that is called; of part i of a type: the element of a list, stream or
 * future (i is not looked at), the field of a record or tuple, the payload of a case. COMPONENT_NO_TYPE when there is none. */
uint32_t component_call_param_type(const struct component_call *call, uint32_t i);
uint32_t component_call_result_type(const struct component_call *call);
uint32_t component_call_part_type(const struct component_call *call, uint32_t type, uint32_t i);

/* ---- ends ---- */

/* A new stream or future that the host writes. *ret_handle: its readable end, new in the caller's table. *ret: the host's end, which is good
 * until drop or component_stream_close. `ops` outlives it.
 * type      : stream<T> or future<T>, as the functions above give it
 * fails     : traps when the table or memory is full; then arg is still the caller's and drop is not called */
int component_stream_new(struct component_call *call, uint32_t type, const struct component_stream_ops *ops,
                         void *arg, uint32_t *ret_handle, struct component_end **ret) SW_MUST_CHECK;
/* The readable end out of the caller's table: the host reads it from now on. A write that waits already is served by the next
 * component_stream_wake, so call that soon.
 * returns   : 0, or SW_END: the other end is gone already, arg is still the caller's (of a future: its writer is the host, and was not
 *             component_stream_origin's)
 * traps     : unknown handle, another type, busy, done, in a waitable set */
int component_stream_take(struct component_call *call, uint32_t handle, uint32_t type,
                          const struct component_stream_ops *ops, void *arg,
                          struct component_end **ret) SW_MUST_CHECK;
/* When the handle is the readable end of a stream of that type that the host itself writes with `ops`: takes it out of the table and gives
 * the host its arg back, without drop: what the host writes need not go through it. 0, or SW_ABSENT (nothing happened). Traps as above. */
int component_stream_origin(struct component_call *call, uint32_t handle, uint32_t type,
                            const struct component_stream_ops *ops, void **ret_arg) SW_MUST_CHECK;
/* Calls copy again if the guest still waits. Loop side or fiber, not inside copy or drop of the same stream. */
void component_stream_wake(struct component_end *end);
/* The host drops its end: a guest that waits is told. Of a future that the host writes and has not: the store fails. NULL is fine. */
void component_stream_close(struct component_end *end);

/* ---- streams as values: arguments and results of exports that the host calls (component_value.object) ---- */

/* The type of parameter i of an export, as above. */
uint32_t component_export_param_type(const struct component_export *func, uint32_t i);
/* As component_stream_new, for an argument. */
int component_stream_value(struct component_store *store, uint32_t type,
                           const struct component_stream_ops *ops, void *arg,
                           struct component_value *ret_value, struct component_end **ret) SW_MUST_CHECK;
/* As component_stream_take, for a result. 0, SW_END, or < 0: both ends are the host's. */
int component_stream_attach(struct component_stream *stream, const struct component_stream_ops *ops,
                            void *arg, struct component_end **ret) SW_MUST_CHECK;
void component_stream_discard(struct component_stream *stream); /* a result that the host does not want */

/* ---- elements as values, for copy: the element at offset `at` ---- */

int component_stream_store(struct component_call *call, struct component_end *end, uint32_t at,
                           const struct component_value *value) SW_MUST_CHECK;
/* Its memory is in the call's scratch. */
int component_stream_load(struct component_call *call, struct component_end *end, uint32_t at,
                          struct component_value *ret) SW_MUST_CHECK;

#endif
