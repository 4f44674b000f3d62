/* command.h - commands and options as tables: parsing, help and messages come from them.  Room: cli. */
#ifndef SW_CLI_COMMAND_H
#define SW_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/str.h"
#include "cli/limits.h"

enum cli_option_kind {
    CLI_FLAG,    /* bool at offset */
    CLI_TEXT,    /* const char * at offset */
    CLI_LIST,    /* struct cli_list at offset; can be repeated */
    CLI_NUMBER,  /* uint32_t at offset, from 1 to max */
    CLI_LATER,   /* refused: not supported yet */
    CLI_OPERAND, /* const char * at offset; no option but an argument by its place, which must be given. name is for the help: "FILE" */
    CLI_OPERANDS, /* struct cli_list at offset; the last of the operands, once or more often. name: "CALL..." */
    CLI_REST, /* struct cli_rest at offset: everything behind the operands, options too. name: "[ARGS]..." */
};

struct cli_list {
    const char *items[CLI_LIST_ITEMS_MAX];
    uint32_t count;
};

struct cli_rest { /* of argv */
    char *const *items;
    uint32_t count;
};

struct cli_option {
    const char *name; /* without "--" */
    char letter;      /* or 0 */
    enum cli_option_kind kind;
    const char *value; /* "ADDR", for the help */
    size_t offset;
    uint32_t max;
    const char *help;
};

struct cli_io { /* where a command writes */
    FILE *out;
    FILE *err;
};

struct cli_command {
    const char *name;
    const char *alias; /* or NULL */
    const char *summary;
    const struct cli_option *options; /* ended by one without name; NULL: none */
    const char *option_word;          /* "option"; "trigger option" as Spin says */
    size_t parsed_bytes;              /* of the struct that the options fill */
    bool hidden;
    bool later; /* known, not supported yet */
    /* parsed: zeroed, then filled from the arguments. */
    int (*run)(const void *parsed, const struct cli_io *io, struct sw_err *err);
};

struct cli_program {
    const char *name;
    const char *version;
    const char *about;
    const struct cli_command *commands; /* ended by one without name */
};

/* Runs what argv asks for; returns the exit status. Errors are printed as "error: ...". */
int cli_run(const struct cli_program *program, int argc, char *const *argv, const struct cli_io *io);

/* Fails with SW_EINPUT; *ret_help: --help or -h was given (parsing stops there). Values are views of argv. */
int cli_options_parse(const struct cli_command *command, int argc, char *const *argv, void *parsed,
                      bool *ret_help, struct sw_err *err) SW_MUST_CHECK;
bool cli_is_operand(const struct cli_option *option); /* given by its place */
void cli_help_program(const struct cli_program *program, FILE *out);
void cli_help_command(const struct cli_program *program, const struct cli_command *command, FILE *out);

/* "error: ..."; returns the exit status of its code. */
int cli_print_error(const struct cli_io *io, const struct sw_err *err);

/* Prints text that came from outside: control bytes but '\n' and '\t' become '?'. */
void cli_print_safe(FILE *out, struct sw_str text);

#endif
