/* tidy.h - told to clang-tidy before each file: what it cannot see across files.
 *
 * A three-way function fails with a negative number. The analyser sees a call of sw_fail without its body, takes 0 for possible, and follows
 * paths on which nothing failed and nothing was written. */
#ifndef SW_TOOLS_TIDY_H
#define SW_TOOLS_TIDY_H

#include "base/error.h"

#define sw_fail_at(...) ((void)sw_fail_at(__VA_ARGS__), -1)
#define sw_fail_errno_at(...) ((void)sw_fail_errno_at(__VA_ARGS__), -1)
#define sw_wrap_at(...) ((void)sw_wrap_at(__VA_ARGS__), -1)

#endif
