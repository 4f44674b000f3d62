/* download.h - components given by URL and digest, kept where Spin keeps them.  Room: app.
 *
 * source: spin.md 1.8 */
#ifndef SW_APP_DOWNLOAD_H
#define SW_APP_DOWNLOAD_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct app_download {
    const char *cache_root;    /* the file is "<cache_root>/spin/registry/wasm/sha256:<hex>" */
    struct sw_str url;         /* http or https */
    struct sw_str digest;      /* "sha256:<64 hex digits>" */
    const char *authorization; /* "Bearer ..."; sent to the URL's own host only. NULL: none */
    /* Once a second, beginning with the first; at last with done. May be NULL. */
    void (*progress)(void *arg, struct sw_str url, uint64_t bytes, bool done);
    void *progress_arg;
};

/* Puts the file's path into ret_path, with a NUL behind it that counts. What the cache has is taken when its digest is right, else it is
 * fetched anew: under a temporary name, synced, renamed, so that a file of that name is always whole.
 * fails: SW_EINPUT (another digest, HTTP status), SW_EDENIED (a redirect), SW_EIO, SW_ETIMEOUT, SW_ELIMIT (its size) */
int app_download(const struct app_download *what, struct sw_buf *ret_path, struct sw_err *err) SW_MUST_CHECK;

#endif
