/* componentize.c - swell componentize: a core module and a world become a component.  Room: cli. */
#include "cli/componentize.h"

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
     "Folder (or file) of WIT with the world; packages it uses are in its folder deps"},
    {"world", 'w', CLI_TEXT, "WORLD", AT(world), 0,
     "The world: 'name', or 'space:package/name@version' (default: the only one)"},
    {"adapt", 0, CLI_LATER, "NAME=FILE", AT(adapt), 0, ""},
    {"output", 'o', CLI_TEXT, "FILE", AT(output), 0,
     "Where the component is written (default: FILE with .component.wasm)"},
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
    struct dirent **names;
    int rc = 0, n = scandir(dir, &names, NULL, alphasort);
    if (n < 0)
        return sw_fail_errno(err, errno == ENOENT ? SW_EINPUT : SW_EIO, errno, "list '%s'", dir);
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
                      const struct wit_world **ret, struct sw_err *err)
{
    struct sw_str name = sw_str_of(wanted);
    size_t at = sw_str_find(name, '@');
    *ret = NULL;
    if (wanted && sw_str_find(name, '/') != SW_NPOS)
        *ret = wit_world_find(set, sw_str_head(name, at),
                              at == SW_NPOS ? SW_LIT("") : sw_str_from(name, at + 1));
    else if (!wanted && package->world_count == 1)
        *ret = package->worlds[0];
    else if (!wanted)
        return sw_fail(err, SW_EINPUT,
                       "there are %u worlds in package '" SW_FMT ":" SW_FMT "'\nhint: name one with --world",
                       package->world_count, SW_ARG(package->space), SW_ARG(package->name));
    for (uint32_t i = 0; !*ret && i < package->world_count; i++)
        if (sw_str_eq(package->worlds[i]->name, name))
            *ret = package->worlds[i];
    return *ret ? 0 : sw_fail(err, SW_EINPUT, "there is no world '%s'", wanted);
}

static int load_world(struct sw_arena *arena, const struct cli_componentize *options,
                      const struct wit_world **ret, struct sw_err *err)
{
    struct stat st;
    struct wit_set *set = NULL;
    struct wit_files *files = SW_ARENA_NEW(arena, struct wit_files);
    if (!files)
        return sw_arena_fail(arena, sizeof *files, err);
    files->arena = arena;
    bool folder = stat(options->wit, &st) == 0 && S_ISDIR(st.st_mode);
    int rc = folder ? load_folder(files, options->wit, 0, err) : load_file(files, options->wit, 0, err);
    if (rc == 0 && files->count == 0)
        rc = sw_fail(err, SW_EINPUT, "'%s' has no .wit file", options->wit);
    if (rc == 0)
        rc = wit_resolve(arena, files->items, files->count, NULL, &set, err);
    if (rc < 0)
        return rc;
    return find_world(set, set->packages[0], options->world, ret, err);
}

static int write_file(const char *path, struct sw_str bytes, struct sw_err *err)
{
    sw_auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "create '%s'", path);
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sw_fail_errno(err, SW_EIO, errno, "write '%s'", path);
        bytes = sw_str_from(bytes, (size_t)n);
    }
    return 0;
}

#define SCRATCH_BYTES_MAX (256u << 20) /* WIT trees, and a core module's tables */

static int run(const struct cli_componentize *options, struct sw_arena *arena, struct sw_err *err)
{
    sw_auto_buf core = SW_BUF(0), out = SW_BUF(TRIGGER_WASM_BYTES_MAX);
    const struct wit_world *world = NULL;
    const char *output = options->output;
    int rc = cli_wasm_read(options->file, &core, err);
    if (rc < 0)
        return rc;
    if (component_is_component(sw_buf_str(&core)))
        return sw_fail(err, SW_EINPUT, "'%s' is a component already", options->file);
    rc = load_world(arena, options, &world, err);
    if (rc < 0)
        return rc;
    rc = encode_component(arena, sw_buf_str(&core), world, &out, err);
    if (rc < 0)
        return sw_wrap(err, "'%s'", options->file);
    struct sw_str stem = sw_str_of(options->file);
    if (sw_str_ends(stem, SW_LIT(".wasm")))
        stem.n -= 5;
    if (!output)
        output = sw_arena_printf(arena, SW_FMT ".component.wasm", SW_ARG(stem));
    return output ? write_file(output, sw_buf_str(&out), err) : sw_arena_fail(arena, stem.n, err);
}

int cli_componentize_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_componentize *options = parsed;
    sw_auto_arena arena = SW_ARENA(SCRATCH_BYTES_MAX);
    (void)io; /* nothing to say when it works */
    if (!options->wit)
        return sw_fail(err, SW_EINPUT,
                       "expected --wit, the folder that has the world\nhint: 'swell help componentize' shows "
                       "what it takes");
    return run(options, &arena, err);
}
