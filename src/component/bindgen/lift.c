/* lift.c - code that reads guest values: from flat core values and from guest memory.  Room: bindgen.
 *
 * Guest memory is not entered while arguments are lifted, so pointers into it hold. What was lifted before a failure is released by the
 * callback: every destination starts as zero, and an owned object that is NULL was never taken.
 * Source: CanonicalABI.md "Loading", "Flat Lifting". */
#include "component/bindgen/bindgen.h"

static void check(struct gen *g)
{
    emit_line(g, "if (rc < 0)");
    emit_line(g, "    %s;", g->fail);
}

static const char *const LOADS[] = {
    [SHAPE_S16] = "(int16_t)component_load_u16(%s)",
    [SHAPE_U16] = "component_load_u16(%s)",
    [SHAPE_S32] = "(int32_t)component_load_u32(%s)",
    [SHAPE_U32] = "component_load_u32(%s)",
    [SHAPE_S64] = "(int64_t)component_load_u64(%s)",
    [SHAPE_U64] = "component_load_u64(%s)",
    [SHAPE_F32] = "load_f32(%s)",
    [SHAPE_F64] = "load_f64(%s)",
    [SHAPE_CHAR] = "component_load_u32(%s)",
};

static const char *at(struct gen *g, const char *base, uint32_t offset)
{
    return offset ? text(g, "%s + %u", base, offset) : base;
}

/* An unsigned integer of 1, 2 or 4 bytes in memory, as an expression. */
static const char *load_uint(struct gen *g, uint32_t size, const char *base, uint32_t offset)
{
    if (size == 1)
        return text(g, "%s[%u]", base, offset);
    return text(g, "component_load_u%u(%s)", size * 8, at(g, base, offset));
}

static const char *label_mask(struct gen *g, const struct wit_type *type)
{
    uint32_t n = part_count(type);
    return text(g, "0x%xu", n == 32 ? UINT32_MAX : (1u << n) - 1u);
}

/* dest = what the 32-bit value `value` means: a char, enum, flags or handle. */
static void lift_word(struct gen *g, const struct wit_type *type, const char *value, const char *dest)
{
    uint32_t id = g->temp++;
    enum shape shape = shape_of(type);
    if (shape == SHAPE_CHAR) {
        emit_line(g, "rc = component_lift_char(call, %s, &%s);", value, dest);
        check(g);
    } else if (shape == SHAPE_FLAGS) {
        emit_line(g, "%s = %s & %s;", dest, value, label_mask(g, type));
    } else if (shape == SHAPE_ENUM) {
        emit_line(g, "uint32_t tag%u = %s;", id, value);
        emit_line(g, "rc = component_lift_discriminant(call, tag%u, %u);", id, part_count(type));
        check(g);
        emit_line(g, "%s = (enum host_%s)tag%u;", dest, fragment(g, type), id);
    } else {
        emit_line(g, "void *object%u = NULL;", id);
        emit_line(g, "rc = component_handle_%s(call, %s, %s, &object%u);",
                  shape == SHAPE_OWN ? "take" : "get", value, kind_name(g, wit_type_strip(type)->def), id);
        check(g);
        emit_line(g, "%s = object%u;", dest, id);
    }
}

/* dest = the string or list at ptr; both are expressions. */
static void lift_pair(struct gen *g, const struct wit_type *type, const char *ptr, const char *count,
                      const char *dest)
{
    enum shape shape = shape_of(type);
    if (shape == SHAPE_STRING) {
        emit_line(g, "rc = component_lift_string(call, %s, %s, &%s);", ptr, count, dest);
        check(g);
    } else if (shape == SHAPE_BYTES) {
        emit_line(g, "rc = load_bytes(call, %s, %s, &%s);", ptr, count, dest);
        check(g);
    } else {
        emit_line(g, "rc = load_%s(call, %s, %s, &%s);", walk_name(g, type), ptr, count, dest);
        check(g);
    }
}

void lift_memory(struct gen *g, const struct wit_type *type, const char *base, uint32_t offset,
                 const char *dest)
{
    if (g->rc < 0)
        return;
    type = wit_type_strip(type);
    enum shape shape = shape_of(type);
    if (shape == SHAPE_BOOL) {
        emit_line(g, "%s = %s[%u] != 0;", dest, base, offset);
    } else if (shape == SHAPE_U8 || shape == SHAPE_S8) {
        emit_line(g, "%s = %s%s[%u];", dest, shape == SHAPE_S8 ? "(int8_t)" : "", base, offset);
    } else if (shape <= SHAPE_F64) {
        const char *fmt = LOADS[shape], *mark = strstr(fmt, "%s");
        emit_line(g, "%s = %.*s%s%s;", dest, (int)(mark - fmt), fmt, at(g, base, offset), mark + 2);
    } else if (shape == SHAPE_CHAR || shape >= SHAPE_ENUM) {
        emit_line(g, "{");
        lift_word(g, type, load_uint(g, layout_of(type).size, base, offset), dest);
        emit_line(g, "}");
    } else if (shape == SHAPE_STRING || shape == SHAPE_BYTES || shape == SHAPE_LIST) {
        lift_pair(g, type, load_uint(g, 4, base, offset), load_uint(g, 4, base, offset + 4), dest);
    } else {
        emit_line(g, "rc = load_%s(call, %s, &%s);", walk_name(g, type), at(g, base, offset), dest);
        check(g);
    }
}

/* ---- functions for composites in memory ---- */

static void load_cases(struct gen *g, const struct wit_type *type)
{
    enum shape shape = shape_of(type);
    uint32_t payload = payload_offset(type);
    emit_line(g, "uint32_t tag = %s;", load_uint(g, discriminant_size(type), "p", 0));
    emit_line(g, "rc = component_lift_discriminant(call, tag, %u);", part_count(type));
    check(g);
    if (shape == SHAPE_VARIANT)
        emit_line(g, "ret->tag = (enum host_%s_tag)tag;", fragment(g, type));
    else
        emit_line(g, "ret->%s = tag == 1;", shape == SHAPE_OPTION ? "has" : "is_err");
    for (uint32_t i = 0; i < part_count(type); i++) {
        if (!part_type(type, i))
            continue;
        emit_line(g, "if (tag == %u) {", i);
        lift_memory(g, part_type(type, i), "p", payload, text(g, "ret->%s", member(g, type, i)));
        emit_line(g, "}");
    }
}

static void load_list(struct gen *g, const struct wit_type *type)
{
    struct layout elem = layout_of(type->elem);
    const char *elem_type = c_type(g, type->elem);
    emit_line(g, "uint8_t *p = NULL;");
    emit_line(g, "rc = component_lift_list(call, ptr, count, %u, %u, &p);", elem.size, elem.align);
    check(g);
    emit_line(g, "ret->items = SW_ARENA_ARRAY(component_call_scratch(call), count, %s);", elem_type);
    emit_line(g, "if (!ret->items)");
    emit_line(g, "    return component_trap(call, \"no memory for a list of %%u elements\", count);");
    emit_line(g, "ret->n = count;");
    emit_line(g, "for (uint32_t i = 0; i < count; i++, p += %u) {", elem.size);
    lift_memory(g, type->elem, "p", 0, "ret->items[i]");
    emit_line(g, "}");
}

static void load_fixed_list(struct gen *g, const struct wit_type *type)
{
    emit_line(g, "for (uint32_t i = 0; i < %u; i++, p += %u) {", type->length, layout_of(type->elem).size);
    lift_memory(g, type->elem, "p", 0, "ret->items[i]");
    emit_line(g, "}");
}

static void load_function(struct gen *g, const struct wit_type *type)
{
    enum shape shape = shape_of(type);
    const char *from = shape == SHAPE_LIST ? "uint32_t ptr, uint32_t count" : "const uint8_t *p";
    g->fail = "return rc";
    g->temp = 0;
    emit_line(g, "static int load_%s(struct component_call *call, %s, %s*ret)", walk_name(g, type), from,
              c_type(g, type));
    emit_line(g, "{");
    emit_line(g, "int rc = 0;");
    if (shape == SHAPE_LIST) {
        load_list(g, type);
    } else if (shape == SHAPE_FIXED_LIST) {
        load_fixed_list(g, type);
    } else if (shape == SHAPE_RECORD || shape == SHAPE_TUPLE) {
        for (uint32_t i = 0; i < part_count(type); i++)
            lift_memory(g, part_type(type, i), "p", part_offset(type, i),
                        text(g, "ret->%s", member(g, type, i)));
    } else {
        load_cases(g, type);
    }
    emit_line(g, "(void)call; /* not needed by types without checks */");
    emit_line(g, "return rc;");
    emit_line(g, "}");
    emit(g, "\n");
}

/* Pieces that lifting needs of every file that has them. */
static void helper(struct gen *g, enum shape shape)
{
    if (shape == SHAPE_F32 && once(g, &g->done, "fn load_f32"))
        emit(g, "static float load_f32(const uint8_t *p)\n{\n    float v;\n    memcpy(&v, p, sizeof v);\n    "
                "return v;\n}\n\n");
    if (shape == SHAPE_F64 && once(g, &g->done, "fn load_f64"))
        emit(g, "static double load_f64(const uint8_t *p)\n{\n    double v;\n    memcpy(&v, p, sizeof v);\n  "
                "  return v;\n}\n\n");
    if (shape == SHAPE_BYTES && once(g, &g->done, "fn load_bytes"))
        emit(g, "static int load_bytes(struct component_call *call, uint32_t ptr, uint32_t count, struct "
                "sw_str *ret)\n{\n"
                "    uint8_t *p = NULL;\n    int rc = component_lift_list(call, ptr, count, 1, 1, &p);\n    "
                "if (rc < 0)\n        return rc;\n"
                "    *ret = sw_str((const char *)p, count);\n    return 0;\n}\n\n");
}

static void need_parts(struct gen *g, const struct wit_type *type,
                       void (*need)(struct gen *g, const struct wit_type *type))
{
    enum shape shape = shape_of(type);
    if (shape == SHAPE_LIST || shape == SHAPE_FIXED_LIST) {
        need(g, type->elem);
        return;
    }
    for (uint32_t i = 0; i < part_count(type); i++)
        if (part_type(type, i))
            need(g, part_type(type, i));
}

static bool is_composite(enum shape shape)
{
    return shape >= SHAPE_LIST && shape <= SHAPE_RESULT;
}

void need_load(struct gen *g, const struct wit_type *type)
{
    if (g->rc < 0)
        return;
    type = wit_type_strip(type);
    enum shape shape = shape_of(type);
    helper(g, shape);
    if (!is_composite(shape) || !once(g, &g->done, text(g, "fn load_%s", walk_name(g, type))))
        return;
    need_parts(g, type, need_load);
    load_function(g, type);
}

/* Flat values are lifted in place; only what they point to needs functions. */
void need_load_flat(struct gen *g, const struct wit_type *type)
{
    if (g->rc < 0)
        return;
    type = wit_type_strip(type);
    enum shape shape = shape_of(type);
    if (shape == SHAPE_LIST || shape == SHAPE_BYTES)
        need_load(g, type);
    else if (is_composite(shape))
        need_parts(g, type, need_load_flat);
}

/* ---- flat ---- */

static const char *const SLOTS[] = {
    [SHAPE_BOOL] = "vals[%u].u32 != 0",     [SHAPE_S8] = "(int8_t)vals[%u].i32",
    [SHAPE_U8] = "(uint8_t)vals[%u].u32",   [SHAPE_S16] = "(int16_t)vals[%u].i32",
    [SHAPE_U16] = "(uint16_t)vals[%u].u32", [SHAPE_S32] = "vals[%u].i32",
    [SHAPE_U32] = "vals[%u].u32",           [SHAPE_S64] = "vals[%u].i64",
    [SHAPE_U64] = "vals[%u].u64",           [SHAPE_F32] = "vals[%u].f32",
    [SHAPE_F64] = "vals[%u].f64",
};

static void lift_slot(struct gen *g, enum shape shape, uint32_t slot, const char *dest)
{
    const char *fmt = SLOTS[shape], *mark = strstr(fmt, "%u");
    emit_line(g, "%s = %.*s%u%s;", dest, (int)(mark - fmt), fmt, slot, mark + 2);
}

static void lift_flat_cases(struct gen *g, const struct wit_type *type, uint32_t slot, const char *dest)
{
    enum shape shape = shape_of(type);
    uint32_t id = g->temp++;
    emit_line(g, "{");
    emit_line(g, "uint32_t tag%u = vals[%u].u32;", id, slot);
    emit_line(g, "rc = component_lift_discriminant(call, tag%u, %u);", id, part_count(type));
    check(g);
    if (shape == SHAPE_VARIANT)
        emit_line(g, "%s.tag = (enum host_%s_tag)tag%u;", dest, fragment(g, type), id);
    else
        emit_line(g, "%s.%s = tag%u == 1;", dest, shape == SHAPE_OPTION ? "has" : "is_err", id);
    for (uint32_t i = 0; i < part_count(type); i++) {
        if (!part_type(type, i))
            continue;
        emit_line(g, "if (tag%u == %u) {", id, i);
        (void)lift_flat(g, part_type(type, i), slot + 1, text(g, "%s.%s", dest, member(g, type, i)));
        emit_line(g, "}");
    }
    emit_line(g, "}");
}

uint32_t lift_flat(struct gen *g, const struct wit_type *type, uint32_t slot, const char *dest)
{
    if (g->rc < 0)
        return slot;
    type = wit_type_strip(type);
    enum shape shape = shape_of(type);
    uint32_t next = slot + layout_of(type).flat;
    if (shape <= SHAPE_F64) {
        lift_slot(g, shape, slot, dest);
    } else if (shape == SHAPE_CHAR || shape >= SHAPE_ENUM) {
        emit_line(g, "{");
        lift_word(g, type, text(g, "vals[%u].u32", slot), dest);
        emit_line(g, "}");
    } else if (shape == SHAPE_STRING || shape == SHAPE_BYTES || shape == SHAPE_LIST) {
        lift_pair(g, type, text(g, "vals[%u].u32", slot), text(g, "vals[%u].u32", slot + 1), dest);
    } else if (shape == SHAPE_RECORD || shape == SHAPE_TUPLE) {
        for (uint32_t i = 0; i < part_count(type); i++)
            slot = lift_flat(g, part_type(type, i), slot, text(g, "%s.%s", dest, member(g, type, i)));
    } else if (shape == SHAPE_FIXED_LIST) {
        for (uint32_t i = 0; i < type->length; i++)
            slot = lift_flat(g, type->elem, slot, text(g, "%s.items[%u]", dest, i));
    } else {
        lift_flat_cases(g, type, slot, dest);
    }
    return next;
}

/* ---- releasing what a failed lift had taken, or a failed lowering had not handed over ---- */

void release(struct gen *g, const struct wit_type *type, const char *value)
{
    type = wit_type_strip(type);
    if (!has_own(type))
        return;
    if (shape_of(type) != SHAPE_OWN) {
        emit_line(g, "release_%s(owner, &%s);", walk_name(g, type), value);
        return;
    }
    emit_line(g, "if (%s)", value);
    emit_line(g, "    host_%s_drop(owner, %s);", def_name(g, type->def), value);
}

static void release_body(struct gen *g, const struct wit_type *type)
{
    enum shape shape = shape_of(type);
    if (shape == SHAPE_LIST || shape == SHAPE_FIXED_LIST) {
        const char *count = shape == SHAPE_LIST ? "value->n" : text(g, "%u", type->length);
        emit_line(g, "for (size_t i = 0; i < %s; i++) {", count);
        release(g, type->elem, "value->items[i]");
        emit_line(g, "}");
        return;
    }
    for (uint32_t i = 0; i < part_count(type); i++) {
        const struct wit_type *part = part_type(type, i);
        if (!part || !has_own(part))
            continue;
        if (shape == SHAPE_VARIANT)
            emit_line(g, "if (value->tag == HOST_%s_%s) {", def_upper(g, type->def),
                      upper(g, type->def->fields[i].name));
        else if (shape == SHAPE_OPTION || shape == SHAPE_RESULT)
            emit_line(g, "if (%svalue->%s) {", i == 0 ? "!" : "", shape == SHAPE_OPTION ? "has" : "is_err");
        else
            emit_line(g, "{");
        release(g, part, text(g, "value->%s", member(g, type, i)));
        emit_line(g, "}");
    }
}

void need_release(struct gen *g, const struct wit_type *type)
{
    if (g->rc < 0)
        return;
    type = wit_type_strip(type);
    if (!has_own(type) || shape_of(type) == SHAPE_OWN ||
        !once(g, &g->done, text(g, "fn release_%s", walk_name(g, type))))
        return;
    need_parts(g, type, need_release);
    emit_line(g, "static void release_%s(void *owner, const %s*value)", walk_name(g, type), c_type(g, type));
    emit_line(g, "{");
    release_body(g, type);
    emit_line(g, "}");
    emit(g, "\n");
}
