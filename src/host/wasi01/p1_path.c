/* p1_path.c - WASI 0.1: functions on paths beneath a folder.  Room: host. */
#include <errno.h>

#include "engine/engine.h"
#include "host/wasi01/p1.h"

#define LOOKUP_FOLLOW 1u
#define OFLAG_CREAT 1u
#define OFLAG_DIRECTORY 2u
#define OFLAG_EXCL 4u
#define OFLAG_TRUNC 8u

int p1_path(struct component_call *call, uint32_t ptr, uint32_t len, struct sw_str *ret)
{
    uint8_t *p;
    int rc = component_mem_range(call, ptr, len, 1, &p);
    if (rc < 0)
        return rc;
    *ret = sw_str((const char *)p, len);
    return sw_utf8_valid(*ret) ? P1_SUCCESS : P1_ILSEQ;
}

/* A folder's number and a path. */
static int place(struct component_call *call, const union engine_val *dir, const union engine_val *path,
                 struct p1_fd **ret_dir, struct sw_str *ret_path)
{
    int rc = p1_file_find(call, dir->u32, ret_dir);
    if (rc == 0 && !(*ret_dir)->file->is_folder)
        rc = P1_NOTDIR;
    return rc ? rc : p1_path(call, path[0].u32, path[1].u32, ret_path);
}

int p1_path_create_directory(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *dir;
    struct sw_str path;
    int rc = place(call, &vals[0], &vals[1], &dir, &path);
    return p1_give(vals, rc ? rc : (int)p1_errno_of(host_file_make_folder_at(dir->file, path)));
}

int p1_path_remove_directory(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *dir;
    struct sw_str path;
    int rc = place(call, &vals[0], &vals[1], &dir, &path);
    return p1_give(vals, rc ? rc : (int)p1_errno_of(host_file_remove_folder_at(dir->file, path)));
}

int p1_path_unlink_file(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *dir;
    struct sw_str path;
    int rc = place(call, &vals[0], &vals[1], &dir, &path);
    return p1_give(vals, rc ? rc : (int)p1_errno_of(host_file_unlink_at(dir->file, path)));
}

int p1_path_filestat_get(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *dir;
    struct sw_str path;
    struct stat st;
    int rc = place(call, &vals[0], &vals[2], &dir, &path);
    if (rc == 0)
        rc = (int)p1_errno_of(host_file_stat_at(dir->file, path, vals[1].u32 & LOOKUP_FOLLOW, &st));
    return p1_give(vals, rc ? rc : p1_filestat_put(call, vals[4].u32, &st));
}

int p1_path_filestat_set_times(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *dir;
    struct sw_str path;
    struct timespec times[2];
    int rc = place(call, &vals[0], &vals[2], &dir, &path);
    if (rc == 0)
        rc = p1_times(vals[4].u64, vals[5].u64, vals[6].u32, times);
    if (rc == 0)
        rc = (int)p1_errno_of(host_file_times_at(dir->file, path, vals[1].u32 & LOOKUP_FOLLOW, times));
    return p1_give(vals, rc);
}

int p1_path_link(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *from_dir, *to_dir;
    struct sw_str from, to;
    int rc = place(call, &vals[0], &vals[2], &from_dir, &from);
    if (rc == 0)
        rc = place(call, &vals[4], &vals[5], &to_dir, &to);
    if (rc == 0)
        rc = (int)p1_errno_of(
            host_file_link_at(from_dir->file, from, vals[1].u32 & LOOKUP_FOLLOW, to_dir->file, to));
    return p1_give(vals, rc);
}

int p1_path_rename(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *from_dir, *to_dir;
    struct sw_str from, to;
    int rc = place(call, &vals[0], &vals[1], &from_dir, &from);
    if (rc == 0)
        rc = place(call, &vals[3], &vals[4], &to_dir, &to);
    return p1_give(vals,
                   rc ? rc : (int)p1_errno_of(host_file_rename_at(from_dir->file, from, to_dir->file, to)));
}

int p1_path_symlink(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *dir;
    struct sw_str target, path;
    int rc = p1_path(call, vals[0].u32, vals[1].u32, &target);
    if (rc == 0)
        rc = place(call, &vals[2], &vals[3], &dir, &path);
    return p1_give(vals, rc ? rc : (int)p1_errno_of(host_file_symlink_at(dir->file, target, path)));
}

int p1_path_readlink(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *dir;
    struct sw_str path;
    uint8_t *to, *to_used;
    char text[HOST_PATH_BYTES_MAX];
    size_t n = 0;
    int rc = place(call, &vals[0], &vals[1], &dir, &path);
    if (rc == 0)
        rc = component_mem_range(call, vals[3].u32, vals[4].u32, 1, &to);
    if (rc == 0)
        rc = component_mem_range(call, vals[5].u32, 4, 4, &to_used);
    if (rc == 0)
        rc = (int)p1_errno_of(host_file_readlink_at(dir->file, path, text, sizeof text, &n));
    if (rc)
        return p1_give(vals, rc);
    if (n > vals[4].u32) /* what does not fit is cut, as readlink does */
        n = vals[4].u32;
    memcpy(to, text, n);
    component_store_u32(to_used, (uint32_t)n);
    return p1_give(vals, P1_SUCCESS);
}

/* vals: dir, lookup flags, path (2), open flags, rights, inheriting rights, fd flags, where the number goes */
static struct host_open how_of(const union engine_val *vals)
{
    uint32_t oflags = vals[4].u32, flags = vals[7].u32;
    uint64_t rights = vals[5].u64;
    return (struct host_open){
        .follow = vals[1].u32 & LOOKUP_FOLLOW,
        .create = oflags & OFLAG_CREAT,
        .folder = oflags & OFLAG_DIRECTORY,
        .exclusive = oflags & OFLAG_EXCL,
        .truncate = oflags & OFLAG_TRUNC,
        .read = rights & (P1_RIGHT_FD_READ | P1_RIGHT_READDIR),
        /* Only this one: who opens to read asks for the right to set a size, too (Go's O_RDONLY does). */
        .write = rights & P1_RIGHT_FD_WRITE, /* of a folder: EISDIR */
        .sync = flags & (P1_FDFLAG_SYNC | P1_FDFLAG_RSYNC),
        .data_sync = flags & P1_FDFLAG_DSYNC,
    };
}

int p1_path_open(struct component_call *call, union engine_val *vals)
{
    const struct host_open how = how_of(vals);
    struct host_file *file = NULL;
    struct p1_fd *dir;
    struct sw_str path;
    uint8_t *to;
    uint32_t number;
    int rc = place(call, &vals[0], &vals[2], &dir, &path);
    if (rc == 0 && (vals[4].u32 > 15 || vals[7].u32 > 31))
        rc = P1_INVAL;
    if (rc == 0 && how.folder && (how.create || how.truncate))
        rc = P1_INVAL;
    if (rc == 0)
        rc = component_mem_range(call, vals[8].u32, 4, 4, &to);
    if (rc == 0)
        rc = (int)p1_errno_of(host_file_open_at(dir->file, path, &how, &file));
    if (rc == 0)
        rc = p1_fd_new(call, file, &number);
    if (rc)
        return p1_give(vals, rc);
    struct p1_fd *fd = &host_of(call)->p1->fds[number];
    fd->flags = (uint16_t)vals[7].u32;
    fd->rights = vals[5].u64 & (file->is_folder ? P1_RIGHTS_FOLDER : P1_RIGHTS_INHERITED);
    component_store_u32(to, number);
    return p1_give(vals, P1_SUCCESS);
}
