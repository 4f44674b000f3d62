/* ours.h - a component on our own component layer and engine; the same face as oracle.h.  Room: component (its tests). */
#ifndef SW_DIFFERENTIAL_OURS_H
#define SW_DIFFERENTIAL_OURS_H

#include "component/component.h"
#include "differential/oracle.h"

struct ours;

struct ours *ours_new(void);
void ours_free(struct ours *ours);
/* interface: generated bindings to be the host, whose functions give their first argument back; NULL: the generic lifter and lowerer, and fn. */
void ours_open(struct ours *ours, const struct shape *shape, const struct sw_buf *wasm,
               const struct component_host_interface *interface, oracle_import_fn *fn, void *arg);
void ours_lifted(struct component_call *call); /* what the functions of such bindings begin with */
void ours_close(struct ours *ours);
void ours_begin(struct ours *ours);
void ours_end(struct ours *ours);
int ours_export(struct ours *ours, uint32_t number, const struct component_value *args,
                struct component_value *ret_result) SW_MUST_CHECK;
int ours_import(struct ours *ours, uint32_t number) SW_MUST_CHECK;
uint8_t *ours_memory(struct ours *ours); /* GUEST_END bytes */
const char *ours_why(const struct ours *ours);

#endif
