/* inspect_print.c - swell inspect's two forms of output.  Room: cli. */
#include "cli/inspect_internal.h"
#include "codec/json.h"

struct out {
    struct sw_buf *to;
    struct sw_err *err;
    int rc;       /* sticky */
    bool is_next; /* JSON: a comma goes before the next member */
};

#define SAY(o, ...)                                                                                          \
    do {                                                                                                     \
        if ((o)->rc == 0)                                                                                    \
            (o)->rc = sw_buf_printf((o)->to, (o)->err, __VA_ARGS__);                                         \
    } while (0)

static uint64_t memory_bytes(const struct engine_limits_type *memory)
{
    return memory->page_log2 < 32 && memory->min < UINT64_C(1) << 31 ? memory->min << memory->page_log2
                                                                     : UINT64_MAX;
}

/* ---- text ---- */

static void core_text(struct out *o, const struct engine_core *core, uint32_t index)
{
    SAY(o, "  core module %u: %zu bytes, %u imports, %u exports, %u functions\n", index, core->bytes.n,
        core->import_count, core->export_count, core->func_count - core->func_import_count);
    for (uint32_t i = core->memory_import_count; i < core->memory_count; i++) {
        const struct engine_limits_type *memory = &core->memories[i];
        SAY(o, "    memory: %llu pages at first (%llu bytes)", (unsigned long long)memory->min,
            (unsigned long long)memory_bytes(memory));
        if (memory->max != UINT64_MAX)
            SAY(o, ", %llu at most", (unsigned long long)memory->max);
        SAY(o, "\n");
    }
}

static void ports_text(struct out *o, const struct inspect *in, enum component_side side)
{
    uint32_t count = component_world_count(in->world, side);
    SAY(o, "%s: %u\n", side == COMPONENT_IMPORTS ? "imports" : "exports", count);
    for (uint32_t i = 0; i < count; i++) {
        struct component_world_port port = component_world_port(in->world, side, i);
        SAY(o, "  " SW_FMT " (%s", SW_ARG(port.name), port.kind);
        if (port.func_count)
            SAY(o, ", %u function%s", port.func_count, port.func_count == 1 ? "" : "s");
        SAY(o, ")\n");
    }
}

static void verdict_text(struct out *o, const struct inspect *in)
{
    bool served = in->is_linked && in->has_handler;
    SAY(o, "served by this Swell: %s\n", served ? "yes" : "no");
    for (uint32_t i = 0; i < in->missing.count; i++) {
        const struct inspect_missing *missing = &in->missing.p[i];
        SAY(o, "  missing import: " SW_FMT "%s" SW_FMT "\n", SW_ARG(missing->import),
            missing->func.n ? "#" : "", SW_ARG(missing->func));
    }
    if (!in->is_linked && !in->missing.count)
        SAY(o, "  %s\n", in->refused);
    if (!in->has_handler)
        SAY(o, "  missing export: wasi:http/incoming-handler@0.2\n");
}

static void tail_text(struct out *o, const struct inspect *in)
{
    SAY(o, "producers: %u\n", in->producers.count);
    for (uint32_t i = 0; i < in->producers.count; i++) {
        const struct inspect_producer *producer = &in->producers.p[i];
        SAY(o, "  " SW_FMT ": " SW_FMT "%s" SW_FMT "\n", SW_ARG(producer->field), SW_ARG(producer->name),
            producer->version.n ? " " : "", SW_ARG(producer->version));
    }
    SAY(o, "custom sections: %u\n", in->customs.count);
    for (uint32_t i = 0; i < in->customs.count; i++) {
        const struct inspect_custom *custom = &in->customs.p[i];
        SAY(o, "  " SW_FMT ": %zu bytes%s\n", SW_ARG(custom->name), custom->bytes,
            custom->depth ? ", nested" : "");
    }
}

int cli__inspect_text(const struct inspect *in, struct sw_buf *to, struct sw_err *err)
{
    struct out o = {.to = to, .err = err};
    SAY(&o, "%s: %s, %zu bytes\n", in->file, in->is_component ? "component" : "core module", in->bytes.n);
    SAY(&o, "core modules: %u\n", in->core_count);
    for (uint32_t i = 0; i < in->core_count; i++)
        core_text(&o, in->cores[i], i);
    if (in->is_component) {
        SAY(&o, "nested components: %u\n", in->component_count);
        ports_text(&o, in, COMPONENT_IMPORTS);
        ports_text(&o, in, COMPONENT_EXPORTS);
        verdict_text(&o, in);
    }
    tail_text(&o, in);
    return o.rc;
}

/* ---- JSON ---- */

static void text(struct out *o, struct sw_str value)
{
    if (o->rc == 0)
        o->rc = codec_json_add_string(o->to, value, o->err);
}

static void key(struct out *o, const char *name)
{
    SAY(o, "%s\"%s\": ", o->is_next ? ", " : "", name);
    o->is_next = true;
}

static void text_member(struct out *o, const char *name, struct sw_str value)
{
    key(o, name);
    text(o, value);
}

static void number_member(struct out *o, const char *name, uint64_t value)
{
    key(o, name);
    SAY(o, "%llu", (unsigned long long)value);
}

static void bool_member(struct out *o, const char *name, bool value)
{
    key(o, name);
    SAY(o, "%s", value ? "true" : "false");
}

static void begin(struct out *o, bool first) /* an object in a list */
{
    SAY(o, "%s{", first ? "" : ", ");
    o->is_next = false;
}

static void end(struct out *o, const char *close)
{
    SAY(o, "%s", close);
    o->is_next = true;
}

static void cores_json(struct out *o, const struct inspect *in)
{
    key(o, "core-modules");
    SAY(o, "[");
    for (uint32_t i = 0; i < in->core_count; i++) {
        const struct engine_core *core = in->cores[i];
        begin(o, i == 0);
        number_member(o, "bytes", core->bytes.n);
        number_member(o, "imports", core->import_count);
        number_member(o, "exports", core->export_count);
        number_member(o, "functions", core->func_count - core->func_import_count);
        key(o, "memories");
        SAY(o, "[");
        for (uint32_t k = core->memory_import_count; k < core->memory_count; k++) {
            begin(o, k == core->memory_import_count);
            number_member(o, "min-pages", core->memories[k].min);
            if (core->memories[k].max != UINT64_MAX)
                number_member(o, "max-pages", core->memories[k].max);
            number_member(o, "page-bytes", UINT64_C(1) << (core->memories[k].page_log2 & 63));
            end(o, "}");
        }
        end(o, "]}");
    }
    end(o, "]");
}

static void ports_json(struct out *o, const struct inspect *in, enum component_side side)
{
    key(o, side == COMPONENT_IMPORTS ? "imports" : "exports");
    SAY(o, "[");
    for (uint32_t i = 0; i < component_world_count(in->world, side); i++) {
        struct component_world_port port = component_world_port(in->world, side, i);
        size_t at = sw_str_rfind(port.name, '@');
        begin(o, i == 0);
        text_member(o, "name", sw_str_head(port.name, at));
        if (at != SW_NPOS)
            text_member(o, "version", sw_str_from(port.name, at + 1));
        text_member(o, "kind", sw_str_of(port.kind));
        number_member(o, "functions", port.func_count);
        end(o, "}");
    }
    end(o, "]");
}

static void verdict_json(struct out *o, const struct inspect *in)
{
    bool_member(o, "served", in->is_linked && in->has_handler);
    key(o, "missing-imports");
    SAY(o, "[");
    for (uint32_t i = 0; i < in->missing.count; i++) {
        begin(o, i == 0);
        text_member(o, "import", in->missing.p[i].import);
        if (in->missing.p[i].func.n)
            text_member(o, "function", in->missing.p[i].func);
        end(o, "}");
    }
    end(o, "]");
    if (!in->is_linked && !in->missing.count)
        text_member(o, "refused", sw_str_of(in->refused));
    bool_member(o, "exports-http-handler", in->has_handler);
}

static void tail_json(struct out *o, const struct inspect *in)
{
    key(o, "producers");
    SAY(o, "[");
    for (uint32_t i = 0; i < in->producers.count; i++) {
        begin(o, i == 0);
        text_member(o, "field", in->producers.p[i].field);
        text_member(o, "name", in->producers.p[i].name);
        text_member(o, "version", in->producers.p[i].version);
        end(o, "}");
    }
    end(o, "]");
    key(o, "custom-sections");
    SAY(o, "[");
    for (uint32_t i = 0; i < in->customs.count; i++) {
        begin(o, i == 0);
        text_member(o, "name", in->customs.p[i].name);
        number_member(o, "bytes", in->customs.p[i].bytes);
        number_member(o, "depth", in->customs.p[i].depth);
        end(o, "}");
    }
    end(o, "]");
}

int cli__inspect_json(const struct inspect *in, struct sw_buf *to, struct sw_err *err)
{
    struct out o = {.to = to, .err = err};
    SAY(&o, "{");
    text_member(&o, "kind", in->is_component ? SW_LIT("component") : SW_LIT("core module"));
    number_member(&o, "bytes", in->bytes.n);
    cores_json(&o, in);
    if (in->is_component) {
        number_member(&o, "nested-components", in->component_count);
        ports_json(&o, in, COMPONENT_IMPORTS);
        ports_json(&o, in, COMPONENT_EXPORTS);
        verdict_json(&o, in);
    }
    tail_json(&o, in);
    SAY(&o, "}\n");
    return o.rc;
}
