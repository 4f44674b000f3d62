/* command.c - tests of commands, options, help and their messages. */
#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

struct parsed {
    const char *from;
    struct cli_list env;
    bool quiet;
    uint32_t workers;
};

static struct parsed last;

static const struct cli_option options[] = {
    {"from", 'f', CLI_TEXT, "PATH", offsetof(struct parsed, from), 0, "The manifest"},
    {"env", 'e', CLI_LIST, "KEY=VALUE", offsetof(struct parsed, env), 0, "A variable"},
    {"quiet", 'q', CLI_FLAG, NULL, offsetof(struct parsed, quiet), 0, "Say less"},
    {"workers", 0, CLI_NUMBER, "N", offsetof(struct parsed, workers), 256, "Processes"},
    {"build", 0, CLI_LATER, NULL, 0, 0, NULL},
    {0},
};

static int run_up(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    last = *(const struct parsed *)parsed;
    if (last.from && strcmp(last.from, "bad") == 0)
        return sw_fail(err, SW_EDENIED, "no \x1b[31mred\nhint: none");
    (void)fputs("ran\n", io->out);
    return 0;
}

static int run_hidden(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    (void)parsed;
    (void)io;
    return sw_fail(err, SW_EBUG, "hidden ran");
}

static const struct cli_command commands[] = {
    {"up", "u", "Run it", options, "trigger option", sizeof(struct parsed), false, false, run_up},
    {.name = "internal", .summary = "x", .option_word = "option", .hidden = true, .run = run_hidden},
    {.name = "build", .alias = "b", .later = true},
    {0},
};
static const struct cli_program program = {"swell", "1.2.3", "About.", commands};

#define ARGS_MAX 8

static int run(const char *const *args, char **out, char **error)
{
    size_t out_n = 0;
    size_t err_n = 0;
    union { /* arguments are only read */
        const char *in[ARGS_MAX + 2];
        char *out[ARGS_MAX + 2];
    } argv = {{"swell"}};
    int argc = 1;
    while (argc <= ARGS_MAX && args[argc - 1]) {
        argv.in[argc] = args[argc - 1];
        argc++;
    }
    const struct cli_io io = {open_memstream(out, &out_n), open_memstream(error, &err_n)};
    CHECK(io.out && io.err);
    int status = cli_run(&program, argc, argv.out, &io);
    (void)fclose(io.out);
    (void)fclose(io.err);
    return status;
}

#define PROGRAM_HELP                                                                                         \
    "About.\n\nUsage: swell COMMAND [OPTIONS]\n\nCommands:\n  up           Run it\n  help         Show the " \
    "help of "                                                                                               \
    "a command\n"                                                                                            \
    "\nOptions:\n  -h, --help     Show this help\n  -V, --version  Show the version\n"
#define UP_HELP                                                                                              \
    "Run it\n\nUsage: swell up [OPTIONS]\nAlias: swell u\n\nOptions:\n"                                      \
    "  -f, --from PATH                The manifest\n"                                                        \
    "  -e, --env KEY=VALUE...         A variable\n"                                                          \
    "  -q, --quiet                    Say less\n"                                                            \
    "      --workers N                Processes\n"                                                           \
    "  -h, --help                     Show this help\n"

static void arguments_give_output_and_status(void **state)
{
    (void)state;
    static const struct {
        const char *args[ARGS_MAX];
        int status;
        const char *out, *err;
    } rows[] = {
        {{NULL}, 2, "", PROGRAM_HELP},
        {{"help"}, 0, PROGRAM_HELP, ""},
        {{"--help"}, 0, PROGRAM_HELP, ""},
        {{"-h"}, 0, PROGRAM_HELP, ""},
        {{"--version"}, 0, "swell 1.2.3\n", ""},
        {{"-V"}, 0, "swell 1.2.3\n", ""},
        {{"help", "up"}, 0, UP_HELP, ""},
        {{"help", "u"}, 0, UP_HELP, ""},
        {{"up", "--help"}, 0, UP_HELP, ""},
        {{"up", "-q", "-h", "--nonsense"}, 0, UP_HELP, ""},
        {{"help", "upp"}, 2, "", "error: unknown command 'upp'\nhint: did you mean 'swell up'?\n"},
        {{"help", "build"}, 2, "", "error: this version of Swell does not support 'swell build' yet\n"},
        {{"upp"}, 2, "", "error: unknown command 'upp'\nhint: did you mean 'swell up'?\n"},
        {{"launch"}, 2, "", "error: unknown command 'launch'\nhint: 'swell help' lists what there is\n"},
        {{"--launch"}, 2, "", "error: unknown option '--launch'\nhint: 'swell help' lists what there is\n"},
        {{"b"}, 2, "", "error: this version of Swell does not support 'swell build' yet\n"},
        {{"internal"}, 70, "", "error: hidden ran\n"},
        {{"up"}, 0, "ran\n", ""},
        {{"u"}, 0, "ran\n", ""},
        {{"up", "-f", "bad"}, 1, "", "error: no ?[31mred\nhint: none\n"},
        {{"up", "--form", "x"},
         2,
         "",
         "error: Unrecognised trigger option \"--form\"\nhint: did you mean '--from'?\n"},
        {{"up", "--quit"},
         2,
         "",
         "error: Unrecognised trigger option \"--quit\"\nhint: did you mean '--quiet'?\n"},
        {{"up", "--password=secret"},
         2,
         "",
         "error: Unrecognised trigger option \"--password\"\nhint: 'swell help up' lists them\n"},
        {{"up", "-x"},
         2,
         "",
         "error: Unrecognised trigger option \"-x\"\nhint: 'swell help up' lists them\n"},
        {{"internal", "-x"},
         2,
         "",
         "error: Unrecognised option \"-x\"\nhint: 'swell help internal' lists them\n"},
        {{"up", "app"},
         2,
         "",
         "error: unexpected argument 'app'\nhint: 'swell help up' shows what it takes\n"},
        {{"up", "-"}, 2, "", "error: unexpected argument '-'\nhint: 'swell help up' shows what it takes\n"},
        {{"up", "--"},
         2,
         "",
         "error: Unrecognised trigger option \"--\"\nhint: 'swell help up' lists them\n"},
        {{"up", "--from"}, 2, "", "error: --from: expected a value, got nothing\nhint: --from PATH\n"},
        {{"up", "-f"}, 2, "", "error: --from: expected a value, got nothing\nhint: --from PATH\n"},
        {{"up", "-fa", "-fb"}, 2, "", "error: --from: expected once, given twice\n"},
        {{"up", "--quiet=yes"}, 2, "", "error: --quiet: expected no value, got 'yes'\n"},
        {{"up", "--workers", "0"}, 2, "", "error: --workers: expected a number from 1 to 256, got '0'\n"},
        {{"up", "--workers", "257"}, 2, "", "error: --workers: expected a number from 1 to 256, got '257'\n"},
        {{"up", "--workers", "-1"}, 2, "", "error: --workers: expected a number from 1 to 256, got '-1'\n"},
        {{"up", "--workers=two"}, 2, "", "error: --workers: expected a number from 1 to 256, got 'two'\n"},
        {{"up", "--build"}, 2, "", "error: this version of Swell does not support '--build' yet\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *out = NULL;
        char *error = NULL;
        int status = run(rows[i].args, &out, &error);
        CHECK_STR(sw_str_of(error), rows[i].err);
        CHECK_STR(sw_str_of(out), rows[i].out);
        CHECK_INT(status, rows[i].status);
        free(out);
        free(error);
    }
}

static void options_fill_the_struct(void **state)
{
    (void)state;
    char *out = NULL;
    char *error = NULL;
    static const char *const args[] = {"up", "-fx", "--env=A=1", "-e", "B=", "-q", "--workers=256", NULL};
    CHECK_INT(run(args, &out, &error), 0);
    CHECK_STR(sw_str_of(last.from), "x");
    CHECK_INT(last.env.count, 2);
    CHECK_STR(sw_str_of(last.env.items[0]), "A=1");
    CHECK_STR(sw_str_of(last.env.items[1]), "B=");
    CHECK(last.quiet);
    CHECK_INT(last.workers, 256);
    free(out);
    free(error);
}

static void a_list_has_a_limit(void **state)
{
    (void)state;
    static struct parsed parsed;
    char text[] = "-eA=1";
    char *argv[CLI_LIST_ITEMS_MAX + 1];
    bool help = false;
    struct sw_err err = {0};
    for (int i = 0; i <= CLI_LIST_ITEMS_MAX; i++)
        argv[i] = text;
    CHECK_INT(cli_options_parse(&commands[0], CLI_LIST_ITEMS_MAX + 1, argv, &parsed, &help, &err),
              -SW_ELIMIT);
    CHECK_STR(sw_str_of(err.text), "--env: expected at most 256 of them");
}

static void the_last_operand_may_be_several(void **state)
{
    (void)state;
    struct calls {
        const char *file;
        struct cli_list calls;
    } parsed = {0};
    static const struct cli_option operands[] = {
        {"FILE", 0, CLI_OPERAND, NULL, offsetof(struct calls, file), 0, "A file"},
        {"CALL...", 0, CLI_OPERANDS, NULL, offsetof(struct calls, calls), 0, "Calls"},
        {0},
    };
    static const struct cli_command command = {
        .name = "call", .options = operands, .option_word = "option", .parsed_bytes = sizeof parsed};
    char file[] = "f", a[] = "a()", b[] = "b()", unknown[] = "--CALL...";
    char *argv[] = {file, a, b, unknown};
    bool help;
    struct sw_err err;
    CHECK_OK(cli_options_parse(&command, 3, argv, &parsed, &help, &err), &err);
    CHECK(strcmp(parsed.file, "f") == 0);
    CHECK_INT(parsed.calls.count, 2);
    CHECK(strcmp(parsed.calls.items[1], "b()") == 0);
    parsed = (struct calls){0};
    CHECK_INT(cli_options_parse(&command, 1, argv, &parsed, &help, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "expected CALL..., got nothing");
    parsed = (struct calls){0};
    CHECK_INT(cli_options_parse(&command, 4, argv, &parsed, &help, &err), -SW_EINPUT); /* no option */
    CHECK_HAS(err.text, "Unrecognised option \"--CALL...\"");
    char dashes[] = "--", *behind[] = {dashes, file, dashes, unknown};
    parsed = (struct calls){0};
    CHECK_OK(cli_options_parse(&command, 4, behind, &parsed, &help, &err),
             &err); /* only operands from there on */
    CHECK_INT(parsed.calls.count, 2);
    CHECK(strcmp(parsed.calls.items[0], "--") == 0 && strcmp(parsed.calls.items[1], "--CALL...") == 0);
}

static void the_rest_is_taken_as_it_is(void **state)
{
    (void)state;
    struct run {
        const char *file;
        bool flag;
        struct cli_rest rest;
    } parsed = {0};
    static const struct cli_option run_options[] = {
        {"FILE", 0, CLI_OPERAND, NULL, offsetof(struct run, file), 0, "A file"},
        {"[ARGS]...", 0, CLI_REST, NULL, offsetof(struct run, rest), 0, "Arguments"},
        {"flag", 0, CLI_FLAG, NULL, offsetof(struct run, flag), 0, "A flag"},
        {0},
    };
    static const struct cli_command command = {
        .name = "run", .options = run_options, .option_word = "option", .parsed_bytes = sizeof parsed};
    char dashes[] = "--", flag[] = "--flag", help_flag[] = "--help";
    char *argv[] = {dashes, flag, flag, help_flag, dashes};
    bool help = true;
    struct sw_err err;
    CHECK_OK(cli_options_parse(&command, 5, argv, &parsed, &help, &err), &err);
    CHECK(!help && !parsed.flag && strcmp(parsed.file, "--flag") == 0);
    CHECK_INT(parsed.rest.count, 3);
    CHECK(parsed.rest.items == argv + 2);
    parsed = (struct run){0};
    CHECK_INT(cli_options_parse(&command, 1, argv, &parsed, &help, &err), -SW_EINPUT);
    CHECK_HAS(err.text, "expected FILE, got nothing");
}

static void printed_text_cannot_drive_a_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *printed;
    } rows[] = {
        {"a\tb\nc", "a\tb\nc"},
        {"\x1b[2J\r\x7f", "?[2J??"},
        {"\xc2\x9b"
         "2J",
         "?2J"}, /* U+009B as UTF-8 */
        {"\x9b"
         "2J\x80\x9f",
         "?2J??"},                                       /* the same as bytes */
        {"\xc2\xa0\xc3\x9b\xe2\x82\xac\xf0\x9f\x98\x80", /* U+00A0, U+00DB, U+20AC, U+1F600 */
         "\xc2\xa0\xc3\x9b\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xe2\x82", "\xe2?"}, /* cut */
        {"\xff\xc2", "\xff\xc2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64] = "";
        FILE *out = fmemopen(text, sizeof text, "w");
        CHECK(out != NULL);
        cli_print_safe(out, sw_str_of(rows[i].text));
        CHECK_INT(fclose(out), 0);
        CHECK_STR(sw_str_of(text), rows[i].printed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_give_output_and_status),
        cmocka_unit_test(options_fill_the_struct),
        cmocka_unit_test(a_list_has_a_limit),
        cmocka_unit_test(the_last_operand_may_be_several),
        cmocka_unit_test(the_rest_is_taken_as_it_is),
        cmocka_unit_test(printed_text_cannot_drive_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
