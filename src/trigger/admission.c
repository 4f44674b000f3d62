/* admission.c - queues and counts of admission.  Room: trigger. */
#include "trigger/admission.h"

#include <assert.h>

#include "base/alloc.h"
#include "engine/limits.h"
#include "trigger/limits.h"

int trigger_admission_init(struct trigger_admission *adm, uint32_t lane_count, struct sw_err *err)
{
    *adm = (struct trigger_admission){.lane_count = lane_count};
    sw_list_init(&adm->line);
    adm->lanes = sw_try_alloc_array(lane_count, sizeof *adm->lanes);
    if (!adm->lanes) {
        adm->lane_count = 0;
        return sw_fail(err, SW_ENOMEM, "no memory for the queues of %u components", lane_count);
    }
    for (uint32_t i = 0; i < lane_count; i++) {
        sw_list_init(&adm->lanes[i].line);
        sw_list_init(&adm->lanes[i].running);
        sw_list_init(&adm->lanes[i].waiting);
    }
    return 0;
}

void trigger_admission_open(struct trigger_admission *adm, const struct trigger_resources *max)
{
    adm->max = *max;
    for (uint32_t i = 0; i < adm->lane_count; i++) {
        struct trigger_lane *lane = &adm->lanes[i];
        assert(lane->running_max && lane->time_ms && lane->wait_ms <= lane->time_ms);
        if (lane->slots > max->slots) /* alone it may try in any case, else its queue would stand still */
            lane->slots = max->slots;
        if (lane->mappings > max->mappings)
            lane->mappings = max->mappings;
    }
}

void trigger_admission_deinit(struct trigger_admission *adm)
{
    sw_free(adm->lanes);
    adm->lanes = NULL;
    adm->lane_count = 0;
}

/* ---- room ---- */

/* Those that began a moment ago hold little yet, and others hold more than was set aside for them: the larger sum counts. A request that
 * is alone may try in any case. */
static bool has_memory(const struct trigger_admission *adm, const struct trigger_lane *lane)
{
    uint64_t max = adm->max.memory_bytes;
    uint64_t used = adm->memory_used > adm->memory_bytes ? adm->memory_used : adm->memory_bytes;
    if (!max || adm->running_count == 0)
        return true;
    if (lane->memory_bytes >
        max / ENGINE_MEMORY_LITTLE) /* the engine keeps the rest for those that hold little */
        max -= max / ENGINE_MEMORY_RESERVE;
    return used + lane->memory_bytes <= max;
}

static bool has_room(const struct trigger_admission *adm, const struct trigger_lane *lane)
{
    return adm->running_count < adm->max.stacks && adm->slots + lane->slots <= adm->max.slots &&
           adm->mappings + lane->mappings <= adm->max.mappings && has_memory(adm, lane);
}

enum trigger_verdict trigger_admission_ask(const struct trigger_admission *adm,
                                           const struct trigger_lane *lane)
{
    /* Somebody in line waits for what this one would take. */
    if (lane->running_count < lane->running_max && !lane->waiting_count && sw_list_empty(&adm->line) &&
        has_room(adm, lane))
        return TRIGGER_RUN;
    return lane->waiting_count < lane->waiting_max ? TRIGGER_WAIT : TRIGGER_REFUSE;
}

/* Keeps invariant 3. */
static void line_update(struct trigger_admission *adm, struct trigger_lane *lane)
{
    bool should = lane->waiting_count && lane->running_count < lane->running_max;
    bool is = !sw_list_empty(&lane->line);
    if (should && !is)
        sw_list_add_tail(&adm->line, &lane->line);
    else if (!should && is)
        sw_list_remove(&lane->line);
}

static void run(struct trigger_admission *adm, struct trigger_lane *lane, struct trigger_ticket *ticket)
{
    ticket->waiting = false;
    sw_list_add_tail(&lane->running, &ticket->link);
    lane->running_count++;
    adm->running_count++;
    adm->slots += lane->slots;
    adm->mappings += lane->mappings;
    ticket->memory_bytes = lane->memory_bytes;
    adm->memory_bytes += ticket->memory_bytes;
}

void trigger_admission_enter(struct trigger_admission *adm, struct trigger_lane *lane,
                             struct trigger_ticket *ticket, enum trigger_verdict verdict, uint64_t now_ms)
{
    assert(verdict != TRIGGER_REFUSE);
    ticket->lane = lane;
    ticket->since_ms = now_ms;
    if (verdict == TRIGGER_RUN) {
        run(adm, lane, ticket);
        return;
    }
    ticket->waiting = true;
    sw_list_add_tail(&lane->waiting, &ticket->link);
    lane->waiting_count++;
    adm->waiting_count++;
    line_update(adm, lane);
}

struct trigger_ticket *trigger_admission_next(struct trigger_admission *adm)
{
    if (sw_list_empty(&adm->line))
        return NULL;
    struct trigger_lane *lane = SW_CONTAINER(adm->line.next, struct trigger_lane, line);
    if (!has_room(adm, lane))
        return NULL; /* the others wait, too: who needs much must not wait for ever */
    struct trigger_ticket *ticket =
        SW_CONTAINER(sw_list_take_head(&lane->waiting), struct trigger_ticket, link);
    lane->waiting_count--;
    adm->waiting_count--;
    sw_list_remove(&lane->line); /* to the end of the line, if it has more */
    run(adm, lane, ticket);
    line_update(adm, lane);
    return ticket;
}

void trigger_admission_leave(struct trigger_admission *adm, struct trigger_ticket *ticket)
{
    struct trigger_lane *lane = ticket->lane;
    sw_list_remove(&ticket->link);
    if (ticket->waiting) {
        lane->waiting_count--;
        adm->waiting_count--;
    } else {
        lane->running_count--;
        adm->running_count--;
        adm->slots -= lane->slots;
        adm->mappings -= lane->mappings;
        adm->memory_bytes -= ticket->memory_bytes;
    }
    if (lane->waiting_count || ticket->waiting)
        line_update(adm, lane);
    ticket->waiting = false;
}

void trigger_admission_memory(struct trigger_admission *adm, uint64_t used_bytes)
{
    adm->memory_used = used_bytes;
}

void trigger_lane_learn(struct trigger_lane *lane, uint64_t held_bytes)
{
    lane->memory_bytes = lane->memory_bytes
                             ? lane->memory_bytes - lane->memory_bytes / TRIGGER_MEMORY_SMOOTH +
                                   held_bytes / TRIGGER_MEMORY_SMOOTH
                             : held_bytes;
}

/* ---- time ---- */

uint64_t trigger_ticket_deadline(const struct trigger_ticket *ticket)
{
    return ticket->since_ms + (ticket->waiting ? ticket->lane->wait_ms : ticket->lane->time_ms);
}

static struct trigger_ticket *first_of(const struct sw_link *list)
{
    return sw_list_empty(list) ? NULL : SW_CONTAINER(list->next, struct trigger_ticket, link);
}

/* The request of all that runs out of time first. */
static struct trigger_ticket *most_urgent(const struct trigger_admission *adm, uint64_t *ret_deadline)
{
    struct trigger_ticket *urgent = NULL;
    uint64_t deadline = UINT64_MAX;
    for (uint32_t i = 0; i < adm->lane_count; i++) {
        struct trigger_ticket *firsts[2] = {first_of(&adm->lanes[i].running),
                                            first_of(&adm->lanes[i].waiting)};
        for (int k = 0; k < 2; k++)
            if (firsts[k] && trigger_ticket_deadline(firsts[k]) < deadline) {
                urgent = firsts[k];
                deadline = trigger_ticket_deadline(urgent);
            }
    }
    *ret_deadline = deadline;
    return urgent;
}

uint64_t trigger_admission_deadline(const struct trigger_admission *adm)
{
    uint64_t deadline;
    (void)most_urgent(adm, &deadline); /* only the time is asked for */
    return deadline;
}

struct trigger_ticket *trigger_admission_overdue(const struct trigger_admission *adm, uint64_t now_ms)
{
    uint64_t deadline;
    struct trigger_ticket *ticket = most_urgent(adm, &deadline);
    return deadline <= now_ms ? ticket : NULL;
}

/* ---- numbers ---- */

bool trigger_lane_is_full(const struct trigger_lane *lane)
{
    return lane->waiting_count >= lane->waiting_max;
}

bool trigger_lane_has_eased(const struct trigger_lane *lane)
{
    return (uint64_t)lane->waiting_count * 4 <= (uint64_t)lane->waiting_max * 3;
}

static void at_most(uint32_t *most, uint64_t limit)
{
    if (limit < *most)
        *most = (uint32_t)limit;
}

uint32_t trigger_admission_most(const struct trigger_admission *adm, const struct trigger_lane *lane)
{
    uint32_t most = lane->running_max;
    at_most(&most, adm->max.stacks);
    if (lane->slots)
        at_most(&most, adm->max.slots / lane->slots);
    if (lane->mappings)
        at_most(&most, adm->max.mappings / lane->mappings);
    return most;
}
