/* copy_program.c - writes copy programs: a type's layout as a few operations, once, when a component is bound.  Room: component.
 *
 * Fields of records lie in the program of the record itself, and neighbours that are plain bytes become one run. Padding is in no run: it
 * may hold anything of the source. A part whose program is long is not taken in but called (REPEAT), so that a program has at most
 * COMPONENT_PROGRAM_INLINE operations for each part of its type, however types are nested. */
#include <assert.h>

#include "component/copy.h"

struct writer {
    struct component *component;
    const struct component_types *types;
    struct component_op *ops; /* room for all */
    uint32_t count;
};

uint32_t component__flags_mask(const struct component_type *type)
{
    return type->case_count < 32 ? (1u << type->case_count) - 1 : UINT32_MAX;
}

static void add(struct writer *writer, const struct component_op *op)
{
    struct component_op *last = writer->count ? &writer->ops[writer->count - 1] : NULL;
    if (op->kind == COMPONENT_OP_BYTES && last && last->kind == COMPONENT_OP_BYTES &&
        last->offset + last->n == op->offset) {
        last->n += op->n;
        return;
    }
    writer->ops[writer->count++] = *op;
}

static bool is_inlined(const struct component_program *part, uint32_t times)
{
    return (part->count <= 1 && times == 1) || (uint64_t)part->count * times <= COMPONENT_PROGRAM_INLINE;
}

static void add_part(struct writer *writer, const struct component_program *part, uint32_t offset,
                     uint32_t times)
{
    if (part->bulk) {
        add(writer,
            &(struct component_op){.kind = COMPONENT_OP_BYTES, .offset = offset, .n = part->size * times});
        return;
    }
    if (!is_inlined(part, times)) {
        add(writer, &(struct component_op){
                        .kind = COMPONENT_OP_REPEAT, .offset = offset, .n = times, .program = part});
        return;
    }
    for (uint32_t k = 0; k < times; k++) {
        for (uint32_t i = 0; i < part->count; i++) {
            struct component_op op = part->ops[i];
            op.offset += offset + k * part->size;
            add(writer, &op);
        }
    }
}

static void write_switch(struct writer *writer, const struct component_type *type,
                         const struct component_program **cases)
{
    struct component_op op = {.kind = COMPONENT_OP_SWITCH,
                              .n = type->case_count,
                              .size = type->discriminant_size,
                              .payload = type->payload_offset};
    for (uint32_t i = 0; type->kind != COMPONENT_ENUM && i < type->case_count; i++) {
        if (type->cases[i].type == COMPONENT_NO_TYPE)
            continue;
        cases[i] = writer->component->programs[type->cases[i].type];
        op.cases = cases;
    }
    add(writer, &op);
}

static void write_ops(struct writer *writer, uint32_t number, const struct component_type *type,
                      const struct component_program **cases)
{
    const struct component_program *const *programs = writer->component->programs;
    switch ((int)type->kind) {
    case COMPONENT_BOOL:
        add(writer, &(struct component_op){.kind = COMPONENT_OP_BOOL});
        return;
    case COMPONENT_CHAR:
        add(writer, &(struct component_op){.kind = COMPONENT_OP_CHAR});
        return;
    case COMPONENT_STRING:
        add(writer, &(struct component_op){.kind = COMPONENT_OP_STRING});
        return;
    case COMPONENT_LIST:
        add(writer, &(struct component_op){.kind = COMPONENT_OP_LIST, .program = programs[type->elem]});
        return;
    case COMPONENT_FIXED_LIST:
        add_part(writer, programs[type->elem], 0, type->length);
        return;
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
        for (uint32_t i = 0; i < type->case_count; i++)
            add_part(writer, programs[type->cases[i].type], type->cases[i].offset, 1);
        return;
    case COMPONENT_VARIANT:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
    case COMPONENT_ENUM:
        write_switch(writer, type, cases);
        return;
    case COMPONENT_FLAGS:
        if (type->case_count == 8 * type->size) { /* every bit is a flag */
            add(writer, &(struct component_op){.kind = COMPONENT_OP_BYTES, .n = type->size});
            return;
        }
        add(writer, &(struct component_op){
                        .kind = COMPONENT_OP_BITS, .n = component__flags_mask(type), .size = type->size});
        return;
    default:
        if (component__is_scalar(type->kind))
            add(writer, &(struct component_op){.kind = COMPONENT_OP_BYTES, .n = type->size});
        else
            add(writer, &(struct component_op){.kind = COMPONENT_OP_HANDLE, .n = number});
    }
}

static bool needs_check(const struct component_program *program)
{
    for (uint32_t i = 0; i < program->count; i++) {
        enum component_op_kind kind = program->ops[i].kind;
        if (kind == COMPONENT_OP_REPEAT ? program->ops[i].program->checked
                                        : kind >= COMPONENT_OP_STRING || kind == COMPONENT_OP_CHAR)
            return true;
    }
    return false;
}

static int make_one(struct component *component, uint32_t number, struct sw_err *err)
{
    const struct component_types *types = component->plan->types;
    const struct component_type *type = component_type_of(types, number);
    bool parts = type->kind == COMPONENT_RECORD || type->kind == COMPONENT_TUPLE;
    size_t room = (parts ? type->case_count : 1) * (size_t)COMPONENT_PROGRAM_INLINE;
    size_t case_count = type->payload_offset ? type->case_count : 0;
    struct component_program *program = SW_ARENA_NEW(&component->arena, struct component_program);
    struct component_op *ops = SW_ARENA_ARRAY(&component->arena, room, struct component_op);
    const struct component_program **cases =
        SW_ARENA_ARRAY(&component->arena, case_count, const struct component_program *);
    if (!program || !ops || !cases)
        return sw_arena_fail(&component->arena, room * sizeof *ops, err);
    struct writer writer = {.component = component, .types = types, .ops = ops};
    write_ops(&writer, number, type, cases);
    assert(writer.count <= room);
    *program = (struct component_program){
        .ops = ops, .count = writer.count, .size = type->size, .align = type->align};
    program->checked = needs_check(program);
    program->bulk = writer.count == 1 && ops[0].kind == COMPONENT_OP_BYTES && ops[0].n == type->size;
    component->programs[number] = program;
    return 0;
}

static int room_for(struct component *component, uint32_t number, struct sw_err *err)
{
    uint32_t count = component->program_count;
    if (number < count)
        return 0;
    while (count <= number) /* numbers are below COMPONENT_TYPES_MAX */
        count = count ? count * 2 : COMPONENT_PROGRAMS_FIRST;
    const struct component_program **grown =
        SW_ARENA_ARRAY(&component->arena, count, const struct component_program *);
    if (!grown)
        return sw_arena_fail(&component->arena, count * sizeof *grown, err);
    if (component->program_count)
        memcpy(grown, component->programs, component->program_count * sizeof *grown);
    component->programs = grown;
    component->program_count = count;
    return 0;
}

/* Depth is that of types, which the interner bounds. */
int component__program_make(struct component *component, uint32_t number, struct sw_err *err)
{
    int rc = number == COMPONENT_NO_TYPE ? 0 : room_for(component, number, err);
    if (rc < 0 || number == COMPONENT_NO_TYPE || component->programs[number])
        return rc;
    const struct component_type *type = component_type_of(component->plan->types, number);
    bool list = type->kind == COMPONENT_LIST || type->kind == COMPONENT_FIXED_LIST;
    bool cases = type->cases && type->kind != COMPONENT_ENUM && type->kind != COMPONENT_FLAGS;
    if (list)
        rc = component__program_make(component, type->elem, err);
    for (uint32_t i = 0; rc == 0 && cases && i < type->case_count; i++)
        rc = component__program_make(component, type->cases[i].type, err);
    return rc < 0 ? rc : make_one(component, number, err);
}

int component__programs_make(struct component *component, const struct component_func_type *func,
                             struct sw_err *err)
{
    int rc = component__program_make(component, func->result, err);
    for (uint32_t i = 0; rc == 0 && i < func->param_count; i++)
        rc = component__program_make(component, func->params[i].type, err);
    return rc;
}
