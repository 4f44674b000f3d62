/* code.c - what the instructions of a function refer to.  Room: encode.  Source: core specification, "Binary Format", "Instructions". */
#include "component/encode/encode_internal.h"

enum operands {
    OP_NONE,
    OP_UNKNOWN,
    OP_BLOCK, /* a block type */
    OP_LEB,   /* a number that is nobody's index: label, local, constant */
    OP_LEBS,  /* br_table: a vector of labels, and one more */
    OP_TYPES, /* select with its types */
    OP_FUNC,
    OP_GLOBAL,
    OP_TABLE,
    OP_MEMORY,
    OP_MEMARG,
    OP_INDIRECT, /* a type and a table */
    OP_BYTES_4,
    OP_BYTES_8
};

static enum operands operands_of(uint8_t op)
{
    if (op >= 0x45 && op <= 0xc4)
        return OP_NONE;
    if (op >= 0x28 && op <= 0x3e)
        return OP_MEMARG;
    switch (op) {
    case 0x00: /* unreachable, nop, else, end, return, drop, select, ref.is_null */
    case 0x01:
    case 0x05:
    case 0x0b:
    case 0x0f:
    case 0x1a:
    case 0x1b:
    case 0xd1:
        return OP_NONE;
    case 0x02: /* block, loop, if */
    case 0x03:
    case 0x04:
        return OP_BLOCK;
    case 0x0c: /* br, br_if, local.get, set, tee, i32.const, i64.const, ref.null */
    case 0x0d:
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x41:
    case 0x42:
    case 0xd0:
        return OP_LEB;
    case 0x0e:
        return OP_LEBS;
    case 0x1c:
        return OP_TYPES;
    case 0x10: /* call, return_call, ref.func */
    case 0x12:
    case 0xd2:
        return OP_FUNC;
    case 0x11: /* call_indirect, return_call_indirect */
    case 0x13:
        return OP_INDIRECT;
    case 0x23: /* global.get, set */
    case 0x24:
        return OP_GLOBAL;
    case 0x25: /* table.get, set */
    case 0x26:
        return OP_TABLE;
    case 0x3f: /* memory.size, grow */
    case 0x40:
        return OP_MEMORY;
    case 0x43:
        return OP_BYTES_4;
    case 0x44:
        return OP_BYTES_8;
    default:
        return OP_UNKNOWN;
    }
}

struct walk {
    struct enc_reader r;
    enc_code_fn *fn;
    void *arg;
};

static void refer(struct walk *w, enum enc_ref kind)
{
    const uint8_t *start = w->r.p;
    uint32_t index = enc_read_u32(&w->r);
    if (!w->r.bad)
        w->fn(w->arg, kind, index, sw_str((const char *)start, (size_t)(w->r.p - start)));
}

static void block_type(struct walk *w)
{
    uint8_t first = enc_read_byte(&w->r);
    if (first == 0x63 || first == 0x64) /* a reference type with a heap type */
        enc_skip_leb(&w->r);
    for (int i = 0; first & 0x80; i++) { /* a type index, which stays what it is */
        first = enc_read_byte(&w->r);
        w->r.bad |= i == 5;
    }
}

static void value_types(struct walk *w, bool counted)
{
    for (uint32_t n = enc_read_u32(&w->r), i = 0; !w->r.bad && i < n; i++) {
        if (counted) /* locals: how many of the type */
            enc_skip_leb(&w->r);
        uint8_t type = enc_read_byte(&w->r);
        if (type == 0x63 || type == 0x64)
            enc_skip_leb(&w->r);
    }
}

static void labels(struct walk *w)
{
    for (uint64_t n = (uint64_t)enc_read_u32(&w->r) + 1; !w->r.bad && n > 0; n--)
        enc_skip_leb(&w->r);
}

static void memarg(struct walk *w)
{
    uint32_t align = enc_read_u32(&w->r);
    if (align & 0x40)
        refer(w, ENC_REF_MEMORY);
    else
        w->fn(w->arg, ENC_REF_MEMORY, 0, SW_LIT(""));
    enc_skip_leb(&w->r);
}

/* Saturating conversions, and instructions on ranges of memories. */
static bool prefixed_fc(struct walk *w)
{
    uint32_t op = enc_read_u32(&w->r);
    if (op <= 7)
        return true;
    if (op == 10) /* memory.copy */
        refer(w, ENC_REF_MEMORY);
    if (op != 10 && op != 11) /* memory.fill; segments and tables are not in an adapter */
        return false;
    refer(w, ENC_REF_MEMORY);
    return true;
}

static bool prefixed_fd(struct walk *w)
{
    uint32_t op = enc_read_u32(&w->r);
    if (op <= 11 || (op >= 84 && op <= 93))
        memarg(w);
    if (op == 12 || op == 13)
        (void)enc_read_bytes(&w->r, 16); /* a constant, or a shuffle's lanes; bad is looked at later */
    if ((op >= 21 && op <= 34) || (op >= 84 && op <= 91))
        (void)enc_read_byte(&w->r); /* a lane */
    return op <= 275;
}

static bool instruction(struct walk *w)
{
    uint8_t op = enc_read_byte(&w->r);
    if (op == 0xfc)
        return prefixed_fc(w);
    if (op == 0xfd)
        return prefixed_fd(w);
    switch (operands_of(op)) {
    case OP_NONE:
        return true;
    case OP_UNKNOWN:
        return false;
    case OP_BLOCK:
        block_type(w);
        return true;
    case OP_LEB:
        enc_skip_leb(&w->r);
        return true;
    case OP_LEBS:
        labels(w);
        return true;
    case OP_TYPES:
        value_types(w, false);
        return true;
    case OP_FUNC:
        refer(w, ENC_REF_FUNC);
        return true;
    case OP_GLOBAL:
        refer(w, ENC_REF_GLOBAL);
        return true;
    case OP_TABLE:
        refer(w, ENC_REF_TABLE);
        return true;
    case OP_MEMORY:
        refer(w, ENC_REF_MEMORY);
        return true;
    case OP_MEMARG:
        memarg(w);
        return true;
    case OP_INDIRECT:
        enc_skip_leb(&w->r);
        refer(w, ENC_REF_TABLE);
        return true;
    case OP_BYTES_4:
        (void)enc_read_bytes(&w->r, 4);
        return true;
    case OP_BYTES_8:
        (void)enc_read_bytes(&w->r, 8);
        return true;
    }
    return false;
}

bool enc_code_walk(struct sw_str body, size_t *ret_start, enc_code_fn *fn, void *arg)
{
    struct walk w = {.r = enc_reader(body), .fn = fn, .arg = arg};
    value_types(&w, true);
    *ret_start = (size_t)(w.r.p - (const uint8_t *)body.p);
    while (!w.r.bad && w.r.p < w.r.end)
        if (!instruction(&w))
            return false;
    return !w.r.bad;
}
