/* admission.h - who may run, who waits, who is refused: counted per component and for the whole worker.  Room: trigger.
 *
 *   ask -- room, nobody in front --------------> RUN  --leave--> (gone)
 *     |                                           ^
 *     +-- queue not full --> WAIT --next, by turns-+
 *     |                        `--leave: client left, waited too long--> (gone)
 *     `-- else: REFUSE
 *
 * A lane is one component: at most running_max of its requests run, at most waiting_max wait, first come first served. The lanes whose next
 * request could run but for the worker's own resources stand in `line` and are served by turns.
 *
 * Invariants
 *  1. A ticket is in its lane's `running` or `waiting` list, or in none.
 *  2. Both lists are in order of arrival; a lane has one time limit, so that is the order of deadlines, too.
 *  3. A lane is in `line` exactly while it has waiting requests and fewer running ones than it may have.
 *  4. Nothing here allocates, logs or calls back after trigger_admission_init. */
#ifndef SW_TRIGGER_ADMISSION_H
#define SW_TRIGGER_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"

/* What a worker can have at once; each request takes of it. */
struct trigger_resources {
    uint32_t stacks;       /* fibers */
    uint32_t slots;        /* guest memories */
    uint32_t mappings;     /* of the process, vm.max_map_count */
    uint32_t connections;  /* descriptors */
    uint64_t memory_bytes; /* of all guests together; 0: no limit */
};

struct trigger_lane {
    struct sw_link line;
    struct sw_link running; /* trigger_ticket.link */
    struct sw_link waiting;
    uint32_t running_count;
    uint32_t waiting_count;
    uint32_t running_max;
    uint32_t waiting_max;
    uint32_t slots;        /* of one request */
    uint32_t mappings;     /* of one request */
    uint64_t memory_bytes; /* of one request, as learnt from those that ended */
    uint64_t time_ms;      /* from arrival to the end */
    uint64_t wait_ms;      /* from arrival to running; at most time_ms */
};

struct trigger_ticket {
    struct sw_link link;
    struct trigger_lane *lane;
    uint64_t since_ms;     /* arrival */
    uint64_t memory_bytes; /* set aside for it while it runs */
    bool waiting;
};

struct trigger_admission {
    struct trigger_lane *lanes;
    uint32_t lane_count;
    struct sw_link line;
    struct trigger_resources max;
    uint64_t slots; /* taken */
    uint64_t mappings;
    uint64_t memory_bytes; /* set aside for those that run */
    uint64_t memory_used;  /* what they hold, as the engine says: trigger_admission_memory */
    uint32_t running_count;
    uint32_t waiting_count;
};

/* Lanes are zeroed but for their lists: the caller fills in limits and costs, then calls trigger_admission_open. */
int trigger_admission_init(struct trigger_admission *adm, uint32_t lane_count,
                           struct sw_err *err) SW_MUST_CHECK;
void trigger_admission_open(struct trigger_admission *adm, const struct trigger_resources *max);
void trigger_admission_deinit(struct trigger_admission *adm); /* twice is fine */

enum trigger_verdict { TRIGGER_RUN, TRIGGER_WAIT, TRIGGER_REFUSE };
/* What a new request of the lane has to do now. */
enum trigger_verdict trigger_admission_ask(const struct trigger_admission *adm,
                                           const struct trigger_lane *lane);
/* Does what ask said: RUN or WAIT. The ticket is the caller's and stays where it is until trigger_admission_leave. */
void trigger_admission_enter(struct trigger_admission *adm, struct trigger_lane *lane,
                             struct trigger_ticket *ticket, enum trigger_verdict verdict, uint64_t now_ms);
/* The waiting request whose turn it is, now running; NULL when there is none or no room. */
struct trigger_ticket *trigger_admission_next(struct trigger_admission *adm);
/* What all guests hold now. Before each ask and next: guests grow without asking here. */
void trigger_admission_memory(struct trigger_admission *adm, uint64_t used_bytes);
/* What a request of the lane held at its end. */
void trigger_lane_learn(struct trigger_lane *lane, uint64_t held_bytes);
/* A running or waiting request is over. */
void trigger_admission_leave(struct trigger_admission *adm, struct trigger_ticket *ticket);

/* When a request runs out of time next; UINT64_MAX: there is none. Looks at every lane: not for every request. */
uint64_t trigger_admission_deadline(const struct trigger_admission *adm);
uint64_t trigger_ticket_deadline(const struct trigger_ticket *ticket);
/* A request whose deadline is not after now_ms, still in its list; NULL: none. */
struct trigger_ticket *trigger_admission_overdue(const struct trigger_admission *adm, uint64_t now_ms);

/* The queue has no place left: another process should take new connections. */
bool trigger_lane_is_full(const struct trigger_lane *lane);
bool trigger_lane_has_eased(const struct trigger_lane *lane); /* a quarter of its places is free */
/* How many requests of the lane could run at once if it were alone: its own limit or the worker's resources. */
uint32_t trigger_admission_most(const struct trigger_admission *adm, const struct trigger_lane *lane);

/* ---- admission_resources.c ---- */

/* What this process may use, from the kernel's limits and what is in use already. Where the kernel tells nothing, its defaults. */
void trigger_resources_read(struct trigger_resources *ret);
/* The parts of it that are only arithmetic. */
uint32_t trigger_mappings_left(uint64_t max, uint64_t used);
uint32_t trigger_connections_left(uint64_t max, uint64_t used);

#endif
