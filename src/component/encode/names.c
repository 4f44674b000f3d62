/* names.c - versions that stand for each other; the name that was meant.  Room: encode. */
#include "codec/nearest.h"
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

const char *enc_nearest(struct enc *e, struct sw_str name, enc_name_fn *at, const void *arg, uint32_t count)
{
    struct codec_nearest nearest = codec_nearest(name);
    for (uint32_t i = 0; enc_step(e) && i < count; i++)
        codec_nearest_offer(&nearest, at(arg, i));
    return nearest.best.n ? enc_text(e, SW_FMT, SW_ARG(nearest.best)) : NULL;
}
