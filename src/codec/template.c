/* template.c - taking a template apart.  Room: codec. */
#include "codec/template.h"

/* Index of `pair` twice in a row, or SW_NPOS. */
static size_t find_pair(struct sw_str text, char c)
{
    for (size_t i = 0; i + 1 < text.n; i++)
        if (text.p[i] == c && text.p[i + 1] == c)
            return i;
    return SW_NPOS;
}

int codec_template_next(struct sw_str *rest, struct codec_template_part *ret, struct sw_err *err)
{
    if (rest->n == 0)
        return SW_END;
    size_t open = find_pair(*rest, '{');
    if (open != 0) {
        *ret = (struct codec_template_part){sw_str_head(*rest, open), false};
        *rest = open == SW_NPOS ? sw_str("", 0) : sw_str_from(*rest, open);
        return 0;
    }
    struct sw_str inside = sw_str_from(*rest, 2);
    size_t close = find_pair(inside, '}');
    if (close == SW_NPOS)
        return sw_fail(err, SW_EINPUT, "expected '}}' behind '{{', got the end of the text");
    *ret = (struct codec_template_part){sw_str_trim(sw_str_head(inside, close), SW_LIT(" \t\n\v\f\r")), true};
    *rest = sw_str_from(inside, close + 2);
    return 0;
}
