/* encode.c - the way through the encoder; failing.  Room: encode. */
#include "component/encode/encode_internal.h"

#include <stdio.h>

int enc_fail(struct enc *e, enum sw_code code, const char *fmt, ...)
{
    if (e->rc < 0)
        return e->rc;
    char text[SW_ERR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args); /* cut as sw_fail would */
    va_end(args);
    e->rc = sw_fail(e->err, code, "%s", text);
    return e->rc;
}

void *enc_new(struct enc *e, size_t count, size_t size)
{
    if (e->rc < 0)
        return NULL;
    void *p = sw_arena_try_array(e->arena, count, size, 16);
    if (!p)
        e->rc = sw_arena_fail(e->arena, count * size, e->err);
    return p;
}

const char *enc_text(struct enc *e, const char *fmt, ...)
{
    if (e->rc < 0)
        return "";
    char head[512];
    struct sw_str copy = SW_LIT("");
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(head, sizeof head, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof head)
        (void)enc_fail(e, SW_ELIMIT, "a name is over %zu bytes", sizeof head - 1);
    else
        e->rc = sw_arena_copy(e->arena, sw_str(head, (size_t)n), &copy, e->err);
    return copy.p ? copy.p : "";
}

bool enc_step(struct enc *e)
{
    if (e->rc == 0 && ++e->steps > ENCODE_STEPS_MAX)
        (void)enc_fail(e, SW_ELIMIT, "the world takes more than %u steps", ENCODE_STEPS_MAX);
    return e->rc == 0;
}

static void read_modules(struct enc *e)
{
    const struct encode_input *in = e->input;
    e->module_count = in->adapter_count + 1;
    e->modules = enc_new(e, e->module_count, sizeof *e->modules);
    for (uint32_t i = 0; e->rc == 0 && i < e->module_count; i++) {
        struct enc_module *module = &e->modules[i];
        module->name = i ? in->adapters[i - 1].name : SW_LIT("");
        module->present = i == 0;
        for (uint32_t k = 1; k < i; k++)
            if (sw_str_eq(e->modules[k].name, module->name))
                (void)enc_fail(e, SW_EINPUT, "there are two adapters for '" SW_FMT "'", SW_ARG(module->name));
        if (e->rc == 0)
            e->rc =
                engine_core_parse(e->arena, i ? in->adapters[i - 1].bytes : in->core, &module->core, e->err);
        if (e->rc < 0)
            e->rc = sw_wrap(e->err, "%s" SW_FMT "%s", i ? "adapter '" : "core module", SW_ARG(module->name),
                            i ? "'" : "");
        else if (module->core->import_count > ENCODE_CORE_IMPORTS_MAX)
            (void)enc_fail(e, SW_ELIMIT, "the core module has more than %d imports", ENCODE_CORE_IMPORTS_MAX);
    }
}

/* The world that was given comes behind those that the module has, as if it had been put into the module last. */
static void read_worlds(struct enc *e)
{
    const struct encode_input *in = e->input;
    for (uint32_t i = 0; e->rc == 0 && i < e->module_count; i++) {
        enc_embedded(e, &e->modules[i]);
        struct enc_world *given = i == 0 && in->world ? enc_new(e, 1, sizeof *given) : NULL;
        if (!given)
            continue;
        *given = (struct enc_world){.set = in->set, .world = in->world};
        enc_add_world(e, given, &e->modules[0]);
    }
    if (e->rc == 0 && !e->worlds)
        (void)enc_fail(
            e, SW_EINPUT,
            "the core module does not say which world it is for: it has no section 'component-type'"
            "\nhint: name the world with --wit and --world");
    if (e->rc == 0)
        enc_join(e);
}

int encode_component(struct sw_arena *arena, const struct encode_input *input, struct sw_buf *out,
                     struct sw_err *err)
{
    struct enc e = {.arena = arena, .err = err, .input = input, .shim = ENC_NONE};
    e.root.bytes = SW_BUF(ENCODE_BYTES_MAX);
    if (input->adapter_count > ENCODE_ADAPTERS_MAX)
        return sw_fail(err, SW_ELIMIT, "there are more than %d adapters", ENCODE_ADAPTERS_MAX);
    read_modules(&e);
    if (e.rc == 0)
        read_worlds(&e);
    if (e.rc == 0) {
        e.world_scope = (struct enc_scope){.kind = ENC_SCOPE_WORLD, .sink = &e.root, .home = &e.world->home};
        enc_gather(&e);
    }
    if (e.rc == 0)
        enc_standard_names(&e);
    if (e.rc == 0)
        enc_match(&e);
    if (e.rc == 0)
        enc_component(&e);
    if (e.rc == 0) {
        sw_buf_clear(out);
        e.rc = sw_buf_add(out, sw_buf_str(&e.root.bytes), err);
    }
    sw_buf_deinit(&e.root.bytes);
    return e.rc;
}

int encode_imports_module(struct sw_arena *arena, struct sw_str core, struct sw_str module,
                          struct sw_err *err)
{
    struct engine_core *parsed = NULL;
    int rc = engine_core_parse(arena, core, &parsed, err);
    if (rc < 0)
        return sw_wrap(err, "core module");
    for (uint32_t i = 0; i < parsed->import_count; i++)
        if (sw_str_eq(parsed->imports[i].module, module))
            return 0;
    return SW_ABSENT;
}

int encode_exports_func(struct sw_arena *arena, struct sw_str core, struct sw_str name, struct sw_err *err)
{
    struct engine_core *parsed = NULL;
    int rc = engine_core_parse(arena, core, &parsed, err);
    if (rc < 0)
        return sw_wrap(err, "core module");
    const struct engine_core_export *found = engine_core_export_find(parsed, name);
    return found && found->kind == ENGINE_CORE_FUNC ? 0 : SW_ABSENT;
}
