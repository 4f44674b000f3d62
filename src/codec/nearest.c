/* nearest.c - edit distance with neighbours swapped counted as one.  Room: codec. */
#include "codec/nearest.h"

#include "codec/limits.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment; three rows are enough. Both are at most CODEC_NEAREST_BYTES_MAX long. */
static size_t distance(struct sw_str a, struct sw_str b)
{
    size_t rows[3][CODEC_NEAREST_BYTES_MAX + 1];
    for (size_t j = 0; j <= b.n; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t change = a.p[i - 1] == b.p[j - 1] ? 0 : 1;
            row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + change);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                row[j] = least(row[j], rows[(i + 1) % 3][j - 2] + 1);
        }
    }
    return rows[a.n % 3][b.n];
}

struct codec_nearest codec_nearest(struct sw_str wanted)
{
    size_t allowed = wanted.n / 3;
    return (struct codec_nearest){wanted, {NULL, 0}, (allowed ? allowed : 1) + 1};
}

void codec_nearest_offer(struct codec_nearest *nearest, struct sw_str word)
{
    if (nearest->wanted.n == 0 || nearest->wanted.n > CODEC_NEAREST_BYTES_MAX ||
        word.n > CODEC_NEAREST_BYTES_MAX)
        return;
    size_t d = distance(nearest->wanted, word);
    if (d < nearest->distance) {
        nearest->distance = d;
        nearest->best = word;
    }
}
