/* reload.c - `swell reload`.  Room: cli. */
#include "cli/reload.h"

#include <limits.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "cli/listen.h"
#include "node/node.h"

const struct cli_option cli_reload_options[] = {
    {"listen", 0, CLI_TEXT, "ADDR", offsetof(struct cli_reload, listen), 0, "The one that listens there"},
    {"pid", 0, CLI_NUMBER, "PID", offsetof(struct cli_reload, pid), INT32_MAX,
     "The one with this process id"},
    {0},
};

int cli_run_dir(const char *xdg_runtime_dir, const char *xdg_cache_home, const char *home, struct sw_buf *ret,
                struct sw_err *err)
{
    int rc = 0;
    if (xdg_runtime_dir &&
        xdg_runtime_dir[0] == '/') /* a relative one is to be ignored, says the specification */
        rc = sw_buf_printf(ret, err, "%s/swell", xdg_runtime_dir);
    else if (xdg_cache_home && xdg_cache_home[0] == '/')
        rc = sw_buf_printf(ret, err, "%s/swell/run", xdg_cache_home);
    else if (home && home[0] == '/')
        rc = sw_buf_printf(ret, err, "%s/.cache/swell/run", home);
    else
        return sw_fail(
            err, SW_EINPUT,
            "no folder for control sockets: none of XDG_RUNTIME_DIR, XDG_CACHE_HOME and HOME is set\n"
            "hint: set XDG_RUNTIME_DIR to a folder of yours");
    return rc < 0 ? rc : sw_buf_add_byte(ret, '\0', err); /* used as a C string */
}

int cli_reload_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_reload *options = parsed;
    sw_auto_buf run_dir = SW_BUF(PATH_MAX);
    char address[CLI_ADDRESS_BYTES_MAX];
    if (options->listen && options->pid)
        return sw_fail(err, SW_EINPUT, "expected --listen or --pid, got both");
    int rc = cli_run_dir(getenv("XDG_RUNTIME_DIR"), getenv("XDG_CACHE_HOME"), getenv("HOME"), &run_dir, err);
    if (rc == 0 && options->listen)
        rc = cli_listen_address(options->listen, address, err);
    if (rc < 0)
        return rc;
    const struct node_control_target target = {
        .run_dir = run_dir.p, .address = options->listen ? address : NULL, .pid = options->pid};
    rc = node_control_reload(&target, err);
    if (rc == 0)
        (void)fputs("Reloaded\n", io->out); /* a terminal that is gone is nobody to tell */
    return rc;
}
