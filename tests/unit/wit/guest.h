/* guest.h - the guest of these tests: its memory, its core values, and what is expected in them.  Room: wit (tests).
 *
 * Expected offsets are worked out by hand from CanonicalABI.md "Alignment", "Element Size", "Flattening". */
#ifndef SW_TESTS_WIT_GUEST_H
#define SW_TESTS_WIT_GUEST_H

#include <stdio.h>

#include "check.h"
#include "fake_call.h"
#include "hosts.h"

#define SHAPES (&host_all_shapes_interface)
#define THINGS (&host_all_things_interface)
#define AREA 256 /* where guests here keep return areas; filled with PAD before a call */
#define PAD 0xee
#define ARGS 512 /* where guests here keep arguments */

static union engine_val vals[24];

static inline int setup(void **state)
{
    (void)state;
    fake_reset();
    memset(&seen, 0, sizeof seen);
    memset(&give, 0, sizeof give);
    memset(vals, 0xff, sizeof vals); /* a slot's upper bytes mean nothing */
    memset(fake.memory + AREA, PAD, ARGS - AREA);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    fake_end();
    return 0;
}

static inline void put16(uint32_t at, uint16_t v)
{
    fake_put(at, &v, sizeof v);
}
static inline void put32(uint32_t at, uint32_t v)
{
    fake_put(at, &v, sizeof v);
}
static inline void put64(uint32_t at, uint64_t v)
{
    fake_put(at, &v, sizeof v);
}
static inline void putf(uint32_t at, float v)
{
    fake_put(at, &v, sizeof v);
}
static inline void putd(uint32_t at, double v)
{
    fake_put(at, &v, sizeof v);
}
static inline void puts_at(uint32_t pair, uint32_t at,
                           const char *text) /* a string: bytes at `at`, pointer and length at `pair` */
{
    fake_put(at, text, strlen(text));
    put32(pair, at);
    put32(pair + 4, (uint32_t)strlen(text));
}
static inline uint32_t bits(float f)
{
    uint32_t v;
    memcpy(&v, &f, sizeof v);
    return v;
}
static inline uint64_t bits64(double d)
{
    uint64_t v;
    memcpy(&v, &d, sizeof v);
    return v;
}

/* memory[at..] equals the bytes given as hex, ".." being untouched padding. */
static inline void check_memory(uint32_t at, const char *hex, int line)
{
    for (; *hex; hex++) {
        unsigned want = PAD;
        if (*hex == ' ')
            continue;
        if (hex[0] != '.' && sscanf(hex, "%2x", &want) != 1)
            CHECK_NEVER("a byte that is not hex");
        hex++;
        if (fake.memory[at] != want) {
            print_error("%s:%d: byte %u is %02x, expected %02x\n", __FILE__, line, at, fake.memory[at], want);
            _fail(__FILE__, line);
        }
        at++;
    }
}
#define CHECK_MEMORY(at, hex) check_memory((at), (hex), __LINE__)
#define CHECK_RUN(interface, name) CHECK_INT(fake_run(interface, name, vals), 0)
#define CHECK_TRAP(interface, name, text)                                                                    \
    do {                                                                                                     \
        CHECK_INT(fake_run(interface, name, vals), -SW_EGUEST);                                              \
        CHECK_STR(sw_str_of(fake.trap), text);                                                               \
    } while (0)

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
