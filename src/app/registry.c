/* registry.c - which registry has a package, and as which repository.  Room: app.
 *
 * The user's configuration is that of wasm-pkg-tools, <config_home>/wasm-pkg/config.toml:
 *   default_registry = "HOST"
 *   [namespace_registries]        NAMESPACE = "HOST", or { registry = "HOST", metadata = { oci = { registry, namespacePrefix } } }
 *   [package_registry_overrides]  "NAMESPACE:NAME" = the same
 *   [registry."HOST".oci]         protocol = "http"
 * Its other keys (credentials, registries in a folder) are left alone, since other programs use them. */
#include "app/registry.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "app/app_internal.h"
#include "app/fields.h"
#include "app/limits.h"
#include "app/web.h"
#include "codec/json.h"

#define CONFIG_NAME "wasm-pkg/config.toml"

struct finding {
    const struct app__package *package;
    const struct codec_toml *config; /* NULL: there is none */
    const char *config_path;         /* NULL: there is no folder for one */
    struct sw_arena *arena;
    struct sw_err *err;
    struct sw_str registry; /* its name */
    struct sw_str host;     /* of its OCI registry; empty: the same */
    struct sw_str prefix;   /* in front of the namespace */
    struct sw_str protocol; /* that the registry prefers; empty: it does not say */
};

/* ---- hosts ---- */

static bool is_host(struct sw_str text)
{
    uint64_t port;
    size_t colon = sw_str_find(text, ':');
    struct sw_str name = sw_str_head(text, colon);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
              c == '.'))
            return false;
    }
    return name.n > 0 && text.n <= APP_REGISTRY_HOST_BYTES_MAX &&
           (colon == SW_NPOS || (sw_str_to_u64(sw_str_from(text, colon + 1), UINT16_MAX, &port) && port > 0));
}

bool app__host_is_loopback(struct sw_str host)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr address;
    host = sw_str_head(host, sw_str_find(host, ':'));
    if (sw_str_eq_nocase(host, SW_LIT("localhost")))
        return true;
    if (host.n >= sizeof text)
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    return inet_pton(AF_INET, text, &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

static int check_host(const struct finding *f, struct sw_str host)
{
    if (is_host(host))
        return 0;
    return sw_fail(f->err, SW_EINPUT,
                   "registry: expected the name of a host, got '%s'\n"
                   "hint: write it as \"registry.example.com\", with \":5000\" behind it for a port",
                   app__show(host).text);
}

/* ---- the configuration ---- */

static struct sw_str text_of(const struct codec_toml *value)
{
    return value && value->kind == CODEC_TOML_STRING ? value->string : sw_str("", 0);
}

static const struct codec_toml *get(const struct codec_toml *table, const char *key)
{
    return table ? codec_toml_get(table, sw_str_of(key)) : NULL;
}

static int read_config(struct finding *f, const char *config_home)
{
    char path[PATH_MAX];
    struct stat st;
    if (!config_home)
        return 0;
    int n = snprintf(path, sizeof path, "%s/" CONFIG_NAME, config_home);
    if (n < 0 || n >= (int)sizeof path)
        return sw_fail(f->err, SW_ELIMIT, "'%s': expected a shorter path of the configuration", config_home);
    f->config_path = sw_arena_printf(f->arena, "%s", path);
    if (!f->config_path)
        return sw_arena_fail(f->arena, (size_t)n, f->err);
    if (stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    sw_auto_buf text = SW_BUF(APP_REGISTRY_CONFIG_BYTES_MAX);
    struct sw_str copy = {NULL, 0};
    int rc = app__read_file(path, "a configuration of registries", &text, f->err);
    if (rc == 0)
        rc = sw_arena_copy(f->arena, sw_buf_str(&text), &copy, f->err);
    return rc < 0 ? rc : codec_toml_parse(f->arena, copy, sw_str_of(f->config_path), &f->config, f->err);
}

static const char *shown_config(const struct finding *f)
{
    return f->config_path ? f->config_path : "~/.config/" CONFIG_NAME;
}

/* "HOST", or a table with what the registry would say of itself. */
static int take_mapping(struct finding *f, const struct codec_toml *value, bool *ret_told)
{
    if (value->kind == CODEC_TOML_STRING) {
        f->registry = value->string;
        return 0;
    }
    const struct codec_toml *metadata = get(value, "metadata"), *oci = get(metadata, "oci");
    f->registry = text_of(get(value, "registry"));
    if (value->kind != CODEC_TOML_TABLE || f->registry.n == 0 || !metadata)
        return sw_fail(
            f->err, SW_EINPUT,
            "%s:%u:%u: expected the name of a registry or { registry = \"HOST\", metadata = { ... } }",
            f->config_path, value->at.line, value->at.column);
    f->protocol = text_of(get(metadata, "preferredProtocol"));
    f->host = text_of(get(oci ? oci : metadata, oci ? "registry" : "ociRegistry"));
    f->prefix = text_of(get(oci ? oci : metadata, oci ? "namespacePrefix" : "ociNamespacePrefix"));
    *ret_told = true;
    return 0;
}

/* told: the configuration says what the registry would say. */
static int choose_registry(struct finding *f, bool *ret_told)
{
    struct sw_str name = f->package->name;
    const struct codec_toml *overrides = get(f->config, "package_registry_overrides");
    const struct codec_toml *spaces = get(f->config, "namespace_registries");
    const struct codec_toml *value = overrides ? codec_toml_get(overrides, name) : NULL;
    if (!value && spaces)
        value = codec_toml_get(spaces, sw_str_head(name, sw_str_find(name, ':')));
    if (!value)
        value = get(f->config, "default_registry");
    if (f->package->registry.n)
        f->registry = f->package->registry;
    else if (!value)
        return sw_fail(f->err, SW_EINPUT,
                       "no registry is known for it\n"
                       "hint: write registry = \"HOST\" beside it, or default_registry = \"HOST\" into '%s'",
                       shown_config(f));
    int rc = f->package->registry.n ? 0 : take_mapping(f, value, ret_told);
    return rc < 0 ? rc : check_host(f, f->registry);
}

/* "http" or "https", as [registry."HOST".oci] protocol says for one of the two names. */
static int scheme_of(const struct finding *f, struct sw_str host, const char **ret)
{
    const struct sw_str names[] = {host, f->registry};
    const struct codec_toml *registries = get(f->config, "registry");
    *ret = app__host_is_loopback(host) ? "http" : "https";
    for (size_t i = 0; registries && i < 2; i++) {
        const struct codec_toml *registry = codec_toml_get(registries, names[i]);
        const struct codec_toml *protocol = get(get(registry, "oci"), "protocol");
        if (!protocol)
            continue;
        if (!sw_str_eq(text_of(protocol), SW_LIT("http")) && !sw_str_eq(text_of(protocol), SW_LIT("https")))
            return sw_fail(f->err, SW_EINPUT, "%s:%u:%u: protocol: expected \"http\" or \"https\"",
                           f->config_path, protocol->at.line, protocol->at.column);
        *ret = protocol->string.n == 4 ? "http" : "https";
        break;
    }
    return 0;
}

/* ---- what the registry says of itself ---- */

static int copy_member(struct finding *f, const struct codec_json *object, const char *key,
                       struct sw_str *ret)
{
    return sw_arena_copy(f->arena, codec_json_string(codec_json_get(object, key)), ret, f->err);
}

static int read_metadata(struct finding *f, const char *url, struct sw_str text)
{
    struct codec_json *root = NULL;
    int rc = codec_json_parse(text, &root, f->err);
    if (rc < 0)
        return sw_wrap(f->err, "what '%s' says", url);
    const struct codec_json *oci = codec_json_get(root, "oci");
    rc = copy_member(f, root, "preferredProtocol", &f->protocol);
    if (rc == 0)
        rc = copy_member(f, oci ? oci : root, oci ? "registry" : "ociRegistry", &f->host);
    if (rc == 0)
        rc = copy_member(f, oci ? oci : root, oci ? "namespacePrefix" : "ociNamespacePrefix", &f->prefix);
    codec_json_free(root);
    return rc;
}

/* Nothing there: an OCI registry of the same name. */
static int ask_registry(struct finding *f)
{
    struct app__web_got got = {.body = SW_BUF(APP_REGISTRY_JSON_BYTES_MAX)};
    const char *scheme;
    int rc = scheme_of(f, f->registry, &scheme);
    if (rc < 0)
        return rc;
    const char *url = sw_arena_printf(f->arena, "%s://" SW_FMT "/.well-known/wasm-pkg/registry.json", scheme,
                                      SW_ARG(f->registry));
    if (!url)
        return sw_arena_fail(f->arena, f->registry.n, f->err);
    rc = app__web_get(&(struct app__web_get){.url = url}, &got, f->err);
    if (rc == 0 && got.status == 200)
        rc = read_metadata(f, url, sw_buf_str(&got.body));
    else if (rc == 0 && got.status != 404)
        rc = sw_fail(f->err, SW_EIO, "ask '%s': expected the status 200 or 404, got %ld", url, got.status);
    sw_buf_deinit(&got.body);
    return rc;
}

/* ---- the repository ---- */

static bool is_prefix(struct sw_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool between = i > 0 && text.p[i - 1] != '/' && text.p[i - 1] != '.'; /* no empty part, no ".." */
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
              ((c == '/' || c == '.') && between)))
            return false;
    }
    return text.n <= APP_REGISTRY_NAME_BYTES_MAX;
}

static int make_oci(struct finding *f, struct app__oci *oci)
{
    struct sw_str name = f->package->name, host = f->host.n ? f->host : f->registry;
    size_t colon = sw_str_find(name, ':');
    const char *scheme;
    if (f->protocol.n && !sw_str_eq(f->protocol, SW_LIT("oci")))
        return sw_fail(f->err, SW_EINPUT,
                       "the registry '" SW_FMT
                       "' speaks '%s', expected 'oci'\nhint: take the package from one "
                       "that has it by OCI",
                       SW_ARG(f->registry), app__show(f->protocol).text);
    int rc = check_host(f, host);
    if (rc == 0 && !is_prefix(f->prefix))
        rc = sw_fail(f->err, SW_EINPUT, "the registry '" SW_FMT "': '%s' is no prefix of repositories",
                     SW_ARG(f->registry), app__show(f->prefix).text);
    if (rc == 0)
        rc = scheme_of(f, host, &scheme);
    if (rc < 0)
        return rc;
    *oci = (struct app__oci){.package = name, .arena = f->arena};
    oci->base = sw_arena_printf(f->arena, "%s://" SW_FMT, scheme, SW_ARG(host));
    oci->repository = sw_arena_printf(f->arena, SW_FMT SW_FMT "/" SW_FMT, SW_ARG(f->prefix),
                                      SW_ARG(sw_str_head(name, colon)), SW_ARG(sw_str_from(name, colon + 1)));
    if (!oci->base || !oci->repository)
        return sw_arena_fail(f->arena, host.n + name.n, f->err);
    return 0;
}

int app__package_find(const struct app__package *package, const char *config_home, struct sw_arena *arena,
                      struct app__package_found *ret, struct sw_err *err)
{
    struct finding f = {.package = package, .arena = arena, .err = err};
    struct app__oci oci;
    bool told = false;
    int rc = read_config(&f, config_home);
    if (rc == 0)
        rc = choose_registry(&f, &told);
    if (rc == 0 && !told)
        rc = ask_registry(&f);
    if (rc == 0)
        rc = make_oci(&f, &oci);
    if (rc == 0)
        rc = app__oci_find(&oci, package->requirement, ret, err);
    return rc < 0 ? sw_wrap(err, "package '" SW_FMT "'", SW_ARG(package->name)) : 0;
}
