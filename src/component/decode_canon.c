/* decode_canon.c - canonical definitions and their options.  Room: component.  Source: Binary.md, "Canonical Definitions". */
#include "component/decode.h"
#include "component/limits.h"

/* Every definition but lift appends a core function. Operands, in order:
 *   F core function   f function   y type   o options   r results   a async flag   c cancellable flag   s shared flag   m core memory
 *   t core table   k core type   v core value type   u number   z the byte 0 */
static const struct canon_row {
    uint8_t code;
    enum component_canon_form form;
    const char *name;
    const char *operands;
} canons[] = {
    {0x00, COMPONENT_CANON_LIFT, "lift", "zFoy"},
    {0x01, COMPONENT_CANON_LOWER, "lower", "zfo"},
    {0x02, COMPONENT_CANON_RESOURCE_NEW, "resource.new", "y"},
    {0x03, COMPONENT_CANON_RESOURCE_DROP, "resource.drop", "y"},
    {0x04, COMPONENT_CANON_RESOURCE_REP, "resource.rep", "y"},
    {0x05, COMPONENT_CANON_ASYNC, "task.cancel", ""},
    {0x06, COMPONENT_CANON_ASYNC, "subtask.cancel", "a"},
    {0x09, COMPONENT_CANON_ASYNC, "task.return", "ro"},
    {0x0a, COMPONENT_CANON_ASYNC, "context.get", "vu"},
    {0x0b, COMPONENT_CANON_ASYNC, "context.set", "vu"},
    {0x0c, COMPONENT_CANON_ASYNC, "thread.yield", "c"},
    {0x0d, COMPONENT_CANON_ASYNC, "subtask.drop", ""},
    {0x0e, COMPONENT_CANON_ASYNC, "stream.new", "y"},
    {0x0f, COMPONENT_CANON_ASYNC, "stream.read", "yo"},
    {0x10, COMPONENT_CANON_ASYNC, "stream.write", "yo"},
    {0x11, COMPONENT_CANON_ASYNC, "stream.cancel-read", "ya"},
    {0x12, COMPONENT_CANON_ASYNC, "stream.cancel-write", "ya"},
    {0x13, COMPONENT_CANON_ASYNC, "stream.drop-readable", "y"},
    {0x14, COMPONENT_CANON_ASYNC, "stream.drop-writable", "y"},
    {0x15, COMPONENT_CANON_ASYNC, "future.new", "y"},
    {0x16, COMPONENT_CANON_ASYNC, "future.read", "yo"},
    {0x17, COMPONENT_CANON_ASYNC, "future.write", "yo"},
    {0x18, COMPONENT_CANON_ASYNC, "future.cancel-read", "ya"},
    {0x19, COMPONENT_CANON_ASYNC, "future.cancel-write", "ya"},
    {0x1a, COMPONENT_CANON_ASYNC, "future.drop-readable", "y"},
    {0x1b, COMPONENT_CANON_ASYNC, "future.drop-writable", "y"},
    {0x1c, COMPONENT_CANON_ASYNC, "error-context.new", "o"},
    {0x1d, COMPONENT_CANON_ASYNC, "error-context.debug-message", "o"},
    {0x1e, COMPONENT_CANON_ASYNC, "error-context.drop", ""},
    {0x1f, COMPONENT_CANON_ASYNC, "waitable-set.new", ""},
    {0x20, COMPONENT_CANON_ASYNC, "waitable-set.wait", "cm"},
    {0x21, COMPONENT_CANON_ASYNC, "waitable-set.poll", "cm"},
    {0x22, COMPONENT_CANON_ASYNC, "waitable-set.drop", ""},
    {0x23, COMPONENT_CANON_ASYNC, "waitable.join", ""},
    {0x24, COMPONENT_CANON_ASYNC, "backpressure.inc", ""},
    {0x25, COMPONENT_CANON_ASYNC, "backpressure.dec", ""},
    {0x26, COMPONENT_CANON_ASYNC, "thread.index", ""},
    {0x27, COMPONENT_CANON_ASYNC, "thread.new-indirect", "kt"},
    {0x28, COMPONENT_CANON_ASYNC, "thread.resume-later", ""},
    {0x29, COMPONENT_CANON_ASYNC, "thread.suspend", "c"},
    {0x2a, COMPONENT_CANON_ASYNC, "thread.suspend-then-resume", "c"},
    {0x2b, COMPONENT_CANON_ASYNC, "thread.yield-then-resume", "c"},
    {0x2c, COMPONENT_CANON_ASYNC, "thread.suspend-then-promote", "c"},
    {0x2d, COMPONENT_CANON_ASYNC, "thread.yield-then-promote", "c"},
    {0x40, COMPONENT_CANON_ASYNC, "thread.spawn-ref", "sk"},
    {0x41, COMPONENT_CANON_ASYNC, "thread.spawn-indirect", "skt"},
    {0x42, COMPONENT_CANON_ASYNC, "thread.available-parallelism", "s"},
};

static const struct canon_row *row_of(uint8_t code)
{
    for (size_t i = 0; i < sizeof canons / sizeof *canons; i++)
        if (canons[i].code == code)
            return &canons[i];
    return NULL;
}

static void once(struct component_decoder *d, uint32_t at, bool *seen, const char *name)
{
    if (*seen)
        component__bad(d, at, "canonical option '%s' is there twice", name);
    *seen = true;
}

static void option(struct component_decoder *d, const struct component_scope *scope,
                   struct component_canon_options *options)
{
    uint32_t at = component__at(d);
    uint8_t code = component__u8(d);
    switch (code) {
    case 0x00:
    case 0x01:
    case 0x02:
        once(d, at, &options->has_encoding, "string-encoding");
        options->encoding = (enum component_encoding)code;
        return;
    case 0x03:
        once(d, at, &options->has_memory, "memory");
        options->memory = component__index(d, scope, COMPONENT_SORT_CORE_MEMORY);
        return;
    case 0x04:
        once(d, at, &options->has_realloc, "realloc");
        options->realloc = component__index(d, scope, COMPONENT_SORT_CORE_FUNC);
        return;
    case 0x05:
        once(d, at, &options->has_post_return, "post-return");
        options->post_return = component__index(d, scope, COMPONENT_SORT_CORE_FUNC);
        return;
    case 0x06:
        once(d, at, &options->is_async, "async");
        return;
    case 0x07:
        once(d, at, &options->has_callback, "callback");
        options->callback = component__index(d, scope, COMPONENT_SORT_CORE_FUNC);
        return;
    default:
        component__bad(d, at, "unknown canonical option 0x%02x", code);
    }
}

static void options_of(struct component_decoder *d, const struct component_scope *scope,
                       struct component_canon_options *options)
{
    uint32_t count = component__count(d, COMPONENT_OPTIONS_MAX, "canonical options");
    for (uint32_t i = 0; i < count && d->rc == 0; i++)
        option(d, scope, options);
}

static void operand(struct component_decoder *d, const struct component_scope *scope, char kind,
                    struct component_canon *canon)
{
    uint32_t at = component__at(d);
    switch (kind) {
    case 'F':
        canon->func = component__index(d, scope, COMPONENT_SORT_CORE_FUNC);
        return;
    case 'f':
        canon->func = component__index(d, scope, COMPONENT_SORT_FUNC);
        return;
    case 'y':
        canon->type = component__index(d, scope, COMPONENT_SORT_TYPE);
        return;
    case 'o':
        options_of(d, scope, &canon->options);
        return;
    case 'z':
        if (component__u8(d) != 0)
            component__bad(d, at, "canon %s of something that is not a function", canon->name);
        return;
    case 'r':
        canon->result = component__result_list(d, scope);
        return;
    case 'a':
    case 's':
        canon->flag = component__flag(d, "flag of a canonical definition");
        return;
    case 'c': /* cancellable: in the specification followed here, dropped from later ones, whose tools write 0 */
        canon->flag = component__flag(d, "flag of a canonical definition");
        return;
    case 'm':
        canon->memory = component__index(d, scope, COMPONENT_SORT_CORE_MEMORY);
        return;
    case 't':
        canon->table = component__index(d, scope, COMPONENT_SORT_CORE_TABLE);
        return;
    case 'k':
        canon->core_type = component__index(d, scope, COMPONENT_SORT_CORE_TYPE);
        return;
    case 'v':
        canon->valtype = component__core_valtype(d);
        return;
    default:
        canon->number = component__u32(d);
        return;
    }
}

void component__canon(struct component_decoder *d, struct component_scope *scope)
{
    uint32_t at = component__at(d);
    uint8_t code = component__u8(d);
    struct component_canon *canon = component__take(d, 1, sizeof *canon);
    if (!canon)
        return;
    const struct canon_row *row = row_of(code);
    if (!row) {
        component__bad(d, at, "unknown canonical definition 0x%02x", code);
        return;
    }
    canon->form = row->form;
    canon->name = row->name;
    for (const char *kind = row->operands; *kind && d->rc == 0; kind++)
        operand(d, scope, *kind, canon);
    enum component_sort sort =
        row->form == COMPONENT_CANON_LIFT ? COMPONENT_SORT_FUNC : COMPONENT_SORT_CORE_FUNC;
    component__define(
        d, scope,
        (struct component_def){.kind = COMPONENT_DEF_CANON, .sort = sort, .at = at, .canon = canon});
}
