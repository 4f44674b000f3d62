/* sample.h - random values of a type, and any value as text.  Room: component (its tests). */
#ifndef SW_DIFFERENTIAL_SAMPLE_H
#define SW_DIFFERENTIAL_SAMPLE_H

#include "component/value.h"
#include "differential/shape.h"

/* Its memory is in `arena`. Edges more often than chance has them; NaNs are the canonical one, since which one passes is not specified. */
void sample_make(struct random *random, const struct component_types *types, uint32_t type,
                 struct sw_arena *arena, struct component_value *ret);
/* Equal text is equal value; floats as bits, each NaN as "nan". */
void sample_print(const struct component_types *types, uint32_t type, const struct component_value *value,
                  struct sw_buf *out);

#endif
