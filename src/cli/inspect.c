/* inspect.c - swell inspect: what a component is made of, and whether it can be served.  Room: cli. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/inspect_internal.h"
#include "component/component.h"
#include "host/host.h"

const struct cli_option cli_inspect_options[] = {
    {"FILE", 0, CLI_OPERAND, NULL, offsetof(struct cli_inspect, file), 0, "The component or core module"},
    {"format", 0, CLI_TEXT, "FORMAT", offsetof(struct cli_inspect, format), 0, "text (default) or json"},
    {0},
};

#define HANDLER SW_LIT("wasi:http/incoming-handler@0.2.")

/* ---- lists ---- */

static void *grow(struct inspect *in, void *items, uint32_t count, uint32_t *cap, size_t size)
{
    if (in->rc < 0 || count < *cap)
        return items;
    uint32_t wider = *cap ? *cap * 2 : 16;
    void *made = sw_arena_try_array(&in->arena, wider, size, alignof(max_align_t));
    if (!made) {
        in->rc = sw_arena_fail(&in->arena, wider * size, in->err);
        return items;
    }
    if (count)
        memcpy(made, items, count * size);
    *cap = wider;
    return made;
}

#define PUSH(in, list, ...)                                                                                  \
    do {                                                                                                     \
        (in)->list.p = grow((in), (in)->list.p, (in)->list.count, &(in)->list.cap, sizeof *(in)->list.p);    \
        if ((in)->rc == 0)                                                                                   \
            (in)->list.p[(in)->list.count++] = __VA_ARGS__;                                                  \
    } while (0)

/* ---- sections ---- */

struct cursor {
    const uint8_t *p, *end;
    bool bad; /* sticky: later reads give nothing */
};

static uint32_t read_u32(struct cursor *c)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        if (c->bad || c->p == c->end)
            break;
        uint8_t byte = *c->p++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80) && value <= UINT32_MAX)
            return (uint32_t)value;
    }
    c->bad = true;
    return 0;
}

static struct sw_str read_bytes(struct cursor *c, uint32_t n)
{
    if (c->bad || n > (size_t)(c->end - c->p)) {
        c->bad = true;
        return SW_LIT("");
    }
    struct sw_str bytes = {(const char *)c->p, n};
    c->p += n;
    return bytes;
}

static struct sw_str read_name(struct cursor *c)
{
    struct sw_str name = read_bytes(c, read_u32(c));
    if (!sw_utf8_valid(name))
        c->bad = true;
    return c->bad ? SW_LIT("") : name;
}

static void add_producer(struct inspect *in, const struct inspect_producer *producer)
{
    for (uint32_t i = 0; i < in->producers.count; i++) {
        const struct inspect_producer *old = &in->producers.p[i];
        if (sw_str_eq(old->field, producer->field) && sw_str_eq(old->name, producer->name) &&
            sw_str_eq(old->version, producer->version))
            return;
    }
    if (in->producers.count < CLI_PRODUCERS_MAX)
        PUSH(in, producers, *producer);
}

/* Tool conventions, "Producers Section". What breaks off is ignored from there on: nothing depends on it. */
static void read_producers(struct inspect *in, struct cursor c)
{
    for (uint32_t fields = read_u32(&c); fields && !c.bad; fields--) {
        struct sw_str field = read_name(&c);
        for (uint32_t values = read_u32(&c); values && !c.bad; values--) {
            struct sw_str name = read_name(&c);
            struct inspect_producer producer = {field, name, read_name(&c)};
            if (!c.bad)
                add_producer(in, &producer);
        }
    }
}

static void read_custom(struct inspect *in, struct sw_str section, uint32_t depth)
{
    struct cursor c = {.p = (const uint8_t *)section.p, .end = (const uint8_t *)section.p + section.n};
    struct sw_str name = read_name(&c);
    if (c.bad)
        return;
    PUSH(in, customs, (struct inspect_custom){name, (size_t)(c.end - c.p), depth});
    if (sw_str_eq(name, SW_LIT("producers")))
        read_producers(in, c);
}

#define SECTION_CUSTOM 0
#define SECTION_CORE_MODULE 1 /* of a component; Binary.md, "Component Definitions" */
#define SECTION_COMPONENT 4
#define PREAMBLE_BYTES 8

/* The decoder has accepted the file: sections and nesting are right. Recursion: CLI_NESTING_MAX. */
static void walk(struct inspect *in, struct sw_str bytes, uint32_t depth)
{
    bool is_component = component_is_component(bytes);
    struct sw_str body = sw_str_from(bytes, PREAMBLE_BYTES);
    if (!body.n || depth > CLI_NESTING_MAX)
        return;
    struct cursor c = {.p = (const uint8_t *)body.p, .end = (const uint8_t *)body.p + body.n};
    while (in->rc == 0 && !c.bad && c.p < c.end) {
        uint8_t id = *c.p++;
        struct sw_str section = read_bytes(&c, read_u32(&c));
        if (c.bad)
            return;
        if (id == SECTION_CUSTOM)
            read_custom(in, section, depth);
        if (!is_component || (id != SECTION_CORE_MODULE && id != SECTION_COMPONENT))
            continue;
        in->component_count += id == SECTION_COMPONENT;
        walk(in, section, depth + 1);
    }
}

/* ---- a component, a module ---- */

static void on_missing(void *arg, struct sw_str import, struct sw_str func)
{
    struct inspect *in = arg;
    PUSH(in, missing, (struct inspect_missing){import, func});
}

static int judge(struct inspect *in, const struct component_binary *binary)
{
    struct component_plan *plan = NULL;
    struct sw_err why;
    component_world_missing(in->world, host_interfaces(), on_missing, in);
    if (in->rc < 0)
        return in->rc;
    in->is_linked = component_link(binary, host_interfaces(), &plan, &why) == 0;
    component_plan_free(plan);
    if (!in->is_linked)
        memcpy(in->refused, why.text, sizeof in->refused);
    for (uint32_t i = 0; i < component_world_count(in->world, COMPONENT_EXPORTS); i++)
        in->has_handler |= sw_str_starts(component_world_port(in->world, COMPONENT_EXPORTS, i).name, HANDLER);
    return 0;
}

static int look_into_component(struct inspect *in, const struct component_binary *binary)
{
    in->core_count = component_binary_core_count(binary);
    in->cores = SW_ARENA_ARRAY(&in->arena, in->core_count, const struct engine_core *);
    if (!in->cores)
        return sw_arena_fail(&in->arena, in->core_count * sizeof *in->cores, in->err);
    for (uint32_t i = 0; i < in->core_count; i++)
        in->cores[i] = component_binary_core(binary, i);
    int rc = component_world_new(binary, &in->world, in->err);
    return rc < 0 ? rc : judge(in, binary);
}

static int look_into_module(struct inspect *in)
{
    struct engine_core *core = NULL;
    int rc = engine_core_parse(&in->arena, in->bytes, &core, in->err);
    if (rc < 0)
        return rc;
    in->cores = SW_ARENA_ARRAY(&in->arena, 1, const struct engine_core *);
    if (!in->cores)
        return sw_arena_fail(&in->arena, sizeof *in->cores, in->err);
    in->cores[0] = core;
    in->core_count = 1;
    return 0;
}

static int print(const struct inspect *in, bool json, FILE *out, struct sw_err *err)
{
    sw_auto_buf text = SW_BUF(CLI_OUTPUT_BYTES_MAX);
    int rc = json ? cli__inspect_json(in, &text, err) : cli__inspect_text(in, &text, err);
    return rc < 0 ? rc : cli_print_buf(out, &text, err);
}

int cli_inspect_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_inspect *options = parsed;
    struct sw_str format = options->format ? sw_str_of(options->format) : SW_LIT("text");
    bool json = sw_str_eq(format, SW_LIT("json"));
    if (!json && !sw_str_eq(format, SW_LIT("text")))
        return sw_fail(err, SW_EINPUT, "--format: expected text or json, got '" SW_FMT "'", SW_ARG(format));
    sw_auto_buf bytes = SW_BUF(0);
    int rc = cli_wasm_read(options->file, &bytes, err);
    if (rc < 0)
        return rc;
    struct component_binary *binary = NULL;
    struct inspect in = {.file = options->file,
                         .bytes = sw_buf_str(&bytes),
                         .is_component = component_is_component(sw_buf_str(&bytes)),
                         .arena = SW_ARENA(CLI_OUTPUT_BYTES_MAX),
                         .err = err};
    if (in.is_component)
        rc = component_decode(in.bytes, &binary, err);
    if (rc == 0)
        rc = in.is_component ? look_into_component(&in, binary) : look_into_module(&in);
    if (rc == 0) {
        walk(&in, in.bytes, 0);
        rc = in.rc;
    }
    if (rc == 0)
        rc = print(&in, json, io->out, err);
    component_world_free(in.world);
    component_binary_free(binary);
    sw_arena_deinit(&in.arena);
    return rc < 0 ? sw_wrap(err, "'%s'", options->file) : 0;
}
