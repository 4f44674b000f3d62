/* wave_print.c - values as WAVE.  Room: component. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "component/wave_internal.h"

struct printer {
    const struct component_types *types;
    struct sw_buf *out;
    struct sw_err *err;
    int rc; /* sticky */
};

static void say(struct printer *p, struct sw_str text)
{
    if (p->rc == 0)
        p->rc = sw_buf_add(p->out, text, p->err);
}

static void print(struct printer *p, uint32_t number, const struct component_value *value);

/* ---- numbers ---- */

/* The fewest digits that read back as the same number; "1e+05" becomes "1e+5". */
static void print_float(struct printer *p, double value, bool single)
{
    char text[40];
    if (isnan(value) || isinf(value)) {
        say(p, isnan(value) ? SW_LIT("nan") : value < 0 ? SW_LIT("-inf") : SW_LIT("inf"));
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        double again = single ? (double)strtof(text, NULL) : strtod(text, NULL);
        /* lint: allow(tidy): bits are compared, so that -0 is not taken for 0; no NaN comes here */
        if (memcmp(&again, &value, sizeof value) == 0)
            break;
    }
    char *e = strchr(text, 'e');
    if (e && e[2] == '0')
        memmove(e + 2, e + 3, strlen(e + 3) + 1);
    say(p, sw_str_of(text));
}

static void print_int(struct printer *p, const struct component_type *type,
                      const struct component_value *value)
{
    char text[24];
    bool is_signed = type->kind == COMPONENT_S8 || type->kind == COMPONENT_S16 ||
                     type->kind == COMPONENT_S32 || type->kind == COMPONENT_S64;
    if (is_signed)
        (void)snprintf(text, sizeof text, "%lld", (long long)value->s64);
    else
        (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value->u64);
    say(p, sw_str_of(text));
}

/* ---- text ---- */

static uint32_t scalar_at(struct sw_str text, size_t at, size_t *ret_n) /* of valid UTF-8 */
{
    static const unsigned char masks[] = {0x7f, 0x1f, 0x0f, 0x07};
    const unsigned char *s = (const unsigned char *)text.p + at;
    size_t more = s[0] < 0x80 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
    uint32_t c = s[0] & masks[more];
    for (size_t i = 1; i <= more; i++)
        c = c << 6 | (s[i] & 0x3f);
    *ret_n = more + 1;
    return c;
}

static bool needs_escape(uint32_t c, char quote)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == '\\' || c == (unsigned char)quote ||
           (c >= 0x200e && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069); /* those that turn a line of text around */
}

static void print_escape(struct printer *p, uint32_t c)
{
    static const char from[] = "\t\n\r\\'\"", to[] = "tnr\\'\"";
    char text[16];
    const char *found = c && c < 0x80 ? strchr(from, (int)c) : NULL;
    if (found)
        (void)snprintf(text, sizeof text, "\\%c", to[found - from]);
    else
        (void)snprintf(text, sizeof text, "\\u{%x}", c);
    say(p, sw_str_of(text));
}

static void print_text(struct printer *p, struct sw_str text, char quote)
{
    const struct sw_str mark = {&quote, 1};
    if (p->rc == 0 && !sw_utf8_valid(text)) {
        p->rc = sw_fail(p->err, SW_EINPUT, "a string that is not UTF-8");
        return;
    }
    say(p, mark);
    for (size_t at = 0, start = 0, n; p->rc == 0 && at < text.n; at += n) {
        uint32_t c = scalar_at(text, at, &n);
        bool escape = needs_escape(c, quote);
        if (escape || at + n == text.n)
            say(p, sw_str(text.p + start, at + (escape ? 0 : n) - start));
        if (!escape)
            continue;
        print_escape(p, c);
        start = at + n;
    }
    say(p, mark);
}

static void print_char(struct printer *p, uint64_t c)
{
    char text[4];
    size_t n = 0;
    if (c >= 0x110000 || (c >= 0xd800 && c < 0xe000)) {
        p->rc = sw_fail(p->err, SW_EINPUT, "a char that is no Unicode scalar value");
        return;
    }
    if (c < 0x80) {
        text[n++] = (char)c;
    } else {
        unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
        static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
        text[n++] = (char)(leads[more] | c >> 6 * more);
        while (more--)
            text[n++] = (char)(0x80 | (c >> 6 * more & 0x3f));
    }
    print_text(p, sw_str(text, n), '\'');
}

/* ---- what has parts ---- */

static void print_bytes(struct printer *p, struct sw_str bytes)
{
    char text[8];
    say(p, SW_LIT("["));
    for (size_t i = 0; p->rc == 0 && i < bytes.n; i++) {
        (void)snprintf(text, sizeof text, "%s%u", i ? ", " : "", (unsigned char)bytes.p[i]);
        say(p, sw_str_of(text));
    }
    say(p, SW_LIT("]"));
}

static void print_list(struct printer *p, const struct component_type *type,
                       const struct component_value *value)
{
    bool map = type->kind == COMPONENT_LIST && type->length == COMPONENT_MAP;
    if (component__wave_is_bytes(p->types, type)) {
        print_bytes(p, value->text);
        return;
    }
    say(p, map ? SW_LIT("{") : SW_LIT("["));
    for (uint64_t i = 0; p->rc == 0 && i < value->list.count; i++) {
        const struct component_value *item = &value->list.items[i];
        say(p, i ? SW_LIT(", ") : SW_LIT(""));
        if (!map) {
            print(p, type->elem, item);
            continue;
        }
        const struct component_type *tuple = component_type_of(p->types, type->elem);
        print(p, tuple->cases[0].type, &item->list.items[0]);
        say(p, SW_LIT(": "));
        print(p, tuple->cases[1].type, &item->list.items[1]);
    }
    say(p, map ? SW_LIT("}") : SW_LIT("]"));
}

static void print_fields(struct printer *p, const struct component_type *type,
                         const struct component_value *value)
{
    bool record = type->kind == COMPONENT_RECORD;
    say(p, record ? SW_LIT("{") : SW_LIT("("));
    for (uint32_t i = 0; p->rc == 0 && i < type->case_count; i++) {
        say(p, i ? SW_LIT(", ") : SW_LIT(""));
        if (record) {
            say(p, type->cases[i].name);
            say(p, SW_LIT(": "));
        }
        print(p, type->cases[i].type, &value->list.items[i]);
    }
    say(p, record ? SW_LIT("}") : SW_LIT(")"));
}

static void print_flags(struct printer *p, const struct component_type *type,
                        const struct component_value *value)
{
    const char *before = "";
    say(p, SW_LIT("{"));
    for (uint32_t i = 0; i < type->case_count; i++) {
        if (!(value->u64 >> i & 1))
            continue;
        say(p, sw_str_of(before));
        say(p, type->cases[i].name);
        before = ", ";
    }
    say(p, SW_LIT("}"));
}

static void print_variant(struct printer *p, const struct component_type *type,
                          const struct component_value *value)
{
    uint32_t index = value->variant.index;
    if (index >= type->case_count) {
        p->rc = p->rc ? p->rc : sw_fail(p->err, SW_EINPUT, "a case %u of %u", index, type->case_count);
        return;
    }
    struct sw_str name = type->cases[index].name;
    if (type->kind == COMPONENT_OPTION)
        name = index ? SW_LIT("some") : SW_LIT("none");
    else if (type->kind == COMPONENT_RESULT)
        name = index ? SW_LIT("err") : SW_LIT("ok");
    else if (component__wave_is_keyword(name))
        say(p, SW_LIT("%"));
    say(p, name);
    if (type->cases[index].type == COMPONENT_NO_TYPE)
        return;
    say(p, SW_LIT("("));
    print(p, type->cases[index].type, value->variant.payload);
    say(p, SW_LIT(")"));
}

static void print_primitive(struct printer *p, const struct component_type *type,
                            const struct component_value *value)
{
    if (type->kind == COMPONENT_BOOL)
        say(p, value->u64 ? SW_LIT("true") : SW_LIT("false"));
    else if (type->kind == COMPONENT_F32)
        print_float(p, (double)value->f32, true);
    else if (type->kind == COMPONENT_F64)
        print_float(p, value->f64, false);
    else if (type->kind == COMPONENT_CHAR)
        print_char(p, value->u64);
    else if (type->kind == COMPONENT_STRING)
        print_text(p, value->text, '"');
    else
        print_int(p, type, value);
}

static void print(struct printer *p, uint32_t number,
                  const struct component_value *value) /* as deep as types are */
{
    const struct component_type *type = component_type_of(p->types, number);
    if (p->rc < 0)
        return;
    if (type->kind < COMPONENT_ERROR_CONTEXT)
        print_primitive(p, type, value);
    else if (type->kind == COMPONENT_LIST || type->kind == COMPONENT_FIXED_LIST)
        print_list(p, type, value);
    else if (type->kind == COMPONENT_RECORD || type->kind == COMPONENT_TUPLE)
        print_fields(p, type, value);
    else if (type->kind == COMPONENT_FLAGS)
        print_flags(p, type, value);
    else if (type->kind <= COMPONENT_RESULT && type->kind != COMPONENT_ERROR_CONTEXT)
        print_variant(p, type, value);
    else
        p->rc = sw_fail(p->err, SW_EINPUT, "a handle cannot be written");
}

int component_wave_print(const struct component_types *types, uint32_t type,
                         const struct component_value *value, struct sw_buf *out, struct sw_err *err)
{
    size_t before = out->n;
    struct printer p = {.types = types, .out = out, .err = err};
    print(&p, type, value);
    if (p.rc < 0)
        out->n = before;
    return p.rc;
}
