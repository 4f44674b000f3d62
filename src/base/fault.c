/* fault.c - named points where a test makes something fail.  Room: base. */
#include "base/fault.h"

#include <errno.h>

#include "base/log.h"
#include "base/str.h"

#define HITS_MAX 1000000000u /* more are never counted to */

#define POINT_NAME(id, name) name,
static const char *const names[] = {SW_FAULT_POINTS(POINT_NAME)};

bool sw_fault_armed;
static enum sw_fault armed_point;
static uint64_t hits_left;

const char *sw_fault_name(enum sw_fault point)
{
    return point < SW_FAULT_COUNT ? names[point] : "";
}

bool sw_fault_hit(enum sw_fault point)
{
    if (point != armed_point || --hits_left > 0)
        return false;
    sw_fault_armed = false; /* once; and what logging needs works again */
    sw_log_warn("base", "fault", "point=%s", names[point]);
    return true;
}

bool sw_fault_errno(enum sw_fault point, int number)
{
    if (!sw_fault(point))
        return false;
    errno = number;
    return true;
}

static struct sw_str take_word(struct sw_str *rest)
{
    size_t colon = sw_str_find(*rest, ':');
    struct sw_str word = colon == SW_NPOS ? *rest : sw_str_head(*rest, colon);
    *rest = colon == SW_NPOS ? SW_LIT("") : sw_str_from(*rest, colon + 1);
    return word;
}

static int unknown_point(struct sw_str word, struct sw_err *err)
{
    char list[SW_FAULT_COUNT * 24];
    size_t used = 0;
    for (size_t i = 0; i < SW_FAULT_COUNT; i++) {
        int n = snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
        if (n < 0 || (size_t)n >= sizeof list - used)
            break;
        used += (size_t)n;
    }
    return sw_fail(err, SW_EINPUT, "SWELL_FAULT: '" SW_FMT "' is no fault point; there are %.*s",
                   SW_ARG(word), (int)used, list);
}

int sw_fault_setup(const char *process, const char *text, struct sw_err *err)
{
    sw_fault_armed = false;
    if (!text || !*text)
        return 0;
    struct sw_str rest = sw_str_of(text), first = take_word(&rest), who = SW_LIT("worker");
    if (sw_str_eq(first, SW_LIT("worker")) || sw_str_eq(first, SW_LIT("supervisor")) ||
        sw_str_eq(first, SW_LIT("compiler"))) {
        who = first;
        first = take_word(&rest);
    }
    size_t point = 0;
    while (point < SW_FAULT_COUNT && !sw_str_eq(first, sw_str_of(names[point])))
        point++;
    if (point == SW_FAULT_COUNT)
        return unknown_point(first, err);
    uint64_t n = 0;
    if (!sw_str_to_u64(rest, HITS_MAX, &n) || n == 0)
        return sw_fail(err, SW_EINPUT,
                       "SWELL_FAULT: expected [PROCESS:]POINT:N with N from 1 to %u, got '%s'", HITS_MAX,
                       text);
    armed_point = (enum sw_fault)point;
    hits_left = n;
    sw_fault_armed = sw_str_eq(who, sw_str_of(process));
    return 0;
}
