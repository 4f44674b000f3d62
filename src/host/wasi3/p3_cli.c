/* p3_cli.c - wasi:cli@0.3: environment, exit, standard streams, terminals.  Room: host.
 *
 * What they are is in wasi/cli.c; here are 0.3's words for it: streams instead of resources.
 * source: wit/0.3/wasi-cli-0.3.0.wit */
#include "host/bindings/cli_environment.h"
#include "host/bindings/cli_exit.h"
#include "host/bindings3/p3_cli_environment.h"
#include "host/bindings3/p3_cli_exit.h"
#include "host/bindings3/p3_cli_stderr.h"
#include "host/bindings3/p3_cli_stdin.h"
#include "host/bindings3/p3_cli_stdout.h"
#include "host/bindings3/p3_cli_terminal_input.h"
#include "host/bindings3/p3_cli_terminal_output.h"
#include "host/bindings3/p3_cli_terminal_stderr.h"
#include "host/bindings3/p3_cli_terminal_stdin.h"
#include "host/bindings3/p3_cli_terminal_stdout.h"
#include "host/host_internal.h"
#include "host/wasi/cli.h"
#include "host/wasi3/flow.h"

/* ---- environment, exit: the same in both ---- */

int host_p3_cli_environment_get_environment(struct component_call *call, struct host_list_tuple_str_str *ret)
{
    return host_cli_environment_get_environment(call, ret);
}

int host_p3_cli_environment_get_arguments(struct component_call *call, struct host_list_str *ret)
{
    return host_cli_environment_get_arguments(call, ret);
}

int host_p3_cli_environment_get_initial_cwd(struct component_call *call, struct host_option_str *ret)
{
    return host_cli_environment_initial_cwd(call, ret);
}

int host_p3_cli_exit_exit(struct component_call *call, struct host_result_void_void status)
{
    return host_cli_exit_exit(call, status);
}

int host_p3_cli_exit_exit_with_code(struct component_call *call, uint8_t status_code)
{
    return host_cli_exit_exit_with_code(call, status_code);
}

/* ---- streams ---- */

static uint32_t error_code(const struct host *host, const struct sw_err *err)
{
    (void)host;
    return err->code == SW_EIO ? HOST_P3_CLI_TYPES_ERROR_CODE_PIPE : HOST_P3_CLI_TYPES_ERROR_CODE_IO;
}

int host_p3_cli_stdin_read_via_stream(struct component_call *call, struct host_tuple_u32_u32 *ret)
{
    return host_p3_read(call, host_stdin(call), error_code, &ret->f0, &ret->f1);
}

int host_p3_cli_stdout_write_via_stream(struct component_call *call, uint32_t data, uint32_t *ret)
{
    return host_p3_write(call, data, 0, host_stdout(call, false), error_code, ret);
}

int host_p3_cli_stderr_write_via_stream(struct component_call *call, uint32_t data, uint32_t *ret)
{
    return host_p3_write(call, data, 0, host_stdout(call, true), error_code, ret);
}

/* ---- terminals ---- */

struct host_p3_cli_terminal_input_terminal_input {
    bool unused; /* an object has a size */
};
struct host_p3_cli_terminal_output_terminal_output {
    bool unused;
};

int host_p3_cli_terminal_stdin_get_terminal_stdin(
    struct component_call *call, struct host_option_p3_cli_terminal_input_terminal_input *ret)
{
    ret->has = host_is_terminal(call, HOST_STDIN);
    if (!ret->has)
        return 0;
    ret->value = HOST_NEW(call, struct host_p3_cli_terminal_input_terminal_input);
    return ret->value ? 0 : -SW_EGUEST;
}

static int terminal_output(struct component_call *call, enum host_stdio which,
                           struct host_option_p3_cli_terminal_output_terminal_output *ret)
{
    ret->has = host_is_terminal(call, which);
    if (!ret->has)
        return 0;
    ret->value = HOST_NEW(call, struct host_p3_cli_terminal_output_terminal_output);
    return ret->value ? 0 : -SW_EGUEST;
}

int host_p3_cli_terminal_stdout_get_terminal_stdout(
    struct component_call *call, struct host_option_p3_cli_terminal_output_terminal_output *ret)
{
    return terminal_output(call, HOST_STDOUT, ret);
}

int host_p3_cli_terminal_stderr_get_terminal_stderr(
    struct component_call *call, struct host_option_p3_cli_terminal_output_terminal_output *ret)
{
    return terminal_output(call, HOST_STDERR, ret);
}

void host_p3_cli_terminal_input_terminal_input_drop(void *owner, void *object)
{
    struct host_p3_cli_terminal_input_terminal_input *terminal = object;
    HOST_FREE((struct host *)owner, terminal);
}

void host_p3_cli_terminal_output_terminal_output_drop(void *owner, void *object)
{
    struct host_p3_cli_terminal_output_terminal_output *terminal = object;
    HOST_FREE((struct host *)owner, terminal);
}
