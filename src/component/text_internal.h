/* text_internal.h - the three encodings of strings: validation and transcoding.  Room: component (internal to it).
 *
 * Pure functions over bytes. Reading never goes past the end and writing never past `cap`, even when the bytes are not valid (they
 * were validated before; but they may be a guest's memory). Source: CanonicalABI.md "Loading", "Storing". */
#ifndef SW_COMPONENT_TEXT_INTERNAL_H
#define SW_COMPONENT_TEXT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "component/plan.h"

#define COMPONENT_TEXT_UTF16_TAG 0x80000000u /* in a length of latin1+utf16: the units are UTF-16 */

enum component_text_encoding { COMPONENT_TEXT_UTF8, COMPONENT_TEXT_UTF16, COMPONENT_TEXT_LATIN1 };

struct component_text {
    const uint8_t *p;
    uint32_t units; /* code units: of 2 bytes for UTF-16, else of 1 */
    enum component_text_encoding encoding;
    bool tagged; /* its owner's option is latin1+utf16 */
};

/* The encoding and unit count that a length says under an option. p is left NULL. */
struct component_text component_text_of(enum component_encoding option, uint32_t tagged_units);
static inline uint64_t component_text_bytes(const struct component_text *text)
{
    return text->encoding == COMPONENT_TEXT_UTF16 ? 2 * (uint64_t)text->units : text->units;
}
bool component_text_valid(
    const struct component_text *text); /* UTF-8, or UTF-16 without unpaired surrogates; Latin-1 always is */

/* The rest of `text` from byte offset `from` in another encoding. Returns the bytes written; stops before a code point that does not
 * fit `cap`. A caller gives 3 bytes of UTF-8 per UTF-16 unit, 2 per Latin-1 unit, 2 bytes of UTF-16 per unit of the others. */
size_t component_text_to_utf8(const struct component_text *text, size_t from, uint8_t *out, size_t cap);
size_t component_text_to_utf16(const struct component_text *text, size_t from, uint8_t *out, size_t cap);
/* Copies code points up to U+007F or U+00FF as one byte each, up to the first one above or the end. Returns how many;
 * *ret_from: byte offset of the rest. */
size_t component_text_ascii(const struct component_text *text, uint8_t *out, size_t cap, size_t *ret_from);
size_t component_text_latin1(const struct component_text *text, uint8_t *out, size_t cap, size_t *ret_from);

#endif
