/* resolve.c - files to packages; interface names to interfaces.  Room: wit.  Source: WIT.md "Name resolution", "Feature Gates". */
#include "component/wit/wit_internal.h"

/* ---- semantic versions ---- */

static int cmp_number(struct sw_str a, struct sw_str b) /* digits without leading zeros */
{
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return sw_str_cmp(a, b);
}

static struct sw_str part(struct sw_str *rest, char end)
{
    size_t at = sw_str_find(*rest, end);
    struct sw_str head = at == SW_NPOS ? *rest : sw_str_head(*rest, at);
    *rest = at == SW_NPOS ? sw_str(NULL, 0) : sw_str_from(*rest, at + 1);
    return head;
}

static bool is_number(struct sw_str s)
{
    uint64_t value;
    return s.n <= 19 && sw_str_to_u64(s, UINT64_MAX, &value);
}

static int cmp_prerelease(struct sw_str a, struct sw_str b)
{
    if (!a.n || !b.n)
        return a.n ? -1 : b.n ? 1 : 0; /* a release is newer than its candidates */
    while (a.n && b.n) {
        struct sw_str x = part(&a, '.'), y = part(&b, '.');
        bool nx = is_number(x), ny = is_number(y);
        int c = nx && ny ? cmp_number(x, y) : nx ? -1 : ny ? 1 : sw_str_cmp(x, y);
        if (c)
            return c;
    }
    return a.n ? 1 : b.n ? -1 : 0;
}

int wit_version_cmp(struct sw_str a, struct sw_str b)
{
    if (!a.n || !b.n)
        return a.n ? 1 : b.n ? -1 : 0;
    a = part(&a, '+');
    b = part(&b, '+');
    struct sw_str core_a = part(&a, '-'), core_b = part(&b, '-');
    for (int i = 0; i < 3; i++) {
        int c = cmp_number(part(&core_a, '.'), part(&core_b, '.'));
        if (c)
            return c;
    }
    return cmp_prerelease(a, b);
}

/* ---- unique names ---- */

int wit__name_add(struct wit_resolver *r, struct wit_names *names, struct sw_str name, struct wit_pos pos,
                  const char *what)
{
    char *folded = sw_arena_try(r->arena, name.n, 1);
    if (!folded)
        return wit__no_memory(r->arena, name.n, r->err);
    for (size_t i = 0; i < name.n; i++)
        folded[i] = (char)(name.p[i] >= 'A' && name.p[i] <= 'Z' ? name.p[i] + 32 : name.p[i]);
    int rc = sw_map_add(&names->map, sw_str(folded, name.n), folded, r->err);
    if (rc == SW_END)
        return wit__fail(pos, SW_EINPUT, r->err,
                         "%s '" SW_FMT "' is defined twice\nhint: names differ in more than case", what,
                         SW_ARG(name));
    return rc;
}

void wit__names_deinit(struct wit_names *names)
{
    sw_map_deinit(&names->map);
}

/* ---- gates ---- */

int wit__gate_check(struct wit_resolver *r, const struct wit_package *package, const struct wit_gate *gate)
{
    if (!gate->since.n && !gate->deprecated.n && !gate->feature.n)
        return 0;
    if (!package->version.n)
        return wit__fail(gate->pos, SW_EINPUT, r->err,
                         "a package with gates has a version\nhint: write 'package " SW_FMT ":" SW_FMT
                         "@1.0.0;'",
                         SW_ARG(package->space), SW_ARG(package->name));
    if (gate->since.n && wit_version_cmp(gate->since, package->version) > 0)
        return wit__fail(gate->pos, SW_EINPUT, r->err,
                         "'@since' names " SW_FMT ", which is newer than the package's " SW_FMT,
                         SW_ARG(gate->since), SW_ARG(package->version));
    if (!gate->feature.n)
        return 0;
    for (uint32_t i = 0; r->options && i < r->options->feature_count; i++)
        if (sw_str_eq(r->options->features[i], gate->feature))
            return 0;
    return SW_ABSENT;
}

/* ---- packages ---- */

static struct wit_package *package_find(const struct wit_set *set, struct sw_str space, struct sw_str name,
                                        struct sw_str version)
{
    for (uint32_t i = 0; i < set->package_count; i++) {
        struct wit_package *p = set->packages[i];
        if (sw_str_eq(p->name, name) && sw_str_eq(p->space, space) && sw_str_eq(p->version, version))
            return p;
    }
    return NULL;
}

static int package_of_block(struct wit_resolver *r, const struct wit_block *block, struct wit_package **ret)
{
    *ret = package_find(r->set, block->space, block->package, block->version);
    if (*ret)
        return 0;
    struct wit_package *package = SW_ARENA_NEW(r->arena, struct wit_package);
    if (!package)
        return wit__no_memory(r->arena, sizeof *package, r->err);
    package->space = block->space;
    package->name = block->package;
    package->version = block->version;
    *ret = package;
    return wit__push(r->arena, &r->set->packages, &r->set->package_count, package, r->err);
}

/* A file without `package`: the package of the other files of its group. */
static int adopt_package(struct wit_resolver *r, struct wit_file *const *files, uint32_t count,
                         struct wit_file *file)
{
    struct wit_block *own = file->blocks[0];
    if (own->has_package || (!own->interface_count && !own->world_count && !own->alias_count))
        return 0;
    const struct wit_block *found = NULL;
    for (uint32_t i = 0; i < count; i++) {
        const struct wit_block *other = files[i]->blocks[0];
        if (files[i]->group != file->group || !other->has_package)
            continue;
        bool same = found && sw_str_eq(found->space, other->space) &&
                    sw_str_eq(found->package, other->package) && sw_str_eq(found->version, other->version);
        if (found && !same)
            return wit__fail((struct wit_pos){file, 1, 1}, SW_EINPUT, r->err,
                             "this file names no package, and its folder holds several\nhint: begin it with "
                             "'package a:b;'");
        found = other;
    }
    if (!found)
        return wit__fail(
            (struct wit_pos){file, 1, 1}, SW_EINPUT, r->err,
            "expected a package name\nhint: begin the file with 'package a:b;' or 'package a:b@1.0.0;'");
    own->space = found->space;
    own->package = found->package;
    own->version = found->version;
    return 0;
}

static int full_name(struct wit_resolver *r, const struct wit_package *package, struct sw_str name,
                     struct sw_str *ret)
{
    const char *text = sw_arena_printf(r->arena, SW_FMT ":" SW_FMT "/" SW_FMT, SW_ARG(package->space),
                                       SW_ARG(package->name), SW_ARG(name));
    if (!text)
        return wit__no_memory(r->arena, name.n, r->err);
    *ret = sw_str_of(text);
    return 0;
}

static int block_interfaces(struct wit_resolver *r, struct wit_block *block, struct wit_package *package)
{
    for (uint32_t i = 0; i < block->interface_count; i++) {
        struct wit_interface *interface = block->interfaces[i];
        int rc = wit__gate_check(r, package, &interface->gate);
        if (rc == SW_ABSENT)
            continue;
        interface->home.package = package;
        if (rc == 0)
            rc = full_name(r, package, interface->name, &interface->full_name);
        if (rc == 0)
            rc = wit__push(r->arena, &package->interfaces, &package->interface_count, interface, r->err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int block_worlds(struct wit_resolver *r, struct wit_block *block, struct wit_package *package)
{
    for (uint32_t i = 0; i < block->world_count; i++) {
        struct wit_world *world = block->worlds[i];
        int rc = wit__gate_check(r, package, &world->gate);
        if (rc == SW_ABSENT)
            continue;
        world->home.package = package;
        if (rc == 0)
            rc = full_name(r, package, world->name, &world->full_name);
        if (rc == 0)
            rc = wit__push(r->arena, &package->worlds, &package->world_count, world, r->err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Interfaces and worlds share one space of names. */
static int package_names(struct wit_resolver *r, const struct wit_package *package)
{
    wit__auto_names names = {0};
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < package->interface_count; i++)
        rc = wit__name_add(r, &names, package->interfaces[i]->name, package->interfaces[i]->pos, "interface");
    for (uint32_t i = 0; rc == 0 && i < package->world_count; i++)
        rc = wit__name_add(r, &names, package->worlds[i]->name, package->worlds[i]->pos, "world");
    return rc;
}

static int gather(struct wit_resolver *r, struct wit_file *const *files, uint32_t count)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = adopt_package(r, files, count, files[i]);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        for (uint32_t k = 0; rc == 0 && k < files[i]->block_count; k++) {
            struct wit_block *block = files[i]->blocks[k];
            struct wit_package *package;
            if (!block->package.n)
                continue; /* a file of nested packages only */
            rc = package_of_block(r, block, &package);
            if (rc == 0)
                rc = block_interfaces(r, block, package);
            if (rc == 0)
                rc = block_worlds(r, block, package);
        }
    }
    for (uint32_t i = 0; rc == 0 && i < r->set->package_count; i++)
        rc = package_names(r, r->set->packages[i]);
    return rc;
}

/* ---- looking up ---- */

static int no_package(struct wit_resolver *r, const struct wit_path *path)
{
    for (uint32_t i = 0; i < r->set->package_count; i++) {
        const struct wit_package *p = r->set->packages[i];
        if (sw_str_eq(p->space, path->space) && sw_str_eq(p->name, path->package))
            return wit__fail(path->pos, SW_EINPUT, r->err,
                             "package '" SW_FMT ":" SW_FMT "%s" SW_FMT
                             "' is not here\nhint: it is here as '" SW_FMT ":" SW_FMT "%s" SW_FMT "'",
                             SW_ARG(path->space), SW_ARG(path->package), path->version.n ? "@" : "",
                             SW_ARG(path->version), SW_ARG(p->space), SW_ARG(p->name),
                             p->version.n ? "@" : "", SW_ARG(p->version));
    }
    return wit__fail(path->pos, SW_EINPUT, r->err,
                     "package '" SW_FMT ":" SW_FMT
                     "' is not here\nhint: its WIT files go into the folder 'deps'",
                     SW_ARG(path->space), SW_ARG(path->package));
}

/* The package and the name in it that a path means; a bare name may be a file-wide alias. */
static int look(struct wit_resolver *r, const struct wit_home *home, const struct wit_path **path,
                const struct wit_package **ret)
{
    const struct wit_block *block = home->block;
    for (uint32_t i = 0; !(*path)->package.n && i < block->alias_count; i++) {
        if (!sw_str_eq(block->aliases[i]->name, (*path)->name))
            continue;
        *path = block->aliases[i]->path; /* its own bare name means the package's, so this happens once */
        break;
    }
    if (!(*path)->package.n) {
        *ret = home->package;
        return 0;
    }
    *ret = package_find(r->set, (*path)->space, (*path)->package, (*path)->version);
    return *ret ? 0 : no_package(r, *path);
}

int wit__find_interface(struct wit_resolver *r, const struct wit_home *home, const struct wit_path *path,
                        struct wit_interface **ret)
{
    const struct wit_package *package;
    struct wit_pos pos = path->pos;
    int rc = look(r, home, &path, &package);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < package->interface_count; i++) {
        if (sw_str_eq(package->interfaces[i]->name, path->name)) {
            *ret = package->interfaces[i];
            return 0;
        }
    }
    return wit__fail(pos, SW_EINPUT, r->err,
                     "interface '" SW_FMT "' is not defined in package '" SW_FMT ":" SW_FMT "'",
                     SW_ARG(path->name), SW_ARG(package->space), SW_ARG(package->name));
}

int wit__find_world(struct wit_resolver *r, const struct wit_home *home, const struct wit_path *path,
                    struct wit_world **ret)
{
    const struct wit_package *package;
    struct wit_pos pos = path->pos;
    int rc = look(r, home, &path, &package);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < package->world_count; i++) {
        if (sw_str_eq(package->worlds[i]->name, path->name)) {
            *ret = package->worlds[i];
            return 0;
        }
    }
    return wit__fail(pos, SW_EINPUT, r->err,
                     "world '" SW_FMT "' is not defined in package '" SW_FMT ":" SW_FMT "'",
                     SW_ARG(path->name), SW_ARG(package->space), SW_ARG(package->name));
}

/* ---- all ---- */

static int block_aliases(struct wit_resolver *r, const struct wit_block *block)
{
    wit__auto_names names = {0};
    struct wit_home home = {.block = block,
                            .package = package_find(r->set, block->space, block->package, block->version)};
    for (uint32_t i = 0; i < block->alias_count; i++) {
        const struct wit_alias *alias = block->aliases[i];
        int rc = wit__gate_check(r, home.package, &alias->gate);
        if (rc == SW_ABSENT)
            continue;
        if (rc == 0)
            rc = wit__name_add(r, &names, alias->name, alias->pos, "name");
        struct wit_block bare = {.package = block->package};
        struct wit_interface *unused;
        home.block = &bare; /* an alias does not mean another alias */
        if (rc == 0)
            rc = wit__find_interface(r, &home, alias->path, &unused);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int resolve_all(struct wit_resolver *r, struct wit_file *const *files, uint32_t count)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        for (uint32_t k = 0; rc == 0 && k < files[i]->block_count; k++)
            rc = files[i]->blocks[k]->alias_count ? block_aliases(r, files[i]->blocks[k]) : 0;
    for (uint32_t i = 0; rc == 0 && i < r->set->package_count; i++)
        for (uint32_t k = 0; rc == 0 && k < r->set->packages[i]->interface_count; k++)
            rc = wit__resolve_interface(r, r->set->packages[i]->interfaces[k]);
    for (uint32_t i = 0; rc == 0 && i < r->set->package_count; i++)
        for (uint32_t k = 0; rc == 0 && k < r->set->packages[i]->world_count; k++)
            rc = wit__resolve_world(r, r->set->packages[i]->worlds[k]);
    return rc;
}

int wit_resolve(struct sw_arena *arena, struct wit_file *const *files, uint32_t file_count,
                const struct wit_options *options, struct wit_set **ret, struct sw_err *err)
{
    if (file_count > WIT_FILES_MAX)
        return sw_fail(err, SW_ELIMIT, "there are %u WIT files; at most %d are read together", file_count,
                       WIT_FILES_MAX);
    struct wit_set *set = SW_ARENA_NEW(arena, struct wit_set);
    if (!set)
        return wit__no_memory(arena, sizeof *set, err);
    struct wit_resolver r = {.arena = arena, .err = err, .options = options, .set = set};
    int rc = gather(&r, files, file_count);
    if (rc == 0)
        rc = resolve_all(&r, files, file_count);
    if (rc < 0)
        return rc;
    *ret = set;
    return 0;
}

/* ---- of a resolved set ---- */

static bool in_package(const struct wit_package *package, struct sw_str full_name, struct sw_str version)
{
    size_t space = package->space.n, name = package->name.n;
    return full_name.n > space + name + 2 && sw_str_starts(full_name, package->space) &&
           full_name.p[space] == ':' && sw_str_starts(sw_str_from(full_name, space + 1), package->name) &&
           full_name.p[space + 1 + name] == '/' && (!version.n || sw_str_eq(version, package->version));
}

struct wit_interface *wit_interface_find(const struct wit_set *set, struct sw_str full_name,
                                         struct sw_str version)
{
    struct wit_interface *best = NULL;
    for (uint32_t i = 0; i < set->package_count; i++) {
        const struct wit_package *package = set->packages[i];
        if (!in_package(package, full_name, version))
            continue;
        for (uint32_t k = 0; k < package->interface_count; k++)
            if (sw_str_eq(package->interfaces[k]->full_name, full_name) &&
                (!best || wit_version_cmp(package->version, best->home.package->version) > 0))
                best = package->interfaces[k];
    }
    return best;
}

struct wit_world *wit_world_find(const struct wit_set *set, struct sw_str full_name, struct sw_str version)
{
    struct wit_world *best = NULL;
    for (uint32_t i = 0; i < set->package_count; i++) {
        const struct wit_package *package = set->packages[i];
        if (!in_package(package, full_name, version))
            continue;
        for (uint32_t k = 0; k < package->world_count; k++)
            if (sw_str_eq(package->worlds[k]->full_name, full_name) &&
                (!best || wit_version_cmp(package->version, best->home.package->version) > 0))
                best = package->worlds[k];
    }
    return best;
}
