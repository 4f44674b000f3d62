/* read.c - reading core modules where engine/core.h does not: sections as they stand, names.  Room: encode. */
#include "component/encode/encode_internal.h"

struct enc_reader enc_reader(struct sw_str bytes)
{
    const uint8_t *start = (const uint8_t *)(bytes.n ? bytes.p : ""); /* an empty view may have no place */
    return (struct enc_reader){start, start + bytes.n, false};
}

uint8_t enc_read_byte(struct enc_reader *r)
{
    if (!r->bad && r->p < r->end)
        return *r->p++;
    r->bad = true;
    return 0;
}

void enc_skip_leb(struct enc_reader *r)
{
    for (int i = 0; i < 10; i++) /* 64 bits */
        if (!(enc_read_byte(r) & 0x80))
            return;
    r->bad = true;
}

uint32_t enc_read_u32(struct enc_reader *r)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t byte = enc_read_byte(r);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        r->bad |= value > UINT32_MAX;
        return r->bad ? 0 : (uint32_t)value;
    }
    r->bad = true;
    return 0;
}

struct sw_str enc_read_bytes(struct enc_reader *r, size_t n)
{
    if (r->bad || n > (size_t)(r->end - r->p)) {
        r->bad = true;
        return SW_LIT("");
    }
    struct sw_str bytes = sw_str((const char *)r->p, n);
    r->p += n;
    return bytes;
}

struct sw_str enc_read_name(struct enc_reader *r)
{
    return enc_read_bytes(r, enc_read_u32(r));
}

bool enc_read_section(struct enc_reader *r, struct enc_raw_section *ret)
{
    if (r->bad || r->p == r->end)
        return false;
    const uint8_t *start = r->p;
    ret->id = enc_read_byte(r);
    ret->content = enc_read_name(r);
    ret->whole = sw_str((const char *)start, (size_t)(r->p - start));
    ret->name = SW_LIT("");
    if (ret->id == 0 && !r->bad) {
        struct enc_reader inner = enc_reader(ret->content);
        ret->name = enc_read_name(&inner);
        ret->content = sw_str((const char *)inner.p, (size_t)(inner.end - inner.p));
        r->bad |= inner.bad;
    }
    return !r->bad;
}

struct enc_reader enc_sections(struct sw_str module)
{
    return enc_reader(sw_str_from(module, 8)); /* behind magic number and version */
}

struct sw_str enc_find_section(struct sw_str module, uint8_t id, struct sw_str name)
{
    struct enc_reader r = enc_sections(module);
    struct enc_raw_section section;
    while (enc_read_section(&r, &section))
        if (section.id == id && sw_str_eq(section.name, name))
            return section.content;
    return SW_LIT("");
}
