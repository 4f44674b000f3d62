/* shim.c - the shim, made before the main module, and the fixup, made after it.  Room: encode.
 *
 * The main module needs lowered functions, these need its memory. So it gets forwarders through a table, which the fixup fills.
 * component/elide.c recognises exactly this form and takes both out again. */
#include "component/encode/encode_internal.h"

#include <stdio.h>

static void preamble(struct enc *e, struct sw_buf *out)
{
    enc_raw(e, out, sw_str("\0asm\1\0\0\0", 8));
}

static void slot_types(struct enc *e, struct sw_buf *out, uint32_t extra)
{
    enc_u32(e, out, e->slot_count + extra);
    for (uint32_t i = 0; e->rc == 0 && i < e->slot_count; i++) {
        const struct enc_flat *flat = &e->slots[i];
        enc_byte(e, out, 0x60);
        enc_name(e, out, sw_str((const char *)flat->params, flat->param_count));
        enc_name(e, out, sw_str((const char *)flat->results, flat->result_count));
    }
    if (extra)
        enc_raw(e, out, sw_str("\x60\0\0", 3));
}

static void slot_name(struct enc *e, struct sw_buf *out, uint32_t slot)
{
    char name[16];
    int n = snprintf(name, sizeof name, "%u", slot);
    enc_name(e, out, sw_str(name, (size_t)n));
}

static void table_type(struct enc *e, struct sw_buf *out)
{
    enc_raw(e, out, SW_LIT("\x70\x01")); /* funcref, with a maximum */
    enc_u32(e, out, e->slot_count);
    enc_u32(e, out, e->slot_count);
}

static void finish(struct enc *e, struct sw_buf *out, unsigned id, struct sw_buf *content)
{
    enc_section(e, out, id, sw_buf_str(content));
    sw_buf_clear(content);
}

static void forwarder(struct enc *e, struct sw_buf *out, uint32_t slot)
{
    sw_auto_buf body = SW_BUF(256);
    enc_byte(e, &body, 0); /* locals */
    for (uint32_t i = 0; i < e->slots[slot].param_count; i++) {
        enc_byte(e, &body, 0x20);
        enc_u32(e, &body, i);
    }
    enc_byte(e, &body, 0x41);
    enc_index(e, &body, slot);
    enc_byte(e, &body, 0x11);
    enc_u32(e, &body, slot);                /* its type */
    enc_raw(e, &body, sw_str("\0\x0b", 2)); /* table 0, end */
    enc_name(e, out, sw_buf_str(&body));
}

void enc_shim_module(struct enc *e, struct sw_buf *out)
{
    sw_auto_buf part = SW_BUF(ENCODE_BYTES_MAX);
    uint32_t n = e->slot_count;
    preamble(e, out);
    slot_types(e, &part, 0);
    finish(e, out, 1, &part);
    enc_u32(e, &part, n);
    for (uint32_t i = 0; e->rc == 0 && i < n; i++)
        enc_u32(e, &part, i);
    finish(e, out, 3, &part);
    enc_byte(e, &part, 1);
    table_type(e, &part);
    finish(e, out, 4, &part);
    enc_u32(e, &part, n + 1);
    for (uint32_t i = 0; e->rc == 0 && i < n; i++) {
        slot_name(e, &part, i);
        enc_byte(e, &part, 0);
        enc_u32(e, &part, i);
    }
    enc_name(e, &part, SW_LIT("$imports"));
    enc_raw(e, &part, sw_str("\x01\0", 2));
    finish(e, out, 7, &part);
    enc_u32(e, &part, n);
    for (uint32_t i = 0; e->rc == 0 && i < n; i++)
        forwarder(e, &part, i);
    finish(e, out, 10, &part);
}

void enc_fixup_module(struct enc *e, struct sw_buf *out, bool initialize)
{
    sw_auto_buf part = SW_BUF(ENCODE_BYTES_MAX);
    uint32_t n = e->slot_count;
    preamble(e, out);
    slot_types(e, &part, initialize ? 1 : 0);
    finish(e, out, 1, &part);
    enc_u32(e, &part, n + (n ? 1 : 0) + (initialize ? 1 : 0));
    for (uint32_t i = 0; e->rc == 0 && i < n + (initialize ? 1 : 0); i++) {
        enc_name(e, &part, SW_LIT(""));
        if (i < n)
            slot_name(e, &part, i);
        else
            enc_name(e, &part, SW_LIT("_initialize"));
        enc_byte(e, &part, 0);
        enc_u32(e, &part, i); /* its type */
    }
    if (n) {
        enc_name(e, &part, SW_LIT(""));
        enc_name(e, &part, SW_LIT("$imports"));
        enc_byte(e, &part, 1);
        table_type(e, &part);
    }
    finish(e, out, 2, &part);
    if (initialize) {
        enc_u32(e, &part, n);
        finish(e, out, 8, &part);
    }
    if (!n)
        return;
    enc_raw(e, &part, sw_str("\x01\0\x41\0\x0b", 5)); /* one segment: active, at 0 */
    enc_u32(e, &part, n);
    for (uint32_t i = 0; e->rc == 0 && i < n; i++)
        enc_u32(e, &part, i);
    finish(e, out, 9, &part);
}
