/* prepare.c - rewrites a core module so that instantiating it runs nothing and writes nothing.  Room: engine.
 *
 * Invariants
 *  1. What an index names stays what it was. A stripped segment becomes an empty passive one, which behaves as an active segment does
 *     after instantiation (it is "dropped": its length is 0). Without a data count section no instruction may name a segment: then it is
 *     left out. Each segment costs time in every instantiation, and Go makes 22,000 of them.
 *  2. Segments are stripped from the front only. The first active one that has to stay keeps all later ones: their order is observable.
 *  3. What would trap at a constant offset is refused here, so stripping hides no trap. */
#include "engine/core.h"

#include "engine/core_read.h"
#include "engine/limits.h"

enum { ID_CUSTOM = 0, ID_EXPORT = 7, ID_START = 8, ID_DATA = 11 };

/* The offset of an active segment when it is one constant. Returns false for any other expression. */
static bool constant_offset(const struct engine_core_data *data, bool is_64, uint64_t *ret)
{
    struct core_reader r = {.start = (const uint8_t *)data->offset_expr.p};
    r.p = r.start;
    r.end = r.start + data->offset_expr.n;
    uint8_t op = 0;
    uint8_t end = 0;
    int64_t number = 0;
    if (core_read_byte(&r, &op) < 0 || op != (is_64 ? 0x42 : 0x41))
        return false;
    if (core_read_signed(&r, is_64 ? 64 : 32, &number) < 0 || core_read_byte(&r, &end) < 0 || end != 0x0b)
        return false;
    *ret = is_64 ? (uint64_t)number : (uint32_t)number;
    return true;
}

int engine__strip_plan(const struct engine_core *core, struct engine_strip *ret, struct sw_err *err)
{
    struct engine_strip strip = {0};
    bool one_memory = core->memory_count == 1 && core->memory_import_count == 0 &&
                      !core->memories[0].shared && core->memories[0].page_log2 == 16;
    bool keep = !one_memory;
    uint64_t size =
        one_memory ? core->memories[0].min << 16 : 0; /* at most 2^48 pages: the shift is exact for < 2^48 */
    if (one_memory && core->memories[0].min >= UINT64_C(1) << 48)
        keep = true;
    for (uint32_t i = 0; i < core->data_count; i++) {
        const struct engine_core_data *data = &core->data[i];
        uint64_t offset = 0;
        if (!data->active)
            continue;
        bool constant = one_memory && constant_offset(data, core->memories[0].is_64, &offset);
        if (constant && !keep && (offset > size || data->bytes.n > size - offset))
            return sw_fail(err, SW_EINPUT,
                           "data segment %u (%zu bytes at %llu) lies outside the memory of %llu bytes", i,
                           data->bytes.n, (unsigned long long)offset, (unsigned long long)size);
        uint64_t end = offset + data->bytes.n; /* exact: both are below the memory's size */
        if (keep || !constant || end > ENGINE_IMAGE_BYTES_MAX) {
            keep = true;
            strip.segments_kept++;
            continue;
        }
        strip.segments_stripped++;
        strip.end = i + 1;
        if (data->bytes.n && end > strip.image_bytes)
            strip.image_bytes = end;
    }
    *ret = strip;
    return 0;
}

static int make_image(const struct engine_core *core, const struct engine_strip *strip, struct sw_buf *image,
                      struct sw_err *err)
{
    int rc = sw_buf_reserve(image, strip->image_bytes, err);
    if (rc < 0)
        return sw_wrap(err, "memory image");
    if (strip->image_bytes)
        memset(image->p + image->n, 0, strip->image_bytes);
    for (uint32_t i = 0; i < strip->end; i++) {
        uint64_t offset = 0;
        const struct engine_core_data *data = &core->data[i];
        if (data->active && data->bytes.n && constant_offset(data, core->memories[0].is_64, &offset))
            memcpy(image->p + image->n + offset, data->bytes.p, data->bytes.n);
    }
    image->n += strip->image_bytes;
    return 0;
}

/* ---- writing ---- */

static size_t leb_size(uint64_t n)
{
    size_t size = 1;
    while (n >>= 7)
        size++;
    return size;
}

static int put_leb(struct sw_buf *out, uint64_t n, struct sw_err *err)
{
    int rc = 0;
    do {
        unsigned char low = n & 0x7f;
        n >>= 7;
        rc = sw_buf_add_byte(out, n ? low | 0x80 : low, err);
    } while (rc == 0 && n);
    return rc;
}

static int put_section_head(struct sw_buf *out, uint8_t id, uint64_t n, struct sw_err *err)
{
    int rc = sw_buf_add_byte(out, id, err);
    return rc < 0 ? rc : put_leb(out, n, err);
}

/* The exports, with the start function behind them. old: the entries of the export section without their count; may be empty. */
static int put_exports(const struct engine_core *core, struct sw_str old, struct sw_buf *out,
                       struct sw_err *err)
{
    struct sw_str name = ENGINE_START_EXPORT;
    uint64_t count = (uint64_t)core->export_count + 1;
    uint64_t n = leb_size(count) + old.n + leb_size(name.n) + name.n + 1 + leb_size(core->start);
    int rc = put_section_head(out, ID_EXPORT, n, err);
    if (rc == 0)
        rc = put_leb(out, count, err);
    if (rc == 0)
        rc = sw_buf_add(out, old, err);
    if (rc == 0)
        rc = put_leb(out, name.n, err);
    if (rc == 0)
        rc = sw_buf_add(out, name, err);
    if (rc == 0)
        rc = sw_buf_add_byte(out, ENGINE_CORE_FUNC, err);
    return rc < 0 ? rc : put_leb(out, core->start, err);
}

/* What becomes of a segment; no bytes: it is left out. */
static struct sw_str new_segment(const struct engine_core *core, const struct engine_strip *strip, uint32_t i)
{
    if (!core->data[i].active || i >= strip->end)
        return core->data[i].whole;
    return core->has_data_count_section ? SW_LIT("\1\0") : SW_LIT(""); /* passive, empty */
}

static int put_data(const struct engine_core *core, const struct engine_strip *strip, struct sw_buf *out,
                    struct sw_err *err)
{
    uint32_t count =
        core->has_data_count_section ? core->data_count : core->data_count - strip->segments_stripped;
    uint64_t n = leb_size(count);
    for (uint32_t i = 0; i < core->data_count; i++)
        n += new_segment(core, strip, i).n;
    int rc = put_section_head(out, ID_DATA, n, err);
    if (rc == 0)
        rc = put_leb(out, count, err);
    for (uint32_t i = 0; rc == 0 && i < core->data_count; i++)
        rc = sw_buf_add(out, new_segment(core, strip, i), err);
    return rc;
}

/* One section into its new form. whole: with its header; body: without. */
static int put_section(const struct engine_core *core, const struct engine_strip *strip, uint8_t id,
                       struct sw_str whole, struct core_reader body, struct sw_buf *out)
{
    struct sw_err *err = body.err;
    struct sw_str name = {0};
    uint32_t count = 0;
    switch (id) {
    case ID_CUSTOM: /* names are kept for backtraces; the rest (debug information mostly) would only grow the product */
        return core_read_name(&body, &name) == 0 && sw_str_eq(name, SW_LIT("name"))
                   ? sw_buf_add(out, whole, err)
                   : 0;
    case ID_EXPORT:
        if (!core->has_start)
            return sw_buf_add(out, whole, err);
        if (core_read_u32(&body, &count) < 0) /* parsed before */
            return -SW_EBUG;
        return put_exports(core, sw_str((const char *)body.p, core_left(&body)), out, err);
    case ID_START: /* an export section would stand right before */
        return core->export_count ? 0 : put_exports(core, sw_str(NULL, 0), out, err);
    case ID_DATA:
        return put_data(core, strip, out, err);
    default:
        return sw_buf_add(out, whole, err);
    }
}

static int rewrite(const struct engine_core *core, const struct engine_strip *strip, struct sw_buf *out,
                   struct sw_err *err)
{
    struct core_reader r = {.start = (const uint8_t *)core->bytes.p, .err = err};
    r.p = r.start + 8;
    r.end = r.start + core->bytes.n;
    int rc = sw_buf_add(out, sw_str_head(core->bytes, 8), err);
    while (rc == 0 && core_left(&r) > 0) {
        const uint8_t *from = r.p;
        uint8_t id = 0;
        uint32_t n = 0;
        struct sw_str bytes = {0};
        rc = core_read_byte(&r, &id);
        if (rc == 0)
            rc = core_read_u32(&r, &n);
        if (rc == 0)
            rc = core_read_bytes(&r, n, &bytes);
        if (rc < 0)
            break;
        struct core_reader body = r;
        body.p = (const uint8_t *)bytes.p;
        body.end = body.p + bytes.n;
        /* an export section without entries and a start section behind it: the start section's place gets the one that counts */
        if (id == ID_EXPORT && core->has_start && core->export_count == 0)
            continue;
        rc = put_section(core, strip, id, sw_str((const char *)from, (size_t)(r.p - from)), body, out);
    }
    return rc;
}

int engine_core_prepare(const struct engine_core *core, struct sw_buf *ret_wasm, struct sw_buf *ret_image,
                        struct sw_err *err)
{
    struct engine_strip strip = {0};
    size_t wasm_n = ret_wasm->n;
    size_t image_n = ret_image->n;
    if (engine_core_export_find(core, ENGINE_START_EXPORT))
        return sw_fail(err, SW_EINPUT, "the export name '" SW_FMT "' is reserved",
                       SW_ARG(ENGINE_START_EXPORT));
    int rc = engine__strip_plan(core, &strip, err);
    if (rc == 0)
        rc = make_image(core, &strip, ret_image, err);
    if (rc == 0)
        rc = rewrite(core, &strip, ret_wasm, err);
    if (rc < 0) { /* what was in the buffers before stays */
        ret_wasm->n = wasm_n;
        ret_image->n = image_n;
    }
    return rc;
}
