/* compile.h - the two kinds of process behind "swell up" that read components before they are served.  Room: trigger. */
#ifndef SW_TRIGGER_COMPILE_H
#define SW_TRIGGER_COMPILE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

struct trigger_check {
    const char *name; /* for messages */
    bool link;        /* its imports have to be the host's or a dependency's; else others link it */
    const char *const
        *dependencies; /* "NAME=EXPORT"; their binaries are behind NODE_CHECK_DEPENDENCIES_FD and on */
    uint32_t dependency_count;
};
/* Checks the component behind NODE_CHECK_COMPONENT_FD, writes its core modules one behind the other to NODE_CHECK_MODULES_FD and prints
 * "core <index> <bytes>" for each.
 * Fails with SW_EINPUT when it is no valid component or imports what neither this host nor a dependency has. */
int trigger_check_run(const struct trigger_check *check, struct sw_err *err) SW_MUST_CHECK;

/* Compiles the module that lies at offset in NODE_COMPILE_MODULES_FD: its code goes to NODE_COMPILE_CODE_FD, its image to
 * NODE_COMPILE_IMAGE_FD; both are on the disk when this returns 0. Nothing else of the file is read. */
int trigger_compile_run(uint64_t offset, size_t bytes, struct sw_err *err) SW_MUST_CHECK;

/* node_config.library: which engine this process has loaded. */
#define TRIGGER_LIBRARY_BYTES_MAX 129
void trigger_library(char ret[TRIGGER_LIBRARY_BYTES_MAX]);
/* Fails with SW_EIO when it is another one than the supervisor's: it was replaced while the supervisor ran. "" and NULL are the same. */
int trigger_library_check(const char *supervisors, struct sw_err *err) SW_MUST_CHECK;

/* node_config.artifact_key: what the supervisor and the workers call the product of a core module. */
void trigger_artifact_key(struct sw_str module, char ret_key[65]);

#endif
