/* object.h - memory for the objects behind a guest's handles: one store's, small, reused at once.  Room: host.
 *
 * A guest may make and drop handles for ever, so an arena will not do; and a request must not call malloc for each of them. Blocks are cut into
 * pieces of four sizes with a free list each; larger pieces come from sw_try_alloc and are linked. Under the address sanitizer, pieces
 * that are not in use are poisoned. */
#ifndef SW_HOST_OBJECT_H
#define SW_HOST_OBJECT_H

#include <stddef.h>

#include "base/error.h"
#include "base/list.h"

#define HOST_OBJECT_CLASSES 4 /* 64, 128, 256, 512 bytes */

struct host_object_block;

struct host_objects {
    void *spare[HOST_OBJECT_CLASSES]; /* free pieces, linked through their first word */
    struct host_object_block *block;  /* the newest; the oldest is kept by host_objects_reset */
    size_t used;                      /* bytes cut from it */
    size_t bytes;                     /* of all blocks and large pieces */
    size_t live;                      /* pieces handed out, for tests */
    struct sw_link large;
};

void host_objects_init(struct host_objects *objects);
/* Zeroed. NULL past HOST_OBJECT_BYTES_MAX or without memory. Freed with the same n, or by host_objects_reset. */
void *host_object_new(struct host_objects *objects, size_t n) SW_MUST_CHECK;
void host_object_free(struct host_objects *objects, void *object, size_t n); /* NULL is fine */
void host_objects_reset(struct host_objects *objects); /* all pieces are gone; keeps the first block */
void host_objects_deinit(struct host_objects *objects);

#endif
