/* compile_internal.h - what the files that have components compiled share.  Room: node (private). */
#ifndef SW_NODE_COMPILE_INTERNAL_H
#define SW_NODE_COMPILE_INTERNAL_H

#include "node/node_internal.h"

struct node__modules { /* the core modules of a component, one behind the other in a memory file */
    int fd;
    const char *map; /* NULL: none, or not read yet */
    size_t total;
    struct node__module {
        uint32_t offset;
        uint32_t bytes;
    } * parts;
    uint32_t count;
};
/* A memory file of that size that cannot grow or shrink. */
int node__output_file(size_t bytes, int *ret_fd, struct sw_err *err) SW_MUST_CHECK;
/* When the check has ended: modules->fd has the modules, out_fd the lines that tell their sizes. */
int node__modules_read(int out_fd, struct node__modules *modules, struct sw_err *err) SW_MUST_CHECK;
struct sw_str node__module_bytes(const struct node__modules *modules, uint32_t index);
void node__modules_deinit(struct node__modules *modules); /* twice is fine */

#define NODE__NO_MODULE UINT32_MAX
struct node__compile_end {
    const struct app_component *component;
    uint32_t module; /* which one it compiled; NODE__NO_MODULE: it checked the component */
    int err_fd;
    int exit_status;
    int term_signal;
};
/* Says in *err why a compiler ended as it should not; below 0. */
int node__compile_failure(const struct node__compile_end *end, struct sw_err *err) SW_MUST_CHECK;

#endif
