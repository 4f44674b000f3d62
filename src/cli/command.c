/* command.c - finding the command, help, errors.  Room: cli. */
#include "cli/command.h"

#include <string.h>

#include "base/alloc.h"
#include "codec/nearest.h"

/* How many bytes the character at the front has; 1 also for a byte that is no UTF-8. */
static size_t char_bytes(struct sw_str text)
{
    unsigned char c = (unsigned char)text.p[0];
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;
    return n <= text.n && sw_utf8_valid(sw_str_head(text, n)) ? n : 1;
}

/* C0 but line end and tab, DEL, and C1, which some terminals take as a byte, others as UTF-8. */
static bool is_control(const char *p, size_t n)
{
    unsigned char c = (unsigned char)p[0];
    if (n == 2)
        return c == 0xc2 && (unsigned char)p[1] < 0xa0;
    return n == 1 && ((c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0));
}

void cli_print_safe(FILE *out, struct sw_str text)
{
    while (text.n) {
        size_t n = char_bytes(text);
        bool control = is_control(text.p, n);
        (void)fwrite(control ? "?" : text.p, 1, control ? 1 : n,
                     out); /* a terminal that is gone is nobody to tell */
        text = sw_str_from(text, n);
    }
}

int cli_print_error(const struct cli_io *io, const struct sw_err *err)
{
    (void)fputs("error: ", io->err); /* as above */
    cli_print_safe(io->err, sw_str_of(err->text));
    (void)fputc('\n', io->err);
    return sw_code_exit_status(err->code);
}

/* ---- help ---- */

static void print_operands(const struct cli_command *command, FILE *out)
{
    bool any = false;
    for (const struct cli_option *o = command->options; o && o->name; o++)
        if (cli_is_operand(o)) {
            (void)fprintf(out, "%s  %-30s %s\n", any ? "" : "\nArguments:\n", o->name, o->help);
            any = true;
        }
}

static void print_options(const struct cli_command *command, FILE *out)
{
    (void)fputs("\nOptions:\n", out);
    for (const struct cli_option *o = command->options; o && o->name; o++) {
        char left[64];
        if (o->kind == CLI_LATER || cli_is_operand(o))
            continue;
        (void)snprintf(left, sizeof left, "--%s%s%s%s", o->name, o->value ? " " : "",
                       o->value ? o->value : "", o->kind == CLI_LIST ? "..." : "");
        (void)fprintf(out, "  %c%c%c %-26s %s\n", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
                      o->letter ? ',' : ' ', left, o->help);
    }
    (void)fprintf(out, "  -h, %-26s %s\n", "--help", "Show this help");
}

void cli_help_command(const struct cli_program *program, const struct cli_command *command, FILE *out)
{
    (void)fprintf(out, "%s\n\nUsage: %s %s [OPTIONS]", command->summary, program->name, command->name);
    for (const struct cli_option *o = command->options; o && o->name; o++)
        if (cli_is_operand(o))
            (void)fprintf(out, " %s", o->name);
    (void)fputc('\n', out);
    if (command->alias)
        (void)fprintf(out, "Alias: %s %s\n", program->name, command->alias);
    print_operands(command, out);
    print_options(command, out);
}

void cli_help_program(const struct cli_program *program, FILE *out)
{
    (void)fprintf(out, "%s\n\nUsage: %s COMMAND [OPTIONS]\n\nCommands:\n", program->about, program->name);
    for (const struct cli_command *c = program->commands; c->name; c++)
        if (!c->hidden && !c->later)
            (void)fprintf(out, "  %-12s %s\n", c->name, c->summary);
    (void)fprintf(out, "  %-12s %s\n", "help", "Show the help of a command");
    (void)fprintf(out, "\nOptions:\n  -h, --help     Show this help\n  -V, --version  Show the version\n");
}

/* ---- running ---- */

static const struct cli_command *find(const struct cli_program *program, const char *name)
{
    for (const struct cli_command *c = program->commands; c->name; c++)
        if (strcmp(c->name, name) == 0 || (c->alias && strcmp(c->alias, name) == 0))
            return c;
    return NULL;
}

static int fail_unknown(const struct cli_program *program, const char *word, struct sw_err *err)
{
    const char *what = word[0] == '-' ? "option" : "command";
    struct codec_nearest nearest = codec_nearest(sw_str_of(word));
    for (const struct cli_command *c = program->commands; c->name; c++)
        if (!c->hidden && !c->later)
            codec_nearest_offer(&nearest, sw_str_of(c->name));
    if (nearest.best.n)
        return sw_fail(err, SW_EINPUT, "unknown %s '%s'\nhint: did you mean '%s " SW_FMT "'?", what, word,
                       program->name, SW_ARG(nearest.best));
    return sw_fail(err, SW_EINPUT, "unknown %s '%s'\nhint: '%s help' lists what there is", what, word,
                   program->name);
}

/* A known command that can run, or the error to print. */
static int look_up(const struct cli_program *program, const char *name, const struct cli_command **ret,
                   struct sw_err *err)
{
    const struct cli_command *command = find(program, name);
    if (!command)
        return fail_unknown(program, name, err);
    if (command->later)
        return sw_fail(err, SW_EINPUT, "this version of Swell does not support '%s %s' yet", program->name,
                       command->name);
    *ret = command;
    return 0;
}

static int run_command(const struct cli_program *program, const struct cli_command *command, int argc,
                       char *const *argv, const struct cli_io *io)
{
    struct sw_err err = {0};
    bool help = false;
    sw_auto_free void *parsed = sw_alloc(command->parsed_bytes);
    int rc = cli_options_parse(command, argc, argv, parsed, &help, &err);
    if (rc == 0 && help) {
        cli_help_command(program, command, io->out);
        return 0;
    }
    if (rc == 0)
        rc = command->run(parsed, io, &err);
    return rc < 0 ? cli_print_error(io, &err) : 0;
}

static int run_help(const struct cli_program *program, const char *name, const struct cli_io *io)
{
    const struct cli_command *command = NULL;
    struct sw_err err;
    if (!name) {
        cli_help_program(program, io->out);
        return 0;
    }
    if (look_up(program, name, &command, &err) < 0)
        return cli_print_error(io, &err);
    cli_help_command(program, command, io->out);
    return 0;
}

int cli_run(const struct cli_program *program, int argc, char *const *argv, const struct cli_io *io)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    const struct cli_command *command = NULL;
    struct sw_err err;
    if (!word) {
        cli_help_program(program, io->err);
        return sw_code_exit_status(SW_EINPUT);
    }
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return run_help(program, argc > 2 ? argv[2] : NULL, io);
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        (void)fprintf(io->out, "%s %s\n", program->name, program->version);
        return 0;
    }
    if (look_up(program, word, &command, &err) < 0)
        return cli_print_error(io, &err);
    return run_command(program, command, argc - 2, argv + 2, io);
}
