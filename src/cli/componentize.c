/* componentize.c - swell componentize: a core module and a world become a component.  Room: cli. */
#include "cli/componentize.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "cli/inspect.h"
#include "component/component.h"
#include "component/encode/encode.h"
#include "component/wit/limits.h"
#include "trigger/limits.h"

#define AT(member) offsetof(struct cli_componentize, member)
const struct cli_option cli_componentize_options[] = {
    {"FILE", 0, CLI_OPERAND, NULL, AT(file), 0, "The core module"},
    {"wit", 0, CLI_TEXT, "DIR", AT(wit), 0,
     "Folder (or file) of WIT with the world; packages it uses are in its folder deps (default: what the "
     "module says)"},
    {"world", 'w', CLI_TEXT, "WORLD", AT(world), 0,
     "The world: 'name', or 'space:package/name@version' (default: the only one)"},
    {"adapt", 0, CLI_LIST, "[NAME=]FILE", AT(adapt), 0,
     "Adapter for the imports of module NAME (default: the file's name up to its first dot)"},
    {"output", 'o', CLI_TEXT, "FILE", AT(output), 0,
     "Where the component is written; - is standard output (default: FILE with .component.wasm)"},
    {0},
};

struct wit_files {
    struct wit_file *items[WIT_FILES_MAX];
    uint32_t count, group;
    struct sw_arena *arena;
};

static int load_file(struct wit_files *files, const char *path, uint32_t group, struct sw_err *err)
{
    sw_auto_buf bytes = SW_BUF(WIT_FILE_BYTES_MAX);
    struct sw_str name = {0}, text = {0};
    sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sw_fail_errno(err, errno == ENOENT ? SW_EINPUT : SW_EIO, errno, "open '%s'", path);
    if (files->count == WIT_FILES_MAX)
        return sw_fail(err, SW_ELIMIT, "there are over %d WIT files", WIT_FILES_MAX);
    int rc = sw_buf_read_fd(&bytes, fd, err);
    if (rc < 0)
        return sw_wrap(err, "'%s'", path);
    rc = sw_arena_copy(files->arena, sw_str_of(path), &name, err);
    if (rc == 0)
        rc = sw_arena_copy(files->arena, sw_buf_str(&bytes), &text, err);
    if (rc == 0)
        rc = wit_parse(files->arena, name, text, &files->items[files->count], err);
    if (rc < 0)
        return rc;
    files->items[files->count++]->group = group;
    return 0;
}

static int load_folder(struct wit_files *files, const char *dir, int level, struct sw_err *err);

/* level 0: the folder of the world; 1: its deps, where each file and folder is a package; 2: a package in there. */
static int load_entry(struct wit_files *files, const char *dir, const char *name, int level,
                      struct sw_err *err)
{
    struct stat st;
    uint32_t group = level == 1 ? ++files->group : files->group;
    assert(name); /* scandir's entries have names */
    const char *path = sw_arena_printf(files->arena, "%s/%s", dir, name);
    if (!path)
        return sw_arena_fail(files->arena, strlen(name), err);
    if (sw_str_ends(sw_str_of(name), SW_LIT(".wit")))
        return load_file(files, path, group, err);
    bool wanted = level == 0 ? strcmp(name, "deps") == 0 : level == 1 && name[0] != '.';
    return wanted && stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? load_folder(files, path, level + 1, err)
                                                                 : 0;
}

static int load_folder(struct wit_files *files, const char *dir, int level, struct sw_err *err)
{
    struct dirent **names = NULL;
    int rc = 0, n = scandir(dir, &names, NULL, alphasort);
    if (n < 0)
        return sw_fail_errno(err, errno == ENOENT ? SW_EINPUT : SW_EIO, errno, "list '%s'", dir);
    assert(names);
    for (int pass = 0; pass < 2; pass++) /* files first: they are one package */
        for (int i = 0; rc == 0 && i < n; i++)
            if (sw_str_ends(sw_str_of(names[i]->d_name), SW_LIT(".wit")) == (pass == 0))
                rc = load_entry(files, dir, names[i]->d_name, level, err);
    for (int i = 0; i < n; i++)
        free(names[i]); /* scandir's memory is the C library's */
    free(names);
    return rc;
}

static int find_world(const struct wit_set *set, const struct wit_package *package, const char *wanted,
                      struct wit_world **ret, struct sw_err *err)
{
    struct sw_str name = sw_str_of(wanted);
    size_t at = sw_str_find(name, '@');
    *ret = NULL;
    if (wanted && sw_str_find(name, '/') != SW_NPOS)
        *ret = wit_world_find(set, sw_str_head(name, at),
                              at == SW_NPOS ? SW_LIT("") : sw_str_from(name, at + 1));
    else if (!wanted && package->world_count != 1)
        return sw_fail(err, SW_EINPUT,
                       "there are %u worlds in package '" SW_FMT ":" SW_FMT "'\nhint: name one with --world",
                       package->world_count, SW_ARG(package->space), SW_ARG(package->name));
    for (uint32_t i = 0; !*ret && i < package->world_count; i++)
        if (!wanted || sw_str_eq(package->worlds[i]->name, name))
            *ret = package->worlds[i];
    return *ret ? 0 : sw_fail(err, SW_EINPUT, "there is no world '%s'", wanted);
}

static int load_world(struct sw_arena *arena, const struct cli_componentize *options,
                      struct encode_input *ret, struct sw_err *err)
{
    struct stat st;
    struct wit_files *files = SW_ARENA_NEW(arena, struct wit_files);
    if (!files)
        return sw_arena_fail(arena, sizeof *files, err);
    files->arena = arena;
    bool folder = stat(options->wit, &st) == 0 && S_ISDIR(st.st_mode);
    int rc = folder ? load_folder(files, options->wit, 0, err) : load_file(files, options->wit, 0, err);
    if (rc == 0 && files->count == 0)
        rc = sw_fail(err, SW_EINPUT, "'%s' has no .wit file", options->wit);
    if (rc == 0)
        rc = wit_resolve(arena, files->items, files->count, NULL, &ret->set, err);
    if (rc != 0)
        return rc;
    return find_world(ret->set, ret->set->packages[0], options->world, &ret->world, err);
}

/* ---- adapters ---- */

#define WASI_0_1 "wasi_snapshot_preview1"

static int add_adapter(struct sw_arena *arena, struct sw_str name, const char *path,
                       struct encode_adapter *ret, struct sw_err *err)
{
    sw_auto_buf bytes = SW_BUF(0);
    int rc = cli_wasm_read(path, &bytes, err);
    if (rc == 0 && component_is_component(sw_buf_str(&bytes)))
        return sw_fail(err, SW_EINPUT, "adapter '%s': expected a core module, got a component", path);
    ret->name = name;
    return rc < 0 ? rc : sw_arena_copy(arena, sw_buf_str(&bytes), &ret->bytes, err);
}

/* "NAME=FILE", or a file whose name up to its first dot is the module's. */
static int read_adapter(struct sw_arena *arena, const char *option, struct encode_adapter *ret,
                        struct sw_err *err)
{
    struct sw_str text = sw_str_of(option);
    size_t equals = sw_str_find(text, '=');
    if (equals != SW_NPOS)
        return add_adapter(arena, sw_str_head(text, equals), option + equals + 1, ret, err);
    size_t slash = sw_str_rfind(text, '/');
    struct sw_str name = slash == SW_NPOS ? text : sw_str_from(text, slash + 1);
    return add_adapter(arena, sw_str_head(name, sw_str_find(name, '.')), option, ret, err);
}

static int is_adapter_folder(const struct dirent *entry)
{
    return strncmp(entry->d_name, "adapter-", 8) == 0;
}

/* Where tools/setup puts the published adapters; the newest. Returns 0, or SW_ABSENT. */
static int cached_adapters(struct sw_arena *arena, const char **ret, struct sw_err *err)
{
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CACHE_HOME"), *cache = getenv("SWELL_CACHE");
    const char *dir = cache  ? sw_arena_printf(arena, "%s", cache)
                      : xdg  ? sw_arena_printf(arena, "%s/swell", xdg)
                      : home ? sw_arena_printf(arena, "%s/.cache/swell", home)
                             : "";
    struct dirent **names;
    if (!dir)
        return sw_arena_fail(arena, SW_ERR_TEXT_MAX, err);
    int n = *dir ? scandir(dir, &names, is_adapter_folder, versionsort) : 0;
    if (n > 0)
        *ret = sw_arena_printf(arena, "%s/%s", dir, names[n - 1]->d_name);
    for (int i = 0; i < n; i++)
        free(names[i]); /* scandir's memory is the C library's */
    if (n >= 0 && *dir)
        free(names);
    if (n <= 0)
        return SW_ABSENT;
    return *ret ? 0 : sw_arena_fail(arena, SW_ERR_TEXT_MAX, err);
}

/* Of a module for WASI 0.1 that came without an adapter for it. */
static int default_adapter(struct sw_arena *arena, const char *file, struct sw_str core,
                           struct encode_adapter *ret, struct sw_err *err)
{
    const char *dir = getenv("SWELL_ADAPTERS");
    int rc = dir ? 0 : cached_adapters(arena, &dir, err);
    if (rc == SW_ABSENT)
        return sw_fail(err, SW_EINPUT,
                       "'%s' is built for WASI 0.1 and there is no adapter for it"
                       "\nhint: give one with --adapt FILE, or put " WASI_0_1
                       ".reactor.wasm and .command.wasm "
                       "into a folder that SWELL_ADAPTERS names",
                       file);
    if (rc < 0)
        return rc;
    bool is_command = encode_exports_func(arena, core, SW_LIT("_start"), err) == 0;
    const char *path =
        sw_arena_printf(arena, "%s/" WASI_0_1 ".%s.wasm", dir, is_command ? "command" : "reactor");
    return path ? add_adapter(arena, SW_LIT(WASI_0_1), path, ret, err)
                : sw_arena_fail(arena, SW_ERR_TEXT_MAX, err);
}

static int load_adapters(struct sw_arena *arena, const struct cli_componentize *options,
                         struct encode_input *in, struct sw_err *err)
{
    struct encode_adapter *adapters = SW_ARENA_ARRAY(arena, options->adapt.count + 1, struct encode_adapter);
    bool given = false;
    int rc = adapters ? 0 : sw_arena_fail(arena, sizeof *adapters, err);
    for (uint32_t i = 0; rc == 0 && i < options->adapt.count; i++) {
        rc = read_adapter(arena, options->adapt.items[i], &adapters[i], err);
        given |= sw_str_eq(adapters[i].name, SW_LIT(WASI_0_1));
    }
    in->adapters = adapters;
    in->adapter_count = options->adapt.count;
    if (rc < 0 || given)
        return rc;
    rc = encode_imports_module(arena, in->core, SW_LIT(WASI_0_1), err);
    if (rc != 0)
        return rc < 0 ? sw_wrap(err, "'%s'", options->file) : 0;
    return default_adapter(arena, options->file, in->core, &adapters[in->adapter_count++], err);
}

/* ---- the command ---- */

#define SCRATCH_BYTES_MAX (512u << 20) /* WIT trees, a core module's tables, adapters */

static int same_file(const char *input, const char *output, struct sw_err *err)
{
    struct stat a, b;
    if (stat(input, &a) == 0 && stat(output, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return sw_fail(err, SW_EINPUT,
                       "'%s' is read and would be written over\nhint: name another file with -o", output);
    return 0;
}

static int output_name(struct sw_arena *arena, const struct cli_componentize *options, const char **ret,
                       struct sw_err *err)
{
    struct sw_str stem = sw_str_of(options->file);
    if (sw_str_ends(stem, SW_LIT(".wasm")))
        stem.n -= 5;
    *ret = options->output ? options->output : sw_arena_printf(arena, SW_FMT ".component.wasm", SW_ARG(stem));
    return *ret ? same_file(options->file, *ret, err) : sw_arena_fail(arena, stem.n, err);
}

int cli_componentize_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_componentize *options = parsed;
    sw_auto_arena arena = SW_ARENA(SCRATCH_BYTES_MAX);
    sw_auto_buf core = SW_BUF(0), out = SW_BUF(TRIGGER_WASM_BYTES_MAX);
    struct encode_input in = {.version = SW_VERSION};
    const char *output = NULL;
    int rc = output_name(&arena, options, &output, err);
    if (rc == 0)
        rc = cli_wasm_read(options->file, &core, err);
    if (rc < 0)
        return rc;
    if (component_is_component(sw_buf_str(&core)))
        return sw_fail(err, SW_EINPUT, "'%s' is a component already", options->file);
    if (options->world && !options->wit)
        return sw_fail(err, SW_EINPUT, "there is --world without --wit, the folder that has it");
    in.core = sw_buf_str(&core);
    if (options->wit)
        rc = load_world(&arena, options, &in, err);
    if (rc == 0)
        rc = load_adapters(&arena, options, &in, err);
    if (rc < 0)
        return rc;
    rc = encode_component(&arena, &in, &out, err);
    if (rc < 0)
        return sw_wrap(err, "'%s'", options->file);
    return cli_output_write(output, sw_buf_str(&out), io, err);
}
