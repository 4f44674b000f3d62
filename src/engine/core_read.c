/* core_read.c - the primitives of the core binary format, each checked.  Room: engine.
 *
 * Source: WebAssembly core specification 3.0, sections 5.2 (values), 5.3 (types), 5.4.9 (constant expressions). */
#include "engine/core_read.h"

#include "engine/limits.h"

int(core_fail)(const struct core_reader *r, const char *what)
{
    return sw_fail(r->err, SW_EINPUT, "core module: %s at byte %zu", what, (size_t)(r->p - r->start));
}

int core_read_byte(struct core_reader *r, uint8_t *ret)
{
    if (r->p == r->end)
        return core_fail(r, "unexpected end");
    *ret = *r->p++;
    return 0;
}

static int read_unsigned(struct core_reader *r, unsigned bits, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = 0;
        int rc = core_read_byte(r, &byte);
        if (rc < 0)
            return rc;
        unsigned room = bits - shift; /* >= 1: the loop ends at the last byte that may be there */
        if (room < 7 && (byte & 0x7f) >> room) {
            r->p--;
            return core_fail(r, "integer too large");
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            break;
        if (room <= 7) {
            r->p--;
            return core_fail(r, "integer representation too long");
        }
    }
    *ret = value;
    return 0;
}

int core_read_u32(struct core_reader *r, uint32_t *ret)
{
    uint64_t value = 0;
    int rc = read_unsigned(r, 32, &value);
    if (rc == 0)
        *ret = (uint32_t)value;
    return rc;
}

int core_read_u64(struct core_reader *r, uint64_t *ret)
{
    return read_unsigned(r, 64, ret);
}

int core_read_signed(struct core_reader *r, unsigned bits, int64_t *ret)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte = 0;
    do {
        int rc = core_read_byte(r, &byte);
        if (rc < 0)
            return rc;
        unsigned room = bits - shift;
        if (room < 7) { /* last byte: the bits past the width must all equal the sign bit */
            unsigned high = (unsigned)(byte & 0x7f) >> (room - 1);
            unsigned ones = 0x7fu >> (room - 1);
            if (high != 0 && high != ones) {
                r->p--;
                return core_fail(r, "integer too large");
            }
        }
        if (room <= 7 && (byte & 0x80)) {
            r->p--;
            return core_fail(r, "integer representation too long");
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40))
        value |= UINT64_MAX << shift;
    *ret = (int64_t)value;
    return 0;
}

int core_read_bytes(struct core_reader *r, size_t n, struct sw_str *ret)
{
    if (n > core_left(r))
        return core_fail(r, "length out of bounds");
    *ret = sw_str((const char *)r->p, n);
    r->p += n;
    return 0;
}

int core_read_name(struct core_reader *r, struct sw_str *ret)
{
    uint32_t n = 0;
    struct sw_str name = {0};
    int rc = core_read_u32(r, &n);
    if (rc == 0)
        rc = core_read_bytes(r, n, &name);
    if (rc < 0)
        return rc;
    if (!sw_utf8_valid(name))
        return core_fail(r, "name is not UTF-8");
    *ret = name;
    return 0;
}

int core_read_count(struct core_reader *r, uint32_t max, size_t item_min, const char *what, uint32_t *ret)
{
    uint32_t n = 0;
    int rc = core_read_u32(r, &n);
    if (rc < 0)
        return rc;
    if (n > core_left(r) / item_min)
        return core_fail(r, "count is larger than its section");
    if (n > max)
        return sw_fail(r->err, SW_ELIMIT, "core module: %u %s, more than the limit of %u", n, what, max);
    *ret = n;
    return 0;
}

/* Short forms of (ref null heap): one byte that is the heap type's own code. */
static bool is_short_ref(uint8_t code)
{
    return code >= 0x68 && code <= 0x75;
}

/* (ref null func) and its short form are the same type: one spelling here. */
static struct engine_valtype ref_null(int64_t heap)
{
    if (heap == (int64_t)ENGINE_FUNCREF - 0x80)
        return (struct engine_valtype){ENGINE_FUNCREF, 0};
    if (heap == (int64_t)ENGINE_EXTERNREF - 0x80)
        return (struct engine_valtype){ENGINE_EXTERNREF, 0};
    return (struct engine_valtype){ENGINE_REF_NULL, heap};
}

static int read_heap_type(struct core_reader *r, int64_t *ret)
{
    int64_t heap = 0;
    int rc = core_read_signed(r, 33, &heap);
    if (rc < 0)
        return rc;
    if (heap < 0 && (heap < -0x40 || !is_short_ref((uint8_t)(heap + 0x80))))
        return core_fail(r, "unknown heap type");
    if (heap >= (int64_t)r->type_limit)
        return core_fail(r, "type index out of bounds");
    if (heap > r->heap_max)
        r->heap_max = heap;
    *ret = heap;
    return 0;
}

int core_read_reftype(struct core_reader *r, struct engine_valtype *ret)
{
    uint8_t code = 0;
    int rc = core_read_byte(r, &code);
    if (rc < 0)
        return rc;
    if (code == ENGINE_REF || code == ENGINE_REF_NULL) {
        int64_t heap = 0;
        rc = read_heap_type(r, &heap);
        if (rc < 0)
            return rc;
        *ret = code == ENGINE_REF ? (struct engine_valtype){ENGINE_REF, heap} : ref_null(heap);
        return 0;
    }
    if (!is_short_ref(code)) {
        r->p--;
        return core_fail(r, "not a reference type");
    }
    *ret = ref_null((int64_t)code - 0x80);
    return 0;
}

int core_read_valtype(struct core_reader *r, struct engine_valtype *ret)
{
    if (r->p == r->end)
        return core_fail(r, "unexpected end");
    uint8_t code = *r->p;
    if (code < ENGINE_V128 || code > ENGINE_I32)
        return core_read_reftype(r, ret);
    r->p++;
    *ret = (struct engine_valtype){code, 0};
    return 0;
}

int core_read_limits(struct core_reader *r, bool memory, struct engine_limits_type *ret)
{
    uint8_t flags = 0;
    int rc = core_read_byte(r, &flags);
    if (rc < 0)
        return rc;
    if (flags > (memory ? 0x0f : 0x07)) { /* 1: maximum, 2: shared, 4: 64 bits, 8: page size */
        r->p--;
        return core_fail(r, "unknown limits flags");
    }
    struct engine_limits_type out = {.max = UINT64_MAX, .page_log2 = memory ? 16 : 0};
    out.shared = flags & 0x02;
    out.is_64 = flags & 0x04;
    out.elem = ret->elem;
    rc = core_read_u64(r, &out.min);
    if (rc == 0 && (flags & 0x01))
        rc = core_read_u64(r, &out.max);
    uint32_t page_log2 = 16;
    if (rc == 0 && (flags & 0x08))
        rc = core_read_u32(r, &page_log2);
    if (rc < 0)
        return rc;
    if (page_log2 != 16 && page_log2 != 0)
        return core_fail(r, "page size is neither 1 nor 65536");
    if (memory)
        out.page_log2 = (uint8_t)page_log2;
    unsigned bits = (out.is_64 ? 64u : 32u) - (memory ? page_log2 : 0);
    uint64_t most = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - (memory ? 0 : 1);
    bool bounded = flags & 0x01;
    if (out.min > most || (bounded && out.max > most))
        return core_fail(r, memory ? "memory larger than its address space"
                                   : "table larger than its index space");
    if (out.min > out.max)
        return core_fail(r, "minimum larger than maximum");
    if (out.shared && !bounded)
        return core_fail(r, "shared without a maximum");
    *ret = out;
    return 0;
}

/* The operands of one 0xfb instruction that may stand in a constant expression. */
static int skip_gc_operands(struct core_reader *r)
{
    uint32_t op = 0;
    uint32_t index = 0;
    int rc = core_read_u32(r, &op);
    if (rc < 0)
        return rc;
    switch (op) {
    case 0x08: /* array.new_fixed type count */
        rc = core_read_u32(r, &index);
        return rc < 0 ? rc : core_read_u32(r, &index);
    case 0x00: /* struct.new */
    case 0x01: /* struct.new_default */
    case 0x06: /* array.new */
    case 0x07: /* array.new_default */
        return core_read_u32(r, &index);
    case 0x1a: /* any.convert_extern */
    case 0x1b: /* extern.convert_any */
    case 0x1c: /* ref.i31 */
        return 0;
    default:
        return core_fail(r, "not a constant instruction");
    }
}

static int skip_const_operands(struct core_reader *r, uint8_t op, uint32_t func_count, uint32_t global_count)
{
    int64_t number = 0;
    uint32_t index = 0;
    struct sw_str bytes = {0};
    int rc = 0;
    switch (op) {
    case 0x41: /* i32.const */
        return core_read_signed(r, 32, &number);
    case 0x42: /* i64.const */
        return core_read_signed(r, 64, &number);
    case 0x43: /* f32.const */
        return core_read_bytes(r, 4, &bytes);
    case 0x44: /* f64.const */
        return core_read_bytes(r, 8, &bytes);
    case 0x23: /* global.get */
        rc = core_read_u32(r, &index);
        return rc == 0 && index >= global_count ? core_fail(r, "global index out of bounds") : rc;
    case 0xd2: /* ref.func */
        rc = core_read_u32(r, &index);
        return rc == 0 && index >= func_count ? core_fail(r, "function index out of bounds") : rc;
    case 0xd0: /* ref.null */
        return read_heap_type(r, &number);
    case 0xfb:
        return skip_gc_operands(r);
    case 0xfd: /* v128.const */
        rc = core_read_u32(r, &index);
        if (rc < 0)
            return rc;
        return index == 0x0c ? core_read_bytes(r, 16, &bytes) : core_fail(r, "not a constant instruction");
    case 0x6a: /* i32.add sub mul, i64.add sub mul */
    case 0x6b:
    case 0x6c:
    case 0x7c:
    case 0x7d:
    case 0x7e:
        return 0;
    default:
        r->p--;
        return core_fail(r, "not a constant instruction");
    }
}

int core_read_const_expr(struct core_reader *r, uint32_t func_count, uint32_t global_count,
                         struct sw_str *ret)
{
    const uint8_t *from = r->p;
    for (;;) {
        uint8_t op = 0;
        int rc = core_read_byte(r, &op);
        if (rc < 0)
            return rc;
        if (op == 0x0b) /* end */
            break;
        rc = skip_const_operands(r, op, func_count, global_count);
        if (rc < 0)
            return rc;
    }
    *ret = sw_str((const char *)from, (size_t)(r->p - from));
    return 0;
}
