/* reload.h - `swell reload`: have a running application load its manifest again.  Room: cli. */
#ifndef SW_CLI_RELOAD_H
#define SW_CLI_RELOAD_H

#include "base/buf.h"
#include "cli/command.h"

struct cli_reload { /* the options of `swell reload` */
    const char *listen;
    uint32_t pid;
};

extern const struct cli_option cli_reload_options[];
int cli_reload_run(const void *parsed, const struct cli_io *io, struct sw_err *err) SW_MUST_CHECK;

/* The folder of control sockets: $XDG_RUNTIME_DIR/swell; without it, "run" beside the folder of compiled code. */
int cli_run_dir(const char *xdg_runtime_dir, const char *xdg_cache_home, const char *home, struct sw_buf *ret,
                struct sw_err *err) SW_MUST_CHECK;

#endif
