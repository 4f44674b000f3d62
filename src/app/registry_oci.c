/* registry_oci.c - a package in an OCI registry: its tags, its manifest, the digest of its bytes.  Room: app.
 *
 * source: opencontainers/distribution-spec 1.1 "Pulling manifests", "Listing Tags"; distribution "Token Authentication" for what is asked
 * for with WWW-Authenticate; CNCF "Wasm OCI Artifact" for the media types */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/app_internal.h"
#include "app/fields.h"
#include "app/limits.h"
#include "app/registry.h"
#include "app/versions.h"
#include "app/web.h"
#include "codec/digest.h"
#include "codec/json.h"

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define DIGEST_PREFIX "sha256:"

struct session {
    const struct app__oci *oci;
    const char *authorization; /* NULL: none was asked for yet */
    struct sw_err *err;
    struct app__web_got got;
};

/* ---- tokens ---- */

/* The value of name="..." in a challenge. */
static bool challenge_param(struct sw_str challenge, const char *name, struct sw_str *ret)
{
    char key[16];
    int n = snprintf(key, sizeof key, "%s=\"", name);
    const char *at = memmem(challenge.p, challenge.n, key, (size_t)n);
    if (!at)
        return false;
    struct sw_str rest = sw_str_from(challenge, (size_t)(at - challenge.p) + (size_t)n);
    size_t end = sw_str_find(rest, '"');
    *ret = sw_str_head(rest, end);
    return end != SW_NPOS;
}

static int add_escaped(struct sw_buf *out, struct sw_str text, struct sw_err *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c && strchr("-._~:/", c));
        rc = plain ? sw_buf_add_byte(out, c, err) : sw_buf_printf(out, err, "%%%02X", c);
    }
    return rc;
}

/* Where a token comes from: over TLS, or from the loopback when the registry is there or speaks plain HTTP itself. */
static bool realm_is_fair(const struct session *s, struct sw_str realm)
{
    struct sw_str plain = SW_LIT("http://");
    for (size_t i = 0; i < realm.n; i++)
        if ((unsigned char)realm.p[i] <= ' ' || realm.p[i] == 0x7f)
            return false;
    if (sw_str_starts(realm, SW_LIT("https://")))
        return true;
    if (!sw_str_starts(realm, plain) || !sw_str_starts(sw_str_of(s->oci->base), plain))
        return false;
    struct sw_str host = sw_str_from(realm, plain.n);
    host = sw_str_head(host, sw_str_find(host, '/'));
    return app__host_is_loopback(host) || sw_str_eq(host, sw_str_from(sw_str_of(s->oci->base), plain.n));
}

static int take_token(struct session *s, const char *url, struct sw_str text)
{
    struct codec_json *root = NULL;
    int rc = codec_json_parse(text, &root, s->err);
    if (rc < 0)
        return sw_wrap(s->err, "the token from '%s'", url);
    struct sw_str token = codec_json_string(codec_json_get(root, "token"));
    if (token.n == 0)
        token = codec_json_string(codec_json_get(root, "access_token"));
    bool right = token.n > 0 && token.n <= APP_REGISTRY_TOKEN_BYTES_MAX;
    for (size_t i = 0; right && i < token.n; i++)
        right = token.p[i] > ' ' && token.p[i] < 0x7f;
    if (right)
        s->authorization = sw_arena_printf(s->oci->arena, "Bearer " SW_FMT, SW_ARG(token));
    codec_json_free(root);
    if (!right)
        return sw_fail(s->err, SW_EINPUT, "'%s': expected a token, got none of visible characters", url);
    return s->authorization ? 0 : sw_arena_fail(s->oci->arena, APP_REGISTRY_TOKEN_BYTES_MAX, s->err);
}

static int fetch_token(struct session *s, struct sw_str realm, struct sw_str service)
{
    sw_auto_buf url = SW_BUF(2 * APP__WEB_CHALLENGE_BYTES + 4 * APP_REGISTRY_NAME_BYTES_MAX);
    struct app__web_got got = {.body = SW_BUF(2 * APP_REGISTRY_TOKEN_BYTES_MAX)};
    int rc = sw_buf_printf(&url, s->err, SW_FMT "%cscope=repository:%s:pull", SW_ARG(realm),
                           sw_str_find(realm, '?') == SW_NPOS ? '?' : '&', s->oci->repository);
    if (rc == 0 && service.n)
        rc = sw_buf_add(&url, SW_LIT("&service="), s->err);
    if (rc == 0)
        rc = add_escaped(&url, service, s->err);
    if (rc == 0)
        rc = sw_buf_add_byte(&url, '\0', s->err);
    if (rc == 0)
        rc = app__web_get(&(struct app__web_get){.url = url.p}, &got, s->err);
    if (rc == 0 && got.status != 200)
        rc = sw_fail(s->err, SW_EDENIED,
                     "ask '" SW_FMT "' for a token: expected the status 200, got %ld\n"
                     "hint: Swell pulls packages that anyone may pull, and sends no password",
                     SW_ARG(realm), got.status);
    if (rc == 0)
        rc = take_token(s, url.p, sw_buf_str(&got.body));
    sw_buf_deinit(&got.body);
    return rc;
}

static int answer_challenge(struct session *s)
{
    char text[APP__WEB_CHALLENGE_BYTES];
    struct sw_str realm = {NULL, 0}, service = {NULL, 0};
    memcpy(text, s->got.challenge, sizeof text); /* the next answer replaces it */
    struct sw_str challenge = sw_str_of(text);
    if (strncasecmp(text, "bearer ", 7) != 0 || !challenge_param(challenge, "realm", &realm))
        return sw_fail(s->err, SW_EDENIED,
                       "the registry '%s' wants to know who asks, by '%s'\n"
                       "hint: Swell pulls packages that anyone may pull, and sends no password",
                       s->oci->base, app__show(challenge).text);
    if (!realm_is_fair(s, realm))
        return sw_fail(s->err, SW_EDENIED,
                       "the registry '%s' has tokens fetched from '%s', expected an https address",
                       s->oci->base, app__show(realm).text);
    (void)challenge_param(challenge, "service", &service); /* none is fine */
    return fetch_token(s, realm, service);
}

/* "<base>/v2/<repository>/<rest>", with a token when the registry asks for one; s->got has the answer. */
static int ask(struct session *s, const char *rest, const char *accept)
{
    const char *url = sw_arena_printf(s->oci->arena, "%s/v2/%s/%s", s->oci->base, s->oci->repository, rest);
    if (!url)
        return sw_arena_fail(s->oci->arena, strlen(rest), s->err);
    struct app__web_get what = {.url = url, .accept = accept, .authorization = s->authorization};
    int rc = app__web_get(&what, &s->got, s->err);
    if (rc == 0 && s->got.status == 401 && !s->authorization) {
        rc = answer_challenge(s);
        what.authorization = s->authorization;
        if (rc == 0)
            rc = app__web_get(&what, &s->got, s->err);
    }
    if (rc < 0 || s->got.status == 200)
        return rc;
    if (s->got.status == 404)
        return sw_fail(s->err, SW_EINPUT, "ask '%s': the registry has no such package or version", url);
    return sw_fail(s->err, s->got.status == 401 || s->got.status == 403 ? SW_EDENIED : SW_EIO,
                   "ask '%s': expected the status 200, got %ld", url, s->got.status);
}

/* ---- versions ---- */

/* A tag cannot have '+': '_' stands for it. */
static char *version_of_tag(struct sw_arena *arena, struct sw_str tag)
{
    char *version = sw_arena_try(arena, tag.n + 1, 1);
    for (size_t i = 0; version && i < tag.n; i++)
        version[i] = tag.p[i] == '_' ? '+' : tag.p[i];
    if (version)
        version[tag.n] = '\0';
    return version;
}

struct choice {
    struct sw_str best;    /* that fits; empty: none did */
    struct sw_str highest; /* of all */
    struct sw_str last;    /* tag of the page */
};

/* Tags that are no versions are passed over, as "latest". */
static int read_tags(struct session *s, struct sw_str requirement, struct choice *choice)
{
    struct codec_json *root = NULL;
    int rc = codec_json_parse(sw_buf_str(&s->got.body), &root, s->err);
    if (rc < 0)
        return sw_wrap(s->err, "the tags that '%s' has", s->oci->base);
    const struct codec_json *tags = codec_json_get(root, "tags");
    size_t count = codec_json_count(tags);
    choice->last = sw_str("", 0);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct sw_str tag = codec_json_string(codec_json_item(tags, i));
        if (tag.n == 0 || tag.n > APP_REGISTRY_NAME_BYTES_MAX)
            continue;
        char *text = version_of_tag(s->oci->arena, tag);
        if (!text) {
            rc = sw_arena_fail(s->oci->arena, tag.n, s->err);
            break;
        }
        struct sw_str version = sw_str_of(text);
        if (i + 1 == count)
            rc = sw_arena_copy(s->oci->arena, tag, &choice->last, s->err);
        if (!app__is_version(version))
            continue;
        if (choice->highest.n == 0 || app__version_cmp(version, choice->highest) > 0)
            choice->highest = version;
        if (app__version_fits(requirement, version) &&
            (choice->best.n == 0 || app__version_cmp(version, choice->best) > 0))
            choice->best = version;
    }
    codec_json_free(root);
    return rc;
}

static int choose_version(struct session *s, struct sw_str requirement, struct sw_str *ret)
{
    struct choice choice = {.best = {NULL, 0}};
    const char *rest = "tags/list?n=1000";
    for (int page = 0; page < APP_REGISTRY_PAGES_MAX; page++) {
        int rc = ask(s, rest, NULL);
        bool more = s->got.has_next;
        if (rc == 0)
            rc = read_tags(s, requirement, &choice);
        if (rc < 0)
            return rc;
        if (!more || choice.last.n == 0)
            break;
        sw_auto_buf next = SW_BUF(4 * APP_REGISTRY_NAME_BYTES_MAX);
        rc = sw_buf_add(&next, SW_LIT("tags/list?n=1000&last="), s->err);
        if (rc == 0)
            rc = add_escaped(&next, choice.last, s->err);
        rest = rc == 0 ? sw_arena_printf(s->oci->arena, SW_FMT, SW_ARG(sw_buf_str(&next))) : NULL;
        if (!rest)
            return rc < 0 ? rc : sw_arena_fail(s->oci->arena, next.n, s->err);
    }
    *ret = choice.best;
    if (choice.best.n)
        return 0;
    return sw_fail(s->err, SW_EINPUT, "the registry '%s' has no version that '%s' takes\nhint: %s%s",
                   s->oci->base, app__show(requirement).text,
                   choice.highest.n ? "the highest one it has is " : "it has none at all",
                   choice.highest.n ? choice.highest.p : "");
}

/* ---- the manifest ---- */

static bool is_wasm_type(struct sw_str type)
{
    return sw_str_eq(type, SW_LIT("application/wasm")) ||
           sw_str_eq(type, SW_LIT("application/vnd.wasm.content.layer.v1+wasm")); /* before 2024 */
}

/* The first layer that is Wasm. */
static int read_layer(struct session *s, const struct codec_json *root, const char *tag,
                      struct app__package_found *ret)
{
    const struct codec_json *layers = codec_json_get(root, "layers"), *layer = NULL;
    for (size_t i = 0; !layer && i < codec_json_count(layers); i++) {
        const struct codec_json *item = codec_json_item(layers, i);
        if (is_wasm_type(codec_json_string(codec_json_get(item, "mediaType"))))
            layer = item;
    }
    if (!layer)
        return sw_fail(
            s->err, SW_EINPUT,
            "the manifest of '%s' at '%s': expected a layer of type 'application/wasm', got none of %zu%s",
            tag, s->oci->base, codec_json_count(layers),
            codec_json_get(root, "manifests") ? ": it is an image for several platforms" : "");
    struct sw_str digest = codec_json_string(codec_json_get(layer, "digest"));
    int64_t size = codec_json_integer(codec_json_get(layer, "size"));
    if (!sw_str_starts(digest, SW_LIT(DIGEST_PREFIX)) ||
        !codec_is_sha256_hex(sw_str_from(digest, sizeof DIGEST_PREFIX - 1)))
        return sw_fail(s->err, SW_EINPUT,
                       "the manifest of '%s' at '%s': expected a digest as sha256:<hex>, got '%s'", tag,
                       s->oci->base, app__show(digest).text);
    if (size < 0 || size > (int64_t)APP_DOWNLOAD_BYTES_MAX)
        return sw_fail(s->err, SW_ELIMIT,
                       "the manifest of '%s' at '%s': expected a component of at most %u bytes, got %lld",
                       tag, s->oci->base, APP_DOWNLOAD_BYTES_MAX, (long long)size);
    const char *url = sw_arena_printf(s->oci->arena, "%s/v2/%s/blobs/" SW_FMT, s->oci->base,
                                      s->oci->repository, SW_ARG(digest));
    if (!url)
        return sw_arena_fail(s->oci->arena, digest.n, s->err);
    ret->url = sw_str_of(url);
    ret->authorization = s->authorization;
    return sw_arena_copy(s->oci->arena, digest, &ret->digest, s->err);
}

static int read_manifest(struct session *s, struct sw_str version, struct app__package_found *ret)
{
    struct codec_json *root = NULL;
    char tag[APP_REGISTRY_NAME_BYTES_MAX + 1], rest[APP_REGISTRY_NAME_BYTES_MAX + 16];
    if (version.n >= sizeof tag)
        return sw_fail(s->err, SW_ELIMIT, "expected a version of at most %d bytes, got %zu",
                       APP_REGISTRY_NAME_BYTES_MAX, version.n);
    for (size_t i = 0; i < version.n; i++)
        tag[i] = version.p[i] == '+' ? '_' : version.p[i];
    tag[version.n] = '\0';
    (void)snprintf(rest, sizeof rest, "manifests/%s", tag);
    int rc = ask(s, rest, MANIFEST_TYPE);
    if (rc < 0)
        return rc;
    rc = codec_json_parse(sw_buf_str(&s->got.body), &root, s->err);
    if (rc < 0)
        return sw_wrap(s->err, "the manifest of '%s' at '%s'", tag, s->oci->base);
    rc = read_layer(s, root, tag, ret);
    codec_json_free(root);
    return rc;
}

int app__oci_find(const struct app__oci *oci, struct sw_str requirement, struct app__package_found *ret,
                  struct sw_err *err)
{
    struct session s = {.oci = oci, .err = err, .got = {.body = SW_BUF(APP_REGISTRY_JSON_BYTES_MAX)}};
    struct sw_str version =
        sw_str_starts(requirement, SW_LIT("=")) ? sw_str_from(requirement, 1) : sw_str("", 0);
    int rc = app__is_version(version) ? 0 : choose_version(&s, requirement, &version); /* "=1.2.3" is one */
    if (rc == 0)
        rc = read_manifest(&s, version, ret);
    sw_buf_deinit(&s.got.body);
    return rc;
}
