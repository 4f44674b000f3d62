/* error_context.h - error contexts: debug messages behind handles.  Room: component (internal to it). */
#ifndef SW_COMPONENT_ERROR_CONTEXT_H
#define SW_COMPONENT_ERROR_CONTEXT_H

#include "component/run_internal.h"

struct component_error_context;

void component__error_contexts_clear(struct component_store *store); /* the store ends */
struct sw_str component__error_context_text(const struct component_error_context *context);
/* As a value between guests: the handle stays where it is; lowering makes another one. */
int component__error_context_lift(struct component_call *call, uint32_t handle,
                                  struct component_error_context **ret) SW_MUST_CHECK;
int component__error_context_lower(struct component_call *call, struct component_error_context *context,
                                   uint32_t *ret_handle) SW_MUST_CHECK;
/* A new one of the host. text: UTF-8. */
int component__error_context_make(struct component_call *call, struct sw_str text,
                                  uint32_t *ret_handle) SW_MUST_CHECK;

/* engine_host_fn */
int component__error_context_new_builtin(void *env, struct engine_store *engine_store,
                                         union engine_val *vals);
int component__error_context_message_builtin(void *env, struct engine_store *engine_store,
                                             union engine_val *vals);
int component__error_context_drop_builtin(void *env, struct engine_store *engine_store,
                                          union engine_val *vals);

#endif
