/* manifest_internal.h - between the files that read a manifest.  Room: app.
 *
 * Order of reading: application, variables, components, triggers with the components inside them, dependencies with the components that
 * they bring. A component is known by its index in struct app__components, which stays. */
#ifndef SW_APP_MANIFEST_INTERNAL_H
#define SW_APP_MANIFEST_INTERNAL_H

#include "app/fields.h"

/* ---- sources, spin.md 1.8 ---- */

struct app__source {
    struct sw_str path;        /* absolute; or */
    struct sw_str url, digest; /* a download; or */
    struct sw_str package, version,
        registry; /* of a registry: a requirement; registry empty: the configured one */
    struct codec_toml_place at;
};
/* A string or a table; target: struct app__source. */
int app__read_source(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
/* `path` of the manifest as an absolute one. */
int app__read_path(struct app__reader *r, const struct codec_toml *value, const char *help,
                   struct sw_str *ret) SW_MUST_CHECK;
int app__read_url(struct app__reader *r, const struct codec_toml *value,
                  void *target) SW_MUST_CHECK; /* sw_str */
int app__read_digest(struct app__reader *r, const struct codec_toml *value,
                     void *target) SW_MUST_CHECK; /* sw_str */
/* "namespace:name", one exact version (kept as the requirement "=1.2.3"), a requirement such as ">=1.0". target: sw_str */
int app__read_package(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__read_version(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__read_requirement(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;

/* ---- components ---- */

struct app__extra { /* of a component, while the manifest is read */
    struct codec_toml_place source_at;
    const struct codec_toml *table;                /* the whole; NULL: there is none */
    const struct codec_toml *dependencies;         /* the value, or NULL */
    const struct codec_toml *profile_dependencies; /* over them */
};
struct app__components {
    struct app_component *items;
    struct app__extra *extra;
    uint32_t count;
    uint32_t cap;
};
/* Fails with SW_ELIMIT past APP_COMPONENTS_MAX. */
int app__component_add(struct app__reader *r, struct codec_toml_place at,
                       const struct app_component *component, const struct app__extra *extra) SW_MUST_CHECK;
/* Index of the component `id`, or SW_ABSENT. */
int app__component_find(const struct app__reader *r, struct sw_str id, uint32_t *ret) SW_MUST_CHECK;
/* As above for a value that names one; SW_EINPUT with the nearest id. key: "component". */
int app__component_resolve(struct app__reader *r, const struct codec_toml *value, const char *key,
                           uint32_t *ret) SW_MUST_CHECK;
int app__read_components(struct app__reader *r, const struct codec_toml *value) SW_MUST_CHECK;
/* A component's table anywhere: name is "[component.x]" or so. */
int app__read_component(struct app__reader *r, const char *name, const struct codec_toml *table,
                        struct sw_str id) SW_MUST_CHECK;
/* [profile.NAME] exists in one component at least. */
int app__check_profile(struct app__reader *r) SW_MUST_CHECK;

/* Members of a component; target: struct app_component. */
int app__read_environment(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__read_build(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__read_build_command(struct app__reader *r, const struct codec_toml *value,
                            void *target) SW_MUST_CHECK;
int app__read_templates(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__read_files(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__read_exclude_files(struct app__reader *r, const struct codec_toml *value,
                            void *target) SW_MUST_CHECK;
int app__read_stores(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__read_databases(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__read_models(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__read_targets(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;

/* allowed_outbound_hosts and allowed_http_hosts (each may be NULL) to component->outbound_hosts, spin.md 1.11 and 1.14.
 * is_v1: without allowed_outbound_hosts every database is allowed */
int app__read_hosts(struct app__reader *r, const struct codec_toml *outbound, const struct codec_toml *http,
                    bool is_v1, struct app_component *component) SW_MUST_CHECK;

/* ---- the rest ---- */

int app__read_variables(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
/* "{{ name }}" in a string names application variables only. key: for messages. */
int app__check_template(struct app__reader *r, const struct codec_toml *value, const char *key) SW_MUST_CHECK;

/* Of every component that was read; they bring further components. */
int app__read_dependencies(struct app__reader *r) SW_MUST_CHECK;
/* One of a trigger's dependencies: checked only. */
int app__check_trigger_dependency(struct app__reader *r, const struct codec_toml *value) SW_MUST_CHECK;

/* The values of [trigger] and [application.trigger]. */
int app__read_triggers(struct app__reader *r, const struct codec_toml *trigger) SW_MUST_CHECK;
int app__read_trigger_settings(struct app__reader *r, const struct codec_toml *value,
                               void *target) SW_MUST_CHECK;
/* [application.trigger.http] base, or `base` of version 1. */
int app__read_base(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
/* [[trigger.http]] of version 2, [component.trigger] of version 1; target: struct app_http_trigger. */
int app__read_route(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__read_executor(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__read_static_response(struct app__reader *r, const struct codec_toml *value,
                              void *target) SW_MUST_CHECK;
int app__warn_reserved(struct app__reader *r, const struct app_http_trigger *trigger) SW_MUST_CHECK;
/* A trigger type that this version knows but does not have. */
bool app__is_later_trigger(struct sw_str type);

/* Manifest version 1, the whole (spin.md 1.14). */
int app__read_v1(struct app__reader *r, const struct codec_toml *root) SW_MUST_CHECK;

/* [application.tool] and [component.ID.tool]; target: struct app_limits. Other programs' tables are ignored, as in Spin. */
int app__read_tool(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__read_application_tool(struct app__reader *r, const struct codec_toml *value,
                               void *target) SW_MUST_CHECK; /* the same, with what only an application has */
/* manifest_static.c: notes the list; and makes triggers of it, behind the others. */
int app__read_static(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
int app__add_statics(struct app__reader *r) SW_MUST_CHECK;
/* What a component does not say is what its application says. */
void app__limits_inherit(struct app_limits *limits, const struct app_limits *from);

#endif
