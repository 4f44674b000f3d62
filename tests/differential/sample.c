/* sample.c - random values of a type, and any value as text.  Room: component (its tests). */
#include "differential/sample.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static void *take(struct sw_arena *arena, size_t n, size_t align)
{
    void *p = sw_arena_try(arena, n ? n : 1, align);
    assert(p);
    return p;
}

static uint64_t integer(struct random *random)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     0x7f,
                                     0x80,
                                     0xff,
                                     0x7fff,
                                     0x8000,
                                     0xffff,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x7fffffffffffffff,
                                     0x8000000000000000,
                                     0xffffffffffffffff};
    return random_below(random, 2) ? edges[random_below(random, sizeof edges / sizeof *edges)]
                                   : random_u64(random);
}

static uint32_t character(struct random *random)
{
    static const uint32_t edges[] = {0,     'a',    0x7f,   0x80,   0xe9,   0xff,    0x100,   0x7ff,
                                     0x800, 0xd7ff, 0xe000, 0xfffd, 0xffff, 0x10000, 0x1f600, 0x10ffff};
    if (random_below(random, 2))
        return edges[random_below(random, sizeof edges / sizeof *edges)];
    uint32_t c = random_below(random, 0x110000);
    return c >= 0xd800 && c < 0xe000 ? c - 0x800 : c;
}

static size_t utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; --i > 0; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(heads[n] | c);
    return n;
}

/* Of one range mostly: all ASCII, all Latin-1, or anything; the encodings take different paths for each. */
static struct sw_str text(struct random *random, struct sw_arena *arena)
{
    uint32_t count = random_below(random, 4) ? random_below(random, 12) : random_below(random, 200);
    uint32_t range = random_below(random, 4), n = 0;
    char *out = take(arena, 4 * (size_t)count, 1);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t c = range == 0   ? 0x20 + random_below(random, 0x5f)
                     : range == 1 ? 1 + random_below(random, 0xff)
                                  : character(random);
        if (range == 2 && i + 1 < count) /* the first that is not Latin-1 comes last */
            c = 'a' + i % 26;
        n += (uint32_t)utf8(c, out + n);
    }
    return sw_str(out, n);
}

static uint64_t float_bits(struct random *random, bool wide)
{
    static const double edges[] = {
        0.0, -0.0, 1.0, -1.5, 1e-310, 1e308, (double)INFINITY, -(double)INFINITY, (double)NAN, 3.5e38, 1e-40};
    double d = edges[random_below(random, sizeof edges / sizeof *edges)];
    if (random_below(random, 3) == 0) {
        uint64_t bits = random_u64(random);
        memcpy(&d, &bits, sizeof d);
    }
    uint64_t bits = 0;
    float f = (float)d;
    uint32_t low;
    memcpy(&low, &f, sizeof low);
    memcpy(&bits, &d, sizeof bits);
    if (isnan(d))
        return wide ? UINT64_C(0x7ff8000000000000) : 0x7fc00000;
    return wide ? bits : low;
}

static void scalar(struct random *random, enum component_kind kind, struct component_value *ret)
{
    uint64_t bits = integer(random);
    switch ((int)kind) {
    case COMPONENT_BOOL:
        ret->u64 = bits & 1;
        return;
    case COMPONENT_S8:
        ret->s64 = (int8_t)bits;
        return;
    case COMPONENT_U8:
        ret->u64 = (uint8_t)bits;
        return;
    case COMPONENT_S16:
        ret->s64 = (int16_t)bits;
        return;
    case COMPONENT_U16:
        ret->u64 = (uint16_t)bits;
        return;
    case COMPONENT_S32:
        ret->s64 = (int32_t)bits;
        return;
    case COMPONENT_U32:
        ret->u64 = (uint32_t)bits;
        return;
    case COMPONENT_S64:
    case COMPONENT_U64:
        ret->u64 = bits;
        return;
    case COMPONENT_F32:
    case COMPONENT_F64:
        ret->u64 = 0;
        bits = float_bits(random, kind == COMPONENT_F64);
        memcpy(ret, &bits, kind == COMPONENT_F64 ? 8 : 4);
        return;
    default:
        ret->u64 = character(random);
    }
}

static struct component_value *items(struct sw_arena *arena, uint64_t count)
{
    return take(arena, (size_t)count * sizeof(struct component_value), alignof(struct component_value));
}

static void list(struct random *random, const struct component_types *types, uint32_t elem,
                 struct sw_arena *arena, struct component_value *ret)
{
    bool small = elem < COMPONENT_STRING;
    uint32_t count = random_below(random, small && !random_below(random, 4) ? 80 : 4);
    if (elem == COMPONENT_U8) {
        char *bytes = take(arena, count, 1);
        for (uint32_t i = 0; i < count; i++)
            bytes[i] = (char)random_u64(random);
        ret->text = sw_str(bytes, count);
        return;
    }
    struct component_value *values = items(arena, count);
    for (uint32_t i = 0; i < count; i++)
        sample_make(random, types, elem, arena, &values[i]);
    ret->list.items = values;
    ret->list.count = count;
}

void sample_make(struct random *random, const struct component_types *types, uint32_t number,
                 struct sw_arena *arena, struct component_value *ret)
{
    const struct component_type *type = component_type_of(types, number);
    struct component_value *values;
    memset(ret, 0, sizeof *ret);
    switch ((int)type->kind) {
    case COMPONENT_STRING:
        ret->text = text(random, arena);
        return;
    case COMPONENT_LIST:
        list(random, types, type->elem, arena, ret);
        return;
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
        values = items(arena, type->case_count);
        for (uint32_t i = 0; i < type->case_count; i++)
            sample_make(random, types, type->cases[i].type, arena, &values[i]);
        ret->list.items = values;
        ret->list.count = type->case_count;
        return;
    case COMPONENT_FLAGS:
        ret->u64 = integer(random) & (type->case_count < 32 ? (1u << type->case_count) - 1 : UINT32_MAX);
        return;
    case COMPONENT_VARIANT:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
    case COMPONENT_ENUM:
        ret->variant.index = random_below(random, 3)
                                 ? random_below(random, type->case_count < 8 ? type->case_count : 8)
                                 : random_below(random, type->case_count);
        if (type->kind != COMPONENT_ENUM && type->cases[ret->variant.index].type != COMPONENT_NO_TYPE) {
            values = items(arena, 1);
            sample_make(random, types, type->cases[ret->variant.index].type, arena, values);
            ret->variant.payload = values;
        }
        return;
    default:
        scalar(random, type->kind, ret);
    }
}

/* ---- printing ---- */

static void print_text(struct sw_str bytes, struct sw_buf *out)
{
    put(out, "'");
    for (size_t i = 0; i < bytes.n; i++)
        put(out, "%02x", (unsigned)(uint8_t)bytes.p[i]);
    put(out, "'");
}

static void print_float(enum component_kind kind, const struct component_value *value, struct sw_buf *out)
{
    uint64_t bits = 0;
    memcpy(&bits, value, kind == COMPONENT_F64 ? 8 : 4);
    bool nan = kind == COMPONENT_F64 ? isnan(value->f64) : isnan(value->f32);
    if (nan)
        put(out, "nan");
    else
        put(out, "f%llx", (unsigned long long)bits);
}

void sample_print(const struct component_types *types, uint32_t number, const struct component_value *value,
                  struct sw_buf *out)
{
    const struct component_type *type = component_type_of(types, number);
    uint32_t payload;
    switch ((int)type->kind) {
    case COMPONENT_F32:
    case COMPONENT_F64:
        print_float(type->kind, value, out);
        return;
    case COMPONENT_STRING:
        print_text(value->text, out);
        return;
    case COMPONENT_LIST:
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
        if (type->kind == COMPONENT_LIST && type->elem == COMPONENT_U8) {
            print_text(value->text, out);
            return;
        }
        put(out, "[");
        for (uint64_t i = 0; i < value->list.count; i++) {
            sample_print(types, type->kind == COMPONENT_LIST ? type->elem : type->cases[i].type,
                         &value->list.items[i], out);
            put(out, ",");
        }
        put(out, "]");
        return;
    case COMPONENT_VARIANT:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
    case COMPONENT_ENUM:
        payload = type->kind == COMPONENT_ENUM ? COMPONENT_NO_TYPE : type->cases[value->variant.index].type;
        put(out, "#%u", value->variant.index);
        if (payload != COMPONENT_NO_TYPE) {
            put(out, "(");
            sample_print(types, payload, value->variant.payload, out);
            put(out, ")");
        }
        return;
    default:
        put(out, "%lld", (long long)value->s64);
    }
}
