/* app.h - what an application is: loaded from spin.toml, from a locked app, or from one .wasm.  Room: app.
 *
 * Source: spin.md 1.1-1.8, 1.13, 1.16, 1.17. */
#ifndef SW_APP_APP_H
#define SW_APP_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/* What one request may use, and how many may be served and wait at once; 0: nothing was said. */
struct app_limits {
    uint64_t time_ms;      /* wall clock, waiting for admission included */
    uint64_t cpu_time_ms;  /* of the guest */
    uint64_t memory_bytes; /* of all memories of the instance together */
    uint64_t request_body_bytes;
    uint64_t response_body_bytes;
    uint32_t concurrency; /* in one worker process */
    uint32_t queue;       /* requests that wait, in one worker process */
};

struct app_env {
    struct sw_str name;
    struct sw_str value;
};

/* ---- what a component is given (spin.md 1.7) ---- */

struct app_variable { /* of the application, spin.md 1.5 */
    struct sw_str name;
    struct sw_str default_value;
    struct sw_str description;
    bool has_default; /* else it is required */
    bool is_secret;
    struct sw_str value; /* found at start, see variables.h; the default unless something else is said */
    bool has_value;
};
struct app_template { /* of a component: name = "text with {{ application_variable }}", spin.md 1.12 */
    struct sw_str name;
    struct sw_str text;
};
struct app_place { /* in the manifest, for messages; 0:0 when there is none */
    uint32_t line;
    uint32_t column;
};
/* One entry of `files` as it is written (spin.md 1.9); only its form was checked. Mounts are made of them. */
struct app_file {
    struct sw_str source;      /* relative to the manifest's folder, or absolute */
    struct sw_str destination; /* of the guest; empty with is_pattern */
    bool is_pattern;           /* one string: a file, a folder or a glob, which keeps its relative path */
    struct app_place place;
};
/* A folder of the host that the guest finds under `guest`. Without --direct-mounts it is a copy made for this run, at "/". */
struct app_mount {
    struct sw_str folder; /* absolute */
    struct sw_str guest;  /* "/", "/data" */
    bool is_writable;
};
enum app_inherit { /* what a dependency shares of its component's grants, spin.md 1.10 */
                   APP_INHERIT_AI_MODELS = 1u << 0,
                   APP_INHERIT_OUTBOUND_HOSTS = 1u << 1,
                   APP_INHERIT_ENVIRONMENT = 1u << 2,
                   APP_INHERIT_FILES = 1u << 3,
                   APP_INHERIT_KEY_VALUE_STORES = 1u << 4,
                   APP_INHERIT_SQLITE_DATABASES = 1u << 5,
                   APP_INHERIT_VARIABLES = 1u << 6,
                   APP_INHERIT_ALL = (1u << 7) - 1
};
struct app_dependency {
    struct sw_str name;   /* the key: "plain-name", "ns:pkg", "ns:pkg/iface@1.2.3" */
    struct sw_str export; /* empty: the one of the same name */
    uint32_t component;   /* index in app.components; is_library there */
    uint32_t inherit;     /* app_inherit bits */
};

struct app_build {                 /* how the component is made; for hints and for who builds */
    const struct sw_str *commands; /* run in order */
    uint32_t command_count;
    struct sw_str workdir;      /* relative to the manifest's folder; empty: that folder */
    const struct sw_str *watch; /* patterns of source files */
    uint32_t watch_count;
};

struct app_component {
    struct sw_str id;
    struct sw_str description;
    struct sw_str source;        /* absolute path of the .wasm; of a download: its file in the cache */
    struct sw_str source_url;    /* where it came from; empty: a file of this machine */
    struct sw_str source_digest; /* "sha256:<64 hex digits>", with source_url */
    /* Of a registry: "namespace:name", the versions that will do, the registry's name (empty: the configured one). While it is loaded. */
    struct sw_str source_package, source_version, source_registry;
    bool
        is_library; /* no trigger starts it: a dependency of others. Those given by path or url get an id made of both */
    const struct app_env *env;
    uint32_t env_count;
    const struct app_template *variables;
    uint32_t variable_count;
    const struct sw_str *outbound_hosts; /* allowed_outbound_hosts as written, templates included */
    uint32_t outbound_host_count;
    const struct app_file *files;
    uint32_t file_count;
    const struct sw_str *exclude_files; /* globs */
    uint32_t exclude_file_count;
    const struct app_mount *mounts;
    uint32_t mount_count;
    const struct app_dependency *dependencies;
    uint32_t dependency_count;
    const struct sw_str *key_value_stores; /* labels, here and below */
    uint32_t key_value_store_count;
    const struct sw_str *sqlite_databases;
    uint32_t sqlite_database_count;
    const struct sw_str *ai_models;
    uint32_t ai_model_count;
    struct sw_str build_command; /* first of them; empty: none; for the hint when source is missing */
    struct app_build build;
    struct app_limits limits; /* its own, else the application's */
    bool may_listen;          /* TCP sockets: commands with --network; no manifest says it */
};

enum app_executor { APP_EXECUTOR_HTTP, APP_EXECUTOR_WAGI };
struct app_static_response { /* answered by the host, spin.md 1.13; status and headers were checked at load */
    uint16_t status;
    const struct app_env *headers;
    uint32_t header_count;
    struct sw_str body;
};
struct app_static_folder { /* files answered by the host: [[application.tool.swell.static]] */
    struct sw_str folder;  /* absolute */
    struct sw_str index;   /* what a path with a slash at its end means; empty: nothing */
    struct sw_str
        fallback; /* file for what is not there, for applications that route by themselves; empty: 404 */
    struct sw_str cache_control; /* the header's value; empty: none */
    bool hidden;                 /* names that begin with a dot are served, too */
};
struct app_http_trigger {
    struct sw_str id;
    struct sw_str route; /* as written in the manifest; empty: "/", or is_private */
    bool is_private;     /* reached by service chaining only */
    uint32_t component;  /* index in app.components; not looked at with a static_response */
    enum app_executor executor;
    struct sw_str wagi_argv;                           /* template, spin.md 2.7 */
    const struct app_static_response *static_response; /* or NULL */
    const struct app_static_folder *static_folder;     /* or NULL; then there is no component, either */
};

struct app {
    struct sw_arena arena; /* owns everything */
    struct sw_str name, version, description;
    struct sw_str origin;   /* path of the manifest or .wasm */
    struct sw_str work_dir; /* made by app_files_prepare in this process, removed by app_free; empty: none */
    struct sw_str manifest; /* the manifest's path as messages show it; empty: there is none */
    struct sw_str profile;  /* the chosen one; empty: none */
    const struct sw_str *authors;
    uint32_t author_count;
    struct app_limits limits; /* of every component that says nothing else; applied to them already */
    const struct app_component *components;
    uint32_t component_count;
    const struct app_variable *variables;
    uint32_t variable_count;
    const struct sw_str
        *blocked_networks; /* "private" or CIDR: never connected to, whatever is allowed (spin.md 5.6) */
    uint32_t blocked_network_count;
    const struct app_http_trigger *http;
    uint32_t http_count;
    const struct sw_str
        *warnings; /* one line each, about what is accepted but has no effect; for the start-up log */
    uint32_t warning_count;
};

struct app_load {
    struct sw_str
        path; /* empty (spin.toml here or in a parent), a folder, a manifest, or a .wasm; spin.md 1.1, 1.16 */
    const struct app_env *extra_env; /* added to every component */
    uint32_t extra_env_count;
    struct sw_str profile;  /* [component.ID.profile.NAME] to apply; empty: none */
    const char *cache_root; /* "<cache_root>/spin/registry/wasm" keeps downloads; NULL: sources by URL fail */
    const char *
        config_home; /* "<config_home>/wasm-pkg/config.toml" says which registry has which packages; NULL: none */
    /* While a download takes time, once a second; done: it is complete. May be NULL. */
    void (*progress)(void *arg, struct sw_str url, uint64_t bytes, bool done);
    void *progress_arg;
};
static inline bool app_http_has_component(const struct app_http_trigger *trigger)
{
    return !trigger->static_response && !trigger->static_folder; /* the host answers those by itself */
}

/* Finds and loads. Error texts have "file:line:column: " where a place in the manifest is at fault, then expected, got and a hint line.
 * What a later version will run is refused by name. Downloads block: this is for a process that does nothing else meanwhile. */
int app_load(const struct app_load *what, struct app **ret, struct sw_err *err) SW_MUST_CHECK;
void app_free(struct app *app); /* NULL is fine */

/* "1500ms", "30s", "5m", "1h": a whole number with its unit, from 1 ms to APP_TIME_MS_MAX. False for anything else. */
bool app_time_parse(struct sw_str text, uint64_t *ret_ms) SW_MUST_CHECK;
/* "100B", "64KiB", "10MiB", "1GiB", up to APP_BODY_BYTES_MAX. False for anything else. */
bool app_size_parse(struct sw_str text, uint64_t *ret_bytes) SW_MUST_CHECK;
/* The operator's word on limits: each holds where a component's manifest says nothing or more; 0: no word. */
void app_limits_cap(struct app *app, const struct app_limits *cap);

/* As locked app JSON (spin.md 1.17) and back; what the supervisor sends to workers. */
int app_to_json(const struct app *app, struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;
int app_from_json(struct sw_str json, struct app **ret, struct sw_err *err) SW_MUST_CHECK;

/* ---- routes (spin.md 2.1) ---- */

struct app_routes;
struct app_route_param {
    struct sw_str name;  /* without ':' */
    struct sw_str value; /* view of the request path, not decoded */
};
#define APP_ROUTE_PARAMS_MAX 32
struct app_route_match {
    uint32_t trigger;              /* index in app.http */
    struct sw_str path_info;       /* what the trailing wildcard matched, spin.md 2.3 */
    struct sw_str matched_route;   /* normalised */
    struct sw_str component_route; /* raw, minus a final "/..." */
    struct app_route_param params[APP_ROUTE_PARAMS_MAX];
    uint32_t param_count;
};
/* app must outlive the table. Fails with SW_EINPUT on an invalid pattern, naming route and component. */
int app_routes_new(const struct app *app, struct app_routes **ret, struct sw_err *err) SW_MUST_CHECK;
void app_routes_free(struct app_routes *routes);
/* Returns 0, or SW_ABSENT. */
int app_routes_find(const struct app_routes *routes, struct sw_str path,
                    struct app_route_match *ret) SW_MUST_CHECK;
bool app_route_is_wildcard(struct sw_str route);
/* Duplicated routes: the last wins (spin.md 2.1). Number of losers, and the i-th one's trigger index, for the start-up log. */
uint32_t app_routes_shadowed_count(const struct app_routes *routes);
uint32_t app_routes_shadowed(const struct app_routes *routes, uint32_t i);

#endif
