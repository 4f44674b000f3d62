/* module.c - loading compiled modules and deciding their imports.  Room: engine. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "engine/core_read.h"
#include "engine/engine_internal.h"
#include "engine/limits.h"

/* ---- opening ---- */

static int map_image(struct engine_module *module, const struct engine_strip *strip, int fd,
                     struct sw_err *err)
{
    struct stat file = {0};
    if (strip->image_bytes == 0)
        return 0;
    if (fd < 0 || fstat(fd, &file) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "look at the memory image");
    if ((uint64_t)file.st_size != strip->image_bytes)
        return sw_fail(err, SW_EINPUT, "the memory image has %lld bytes, the module's data needs %llu",
                       (long long)file.st_size, (unsigned long long)strip->image_bytes);
    struct engine_pool *pool = &module->pools[0];
    size_t bytes = (strip->image_bytes + ENGINE_PAGE_BYTES - 1) & ~(size_t)(ENGINE_PAGE_BYTES - 1);
    pool->image_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (pool->image_fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "duplicate the memory image's descriptor");
    void *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, pool->image_fd, 0);
    if (map == MAP_FAILED)
        return sw_fail_errno(err, SW_EIO, errno, "map the memory image");
    pool->pristine = map;
    pool->image_bytes = bytes;
    return 0;
}

static int make_pools(struct engine_module *module, struct sw_err *err)
{
    const struct engine_core *core = module->core;
    uint32_t count = core->memory_count - core->memory_import_count;
    module->pools = sw_try_alloc_array(count, sizeof *module->pools);
    if (!module->pools)
        return sw_fail(err, SW_ENOMEM, "no memory for the module's slots");
    for (uint32_t i = 0; i < count; i++)
        engine__pool_init(&module->pools[i], module->engine,
                          core->memories[core->memory_import_count + i].min << 16);
    module->pool_count = count;
    return 0;
}

static const struct engine_core_export start_export = {.kind = ENGINE_CORE_FUNC,
                                                       .index = 0}; /* index: core.start */

static int index_exports(struct engine_module *module, struct sw_err *err)
{
    const struct engine_core *core = module->core;
    int rc = 0;
    /* the map keeps no const; nothing is written through it */
    for (uint32_t i = 0; rc == 0 && i < core->export_count; i++)
        rc = sw_map_add(&module->exports, core->exports[i].name, (void *)(uintptr_t)&core->exports[i], err);
    if (rc == 0 && core->has_start)
        rc = sw_map_add(&module->exports, ENGINE_START_EXPORT, (void *)(uintptr_t)&start_export, err);
    if (rc > 0)
        return sw_fail(err, SW_EINPUT, "two exports have the same name");
    return rc;
}

/* The product on disk must be the core module's: as many imports and exports. */
static int check_belongs(const struct engine_module *module, struct sw_err *err)
{
    wasm_importtype_vec_t imports;
    wasm_exporttype_vec_t exports;
    wasmtime_module_imports(module->wasm, &imports);
    wasmtime_module_exports(module->wasm, &exports);
    const struct engine_core *core = module->core;
    bool same = imports.size == core->import_count &&
                exports.size == (size_t)core->export_count + (core->has_start ? 1 : 0);
    wasm_importtype_vec_delete(&imports);
    wasm_exporttype_vec_delete(&exports);
    return same ? 0 : sw_fail(err, SW_EINPUT, "the compiled module does not belong to this core module");
}

static int load(struct engine_module *module, int fd, struct sw_err *err)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd); /* 64 bytes hold any int */
    wasmtime_error_t *error = wasmtime_module_deserialize_file(module->engine->wasm, path, &module->wasm);
    return error ? engine__error_take(error, SW_EINPUT, err) : check_belongs(module, err);
}

int engine_module_open(struct engine *engine, const struct engine_core *core, int cwasm_fd, int image_fd,
                       struct engine_module **ret, struct sw_err *err)
{
    struct engine_strip strip = {0};
    int rc = engine__core_supported(core, err);
    if (rc == 0)
        rc = engine__strip_plan(core, &strip, err);
    if (rc < 0)
        return rc;
    struct engine_module *module = sw_try_alloc(sizeof *module);
    if (!module)
        return sw_fail(err, SW_ENOMEM, "no memory for a module");
    module->engine = engine;
    module->core = core;
    module->quiet = strip.segments_kept == 0;
    engine->modules_now++;
    rc = make_pools(module, err);
    if (rc == 0)
        rc = map_image(module, &strip, image_fd, err);
    if (rc == 0)
        rc = index_exports(module, err);
    if (rc == 0)
        rc = load(module, cwasm_fd, err);
    if (rc < 0) {
        engine_module_free(module);
        return sw_wrap(err, "open a compiled module");
    }
    *ret = module;
    return 0;
}

void engine_module_free(struct engine_module *module)
{
    if (!module)
        return;
    assert(module->bounds_now == 0);
    for (uint32_t i = 0; i < module->pool_count; i++) {
        struct engine_pool *pool = &module->pools[i];
        engine__pool_drain(pool);
        if (pool->pristine)
            (void)munmap((void *)(uintptr_t)pool->pristine,
                         pool->image_bytes); /* fails for bad arguments only */
        if (pool->image_fd >= 0)
            (void)close(pool->image_fd); /* read-only: nothing to lose */
    }
    if (module->wasm)
        wasmtime_module_delete(module->wasm);
    sw_map_deinit(&module->exports);
    sw_free(module->pools);
    module->engine->modules_now--;
    sw_free(module);
}

/* ---- binding ---- */

static bool only_numbers(const struct engine_valtype *types, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (types[i].code < ENGINE_V128)
            return false;
    return true;
}

/* References are refused where C stands between: a raw reference in C's hands could be forged or outlive a collection. */
static int check_link(const struct engine_core *core, const struct engine_link *link, uint32_t i,
                      struct sw_err *err)
{
    const struct engine_core_import *import = &core->imports[i];
    if (link->kind == ENGINE_LINK_EXPORT)
        return 0;
    if (import->kind != ENGINE_CORE_FUNC)
        return sw_fail(err, SW_EINPUT,
                       "import '" SW_FMT "' '" SW_FMT "' is not a function; the host gives functions only",
                       SW_ARG(import->module), SW_ARG(import->name));
    const struct engine_functype *type = engine_core_func_type(core, import->index);
    if (!type->is_func || !only_numbers(type->params, type->param_count) ||
        !only_numbers(type->results, type->result_count))
        return sw_fail(err, SW_EINPUT,
                       "import '" SW_FMT "' '" SW_FMT "' takes or gives references, which the host does not",
                       SW_ARG(import->module), SW_ARG(import->name));
    if (link->kind == ENGINE_LINK_HOST && !link->fn)
        return sw_fail(err, SW_EBUG, "import '" SW_FMT "' '" SW_FMT "' is bound to no function",
                       SW_ARG(import->module), SW_ARG(import->name));
    return 0;
}

static int copy_links(struct engine_bound *bound, const struct engine_link *links, struct sw_err *err)
{
    bound->links = sw_try_alloc_array(bound->count, sizeof *bound->links);
    if (!bound->links)
        return sw_fail(err, SW_ENOMEM, "no memory for %zu imports", bound->count);
    for (uint32_t i = 0; i < bound->count; i++) {
        int rc = check_link(bound->module->core, &links[i], i, err);
        if (rc < 0)
            return rc;
        struct bound_link *to = &bound->links[i];
        *to = (struct bound_link){.bound = bound,
                                  .kind = links[i].kind,
                                  .fn = links[i].fn,
                                  .env = links[i].env,
                                  .import = i,
                                  .instance = links[i].instance};
        if (to->kind == ENGINE_LINK_LATE)
            to->late = bound->late_count++;
        if (to->kind == ENGINE_LINK_HOST)
            continue;
        char *name = sw_try_alloc(links[i].name.n);
        if (!name)
            return sw_fail(err, SW_ENOMEM, "no memory for an import's name");
        if (links[i].name.n)
            memcpy(name, links[i].name.p, links[i].name.n);
        to->name = sw_str(name, links[i].name.n);
    }
    return 0;
}

/* Returns 0 when an instance_pre can hold all imports: host functions only, and no name twice (a linker has one definition a name).
 * SW_ABSENT: the slower way. */
static int fast_path(const struct engine_bound *bound, struct sw_err *err)
{
    const struct engine_core *core = bound->module->core;
    struct sw_map seen = {0};
    int rc = 0;
    size_t bytes = 0;
    for (size_t i = 0; i < bound->count; i++) {
        if (bound->links[i].kind == ENGINE_LINK_EXPORT)
            return SW_ABSENT;
        bytes += core->imports[i].module.n + core->imports[i].name.n +
                 sizeof(size_t); /* below three times the module's size */
    }
    sw_auto_free char *keys = sw_try_alloc(bytes);
    if (!keys)
        return sw_fail(err, SW_ENOMEM, "no memory for the names of %zu imports", bound->count);
    char *key = keys;
    for (size_t i = 0; rc == 0 && i < bound->count; i++) {
        const struct engine_core_import *import = &core->imports[i];
        char *p = key; /* length of the module's name, both names: no two pairs look alike */
        memcpy(p, &import->module.n, sizeof(size_t));
        p += sizeof(size_t);
        if (import->module.n)
            memcpy(p, import->module.p, import->module.n);
        p += import->module.n;
        if (import->name.n)
            memcpy(p, import->name.p, import->name.n);
        p += import->name.n;
        rc = sw_map_add(&seen, sw_str(key, (size_t)(p - key)), key, err);
        key = p;
    }
    sw_map_deinit(&seen);
    return rc == SW_END ? SW_ABSENT : rc;
}

size_t engine__link_name(size_t number, char ret[ENGINE_LINK_NAME_MAX])
{
    size_t n = 0;
    do {
        ret[n++] = (char)('0' + number % 64); /* '0' to 'o': text, as a name has to be */
        number /= 64;
    } while (number);
    return n;
}

/* Defines the host functions, under the module's names for an instance_pre, else under their numbers. */
static int define(struct engine_bound *bound, bool numbers, struct sw_err *err)
{
    const struct engine_core *core = bound->module->core;
    wasm_importtype_vec_t types;
    wasmtime_module_imports(bound->module->wasm,
                            &types); /* as many as core has: checked when the module was opened */
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < bound->count; i++) {
        if (bound->links[i].kind == ENGINE_LINK_EXPORT)
            continue;
        char number[ENGINE_LINK_NAME_MAX];
        struct sw_str module = numbers ? SW_LIT("n") : core->imports[i].module;
        struct sw_str name = core->imports[i].name;
        if (numbers)
            name = sw_str(number, engine__link_name(i, number));
        const wasm_functype_t *type = wasm_externtype_as_functype_const(wasm_importtype_type(types.data[i]));
        if (!type) {
            rc = sw_fail(err, SW_EINPUT, "the compiled module does not belong to this core module");
            break;
        }
        wasmtime_error_t *error = wasmtime_linker_define_func_unchecked(
            bound->linker, module.n ? module.p : "", module.n, name.n ? name.p : "", name.n, type,
            engine__host, &bound->links[i], NULL);
        if (error)
            rc = engine__error_take(error, SW_EINPUT, err);
    }
    wasm_importtype_vec_delete(&types);
    return rc;
}

static int link_up(struct engine_bound *bound, struct sw_err *err)
{
    int rc = fast_path(bound, err);
    if (rc < 0)
        return rc;
    bool numbers = rc == SW_ABSENT;
    bound->linker = wasmtime_linker_new(bound->module->engine->wasm);
    rc = define(bound, numbers, err);
    if (rc < 0 || numbers)
        return rc < 0 ? rc : engine__keep(bound, err);
    wasmtime_error_t *error =
        wasmtime_linker_instantiate_pre(bound->linker, bound->module->wasm, &bound->pre);
    wasmtime_linker_delete(bound->linker); /* the instance_pre holds what it needs */
    bound->linker = NULL;
    return error ? engine__error_take(error, SW_EINPUT, err) : 0;
}

int engine_module_bind(struct engine_module *module, const struct engine_link *links, size_t count,
                       struct engine_bound **ret, struct sw_err *err)
{
    if (count != module->core->import_count)
        return sw_fail(err, SW_EBUG, "%zu links for %u imports", count, module->core->import_count);
    struct engine_bound *bound = sw_try_alloc(sizeof *bound);
    if (!bound)
        return sw_fail(err, SW_ENOMEM, "no memory for the module's imports");
    bound->module = module;
    bound->count = count;
    module->bounds_now++;
    int rc = copy_links(bound, links, err);
    if (rc == 0)
        rc = link_up(bound, err);
    if (rc < 0) {
        engine_bound_free(bound);
        return rc;
    }
    *ret = bound;
    return 0;
}

void engine_bound_free(struct engine_bound *bound)
{
    if (!bound)
        return;
    assert(bound->instances_now == 0); /* stores hold pointers to its links */
    if (bound->pre)
        wasmtime_instance_pre_delete(bound->pre);
    engine__keeper_free(bound);
    if (bound->linker)
        wasmtime_linker_delete(bound->linker);
    for (size_t i = 0; bound->links && i < bound->count; i++)
        sw_free((void *)(uintptr_t)bound->links[i].name.p);
    sw_free(bound->links);
    bound->module->bounds_now--;
    sw_free(bound);
}
