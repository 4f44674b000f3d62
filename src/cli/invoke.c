/* invoke.c - swell invoke: calls one exported function.  Room: cli. */
#include "cli/invoke.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "trigger/invoke.h"

const struct cli_option cli_invoke_options[] = {
    {"FILE", 0, CLI_OPERAND, NULL, offsetof(struct cli_invoke, file), 0, "The component"},
    {"CALL", 0, CLI_OPERAND, NULL, offsetof(struct cli_invoke, call), 0,
     "'FUNCTION(ARGUMENTS)' or 'INTERFACE#FUNCTION(ARGUMENTS)', in WAVE"},
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

int cli_invoke_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_invoke *options = parsed;
    sw_auto_buf text = SW_BUF(CLI_OUTPUT_BYTES_MAX);
    const struct trigger_invoke job = {.path = options->file,
                                       .call = sw_str_of(options->call),
                                       .output = guest_output,
                                       .output_arg = (void *)(uintptr_t)io};
    sw_log_setup(STDERR_FILENO, SW_LOG_WARN, "invoke");
    int rc = trigger_invoke_run(&job, &text, err);
    if (rc < 0 || !text.n)
        return rc;
    cli_print_safe(io->out, sw_buf_str(&text));
    (void)fputc('\n', io->out);
    return fflush(io->out) == 0 && !ferror(io->out) ? 0
                                                    : sw_fail_errno(err, SW_EIO, errno, "write the result");
}
