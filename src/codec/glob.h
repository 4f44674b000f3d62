/* glob.h - patterns of paths.  Room: codec.
 *
 * `?` and `*` stand for one and for any number of bytes, `[...]` for one of several ([!...]: none of them; ranges). They do not match '/'
 * unless crosses says so. A segment that is `**` stands for any number of folders, none included. Names that begin with '.' are names like any
 * other. Source: spin.md 1.9. */
#ifndef SW_CODEC_GLOB_H
#define SW_CODEC_GLOB_H

#include <stdbool.h>

#include "base/str.h"

bool codec_glob_is_pattern(struct sw_str text); /* it has one of the special bytes */
/* crosses: `*` and `?` match '/', too. Time grows with the product of both lengths at most. */
bool codec_glob_match(struct sw_str pattern, struct sw_str path, bool crosses);
/* The folders in front of the first segment with a special byte: "a/b" of "a/b/c*". */
struct sw_str codec_glob_base(struct sw_str pattern);

#endif
