/* validate_name.c - names of imports and exports: their form, what they may stand for, and that they differ.  Room: component.
 *
 * Source: Explainer.md, "Import and Export Definitions"; Binary.md, the notes there. The forms `unlocked-dep=`, `locked-dep=`, `url=` and
 * `integrity=`, which the specification has dropped and tools still read, are taken for imports. */
#include "component/validate.h"

#include <assert.h>

int component__v_label(struct v *v, struct sw_str label, const char *what)
{
    if (component_label_valid(label))
        return 0;
    if (label.n == 0)
        return component__v_bad(v, "%s name cannot be empty", what);
    return component__v_bad(v, "%s name `" SW_FMT "` is not in kebab case", what, SW_ARG(label));
}

/* What must differ between two names: more than case, since both a-b and A-B may become one word in a language (Explainer.md, "Name
 * Uniqueness"; tools later than it count no hyphens either); a version counts as it is. Behind a prefix for the kind of name. */
static int folded(struct v *v, char prefix, struct sw_str name, struct sw_str *ret)
{
    char *key = component__v_take(v, name.n + 1, 1);
    size_t n = 0;
    bool version = false;
    if (!key)
        return v->rc;
    key[n++] = prefix;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        version |= c == '@';
        key[n++] = (char)(c >= 'A' && c <= 'Z' && !version ? c + ('a' - 'A') : c);
    }
    *ret = sw_str(key, n);
    return component__v_steps(v, name.n / 16 + 1);
}

static int new_key(struct v *v, struct v_map *keys, struct sw_str key, struct sw_str name,
                   const struct sw_str **ret_previous)
{
    const void *found = NULL;
    struct sw_str *kept = V_NEW(v, struct sw_str);
    if (!kept)
        return v->rc;
    *kept = name;
    int rc = component__v_put(v, keys, component__v_name(key), kept);
    if (rc != SW_END)
        return rc;
    rc = component__v_find(v, keys, component__v_name(key), &found);
    if (rc < 0)
        return rc;
    assert(found); /* else it could have been put there */
    *ret_previous = found;
    return SW_END;
}

int component__v_label_new(struct v *v, struct v_map *labels, struct sw_str label, const char *what,
                           const char *previous)
{
    struct sw_str key = {NULL, 0};
    const struct sw_str *before = NULL;
    int rc = component__v_label(v, label, what);
    if (rc == 0)
        rc = folded(v, 'l', label, &key);
    if (rc == 0)
        rc = new_key(v, labels, key, label, &before);
    if (rc == SW_END && before)
        return component__v_bad(v, "%s name `" SW_FMT "` conflicts with %s name `" SW_FMT "`", what,
                                SW_ARG(label), previous, SW_ARG(*before));
    return rc;
}

/* ---- parsing ---- */

enum name_form { NAME_LABEL, NAME_CONSTRUCTOR, NAME_METHOD, NAME_STATIC, NAME_INTERFACE, NAME_OTHER };
struct parsed {
    enum name_form form;
    struct sw_str resource, member; /* CONSTRUCTOR: resource; METHOD, STATIC: both */
    struct sw_str version;          /* INTERFACE, behind '@' */
    bool has_version;
};

static int label(struct v *v, struct sw_str text)
{
    return component_label_valid(text)
               ? 0
               : component__v_bad(v, "`" SW_FMT "` is not in kebab case", SW_ARG(text));
}

static bool eat(struct sw_str *text, struct sw_str prefix)
{
    if (!sw_str_starts(*text, prefix))
        return false;
    *text = sw_str_from(*text, prefix.n);
    return true;
}

static int expect(struct v *v, struct sw_str *text, struct sw_str wanted)
{
    if (eat(text, wanted))
        return 0;
    return component__v_bad(v, "expected `" SW_FMT "` at `" SW_FMT "`", SW_ARG(wanted), SW_ARG(*text));
}

static int up_to(struct v *v, struct sw_str *text, char stop, struct sw_str *ret)
{
    size_t at = sw_str_find(*text, stop);
    if (at == SW_NPOS)
        return component__v_bad(v, "failed to find `%c` character", stop);
    *ret = sw_str_head(*text, at);
    *text = sw_str_from(*text, at);
    return 0;
}

static struct sw_str take_label(struct sw_str *text) /* the longest run of bytes that labels have */
{
    size_t n = 0;
    while (n < text->n &&
           ((text->p[n] >= 'a' && text->p[n] <= 'z') || (text->p[n] >= 'A' && text->p[n] <= 'Z') ||
            (text->p[n] >= '0' && text->p[n] <= '9') || text->p[n] == '-'))
        n++;
    struct sw_str taken = sw_str_head(*text, n);
    *text = sw_str_from(*text, n);
    return taken;
}

static int words(struct v *v, struct sw_str *text) /* a label without capital letters */
{
    struct sw_str taken = take_label(text);
    int rc = label(v, taken);
    for (size_t i = 0; rc == 0 && i < taken.n; i++)
        if (taken.p[i] >= 'A' && taken.p[i] <= 'Z')
            return component__v_bad(v, "character `%c` is not lowercase in package name/namespace",
                                    taken.p[i]);
    return rc;
}

/* namespace:package, then /projection where `projection` asks for one. */
static int package_path(struct v *v, struct sw_str *text, bool projection)
{
    int rc = words(v, text);
    if (rc == 0)
        rc = expect(v, text, SW_LIT(":"));
    if (rc == 0)
        rc = words(v, text);
    if (rc < 0)
        return rc;
    if (eat(text, SW_LIT("/")))
        return label(v, take_label(text));
    return projection ? component__v_bad(v, "expected `/` after package name") : 0;
}

static int semver(struct v *v, struct sw_str version)
{
    const char *why = "";
    if (component_semver_valid(version, &why))
        return 0;
    return component__v_bad(v, "`" SW_FMT "` is not a valid semver: %s", SW_ARG(version), why);
}

/* ---- the forms of old ---- */

static bool is_base64(struct sw_str text)
{
    size_t n = text.n;
    for (int i = 0; i < 2 && n > 1 && text.p[n - 1] == '='; i++)
        n--;
    for (size_t i = 0; i < n; i++) {
        char c = text.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
              c == '/'))
            return false;
    }
    return n > 0;
}

static int hash(struct v *v, struct sw_str one)
{
    struct sw_str rest = one;
    if (!eat(&rest, SW_LIT("sha256")) && !eat(&rest, SW_LIT("sha384")) && !eat(&rest, SW_LIT("sha512")))
        return component__v_bad(v, "unrecognized hash algorithm: `" SW_FMT "`", SW_ARG(one));
    if (!eat(&rest, SW_LIT("-")))
        return component__v_bad(v, "expected `-` after hash algorithm: " SW_FMT, SW_ARG(one));
    size_t options = sw_str_find(rest, '?');
    rest = options == SW_NPOS ? rest : sw_str_head(rest, options);
    return is_base64(rest) ? 0 : component__v_bad(v, "not valid base64: `" SW_FMT "`", SW_ARG(rest));
}

static int integrity(struct v *v, struct sw_str *text)
{
    struct sw_str hashes;
    bool any = false;
    int rc = up_to(v, text, '>', &hashes);
    while (rc == 0 && hashes.n) {
        size_t space = sw_str_find(hashes, ' ');
        struct sw_str one = space == SW_NPOS ? hashes : sw_str_head(hashes, space);
        hashes = space == SW_NPOS ? SW_LIT("") : sw_str_from(hashes, space + 1);
        if (one.n == 0)
            continue;
        any = true;
        rc = hash(v, one);
    }
    if (rc == 0 && !any)
        return component__v_bad(v, "integrity hash cannot be empty");
    return rc < 0 ? rc : expect(v, text, SW_LIT(">"));
}

static int optional_integrity(struct v *v, struct sw_str *text)
{
    if (!eat(text, SW_LIT(",")))
        return 0;
    int rc = expect(v, text, SW_LIT("integrity=<"));
    return rc < 0 ? rc : integrity(v, text);
}

static int version_range(struct v *v, struct sw_str range)
{
    if (eat(&range, SW_LIT("<")))
        return semver(v, range);
    if (!eat(&range, SW_LIT(">=")))
        return component__v_bad(v, "expected `>=` or `<` at start of version range");
    size_t space = sw_str_find(range, ' ');
    if (space == SW_NPOS)
        return semver(v, range);
    struct sw_str upper = sw_str_from(range, space + 1);
    int rc = semver(v, sw_str_head(range, space));
    if (rc == 0 && !eat(&upper, SW_LIT("<")))
        return component__v_bad(v, "expected `<` at start of version range upper bounds");
    return rc < 0 ? rc : semver(v, upper);
}

static int unlocked(struct v *v, struct sw_str *text)
{
    struct sw_str range = SW_LIT("");
    int rc = package_path(v, text, false);
    if (rc == 0 && eat(text, SW_LIT("@")) && !eat(text, SW_LIT("*"))) {
        rc = expect(v, text, SW_LIT("{"));
        if (rc == 0)
            rc = up_to(v, text, '}', &range);
        if (rc == 0)
            rc = expect(v, text, SW_LIT("}"));
        if (rc == 0)
            rc = version_range(v, range);
    }
    return rc < 0 ? rc : expect(v, text, SW_LIT(">"));
}

static int locked(struct v *v, struct sw_str *text)
{
    struct sw_str version = SW_LIT("");
    int rc = package_path(v, text, false);
    if (rc == 0 && eat(text, SW_LIT("@"))) {
        size_t end =
            sw_str_find(*text, '>'); /* without one all of it is the version, and the '>' is missed below */
        version = end == SW_NPOS ? *text : sw_str_head(*text, end);
        *text = sw_str_from(*text, version.n);
        rc = semver(v, version);
    }
    if (rc == 0)
        rc = expect(v, text, SW_LIT(">"));
    return rc < 0 ? rc : optional_integrity(v, text);
}

static int url(struct v *v, struct sw_str *text)
{
    struct sw_str where = SW_LIT("");
    int rc = up_to(v, text, '>', &where);
    if (rc == 0 && sw_str_find(where, '<') != SW_NPOS)
        return component__v_bad(v, "url cannot contain `<`");
    if (rc == 0)
        rc = expect(v, text, SW_LIT(">"));
    return rc < 0 ? rc : optional_integrity(v, text);
}

static const struct {
    struct sw_str prefix;
    int (*parse)(struct v *v, struct sw_str *text);
} old_forms[] = {
    {SW_LIT_INIT("unlocked-dep="), unlocked},
    {SW_LIT_INIT("locked-dep="), locked},
    {SW_LIT_INIT("url="), url},
    {SW_LIT_INIT("integrity="), integrity},
};

/* ---- all forms ---- */

static int member(struct v *v, struct sw_str text, enum name_form form, struct parsed *ret)
{
    int rc = up_to(v, &text, '.', &ret->resource);
    ret->form = form;
    ret->member = sw_str_from(text, 1);
    if (rc == 0)
        rc = label(v, ret->resource);
    return rc < 0 ? rc : label(v, ret->member);
}

static int parse(struct v *v, struct sw_str text, struct parsed *ret)
{
    *ret = (struct parsed){.form = NAME_LABEL};
    if (eat(&text, SW_LIT("[constructor]"))) {
        ret->form = NAME_CONSTRUCTOR;
        ret->resource = text;
        return label(v, text);
    }
    if (eat(&text, SW_LIT("[method]")))
        return member(v, text, NAME_METHOD, ret);
    if (eat(&text, SW_LIT("[static]")))
        return member(v, text, NAME_STATIC, ret);
    int rc = 0;
    for (size_t i = 0; i < sizeof old_forms / sizeof *old_forms; i++)
        if (eat(&text, old_forms[i].prefix)) {
            ret->form = NAME_OTHER;
            rc = expect(v, &text, SW_LIT("<"));
            if (rc == 0)
                rc = old_forms[i].parse(v, &text);
            if (rc == 0 && text.n)
                return component__v_bad(v, "trailing characters found: `" SW_FMT "`", SW_ARG(text));
            return rc;
        }
    if (sw_str_find(text, ':') == SW_NPOS)
        return label(v, text);
    ret->form = NAME_INTERFACE;
    rc = package_path(v, &text, true);
    ret->has_version = rc == 0 && eat(&text, SW_LIT("@"));
    ret->version = text;
    if (rc == 0 && text.n && !ret->has_version)
        return component__v_bad(v, "trailing characters found: `" SW_FMT "`", SW_ARG(text));
    return rc;
}

/* ---- what a name may stand for ---- */

static int is_resource(struct v *v, const struct v_extern_name *name, const struct vt *resource,
                       struct sw_str wanted)
{
    const void *found = NULL;
    int rc = component__v_find(v, name->resources, component__v_node(resource), &found);
    if (rc == SW_ABSENT)
        return component__v_bad(v, "resource used in function does not have a name in this context");
    if (rc < 0)
        return rc;
    const struct sw_str *known = found;
    if (!sw_str_eq(*known, wanted))
        return component__v_bad(v, "function does not match expected resource name `" SW_FMT "`",
                                SW_ARG(*known));
    return 0;
}

static int check_constructor(struct v *v, const struct v_extern_name *name, const struct parsed *parsed)
{
    const struct vt *func = name->what->type;
    if (func->is_async)
        return component__v_bad(v, "constructor function cannot be async");
    const struct vt *own = func->elem;
    if (!own)
        return component__v_bad(v, "function should return one value");
    if (own->value == COMPONENT_RESULT)
        own = own->elem;
    if (!own || own->value != COMPONENT_OWN)
        return component__v_bad(v, "function should return `(own $T)` or `(result (own $T))`");
    return is_resource(v, name, own->elem, parsed->resource);
}

static int check_method(struct v *v, const struct v_extern_name *name, const struct parsed *parsed)
{
    const struct vt *func = name->what->type;
    if (func->field_count == 0)
        return component__v_bad(v, "function should have at least one argument");
    if (!sw_str_eq(func->fields[0].name, SW_LIT("self")))
        return component__v_bad(v, "function should have a first argument called `self`");
    if (func->fields[0].type->value != COMPONENT_BORROW)
        return component__v_bad(v, "function should take a first argument of `(borrow $T)`");
    return is_resource(v, name, func->fields[0].type->elem, parsed->resource);
}

static int check_static(struct v *v, const struct v_extern_name *name, const struct parsed *parsed)
{
    const void *found = NULL;
    int rc = component__v_find(v, name->resource_names, component__v_name(parsed->resource), &found);
    return rc == SW_ABSENT ? component__v_bad(v, "static resource name is not known in this context") : rc;
}

/* canonversion: what names a track, 1 or 0.2 or 0.0.3; of 0.0.0, all of it. */
static bool is_track(struct sw_str version)
{
    uint64_t number = 0;
    int zeros = 0;
    for (; zeros < 2 && sw_str_starts(version, SW_LIT("0.")); zeros++)
        version = sw_str_from(version, 2);
    if (!sw_str_to_u64(version, UINT64_MAX, &number))
        return false;
    return version.p[0] != '0' || (version.n == 1 && zeros == 2);
}

static int check_version(struct v *v, const struct v_extern_name *name, const struct parsed *parsed)
{
    const char *why = "";
    struct sw_str suffix = name->name->version_suffix, version = parsed->version;
    if (name->name->has_version_suffix && (!parsed->has_version || !is_track(version)))
        return component__v_bad(v, "a version suffix behind `" SW_FMT "`, which is not a track of versions",
                                SW_ARG(version));
    if (!parsed->has_version)
        return 0;
    if (name->name->has_version_suffix) {
        char *whole = component__v_take(v, version.n + suffix.n + 1, 1);
        if (!whole)
            return v->rc;
        if (version.n)
            memcpy(whole, version.p, version.n);
        if (suffix.n)
            memcpy(whole + version.n, suffix.p, suffix.n);
        version = sw_str(whole, version.n + suffix.n);
    }
    if (!component_semver_valid(version, &why))
        return component__v_bad(v, "invalid interface version: `" SW_FMT "` is not a valid semver: %s",
                                SW_ARG(version), why);
    return 0;
}

static int check_kind(struct v *v, const struct v_extern_name *name, const struct parsed *parsed)
{
    switch (parsed->form) {
    case NAME_LABEL:
    case NAME_OTHER:
        return 0;
    case NAME_INTERFACE:
        return check_version(v, name, parsed);
    case NAME_CONSTRUCTOR:
    case NAME_METHOD:
    case NAME_STATIC:
        break;
    }
    if (name->what->sort != COMPONENT_SORT_FUNC)
        return component__v_bad(v, "item is not a func");
    if (parsed->form == NAME_CONSTRUCTOR)
        return check_constructor(v, name, parsed);
    return parsed->form == NAME_METHOD ? check_method(v, name, parsed) : check_static(v, name, parsed);
}

static int check_attributes(struct v *v, const struct v_extern_name *name, const struct parsed *parsed)
{
    struct parsed implements;
    const struct component_extern_name *text = name->name;
    if (text->has_implements) {
        if (parsed->form != NAME_LABEL)
            return component__v_bad(v, "name `" SW_FMT "` is not valid with `implements`",
                                    SW_ARG(text->name));
        if (name->what->sort != COMPONENT_SORT_INSTANCE)
            return component__v_bad(v, "only instances can have an `implements`");
        if (parse(v, text->implements, &implements) < 0)
            return sw_wrap(v->err, "`" SW_FMT "` is not a valid name", SW_ARG(text->implements));
        if (implements.form != NAME_INTERFACE)
            return component__v_bad(v, "name `" SW_FMT "` must be an interface", SW_ARG(text->implements));
        const char *why = "";
        if (implements.has_version && !component_semver_valid(implements.version, &why))
            return component__v_bad(v, "invalid interface version: `" SW_FMT "` is not a valid semver: %s",
                                    SW_ARG(implements.version), why);
    }
    if (text->has_version_suffix && parsed->form != NAME_INTERFACE)
        return component__v_bad(v, "name `" SW_FMT "` is not valid with `versionsuffix`", SW_ARG(text->name));
    if (text->has_version_suffix && name->what->sort != COMPONENT_SORT_INSTANCE)
        return component__v_bad(v, "only instances can have a `versionsuffix`");
    return 0;
}

/* `[method]a.a` is the same as `a`. */
static int unique_key(struct v *v, struct sw_str name, const struct parsed *parsed, struct sw_str *ret)
{
    struct sw_str member = {NULL, 0};
    int rc = 0;
    switch (parsed->form) {
    case NAME_LABEL:
        return folded(v, 'l', name, ret);
    case NAME_CONSTRUCTOR:
        return folded(v, 'c', parsed->resource, ret);
    case NAME_METHOD:
    case NAME_STATIC:
        rc = folded(v, 'l', parsed->resource, ret);
        if (rc == 0)
            rc = folded(v, 'l', parsed->member, &member);
        if (rc != 0 || sw_str_eq(*ret, member))
            return rc;
        /* resource and member stand beside each other */
        return folded(v, 'm', sw_str(parsed->resource.p, parsed->resource.n + 1 + parsed->member.n), ret);
    case NAME_INTERFACE:
        return folded(v, 'i', name, ret);
    case NAME_OTHER:
        break;
    }
    *ret = name;
    return 0;
}

int component__v_extern_name_check(struct v *v, const struct v_extern_name *name)
{
    const char *side = name->direction == V_IMPORT ? "import" : "export";
    struct sw_str text = name->name->name, key = {NULL, 0};
    struct parsed parsed;
    const struct sw_str *before = NULL;
    int rc = parse(v, text, &parsed);
    if (rc < 0)
        return sw_wrap(v->err, "%s name `" SW_FMT "` is not a valid extern name", side, SW_ARG(text));
    if (name->direction == V_EXPORT && parsed.form == NAME_OTHER)
        return component__v_bad(v, "name `" SW_FMT "` is not a valid export name", SW_ARG(text));
    rc = check_attributes(v, name, &parsed);
    if (rc < 0)
        return rc;
    rc = check_kind(v, name, &parsed);
    if (rc < 0)
        return sw_wrap(v->err, "%s name `" SW_FMT "` is not valid", side, SW_ARG(text));
    rc = unique_key(v, text, &parsed, &key);
    if (rc == 0)
        rc = new_key(v, name->keys, key, text, &before);
    if (rc == SW_END && before)
        return component__v_bad(v, "%s name `" SW_FMT "` conflicts with previous name `" SW_FMT "`", side,
                                SW_ARG(text), SW_ARG(*before));
    return rc;
}
