/* p1.h - what the files of WASI 0.1 ("wasi_snapshot_preview1") share: its numbers, its table of open files.  Room: host.
 *
 * Core modules that are no components import it. A function gets flat values, reads and writes the module's memory through the component
 * room's checked primitives, and gives an errno of WASI; a pointer outside the memory is a trap.
 * Source: WASI 0.1, witx "wasi_snapshot_preview1": types, layouts and rights. */
#ifndef SW_HOST_WASI01_P1_H
#define SW_HOST_WASI01_P1_H

#include <sys/stat.h>

#include "component/host.h"
#include "host/files.h"
#include "host/host_internal.h"
#include "host/limits.h"

/* errno; the ones that are used */
enum p1_errno {
    P1_SUCCESS = 0,
    P1_2BIG = 1,
    P1_ACCES = 2,
    P1_AGAIN = 6,
    P1_BADF = 8,
    P1_BUSY = 10,
    P1_DQUOT = 19,
    P1_EXIST = 20,
    P1_FBIG = 22,
    P1_ILSEQ = 25,
    P1_INTR = 27,
    P1_INVAL = 28,
    P1_IO = 29,
    P1_ISDIR = 31,
    P1_LOOP = 32,
    P1_MFILE = 33,
    P1_MLINK = 34,
    P1_NAMETOOLONG = 37,
    P1_NFILE = 41,
    P1_NODEV = 43,
    P1_NOENT = 44,
    P1_NOLCK = 46,
    P1_NOMEM = 48,
    P1_NOSPC = 51,
    P1_NOTDIR = 54,
    P1_NOTEMPTY = 55,
    P1_NOTSOCK = 57,
    P1_NOTSUP = 58,
    P1_NXIO = 60,
    P1_OVERFLOW = 61,
    P1_PERM = 63,
    P1_PIPE = 64,
    P1_ROFS = 69,
    P1_SPIPE = 70,
    P1_TXTBSY = 74,
    P1_XDEV = 75
};

enum p1_filetype {
    P1_TYPE_UNKNOWN = 0,
    P1_TYPE_BLOCK_DEVICE = 1,
    P1_TYPE_CHARACTER_DEVICE = 2,
    P1_TYPE_DIRECTORY = 3,
    P1_TYPE_REGULAR_FILE = 4,
    P1_TYPE_SOCKET_STREAM = 6,
    P1_TYPE_SYMBOLIC_LINK = 7
};

/* rights; those that decide something */
#define P1_RIGHT_FD_READ (UINT64_C(1) << 1)
#define P1_RIGHT_FD_SEEK (UINT64_C(1) << 2)
#define P1_RIGHT_FD_TELL (UINT64_C(1) << 5)
#define P1_RIGHT_FD_WRITE (UINT64_C(1) << 6)
#define P1_RIGHT_ALLOCATE (UINT64_C(1) << 8)
#define P1_RIGHT_READDIR (UINT64_C(1) << 14)
#define P1_RIGHT_SET_SIZE (UINT64_C(1) << 22)
#define P1_RIGHT_POLL (UINT64_C(1) << 27)
#define P1_RIGHTS_ALL ((UINT64_C(1) << 28) - 1)    /* without sockets */
#define P1_RIGHT_PATH_SET_SIZE (UINT64_C(1) << 19) /* no function needs it: nobody has it */
#define P1_RIGHTS_INHERITED (P1_RIGHTS_ALL & ~P1_RIGHT_PATH_SET_SIZE)
/* Who opens a folder with the rights of another must not ask for writing it. */
#define P1_RIGHTS_FOLDER                                                                                     \
    (P1_RIGHTS_INHERITED &                                                                                   \
     ~(P1_RIGHT_FD_SEEK | P1_RIGHT_FD_TELL | P1_RIGHT_FD_WRITE | P1_RIGHT_ALLOCATE | P1_RIGHT_SET_SIZE))

#define P1_FDFLAG_APPEND (1u << 0)
#define P1_FDFLAG_DSYNC (1u << 1)
#define P1_FDFLAG_NONBLOCK (1u << 2)
#define P1_FDFLAG_RSYNC (1u << 3)
#define P1_FDFLAG_SYNC (1u << 4)

enum p1_kind { P1_FREE, P1_STDIN, P1_STDOUT, P1_STDERR, P1_FILE };

struct p1_fd {
    enum p1_kind kind;
    struct host_file *file;      /* FILE */
    struct host_file_list *list; /* FILE: of a folder, once it was read */
    struct sw_str preopen;       /* FILE: the guest's name of a mount; n is 0 for others */
    uint64_t offset;
    uint16_t flags;
    uint64_t rights;
};

#define P1_FDS_MAX (HOST_FILES_MAX + 3)
struct host_p1 {
    struct p1_fd fds[P1_FDS_MAX];
};

/* The table of the host, made at first use with the mounts in it. NULL after recording a trap. */
struct host_p1 *p1_table(struct component_call *call) SW_MUST_CHECK;
/* 0 with an open number; else an errno of WASI, or < 0. */
int p1_fd_find(struct component_call *call, uint32_t number, struct p1_fd **ret) SW_MUST_CHECK;
int p1_file_find(struct component_call *call, uint32_t number,
                 struct p1_fd **ret) SW_MUST_CHECK; /* and kind FILE */
int p1_fd_new(struct component_call *call, struct host_file *file,
              uint32_t *ret) SW_MUST_CHECK; /* takes the reference over */

uint32_t p1_errno_of(int number); /* of an errno of the system */
uint8_t p1_filetype_of(mode_t mode);
/* The filestat record, 64 bytes at ptr. */
int p1_filestat_put(struct component_call *call, uint32_t ptr, const struct stat *st) SW_MUST_CHECK;
int p1_times(uint64_t access_ns, uint64_t modification_ns, uint32_t flags,
             struct timespec ret[2]) SW_MUST_CHECK; /* an errno of WASI */
int p1_path(struct component_call *call, uint32_t ptr, uint32_t len, struct sw_str *ret) SW_MUST_CHECK;

/* What a function ends with: rc < 0 is a trap, else the errno in the first value. */
static inline int p1_give(union engine_val *vals, int rc)
{
    if (rc < 0)
        return rc;
    vals[0].u64 = (uint32_t)rc;
    return 0;
}

/* p1_fd.c */
int p1_fd_advise(struct component_call *call, union engine_val *vals);
int p1_fd_allocate(struct component_call *call, union engine_val *vals);
int p1_fd_close(struct component_call *call, union engine_val *vals);
int p1_fd_datasync(struct component_call *call, union engine_val *vals);
int p1_fd_fdstat_get(struct component_call *call, union engine_val *vals);
int p1_fd_fdstat_set_flags(struct component_call *call, union engine_val *vals);
int p1_fd_fdstat_set_rights(struct component_call *call, union engine_val *vals);
int p1_fd_filestat_get(struct component_call *call, union engine_val *vals);
int p1_fd_filestat_set_size(struct component_call *call, union engine_val *vals);
int p1_fd_filestat_set_times(struct component_call *call, union engine_val *vals);
int p1_fd_prestat_dir_name(struct component_call *call, union engine_val *vals);
int p1_fd_prestat_get(struct component_call *call, union engine_val *vals);
int p1_fd_readdir(struct component_call *call, union engine_val *vals);
int p1_fd_renumber(struct component_call *call, union engine_val *vals);
int p1_fd_seek(struct component_call *call, union engine_val *vals);
int p1_fd_sync(struct component_call *call, union engine_val *vals);
int p1_fd_tell(struct component_call *call, union engine_val *vals);

/* p1_bytes.c */
int p1_fd_pread(struct component_call *call, union engine_val *vals);
int p1_fd_pwrite(struct component_call *call, union engine_val *vals);
int p1_fd_read_wait(struct component_call *call, union engine_val *vals);
int p1_fd_write_wait(struct component_call *call, union engine_val *vals);

/* p1_path.c */
int p1_path_create_directory(struct component_call *call, union engine_val *vals);
int p1_path_filestat_get(struct component_call *call, union engine_val *vals);
int p1_path_filestat_set_times(struct component_call *call, union engine_val *vals);
int p1_path_link(struct component_call *call, union engine_val *vals);
int p1_path_open(struct component_call *call, union engine_val *vals);
int p1_path_readlink(struct component_call *call, union engine_val *vals);
int p1_path_remove_directory(struct component_call *call, union engine_val *vals);
int p1_path_rename(struct component_call *call, union engine_val *vals);
int p1_path_symlink(struct component_call *call, union engine_val *vals);
int p1_path_unlink_file(struct component_call *call, union engine_val *vals);

/* p1_poll.c */
int p1_poll_oneoff_wait(struct component_call *call, union engine_val *vals);

/* p1_module.c: the table of all of them, for interfaces.c; and as an interface, for modules that are made into components (adapt.c) */
#define HOST_P1_MODULE "wasi_snapshot_preview1"
#define HOST_P1_INTERFACE "swell:wasi01/preview1"
extern const struct component_host_module host_p1_module;
extern const struct component_host_interface host_p1_interface;
#define HOST_P1_ANYTIME_COUNT 43
extern component_host_fn *const host_p1_anytime[HOST_P1_ANYTIME_COUNT]; /* component_host.anytime */

#endif
