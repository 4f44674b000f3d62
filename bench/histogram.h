/* histogram.h - latencies of one run: 32 buckets for each power of two of nanoseconds, so an error of at most 3 %.  Room: bench. */
#ifndef SW_BENCH_HISTOGRAM_H
#define SW_BENCH_HISTOGRAM_H

#include <stdint.h>

#define SUB_BITS 5
#define BUCKETS (64 << SUB_BITS)

static uint64_t buckets[BUCKETS];
static uint64_t samples;
static uint64_t slowest_ns;

static unsigned bucket_of(uint64_t ns)
{
    if (ns < (1u << SUB_BITS))
        return (unsigned)ns;
    unsigned exponent = 63u - (unsigned)__builtin_clzll(ns);
    return ((exponent - SUB_BITS + 1) << SUB_BITS) +
           (unsigned)((ns >> (exponent - SUB_BITS)) & ((1u << SUB_BITS) - 1));
}

static uint64_t bucket_top(unsigned bucket)
{
    unsigned high = bucket >> SUB_BITS;
    uint64_t low = bucket & ((1u << SUB_BITS) - 1);
    if (high == 0)
        return low;
    return ((low + (1u << SUB_BITS) + 1) << (high - 1)) - 1;
}

static void record(uint64_t ns)
{
    buckets[bucket_of(ns)]++;
    samples++;
    if (ns > slowest_ns)
        slowest_ns = ns;
}

static double percentile_us(double part)
{
    uint64_t rank = (uint64_t)(part * (double)samples);
    uint64_t sum = 0;
    for (unsigned i = 0; i < BUCKETS; i++) {
        sum += buckets[i];
        if (sum > rank) {
            uint64_t top = bucket_top(i);
            return (double)(top < slowest_ns ? top : slowest_ns) / 1000.0;
        }
    }
    return (double)slowest_ns / 1000.0;
}

#endif
