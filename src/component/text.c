/* text.c - the three encodings of strings: validation and transcoding.  Room: component. */
#include "component/text_internal.h"

#include <string.h>

#include "base/str.h"
#include "component/host.h"

#define REPLACEMENT                                                                                          \
    0xfffdu /* read in place of what is not valid; only reachable when memory changed after validation */

struct component_text component_text_of(enum component_encoding option, uint32_t tagged_units)
{
    struct component_text text = {.units = tagged_units, .tagged = option == COMPONENT_LATIN1_UTF16};
    if (option == COMPONENT_UTF8) {
        text.encoding = COMPONENT_TEXT_UTF8;
    } else if (option == COMPONENT_UTF16) {
        text.encoding = COMPONENT_TEXT_UTF16;
    } else if (tagged_units & COMPONENT_TEXT_UTF16_TAG) {
        text.encoding = COMPONENT_TEXT_UTF16;
        text.units = tagged_units ^ COMPONENT_TEXT_UTF16_TAG;
    } else {
        text.encoding = COMPONENT_TEXT_LATIN1;
    }
    return text;
}

/* One code point of UTF-8 at p < end; *ret_n bytes were read, at least 1. */
static uint32_t next_utf8(const uint8_t *p, const uint8_t *end, size_t *ret_n)
{
    uint32_t first = p[0];
    *ret_n = 1;
    if (first < 0x80)
        return first;
    size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || (size_t)(end - p) < n)
        return REPLACEMENT;
    uint32_t point = first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return REPLACEMENT;
        point = point << 6 | (p[i] & 0x3fu);
    }
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return REPLACEMENT;
    *ret_n = n;
    return point;
}

static uint32_t next_utf16(const uint8_t *p, const uint8_t *end, size_t *ret_n)
{
    uint32_t high = component_load_u16(p);
    *ret_n = 2;
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || end - p < 4)
        return REPLACEMENT;
    uint32_t low = component_load_u16(p + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return REPLACEMENT;
    *ret_n = 4;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static uint32_t next(const struct component_text *text, const uint8_t *p, const uint8_t *end, size_t *ret_n)
{
    switch (text->encoding) {
    case COMPONENT_TEXT_UTF8:
        return next_utf8(p, end, ret_n);
    case COMPONENT_TEXT_UTF16:
        return next_utf16(p, end, ret_n);
    case COMPONENT_TEXT_LATIN1:
        break;
    }
    *ret_n = 1;
    return p[0];
}

bool component_text_valid(const struct component_text *text)
{
    if (text->encoding == COMPONENT_TEXT_LATIN1)
        return true;
    if (text->encoding == COMPONENT_TEXT_UTF8)
        return sw_utf8_valid(sw_str((const char *)text->p, text->units));
    for (uint32_t i = 0; i < text->units; i++) {
        uint16_t unit = component_load_u16(text->p + 2 * (size_t)i);
        if (unit < 0xd800 || unit > 0xdfff)
            continue;
        if (unit > 0xdbff || i + 1 >= text->units)
            return false;
        uint16_t low = component_load_u16(text->p + 2 * (size_t)++i);
        if (low < 0xdc00 || low > 0xdfff)
            return false;
    }
    return true;
}

static size_t put_utf8(uint32_t point, uint8_t *out)
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (uint8_t)(0xc0 | point >> 6);
        out[1] = (uint8_t)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (uint8_t)(0xe0 | point >> 12);
        out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | point >> 18);
    out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (point & 0x3f));
    return 4;
}

static size_t put_utf16(uint32_t point, uint8_t *out)
{
    if (point < 0x10000) {
        component_store_u16(out, (uint16_t)point);
        return 2;
    }
    component_store_u16(out, (uint16_t)(0xd800 + ((point - 0x10000) >> 10)));
    component_store_u16(out + 2, (uint16_t)(0xdc00 + ((point - 0x10000) & 0x3ff)));
    return 4;
}

static size_t transcode(const struct component_text *text, size_t from, uint8_t *out, size_t cap,
                        size_t (*put)(uint32_t, uint8_t *))
{
    size_t bytes = (size_t)component_text_bytes(text), done = 0;
    while (from < bytes) {
        size_t n;
        uint8_t unit[4];
        uint32_t point = next(text, text->p + from, text->p + bytes, &n);
        size_t wrote = put(point, unit);
        if (wrote > cap - done)
            break;
        memcpy(out + done, unit, wrote);
        done += wrote;
        from += n;
    }
    return done;
}

size_t component_text_to_utf8(const struct component_text *text, size_t from, uint8_t *out, size_t cap)
{
    return transcode(text, from, out, cap, put_utf8);
}

size_t component_text_to_utf16(const struct component_text *text, size_t from, uint8_t *out, size_t cap)
{
    return transcode(text, from, out, cap, put_utf16);
}

static size_t narrow(const struct component_text *text, uint32_t limit, uint8_t *out, size_t cap,
                     size_t *ret_from)
{
    size_t bytes = (size_t)component_text_bytes(text), from = 0, done = 0;
    while (from < bytes && done < cap) {
        size_t n;
        uint32_t point = next(text, text->p + from, text->p + bytes, &n);
        if (point >= limit)
            break;
        out[done++] = (uint8_t)point;
        from += n;
    }
    *ret_from = from;
    return done;
}

size_t component_text_ascii(const struct component_text *text, uint8_t *out, size_t cap, size_t *ret_from)
{
    return narrow(text, 0x80, out, cap, ret_from);
}

size_t component_text_latin1(const struct component_text *text, uint8_t *out, size_t cap, size_t *ret_from)
{
    return narrow(text, 0x100, out, cap, ret_from);
}
