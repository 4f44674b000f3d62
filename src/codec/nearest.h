/* nearest.h - the word of a list that somebody probably meant.  Room: codec. */
#ifndef SW_CODEC_NEAREST_H
#define SW_CODEC_NEAREST_H

#include <stddef.h>

#include "base/str.h"

/* Remembers the best of the words offered: at most a third of the letters differ (one for short words). */
struct codec_nearest {
    struct sw_str wanted;
    struct sw_str best; /* empty: none is near */
    size_t distance;
};

struct codec_nearest codec_nearest(struct sw_str wanted);
void codec_nearest_offer(struct codec_nearest *nearest, struct sw_str word); /* word is borrowed */

#endif
