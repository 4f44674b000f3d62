/* p1_fd.c - WASI 0.1: the table of numbers, and what can be asked of one.  Room: host.
 *
 * 0, 1 and 2 are the command's streams, the mounts follow. Offsets are kept here, so that files need no state in the kernel. */
#include <errno.h>
#include <fcntl.h>

#include "engine/engine.h"
#include "host/wasi01/p1.h"

/* ---- words ---- */

uint32_t p1_errno_of(int number)
{
    static const struct {
        int number;
        enum p1_errno code;
    } rows[] = {
        {0, P1_SUCCESS},      {EACCES, P1_ACCES}, {EAGAIN, P1_AGAIN},       {EBADF, P1_BADF},
        {EBUSY, P1_BUSY},     {EDQUOT, P1_DQUOT}, {EEXIST, P1_EXIST},       {EFBIG, P1_FBIG},
        {EILSEQ, P1_ILSEQ},   {EINTR, P1_INTR},   {EINVAL, P1_INVAL},       {EISDIR, P1_ISDIR},
        {ELOOP, P1_LOOP},     {EMFILE, P1_MFILE}, {EMLINK, P1_MLINK},       {ENAMETOOLONG, P1_NAMETOOLONG},
        {ENFILE, P1_NFILE},   {ENODEV, P1_NODEV}, {ENOENT, P1_NOENT},       {ENOLCK, P1_NOLCK},
        {ENOMEM, P1_NOMEM},   {ENOSPC, P1_NOSPC}, {ENOTDIR, P1_NOTDIR},     {ENOTEMPTY, P1_NOTEMPTY},
        {ENOTSUP, P1_NOTSUP}, {ENXIO, P1_NXIO},   {EOVERFLOW, P1_OVERFLOW}, {EPERM, P1_PERM},
        {EPIPE, P1_PIPE},     {EROFS, P1_ROFS},   {ESPIPE, P1_SPIPE},       {ETXTBSY, P1_TXTBSY},
        {EXDEV, P1_XDEV},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].number == number)
            return rows[i].code;
    return P1_IO;
}

uint8_t p1_filetype_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return P1_TYPE_REGULAR_FILE;
    case S_IFDIR:
        return P1_TYPE_DIRECTORY;
    case S_IFLNK:
        return P1_TYPE_SYMBOLIC_LINK;
    case S_IFBLK:
        return P1_TYPE_BLOCK_DEVICE;
    case S_IFCHR:
        return P1_TYPE_CHARACTER_DEVICE;
    case S_IFSOCK:
        return P1_TYPE_SOCKET_STREAM;
    default:
        return P1_TYPE_UNKNOWN;
    }
}

static uint64_t ns_of(struct timespec time)
{
    return time.tv_sec < 0 || time.tv_sec > INT64_MAX / 1000000000
               ? 0
               : (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int p1_filestat_put(struct component_call *call, uint32_t ptr, const struct stat *st)
{
    uint8_t *to;
    int rc = component_mem_range(call, ptr, 64, 8, &to);
    if (rc < 0)
        return rc;
    memset(to, 0, 64);
    component_store_u64(to, st->st_dev);
    component_store_u64(to + 8, st->st_ino);
    to[16] = p1_filetype_of(st->st_mode);
    component_store_u64(to + 24, st->st_nlink);
    component_store_u64(to + 32, (uint64_t)st->st_size);
    component_store_u64(to + 40, ns_of(st->st_atim));
    component_store_u64(to + 48, ns_of(st->st_mtim));
    component_store_u64(to + 56, ns_of(st->st_ctim));
    return P1_SUCCESS;
}

/* fstflags: atim 1, atim_now 2, mtim 4, mtim_now 8 */
static int time_of(uint64_t ns, uint32_t flags, struct timespec *ret)
{
    if ((flags & 3) == 3)
        return P1_INVAL;
    *ret = (struct timespec){.tv_nsec = flags & 2 ? UTIME_NOW : UTIME_OMIT};
    if (flags & 1)
        *ret = (struct timespec){(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    return P1_SUCCESS;
}

int p1_times(uint64_t access_ns, uint64_t modification_ns, uint32_t flags, struct timespec ret[2])
{
    if (flags > 15)
        return P1_INVAL;
    int rc = time_of(access_ns, flags & 3, &ret[0]);
    return rc ? rc : time_of(modification_ns, flags >> 2, &ret[1]);
}

/* ---- the table ---- */

static int add_mounts(struct component_call *call, struct host_p1 *table)
{
    const struct host_grants *grants = host_grants_of(call);
    for (uint32_t i = 0; i < grants->preopen_count && i + 3 < P1_FDS_MAX; i++) {
        const struct host_preopen *preopen = &grants->preopens[i];
        struct host_file *file = host_file_of_mount(host_of(call), preopen->fd, preopen->is_writable);
        if (!file)
            return host_trap(call, "no descriptor is left for the mount '" SW_FMT "'",
                             SW_ARG(preopen->guest));
        table->fds[i + 3] = (struct p1_fd){
            .kind = P1_FILE, .file = file, .preopen = preopen->guest, .rights = P1_RIGHTS_FOLDER};
    }
    return 0;
}

struct host_p1 *p1_table(struct component_call *call)
{
    struct host *host = host_of(call);
    if (host->p1)
        return host->p1;
    struct host_p1 *table = HOST_NEW(call, struct host_p1);
    if (!table)
        return NULL;
    table->fds[0] = (struct p1_fd){.kind = P1_STDIN, .rights = P1_RIGHT_FD_READ | P1_RIGHT_POLL};
    table->fds[1] = (struct p1_fd){.kind = P1_STDOUT, .rights = P1_RIGHT_FD_WRITE | P1_RIGHT_POLL};
    table->fds[2] = (struct p1_fd){.kind = P1_STDERR, .rights = P1_RIGHT_FD_WRITE | P1_RIGHT_POLL};
    if (add_mounts(call, table) < 0)
        return NULL;
    host->p1 = table;
    return table;
}

int p1_fd_find(struct component_call *call, uint32_t number, struct p1_fd **ret)
{
    struct host_p1 *table = p1_table(call);
    if (!table)
        return -SW_EGUEST;
    if (number >= P1_FDS_MAX || table->fds[number].kind == P1_FREE)
        return P1_BADF;
    *ret = &table->fds[number];
    return 0;
}

int p1_file_find(struct component_call *call, uint32_t number, struct p1_fd **ret)
{
    int rc = p1_fd_find(call, number, ret);
    return rc ? rc : (*ret)->kind == P1_FILE ? 0 : P1_BADF;
}

int p1_fd_new(struct component_call *call, struct host_file *file, uint32_t *ret)
{
    struct host_p1 *table = p1_table(call);
    if (!table)
        return -SW_EGUEST;
    for (uint32_t i = 3; i < P1_FDS_MAX; i++) {
        if (table->fds[i].kind != P1_FREE)
            continue;
        table->fds[i] = (struct p1_fd){.kind = P1_FILE, .file = file};
        *ret = i;
        return 0;
    }
    host_file_unref(file);
    return P1_MFILE;
}

static void fd_release(struct p1_fd *fd)
{
    host_file_list_close(fd->list);
    host_file_unref(fd->file);
    *fd = (struct p1_fd){.kind = P1_FREE};
}

int p1_fd_close(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    int rc = p1_fd_find(call, vals[0].u32, &fd);
    if (rc == 0)
        fd_release(fd);
    return p1_give(vals, rc);
}

int p1_fd_renumber(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *from, *to;
    int rc = p1_fd_find(call, vals[0].u32, &from);
    if (rc == 0)
        rc = p1_fd_find(call, vals[1].u32, &to);
    if (rc == 0 && from != to) {
        fd_release(to);
        *to = *from;
        *from = (struct p1_fd){.kind = P1_FREE};
    }
    return p1_give(vals, rc);
}

/* ---- about one number ---- */

static uint8_t filetype(struct component_call *call, const struct p1_fd *fd)
{
    const struct host_command *command = &host_of(call)->command;
    bool is_terminal = (fd->kind == P1_STDIN && command->in_is_terminal) ||
                       (fd->kind == P1_STDOUT && command->out_is_terminal) ||
                       (fd->kind == P1_STDERR && command->err_is_terminal);
    struct stat st;
    if (fd->kind != P1_FILE || host_file_stat(fd->file, &st)) /* a character device is taken for a terminal */
        return is_terminal ? P1_TYPE_CHARACTER_DEVICE : P1_TYPE_UNKNOWN;
    return p1_filetype_of(st.st_mode);
}

int p1_fd_fdstat_get(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    uint8_t *to;
    int rc = p1_fd_find(call, vals[0].u32, &fd);
    if (rc == 0)
        rc = component_mem_range(call, vals[1].u32, 24, 8, &to);
    if (rc)
        return p1_give(vals, rc);
    memset(to, 0, 24);
    to[0] = filetype(call, fd);
    component_store_u16(to + 2, fd->flags);
    component_store_u64(to + 8, fd->rights);
    component_store_u64(to + 16, to[0] == P1_TYPE_DIRECTORY ? P1_RIGHTS_INHERITED : 0);
    return p1_give(vals, P1_SUCCESS);
}

int p1_fd_fdstat_set_flags(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    uint32_t flags = vals[1].u32;
    int rc = p1_fd_find(call, vals[0].u32, &fd);
    if (rc == 0 && flags & ~(P1_FDFLAG_APPEND | P1_FDFLAG_NONBLOCK))
        rc = flags > 31 ? P1_INVAL : P1_NOTSUP; /* how writes are synced is settled when a file is opened */
    if (rc == 0)
        fd->flags = (uint16_t)flags;
    return p1_give(vals, rc);
}

int p1_fd_fdstat_set_rights(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    int rc = p1_fd_find(call, vals[0].u32, &fd);
    return p1_give(vals, rc ? rc : P1_NOTSUP); /* rights decide nothing after opening (WASI dropped them) */
}

int p1_fd_filestat_get(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    struct stat st = {.st_nlink = 1};
    int rc = p1_fd_find(call, vals[0].u32, &fd);
    if (rc == 0 && fd->kind == P1_FILE)
        rc = (int)p1_errno_of(host_file_stat(fd->file, &st));
    return p1_give(vals, rc ? rc : p1_filestat_put(call, vals[1].u32, &st));
}

int p1_fd_filestat_set_size(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    int rc = p1_file_find(call, vals[0].u32, &fd);
    return p1_give(vals, rc ? rc : (int)p1_errno_of(host_file_size(fd->file, vals[1].u64)));
}

int p1_fd_filestat_set_times(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    struct timespec times[2];
    int rc = p1_file_find(call, vals[0].u32, &fd);
    if (rc == 0)
        rc = p1_times(vals[1].u64, vals[2].u64, vals[3].u32, times);
    return p1_give(vals, rc ? rc : (int)p1_errno_of(host_file_times(fd->file, times)));
}

int p1_fd_advise(struct component_call *call, union engine_val *vals)
{
    static const int words[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
    struct p1_fd *fd;
    uint32_t advice = vals[3].u32;
    int rc = p1_file_find(call, vals[0].u32, &fd);
    if (rc == 0 && advice >= sizeof words / sizeof *words)
        rc = P1_INVAL;
    return p1_give(
        vals,
        rc ? rc : (int)p1_errno_of(host_file_advise(fd->file, vals[1].u64, vals[2].u64, words[advice])));
}

int p1_fd_allocate(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    int rc = p1_file_find(call, vals[0].u32, &fd);
    return p1_give(vals, rc ? rc : (int)p1_errno_of(host_file_allocate(fd->file, vals[1].u64, vals[2].u64)));
}

static int sync_any(struct component_call *call, union engine_val *vals, bool data_only)
{
    struct p1_fd *fd;
    int rc = p1_fd_find(call, vals[0].u32, &fd);
    if (rc == 0 && fd->kind == P1_FILE)
        rc = (int)p1_errno_of(host_file_sync(fd->file, data_only));
    return p1_give(vals, rc);
}

int p1_fd_sync(struct component_call *call, union engine_val *vals)
{
    return sync_any(call, vals, false);
}

int p1_fd_datasync(struct component_call *call, union engine_val *vals)
{
    return sync_any(call, vals, true);
}

/* ---- mounts ---- */

static int preopen_find(struct component_call *call, uint32_t number, struct p1_fd **ret)
{
    int rc = p1_fd_find(call, number, ret);
    return rc ? rc : (*ret)->kind == P1_FILE && (*ret)->preopen.n ? 0 : P1_BADF;
}

int p1_fd_prestat_get(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    uint8_t *to;
    int rc = preopen_find(call, vals[0].u32, &fd);
    if (rc == 0)
        rc = component_mem_range(call, vals[1].u32, 8, 4, &to);
    if (rc == 0) {
        component_store_u32(to, 0); /* a directory */
        component_store_u32(to + 4, (uint32_t)fd->preopen.n);
    }
    return p1_give(vals, rc);
}

int p1_fd_prestat_dir_name(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    uint8_t *to;
    int rc = preopen_find(call, vals[0].u32, &fd);
    if (rc == 0 && vals[2].u32 < fd->preopen.n)
        rc = P1_NAMETOOLONG;
    if (rc == 0)
        rc = component_mem_range(call, vals[1].u32, fd->preopen.n, 1, &to);
    if (rc == 0)
        memcpy(to, fd->preopen.p, fd->preopen.n);
    return p1_give(vals, rc);
}

/* ---- offsets ---- */

int p1_fd_tell(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    uint8_t *to;
    int rc = p1_fd_find(call, vals[0].u32, &fd);
    if (rc == 0 && fd->kind != P1_FILE)
        rc = P1_SPIPE;
    if (rc == 0 && fd->file->is_folder)
        rc = P1_BADF;
    if (rc == 0)
        rc = component_mem_range(call, vals[1].u32, 8, 8, &to);
    if (rc == 0)
        component_store_u64(to, fd->offset);
    return p1_give(vals, rc);
}

static int seek_base(const struct p1_fd *fd, uint32_t whence, uint64_t *ret)
{
    struct stat st;
    *ret = whence == 1 ? fd->offset : 0;
    if (whence < 2)
        return P1_SUCCESS;
    if (whence > 2)
        return P1_INVAL;
    int rc = host_file_stat(fd->file, &st);
    *ret = rc ? 0 : (uint64_t)st.st_size;
    return (int)p1_errno_of(rc);
}

int p1_fd_seek(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    uint8_t *to;
    uint64_t base = 0;
    int64_t by = (int64_t)vals[1].u64;
    int rc = p1_fd_find(call, vals[0].u32, &fd);
    if (rc == 0 && fd->kind != P1_FILE)
        rc = P1_SPIPE;
    if (rc == 0 && fd->file->is_folder)
        rc = P1_BADF;
    if (rc == 0)
        rc = seek_base(fd, vals[2].u32, &base);
    if (rc == 0 && (by < 0 ? (uint64_t) - (by + 1) >= base : (uint64_t)by > INT64_MAX - base))
        rc = P1_INVAL;
    if (rc == 0)
        rc = component_mem_range(call, vals[3].u32, 8, 8, &to);
    if (rc)
        return p1_give(vals, rc);
    fd->offset = base + (uint64_t)by;
    component_store_u64(to, fd->offset);
    return p1_give(vals, P1_SUCCESS);
}

/* ---- entries ---- */

/* One entry, cut where the buffer ends: the guest asks again with a larger one. Returns the bytes written. */
static uint32_t put_entry(uint8_t *to, uint32_t room, const struct host_file_entry *entry)
{
    uint8_t head[24] = {0};
    component_store_u64(head, entry->next);
    component_store_u64(head + 8, entry->inode);
    component_store_u32(head + 16, (uint32_t)entry->name.n);
    head[20] = p1_filetype_of(entry->type);
    uint32_t n = room < sizeof head ? room : (uint32_t)sizeof head;
    memcpy(to, head, n);
    uint32_t name = room - n < entry->name.n ? room - n : (uint32_t)entry->name.n;
    memcpy(to + n, entry->name.p, name);
    return n + name;
}

static int fill_entries(struct p1_fd *fd, uint64_t at, uint8_t *to, uint32_t room, uint32_t *ret_used)
{
    struct host_file_entry entry;
    int rc = 0;
    while (*ret_used < room && (rc = host_file_list_at(fd->list, at, &entry)) == 0) {
        if (!sw_utf8_valid(entry.name))
            return P1_ILSEQ;
        *ret_used += put_entry(to + *ret_used, room - *ret_used, &entry);
        at = entry.next;
    }
    return rc < 0 ? P1_SUCCESS : (int)p1_errno_of(rc);
}

int p1_fd_readdir(struct component_call *call, union engine_val *vals)
{
    struct p1_fd *fd;
    uint8_t *buffer, *to_used;
    uint32_t used = 0, room = vals[2].u32;
    int rc = p1_file_find(call, vals[0].u32, &fd);
    if (rc == 0 && !fd->list)
        rc = (int)p1_errno_of(host_file_list_open(fd->file, &fd->list));
    if (rc == 0)
        rc = component_mem_range(call, vals[1].u32, room, 1, &buffer);
    if (rc == 0)
        rc = component_mem_range(call, vals[4].u32, 4, 4, &to_used);
    if (rc == 0)
        rc = fill_entries(fd, vals[3].u64, buffer, room, &used);
    if (rc == 0)
        component_store_u32(to_used, used);
    return p1_give(vals, rc);
}
