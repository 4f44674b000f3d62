/* guest.c - the text of a component that shows what arrives in it and gives what was put into its memory.  Room: component (its tests).
 *
 * For each function fN of the interface t:d/i, which it imports, it exports
 *   eN: the same type; writes its flat arguments to GUEST_SEEN and returns the flat result at GUEST_RESULT
 *   cN: func(); calls fN with the flat arguments at GUEST_GIVE, and writes the flat result to GUEST_RESULT
 * and peek, poke: bytes of its memory as Latin-1 strings. realloc takes the next bytes and keeps a log, all of it in memory. */
#include "differential/guest.h"

#include "differential/shape.h"

static const char *core_type(uint8_t code)
{
    return code == 0x7f ? "i32" : code == 0x7e ? "i64" : code == 0x7d ? "f32" : "f64";
}

/* The flat form of parameters (at most 16, or one pointer) or of a result. */
struct flat {
    uint8_t codes[COMPONENT_FLAT_MAX + 1];
    uint32_t count;
};

static void flat_add(const struct shape *shape, uint32_t number, struct flat *flat)
{
    const struct component_type *type = component_type_of(shape->types, number);
    for (uint32_t i = 0; i < type->flat_count && i < COMPONENT_FLAT_MAX && flat->count <= COMPONENT_FLAT_MAX;
         i++)
        flat->codes[flat->count++] = type->flat[i];
}

static struct flat flat_params(const struct shape *shape, const struct component_func_type *func)
{
    struct flat flat = {.count = 0};
    if (func->flat_param_count > COMPONENT_FLAT_MAX)
        return (struct flat){.codes = {0x7f}, .count = 1};
    for (uint32_t i = 0; i < func->param_count; i++)
        flat_add(shape, func->params[i].type, &flat);
    return flat;
}

/* 0: none; else the code of the one flat result */
static uint8_t flat_result(const struct shape *shape, const struct component_func_type *func)
{
    if (func->flat_result_count != 1)
        return 0;
    struct flat flat = {.count = 0};
    flat_add(shape, func->result, &flat);
    return flat.codes[0];
}

static void core_signature(const struct shape *shape, const struct component_func_type *func, bool import,
                           struct sw_buf *out)
{
    struct flat flat = flat_params(shape, func);
    uint8_t result = flat_result(shape, func);
    for (uint32_t i = 0; i < flat.count; i++)
        put(out, " (param %s)", core_type(flat.codes[i]));
    bool pointer = func->result != COMPONENT_NO_TYPE && !result;
    if (pointer)
        put(out, import ? " (param i32)" : " (result i32)");
    else if (result)
        put(out, " (result %s)", core_type(result));
}

static void callee(const struct shape *shape, uint32_t number, struct sw_buf *out)
{
    const struct component_func_type *func = &shape->funcs[number].type;
    struct flat flat = flat_params(shape, func);
    uint8_t result = flat_result(shape, func);
    put(out, "(func (export \"e%u\")", number);
    core_signature(shape, func, false, out);
    for (uint32_t i = 0; i < flat.count; i++)
        put(out, " (%s.store offset=%u (i32.const 0) (local.get %u))", core_type(flat.codes[i]),
            GUEST_SEEN + 8 * i, i);
    if (func->result != COMPONENT_NO_TYPE)
        put(out, " (%s.load offset=%u (i32.const 0))", result ? core_type(result) : "i32", GUEST_RESULT);
    put(out, ")\n");
}

static void caller(const struct shape *shape, uint32_t number, struct sw_buf *out)
{
    const struct component_func_type *func = &shape->funcs[number].type;
    struct flat flat = flat_params(shape, func);
    uint8_t result = flat_result(shape, func);
    bool pointer = func->result != COMPONENT_NO_TYPE && !result;
    put(out, "(func (export \"c%u\")", number);
    if (pointer) {
        const struct component_type *type = component_type_of(shape->types, func->result);
        put(out,
            " (i32.store offset=%u (i32.const 0) (call $alloc (i32.const 0) (i32.const 0) (i32.const %u) "
            "(i32.const %u)))",
            GUEST_RESULT, type->align, type->size);
    }
    if (result)
        put(out, " (%s.store offset=%u (i32.const 0)", core_type(result), GUEST_RESULT);
    put(out, " (call $f%u", number);
    for (uint32_t i = 0; i < flat.count; i++)
        put(out, " (%s.load offset=%u (i32.const 0))", core_type(flat.codes[i]), GUEST_GIVE + 8 * i);
    if (pointer)
        put(out, " (i32.load offset=%u (i32.const 0))", GUEST_RESULT);
    put(out, result ? ")))\n" : "))\n");
}

static void memory_module(struct sw_buf *out)
{
    put(out,
        "(core module $mem (memory (export \"m\") %u)\n"
        "(func (export \"stage\") (param i32 i32 i32 i32) (result i32) (i32.const %u))\n",
        GUEST_END >> 16, GUEST_STAGE);
    put(out,
        "(func (export \"realloc\") (param $old i32) (param $was i32) (param $align i32) (param $size i32) "
        "(result i32)\n"
        "  (local $at i32) (local $log i32)\n"
        "  (if (i32.lt_u (i32.load offset=%u (i32.const 0)) (i32.const %u)) (then\n"
        "    (local.set $log (i32.shl (i32.load offset=%u (i32.const 0)) (i32.const 4)))\n",
        GUEST_COUNT, GUEST_LOG_MAX, GUEST_COUNT);
    put(out,
        "    (i32.store offset=%u (local.get $log) (local.get $old)) (i32.store offset=%u (local.get $log) "
        "(local.get $was))\n"
        "    (i32.store offset=%u (local.get $log) (local.get $align)) (i32.store offset=%u (local.get $log) "
        "(local.get $size))\n",
        GUEST_LOG, GUEST_LOG + 4, GUEST_LOG + 8, GUEST_LOG + 12);
    put(out,
        "    (i32.store offset=%u (i32.const 0) (i32.add (i32.load offset=%u (i32.const 0)) (i32.const "
        "1)))))\n",
        GUEST_COUNT, GUEST_COUNT);
    put(out,
        "  (local.set $at (i32.and (i32.add (i32.load offset=%u (i32.const 0)) (i32.sub (local.get $align) "
        "(i32.const 1))) (i32.sub (i32.const 0) (local.get $align))))\n",
        GUEST_NEXT);
    put(out,
        "  (if (i32.gt_u (local.get $size) (i32.sub (i32.const %u) (local.get $at))) (then unreachable))\n"
        "  (i32.store offset=%u (i32.const 0) (i32.add (local.get $at) (local.get $size)))\n",
        GUEST_HEAP_END, GUEST_NEXT);
    put(out,
        "  (if (i32.eq (i32.load offset=%u (i32.const 0)) (i32.load offset=%u (i32.const 0))) (then (return "
        "(i32.load offset=%u (i32.const 0)))))\n",
        GUEST_COUNT, GUEST_BAD_CALL, GUEST_BAD_VALUE);
    put(out, "  (memory.copy (local.get $at) (local.get $old) (select (local.get $was) (local.get $size) "
             "(i32.lt_u (local.get $was) (local.get $size))))\n"
             "  (local.get $at)))\n(core instance $mem (instantiate $mem))\n"
             "(alias core export $mem \"m\" (core memory $m))\n(alias core export $mem \"realloc\" (core "
             "func $realloc))\n"
             "(alias core export $mem \"stage\" (core func $stage))\n");
}

static void options(enum component_encoding encoding, struct sw_buf *out)
{
    static const char *const names[] = {"utf8", "utf16", "latin1+utf16"};
    put(out, "(memory $m) (realloc $realloc) string-encoding=%s", names[encoding]);
}

void shape_wat(const struct shape *shape, struct sw_buf *out)
{
    put(out, "(component\n");
    shape_wat_interface(shape, out);
    memory_module(out);
    for (uint32_t i = 0; i < shape->count; i++) {
        put(out, "(core func $f%u (canon lower (func $f%u) ", i, i);
        options(shape->funcs[i].encoding, out);
        put(out, "))\n");
    }
    put(out, "(core module $main (import \"m\" \"m\" (memory 0)) (import \"m\" \"realloc\" (func $alloc "
             "(param i32 i32 i32 i32) (result i32)))\n");
    for (uint32_t i = 0; i < shape->count; i++) {
        put(out, "(import \"h\" \"f%u\" (func $f%u", i, i);
        core_signature(shape, &shape->funcs[i].type, true, out);
        put(out, "))\n");
    }
    put(out,
        "(func (export \"peek\") (param i32 i32) (result i32) (i32.store offset=%u (i32.const 0) (local.get "
        "0))\n"
        "  (i32.store offset=%u (i32.const 0) (local.get 1)) (i32.const %u))\n",
        GUEST_PEEK, GUEST_PEEK + 4, GUEST_PEEK);
    put(out, "(func (export \"poke\") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) "
             "(local.get 2)))\n");
    for (uint32_t i = 0; i < shape->count; i++) {
        callee(shape, i, out);
        caller(shape, i, out);
    }
    put(out, ")\n(core instance $main (instantiate $main (with \"m\" (instance $mem)) (with \"h\" (instance");
    for (uint32_t i = 0; i < shape->count; i++)
        put(out, " (export \"f%u\" (func $f%u))", i, i);
    put(out, "))))\n");
    for (uint32_t i = 0; i < shape->count; i++) {
        put(out,
            "(alias core export $main \"e%u\" (core func $e%u)) (alias core export $main \"c%u\" (core func "
            "$c%u))\n(func $e%u",
            i, i, i, i, i);
        shape_wat_signature(shape, &shape->funcs[i].type, out);
        put(out, " (canon lift (core func $e%u) ", i);
        options(shape->funcs[i].encoding, out);
        put(out,
            ")) (export \"e%u\" (func $e%u)) (func $c%u (canon lift (core func $c%u))) (export \"c%u\" (func "
            "$c%u))\n",
            i, i, i, i, i, i);
    }
    put(out, "(alias core export $main \"peek\" (core func $peek)) (alias core export $main \"poke\" (core "
             "func $poke))\n"
             "(func $peek (param \"at\" u32) (param \"n\" u32) (result string) (canon lift (core func $peek) "
             "(memory $m) string-encoding=latin1+utf16))\n"
             "(func $poke (param \"at\" u32) (param \"s\" string) (canon lift (core func $poke) (memory $m) "
             "(realloc $stage) string-encoding=latin1+utf16))\n"
             "(export \"peek\" (func $peek)) (export \"poke\" (func $poke)))\n");
}
