/* value.h - component-level values outside any memory, for calling exports and for tests.  Room: component. */
#ifndef SW_COMPONENT_VALUE_H
#define SW_COMPONENT_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* The type says which member is meant (types.h): bool, integers and char in u64 (signed ones sign-extended), f32, f64, string in text;
 * list<u8>: its bytes in text; other lists, record, tuple: items; variant, option, result, enum: index and payload (NULL when the case
 * has none); flags: bits in u64 (at most 32 labels); own and borrow of a host resource: object; of a guest resource: u64 is the rep;
 * error-context: its message in text; stream and future: the readable end, object is a struct component_stream (stream.h). */
struct component_value {
    union {
        uint64_t u64;
        int64_t s64;
        float f32;
        double f64;
        struct sw_str text;
        struct {
            const struct component_value *items;
            uint64_t count;
        } list;
        struct {
            uint32_t index;
            const struct component_value *payload;
        } variant;
        void *object;
    };
};

#endif
