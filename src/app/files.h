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
bool app_files_any(const struct app *app); /* some component has files: a work_dir is needed */
/* Fills the components' mounts. Fails with SW_EINPUT at the manifest's place, SW_EIO, SW_ELIMIT; what was copied stays in work_dir. */
int app_files_prepare(struct app *app, const struct app_files_config *config,
                      struct sw_err *err) SW_MUST_CHECK;

#endif
