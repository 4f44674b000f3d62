/* runtime_config.c - the runtime configuration file.  Room: app.
 *
 * source: spin.md 5, 5.1, 5.5 */
#include "app/runtime_config.h"

#include <inttypes.h>

#include "app/app_internal.h"
#include "app/fields.h"
#include "app/limits.h"
#include "app/outbound.h"
#include "app/variables.h"
#include "codec/limits.h"

/* ---- [[variables_provider]] ---- */

static int read_values(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_provider *provider = target;
    int rc = app__want(r, value, CODEC_TOML_TABLE, "it is a table: values = { name = \"value\" }");
    if (rc < 0)
        return rc;
    if (value->count > APP_VARIABLES_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "values: expected at most %d variables, got %u",
                         APP_VARIABLES_MAX, value->count);
    struct app_env *values = SW_ARENA_ARRAY(&r->app->arena, value->count, struct app_env);
    if (!values)
        return sw_arena_fail(&r->app->arena, value->count * sizeof *values, r->err);
    for (uint32_t i = 0; i < value->count; i++) {
        const struct codec_toml *item = &value->children[i];
        values[i].name = item->key;
        if (item->kind != CODEC_TOML_STRING) /* without the value, which may be a secret */
            return app__fail(r, item->at, SW_EINPUT, "%s: expected a string, got %s",
                             app__show(item->key).text, codec_toml_kind_name(item->kind));
        rc = app__string(r, item, "value of the variable", &values[i].value);
        if (rc < 0)
            return rc;
    }
    provider->values = values;
    provider->value_count = value->count;
    return 0;
}

static int read_env_provider(struct app__reader *r, const struct codec_toml *value,
                             struct app_provider *provider)
{
    static const struct app__field fields[] = {
        {.key = "type", .kind = APP__IGNORED, .help = "type of the provider"},
        {.key = "prefix",
         .kind = APP__STRING,
         .offset = offsetof(struct app_provider, prefix),
         .help = "beginning of the environment variables' names"},
        {.key = "dotenv_path",
         .kind = APP__STRING,
         .offset = offsetof(struct app_provider, dotenv_path),
         .help = "path of a file with further ones"},
        {0},
    };
    *provider = (struct app_provider){.kind = APP_PROVIDER_ENV, .prefix = SW_LIT(APP_VARIABLE_PREFIX)};
    return app__table(r, "a variables provider of the type 'env'", value, fields, provider);
}

static int read_static_provider(struct app__reader *r, const struct codec_toml *value,
                                struct app_provider *provider)
{
    static const struct app__field fields[] = {
        {.key = "type", .kind = APP__IGNORED, .help = "type of the provider"},
        {.key = "values",
         .kind = APP__DECODE,
         .required = true,
         .decode = read_values,
         .help = "table of values"},
        {0},
    };
    *provider = (struct app_provider){.kind = APP_PROVIDER_STATIC};
    return app__table(r, "a variables provider of the type 'static'", value, fields, provider);
}

static int read_provider(struct app__reader *r, const struct codec_toml *value, struct app_provider *provider)
{
    struct sw_str name = {NULL, 0};
    int rc = app__want(r, value, CODEC_TOML_TABLE, NULL);
    const struct codec_toml *type = rc == 0 ? codec_toml_get(value, SW_LIT("type")) : NULL;
    if (rc == 0 && !type)
        return app__fail(
            r, value->at, SW_EINPUT,
            "a variables provider: the key 'type' is missing\nhint: it is \"env\" or \"static\"");
    if (rc == 0)
        rc = app__string(r, type, "type of the provider", &name);
    if (rc < 0)
        return rc;
    if (sw_str_eq(name, SW_LIT("env")))
        return read_env_provider(r, value, provider);
    if (sw_str_eq(name, SW_LIT("static")))
        return read_static_provider(r, value, provider);
    if (!sw_str_eq(name, SW_LIT("vault")) && !sw_str_eq(name, SW_LIT("azure_key_vault")))
        return app__fail_kind(r, type, "\"env\" or \"static\"", NULL);
    app__later(r, type->at, name, "variables from that provider", "use the provider \"static\" or \"env\"");
    return 0;
}

static int read_providers(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_runtime_config *config = target;
    int rc = app__want(r, value, CODEC_TOML_ARRAY, "write [[variables_provider]], with two brackets");
    if (rc < 0)
        return rc;
    if (config->providers)
        return app__fail(r, value->key_at, SW_EINPUT,
                         "%s: 'variables_provider' and 'config_provider' are one, expected only one of them",
                         value->key.p);
    if (value->count > APP_LIST_MAX)
        return app__fail(r, value->at, SW_ELIMIT, "%s: expected at most %d providers, got %u", value->key.p,
                         APP_LIST_MAX, value->count);
    struct app_provider *providers = SW_ARENA_ARRAY(&r->app->arena, value->count, struct app_provider);
    if (!providers)
        return sw_arena_fail(&r->app->arena, value->count * sizeof *providers, r->err);
    for (uint32_t i = 0; rc == 0 && i < value->count; i++)
        rc = read_provider(r, &value->children[i], &providers[i]);
    config->providers = providers;
    config->provider_count = value->count;
    return rc;
}

/* ---- the top level ---- */

static int read_memory(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_runtime_config *config = target;
    if (value->kind != CODEC_TOML_INTEGER || value->integer < (int64_t)APP_MEMORY_BYTES_MIN ||
        value->integer > (int64_t)APP_MEMORY_BYTES_MAX)
        return app__fail_kind(r, value, "a number of bytes from 65536 (64 KiB) to 68719476736 (64 GiB)",
                              NULL);
    config->memory_bytes = (uint64_t)value->integer;
    return 0;
}

static int read_state_dir(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct sw_str text;
    int rc = app__string(r, value, "folder of the state", &text);
    if (rc == 0)
        ((struct app_runtime_config *)target)->state_dir = text.p;
    return rc;
}

static int read_log_dir(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct sw_str text;
    int rc = app__string(r, value, "folder of the logs", &text);
    if (rc == 0)
        ((struct app_runtime_config *)target)->log_dir = text.p;
    return rc;
}

static int read_later(struct app__reader *r, const struct codec_toml *value, void *target)
{
    const char *what = sw_arena_printf(&r->app->arena, "'%s' of the runtime configuration", value->key.p);
    (void)target;
    if (!what)
        return sw_arena_fail(&r->app->arena, value->key.n, r->err);
    app__later(r, value->key_at, value->key, what, NULL);
    return 0;
}

#define LATER(k, text)                                                                                       \
    {                                                                                                        \
        .key = k, .kind = APP__DECODE, .decode = read_later, .help = (text)                                  \
    }

static int read_blocked(struct app__reader *r, const struct codec_toml *value, void *target)
{
    struct app_runtime_config *config = target;
    struct app_network network;
    int rc = app__list(r, value, "network", &config->blocked_networks, &config->blocked_network_count);
    for (uint32_t i = 0; rc == 0 && i < config->blocked_network_count; i++)
        if (!app_network_blocks(config->blocked_networks[i], &network))
            rc = app__fail_kind(r, &value->children[i],
                                "\"private\" or a network such as \"10.0.0.0/8\" or \"fd00::/8\"", NULL);
    return rc;
}

static int read_networking(struct app__reader *r, const struct codec_toml *value, void *target)
{
    static const struct app__field fields[] = {
        {.key = "block_networks", .kind = APP__DECODE, .decode = read_blocked, .help = "list of networks"},
        LATER("max_socket_connections", "number of connections"),
        LATER("max_total_connections", "number of connections"),
        {0},
    };
    int rc = app__want(r, value, CODEC_TOML_TABLE, "write [outbound_networking]");
    return rc < 0 ? rc : app__table(r, "[outbound_networking]", value, fields, target);
}

static const struct app__field config_fields[] = {
    {.key = "variables_provider", .kind = APP__DECODE, .decode = read_providers, .help = "list of providers"},
    {.key = "config_provider", .kind = APP__DECODE, .decode = read_providers, .help = "list of providers"},
    {.key = "max_instance_memory", .kind = APP__DECODE, .decode = read_memory, .help = "number of bytes"},
    {.key = "state_dir", .kind = APP__DECODE, .decode = read_state_dir, .help = "folder of the state"},
    {.key = "log_dir", .kind = APP__DECODE, .decode = read_log_dir, .help = "folder of the logs"},
    LATER("key_value_store", "tables of stores"),
    LATER("sqlite_database", "tables of databases"),
    LATER("llm_compute", "table of the AI models' host"),
    LATER("outbound_http", "table of limits"),
    LATER("outbound_redis", "table of limits"),
    LATER("outbound_pg", "table of limits"),
    LATER("outbound_mysql", "table of limits"),
    LATER("outbound_mqtt", "table of limits"),
    {.key = "outbound_networking", .kind = APP__DECODE, .decode = read_networking, .help = "table of limits"},
    LATER("client_tls", "list of client certificates"),
    {0},
};

static int parse(struct app__reader *r, struct sw_str text, struct app_runtime_config *config)
{
    const struct codec_toml *root = NULL;
    int rc = codec_toml_parse(&r->app->arena, text, r->file, &root, r->err);
    if (rc == 0)
        rc = app__table(r, "the runtime configuration", root, config_fields, config);
    if (rc == 0 && r->later.what)
        rc = app__fail_later(r);
    if (rc < 0)
        return rc;
    struct sw_str *used = SW_ARENA_ARRAY(&r->app->arena, root->count, struct sw_str);
    if (!used)
        return sw_arena_fail(&r->app->arena, root->count * sizeof *used, r->err);
    for (uint32_t i = 0; i < root->count; i++)
        used[i] = root->children[i].key;
    config->used = used;
    config->used_count = root->count;
    return 0;
}

int app_runtime_config_parse(struct sw_str text, struct sw_str file, struct app_runtime_config *ret,
                             struct sw_err *err)
{
    struct app_runtime_config config = {0};
    int rc = app__new(&config.owner, err);
    if (rc < 0)
        return rc;
    struct app__reader r = {.app = config.owner, .file = file, .err = err};
    rc = parse(&r, text, &config);
    if (rc < 0) {
        app_runtime_config_deinit(&config);
        return rc;
    }
    *ret = config;
    return 0;
}

int app_runtime_config_load(const char *path, struct app_runtime_config *ret, struct sw_err *err)
{
    sw_auto_buf text = SW_BUF(CODEC_TOML_BYTES_MAX);
    *ret = (struct app_runtime_config){0};
    int rc = app__read_file(path, "a runtime configuration", &text, err);
    return rc < 0 ? rc : app_runtime_config_parse(sw_buf_str(&text), sw_str_of(path), ret, err);
}

void app_runtime_config_deinit(struct app_runtime_config *config)
{
    app_free(config->owner);
    *config = (struct app_runtime_config){0};
}
