/* names.c - versions that stand for each other; the name that was meant.  Room: encode. */
#include "component/encode/encode_internal.h"

/* "1" of 1.2.3, "0.2" of 0.2.3: versions of one track are compatible. Empty: of none, like 0.0.1 and pre-releases. */
static struct sw_str track(struct sw_str version)
{
    size_t first = sw_str_find(version, '.');
    if (!version.n || first == SW_NPOS || sw_str_find(version, '-') != SW_NPOS)
        return SW_LIT("");
    if (!sw_str_eq(sw_str_head(version, first), SW_LIT("0")))
        return sw_str_head(version, first);
    size_t second = sw_str_find(sw_str_from(version, first + 1), '.');
    if (second == SW_NPOS || sw_str_eq(sw_str(version.p + first + 1, second), SW_LIT("0")))
        return SW_LIT("");
    return sw_str_head(version, first + 1 + second);
}

bool enc_version_compatible(struct sw_str a, struct sw_str b)
{
    struct sw_str track_a = track(a);
    return sw_str_eq(a, b) || (track_a.n && sw_str_eq(track_a, track(b)));
}

/* Letters to change, add or leave out to make b of a; both at most ENCODE_NAME_NEAR_MAX. */
static uint32_t distance(struct sw_str a, struct sw_str b)
{
    uint32_t row[ENCODE_NAME_NEAR_MAX + 1];
    for (uint32_t k = 0; k <= b.n; k++)
        row[k] = k;
    for (uint32_t i = 0; i < a.n; i++) {
        uint32_t corner = row[0];
        row[0] = i + 1;
        for (uint32_t k = 0; k < b.n; k++) {
            uint32_t best = corner + (a.p[i] != b.p[k]);
            corner = row[k + 1];
            if (corner + 1 < best)
                best = corner + 1;
            if (row[k] + 1 < best)
                best = row[k] + 1;
            row[k + 1] = best;
        }
    }
    return row[b.n];
}

const char *enc_nearest(struct enc *e, struct sw_str name, enc_name_fn *at, const void *arg, uint32_t count)
{
    struct sw_str best = SW_LIT("");
    uint32_t least = (uint32_t)name.n / 3 + 1; /* further away it is another word */
    if (name.n > ENCODE_NAME_NEAR_MAX)
        return NULL;
    for (uint32_t i = 0; enc_step(e) && i < count; i++) {
        struct sw_str other = at(arg, i);
        if (other.n > ENCODE_NAME_NEAR_MAX)
            continue;
        uint32_t far = distance(name, other);
        if (far >= least)
            continue;
        least = far;
        best = other;
    }
    return best.n ? enc_text(e, SW_FMT, SW_ARG(best)) : NULL;
}
