/* lower_text.c - storing strings in a guest's memory, whatever their encoding was.  Room: component.
 *
 * Which realloc calls are made, with which arguments, is visible to the guest: each function here is the one of the same purpose in
 * CanonicalABI.md "Storing" (store_string_into_range and what it calls). */
#include "component/run_internal.h"

static int alloc(struct component_call *call, uint64_t size, uint32_t align, uint32_t *ret_ptr)
{
    return component_lower_alloc(call, size, align, ret_ptr);
}

static int resize(struct component_call *call, uint32_t *ptr, uint64_t old_size, uint32_t align,
                  uint64_t new_size)
{
    return component__realloc(call, (const uint32_t[2]){*ptr, (uint32_t)old_size}, new_size, align, ptr);
}

/* Same units on both sides. */
static int copy(struct component_call *call, const struct component_text *text, uint32_t align,
                uint32_t *ret_ptr)
{
    uint64_t bytes = component_text_bytes(text);
    int rc = alloc(call, bytes, align, ret_ptr);
    if (rc == 0 && bytes)
        memmove(call->mem + *ret_ptr, text->p, bytes);
    return rc;
}

static int to_utf8(struct component_call *call, const struct component_text *text, uint32_t *ret_ptr,
                   uint32_t *ret_units)
{
    uint64_t units = text->units, worst = units * (text->encoding == COMPONENT_TEXT_UTF16 ? 3 : 2);
    uint32_t ptr;
    int rc = alloc(call, units, 1, &ptr);
    if (rc < 0)
        return rc;
    size_t from;
    size_t done = component_text_ascii(text, call->mem + ptr, units, &from);
    if (from < component_text_bytes(text)) {
        rc = resize(call, &ptr, units, 1, worst);
        if (rc < 0)
            return rc;
        done += component_text_to_utf8(text, from, call->mem + ptr + done, worst - done);
        if (done < worst) {
            rc = resize(call, &ptr, worst, 1, done);
            if (rc < 0)
                return rc;
        }
    }
    *ret_ptr = ptr;
    *ret_units = (uint32_t)done;
    return 0;
}

static int latin1_to_utf16(struct component_call *call, const struct component_text *text, uint32_t *ret_ptr)
{
    uint64_t bytes = 2 * (uint64_t)text->units;
    int rc = alloc(call, bytes, 2, ret_ptr);
    if (rc == 0)
        (void)component_text_to_utf16(text, 0, call->mem + *ret_ptr, bytes); /* always all of it */
    return rc;
}

static int utf8_to_utf16(struct component_call *call, const struct component_text *text, uint32_t *ret_ptr,
                         uint32_t *ret_units)
{
    uint64_t worst = 2 * (uint64_t)text->units;
    uint32_t ptr;
    int rc = alloc(call, worst, 2, &ptr);
    if (rc < 0)
        return rc;
    size_t done = component_text_to_utf16(text, 0, call->mem + ptr, worst);
    if (done < worst) {
        rc = resize(call, &ptr, worst, 2, done);
        if (rc < 0)
            return rc;
    }
    *ret_ptr = ptr;
    *ret_units = (uint32_t)(done / 2);
    return 0;
}

/* The string turned out not to be Latin-1 after `done` code points, which are at ptr already. */
static int widen(struct component_call *call, const struct component_text *text, size_t from, size_t done,
                 uint32_t *ptr, uint32_t *ret_units)
{
    uint64_t worst = 2 * (uint64_t)text->units;
    int rc = resize(call, ptr, text->units, 2, worst);
    if (rc < 0)
        return rc;
    uint8_t *out = call->mem + *ptr;
    for (size_t i = done; i-- > 0;)
        component_store_u16(out + 2 * i, out[i]);
    size_t bytes = 2 * done + component_text_to_utf16(text, from, out + 2 * done, worst - 2 * done);
    if (bytes < worst) {
        rc = resize(call, ptr, worst, 2, bytes);
        if (rc < 0)
            return rc;
    }
    *ret_units = (uint32_t)(bytes / 2) | COMPONENT_TEXT_UTF16_TAG;
    return 0;
}

static int to_latin1_or_utf16(struct component_call *call, const struct component_text *text,
                              uint32_t *ret_ptr, uint32_t *ret_units)
{
    uint32_t ptr;
    int rc = alloc(call, text->units, 2, &ptr);
    if (rc < 0)
        return rc;
    size_t from;
    size_t done = component_text_latin1(text, call->mem + ptr, text->units, &from);
    *ret_units = (uint32_t)done;
    if (from < component_text_bytes(text))
        rc = widen(call, text, from, done, &ptr, ret_units);
    else if (done < text->units)
        rc = resize(call, &ptr, text->units, 2, done);
    *ret_ptr = ptr;
    return rc;
}

/* UTF-16 of a latin1+utf16 source: probably really needs it. */
static int probably_utf16(struct component_call *call, const struct component_text *text, uint32_t *ret_ptr,
                          uint32_t *ret_units)
{
    uint32_t ptr;
    int rc = copy(call, text, 2, &ptr);
    if (rc < 0)
        return rc;
    uint8_t *out = call->mem + ptr;
    *ret_ptr = ptr;
    for (uint32_t i = 0; i < text->units; i++) {
        if (component_load_u16(out + 2 * (size_t)i) >= 0x100) {
            *ret_units = text->units | COMPONENT_TEXT_UTF16_TAG;
            return 0;
        }
    }
    for (uint32_t i = 0; i < text->units; i++)
        out[i] = out[2 * (size_t)i];
    *ret_units = text->units;
    return resize(call, ret_ptr, component_text_bytes(text), 1, text->units);
}

int component__lower_text(struct component_call *call, const struct component_text *text, uint32_t *ret_ptr,
                          uint32_t *ret_units)
{
    *ret_units = text->units;
    switch (call->lowering->options.encoding) {
    case COMPONENT_UTF8:
        return text->encoding == COMPONENT_TEXT_UTF8 ? copy(call, text, 1, ret_ptr)
                                                     : to_utf8(call, text, ret_ptr, ret_units);
    case COMPONENT_UTF16:
        if (text->encoding == COMPONENT_TEXT_UTF16)
            return copy(call, text, 2, ret_ptr);
        return text->encoding == COMPONENT_TEXT_LATIN1 ? latin1_to_utf16(call, text, ret_ptr)
                                                       : utf8_to_utf16(call, text, ret_ptr, ret_units);
    case COMPONENT_LATIN1_UTF16:
        break;
    }
    if (!text->tagged)
        return to_latin1_or_utf16(call, text, ret_ptr, ret_units);
    return text->encoding == COMPONENT_TEXT_LATIN1 ? copy(call, text, 2, ret_ptr)
                                                   : probably_utf16(call, text, ret_ptr, ret_units);
}
