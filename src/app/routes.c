/* routes.c - which trigger serves a path.  Room: app.
 *
 * A route is normalised ('/' in front, one trailing '/' off), split at '/' into segments and those at '.' into parts; a part is text or
 * a parameter. A request path is trimmed of slashes at both ends and compared byte by byte.
 *
 * Invariants
 *  1. `texts` holds the routes without parameters and wildcard, by their trimmed text: where one of them matches, it wins against
 *     every other (exact > parameter > wildcard, and fewer segments first against "/a/..." for "/a").
 *  2. `patterns` holds the others in the order of declaration; at equal precedence the first wins.
 * source: spin.md 2.1, 2.3 */
#include "app/app.h"

#include "app/fields.h"
#include "app/limits.h"
#include "base/alloc.h"
#include "base/map.h"

enum part_kind { PART_TEXT, PART_PARAM }; /* in the order of precedence */

struct part {
    enum part_kind kind;
    struct sw_str text; /* or the parameter's name */
};

struct segment {
    const struct part *parts; /* joined by '.' */
    uint32_t count;
};

struct pattern {
    uint32_t trigger;
    struct sw_str normal;     /* for matched_route */
    struct sw_str component;  /* for component_route */
    struct segment *segments; /* without the wildcard */
    uint32_t segment_count;
    uint32_t param_count;
    uint32_t dots;
    bool wildcard;
};

struct app_routes {
    struct sw_arena arena;
    struct sw_map texts; /* trimmed text -> struct pattern */
    struct pattern **patterns;
    uint32_t pattern_count;
    uint32_t *shadowed;
    uint32_t shadowed_count;
};

bool app_route_is_wildcard(struct sw_str route)
{
    if (sw_str_ends(route, SW_LIT("/")))
        route.n--;
    return sw_str_eq(route, SW_LIT("...")) || sw_str_eq(route, SW_LIT("*")) ||
           sw_str_ends(route, SW_LIT("/...")) || sw_str_ends(route, SW_LIT("/*"));
}

/* ---- reading a route ---- */

struct parse {
    struct app_routes *routes;
    const struct app *app;
    const struct app_http_trigger *trigger;
    struct pattern *pattern;
    struct sw_err *err;
};

static int invalid(const struct parse *p, const char *what)
{
    if (!app_http_has_component(p->trigger))
        return sw_fail(p->err, SW_EINPUT, "route '%s' of trigger '%s': %s", app__show(p->trigger->route).text,
                       app__show(p->trigger->id).text, what);
    return sw_fail(p->err, SW_EINPUT, "route '%s' of component '" SW_FMT "': %s",
                   app__show(p->trigger->route).text, SW_ARG(p->app->components[p->trigger->component].id),
                   what);
}

static int read_part(const struct parse *p, struct sw_str text, struct part *part)
{
    if (sw_str_starts(text, SW_LIT("*")))
        return invalid(p, "expected '*' only as the whole last segment");
    if (!sw_str_starts(text, SW_LIT(":"))) {
        *part = (struct part){PART_TEXT, text};
        return 0;
    }
    struct sw_str name = sw_str_from(text, 1);
    if (!app__is_token(name)) /* it becomes a part of a header field's name */
        return invalid(p, "expected a name of letters, digits, '-' and '_' behind ':'");
    if (++p->pattern->param_count > APP_ROUTE_PARAMS_MAX)
        return invalid(p, "expected at most " SW_STRINGIFY(APP_ROUTE_PARAMS_MAX) " parameters");
    *part = (struct part){PART_PARAM, name};
    return 0;
}

static uint32_t count_char(struct sw_str text, char c)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += text.p[i] == c;
    return count;
}

static int read_segment(const struct parse *p, struct sw_str text, struct segment *segment)
{
    uint32_t dots = count_char(text, '.');
    if (dots >= APP_ROUTE_SEGMENTS_MAX)
        return invalid(p, "expected at most " SW_STRINGIFY(APP_ROUTE_SEGMENTS_MAX) " parts in a segment");
    struct part *parts = SW_ARENA_ARRAY(&p->routes->arena, dots + 1, struct part);
    if (!parts)
        return sw_arena_fail(&p->routes->arena, dots * sizeof *parts, p->err);
    for (uint32_t i = 0; i <= dots; i++) {
        size_t end = sw_str_find(text, '.');
        int rc = read_part(p, end == SW_NPOS ? text : sw_str_head(text, end), &parts[i]);
        if (rc < 0)
            return rc;
        text = end == SW_NPOS ? sw_str("", 0) : sw_str_from(text, end + 1);
    }
    *segment = (struct segment){parts, dots + 1};
    p->pattern->dots += dots;
    return 0;
}

static int read_segments(const struct parse *p, struct sw_str text)
{
    struct pattern *pattern = p->pattern;
    pattern->segment_count = text.n ? count_char(text, '/') + 1 : 0;
    if (pattern->segment_count > APP_ROUTE_SEGMENTS_MAX)
        return invalid(p, "expected at most " SW_STRINGIFY(APP_ROUTE_SEGMENTS_MAX) " segments");
    pattern->segments = SW_ARENA_ARRAY(&p->routes->arena, pattern->segment_count, struct segment);
    if (!pattern->segments)
        return sw_arena_fail(&p->routes->arena, pattern->segment_count, p->err);
    for (uint32_t i = 0; i < pattern->segment_count; i++) {
        size_t end = sw_str_find(text, '/');
        int rc = read_segment(p, end == SW_NPOS ? text : sw_str_head(text, end), &pattern->segments[i]);
        if (rc < 0)
            return rc;
        text = end == SW_NPOS ? sw_str("", 0) : sw_str_from(text, end + 1);
    }
    return 0;
}

static int normalise(struct app_routes *routes, struct sw_str raw, struct sw_str *ret, struct sw_err *err)
{
    const char *text =
        sw_arena_printf(&routes->arena, "%s" SW_FMT, sw_str_starts(raw, SW_LIT("/")) ? "" : "/", SW_ARG(raw));
    if (!text)
        return sw_arena_fail(&routes->arena, raw.n, err);
    *ret = sw_str_of(text);
    if (sw_str_ends(*ret, SW_LIT("/")))
        ret->n--;
    return 0;
}

static int read_route(struct parse *p, struct sw_str *ret_text)
{
    struct pattern *pattern = p->pattern;
    struct sw_str raw = p->trigger->route;
    if (raw.n > APP_ROUTE_BYTES_MAX)
        return invalid(p, "expected at most " SW_STRINGIFY(APP_ROUTE_BYTES_MAX) " bytes");
    int rc = normalise(p->routes, raw, &pattern->normal, p->err);
    if (rc < 0)
        return rc;
    pattern->component = raw;
    if (sw_str_ends(raw, SW_LIT("/...")))
        pattern->component.n -= 4;
    struct sw_str text = pattern->normal;
    if (sw_str_ends(text, SW_LIT("/...")) || sw_str_ends(text, SW_LIT("/*"))) {
        pattern->wildcard = true;
        text.n = sw_str_rfind(text, '/');
    }
    text = sw_str_trim(text, SW_LIT("/"));
    *ret_text = text;
    return read_segments(p, text);
}

/* ---- the table ---- */

static int add_route(struct app_routes *routes, const struct app *app, uint32_t trigger,
                     struct pattern *pattern, struct sw_err *err)
{
    struct parse p = {routes, app, &app->http[trigger], pattern, err};
    struct sw_str text;
    pattern->trigger = trigger;
    int rc = read_route(&p, &text);
    if (rc < 0)
        return rc;
    if (pattern->wildcard || pattern->param_count) {
        routes->patterns[routes->pattern_count++] = pattern;
        return 0;
    }
    rc = sw_map_add(&routes->texts, text, pattern, err);
    return rc < 0 ? rc : 0; /* SW_END: "/a" and "/a/" are two routes, the first one serves */
}

static int add_all(struct app_routes *routes, const struct app *app, struct sw_map *by_raw,
                   struct sw_err *err)
{
    for (uint32_t i = 0; i < app->http_count; i++) {
        if (app->http[i].is_private)
            continue;
        struct pattern *same = sw_map_get(by_raw, app->http[i].route);
        if (same) { /* the last one serves, in the first one's place */
            routes->shadowed[routes->shadowed_count++] = same->trigger;
            same->trigger = i;
            continue;
        }
        struct pattern *pattern = SW_ARENA_NEW(&routes->arena, struct pattern);
        if (!pattern)
            return sw_arena_fail(&routes->arena, sizeof *pattern, err);
        int rc = add_route(routes, app, i, pattern, err);
        if (rc == 0)
            rc = sw_map_add(by_raw, app->http[i].route, pattern, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int app_routes_new(const struct app *app, struct app_routes **ret, struct sw_err *err)
{
    struct app_routes *routes = sw_try_alloc(sizeof *routes);
    if (!routes)
        return sw_fail(err, SW_ENOMEM, "no memory for routes");
    routes->arena = SW_ARENA(APP_ARENA_BYTES_MAX);
    routes->patterns = SW_ARENA_ARRAY(&routes->arena, app->http_count, struct pattern *);
    routes->shadowed = SW_ARENA_ARRAY(&routes->arena, app->http_count, uint32_t);
    struct sw_map by_raw = {0};
    int rc = routes->patterns && routes->shadowed ? add_all(routes, app, &by_raw, err)
                                                  : sw_arena_fail(&routes->arena, app->http_count, err);
    sw_map_deinit(&by_raw);
    if (rc < 0) {
        app_routes_free(routes);
        return rc;
    }
    *ret = routes;
    return 0;
}

void app_routes_free(struct app_routes *routes)
{
    if (!routes)
        return;
    sw_map_deinit(&routes->texts);
    sw_arena_deinit(&routes->arena);
    sw_free(routes);
}

/* ---- finding ---- */

static void capture(struct app_route_match *match, struct sw_str name, struct sw_str value)
{
    if (match)
        match->params[match->param_count++] = (struct app_route_param){name, value};
}

/* match NULL: only the answer. */
static bool match_segment(const struct segment *segment, struct sw_str text, struct app_route_match *match)
{
    for (uint32_t i = 0; i < segment->count; i++) {
        const struct part *part = &segment->parts[i];
        bool last = i + 1 == segment->count;
        size_t end = last ? text.n : part->kind == PART_TEXT ? part->text.n : sw_str_find(text, '.');
        if (end > text.n || (!last && (end == text.n || text.p[end] != '.')))
            return false;
        struct sw_str value = sw_str_head(text, end);
        if (part->kind == PART_TEXT ? !sw_str_eq(value, part->text) : value.n == 0)
            return false;
        if (part->kind == PART_PARAM)
            capture(match, part->text, value);
        text = last ? text : sw_str_from(text, end + 1);
    }
    return true;
}

/* On a match, *ret_end is where the segments end in `text`. */
static bool match_pattern(const struct pattern *pattern, struct sw_str text, struct app_route_match *match,
                          size_t *ret_end)
{
    size_t at = 0;
    for (uint32_t i = 0; i < pattern->segment_count; i++) {
        if (i > 0 && (at == text.n || text.p[at++] != '/'))
            return false;
        size_t n = 0;
        while (at + n < text.n && text.p[at + n] != '/')
            n++;
        if (!match_segment(&pattern->segments[i], sw_str(text.n ? text.p + at : "", n), match))
            return false;
        at += n;
    }
    *ret_end = at;
    return pattern->wildcard || at == text.n;
}

/* The i-th element as the comparison sees it: the parts of all segments in a row would let "a.b" outrank by position, so it goes
 * segment by segment and part by part. */
static int compare_segments(const struct segment *a, const struct segment *b)
{
    for (uint32_t i = 0; i < a->count && i < b->count; i++)
        if (a->parts[i].kind != b->parts[i].kind)
            return a->parts[i].kind < b->parts[i].kind ? -1 : 1;
    return 0;
}

/* Less than 0 when a goes first. Both match the same path. */
static int compare(const struct pattern *a, const struct pattern *b)
{
    uint32_t shared = a->segment_count < b->segment_count ? a->segment_count : b->segment_count;
    for (uint32_t i = 0; i < shared; i++) {
        int order = compare_segments(&a->segments[i], &b->segments[i]);
        if (order)
            return order;
    }
    if (a->wildcard && a->segment_count < b->segment_count)
        return 1; /* a's wildcard stands against a segment */
    if (b->wildcard && b->segment_count < a->segment_count)
        return -1;
    if (a->dots != b->dots)
        return a->dots > b->dots ? -1 : 1;
    uint32_t a_count = a->segment_count + a->wildcard;
    uint32_t b_count = b->segment_count + b->wildcard;
    return a_count == b_count ? 0 : a_count < b_count ? -1 : 1;
}

static const struct pattern *find_best(const struct app_routes *routes, struct sw_str text)
{
    const struct pattern *best = sw_map_get(&routes->texts, text);
    size_t end;
    for (uint32_t i = 0; !best && i < routes->pattern_count; i++)
        if (match_pattern(routes->patterns[i], text, NULL, &end)) {
            best = routes->patterns[i];
            for (uint32_t j = i + 1; j < routes->pattern_count; j++)
                if (match_pattern(routes->patterns[j], text, NULL, &end) &&
                    compare(routes->patterns[j], best) < 0)
                    best = routes->patterns[j];
        }
    return best;
}

int app_routes_find(const struct app_routes *routes, struct sw_str path, struct app_route_match *ret)
{
    size_t start = 0;
    size_t stop = path.n;
    while (start < stop && path.p[start] == '/')
        start++;
    while (stop > start && path.p[stop - 1] == '/')
        stop--;
    struct sw_str text = sw_str(path.n ? path.p + start : "", stop - start);
    const struct pattern *best = find_best(routes, text);
    if (!best)
        return SW_ABSENT;
    size_t end = 0;
    ret->trigger = best->trigger;
    ret->matched_route = best->normal;
    ret->component_route = best->component;
    ret->path_info = sw_str("", 0);
    ret->param_count = 0;
    (void)match_pattern(best, text, ret, &end); /* it did a moment ago */
    if (best->wildcard) {
        size_t from = best->segment_count == 0 ? (start > 0 ? start - 1 : 0) : start + end;
        ret->path_info = sw_str(path.n ? path.p + from : "", path.n - from);
    }
    return 0;
}

uint32_t app_routes_shadowed_count(const struct app_routes *routes)
{
    return routes->shadowed_count;
}

uint32_t app_routes_shadowed(const struct app_routes *routes, uint32_t i)
{
    return routes->shadowed[i];
}
