/* runtime_config.h - the runtime configuration file: what the operator adds to an application.  Room: app.
 *
 * source: spin.md 5 */
#ifndef SW_APP_RUNTIME_CONFIG_H
#define SW_APP_RUNTIME_CONFIG_H

#include "app/app.h"

enum app_provider_kind { APP_PROVIDER_ENV, APP_PROVIDER_STATIC };
struct app_provider { /* of variables, spin.md 5.5 */
    enum app_provider_kind kind;
    struct sw_str prefix;         /* ENV: of the environment's names, without the '_' behind it */
    struct sw_str dotenv_path;    /* ENV: read after the environment; empty: none */
    const struct app_env *values; /* STATIC */
    uint32_t value_count;
};

struct app_runtime_config {
    struct app *owner; /* whose arena has the rest */
    const struct app_provider *providers;
    uint32_t provider_count;
    const struct sw_str *blocked_networks; /* of [outbound_networking], as app.blocked_networks */
    uint32_t blocked_network_count;
    uint64_t memory_bytes;     /* max_instance_memory; 0: not said */
    const char *state_dir;     /* NULL: not said; "": none */
    const char *log_dir;       /* the same */
    const struct sw_str *used; /* the top-level keys, for the start-up line */
    uint32_t used_count;
};

/* Every key must be known, as in Spin; what a later version will read is refused by name. Fails with SW_EINPUT, SW_ELIMIT, SW_EIO;
 * *ret is then as app_runtime_config_deinit leaves it. */
int app_runtime_config_load(const char *path, struct app_runtime_config *ret,
                            struct sw_err *err) SW_MUST_CHECK;
/* The same for a text; file: for messages. */
int app_runtime_config_parse(struct sw_str text, struct sw_str file, struct app_runtime_config *ret,
                             struct sw_err *err) SW_MUST_CHECK;
void app_runtime_config_deinit(struct app_runtime_config *config); /* twice is fine */

#endif
