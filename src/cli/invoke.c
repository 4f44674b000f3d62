/* invoke.c - swell invoke: calls one exported function.  Room: cli. */
#include "cli/invoke.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/app.h"
#include "base/log.h"
#include "cli/single.h"
#include "cli/up.h"
#include "node/node.h"
#include "trigger/compile.h"
#include "trigger/invoke.h"

const struct cli_option cli_invoke_options[] = {
    {"FILE", 0, CLI_OPERAND, NULL, offsetof(struct cli_invoke, file), 0, "The component"},
    {"CALL...", 0, CLI_OPERANDS, NULL, offsetof(struct cli_invoke, calls), 0,
     "'FUNCTION(ARGUMENTS)' or 'INTERFACE#FUNCTION(ARGUMENTS)', in WAVE"},
    {0},
};

/* ---- this process: has the component compiled, parses nothing of it ---- */

#define ID "invoke" /* what the parts below call the component */

int cli_invoke_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_invoke *options = parsed;
    char path[PATH_MAX];
    char library[TRIGGER_LIBRARY_BYTES_MAX];
    int status = 0;
    sw_auto_buf cache_dir = SW_BUF(PATH_MAX);
    sw_log_setup(STDERR_FILENO, SW_LOG_WARN, "invoke");
    if (!realpath(options->file, path))
        return sw_fail_errno(err, errno == ENOENT ? SW_EINPUT : SW_EIO, errno, "open '%s'", options->file);
    int rc = cli_up_cache_dir(getenv("XDG_CACHE_HOME"), getenv("HOME"), &cache_dir, err);
    if (rc < 0)
        return rc;
    trigger_library(library);
    const struct app_component component = {.id = SW_LIT(ID), .source = sw_str_of(path)};
    const struct app app = {
        .name = SW_LIT(ID), .origin = sw_str_of(path), .components = &component, .component_count = 1};
    const struct node_config config = {.app = &app,
                                       .program = "/proc/self/exe",
                                       .cache_dir = cache_dir.p,
                                       .library = library,
                                       .artifact_key = trigger_artifact_key};
    const char *argv[4 + 2 * CLI_LIST_ITEMS_MAX + 1] = {"swell", "internal-invoke", "--component",
                                                        options->file}; /* ended by NULL */
    for (uint32_t i = 0; i < options->calls.count; i++) {
        argv[4 + 2 * i] = "--call";
        argv[4 + 2 * i + 1] = options->calls.items[i];
    }
    (void)fflush(io->out);
    rc = node_run_once(&config, argv, &status, err);
    if (rc < 0)
        return cli_single_fail(rc, ID, err);
    if (status)
        _exit(status); /* it has said why */
    return 0;
}

/* ---- the process that makes the call ---- */

const struct cli_option cli_internal_invoke_options[] = {
    {"component", 0, CLI_TEXT, "NAME", offsetof(struct cli_internal_invoke, component), 0,
     "What messages call the component"},
    {"call", 0, CLI_LIST, "CALL", offsetof(struct cli_internal_invoke, calls), 0, "The calls in WAVE"},
    {0},
};

static void guest_output(void *arg, bool is_stderr, struct sw_str line)
{
    const struct cli_io *io = arg;
    FILE *out = is_stderr ? io->err : io->out;
    cli_print_safe(out, line);
    (void)fputc('\n', out);
    (void)fflush(out); /* output that cannot be shown does not stop the guest */
}

int cli_internal_invoke_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_internal_invoke *options = parsed;
    sw_auto_buf text = SW_BUF(CLI_OUTPUT_BYTES_MAX);
    if (!options->component || !options->calls.count)
        return sw_fail(err, SW_EINPUT, "expected --component and --call: 'swell invoke' starts this command");
    const struct trigger_invoke job = {.name = options->component,
                                       .channel_fd = NODE_CHANNEL_FD,
                                       .calls = options->calls.items,
                                       .call_count = options->calls.count,
                                       .output = guest_output,
                                       .output_arg = (void *)(uintptr_t)io};
    sw_log_setup(STDERR_FILENO, SW_LOG_WARN, "invoke");
    int rc = cli_single_begin("swell invoke", err);
    if (rc < 0)
        return rc;
    rc = trigger_invoke_run(&job, &text, err);
    for (struct sw_str rest = sw_buf_str(&text); rest.n;) { /* what came before a failure, too */
        struct sw_str line = sw_str_head(rest, sw_str_find(rest, '\n'));
        cli_print_safe(io->out, line);
        (void)fputc('\n', io->out);
        rest = sw_str_from(rest, line.n + 1);
    }
    if (rc == 0 && (fflush(io->out) != 0 || ferror(io->out)))
        rc = sw_fail_errno(err, SW_EIO, errno, "write the result");
    return rc;
}
