/* options.c - arguments to a struct, by a table.  Room: cli. */
#include <string.h>

#include "cli/command.h"
#include "codec/nearest.h"

struct parse {
    const struct cli_command *command;
    int argc;
    char *const *argv;
    int at;
    void *parsed;
    bool plain;    /* behind "--": no more options */
    uint64_t seen; /* bit per option; LISTs may come again */
    struct sw_err *err;
};

bool cli_is_operand(const struct cli_option *option)
{
    return option->kind == CLI_OPERAND || option->kind == CLI_OPERANDS || option->kind == CLI_REST;
}

static const struct cli_option *by_name(const struct cli_command *command, struct sw_str name)
{
    for (const struct cli_option *o = command->options; o && o->name; o++)
        if (!cli_is_operand(o) && sw_str_eq(sw_str_of(o->name), name))
            return o;
    return NULL;
}

static const struct cli_option *by_letter(const struct cli_command *command, char letter)
{
    for (const struct cli_option *o = command->options; o && o->name; o++)
        if (o->letter && o->letter == letter)
            return o;
    return NULL;
}

static int fail_unknown(const struct parse *p, const char *argument)
{
    struct sw_str shown = sw_str_of(argument);
    shown = sw_str_head(shown, sw_str_find(shown, '=')); /* a value may be a secret */
    struct codec_nearest nearest = codec_nearest(sw_str_from(shown, 2));
    for (const struct cli_option *o = p->command->options; o && o->name; o++)
        if (o->kind != CLI_LATER && !cli_is_operand(o))
            codec_nearest_offer(&nearest, sw_str_of(o->name));
    if (nearest.best.n)
        return sw_fail(p->err, SW_EINPUT,
                       "Unrecognised %s \"" SW_FMT "\"\nhint: did you mean '--" SW_FMT "'?",
                       p->command->option_word, SW_ARG(shown), SW_ARG(nearest.best));
    return sw_fail(p->err, SW_EINPUT, "Unrecognised %s \"" SW_FMT "\"\nhint: 'swell help %s' lists them",
                   p->command->option_word, SW_ARG(shown), p->command->name);
}

static int set_number(const struct parse *p, const struct cli_option *option, const char *value,
                      uint32_t *ret)
{
    uint64_t number = 0;
    if (!sw_str_to_u64(sw_str_of(value), option->max, &number) || number == 0)
        return sw_fail(p->err, SW_EINPUT, "--%s: expected a number from 1 to %u, got '%s'", option->name,
                       option->max, value);
    *ret = (uint32_t)number;
    return 0;
}

static int set_item(const struct parse *p, const struct cli_option *option, const char *value,
                    struct cli_list *list)
{
    if (list->count >= CLI_LIST_ITEMS_MAX)
        return sw_fail(p->err, SW_ELIMIT, "%s%s: expected at most %d of them",
                       cli_is_operand(option) ? "" : "--", option->name, CLI_LIST_ITEMS_MAX);
    list->items[list->count++] = value;
    return 0;
}

static int set(struct parse *p, const struct cli_option *option, const char *value)
{
    void *member = (char *)p->parsed + option->offset;
    uint64_t bit = UINT64_C(1) << (option - p->command->options);
    if ((p->seen & bit) && option->kind != CLI_LIST && option->kind != CLI_OPERANDS)
        return sw_fail(p->err, SW_EINPUT, "--%s: expected once, given twice", option->name);
    p->seen |= bit;
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)member = true;
        return 0;
    case CLI_TEXT:
    case CLI_OPERAND:
        *(const char **)member = value;
        return 0;
    case CLI_NUMBER:
        return set_number(p, option, value, member);
    case CLI_LIST:
    case CLI_OPERANDS:
        return set_item(p, option, value, member);
    case CLI_LATER:
    case CLI_REST: /* never given by a name */
    default:
        return sw_fail(p->err, SW_EINPUT, "this version of Swell does not support '--%s' yet", option->name);
    }
}

/* value: behind '=' or the letter, or NULL: the next argument is it. */
static int take(struct parse *p, const struct cli_option *option, const char *value)
{
    if (option->kind == CLI_LATER)
        return set(p, option, NULL);
    if (option->kind == CLI_FLAG) {
        if (value)
            return sw_fail(p->err, SW_EINPUT, "--%s: expected no value, got '%s'", option->name, value);
        return set(p, option, NULL);
    }
    if (!value && p->at + 1 < p->argc)
        value = p->argv[++p->at];
    if (!value)
        return sw_fail(p->err, SW_EINPUT, "--%s: expected a value, got nothing\nhint: --%s %s", option->name,
                       option->name, option->value);
    return set(p, option, value);
}

static bool is_seen(const struct parse *p, const struct cli_option *option)
{
    return p->seen & UINT64_C(1) << (option - p->command->options);
}

/* The first operand that was not given yet, or that can be given again; NULL: none is left. */
static const struct cli_option *next_operand(const struct parse *p)
{
    for (const struct cli_option *o = p->command->options; o && o->name; o++)
        if (o->kind == CLI_OPERANDS || (o->kind == CLI_OPERAND && !is_seen(p, o)))
            return o;
    return NULL;
}

/* What everything behind the operands goes to; NULL: the command has no such thing. */
static const struct cli_option *rest_of(const struct cli_command *command)
{
    for (const struct cli_option *o = command->options; o && o->name; o++)
        if (o->kind == CLI_REST)
            return o;
    return NULL;
}

static int take_operand(struct parse *p, const char *argument)
{
    const struct cli_option *operand = next_operand(p);
    if (operand)
        return set(p, operand, argument);
    return sw_fail(p->err, SW_EINPUT, "unexpected argument '%s'\nhint: 'swell help %s' shows what it takes",
                   argument, p->command->name);
}

static int take_argument(struct parse *p, const char *argument)
{
    if (p->plain || argument[0] != '-' || argument[1] == '\0')
        return take_operand(p, argument);
    if (argument[1] != '-') {
        const struct cli_option *option = by_letter(p->command, argument[1]);
        return option ? take(p, option, argument[2] ? argument + 2 : NULL) : fail_unknown(p, argument);
    }
    struct sw_str name = sw_str_of(argument + 2);
    const char *equals = strchr(argument, '=');
    if (equals)
        name = sw_str(argument + 2, (size_t)(equals - argument) - 2);
    const struct cli_option *option = by_name(p->command, name);
    return option ? take(p, option, equals ? equals + 1 : NULL) : fail_unknown(p, argument);
}

int cli_options_parse(const struct cli_command *command, int argc, char *const *argv, void *parsed,
                      bool *ret_help, struct sw_err *err)
{
    struct parse p = {.command = command, .argc = argc, .argv = argv, .parsed = parsed, .err = err};
    const struct cli_option *rest = rest_of(command);
    bool has_operands = next_operand(&p) != NULL; /* none was given yet */
    for (; p.at < argc; p.at++) {
        const char *argument = argv[p.at];
        if (has_operands && !p.plain && strcmp(argument, "--") == 0) {
            p.plain = true;
            continue;
        }
        if (!p.plain && (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)) {
            *ret_help = true;
            return 0;
        }
        int rc = take_argument(&p, argument);
        if (rc < 0)
            return rc;
        if (rest && !next_operand(&p)) {
            struct cli_rest *member = (struct cli_rest *)(void *)((char *)parsed + rest->offset);
            *member = (struct cli_rest){argv + p.at + 1, (uint32_t)(argc - p.at - 1)};
            break;
        }
    }
    const struct cli_option *missing = next_operand(&p);
    if (missing && !is_seen(&p, missing))
        return sw_fail(err, SW_EINPUT, "expected %s, got nothing\nhint: 'swell help %s' shows what it takes",
                       missing->name, command->name);
    *ret_help = false;
    return 0;
}
