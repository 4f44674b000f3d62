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

int encode_component(struct sw_arena *arena, struct sw_str core, const struct wit_world *world,
                     struct sw_buf *out, struct sw_err *err)
{
    struct enc e = {.arena = arena, .err = err, .world = world, .shim = ENC_NONE};
    e.root.bytes = SW_BUF(ENCODE_BYTES_MAX);
    e.world_scope = (struct enc_scope){.kind = ENC_SCOPE_WORLD, .sink = &e.root, .home = &world->home};
    e.rc = engine_core_parse(arena, core, &e.core, err);
    if (e.rc < 0)
        return sw_wrap(err, "core module");
    if (e.core->import_count > ENCODE_CORE_IMPORTS_MAX)
        return sw_fail(err, SW_ELIMIT, "the core module has more than %d imports", ENCODE_CORE_IMPORTS_MAX);
    enc_gather(&e);
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
