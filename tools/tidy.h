/* tidy.h - told to clang-tidy before each file: what it cannot see across files.
 *
 * A three-way function fails with a negative number. The analyser sees a call of sw_fail without its body, takes 0 for possible, and follows
 * paths on which nothing failed and nothing was written. */
#ifndef SW_TOOLS_TIDY_H
#define SW_TOOLS_TIDY_H

#include "base/arena.h"
#include "base/error.h"
#include "component/host.h"
#include "engine/engine.h"

#define sw_fail_at(...) ((void)sw_fail_at(__VA_ARGS__), -1)
#define sw_fail_errno_at(...) ((void)sw_fail_errno_at(__VA_ARGS__), -1)
#define sw_wrap_at(...) ((void)sw_wrap_at(__VA_ARGS__), -1)

#define sw_arena_fail(...) ((void)sw_arena_fail(__VA_ARGS__), -1)

/* The same of single rooms. Where they are declared and defined, their names stand in parentheses, so that they are no macros there. */
#define app__fail(...) ((void)app__fail(__VA_ARGS__), -1)
#define app__fail_kind(...) ((void)app__fail_kind(__VA_ARGS__), -1)
#define component__bad(...) ((void)component__bad(__VA_ARGS__), -1)
#define component__link_bad(...) ((void)component__link_bad(__VA_ARGS__), -1)
#define component__v_bad(...) ((void)component__v_bad(__VA_ARGS__), -1)
#define component__wave_bad(...) ((void)component__wave_bad(__VA_ARGS__), -1)
#define component__wave_expected(...) ((void)component__wave_expected(__VA_ARGS__), -1)
#define core_fail(...) ((void)core_fail(__VA_ARGS__), -1)
#define wit__fail(...) ((void)wit__fail(__VA_ARGS__), -1)

/* Failures of guests: the same. Where they are defined, or declared in a header that is not above, their names stand in
 * parentheses, so that they are no macros there. */
#define component__fail(...) ((void)component__fail(__VA_ARGS__), -1)
#define component_trap(...) ((void)component_trap(__VA_ARGS__), -1)
#define engine_store_fail(...) ((void)engine_store_fail(__VA_ARGS__), -1)

#endif
