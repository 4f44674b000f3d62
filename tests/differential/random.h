/* random.h - the same numbers everywhere for the same seed.  Room: component (its tests). */
#ifndef SW_DIFFERENTIAL_RANDOM_H
#define SW_DIFFERENTIAL_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_u64(struct random *random) /* splitmix64 */
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint32_t random_below(struct random *random, uint32_t limit) /* 0 .. limit-1 */
{
    return limit ? (uint32_t)((random_u64(random) >> 32) * limit >> 32) : 0;
}

#endif
