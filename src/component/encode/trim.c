/* trim.c - an adapter's core module, cut down to what is used of it.  Room: encode.
 *
 * An adapter is a core module without a memory, table or segments of its own. What stays: the exports that are asked for, the functions
 * they reach, and the imports these call. Types and globals stay as they are, so only functions get new numbers.
 *
 * An adapter that has a global called __stack_pointer needs a stack: a page that is taken from the main module's allocator at the first
 * call (a global allocation_state says how far that is: 0 not begun, 1 being done, 2 done), or else from memory.grow before anything
 * else. Source: the names and states are those of the published WASI adapters. */
#include "component/encode/encode_internal.h"

#define STACK_BYTES 65536 /* a page */

struct trim {
    struct enc *e;
    struct enc_module *module;
    const struct engine_core *core;
    const char *main_realloc; /* the main module's export, or NULL */
    bool *live;               /* per function */
    bool *exported;           /* per function: by an export that stays */
    uint32_t *now;            /* per function: its new number */
    uint32_t *work;           /* functions to be looked at */
    uint32_t work_count;
    bool memory, stack_live, state_live;
    uint32_t stack, state;        /* globals, or ENC_NONE */
    uint32_t realloc;             /* the function that gives a stack, or ENC_NONE: new number */
    uint32_t import_count, count; /* new functions */
    uint32_t realloc_type, nothing_type;
    bool lazy, start, adds_import, adds_grow;
    uint32_t allocate, grow; /* new numbers of those that are added */
};

static bool is_main_realloc(const struct engine_core_import *import)
{
    return sw_str_eq(import->module, SW_LIT("__main_module__")) &&
           (sw_str_eq(import->name, SW_LIT("cabi_realloc")) ||
            sw_str_eq(import->name, SW_LIT("canonical_abi_realloc")));
}

/* ---- names ---- */

static uint32_t named_global(struct trim *t, struct sw_str wanted)
{
    struct enc_reader r = enc_reader(enc_find_section(t->core->bytes, 0, SW_LIT("name")));
    while (!r.bad && r.p < r.end) {
        uint8_t id = enc_read_byte(&r);
        struct enc_reader part = enc_reader(enc_read_name(&r));
        uint32_t n = id == 7 && !r.bad ? enc_read_u32(&part) : 0;
        for (uint32_t i = 0; !part.bad && i < n; i++) {
            uint32_t global = enc_read_u32(&part);
            struct sw_str name = enc_read_name(&part);
            if (part.bad || global >= t->core->global_count || !sw_str_eq(name, wanted))
                continue;
            const struct engine_global_type *type = &t->core->globals[global];
            if (type->is_mutable && type->type.code == ENGINE_I32)
                return global;
        }
    }
    return ENC_NONE;
}

/* ---- what is live ---- */

static void mark(struct trim *t, uint32_t func)
{
    if (func >= t->core->func_count || t->live[func])
        return;
    t->live[func] = true;
    if (func >= t->core->func_import_count)
        t->work[t->work_count++] = func;
}

static void see(void *arg, enum enc_ref kind, uint32_t index, struct sw_str at)
{
    struct trim *t = arg;
    (void)at;
    if (kind == ENC_REF_FUNC)
        mark(t, index);
    t->memory |= kind == ENC_REF_MEMORY;
    t->stack_live |= kind == ENC_REF_GLOBAL && index == t->stack;
    t->state_live |= kind == ENC_REF_GLOBAL && index == t->state;
    if (kind == ENC_REF_TABLE || (kind == ENC_REF_MEMORY && index > 0))
        (void)enc_fail(t->e, SW_EINPUT,
                       "adapter '" SW_FMT "' uses a table or a second memory, which an adapter cannot have",
                       SW_ARG(t->module->name));
}

static struct sw_str body_of(const struct trim *t, uint32_t func)
{
    return t->core->bodies[func - t->core->func_import_count];
}

static void find_live(struct trim *t, const struct enc_wanted *wanted)
{
    for (const struct enc_wanted *w = wanted; w; w = w->next) {
        const struct engine_core_export *export = engine_core_export_find(t->core, w->name);
        if (!export || export->kind != ENGINE_CORE_FUNC)
            continue;
        t->exported[export->index] = true;
        mark(t, export->index);
    }
    while (t->e->rc == 0 && t->work_count) {
        uint32_t func = t->work[--t->work_count];
        size_t start = 0;
        if (!enc_code_walk(body_of(t, func), &start, see, t))
            (void)enc_fail(t->e, SW_EINPUT,
                           "adapter '" SW_FMT
                           "': function %u has an instruction that is not supported in an adapter",
                           SW_ARG(t->module->name), func);
    }
}

/* ---- numbers ---- */

static bool is_kept_import(const struct trim *t, const struct engine_core_import *import)
{
    return import->kind == ENGINE_CORE_FUNC && t->live[import->index] &&
           (t->main_realloc || !is_main_realloc(import));
}

/* Imports, then what was local; an allocator that the main module does not have becomes local. */
static void number(struct trim *t)
{
    bool has_stack = t->stack_live, has_state = t->state_live;
    for (uint32_t i = 0; i < t->core->import_count; i++) {
        const struct engine_core_import *import = &t->core->imports[i];
        if (!is_kept_import(t, import))
            continue;
        if (is_main_realloc(import))
            t->realloc = t->count;
        t->now[import->index] = t->count++;
    }
    t->adds_import = t->main_realloc && has_stack && t->realloc == ENC_NONE;
    if (t->adds_import)
        t->realloc = t->count++;
    t->import_count = t->count;
    for (uint32_t i = 0; i < t->core->import_count; i++) {
        const struct engine_core_import *import = &t->core->imports[i];
        if (import->kind == ENGINE_CORE_FUNC && t->live[import->index] && !is_kept_import(t, import))
            t->realloc = t->now[import->index] = t->count++;
    }
    for (uint32_t i = t->core->func_import_count; i < t->core->func_count; i++)
        if (t->live[i])
            t->now[i] = t->count++;
    t->lazy = has_stack && has_state && t->main_realloc;
    t->start = has_stack && !t->lazy && t->memory;
    t->adds_grow = t->start && (t->realloc == ENC_NONE || !has_state);
    if (t->adds_grow)
        t->realloc = t->grow = t->count++;
    if (t->lazy || t->start)
        t->allocate = t->count++;
}

/* ---- functions that are added ---- */

static void op_u32(struct enc *e, struct sw_buf *out, unsigned op, uint32_t value)
{
    enc_byte(e, out, op);
    enc_u32(e, out, value);
}

static void op_const(struct enc *e, struct sw_buf *out, int32_t value)
{
    enc_byte(e, out, 0x41);
    for (; value < -64 || value > 63; value >>= 7)
        enc_byte(e, out, ((uint32_t)value & 0x7f) | 0x80);
    enc_byte(e, out, (uint32_t)value & 0x7f);
}

/* (old, old size, align, new size): as many new pages as hold the new size, at the end of the memory, whatever the alignment up to a page.
 * Nothing is moved, so an old block is refused. Its body with the length. */
static void grow_body(struct enc *e, struct sw_buf *out)
{
    sw_auto_buf body = SW_BUF(256);
    enc_raw(e, &body, SW_LIT("\x01\x01\x7f")); /* a local: 4, the first new page */
    op_u32(e, &body, 0x20, 0);
    enc_raw(e, &body, sw_str("\x04\x40\x00\x0b", 4)); /* if, unreachable, end */
    op_u32(e, &body, 0x20, 3);
    op_const(e, &body, 1);
    enc_byte(e, &body, 0x6b); /* i32.sub: a size of 0 wraps, and no memory has that many pages left */
    op_const(e, &body, 16);
    enc_byte(e, &body, 0x76); /* i32.shr_u */
    op_const(e, &body, 1);
    enc_raw(e, &body, sw_str("\x6a\x40\x00\x22\x04", 5)); /* i32.add, memory.grow, local.tee 4 */
    op_const(e, &body, 16);
    enc_byte(e, &body, 0x74); /* i32.shl: the result */
    op_u32(e, &body, 0x20, 4);
    op_const(e, &body, -1);
    enc_raw(e, &body, sw_str("\x46\x04\x40\x00\x0b\x0b", 6)); /* i32.eq, if, unreachable, end; end */
    enc_name(e, out, sw_buf_str(&body));
}

static void allocate_body(struct trim *t, struct sw_buf *out)
{
    struct enc *e = t->e;
    sw_auto_buf body = SW_BUF(256);
    enc_byte(e, &body, 0);
    if (t->state_live) {
        op_u32(e, &body, 0x23, t->state);
        enc_raw(e, &body, SW_LIT("\x45\x04\x40")); /* i32.eqz, if */
        op_const(e, &body, 1);
        op_u32(e, &body, 0x24, t->state);
    }
    op_const(e, &body, 0);
    op_const(e, &body, 0);
    op_const(e, &body, 8);
    op_const(e, &body, STACK_BYTES);
    op_u32(e, &body, 0x10, t->realloc);
    op_const(e, &body, STACK_BYTES);
    enc_byte(e, &body, 0x6a); /* i32.add: it grows downwards */
    op_u32(e, &body, 0x24, t->stack);
    if (t->state_live) {
        op_const(e, &body, 2);
        op_u32(e, &body, 0x24, t->state);
        enc_byte(e, &body, 0x0b);
    }
    enc_byte(e, &body, 0x0b);
    enc_name(e, out, sw_buf_str(&body));
}

/* ---- the module again ---- */

static void section(struct trim *t, struct sw_buf *out, unsigned id, struct sw_buf *content)
{
    enc_section(t->e, out, id, sw_buf_str(content));
    sw_buf_clear(content);
}

static void put_types(struct trim *t, struct sw_buf *out)
{
    struct enc *e = t->e;
    sw_auto_buf part = SW_BUF(ENCODE_BYTES_MAX);
    struct enc_reader r = enc_reader(enc_find_section(t->core->bytes, 1, SW_LIT("")));
    uint32_t groups = r.p < r.end ? enc_read_u32(&r) : 0;
    enc_u32(e, &part, groups + 2);
    enc_raw(e, &part, sw_str((const char *)r.p, (size_t)(r.end - r.p)));
    enc_raw(e, &part, SW_LIT("\x60\x04\x7f\x7f\x7f\x7f\x01\x7f"));
    enc_raw(e, &part, sw_str("\x60\0\0", 3));
    t->realloc_type = t->core->type_count;
    t->nothing_type = t->core->type_count + 1;
    section(t, out, 1, &part);
}

static void put_import(struct enc *e, struct sw_buf *out, struct sw_str module, struct sw_str name,
                       uint32_t type)
{
    enc_name(e, out, module);
    enc_name(e, out, name);
    enc_byte(e, out, 0);
    enc_u32(e, out, type);
}

static void put_imports(struct trim *t, struct sw_buf *out)
{
    struct enc *e = t->e;
    sw_auto_buf part = SW_BUF(ENCODE_BYTES_MAX);
    bool memory = t->memory && t->core->memory_count;
    enc_u32(e, &part, t->import_count + memory);
    for (uint32_t i = 0; e->rc == 0 && i < t->core->import_count; i++) {
        const struct engine_core_import *import = &t->core->imports[i];
        if (import->kind == ENGINE_CORE_MEMORY && memory) {
            const struct engine_limits_type *limits = &t->core->memories[0];
            enc_name(e, &part, import->module);
            enc_name(e, &part, import->name);
            enc_byte(e, &part, 2);
            enc_byte(e, &part, limits->max == UINT64_MAX ? 0 : 1);
            enc_u32(e, &part, (uint32_t)limits->min);
            if (limits->max != UINT64_MAX)
                enc_u32(e, &part, (uint32_t)limits->max);
        }
        if (is_kept_import(t, import))
            put_import(e, &part, import->module,
                       is_main_realloc(import) ? sw_str_of(t->main_realloc) : import->name,
                       t->core->func_types[import->index]);
    }
    if (t->adds_import)
        put_import(e, &part, SW_LIT("__main_module__"), sw_str_of(t->main_realloc), t->realloc_type);
    section(t, out, 2, &part);
}

static bool is_local(const struct trim *t, uint32_t func)
{
    return t->live[func] && t->now[func] >= t->import_count;
}

static void put_functions(struct trim *t, struct sw_buf *out)
{
    struct enc *e = t->e;
    sw_auto_buf part = SW_BUF(ENCODE_BYTES_MAX);
    enc_u32(e, &part, t->count - t->import_count);
    for (uint32_t i = 0; e->rc == 0 && i < t->core->func_count; i++)
        if (is_local(t, i))
            enc_u32(e, &part, t->core->func_types[i]);
    if (t->adds_grow)
        enc_u32(e, &part, t->realloc_type);
    if (t->lazy || t->start)
        enc_u32(e, &part, t->nothing_type);
    section(t, out, 3, &part);
}

static void put_exports(struct trim *t, const struct enc_wanted *wanted, struct sw_buf *out)
{
    struct enc *e = t->e;
    sw_auto_buf part = SW_BUF(ENCODE_BYTES_MAX), list = SW_BUF(ENCODE_BYTES_MAX);
    uint32_t n = 0;
    for (uint32_t i = 0; e->rc == 0 && i < t->core->export_count; i++) {
        const struct engine_core_export *export = &t->core->exports[i];
        bool asked = false;
        for (const struct enc_wanted *w = wanted; enc_step(e) && w && !asked; w = w->next)
            asked = sw_str_eq(w->name, export->name);
        if (!asked || export->kind != ENGINE_CORE_FUNC)
            continue;
        enc_name(e, &list, export->name);
        enc_byte(e, &list, 0);
        enc_u32(e, &list, t->now[export->index]);
        n++;
    }
    enc_u32(e, &part, n);
    enc_raw(e, &part, sw_buf_str(&list));
    section(t, out, 7, &part);
}

struct rewriting {
    struct trim *t;
    struct sw_buf *out;
    const char *copied; /* up to here */
};

static void rewrite(void *arg, enum enc_ref kind, uint32_t index, struct sw_str at)
{
    struct rewriting *rw = arg;
    if (kind != ENC_REF_FUNC || index >= rw->t->core->func_count)
        return;
    enc_raw(rw->t->e, rw->out, sw_str(rw->copied, (size_t)(at.p - rw->copied)));
    enc_u32(rw->t->e, rw->out, rw->t->now[index]);
    rw->copied = at.p + at.n;
}

static void put_body(struct trim *t, uint32_t func, struct sw_buf *out)
{
    struct enc *e = t->e;
    sw_auto_buf code = SW_BUF(ENCODE_BYTES_MAX), body = SW_BUF(ENCODE_BYTES_MAX);
    struct sw_str old = body_of(t, func);
    struct rewriting rw = {.t = t, .out = &code, .copied = old.p};
    size_t start = 0;
    if (!enc_code_walk(old, &start, rewrite, &rw)) {
        (void)enc_fail(e, SW_EBUG, "function %u of an adapter is read once only", func);
        return;
    }
    enc_raw(e, &code, sw_str(rw.copied, (size_t)(old.p + old.n - rw.copied)));
    if (e->rc < 0)
        return;
    enc_raw(e, &body, sw_str(code.p, start)); /* the locals, which refer to no function */
    if (t->lazy && t->exported[func])
        op_u32(e, &body, 0x10, t->allocate);
    enc_raw(e, &body, sw_str_from(sw_buf_str(&code), start));
    enc_name(e, out, sw_buf_str(&body));
}

static void put_code(struct trim *t, struct sw_buf *out)
{
    struct enc *e = t->e;
    sw_auto_buf part = SW_BUF(ENCODE_BYTES_MAX);
    enc_u32(e, &part, t->count - t->import_count);
    for (uint32_t i = 0; e->rc == 0 && i < t->core->func_count; i++) {
        if (!is_local(t, i))
            continue;
        if (i < t->core->func_import_count)
            grow_body(e, &part);
        else
            put_body(t, i, &part);
    }
    if (t->adds_grow)
        grow_body(e, &part);
    if (t->lazy || t->start)
        allocate_body(t, &part);
    section(t, out, 10, &part);
}

static void put_module(struct trim *t, const struct enc_wanted *wanted, struct sw_buf *out)
{
    struct enc *e = t->e;
    sw_auto_buf part = SW_BUF(64);
    struct sw_str globals = enc_find_section(t->core->bytes, 6, SW_LIT(""));
    enc_raw(e, out, sw_str("\0asm\1\0\0\0", 8));
    put_types(t, out);
    put_imports(t, out);
    put_functions(t, out);
    if (globals.n)
        enc_section(e, out, 6, globals);
    put_exports(t, wanted, out);
    if (t->start) {
        enc_u32(e, &part, t->allocate);
        section(t, out, 8, &part);
    }
    put_code(t, out);
}

/* What an adapter may not have. */
static const char *fault_of(const struct engine_core *core)
{
    if (core->elem_section.n || core->data_count)
        return "has data or element segments";
    if (core->has_start)
        return "has a start function";
    if (core->memory_count > core->memory_import_count || core->memory_count > 1)
        return "has a memory of its own";
    if (core->table_import_count || core->global_import_count || core->tag_count)
        return "imports a table, a global or a tag";
    if (core->memory_count && (core->memories[0].is_64 || core->memories[0].shared ||
                               core->memories[0].page_log2 != 16 || core->memories[0].min > UINT16_MAX))
        return "needs a memory of another kind than a plain one";
    return NULL;
}

void enc_trim(struct enc *e, struct enc_module *module, const struct enc_wanted *wanted,
              const char *main_realloc)
{
    const struct engine_core *core = module->core;
    struct trim t = {
        .e = e, .module = module, .core = core, .main_realloc = main_realloc, .realloc = ENC_NONE};
    sw_auto_buf out = SW_BUF(ENCODE_BYTES_MAX);
    struct sw_str copy = SW_LIT("");
    const char *fault = fault_of(core);
    if (fault)
        (void)enc_fail(e, SW_EINPUT, "adapter '" SW_FMT "' %s, which an adapter cannot have",
                       SW_ARG(module->name), fault);
    t.live = enc_new(e, (size_t)core->func_count + 1, sizeof *t.live);
    t.exported = enc_new(e, (size_t)core->func_count + 1, sizeof *t.exported);
    t.now = enc_new(e, (size_t)core->func_count + 1, sizeof *t.now);
    t.work = enc_new(e, (size_t)core->func_count + 1, sizeof *t.work);
    t.stack = named_global(&t, SW_LIT("__stack_pointer"));
    t.state = named_global(&t, SW_LIT("allocation_state"));
    if (e->rc == 0)
        find_live(&t, wanted);
    if (e->rc < 0)
        return;
    number(&t);
    put_module(&t, wanted, &out);
    if (e->rc == 0)
        e->rc = sw_arena_copy(e->arena, sw_buf_str(&out), &copy, e->err);
    if (e->rc == 0)
        e->rc = engine_core_parse(e->arena, copy, &module->core, e->err);
}
