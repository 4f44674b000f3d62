/* copy_model.h - a call between guests as the specification has it, for comparing with the runtime's. */
#ifndef SW_TESTS_COPY_MODEL_H
#define SW_TESTS_COPY_MODEL_H

#include "component/run_internal.h"

/* In the place of component__lowered_guest_wait, without entering, post-return and the depth of calls. */
int copy_model_call(struct component_store *store, const struct component_bound_lowering *lowering,
                    union engine_val *vals) SW_MUST_CHECK;

#endif
