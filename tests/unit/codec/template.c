/* template.c - what a template falls into.  Room: codec. */
#include "codec/template.h"

#include "check.h"

#define PARTS_MAX 5

static const struct row {
    const char *text;
    const char *parts[PARTS_MAX]; /* "=x" is text, "$x" a name */
} rows[] = {
    {"", {NULL}},
    {"plain", {"=plain"}},
    {"{{ name }}", {"$name"}},
    {"{{name}}", {"$name"}},
    {"{{\t name\n}}", {"$name"}},
    {"https://{{ host }}:{{port}}/", {"=https://", "$host", "=:", "$port", "=/"}},
    {"{{a}}{{b}}", {"$a", "$b"}},
    {"{ {a} }", {"={ {a} }"}},
    {"a }} b", {"=a }} b"}},
    {"{{}}", {"$"}},
    {"{{{a}}}", {"${a", "=}"}},
    {"{", {"={"}},
    {"{{ a b }}", {"$a b"}},
};

static void a_template_falls_into_text_and_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sw_str rest = sw_str_of(rows[i].text);
        struct codec_template_part part;
        struct sw_err err = {0};
        for (size_t j = 0; j < PARTS_MAX && rows[i].parts[j]; j++) {
            CHECK_OK(codec_template_next(&rest, &part, &err), &err);
            CHECK_INT(part.is_name, rows[i].parts[j][0] == '$');
            CHECK_STR(part.text, rows[i].parts[j] + 1);
        }
        CHECK_INT(codec_template_next(&rest, &part, &err), SW_END);
    }
}

static void an_open_brace_pair_must_be_closed(void **state)
{
    (void)state;
    static const char *const texts[] = {"{{", "{{ a", "{{ a }", "{{ a } }"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct sw_str rest = sw_str_of(texts[i]);
        struct codec_template_part part;
        struct sw_err err = {0};
        CHECK_INT(codec_template_next(&rest, &part, &err), -SW_EINPUT);
        CHECK_STR(sw_str_of(err.text), "expected '}}' behind '{{', got the end of the text");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_falls_into_text_and_names),
        cmocka_unit_test(an_open_brace_pair_must_be_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
