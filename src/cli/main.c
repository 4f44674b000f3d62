/* main.c - the table of commands.  Room: cli. */
#include "cli/componentize.h"
#include "cli/inspect.h"
#include "cli/internal.h"
#include "cli/invoke.h"
#include "cli/reload.h"
#include "cli/run.h"
#include "cli/up.h"

#define LATER(word, short_word)                                                                              \
    {                                                                                                        \
        .name = word, .alias = short_word, .later = true                                                     \
    }

static const struct cli_command commands[] = {
    {.name = "up",
     .alias = "u",
     .summary = "Run an application here",
     .options = cli_up_options,
     .option_word = "trigger option",
     .parsed_bytes = sizeof(struct cli_up),
     .run = cli_up_run},
    {.name = "reload",
     .summary = "Have a running application load its manifest again",
     .options = cli_reload_options,
     .option_word = "option",
     .parsed_bytes = sizeof(struct cli_reload),
     .run = cli_reload_run},
    {.name = "wit",
     .summary = "Print the world of a component as WIT",
     .options = cli_wit_options,
     .option_word = "option",
     .parsed_bytes = sizeof(struct cli_wit),
     .run = cli_wit_run},
    {.name = "inspect",
     .summary = "Show what a component is made of and whether it can be served",
     .options = cli_inspect_options,
     .option_word = "option",
     .parsed_bytes = sizeof(struct cli_inspect),
     .run = cli_inspect_run},
    {.name = "invoke",
     .summary = "Call a function that a component exports",
     .options = cli_invoke_options,
     .option_word = "option",
     .parsed_bytes = sizeof(struct cli_invoke),
     .run = cli_invoke_run},
    {.name = "run",
     .summary = "Run a command: a component with wasi:cli/run, or a module of WASI 0.1",
     .options = cli_run_options,
     .option_word = "option",
     .parsed_bytes = sizeof(struct cli_run_options),
     .run = cli_run_run},
    {.name = "componentize",
     .summary = "Make a component from a core module and a world",
     .options = cli_componentize_options,
     .option_word = "option",
     .parsed_bytes = sizeof(struct cli_componentize),
     .run = cli_componentize_run},
    {.name = "internal-invoke",
     .summary = "Make one call",
     .options = cli_internal_invoke_options,
     .option_word = "option",
     .parsed_bytes = sizeof(struct cli_internal_invoke),
     .hidden = true,
     .run = cli_internal_invoke_run},
    {.name = "internal-run",
     .summary = "Run one command",
     .options = cli_internal_run_options,
     .option_word = "option",
     .parsed_bytes = sizeof(struct cli_internal_run),
     .hidden = true,
     .run = cli_internal_run_run},
    {.name = "internal-worker",
     .summary = "Serve what the supervisor sends",
     .option_word = "option",
     .hidden = true,
     .run = cli_internal_worker_run},
    {.name = "internal-check",
     .summary = "Check one component",
     .options = cli_internal_check_options,
     .option_word = "option",
     .parsed_bytes = sizeof(struct cli_internal_check),
     .hidden = true,
     .run = cli_internal_check_run},
    {.name = "internal-compile",
     .summary = "Compile one core module",
     .options = cli_internal_compile_options,
     .option_word = "option",
     .parsed_bytes = sizeof(struct cli_internal_compile),
     .hidden = true,
     .run = cli_internal_compile_run},
    LATER("new", "n"),
    LATER("add", "a"),
    LATER("build", "b"),
    LATER("watch", "w"),
    LATER("registry", "oci"),
    LATER("templates", "template"),
    LATER("plugins", "plugin"),
    LATER("targets", "environments"),
    LATER("doctor", NULL),
    LATER("deploy", "d"),
    LATER("login", NULL),
    LATER("serve", NULL),
    LATER("test", NULL),
    {0},
};

int main(int argc, char **argv)
{
    const struct cli_program program = {
        .name = "swell",
        .version = SW_VERSION,
        .about = "Swell runs WebAssembly applications made for Spin.",
        .commands = commands,
    };
    const struct cli_io io = {stdout, stderr};
    return cli_run(&program, argc, argv, &io);
}
