/* lower.c - code that writes host values for the guest: into its memory, or as the one flat result.  Room: bindgen.
 *
 * Every allocation enters the guest, whose memory may then be elsewhere: places are kept as guest offsets and added to call->mem at each
 * access. An owned object becomes NULL in the value once the guest's table has it, so that a failure releases the rest only.
 * Source: CanonicalABI.md "Storing", "Flat Lowering". */
#include "component/bindgen/bindgen.h"

static void check(struct gen *g)
{
    emit_line(g, "if (rc < 0)");
    emit_line(g, "    %s;", g->fail);
}

static const char *place(struct gen *g, const char *base, uint32_t offset)
{
    return offset ? text(g, "call->mem + %s + %u", base, offset) : text(g, "call->mem + %s", base);
}

/* Stores an unsigned value of 1, 2 or 4 bytes. */
static void store_uint(struct gen *g, uint32_t size, const char *base, uint32_t offset, const char *value)
{
    if (size == 1)
        emit_line(g, "*(%s) = (uint8_t)%s;", place(g, base, offset), value);
    else
        emit_line(g, "component_store_u%u(%s, (uint%u_t)%s);", size * 8, place(g, base, offset), size * 8,
                  value);
}

void tag_memory(struct gen *g, uint32_t size, const char *base, uint32_t offset, const char *tag)
{
    store_uint(g, size, base, offset, tag);
}

static void lower_pair(struct gen *g, const struct wit_type *type, const char *base, uint32_t offset,
                       const char *src)
{
    enum shape shape = shape_of(type);
    uint32_t id = g->temp++;
    emit_line(g, "{");
    emit_line(g, "uint32_t at%u = 0, count%u = 0;", id, id);
    if (shape == SHAPE_LIST)
        emit_line(g, "rc = store_%s(call, &%s, &at%u, &count%u);", walk_name(g, type), src, id, id);
    else
        emit_line(g, "rc = component_lower_%s(call, %s, &at%u, &count%u);",
                  shape == SHAPE_STRING ? "string" : "bytes", src, id, id);
    check(g);
    store_uint(g, 4, base, offset, text(g, "at%u", id));
    store_uint(g, 4, base, offset + 4, text(g, "count%u", id));
    emit_line(g, "}");
}

/* uint32_t handle<id> = a new handle for src. */
static void new_handle(struct gen *g, const struct wit_type *type, uint32_t id, const char *src)
{
    emit_line(g, "uint32_t handle%u = 0;", id);
    emit_line(g, "rc = component_handle_new(call, %s, %s, &handle%u);",
              kind_name(g, wit_type_strip(type)->def), src, id);
    check(g);
    emit_line(g, "%s = NULL; /* taken by the handle */", src);
}

void lower_memory(struct gen *g, const struct wit_type *type, const char *base, uint32_t offset,
                  const char *src)
{
    if (g->rc < 0)
        return;
    type = wit_type_strip(type);
    enum shape shape = shape_of(type);
    uint32_t size = layout_of(type).size;
    if (shape == SHAPE_F32 || shape == SHAPE_F64) {
        emit_line(g, "memcpy(%s, &%s, %u);", place(g, base, offset), src, size);
    } else if (shape == SHAPE_S64 || shape == SHAPE_U64) {
        emit_line(g, "component_store_u64(%s, (uint64_t)%s);", place(g, base, offset), src);
    } else if (shape <= SHAPE_CHAR || shape == SHAPE_ENUM || shape == SHAPE_FLAGS) {
        store_uint(g, size, base, offset, src);
    } else if (shape == SHAPE_STRING || shape == SHAPE_BYTES || shape == SHAPE_LIST) {
        lower_pair(g, type, base, offset, src);
    } else if (shape == SHAPE_OWN) {
        uint32_t id = g->temp++;
        emit_line(g, "{");
        new_handle(g, type, id, src);
        store_uint(g, 4, base, offset, text(g, "handle%u", id));
        emit_line(g, "}");
    } else {
        emit_line(g, "rc = store_%s(call, &%s, %s);", walk_name(g, type), src,
                  offset ? text(g, "%s + %u", base, offset) : base);
        check(g);
    }
}

static void store_cases(struct gen *g, const struct wit_type *type)
{
    enum shape shape = shape_of(type);
    uint32_t payload = payload_offset(type);
    const char *tag = shape == SHAPE_VARIANT  ? "value->tag"
                      : shape == SHAPE_OPTION ? "value->has"
                                              : "value->is_err";
    store_uint(g, discriminant_size(type), "p", 0, tag);
    for (uint32_t i = 0; i < part_count(type); i++) {
        if (!part_type(type, i))
            continue;
        if (shape == SHAPE_VARIANT)
            emit_line(g, "if (value->tag == HOST_%s_%s) {", def_upper(g, type->def),
                      upper(g, type->def->fields[i].name));
        else
            emit_line(g, "if (%s%s) {", i == 0 ? "!" : "", tag);
        lower_memory(g, part_type(type, i), "p", payload, text(g, "value->%s", member(g, type, i)));
        emit_line(g, "}");
    }
}

static void store_list(struct gen *g, const struct wit_type *type)
{
    struct layout elem = layout_of(type->elem);
    emit_line(g, "if (value->n > UINT32_MAX / %u)", elem.size);
    emit_line(
        g,
        "    return component_trap(call, \"a list of %%zu elements is too long for the guest\", value->n);");
    emit_line(g, "uint32_t p = 0;");
    emit_line(g, "rc = component_lower_alloc(call, (uint64_t)value->n * %u, %u, &p);", elem.size, elem.align);
    check(g);
    emit_line(g, "*ret_ptr = p;");
    emit_line(g, "*ret_count = (uint32_t)value->n;");
    emit_line(g, "for (size_t i = 0; i < value->n; i++, p += %u) {", elem.size);
    lower_memory(g, type->elem, "p", 0, "value->items[i]");
    emit_line(g, "}");
}

static void store_fixed_list(struct gen *g, const struct wit_type *type)
{
    emit_line(g, "for (uint32_t i = 0; i < %u; i++, p += %u) {", type->length, layout_of(type->elem).size);
    lower_memory(g, type->elem, "p", 0, "value->items[i]");
    emit_line(g, "}");
}

static void store_function(struct gen *g, const struct wit_type *type)
{
    enum shape shape = shape_of(type);
    const char *to = shape == SHAPE_LIST ? "uint32_t *ret_ptr, uint32_t *ret_count" : "uint32_t p";
    g->fail = "return rc";
    g->temp = 0;
    emit_line(g, "static int store_%s(struct component_call *call, %s%s*value, %s)", walk_name(g, type),
              has_own(type) ? "" : "const ", c_type(g, type), to);
    emit_line(g, "{");
    emit_line(g, "int rc = 0;");
    if (shape == SHAPE_LIST) {
        store_list(g, type);
    } else if (shape == SHAPE_FIXED_LIST) {
        store_fixed_list(g, type);
    } else if (shape == SHAPE_RECORD || shape == SHAPE_TUPLE) {
        for (uint32_t i = 0; i < part_count(type); i++)
            lower_memory(g, part_type(type, i), "p", part_offset(type, i),
                         text(g, "value->%s", member(g, type, i)));
    } else {
        store_cases(g, type);
    }
    emit_line(g, "return rc;");
    emit_line(g, "}");
    emit(g, "\n");
}

void need_store(struct gen *g, const struct wit_type *type)
{
    if (g->rc < 0)
        return;
    type = wit_type_strip(type);
    enum shape shape = shape_of(type);
    if (shape < SHAPE_LIST || shape > SHAPE_RESULT ||
        !once(g, &g->done, text(g, "fn store_%s", walk_name(g, type))))
        return;
    if (shape == SHAPE_LIST || shape == SHAPE_FIXED_LIST) {
        need_store(g, type->elem);
    } else {
        for (uint32_t i = 0; i < part_count(type); i++)
            if (part_type(type, i))
                need_store(g, part_type(type, i));
    }
    store_function(g, type);
}

void lower_flat(struct gen *g, const struct wit_type *type, const char *src)
{
    if (g->rc < 0)
        return;
    type = wit_type_strip(type);
    enum shape shape = shape_of(type);
    if (shape == SHAPE_F32 || shape == SHAPE_F64) {
        emit_line(g, "vals[0].%s = %s;", shape == SHAPE_F32 ? "f32" : "f64", src);
    } else if (shape == SHAPE_S64 || shape == SHAPE_U64) {
        emit_line(g, "vals[0].u64 = (uint64_t)%s;", src);
    } else if (shape == SHAPE_S8 || shape == SHAPE_S16 || shape == SHAPE_S32) {
        emit_line(g, "vals[0].i32 = %s;", src);
    } else if (shape <= SHAPE_CHAR || shape == SHAPE_ENUM || shape == SHAPE_FLAGS) {
        emit_line(g, "vals[0].u32 = (uint32_t)%s;", src);
    } else if (shape == SHAPE_OWN) {
        uint32_t id = g->temp++;
        emit_line(g, "{");
        new_handle(g, type, id, src);
        emit_line(g, "vals[0].u32 = handle%u;", id);
        emit_line(g, "}");
    } else if (shape == SHAPE_RECORD || shape == SHAPE_TUPLE) { /* of one part */
        lower_flat(g, part_type(type, 0), text(g, "%s.%s", src, member(g, type, 0)));
    } else if (shape == SHAPE_FIXED_LIST) { /* of one element */
        lower_flat(g, type->elem, text(g, "%s.items[0]", src));
    } else { /* cases without payloads */
        const char *tag = shape == SHAPE_VARIANT ? "tag" : shape == SHAPE_OPTION ? "has" : "is_err";
        emit_line(g, "vals[0].u32 = (uint32_t)%s.%s;", src, tag);
    }
}
