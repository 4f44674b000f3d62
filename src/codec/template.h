/* template.h - text with variables in it: "https://{{ host }}/api".  Room: codec.
 *
 * The whole language: "{{ name }}", white space inside the braces does not count, there is no escape.
 * source: spin.md 1.12 */
#ifndef SW_CODEC_TEMPLATE_H
#define SW_CODEC_TEMPLATE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

struct codec_template_part {
    struct sw_str text; /* as written, or the variable's name; a view of the template */
    bool is_name;
};

/* Takes the next part off *rest, which begins as the whole template. Returns 0, or SW_END when nothing is left.
 * fails: SW_EINPUT when "{{" has no "}}" behind it; names are the caller's to check */
int codec_template_next(struct sw_str *rest, struct codec_template_part *ret,
                        struct sw_err *err) SW_MUST_CHECK;

#endif
