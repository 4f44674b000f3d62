/* oracle.h - a component on Wasmtime's own component layer, by its C API.  Room: component (its tests). */
#ifndef SW_DIFFERENTIAL_ORACLE_H
#define SW_DIFFERENTIAL_ORACLE_H

#include "component/value.h"
#include "differential/shape.h"

struct oracle;

/* What happens when an import is called: args are lifted; *ret_result is what it gives. */
typedef void oracle_import_fn(void *arg, uint32_t number, const struct component_value *args,
                              struct component_value *ret_result);

struct oracle *oracle_new(void);
void oracle_free(struct oracle *oracle);
/* Compiles shape_wat(shape); *ret_wasm is its binary form. Ends the program when it is refused. */
void oracle_open(struct oracle *oracle, const struct shape *shape, oracle_import_fn *fn, void *arg,
                 struct sw_buf *ret_wasm);
void oracle_close(struct oracle *oracle);
/* An instance of it; each of the rest returns 0, or -1 after a trap, whose words are then in oracle_why(). */
void oracle_begin(struct oracle *oracle);
void oracle_end(struct oracle *oracle);
int oracle_export(struct oracle *oracle, uint32_t number, const struct component_value *args,
                  struct sw_arena *arena, struct component_value *ret_result) SW_MUST_CHECK;
int oracle_import(struct oracle *oracle, uint32_t number) SW_MUST_CHECK; /* has the guest call it */
void oracle_peek(struct oracle *oracle, uint32_t at, uint32_t n, uint8_t *to);
void oracle_poke(struct oracle *oracle, uint32_t at, uint32_t n, const uint8_t *from);
const char *oracle_why(const struct oracle *oracle);

#endif
