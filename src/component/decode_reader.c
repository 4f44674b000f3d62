/* decode_reader.c - the decoder's cursor: integers, names, counts, failures with their place.  Room: component. */
#include <stdarg.h>
#include <stdio.h>

#include "component/decode.h"
#include "component/limits.h"

uint32_t component__at(const struct component_decoder *d)
{
    return (uint32_t)(d->p - d->start);
}

static void SW_PRINTF(4, 0)
    fail_at(struct component_decoder *d, enum sw_code code, uint32_t at, const char *fmt, va_list args)
{
    if (d->rc < 0)
        return;
    char text[512];
    (void)vsnprintf(text, sizeof text, fmt, args); /* cut when it does not fit: names are the input's */
    d->rc = sw_fail(d->err, code, "%s at byte 0x%x", text, at);
    d->p = d->end;
}

int(component__bad)(struct component_decoder *d, uint32_t at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail_at(d, SW_EINPUT, at, fmt, args);
    va_end(args);
    return d->rc;
}

int component__over(struct component_decoder *d, uint32_t at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail_at(d, SW_ELIMIT, at, fmt, args);
    va_end(args);
    return d->rc;
}

uint8_t component__peek(struct component_decoder *d)
{
    if (d->p < d->end)
        return *d->p;
    component__bad(d, component__at(d), "unexpected end");
    return 0;
}

uint8_t component__u8(struct component_decoder *d)
{
    uint8_t byte = component__peek(d);
    if (d->rc == 0)
        d->p++;
    return byte;
}

uint32_t component__u32(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t byte = component__u8(d);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            if (value > UINT32_MAX)
                component__bad(d, at, "an integer is over 32 bits");
            return d->rc < 0 ? 0 : (uint32_t)value;
        }
    }
    component__bad(d, at, "an integer is longer than 5 bytes");
    return 0;
}

int64_t component__s33(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t byte = component__u8(d);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        if (byte & 0x40)
            value |= ~(uint64_t)0 << (shift + 7);
        int64_t result = (int64_t)value;
        if (result > (int64_t)UINT32_MAX || result < -((int64_t)UINT32_MAX + 1))
            component__bad(d, at, "an integer is over 33 bits");
        return d->rc < 0 ? 0 : result;
    }
    component__bad(d, at, "an integer is longer than 5 bytes");
    return 0;
}

bool component__flag(struct component_decoder *d, const char *what)
{
    uint32_t at = component__at(d);
    uint8_t byte = component__u8(d);
    if (byte > 1)
        component__bad(d, at, "%s: expected 0 or 1, got 0x%02x", what, byte);
    return byte == 1;
}

struct sw_str component__bytes(struct component_decoder *d, uint32_t n)
{
    if (d->rc == 0 && (size_t)(d->end - d->p) < n)
        component__bad(d, component__at(d), "unexpected end: %u bytes wanted, %zu left", n,
                       (size_t)(d->end - d->p));
    if (d->rc < 0)
        return SW_LIT("");
    struct sw_str bytes = sw_str((const char *)d->p, n);
    d->p += n;
    return bytes;
}

struct sw_str component__name(struct component_decoder *d)
{
    uint32_t at = component__at(d);
    uint32_t n = component__u32(d);
    if (n > COMPONENT_NAME_BYTES_MAX)
        component__over(d, at, "a name has %u bytes, at most %d are allowed", n, COMPONENT_NAME_BYTES_MAX);
    struct sw_str name = component__bytes(d, n);
    if (!sw_utf8_valid(name))
        component__bad(d, at, "a name is not UTF-8");
    return d->rc < 0 ? SW_LIT("") : name;
}

uint32_t component__count(struct component_decoder *d, uint32_t max, const char *what)
{
    uint32_t at = component__at(d);
    uint32_t n = component__u32(d);
    if (n > max)
        component__over(d, at, "%u %s, at most %u are allowed", n, what, max);
    else if (n > (size_t)(d->end - d->p))
        component__bad(d, at, "unexpected end: %u %s announced, %zu bytes left", n, what,
                       (size_t)(d->end - d->p));
    return d->rc < 0 ? 0 : n;
}

void *component__take(struct component_decoder *d, uint32_t count, size_t size)
{
    if (d->rc < 0)
        return NULL;
    void *items = sw_arena_try_array(&d->binary->arena, count, size, alignof(max_align_t));
    if (!items) {
        d->rc = sw_arena_fail(&d->binary->arena, count * size, d->err);
        d->p = d->end;
    }
    return items;
}
