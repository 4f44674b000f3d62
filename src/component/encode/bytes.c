/* bytes.c - items of the binary format.  Room: encode.  Source: Binary.md. */
#include "component/encode/encode_internal.h"

void enc_byte(struct enc *e, struct sw_buf *out, unsigned byte)
{
    if (e->rc == 0)
        e->rc = sw_buf_add_byte(out, (unsigned char)byte, e->err);
}

void enc_u32(struct enc *e, struct sw_buf *out, uint32_t value)
{
    for (; value >= 0x80; value >>= 7)
        enc_byte(e, out, (value & 0x7f) | 0x80);
    enc_byte(e, out, value);
}

void enc_index(struct enc *e, struct sw_buf *out, uint32_t index)
{
    for (; index >= 0x40; index >>= 7)
        enc_byte(e, out, (index & 0x7f) | 0x80);
    enc_byte(e, out, index);
}

void enc_raw(struct enc *e, struct sw_buf *out, struct sw_str bytes)
{
    if (e->rc == 0)
        e->rc = sw_buf_add(out, bytes, e->err);
}

void enc_name(struct enc *e, struct sw_buf *out, struct sw_str name)
{
    enc_u32(e, out, (uint32_t)name.n);
    enc_raw(e, out, name);
}

void enc_section(struct enc *e, struct sw_buf *out, unsigned id, struct sw_str content)
{
    enc_byte(e, out, id);
    enc_name(e, out, content);
}

void enc_one(struct enc *e, struct sw_buf *out, unsigned id, struct sw_str item)
{
    enc_byte(e, out, id);
    enc_u32(e, out, (uint32_t)item.n + 1);
    enc_byte(e, out, 1);
    enc_raw(e, out, item);
}

void enc_put(struct enc *e, struct enc_sink *sink, enum enc_put what, struct sw_str item)
{
    static const uint8_t SECTION[] = {7, 6, 10, 11}, DECL[] = {1, 2, 3, 4};
    if (!sink->is_type) {
        enc_one(e, &sink->bytes, SECTION[what], item);
        return;
    }
    enc_byte(e, &sink->bytes, DECL[what]);
    enc_raw(e, &sink->bytes, item);
    sink->decls++;
}

uint32_t enc_put_type(struct enc *e, struct enc_sink *sink, struct sw_str type)
{
    enc_put(e, sink, ENC_PUT_TYPE, type);
    return sink->types++;
}

uint32_t enc_alias_outer(struct enc *e, struct enc_sink *sink, uint32_t index)
{
    sw_auto_buf item = SW_BUF(64);
    enc_raw(e, &item, SW_LIT("\x03\x02\x01")); /* a type, outer, one level up */
    enc_u32(e, &item, index);
    enc_put(e, sink, ENC_PUT_ALIAS, sw_buf_str(&item));
    return sink->types++;
}

uint32_t enc_alias_export(struct enc *e, unsigned sort, uint32_t instance, struct sw_str name)
{
    sw_auto_buf item = SW_BUF(ENCODE_BYTES_MAX);
    enc_byte(e, &item, sort);
    enc_byte(e, &item, 0);
    enc_u32(e, &item, instance);
    enc_name(e, &item, name);
    enc_put(e, &e->root, ENC_PUT_ALIAS, sw_buf_str(&item));
    return sort == 3 ? e->root.types++ : e->root.funcs++;
}

uint32_t enc_alias_core_func(struct enc *e, uint32_t instance, struct sw_str name)
{
    sw_auto_buf item = SW_BUF(ENCODE_BYTES_MAX);
    enc_raw(e, &item, sw_str("\x00\x00\x01", 3)); /* a core function, of a core instance's exports */
    enc_u32(e, &item, instance);
    enc_name(e, &item, name);
    enc_put(e, &e->root, ENC_PUT_ALIAS, sw_buf_str(&item));
    return e->core_funcs++;
}
