/* copy.c - values from one guest to another, straight from memory to memory.  Room: component.
 *
 * The specification lifts all arguments before it lowers the first one. What lies between is not made here: pass one (check) does what
 * lifting does that anyone can see, in its order: the traps, handles taken and lent, bytes counted. Pass two (store) walks the same memory
 * again and does what lowering does: realloc calls, stores, new handles. Between the two, and during pass two, nothing writes the source:
 * its instance is not running, memories belong to one component instance, and the realloc of the other one cannot leave it.
 * What handles became is queued in between, in order: both passes meet them in the same order.
 *
 * Both passes run programs (copy_program.c) over memory; the few flat values are walked by type. tests/unit/component/copy.c compares
 * with lifting and lowering in two steps. Source: CanonicalABI.md "Loading", "Storing", "Flat Lifting", "Flat Lowering". */
#include <assert.h>

#include "component/copy.h"

/* ---- handles between the passes ---- */

static int queue(struct component_copy *copy, const struct component_value *value)
{
    if (copy->moved_count == copy->moved_cap) {
        uint32_t cap = copy->moved_cap ? copy->moved_cap * 2 : COMPONENT_COPY_HANDLES_FIRST;
        struct component_value *grown = SW_ARENA_ARRAY(copy->from->arena, cap, struct component_value);
        if (!grown)
            return component__no_memory(&copy->from->call, cap * sizeof *grown);
        if (copy->moved_count)
            memcpy(grown, copy->moved, copy->moved_count * sizeof *grown);
        copy->moved = grown;
        copy->moved_cap = cap;
    }
    copy->moved[copy->moved_count++] = *value;
    return 0;
}

static int check_handle(struct component_copy *copy, uint32_t type, uint32_t handle)
{
    struct component_value value;
    int rc = component__lift_handle(copy->from, component_type_of(copy->from->types, type), handle, &value);
    return rc < 0 ? rc : queue(copy, &value);
}

static int store_handle(struct component_copy *copy, uint32_t type, uint32_t *ret)
{
    assert(copy->taken < copy->moved_count);
    return component__lower_handle(copy->to, component_type_of(copy->to->types, type),
                                   &copy->moved[copy->taken++], ret);
}

/* ---- pass one ---- */

static int check_string(struct component_copy *copy, uint32_t ptr, uint32_t units)
{
    struct component_text text;
    return component__lift_text(&copy->from->call, ptr, units, &text);
}

static int check_list(struct component_copy *copy, const struct component_program *elem, uint32_t ptr,
                      uint32_t count)
{
    uint8_t *p;
    int rc = component_lift_list(&copy->from->call, ptr, count, elem->size, elem->align, &p);
    if (rc < 0 || !elem->checked)
        return rc;
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = component__copy_check(copy, elem, p + (size_t)i * elem->size);
    return rc;
}

static uint32_t load_bits(const uint8_t *p, uint32_t size)
{
    return size == 1 ? p[0] : size == 2 ? component_load_u16(p) : component_load_u32(p);
}

static int check_switch(struct component_copy *copy, const struct component_op *op, const uint8_t *p)
{
    uint32_t index = load_bits(p, op->size), n = op->n;
    int rc = component_lift_discriminant(&copy->from->call, index, n);
    if (rc < 0 || !op->cases || !op->cases[index])
        return rc;
    return component__copy_check(copy, op->cases[index], p + op->payload);
}

static int check_op(struct component_copy *copy, const struct component_op *op, const uint8_t *p)
{
    uint32_t point;
    int rc = 0;
    switch (op->kind) {
    case COMPONENT_OP_BYTES:
    case COMPONENT_OP_BOOL:
    case COMPONENT_OP_BITS:
        return 0;
    case COMPONENT_OP_CHAR:
        return component_lift_char(&copy->from->call, component_load_u32(p), &point);
    case COMPONENT_OP_STRING:
        return check_string(copy, component_load_u32(p), component_load_u32(p + 4));
    case COMPONENT_OP_LIST:
        return check_list(copy, op->program, component_load_u32(p), component_load_u32(p + 4));
    case COMPONENT_OP_REPEAT:
        for (uint32_t i = 0; rc == 0 && i < op->n; i++)
            rc = component__copy_check(copy, op->program, p + (size_t)i * op->program->size);
        return rc;
    case COMPONENT_OP_SWITCH:
        return check_switch(copy, op, p);
    case COMPONENT_OP_HANDLE:
        break;
    }
    return check_handle(copy, op->n, component_load_u32(p));
}

int component__copy_check(struct component_copy *copy, const struct component_program *program,
                          const uint8_t *p)
{
    int rc = 0;
    if (!program->checked)
        return 0;
    for (uint32_t i = 0; rc == 0 && i < program->count; i++)
        rc = check_op(copy, &program->ops[i], p + program->ops[i].offset);
    return rc;
}

/* ---- pass two ---- */

/* ret[0]: pointer, ret[1]: length with its tag. */
static int store_string(struct component_copy *copy, uint32_t ptr, uint32_t units, uint32_t ret[2])
{
    struct component_text text =
        component_text_of(copy->from->call.lowering->options.encoding, units); /* checked: as it is there */
    text.p = copy->from->call.mem + ptr;
    return component__lower_text(&copy->to->call, &text, &ret[0], &ret[1]);
}

static int store_elements(struct component_copy *copy, const struct component_program *elem, const uint8_t *p,
                          uint32_t count, uint32_t at)
{
    int rc = 0;
    if (count == 0)
        return 0;
    if (elem->bulk) {
        memcpy(copy->to->call.mem + at, p, (size_t)count * elem->size);
        return 0;
    }
    if (elem->count == 1 && elem->ops[0].kind == COMPONENT_OP_BOOL) {
        uint8_t *to = copy->to->call.mem + at;
        for (uint32_t i = 0; i < count; i++)
            to[i] = p[i] != 0;
        return 0;
    }
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = component__copy_store(copy, elem, p + (size_t)i * elem->size, at + i * elem->size);
    return rc;
}

static int store_list(struct component_copy *copy, const struct component_program *elem, uint32_t ptr,
                      uint32_t count, uint32_t *ret)
{
    int rc = component_lower_alloc(&copy->to->call, (uint64_t)count * elem->size, elem->align, ret);
    return rc < 0 ? rc : store_elements(copy, elem, copy->from->call.mem + ptr, count, *ret);
}

static void store_bits(uint8_t *p, uint32_t size, uint32_t bits)
{
    if (size == 1)
        p[0] = (uint8_t)bits;
    else if (size == 2)
        component_store_u16(p, (uint16_t)bits);
    else
        component_store_u32(p, bits);
}

/* A string or list: pointer and length at p, to be stored at `at`. */
static int store_pair(struct component_copy *copy, const struct component_op *op, const uint8_t *p,
                      uint32_t at)
{
    uint32_t pair[2] = {0, component_load_u32(p + 4)};
    int rc = op->kind == COMPONENT_OP_STRING
                 ? store_string(copy, component_load_u32(p), pair[1], pair)
                 : store_list(copy, op->program, component_load_u32(p), pair[1], pair);
    if (rc < 0)
        return rc;
    component_store_u32(copy->to->call.mem + at, pair[0]);
    component_store_u32(copy->to->call.mem + at + 4, pair[1]);
    return 0;
}

static int store_op(struct component_copy *copy, const struct component_op *op, const uint8_t *p, uint32_t at)
{
    uint8_t *to = copy->to->call.mem + at; /* dead after a realloc */
    uint32_t word;
    int rc;
    switch (op->kind) {
    case COMPONENT_OP_BYTES:
        memcpy(to, p, op->n);
        return 0;
    case COMPONENT_OP_CHAR:
        memcpy(to, p, 4);
        return 0;
    case COMPONENT_OP_BOOL:
        *to = *p != 0;
        return 0;
    case COMPONENT_OP_BITS:
        store_bits(to, op->size, load_bits(p, op->size) & op->n);
        return 0;
    case COMPONENT_OP_STRING:
    case COMPONENT_OP_LIST:
        return store_pair(copy, op, p, at);
    case COMPONENT_OP_REPEAT:
        return store_elements(copy, op->program, p, op->n, at);
    case COMPONENT_OP_SWITCH:
        word = load_bits(p, op->size);
        store_bits(to, op->size, word);
        if (!op->cases || !op->cases[word])
            return 0;
        return component__copy_store(copy, op->cases[word], p + op->payload, at + op->payload);
    case COMPONENT_OP_HANDLE:
        break;
    }
    rc = store_handle(copy, op->n, &word);
    if (rc == 0)
        component_store_u32(to, word); /* a new handle runs no guest code */
    return rc;
}

int component__copy_store(struct component_copy *copy, const struct component_program *program,
                          const uint8_t *p, uint32_t at)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < program->count; i++)
        rc = store_op(copy, &program->ops[i], p + program->ops[i].offset, at + program->ops[i].offset);
    return rc;
}

/* ---- flat values ---- */

static const struct component_program *program_of(const struct component_copy *copy, uint32_t type)
{
    return copy->from->call.store->component->programs[type];
}

/* The parts of a type whose flat form is that of its parts one after the other. */
static uint32_t part_count(const struct component_type *type)
{
    return type->kind == COMPONENT_FIXED_LIST ? type->length : type->case_count;
}

static uint32_t part_type(const struct component_type *type, uint32_t i)
{
    return type->kind == COMPONENT_FIXED_LIST ? type->elem : type->cases[i].type;
}

static bool is_switch(const struct component_type *type)
{
    return type->kind == COMPONENT_VARIANT || type->kind == COMPONENT_OPTION ||
           type->kind == COMPONENT_RESULT || type->kind == COMPONENT_ENUM;
}

static uint32_t payload_of(const struct component_type *type, uint32_t index)
{
    return type->kind == COMPONENT_ENUM ? COMPONENT_NO_TYPE : type->cases[index].type;
}

static int check_flat(struct component_copy *copy, uint32_t number, const union engine_val *vals)
{
    const struct component_type *type = component_type_of(copy->from->types, number);
    uint32_t point;
    int rc = 0;
    if (component__is_scalar(type->kind))
        return type->kind == COMPONENT_CHAR ? component_lift_char(&copy->from->call, vals[0].u32, &point) : 0;
    if (type->kind == COMPONENT_STRING)
        return check_string(copy, vals[0].u32, vals[1].u32);
    if (type->kind == COMPONENT_LIST)
        return check_list(copy, program_of(copy, type->elem), vals[0].u32, vals[1].u32);
    if (type->kind == COMPONENT_FLAGS)
        return 0;
    if (is_switch(type)) {
        rc = component_lift_discriminant(&copy->from->call, vals[0].u32, type->case_count);
        uint32_t payload = rc < 0 ? COMPONENT_NO_TYPE : payload_of(type, vals[0].u32);
        return payload == COMPONENT_NO_TYPE ? rc : check_flat(copy, payload, vals + 1);
    }
    if (type->kind != COMPONENT_FIXED_LIST && type->kind != COMPONENT_RECORD && type->kind != COMPONENT_TUPLE)
        return check_handle(copy, number, vals[0].u32);
    for (uint32_t i = 0; rc == 0 && i < part_count(type); i++) {
        rc = check_flat(copy, part_type(type, i), vals);
        vals += component_type_of(copy->from->types, part_type(type, i))->flat_count;
    }
    return rc;
}

/* A scalar's flat value, of which only the low bits count, as the other side may expect it (run_internal.h). */
static uint64_t flat_scalar(enum component_kind kind, uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    switch ((int)kind) {
    case COMPONENT_BOOL:
        return low != 0;
    case COMPONENT_S8:
        return ((low & 0xff) ^ 0x80) - 0x80u; /* sign-extended in 32 bits */
    case COMPONENT_U8:
        return low & 0xff;
    case COMPONENT_S16:
        return ((low & 0xffff) ^ 0x8000) - 0x8000u;
    case COMPONENT_U16:
        return low & 0xffff;
    case COMPONENT_S64:
    case COMPONENT_U64:
    case COMPONENT_F64:
        return bits;
    default: /* s32, u32, f32, char */
        return low;
    }
}

static int store_flat(struct component_copy *copy, uint32_t type, const union engine_val *vals,
                      union engine_val *ret);

static int store_flat_switch(struct component_copy *copy, const struct component_type *type,
                             const union engine_val *vals, union engine_val *ret)
{
    uint32_t payload = payload_of(type, vals[0].u32), used = 1;
    int rc = 0;
    ret[0].u64 = vals[0].u32;
    if (payload != COMPONENT_NO_TYPE) {
        rc = store_flat(copy, payload, vals + 1, ret + 1);
        used += component_type_of(copy->to->types, payload)->flat_count;
    }
    for (; used < type->flat_count; used++)
        ret[used].u64 = 0;
    return rc;
}

static int store_flat_parts(struct component_copy *copy, const struct component_type *type,
                            const union engine_val *vals, union engine_val *ret)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < part_count(type); i++) {
        uint32_t flat_count = component_type_of(copy->to->types, part_type(type, i))->flat_count;
        rc = store_flat(copy, part_type(type, i), vals, ret);
        vals += flat_count;
        ret += flat_count;
    }
    return rc;
}

static int store_flat(struct component_copy *copy, uint32_t number, const union engine_val *vals,
                      union engine_val *ret)
{
    const struct component_type *type = component_type_of(copy->to->types, number);
    uint32_t pair[2] = {0, 0};
    int rc = 0;
    if (component__is_scalar(type->kind)) {
        ret[0].u64 = flat_scalar(type->kind, vals[0].u64);
        return 0;
    }
    if (is_switch(type))
        return store_flat_switch(copy, type, vals, ret);
    switch ((int)type->kind) {
    case COMPONENT_STRING:
    case COMPONENT_LIST:
        pair[1] = vals[1].u32;
        rc = type->kind == COMPONENT_STRING
                 ? store_string(copy, vals[0].u32, pair[1], pair)
                 : store_list(copy, program_of(copy, type->elem), vals[0].u32, pair[1], pair);
        ret[0].u64 = pair[0];
        ret[1].u64 = pair[1];
        return rc;
    case COMPONENT_FLAGS:
        ret[0].u64 = vals[0].u32 & component__flags_mask(type);
        return 0;
    case COMPONENT_FIXED_LIST:
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
        return store_flat_parts(copy, type, vals, ret);
    default:
        rc = store_handle(copy, number, &pair[0]);
        ret[0].u64 = pair[0];
        return rc;
    }
}

/* ---- parameters and results ---- */

void component__copy_begin(struct component_copy *copy, struct component_cx *from, struct component_cx *to)
{
    copy->from = from;
    copy->to = to;
    copy->moved = NULL;
    copy->moved_count = copy->moved_cap = copy->taken = 0;
}

int component__copy_check_params(struct component_copy *copy, const struct component_func_type *type,
                                 const union engine_val *vals, uint32_t *ret_used)
{
    int rc = 0;
    *ret_used = type->flat_param_count <= COMPONENT_FLAT_MAX ? type->flat_param_count : 1;
    if (type->flat_param_count <= COMPONENT_FLAT_MAX) {
        for (uint32_t i = 0; rc == 0 && i < type->param_count; i++) {
            rc = check_flat(copy, type->params[i].type, vals);
            vals += component_type_of(copy->from->types, type->params[i].type)->flat_count;
        }
        return rc;
    }
    uint8_t *p;
    rc = component_mem_range(&copy->from->call, vals[0].u32, type->params_size, type->params_align, &p);
    for (uint32_t i = 0; rc == 0 && i < type->param_count; i++)
        rc = component__copy_check(copy, program_of(copy, type->params[i].type), p + type->params[i].offset);
    return rc;
}

int component__copy_store_params(struct component_copy *copy, const struct component_func_type *type,
                                 const union engine_val *vals, union engine_val *ret)
{
    int rc = 0;
    if (type->flat_param_count <= COMPONENT_FLAT_MAX) {
        for (uint32_t i = 0; rc == 0 && i < type->param_count; i++) {
            uint32_t flat_count = component_type_of(copy->to->types, type->params[i].type)->flat_count;
            rc = store_flat(copy, type->params[i].type, vals, ret);
            vals += flat_count;
            ret += flat_count;
        }
        return rc;
    }
    uint32_t at;
    const uint8_t *p = copy->from->call.mem + vals[0].u32;
    rc = component_lower_alloc(&copy->to->call, type->params_size, type->params_align, &at);
    for (uint32_t i = 0; rc == 0 && i < type->param_count; i++)
        rc = component__copy_store(copy, program_of(copy, type->params[i].type), p + type->params[i].offset,
                                   at + type->params[i].offset);
    if (rc == 0)
        ret[0].u64 = at;
    return rc;
}

int component__copy_check_result(struct component_copy *copy, const struct component_func_type *type,
                                 const union engine_val *vals)
{
    if (type->result == COMPONENT_NO_TYPE)
        return 0;
    if (type->flat_result_count <= 1)
        return check_flat(copy, type->result, vals);
    const struct component_program *program = program_of(copy, type->result);
    uint8_t *p;
    int rc = component_mem_range(&copy->from->call, vals[0].u32, program->size, program->align, &p);
    return rc < 0 ? rc : component__copy_check(copy, program, p);
}

int component__copy_store_result(struct component_copy *copy, const struct component_func_type *type,
                                 const union engine_val *vals, uint32_t to, union engine_val *ret)
{
    if (type->result == COMPONENT_NO_TYPE)
        return 0;
    if (type->flat_result_count <= 1)
        return store_flat(copy, type->result, vals, ret);
    const struct component_program *program = program_of(copy, type->result);
    uint8_t *p;
    int rc = component_mem_range(&copy->to->call, to, program->size, program->align, &p);
    return rc < 0 ? rc : component__copy_store(copy, program, copy->from->call.mem + vals[0].u32, to);
}

int component__copy_check_flat(struct component_copy *copy, uint32_t type, const union engine_val *vals)
{
    return check_flat(copy, type, vals);
}

int component__copy_store_flat(struct component_copy *copy, uint32_t type, const union engine_val *vals,
                               union engine_val *ret)
{
    return store_flat(copy, type, vals, ret);
}
