/* wave.h - WAVE: component-level values as text.  Room: component.
 *
 *   true  -12  1.5e3  nan  'x'  "a\tb"  [1, 2]  (1, "a")  {a: 1, b: 2}  {read, write}  days(30)  some(1)  none  ok(1)  err
 *
 * Read against a type, so that what is left out can be: `some(`, `ok(`, and a record's fields that are options. Positions are
 * "line:column", columns in Unicode scalar values. Source: wasm-wave's README and wave_ebnf.md. */
#ifndef SW_COMPONENT_WAVE_H
#define SW_COMPONENT_WAVE_H

#include "component/types.h"
#include "component/value.h"

/* Reads the value that `text` is, with white space and comments around it. *ret and all below it are in arena, nothing of it in text.
 * Fails with SW_EINPUT ("1:5: expected a u8 (0 to 255), got '300'"), SW_ELIMIT, SW_ENOMEM. Handles cannot be written. */
int component_wave_parse(const struct component_types *types, uint32_t type, struct sw_str text,
                         struct sw_arena *arena, struct component_value *ret,
                         struct sw_err *err) SW_MUST_CHECK;
/* Reads "(a, b)", the arguments of `func`, which stand in text from byte `start` to its end: positions count from the start of text.
 * Options at the end can be left out. *ret: func->param_count values. */
struct component_wave_args {
    const struct component_types *types;
    const struct component_func_type *func;
    struct sw_str text;
    size_t start;
    bool
        handles; /* "#3" stands for a handle that the caller knows by this number, which is then the value's u64 */
};
int component_wave_parse_args(const struct component_wave_args *in, struct sw_arena *arena,
                              struct component_value **ret, struct sw_err *err) SW_MUST_CHECK;
/* Appends a value on one line; component_wave_parse gives it back (a NaN loses its bits). Fails with SW_EINPUT (it has a handle, or
 * is not a value of the type: an index out of range), SW_ELIMIT, SW_ENOMEM; `out` is then as it was. */
int component_wave_print(const struct component_types *types, uint32_t type,
                         const struct component_value *value, struct sw_buf *out,
                         struct sw_err *err) SW_MUST_CHECK;

#endif
