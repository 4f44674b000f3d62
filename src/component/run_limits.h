/* run_limits.h - every limit of the run-time half; those of decoding and linking are in limits.h.  Room: component. */
#ifndef SW_COMPONENT_RUN_LIMITS_H
#define SW_COMPONENT_RUN_LIMITS_H

/* CanonicalABI.md "Loading": MAX_STRING_BYTE_LENGTH and MAX_LIST_BYTE_LENGTH. Part of the specification, not ours to choose. */
#define COMPONENT_STRING_BYTES_MAX ((1u << 28) - 1)
#define COMPONENT_LIST_BYTES_MAX ((1u << 28) - 1)

/* Handles of all instances of one store together. The specification's Table ends at 2^28 - 1 entries, which would be 8 GiB of host
 * memory for a guest that never drops anything; a million is far above what any program holds and costs at most 32 MiB. */
#define COMPONENT_HANDLES_MAX (1u << 20)
#define COMPONENT_HANDLES_FIRST 16u /* entries of a new table: a small request needs fewer */
#define COMPONENT_HANDLES_KEPT                                                                               \
    64u /* a pooled store keeps tables up to this size, larger ones are given back */

/* Nested calls (guest to guest, guest to host) of one store. Each level has a scratch arena; the engine checks the stack besides. */
#define COMPONENT_CALL_DEPTH_MAX 64u
#define COMPONENT_SCRATCH_KEPT 2u /* levels whose first block a pooled store keeps */

/* Bytes of strings and lists that one call may give, each counted as often as it is given: many elements may name the same bytes, and
 * nothing interrupts the host while it checks and copies them. As much as the largest string or list alone. */
#define COMPONENT_LIFT_BYTES_MAX (1u << 28)
/* What one call may put aside while values pass through it: transcoded strings, elements of lists of records. */
#define COMPONENT_SCRATCH_BYTES_MAX (64u << 20)
/* What host functions of one store may put aside for the life of the store (component_call_arena), results included. */
#define COMPONENT_STORE_BYTES_MAX (64u << 20)

/* Async components (async_internal.h). Each costs at most a kilobyte of the store's arena, which has its own ceiling; those that run have a
 * fiber besides, which are limited for the process (ENGINE_STACKS_MAX). */
#define COMPONENT_THREADS_MAX                                                                                \
    4096u /* of one store, those that wait included: all are looked at to find one that is ready */
#define COMPONENT_FIBERS_MAX                                                                                 \
    256u /* of one store at a time: a guest must not use up those of the process (ENGINE_STACKS_MAX) */
#define COMPONENT_TASKS_MAX                                                                                  \
    1024u /* of one instance, those that wait to enter included: calls at once of a busy server */
#define COMPONENT_SUBTASKS_MAX 16384u         /* of one store, until they are dropped */
#define COMPONENT_SETS_MAX 16384u             /* waitable sets of one store */
#define COMPONENT_BACKPRESSURE_MAX (1u << 16) /* backpressure.inc traps there; part of the specification */

/* Of an error context's message, and of those of one store together; the rest is cut off, which the specification allows. */
#define COMPONENT_ERROR_MESSAGE_MAX 1024u
#define COMPONENT_ERROR_BYTES_MAX (1u << 20)

#define COMPONENT_PROGRAM_INLINE 8u  /* operations of a part that are written into its whole's copy program */
#define COMPONENT_PROGRAMS_FIRST 64u /* types of a small component; doubled as needed */
#define COMPONENT_COPY_HANDLES_FIRST 8u /* handles of one call between guests before more room is taken */

#define COMPONENT_BOUND_BYTES_MAX                                                                            \
    (256u << 20) /* of one bound component's tables; a plan has the same order of size */
#define COMPONENT_STORES_POOLED                                                                              \
    64u /* idle stores kept per component: as many as requests arrive in one burst on one core */
#define COMPONENT_LENT_MORE                                                                                  \
    30u /* handles per further block of one call's lent handles: a block is 136 bytes */
#define COMPONENT_CELLS_LOOK_BACK                                                                            \
    32u /* bind: how far back an equal (instance, export) is searched, so that binding stays linear */

#endif
