/* main.c - bindgen --wit DIR --waits FILE --out DIR [--include NAME] [--prefix NAME --kinds N] interface...  Room: bindgen.
 *
 * Runs while the project is built; README.md says what it writes. Its output depends on its input alone. */
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "component/bindgen/bindgen.h"

int gen_fail(struct gen *g, const struct wit_pos *pos, const char *fmt, ...)
{
    if (g->rc < 0)
        return g->rc;
    char reason[SW_ERR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(reason, sizeof reason, fmt, args); /* cut when longer */
    va_end(args);
    if (pos && pos->file)
        g->rc = sw_fail(g->err, SW_EINPUT, SW_FMT ":%u:%u: %s", SW_ARG(pos->file->name), pos->line,
                        pos->column, reason);
    else
        g->rc = sw_fail(g->err, SW_EINPUT, "%s", reason);
    return g->rc;
}

static void SW_PRINTF(2, 0) add(struct gen *g, const char *fmt, va_list args)
{
    char line[BINDGEN_LINE_BYTES_MAX];
    int n = vsnprintf(line, sizeof line, fmt, args);
    if (n < 0 || (size_t)n >= sizeof line)
        gen_fail(g, NULL, "a generated line has over %d bytes", BINDGEN_LINE_BYTES_MAX);
    if (g->rc == 0)
        g->rc = sw_buf_add(g->to, sw_str(line, (size_t)n), g->err);
}

void emit(struct gen *g, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (g->rc == 0)
        add(g, fmt, args);
    va_end(args);
}

void emit_line(struct gen *g, const char *fmt, ...)
{
    if (fmt[0] == '}' && g->indent > 0)
        g->indent--;
    for (uint32_t i = 0; i < g->indent; i++)
        emit(g, "    ");
    va_list args;
    va_start(args, fmt);
    if (g->rc == 0)
        add(g, fmt, args);
    va_end(args);
    emit(g, "\n");
    if (fmt[strlen(fmt) - 1] == '{')
        g->indent++;
}

const char *text(struct gen *g, const char *fmt, ...)
{
    char line[BINDGEN_LINE_BYTES_MAX];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof line)
        gen_fail(g, NULL, "a generated name has over %d bytes", BINDGEN_LINE_BYTES_MAX);
    if (g->rc < 0)
        return "";
    struct sw_str copy;
    g->rc = sw_arena_copy(g->arena, sw_str(line, (size_t)n), &copy, g->err);
    return g->rc < 0 ? "" : copy.p;
}

bool once(struct gen *g, struct sw_map *map, const char *key)
{
    static char present[] = "";
    if (g->rc < 0)
        return false;
    int rc = sw_map_add(map, sw_str_of(key), present, g->err);
    if (rc < 0)
        g->rc = rc;
    return rc == 0;
}

/* ---- what was asked for ---- */

/* "wasi:http/types" or "wasi:http/types@0.2.12" */
static void add_interface(struct gen *g, const char *name)
{
    struct sw_str full = sw_str_of(name);
    size_t at = sw_str_find(full, '@');
    struct sw_str version = at == SW_NPOS ? sw_str(NULL, 0) : sw_str_from(full, at + 1);
    const struct wit_interface *in = wit_interface_find(g->set, sw_str_head(full, at), version);
    if (!in) {
        gen_fail(g, NULL, "there is no interface '%s' in the WIT files", name);
        return;
    }
    const char *package = snake(g, in->home.package->name), *own = snake(g, in->name);
    struct gen_interface *made = &g->interfaces[g->interface_count];
    made->wit = in;
    made->file = text(g, "%s%s%s_%s", g->prefix, g->prefix[0] ? "_" : "", package, own);
    made->prefix = text(g, "host_%s_", made->file);
    made->upper = text(g, "%s%s%s_%s", upper(g, sw_str_of(g->prefix)), g->prefix[0] ? "_" : "",
                       upper(g, in->home.package->name), upper(g, in->name));
    for (uint32_t i = 0; i < g->interface_count; i++)
        if (strcmp(g->interfaces[i].file, made->file) == 0)
            gen_fail(g, NULL, "'%s' and '" SW_FMT "' would have the same C names", name,
                     SW_ARG(g->interfaces[i].wit->full_name));
    g->interface_count++;
}

/* What bindings cannot carry is refused here, with its position. */
static void check_func(struct gen *g, const struct gen_interface *in, const struct wit_func *func)
{
    for (uint32_t i = 0; i <= func->param_count; i++) {
        const struct wit_type *type = i < func->param_count ? func->params[i].type : func->result;
        const struct wit_type *bad = type ? first_unsupported(type) : NULL;
        if (bad)
            gen_fail(g, &bad->pos, "bindings cannot carry maps and error contexts");
        if (type && layout_of(type).size >= BINDGEN_VALUE_BYTES_MAX)
            gen_fail(g, &type->pos, "a value of this type takes %u bytes or more in memory",
                     BINDGEN_VALUE_BYTES_MAX);
    }
    const char *name = func_name(g, in, func);
    if (!once(g, &g->done, name))
        gen_fail(g, &func->pos, "two functions would both be '%s' in C", name);
}

static void check_interface(struct gen *g, const struct gen_interface *in)
{
    const struct wit_interface *wit = in->wit;
    g->now = in;
    for (uint32_t i = 0; i < wit->home.def_count; i++) {
        const struct wit_def *def = wit->home.defs[i];
        const char *drop = def->kind == WIT_DEF_RESOURCE ? text(g, "host_%s_drop", def_name(g, def)) : NULL;
        if (drop && !once(g, &g->done, drop))
            gen_fail(g, &def->pos, "two functions would both be '%s' in C", drop);
    }
    for (uint32_t i = 0; i < wit->func_count; i++)
        check_func(g, in, wit->funcs[i]);
}

/* A line of the list of waits that means no function of a listed interface is a mistake. */
static void check_waits(struct gen *g)
{
    for (size_t i = 0; g->rc == 0 && i < g->waits.cap; i++) {
        if (!g->waits.entries[i].value)
            continue;
        struct sw_str key = g->waits.entries[i].key;
        size_t space = sw_str_find(key, ' ');
        for (uint32_t k = 0; k < g->interface_count; k++) {
            const struct wit_interface *in = g->interfaces[k].wit;
            bool found = !sw_str_eq(in->full_name, sw_str_head(key, space));
            for (uint32_t f = 0; f < in->func_count; f++)
                found = found || sw_str_eq(in->funcs[f]->full_name, sw_str_from(key, space + 1));
            if (!found)
                gen_fail(g, NULL, "the list of waits names '" SW_FMT "', which '" SW_FMT "' does not have",
                         SW_ARG(sw_str_from(key, space + 1)), SW_ARG(in->full_name));
        }
    }
}

/* ---- writing ---- */

static void save(struct gen *g, const char *name, void (*make)(struct gen *g, struct sw_buf *out))
{
    sw_auto_buf out = SW_BUF(BINDGEN_FILE_BYTES_MAX);
    sw_map_deinit(&g->done);
    g->done = (struct sw_map){0};
    g->indent = 0;
    if (g->rc == 0)
        make(g, &out);
    if (g->rc == 0)
        g->rc = save_file(g->out_dir, name, sw_buf_str(&out), g->err);
}

static void generate(struct gen *g)
{
    for (uint32_t i = 0; i < g->interface_count; i++)
        check_interface(g, &g->interfaces[i]);
    check_waits(g);
    for (uint32_t i = 0; i < g->interface_count; i++) {
        g->now = &g->interfaces[i];
        save(g, text(g, "%s.h", g->now->file), header);
        save(g, text(g, "%s.c", g->now->file), source);
    }
    save(g, "kinds.h", kinds_header);
    save(g, "common.h", common_header); /* last: headers add to it */
}

/* ---- the command line ---- */

struct arguments {
    const char *wit, *waits, *out, *include, *prefix, *kinds;
    int first; /* interface */
};

static int arguments(int argc, char **argv, struct arguments *ret, struct sw_err *err)
{
    struct arguments a = {.include = "host/bindings", .prefix = "", .kinds = "0", .first = 1};
    const struct {
        const char *name;
        const char **to;
    } options[] = {{"--wit", &a.wit},         {"--waits", &a.waits},   {"--out", &a.out},
                   {"--include", &a.include}, {"--prefix", &a.prefix}, {"--kinds", &a.kinds}};
    const size_t count = sizeof options / sizeof *options;
    while (a.first < argc && argv[a.first][0] == '-') {
        size_t i = 0;
        while (i < count && strcmp(options[i].name, argv[a.first]) != 0)
            i++;
        if (i == count || a.first + 1 >= argc)
            return sw_fail(err, SW_EINPUT, "option '%s' is not known or has no value", argv[a.first]);
        *options[i].to = argv[a.first + 1];
        a.first += 2;
    }
    if (!a.wit || !a.out || a.first == argc)
        return sw_fail(err, SW_EINPUT,
                       "usage: bindgen --wit DIR [--waits FILE] --out DIR [--include NAME] [--prefix NAME] "
                       "[--kinds N] interface...");
    if (argc - a.first > BINDGEN_INTERFACES_MAX)
        return sw_fail(err, SW_ELIMIT, "at most %d interfaces are generated together",
                       BINDGEN_INTERFACES_MAX);
    *ret = a;
    return 0;
}

static int run(int argc, char **argv, struct gen *g)
{
    struct arguments args = {0};
    struct wit_set *set = NULL;
    int rc = arguments(argc, argv, &args, g->err);
    if (rc == 0)
        rc = load_dir(g->arena, args.wit, &set, g->err);
    if (rc == 0 && args.waits)
        rc = load_waits(g, args.waits);
    if (rc < 0)
        return rc;
    g->set = set;
    g->out_dir = args.out;
    g->include = args.include;
    g->prefix = args.prefix;
    if (!sw_str_to_u64(sw_str_of(args.kinds), BINDGEN_KINDS_MAX, &g->kinds_before))
        return sw_fail(g->err, SW_EINPUT, "--kinds: expected a number up to %d, got '%s'", BINDGEN_KINDS_MAX,
                       args.kinds);
    g->interfaces = SW_ARENA_ARRAY(g->arena, (size_t)(argc - args.first), struct gen_interface);
    if (!g->interfaces)
        return sw_arena_fail(g->arena, sizeof *g->interfaces, g->err);
    for (int i = args.first; i < argc && g->rc == 0; i++)
        add_interface(g, argv[i]);
    generate(g);
    return g->rc;
}

int main(int argc, char **argv)
{
    sw_auto_arena arena = SW_ARENA(BINDGEN_ARENA_BYTES_MAX);
    struct sw_err err = {0};
    struct gen g = {.arena = &arena, .err = &err, .common = SW_BUF(BINDGEN_FILE_BYTES_MAX)};
    int rc = run(argc, argv, &g);
    sw_map_deinit(&g.waits);
    sw_map_deinit(&g.done);
    sw_map_deinit(&g.common_done);
    sw_buf_deinit(&g.common);
    if (rc < 0)
        (void)fprintf(stderr, "bindgen: %s\n", err.text); /* nowhere else to say it */
    return rc < 0 ? sw_code_exit_status(err.code) : 0;
}
