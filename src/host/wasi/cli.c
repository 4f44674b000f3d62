/* cli.c - wasi:cli: environment, exit, standard streams, terminals.  Room: host.
 *
 * A handler has the environment of its component, no arguments, an empty stdin; a command what host_command says. Neither has a working
 * directory (spin.md 4.7). */
#include "host/wasi/cli.h"

#include "engine/engine.h"
#include "host/bindings/cli_environment.h"
#include "host/bindings/cli_exit.h"
#include "host/bindings/cli_stderr.h"
#include "host/bindings/cli_stdin.h"
#include "host/bindings/cli_stdout.h"
#include "host/bindings/cli_terminal_input.h"
#include "host/bindings/cli_terminal_output.h"
#include "host/bindings/cli_terminal_stderr.h"
#include "host/bindings/cli_terminal_stdin.h"
#include "host/bindings/cli_terminal_stdout.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/io.h"

/* A command's arguments and streams are the component's own: NULL for its dependencies, whatever they inherit. */
static const struct host_command *command_of(const struct component_call *call)
{
    return component_call_principal(call) == 0 ? &host_of(call)->command : NULL;
}

struct host_source *host_stdin(const struct component_call *call)
{
    const struct host_command *command = command_of(call);
    return command ? command->in : &host_of(call)->in;
}

struct host_sink *host_stdout(const struct component_call *call, bool is_stderr)
{
    const struct host_command *command = command_of(call);
    if (!command)
        return &host_of(call)->out[is_stderr].sink;
    return is_stderr ? command->err : command->out;
}

bool host_is_terminal(const struct component_call *call, enum host_stdio which)
{
    const struct host_command *command = command_of(call);
    return command && (which == HOST_STDIN    ? command->in_is_terminal
                       : which == HOST_STDOUT ? command->out_is_terminal
                                              : command->err_is_terminal);
}

/* ---- environment, exit ---- */

int host_cli_environment_get_environment(struct component_call *call, struct host_list_tuple_str_str *ret)
{
    const struct host_command *command = command_of(call);
    const struct host_grants *grants = host_grants_of(call);
    bool own = command && command->env;
    const struct host_env_var *env = own ? command->env : grants->env;
    uint32_t count = own ? command->env_count : grants->env_count;
    struct host_tuple_str_str *items = host_scratch(call, count, sizeof *items);
    if (!items)
        return -SW_EGUEST;
    for (uint32_t i = 0; i < count; i++)
        items[i] = (struct host_tuple_str_str){env[i].name, env[i].value};
    *ret = (struct host_list_tuple_str_str){items, count};
    return 0;
}

int host_cli_environment_get_arguments(struct component_call *call, struct host_list_str *ret)
{
    const struct host_command *command = command_of(call);
    uint32_t count = command ? command->arg_count : 0;
    struct sw_str *items = host_scratch(call, count, sizeof *items);
    if (!items)
        return -SW_EGUEST;
    for (uint32_t i = 0; i < count; i++)
        items[i] = command->args[i];
    *ret = (struct host_list_str){items, count};
    return 0;
}

int host_cli_environment_initial_cwd(struct component_call *call, struct host_option_str *ret)
{
    (void)call;
    ret->has = false;
    return 0;
}

static void mark_exit(struct component_call *call, uint8_t code)
{
    struct host *host = host_of(call);
    host->exited = true;
    host->exit_code = code;
}

int host_exit(struct component_call *call, uint8_t code)
{
    mark_exit(call, code);
    return engine_store_fail(component_call_engine(call), ENGINE_TRAP_EXIT, "the guest exited with code %u",
                             code);
}

int host_cli_exit_exit(struct component_call *call, struct host_result_void_void status)
{
    mark_exit(call, status.is_err);
    return engine_store_fail(component_call_engine(call), ENGINE_TRAP_EXIT, "the guest exited with %s",
                             status.is_err ? "a failure" : "success");
}

int host_cli_exit_exit_with_code(struct component_call *call, uint8_t status_code)
{
    return host_exit(call, status_code);
}

/* ---- stdin ---- */

static int empty_peek(struct host_source *source, struct sw_str *ret, struct sw_err *err)
{
    (void)source, (void)ret, (void)err;
    return SW_END;
}

static void empty_consume(struct host_source *source, size_t n)
{
    (void)source, (void)n;
}

static void empty_close(struct host_source *source)
{
    (void)source; /* shared by all streams of the host */
}

static const struct host_source_ops empty_ops = {empty_peek, empty_consume, empty_close};

void host_empty_init(struct host_source *source)
{
    source->ops = &empty_ops;
    host_event_init(&source->ready);
}

int host_cli_stdin_get_stdin(struct component_call *call, struct host_io_streams_input_stream **ret)
{
    *ret = host_input_stream_new(call, host_stdin(call), HOST_ERROR_PLAIN);
    return *ret ? 0 : -SW_EGUEST;
}

/* ---- stdout, stderr: there is always room, since grants->output drops and counts what nobody reads instead of waiting ---- */

static void emit(struct host_line *line, struct sw_str text)
{
    const struct host_grants *grants = line->host->grants;
    if (grants->output)
        grants->output(grants->output_arg, line->is_stderr, text);
}

/* Hands on what is kept together with the next bytes, as one line of at most HOST_LOG_LINE_MAX. */
static size_t line_more(struct host_line *line, struct sw_str bytes, struct sw_err *err)
{
    size_t end = sw_str_find(bytes, '\n');
    size_t room = HOST_LOG_LINE_MAX - line->rest.n;
    bool ends = end != SW_NPOS && end <= room;
    size_t take = ends ? end : (bytes.n < room ? bytes.n : room);
    bool whole = ends || take == room;
    struct sw_str text = sw_str_head(bytes, take);
    if (line->rest.n || !whole) {
        if (sw_buf_add(&line->rest, text, err) < 0) { /* no memory: in parts, then */
            host_line_end(line);
            emit(line, text);
        } else if (whole) {
            host_line_end(line);
        }
    } else {
        emit(line, text); /* straight from the guest's memory */
    }
    return take + ends;
}

static size_t line_room(struct host_sink *sink)
{
    (void)sink;
    return HOST_BODY_BYTES_MAX;
}

static int line_write(struct host_sink *sink, struct sw_str bytes, size_t *ret_n, struct sw_err *err)
{
    struct host_line *line = SW_CONTAINER(sink, struct host_line, sink);
    *ret_n = bytes.n;
    while (bytes.n)
        bytes = sw_str_from(bytes, line_more(line, bytes, err));
    return 0;
}

static int line_flush(struct host_sink *sink, struct sw_err *err)
{
    (void)sink, (void)err; /* a line leaves when it ends: runtimes flush after every small piece */
    return 0;
}

static void line_close(struct host_sink *sink)
{
    (void)sink; /* shared by all streams of the host; what is left leaves with host_free */
}

static const struct host_sink_ops line_ops = {line_room, line_write, line_flush, line_close};

void host_line_init(struct host_line *line, struct host *host, bool is_stderr)
{
    line->sink.ops = &line_ops;
    host_event_init(&line->sink.ready);
    line->host = host;
    line->is_stderr = is_stderr;
    line->rest = SW_BUF(HOST_LOG_LINE_MAX);
}

void host_line_end(struct host_line *line)
{
    if (line->rest.n == 0)
        return;
    emit(line, sw_buf_str(&line->rest));
    sw_buf_clear(&line->rest);
}

static int out_stream(struct component_call *call, struct host_sink *sink,
                      struct host_io_streams_output_stream **ret)
{
    *ret = host_output_stream_new(call, sink, HOST_ERROR_PLAIN);
    return *ret ? 0 : -SW_EGUEST;
}

int host_cli_stdout_get_stdout(struct component_call *call, struct host_io_streams_output_stream **ret)
{
    return out_stream(call, host_stdout(call, false), ret);
}

int host_cli_stderr_get_stderr(struct component_call *call, struct host_io_streams_output_stream **ret)
{
    return out_stream(call, host_stdout(call, true), ret);
}

/* ---- terminals: an object says that there is one, nothing more ---- */

struct host_cli_terminal_input_terminal_input {
    bool unused; /* an object has a size */
};
struct host_cli_terminal_output_terminal_output {
    bool unused;
};

int host_cli_terminal_stdin_get_terminal_stdin(struct component_call *call,
                                               struct host_option_cli_terminal_input_terminal_input *ret)
{
    ret->has = host_is_terminal(call, HOST_STDIN);
    if (!ret->has)
        return 0;
    ret->value = HOST_NEW(call, struct host_cli_terminal_input_terminal_input);
    return ret->value ? 0 : -SW_EGUEST;
}

static int terminal_output(struct component_call *call, enum host_stdio which,
                           struct host_option_cli_terminal_output_terminal_output *ret)
{
    ret->has = host_is_terminal(call, which);
    if (!ret->has)
        return 0;
    ret->value = HOST_NEW(call, struct host_cli_terminal_output_terminal_output);
    return ret->value ? 0 : -SW_EGUEST;
}

int host_cli_terminal_stdout_get_terminal_stdout(struct component_call *call,
                                                 struct host_option_cli_terminal_output_terminal_output *ret)
{
    return terminal_output(call, HOST_STDOUT, ret);
}

int host_cli_terminal_stderr_get_terminal_stderr(struct component_call *call,
                                                 struct host_option_cli_terminal_output_terminal_output *ret)
{
    return terminal_output(call, HOST_STDERR, ret);
}

void host_cli_terminal_input_terminal_input_drop(void *owner, void *object)
{
    struct host_cli_terminal_input_terminal_input *terminal = object;
    HOST_FREE((struct host *)owner, terminal);
}

void host_cli_terminal_output_terminal_output_drop(void *owner, void *object)
{
    struct host_cli_terminal_output_terminal_output *terminal = object;
    HOST_FREE((struct host *)owner, terminal);
}
