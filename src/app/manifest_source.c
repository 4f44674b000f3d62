/* manifest_source.c - spin.toml: where a component's code is.  Room: app.
 *
 * source: spin.md 1.8 */
#include "app/app_internal.h"
#include "app/manifest_internal.h"
#include "codec/digest.h"

#define DIGEST_PREFIX "sha256:"

int app__read_path(struct app__reader *r, const struct codec_toml *value, const char *help,
                   struct sw_str *ret)
{
    struct sw_str source = {NULL, 0};
    int rc = app__string(r, value, help, &source);
    if (rc < 0)
        return rc;
    if (source.n == 0)
        return app__fail_kind(r, value, "the path of a .wasm", NULL);
    const char *path = source.p[0] == '/' ? sw_arena_printf(&r->app->arena, SW_FMT, SW_ARG(source))
                                          : sw_arena_printf(&r->app->arena, SW_FMT "/" SW_FMT, SW_ARG(r->dir),
                                                            SW_ARG(source));
    if (!path)
        return sw_arena_fail(&r->app->arena, source.n, r->err);
    *ret = sw_str_of(path);
    return 0;
}

int app__read_url(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct sw_str url = {NULL, 0};
    int rc = app__string(r, value, "address of the component's .wasm", &url);
    if (rc < 0)
        return rc;
    if (!sw_str_starts(url, SW_LIT("https://")) && !sw_str_starts(url, SW_LIT("http://")))
        return app__fail_kind(r, value, "an address that begins with 'https://' or 'http://'", NULL);
    for (size_t i = 0; i < url.n; i++)
        if ((unsigned char)url.p[i] <= ' ' || url.p[i] == 0x7f)
            return app__fail_kind(r, value, "an address without white space", "write '%20' for a space");
    *(struct sw_str *)target = url;
    return 0;
}

int app__read_digest(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct sw_str digest = {NULL, 0};
    int rc = app__string(r, value, "digest of the component's .wasm, as \"sha256:<hex>\"", &digest);
    if (rc < 0)
        return rc;
    if (!sw_str_starts(digest, SW_LIT(DIGEST_PREFIX)))
        return app__fail(r, value->at, SW_EINPUT,
                         "invalid `digest`; must start with 'sha256:', got '%s'\n"
                         "hint: 'sha256sum FILE' prints the digits that go behind it",
                         app__show(digest).text);
    if (!codec_is_sha256_hex(sw_str_from(digest, sizeof DIGEST_PREFIX - 1)))
        return app__fail_kind(r, value, "'sha256:' and 64 of the digits 0-9 and a-f",
                              "'sha256sum FILE' prints them");
    *(struct sw_str *)target = digest;
    return 0;
}

struct form {
    const char *help;
    bool (*is_right)(struct sw_str);
    const char *expected;
};

static int read_form(struct app__reader *r, const struct codec_toml *value, const struct form *form,
                     struct sw_str *ret)
{
    struct sw_str text = {NULL, 0};
    int rc = app__string(r, value, form->help, &text);
    if (rc < 0)
        return rc;
    if (!form->is_right(text))
        return app__fail_kind(r, value, form->expected, NULL);
    *ret = text;
    return 0;
}

int app__read_package(struct app__reader *r, const struct codec_toml *value, void *target)
{
    static const struct form form = {"name of a package, as \"namespace:name\"", app__is_package,
                                     "a package as \"namespace:name\""};
    return read_form(r, value, &form, target);
}

int app__read_version(struct app__reader *r, const struct codec_toml *value, void *target)
{
    static const struct form form = {"version of the package, as \"1.2.3\"", app__is_version,
                                     "one exact version such as \"1.2.3\""};
    struct sw_str version = {NULL, 0};
    int rc = read_form(r, value, &form, &version);
    if (rc < 0)
        return rc;
    const char *requirement = sw_arena_printf(&r->app->arena, "=" SW_FMT, SW_ARG(version));
    if (!requirement)
        return sw_arena_fail(&r->app->arena, version.n, r->err);
    *(struct sw_str *)target = sw_str_of(requirement);
    return 0;
}

int app__read_requirement(struct app__reader *r, const struct codec_toml *value, void *target)
{
    static const struct form form = {"versions of the package that will do, as \">=1.0\"",
                                     app__is_requirement, "versions such as \"1.2.3\" or \">=1.0, <2.0\""};
    return read_form(r, value, &form, target);
}

int app__read_source(struct app__reader *r, const struct codec_toml *value, void *target)
{
    static const struct app__field url_fields[] = {
        {.key = "url",
         .kind = APP__DECODE,
         .required = true,
         .offset = offsetof(struct app__source, url),
         .decode = app__read_url,
         .help = "address of the component's .wasm"},
        {.key = "digest",
         .kind = APP__DECODE,
         .required = true,
         .offset = offsetof(struct app__source, digest),
         .decode = app__read_digest,
         .help = "digest of the component's .wasm, as \"sha256:<hex>\""},
        {0},
    };
    static const struct app__field registry_fields[] = {
        {.key = "package",
         .kind = APP__DECODE,
         .required = true,
         .offset = offsetof(struct app__source, package),
         .decode = app__read_package,
         .help = "name of a package, as \"namespace:name\""},
        {.key = "version",
         .kind = APP__DECODE,
         .required = true,
         .offset = offsetof(struct app__source, version),
         .decode = app__read_version,
         .help = "version of the package, as \"1.2.3\""},
        {.key = "registry",
         .kind = APP__STRING,
         .offset = offsetof(struct app__source, registry),
         .help = "name of the registry"},
        {0},
    };
    struct app__source *source = target;
    source->at = value->at;
    if (value->kind != CODEC_TOML_TABLE)
        return app__read_path(r, value, "path of the component's .wasm", &source->path);
    bool by_name = codec_toml_get(value, SW_LIT("package")) != NULL;
    return app__table(r, "'source'", value, by_name ? registry_fields : url_fields, source);
}
