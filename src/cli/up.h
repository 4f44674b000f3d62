/* up.h - `swell up`: run an application here.  Room: cli. */
#ifndef SW_CLI_UP_H
#define SW_CLI_UP_H

#include "app/app.h"
#include "cli/command.h"

struct cli_up { /* the options of `swell up` */
    const char *from;
    const char *listen;
    struct cli_list env;
    struct cli_list variables;
    const char *runtime_config;
    const char *profile;
    const char *cache_root;
    bool quiet;
    bool direct_mounts;
    bool transient_write;
    uint32_t workers;
    const char *request_timeout; /* times and sizes as in the manifest */
    const char *cpu_time;
    const char *memory;
    const char *worker_memory;
    const char *request_body;
    const char *response_body;
    uint32_t concurrency;
    uint32_t queue;
};

extern const struct cli_option cli_up_options[];
int cli_up_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

/* "K=V" to an entry that views it; SW_EINPUT with Spin's sentence. */
int cli_up_env(const char *text, struct app_env *ret, struct sw_err *err) SW_MUST_CHECK;
/* The operator's limits; zeros where no option says anything. SW_EINPUT names the option. */
int cli_up_limits(const struct cli_up *options, struct app_limits *ret, struct sw_err *err) SW_MUST_CHECK;
/* What the guests of one of so many workers may hold together: the option's, else the system's share. SW_EINPUT names the option. */
int cli_up_worker_memory(const struct cli_up *options, uint32_t workers, uint64_t *ret,
                         struct sw_err *err) SW_MUST_CHECK;
/* The start-up output, spin.md 2.10. */
void cli_up_print_routes(const struct app *app, const char *address, FILE *out);
/* The folder of compiled code: $XDG_CACHE_HOME or ~/.cache, then "swell/aot". */
int cli_up_cache_dir(const char *xdg_cache_home, const char *home, struct sw_buf *ret,
                     struct sw_err *err) SW_MUST_CHECK;
/* The folder below which Spin keeps what it downloads: --cache-dir, $XDG_CACHE_HOME or ~/.cache; empty when there is none. */
int cli_up_cache_root(const char *given, const char *xdg_cache_home, const char *home, struct sw_buf *ret,
                      struct sw_err *err) SW_MUST_CHECK;

#endif
