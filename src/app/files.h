/* files.h - from a component's `files` to folders that a worker can mount.  Room: app.
 *
 * Without direct mounts everything that is named is copied into one folder per component, made for this run: guests never see the working
 * copy, and a writable mount changes only the copy. Source: spin.md 1.9, 12. */
#ifndef SW_APP_FILES_H
#define SW_APP_FILES_H

#include <stdbool.h>

#include "app/app.h"

struct app_files_config {
    struct sw_str
        work_dir;  /* absolute; "assets/<component>" is made in it. Not needed when no component has files */
    bool direct;   /* --direct-mounts: the folders themselves */
    bool writable; /* --allow-transient-write */
};
/* Fills the components' mounts. Copies are made in a new folder below $TMPDIR, or /tmp, that app_free removes.
 * Fails with SW_EINPUT at the manifest's place, SW_EIO, SW_ELIMIT. */
int app_files_prepare(struct app *app, const struct app_files_config *config,
                      struct sw_err *err) SW_MUST_CHECK;
void app__files_remove(struct app *app); /* the folder of the copies; for app_free */

#endif
