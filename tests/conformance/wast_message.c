/* wast_message.c - whether a refusal or trap has the reason that a script gives.  Tests: conformance.
 *
 * Scripts have the words of the tools they were written for. Ours must contain them, or be in the table: `theirs` is part of the script's
 * text and `ours` part of our message for the same rule. A row that is too wide would hide a refusal for a wrong reason, so rows
 * name rules, not areas. */
#include "wast.h"

static const struct {
    const char *theirs, *ours;
} same[] = {
    /* traps */
    {"unaligned pointer", "not aligned"},
    {"unknown handle index", "unknown handle"},
};

static bool contains(struct sw_str text, struct sw_str part)
{
    for (size_t i = 0; part.n <= text.n && i <= text.n - part.n; i++)
        if (sw_str_starts(sw_str_from(text, i), part))
            return true;
    return part.n == 0;
}

bool wast_message_fits(struct sw_str expected, struct sw_str got)
{
    static const struct sw_str trap = SW_LIT_INIT("wasm trap: ");
    if (sw_str_starts(expected, trap))
        expected = sw_str_from(expected, trap.n);
    if (contains(got, expected))
        return true;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (contains(expected, sw_str_of(same[i].theirs)) && contains(got, sw_str_of(same[i].ours)))
            return true;
    return false;
}
