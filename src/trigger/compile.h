/* compile.h - a compile process: checks one component and puts its compiled core modules into the AOT cache.  Room: trigger. */
#ifndef SW_TRIGGER_COMPILE_H
#define SW_TRIGGER_COMPILE_H

#include "base/error.h"

struct trigger_compile {
    const char *wasm_path; /* for messages and reading */
    const char *cache_dir;
};
/* Prints "core <index> <key>" per core module to stdout, in order. What is cached already is not compiled again.
 * Fails with SW_EINPUT when the file is no valid component or imports what this host does not have. */
int trigger_compile_run(const struct trigger_compile *job, struct sw_err *err) SW_MUST_CHECK;

#endif
