/* adapt.c - core modules that older SDKs made, as components.  Room: host.
 *
 *   sections that name a world? --yes--> made by bindings that can be adapted? --+
 *            | no                                                                v
 *   the exports of the first SDKs? --yes--> names of today --------> a world of what the module has
 *            | no: not for a component                                           |
 *            v                                       encode_component <----------'
 *
 * The first SDKs had bindings of their own (wit-bindgen 0.2), with other names; core types and layouts are those of today's canonical ABI. */
#include "host/adapt.h"

#include "base/arena.h"
#include "component/encode/encode.h"
#include "component/host.h"
#include "engine/core.h"
#include "host/adapt_wit.h"
#include "host/limits.h"
#include "host/wasi01/p1.h"

/* ---- names of wit-bindgen 0.2, and what they are called today; source: spin.md 3.4 ---- */

static const struct {
    const char *module, *interface;
} modules[] = {
    {"spin-config", "fermyon:spin/config"},   {"wasi-outbound-http", "fermyon:spin/http"},
    {"outbound-redis", "fermyon:spin/redis"}, {"outbound-pg", "fermyon:spin/postgres"},
    {"outbound-mysql", "fermyon:spin/mysql"}, {"sqlite", "fermyon:spin/sqlite"},
    {"key-value", "fermyon:spin/key-value"},  {"llm", "fermyon:spin/llm"},
};
static const struct {
    const char *name, *interface, *func;
} exports[] = {
    {"handle-http-request", "fermyon:spin/inbound-http", "fermyon:spin/inbound-http#handle-request"},
    {"handle-redis-message", "fermyon:spin/inbound-redis", "fermyon:spin/inbound-redis#handle-message"},
};
#define MODULE_COUNT (sizeof modules / sizeof *modules)
#define EXPORT_COUNT (sizeof exports / sizeof *exports)
#define SPIN_HTTP 1 /* the only one whose function has another name, too */

struct adapt {
    struct sw_arena *arena;
    struct sw_err *err;
    const struct engine_core *core;
    bool is_old;                 /* names of wit-bindgen 0.2 */
    const struct wit_file *spin; /* wit/fermyon-spin.wit */
    bool imports[MODULE_COUNT];  /* old: what it has */
    bool exports[EXPORT_COUNT];
    bool imports_wasi;
};

static size_t find_module(struct sw_str name)
{
    size_t i = 0;
    while (i < MODULE_COUNT && !sw_str_eq(sw_str_of(modules[i].module), name))
        i++;
    return i;
}

static size_t find_export(struct sw_str name)
{
    size_t i = 0;
    while (i < EXPORT_COUNT && !sw_str_eq(sw_str_of(exports[i].name), name))
        i++;
    return i;
}

static bool is_wasi(struct sw_str module)
{
    return sw_str_eq(module, SW_LIT(HOST_P1_MODULE));
}

/* The two tables of WASI 0.1 have the same functions in the same order. NULL: it has no such function. */
static const char *wasi_func(struct sw_str name)
{
    for (uint32_t i = 0; i < host_p1_module.func_count; i++)
        if (sw_str_eq(name, sw_str_of(host_p1_module.funcs[i].name)))
            return host_p1_interface.funcs[i].name;
    return NULL;
}

static void rename_func(void *arg, struct sw_str *module, struct sw_str *name)
{
    const struct adapt *a = arg;
    size_t at;
    if (module && is_wasi(*module)) {
        *module = SW_LIT(HOST_P1_INTERFACE);
        *name = sw_str_of(wasi_func(*name)); /* there is one: look */
    } else if (a->is_old && module && (at = find_module(*module)) < MODULE_COUNT) {
        *module = sw_str_of(modules[at].interface);
        if (at == SPIN_HTTP && sw_str_eq(*name, SW_LIT("request")))
            *name = SW_LIT("send-request");
    } else if (a->is_old && !module && (at = find_export(*name)) < EXPORT_COUNT) {
        *name = sw_str_of(exports[at].func);
    }
}

/* ---- which kind it is ---- */

/* "0.5" and later of 0.x: what Spin adapts. */
static int check_version(struct sw_str version, struct sw_err *err)
{
    size_t dot = sw_str_find(version, '.');
    struct sw_str rest = dot == SW_NPOS ? SW_LIT("") : sw_str_from(version, dot + 1);
    uint64_t major = 0, minor = 0;
    size_t end = sw_str_find(rest, '.');
    if (dot != SW_NPOS && sw_str_to_u64(sw_str_head(version, dot), UINT8_MAX, &major) &&
        sw_str_to_u64(sw_str_head(rest, end), UINT8_MAX, &minor) && major == 0 && minor >= 5)
        return 0;
    return sw_fail(err, SW_EINPUT,
                   "cannot adapt modules created with wit-bindgen version " SW_FMT
                   ": expected 0.5 or later of 0.x\nhint: build it with a newer SDK",
                   SW_ARG(sw_str_head(version, 64)));
}

static int look_at_imports(struct adapt *a)
{
    for (uint32_t i = 0; i < a->core->import_count; i++) {
        const struct engine_core_import *import = &a->core->imports[i];
        size_t at = find_module(import->module);
        if (at < MODULE_COUNT)
            a->imports[at] = true;
        if (!is_wasi(import->module))
            continue;
        a->imports_wasi = true;
        if (!wasi_func(import->name))
            return sw_fail(a->err, SW_EINPUT, "imports '" SW_FMT "' of '%s', which this host does not have",
                           SW_ARG(import->name), HOST_P1_MODULE);
    }
    return 0;
}

/* Returns 0 or SW_ABSENT. */
static int look(struct adapt *a)
{
    struct sw_str version;
    bool any = false;
    int rc = encode_bindgen(a->core, &version);
    for (uint32_t i = 0; i < a->core->export_count; i++) {
        size_t at = find_export(a->core->exports[i].name);
        if (at < EXPORT_COUNT && a->core->exports[i].kind == ENGINE_CORE_FUNC)
            any = a->exports[at] = true;
    }
    a->is_old = rc == SW_ABSENT;
    if (rc == SW_ABSENT && !any)
        return SW_ABSENT;
    rc = rc == 0 && version.n ? check_version(version, a->err) : 0;
    return rc < 0 ? rc : look_at_imports(a);
}

/* ---- its world ---- */

static bool serves(const struct adapt *a, const char *interface)
{
    const struct wit_block *block = a->spin->blocks[0];
    struct sw_str name = sw_str_from(sw_str_of(interface), sizeof "fermyon:spin/" - 1);
    for (uint32_t i = 0; i < block->interface_count; i++)
        if (sw_str_eq(block->interfaces[i]->name, name))
            return true;
    return false;
}

static int add_item(struct adapt *a, struct sw_buf *out, const char *what, const char *interface,
                    const char *as)
{
    if (interface != host_p1_interface.name && !serves(a, interface))
        return sw_fail(a->err, SW_EINPUT, "%ss '%s', which is '%s': this host does not have it", what, as,
                       interface);
    return sw_buf_printf(out, a->err, "%s %s;\n", what, interface);
}

static int write_world(struct adapt *a, struct sw_buf *out)
{
    int rc = sw_buf_add(out, SW_LIT("package swell:core;\nworld module {\n"), a->err);
    if (rc == 0 && a->imports_wasi)
        rc = add_item(a, out, "import", host_p1_interface.name, HOST_P1_MODULE);
    for (size_t i = 0; rc == 0 && a->is_old && i < MODULE_COUNT; i++)
        if (a->imports[i])
            rc = add_item(a, out, "import", modules[i].interface, modules[i].module);
    for (size_t i = 0; rc == 0 && a->is_old && i < EXPORT_COUNT; i++)
        if (a->exports[i])
            rc = add_item(a, out, "export", exports[i].interface, exports[i].name);
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT("}\n"), a->err);
}

static int write_wasi(struct adapt *a, struct sw_buf *out)
{
    int rc = sw_buf_add(out, SW_LIT("package swell:wasi01;\ninterface preview1 {\n"), a->err);
    for (uint32_t i = 0; rc == 0 && i < host_p1_interface.func_count; i++)
        rc = sw_buf_printf(out, a->err, "%s: %s;\n", host_p1_interface.funcs[i].name,
                           host_p1_interface.funcs[i].type);
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT("}\n"), a->err);
}

static int parse(struct adapt *a, const char *name, const struct sw_buf *wit, uint32_t group,
                 struct wit_file **ret)
{
    struct sw_str copy;
    int rc = sw_arena_copy(a->arena, sw_buf_str(wit), &copy, a->err);
    if (rc == 0)
        rc = wit_parse(a->arena, sw_str_of(name), copy, ret, a->err);
    if (rc == 0)
        (*ret)->group = group;
    return rc;
}

static int make_world(struct adapt *a, struct encode_input *input)
{
    struct wit_file *files[3] = {0};
    sw_auto_buf world = SW_BUF(HOST_ADAPT_WIT_BYTES_MAX), wasi = SW_BUF(HOST_ADAPT_WIT_BYTES_MAX);
    struct sw_str spin = sw_str((const char *)host_adapt_wit, sizeof host_adapt_wit);
    int rc = wit_parse(a->arena, SW_LIT("fermyon:spin"), spin, &files[1], a->err);
    a->spin = files[1];
    if (rc == 0)
        rc = write_world(a, &world);
    if (rc == 0)
        rc = write_wasi(a, &wasi);
    if (rc == 0)
        rc = parse(a, "the module's world", &world, 0, &files[0]);
    if (rc == 0)
        rc = parse(a, "WASI 0.1", &wasi, 2, &files[2]);
    if (rc < 0)
        return rc;
    files[1]->group = 1;
    rc = wit_resolve(a->arena, files, 3, NULL, &input->set, a->err);
    if (rc == 0)
        input->world = input->set->packages[0]->worlds[0];
    return rc;
}

int host_adapt(struct sw_str core, struct sw_buf *out, struct sw_err *err)
{
    sw_auto_arena arena = SW_ARENA(HOST_ADAPT_BYTES_MAX);
    sw_auto_buf renamed = SW_BUF(HOST_ADAPT_BYTES_MAX);
    struct engine_core *parsed = NULL;
    struct adapt a = {.arena = &arena, .err = err};
    struct encode_input input = {.version = "", .raw = SW_LIT(HOST_P1_INTERFACE)};
    int rc = engine_core_parse(&arena, core, &parsed, err);
    a.core = parsed;
    if (rc == 0)
        rc = look(&a);
    if (rc != 0)
        return rc;
    rc = encode_renamed(parsed, rename_func, &a, &renamed, err);
    if (rc == 0)
        rc = make_world(&a, &input);
    input.core = sw_buf_str(&renamed);
    return rc < 0 ? rc : encode_component(&arena, &input, out, err);
}
