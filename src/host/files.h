/* files.h - files and folders of the mounts a component was granted: what wasi:filesystem 0.2 and WASI 0.1 both stand on.  Room: host.
 *
 * Every path is resolved by the kernel beneath the folder it starts from (openat2, RESOLVE_BENEATH): `..`, symbolic links and renames while a
 * path is walked cannot leave it. What changes a folder resolves the parent so and then names one entry of it.
 *
 * Functions return 0 or an errno (> 0): each face has its own words for them. A folder beneath a mount that is not writable refuses what
 * would change anything with EROFS before the kernel is asked.
 * Everything runs on the loop's thread: mounts are local folders, and what a handler reads is in the page cache (docs/internals/files.md). */
#ifndef SW_HOST_FILES_H
#define SW_HOST_FILES_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/str.h"
#include "host/carrier.h"

struct host;

struct host_file { /* an open file or folder, shared by descriptors, streams and WASI 0.1 numbers */
    struct host *host;
    struct sw_link link; /* in host.files: what nobody closed is closed with the host */
    uint32_t refs;
    int fd;
    bool is_folder;
    bool
        is_path; /* opened for neither reading nor writing: good for stat and, a folder, as the start of paths */
    bool can_read;      /* a file's bytes, a folder's entries */
    bool can_write;     /* a file's bytes */
    bool is_changeable; /* the mount is writable: entries may be made, files opened for writing */
};

struct host_open { /* how host_file_open_at opens */
    bool follow;   /* a symbolic link at the end */
    bool create, exclusive, truncate, folder;
    bool read, write;
    bool sync, data_sync;
};

/* The folder of a mount, one reference. NULL: no memory, or HOST_FILES_MAX. The descriptor is duplicated. */
struct host_file *host_file_of_mount(struct host *host, int fd, bool is_writable) SW_MUST_CHECK;
struct host_file *host_file_ref(struct host_file *file);
void host_file_unref(struct host_file *file); /* NULL is fine */
void host_files_close(struct host *host);     /* all that are left; for host_free */

int host_file_open_at(struct host_file *dir, struct sw_str path, const struct host_open *how,
                      struct host_file **ret) SW_MUST_CHECK;
int host_file_stat(const struct host_file *file, struct stat *ret) SW_MUST_CHECK;
int host_file_stat_at(const struct host_file *dir, struct sw_str path, bool follow,
                      struct stat *ret) SW_MUST_CHECK;
int host_file_times(const struct host_file *file,
                    const struct timespec times[2]) SW_MUST_CHECK; /* UTIME_NOW, UTIME_OMIT */
int host_file_times_at(const struct host_file *dir, struct sw_str path, bool follow,
                       const struct timespec times[2]) SW_MUST_CHECK;
int host_file_size(const struct host_file *file, uint64_t size) SW_MUST_CHECK;
int host_file_allocate(const struct host_file *file, uint64_t offset, uint64_t size) SW_MUST_CHECK;
int host_file_sync(const struct host_file *file, bool data_only) SW_MUST_CHECK;
int host_file_advise(const struct host_file *file, uint64_t offset, uint64_t size, int advice) SW_MUST_CHECK;

int host_file_make_folder_at(const struct host_file *dir, struct sw_str path) SW_MUST_CHECK;
int host_file_remove_folder_at(const struct host_file *dir, struct sw_str path) SW_MUST_CHECK;
int host_file_unlink_at(const struct host_file *dir, struct sw_str path) SW_MUST_CHECK;
int host_file_rename_at(const struct host_file *from_dir, struct sw_str from, const struct host_file *to_dir,
                        struct sw_str to) SW_MUST_CHECK;
int host_file_link_at(const struct host_file *from_dir, struct sw_str from, bool follow,
                      const struct host_file *to_dir, struct sw_str to) SW_MUST_CHECK;
/* An absolute target is refused (EPERM): it would mean another place to the guest than to the host. */
int host_file_symlink_at(const struct host_file *dir, struct sw_str target, struct sw_str path) SW_MUST_CHECK;
/* At most cap bytes into ret; *ret_n: of them. An absolute target is refused (EPERM). */
int host_file_readlink_at(const struct host_file *dir, struct sw_str path, char *ret, size_t cap,
                          size_t *ret_n) SW_MUST_CHECK;

/* At most n bytes, as few as the kernel likes; 0 bytes: the end. */
int host_file_read(const struct host_file *file, char *to, size_t n, uint64_t offset,
                   size_t *ret_n) SW_MUST_CHECK;
/* append: to the end, whatever the offset. */
int host_file_write(const struct host_file *file, struct sw_str bytes, uint64_t offset, bool append,
                    size_t *ret_n) SW_MUST_CHECK;

/* For the host's own answers, without a guest: a regular file or a folder beneath the folder `dir`, for reading. An errno, as above. */
int host_files_open_beneath(int dir, struct sw_str path, int *ret_fd, struct stat *ret_stat) SW_MUST_CHECK;

/* ---- entries of a folder ---- */

struct host_file_entry {
    struct sw_str name; /* until the next call */
    uint64_t inode;
    uint64_t next; /* where the entry behind it is found */
    mode_t type;   /* S_IFREG, ... */
};
struct host_file_list {
    struct host_file *folder; /* its own, opened anew */
    uint64_t position;        /* of the next entry */
    size_t at, end;           /* of what was read ahead */
    uint64_t ahead;           /* position of the entry at `at` */
    bool has_ahead;
    alignas(8) char buffer[4096];
};
int host_file_list_open(struct host_file *folder, struct host_file_list **ret) SW_MUST_CHECK;
/* The entry at a position: 0 is the first, others come from `next`. Returns 0, an errno, or -1: there are no more. "." and ".." are among them. */
int host_file_list_at(struct host_file_list *list, uint64_t position,
                      struct host_file_entry *ret) SW_MUST_CHECK;
void host_file_list_close(struct host_file_list *list); /* NULL is fine */

/* ---- as carriers; NULL: no memory. Both hold a reference. ---- */

struct host_source *host_file_source(struct host_file *file, uint64_t offset) SW_MUST_CHECK;
struct host_sink *host_file_sink(struct host_file *file, uint64_t offset, bool append) SW_MUST_CHECK;

#endif
