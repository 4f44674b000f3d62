/* filesystem.c - wasi:filesystem@0.2: descriptors over host/files.h.  Room: host.
 *
 * Preopens are the mounts of the component that asks. What a mount does not allow is refused there: a descriptor says by its flags
 * what it can do, and its folder's mount whether anything may change. */
#include "host/wasi/filesystem.h"

#include <errno.h>
#include <fcntl.h>

#include "engine/engine.h"
#include "host/bindings/filesystem_preopens.h"
#include "host/files.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/io.h"

struct host_filesystem_types_descriptor {
    struct host_file *file;
    uint32_t flags; /* as it was opened */
};
struct host_filesystem_types_directory_entry_stream {
    struct host_file_list *list;
    uint64_t position;
};

#define READ HOST_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ
#define WRITE HOST_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_WRITE
#define MUTATE HOST_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_MUTATE_DIRECTORY

/* ---- words ---- */

enum host_filesystem_types_error_code host_filesystem_error(int number)
{
    static const struct {
        int number;
        enum host_filesystem_types_error_code code;
    } rows[] = {
        {EACCES, HOST_FILESYSTEM_TYPES_ERROR_CODE_ACCESS},
        {EAGAIN, HOST_FILESYSTEM_TYPES_ERROR_CODE_WOULD_BLOCK},
        {EALREADY, HOST_FILESYSTEM_TYPES_ERROR_CODE_ALREADY},
        {EBADF, HOST_FILESYSTEM_TYPES_ERROR_CODE_BAD_DESCRIPTOR},
        {EBUSY, HOST_FILESYSTEM_TYPES_ERROR_CODE_BUSY},
        {EDEADLK, HOST_FILESYSTEM_TYPES_ERROR_CODE_DEADLOCK},
        {EDQUOT, HOST_FILESYSTEM_TYPES_ERROR_CODE_QUOTA},
        {EEXIST, HOST_FILESYSTEM_TYPES_ERROR_CODE_EXIST},
        {EFBIG, HOST_FILESYSTEM_TYPES_ERROR_CODE_FILE_TOO_LARGE},
        {EILSEQ, HOST_FILESYSTEM_TYPES_ERROR_CODE_ILLEGAL_BYTE_SEQUENCE},
        {EINPROGRESS, HOST_FILESYSTEM_TYPES_ERROR_CODE_IN_PROGRESS},
        {EINTR, HOST_FILESYSTEM_TYPES_ERROR_CODE_INTERRUPTED},
        {EINVAL, HOST_FILESYSTEM_TYPES_ERROR_CODE_INVALID},
        {EISDIR, HOST_FILESYSTEM_TYPES_ERROR_CODE_IS_DIRECTORY},
        {ELOOP, HOST_FILESYSTEM_TYPES_ERROR_CODE_LOOP},
        {EMLINK, HOST_FILESYSTEM_TYPES_ERROR_CODE_TOO_MANY_LINKS},
        {ENAMETOOLONG, HOST_FILESYSTEM_TYPES_ERROR_CODE_NAME_TOO_LONG},
        {ENODEV, HOST_FILESYSTEM_TYPES_ERROR_CODE_NO_DEVICE},
        {ENOENT, HOST_FILESYSTEM_TYPES_ERROR_CODE_NO_ENTRY},
        {ENOLCK, HOST_FILESYSTEM_TYPES_ERROR_CODE_NO_LOCK},
        {ENOMEM, HOST_FILESYSTEM_TYPES_ERROR_CODE_INSUFFICIENT_MEMORY},
        {EMFILE, HOST_FILESYSTEM_TYPES_ERROR_CODE_INSUFFICIENT_MEMORY},
        {ENFILE, HOST_FILESYSTEM_TYPES_ERROR_CODE_INSUFFICIENT_MEMORY},
        {ENOSPC, HOST_FILESYSTEM_TYPES_ERROR_CODE_INSUFFICIENT_SPACE},
        {ENOTDIR, HOST_FILESYSTEM_TYPES_ERROR_CODE_NOT_DIRECTORY},
        {ENOTEMPTY, HOST_FILESYSTEM_TYPES_ERROR_CODE_NOT_EMPTY},
        {ENOTSUP, HOST_FILESYSTEM_TYPES_ERROR_CODE_UNSUPPORTED},
        {ENXIO, HOST_FILESYSTEM_TYPES_ERROR_CODE_NO_SUCH_DEVICE},
        {EOVERFLOW, HOST_FILESYSTEM_TYPES_ERROR_CODE_OVERFLOW},
        {EPERM, HOST_FILESYSTEM_TYPES_ERROR_CODE_NOT_PERMITTED},
        {EROFS, HOST_FILESYSTEM_TYPES_ERROR_CODE_READ_ONLY},
        {ESPIPE, HOST_FILESYSTEM_TYPES_ERROR_CODE_INVALID_SEEK},
        {ETXTBSY, HOST_FILESYSTEM_TYPES_ERROR_CODE_TEXT_FILE_BUSY},
        {EXDEV, HOST_FILESYSTEM_TYPES_ERROR_CODE_CROSS_DEVICE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].number == number)
            return rows[i].code;
    return HOST_FILESYSTEM_TYPES_ERROR_CODE_IO;
}

/* What a function gives for an errno: 0, or the WIT error. */
static int outcome(int number, enum host_filesystem_types_error_code *ret_error)
{
    if (number == 0)
        return 0;
    *ret_error = host_filesystem_error(number);
    return HOST_WIT_ERROR;
}

enum host_filesystem_types_descriptor_type host_filesystem_type(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_REGULAR_FILE;
    case S_IFDIR:
        return HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_DIRECTORY;
    case S_IFLNK:
        return HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_SYMBOLIC_LINK;
    case S_IFBLK:
        return HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_BLOCK_DEVICE;
    case S_IFCHR:
        return HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_CHARACTER_DEVICE;
    case S_IFIFO:
        return HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_FIFO;
    case S_IFSOCK:
        return HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_SOCKET;
    default:
        return HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_UNKNOWN;
    }
}

static struct host_option_clocks_wall_clock_datetime datetime(struct timespec time)
{
    struct host_option_clocks_wall_clock_datetime ret = {.has = time.tv_sec >=
                                                                0}; /* before 1970 there is no word for it */
    if (ret.has)
        ret.value = (struct host_clocks_wall_clock_datetime){(uint64_t)time.tv_sec, (uint32_t)time.tv_nsec};
    return ret;
}

static void stat_of(const struct stat *st, struct host_filesystem_types_descriptor_stat *ret)
{
    *ret =
        (struct host_filesystem_types_descriptor_stat){.type = host_filesystem_type(st->st_mode),
                                                       .link_count = st->st_nlink,
                                                       .size = (uint64_t)st->st_size,
                                                       .data_access_timestamp = datetime(st->st_atim),
                                                       .data_modification_timestamp = datetime(st->st_mtim),
                                                       .status_change_timestamp = datetime(st->st_ctim)};
}

/* Two independent mixes of what makes a file the same one: guests compare them, and need not learn the numbers themselves. */
static void hash_of(const struct stat *st, struct host_filesystem_types_metadata_hash_value *ret)
{
    uint64_t words[3] = {st->st_dev, st->st_ino, 0};
    ret->lower = sw_str_hash(sw_str((const char *)words, sizeof words));
    words[2] = 1;
    ret->upper = sw_str_hash(sw_str((const char *)words, sizeof words));
}

static int time_of(const struct host_filesystem_types_new_timestamp *from, struct timespec *ret)
{
    *ret = (struct timespec){.tv_nsec = UTIME_OMIT};
    if (from->tag == HOST_FILESYSTEM_TYPES_NEW_TIMESTAMP_NOW)
        ret->tv_nsec = UTIME_NOW;
    if (from->tag != HOST_FILESYSTEM_TYPES_NEW_TIMESTAMP_TIMESTAMP)
        return 0;
    if (from->timestamp.seconds > INT64_MAX || from->timestamp.nanoseconds > 999999999)
        return EINVAL;
    *ret = (struct timespec){(time_t)from->timestamp.seconds, (long)from->timestamp.nanoseconds};
    return 0;
}

static bool follows(uint32_t path_flags)
{
    return path_flags & HOST_FILESYSTEM_TYPES_PATH_FLAGS_SYMLINK_FOLLOW;
}

/* ---- descriptors ---- */

/* Takes over the reference. NULL after recording a trap. */
static struct host_filesystem_types_descriptor *descriptor_new(struct component_call *call,
                                                               struct host_file *file, uint32_t flags)
{
    struct host_filesystem_types_descriptor *self = HOST_NEW(call, struct host_filesystem_types_descriptor);
    if (!self) {
        host_file_unref(file);
        return NULL;
    }
    self->file = file;
    self->flags = flags;
    return self;
}

void host_filesystem_types_descriptor_drop(void *owner, void *object)
{
    struct host_filesystem_types_descriptor *self = object;
    host_file_unref(self->file);
    HOST_FREE((struct host *)owner, self);
}

int host_filesystem_preopens_get_directories(struct component_call *call,
                                             struct host_list_tuple_filesystem_types_descriptor_str *ret)
{
    const struct host_grants *grants = host_grants_of(call);
    struct host_tuple_filesystem_types_descriptor_str *items =
        host_scratch(call, grants->preopen_count, sizeof *items);
    if (!items)
        return -SW_EGUEST;
    for (uint32_t i = 0; i < grants->preopen_count; i++) {
        const struct host_preopen *preopen = &grants->preopens[i];
        struct host_file *file = host_file_of_mount(host_of(call), preopen->fd, preopen->is_writable);
        items[i].f1 = preopen->guest;
        items[i].f0 = file ? descriptor_new(call, file, READ | (preopen->is_writable ? MUTATE : 0)) : NULL;
        if (!items[i].f0)
            return file ? -SW_EGUEST
                        : host_trap(call, "too many files are open at once to give out the mounts");
    }
    *ret = (struct host_list_tuple_filesystem_types_descriptor_str){items, grants->preopen_count};
    return 0;
}

int host_filesystem_types_descriptor_open_at(struct component_call *call,
                                             struct host_filesystem_types_descriptor *self,
                                             uint32_t path_flags, struct sw_str path, uint32_t open_flags,
                                             uint32_t flags, struct host_filesystem_types_descriptor **ret,
                                             enum host_filesystem_types_error_code *ret_error)
{
    const struct host_open how = {
        .follow = follows(path_flags),
        .create = open_flags & HOST_FILESYSTEM_TYPES_OPEN_FLAGS_CREATE,
        .exclusive = open_flags & HOST_FILESYSTEM_TYPES_OPEN_FLAGS_EXCLUSIVE,
        .truncate = open_flags & HOST_FILESYSTEM_TYPES_OPEN_FLAGS_TRUNCATE,
        .folder = open_flags & HOST_FILESYSTEM_TYPES_OPEN_FLAGS_DIRECTORY,
        .read = flags & READ,
        .write = flags & WRITE,
        .sync = flags & HOST_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_FILE_INTEGRITY_SYNC,
        .data_sync = flags & HOST_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_DATA_INTEGRITY_SYNC,
    };
    struct host_file *file;
    if (how.folder && (how.create || how.exclusive || how.truncate)) /* as POSIX has no such call */
        return outcome(EINVAL, ret_error);
    if ((flags & MUTATE) && !self->file->is_changeable)
        return outcome(EROFS, ret_error);
    int rc = host_file_open_at(self->file, path, &how, &file);
    if (rc)
        return outcome(rc, ret_error);
    *ret = descriptor_new(call, file, flags);
    return *ret ? 0 : -SW_EGUEST;
}

int host_filesystem_types_descriptor_get_flags(struct component_call *call,
                                               struct host_filesystem_types_descriptor *self, uint32_t *ret,
                                               enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)ret_error;
    *ret = self->flags;
    return 0;
}

int host_filesystem_types_descriptor_get_type(struct component_call *call,
                                              struct host_filesystem_types_descriptor *self,
                                              enum host_filesystem_types_descriptor_type *ret,
                                              enum host_filesystem_types_error_code *ret_error)
{
    struct stat st;
    (void)call;
    int rc = host_file_stat(self->file, &st);
    if (rc == 0)
        *ret = host_filesystem_type(st.st_mode);
    return outcome(rc, ret_error);
}

int host_filesystem_types_descriptor_stat(struct component_call *call,
                                          struct host_filesystem_types_descriptor *self,
                                          struct host_filesystem_types_descriptor_stat *ret,
                                          enum host_filesystem_types_error_code *ret_error)
{
    struct stat st;
    (void)call;
    int rc = host_file_stat(self->file, &st);
    if (rc == 0)
        stat_of(&st, ret);
    return outcome(rc, ret_error);
}

int host_filesystem_types_descriptor_stat_at(struct component_call *call,
                                             struct host_filesystem_types_descriptor *self,
                                             uint32_t path_flags, struct sw_str path,
                                             struct host_filesystem_types_descriptor_stat *ret,
                                             enum host_filesystem_types_error_code *ret_error)
{
    struct stat st;
    (void)call;
    int rc = host_file_stat_at(self->file, path, follows(path_flags), &st);
    if (rc == 0)
        stat_of(&st, ret);
    return outcome(rc, ret_error);
}

int host_filesystem_types_descriptor_is_same_object(struct component_call *call,
                                                    struct host_filesystem_types_descriptor *self,
                                                    struct host_filesystem_types_descriptor *other, bool *ret)
{
    struct stat a, b;
    (void)call;
    *ret = host_file_stat(self->file, &a) == 0 && host_file_stat(other->file, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    return 0;
}

int host_filesystem_types_descriptor_metadata_hash(struct component_call *call,
                                                   struct host_filesystem_types_descriptor *self,
                                                   struct host_filesystem_types_metadata_hash_value *ret,
                                                   enum host_filesystem_types_error_code *ret_error)
{
    struct stat st;
    (void)call;
    int rc = host_file_stat(self->file, &st);
    if (rc == 0)
        hash_of(&st, ret);
    return outcome(rc, ret_error);
}

int host_filesystem_types_descriptor_metadata_hash_at(struct component_call *call,
                                                      struct host_filesystem_types_descriptor *self,
                                                      uint32_t path_flags, struct sw_str path,
                                                      struct host_filesystem_types_metadata_hash_value *ret,
                                                      enum host_filesystem_types_error_code *ret_error)
{
    struct stat st;
    (void)call;
    int rc = host_file_stat_at(self->file, path, follows(path_flags), &st);
    if (rc == 0)
        hash_of(&st, ret);
    return outcome(rc, ret_error);
}

/* ---- changing what a descriptor or a path stands for ---- */

int host_filesystem_types_descriptor_set_size(struct component_call *call,
                                              struct host_filesystem_types_descriptor *self, uint64_t size,
                                              enum host_filesystem_types_error_code *ret_error)
{
    (void)call;
    return outcome(host_file_size(self->file, size), ret_error);
}

static int times_of(const struct host_filesystem_types_new_timestamp *access,
                    const struct host_filesystem_types_new_timestamp *modification, struct timespec ret[2])
{
    int rc = time_of(access, &ret[0]);
    return rc ? rc : time_of(modification, &ret[1]);
}

int host_filesystem_types_descriptor_set_times(
    struct component_call *call, struct host_filesystem_types_descriptor *self,
    struct host_filesystem_types_new_timestamp data_access_timestamp,
    struct host_filesystem_types_new_timestamp data_modification_timestamp,
    enum host_filesystem_types_error_code *ret_error)
{
    struct timespec times[2];
    (void)call;
    int rc = times_of(&data_access_timestamp, &data_modification_timestamp, times);
    return outcome(rc ? rc : host_file_times(self->file, times), ret_error);
}

int host_filesystem_types_descriptor_set_times_at(
    struct component_call *call, struct host_filesystem_types_descriptor *self, uint32_t path_flags,
    struct sw_str path, struct host_filesystem_types_new_timestamp data_access_timestamp,
    struct host_filesystem_types_new_timestamp data_modification_timestamp,
    enum host_filesystem_types_error_code *ret_error)
{
    struct timespec times[2];
    (void)call;
    int rc = times_of(&data_access_timestamp, &data_modification_timestamp, times);
    return outcome(rc ? rc : host_file_times_at(self->file, path, follows(path_flags), times), ret_error);
}

int host_filesystem_types_descriptor_sync(struct component_call *call,
                                          struct host_filesystem_types_descriptor *self,
                                          enum host_filesystem_types_error_code *ret_error)
{
    (void)call;
    return outcome(host_file_sync(self->file, false), ret_error);
}

int host_filesystem_types_descriptor_sync_data(struct component_call *call,
                                               struct host_filesystem_types_descriptor *self,
                                               enum host_filesystem_types_error_code *ret_error)
{
    (void)call;
    return outcome(host_file_sync(self->file, true), ret_error);
}

int host_filesystem_types_descriptor_advise(struct component_call *call,
                                            struct host_filesystem_types_descriptor *self, uint64_t offset,
                                            uint64_t length, enum host_filesystem_types_advice advice,
                                            enum host_filesystem_types_error_code *ret_error)
{
    static const int words[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
    (void)call;
    return outcome(host_file_advise(self->file, offset, length, words[advice]), ret_error);
}

int host_filesystem_types_descriptor_create_directory_at(struct component_call *call,
                                                         struct host_filesystem_types_descriptor *self,
                                                         struct sw_str path,
                                                         enum host_filesystem_types_error_code *ret_error)
{
    (void)call;
    return outcome(host_file_make_folder_at(self->file, path), ret_error);
}

int host_filesystem_types_descriptor_remove_directory_at(struct component_call *call,
                                                         struct host_filesystem_types_descriptor *self,
                                                         struct sw_str path,
                                                         enum host_filesystem_types_error_code *ret_error)
{
    (void)call;
    return outcome(host_file_remove_folder_at(self->file, path), ret_error);
}

int host_filesystem_types_descriptor_unlink_file_at(struct component_call *call,
                                                    struct host_filesystem_types_descriptor *self,
                                                    struct sw_str path,
                                                    enum host_filesystem_types_error_code *ret_error)
{
    (void)call;
    return outcome(host_file_unlink_at(self->file, path), ret_error);
}

int host_filesystem_types_descriptor_rename_at(struct component_call *call,
                                               struct host_filesystem_types_descriptor *self,
                                               struct sw_str old_path,
                                               struct host_filesystem_types_descriptor *new_descriptor,
                                               struct sw_str new_path,
                                               enum host_filesystem_types_error_code *ret_error)
{
    (void)call;
    return outcome(host_file_rename_at(self->file, old_path, new_descriptor->file, new_path), ret_error);
}

int host_filesystem_types_descriptor_link_at(struct component_call *call,
                                             struct host_filesystem_types_descriptor *self,
                                             uint32_t old_path_flags, struct sw_str old_path,
                                             struct host_filesystem_types_descriptor *new_descriptor,
                                             struct sw_str new_path,
                                             enum host_filesystem_types_error_code *ret_error)
{
    (void)call;
    return outcome(
        host_file_link_at(self->file, old_path, follows(old_path_flags), new_descriptor->file, new_path),
        ret_error);
}

int host_filesystem_types_descriptor_symlink_at(struct component_call *call,
                                                struct host_filesystem_types_descriptor *self,
                                                struct sw_str old_path, struct sw_str new_path,
                                                enum host_filesystem_types_error_code *ret_error)
{
    (void)call;
    return outcome(host_file_symlink_at(self->file, old_path, new_path), ret_error);
}

int host_filesystem_types_descriptor_readlink_at(struct component_call *call,
                                                 struct host_filesystem_types_descriptor *self,
                                                 struct sw_str path, struct sw_str *ret,
                                                 enum host_filesystem_types_error_code *ret_error)
{
    size_t n;
    char *text = host_scratch(call, HOST_PATH_BYTES_MAX, 1);
    if (!text)
        return -SW_EGUEST;
    int rc = host_file_readlink_at(self->file, path, text, HOST_PATH_BYTES_MAX, &n);
    *ret = sw_str(text, n);
    if (rc == 0 && !sw_utf8_valid(*ret))
        rc = EILSEQ;
    return outcome(rc, ret_error);
}

/* ---- bytes ---- */

int host_filesystem_types_descriptor_read(struct component_call *call,
                                          struct host_filesystem_types_descriptor *self, uint64_t length,
                                          uint64_t offset, struct host_tuple_str_bool *ret,
                                          enum host_filesystem_types_error_code *ret_error)
{
    size_t want = length < HOST_READ_BYTES_MAX ? (size_t)length : HOST_READ_BYTES_MAX, n = 0;
    char *to = host_scratch(call, want, 1);
    if (!to)
        return -SW_EGUEST;
    int rc = host_file_read(self->file, to, want, offset, &n);
    ret->f0 = sw_str(to, n);
    ret->f1 = want > 0 && n == 0;
    return outcome(rc, ret_error);
}

int host_filesystem_types_descriptor_write(struct component_call *call,
                                           struct host_filesystem_types_descriptor *self,
                                           struct sw_str buffer, uint64_t offset, uint64_t *ret,
                                           enum host_filesystem_types_error_code *ret_error)
{
    size_t n = 0;
    (void)call;
    int rc = host_file_write(self->file, sw_str_head(buffer, HOST_FILE_WRITE_BYTES_MAX), offset, false, &n);
    *ret = n;
    return outcome(rc, ret_error);
}

int host_filesystem_source(struct host_filesystem_types_descriptor *self, uint64_t offset,
                           struct host_source **ret)
{
    if (self->file->is_folder || !self->file->can_read)
        return self->file->is_folder ? EISDIR : EBADF;
    *ret = host_file_source(self->file, offset);
    return *ret ? 0 : ENOMEM;
}

int host_filesystem_sink(struct host_filesystem_types_descriptor *self, uint64_t offset, bool append,
                         struct host_sink **ret)
{
    if (!self->file->can_write)
        return self->file->is_folder ? EISDIR : EBADF;
    *ret = host_file_sink(self->file, offset, append);
    return *ret ? 0 : ENOMEM;
}

int host_filesystem_types_descriptor_read_via_stream(struct component_call *call,
                                                     struct host_filesystem_types_descriptor *self,
                                                     uint64_t offset,
                                                     struct host_io_streams_input_stream **ret,
                                                     enum host_filesystem_types_error_code *ret_error)
{
    struct host_source *source;
    int rc = host_filesystem_source(self, offset, &source);
    if (rc)
        return outcome(rc, ret_error);
    *ret = host_input_stream_new(call, source, HOST_ERROR_FILE);
    if (!*ret)
        host_source_close(source);
    return *ret ? 0 : -SW_EGUEST;
}

static int write_stream(struct component_call *call, struct host_filesystem_types_descriptor *self,
                        uint64_t offset, bool append, struct host_io_streams_output_stream **ret,
                        enum host_filesystem_types_error_code *ret_error)
{
    struct host_sink *sink;
    int rc = host_filesystem_sink(self, offset, append, &sink);
    if (rc)
        return outcome(rc, ret_error);
    *ret = host_output_stream_new(call, sink, HOST_ERROR_FILE);
    if (!*ret)
        host_sink_close(sink);
    return *ret ? 0 : -SW_EGUEST;
}

int host_filesystem_types_descriptor_write_via_stream(struct component_call *call,
                                                      struct host_filesystem_types_descriptor *self,
                                                      uint64_t offset,
                                                      struct host_io_streams_output_stream **ret,
                                                      enum host_filesystem_types_error_code *ret_error)
{
    return write_stream(call, self, offset, false, ret, ret_error);
}

int host_filesystem_types_descriptor_append_via_stream(struct component_call *call,
                                                       struct host_filesystem_types_descriptor *self,
                                                       struct host_io_streams_output_stream **ret,
                                                       enum host_filesystem_types_error_code *ret_error)
{
    return write_stream(call, self, 0, true, ret, ret_error);
}

int host_filesystem_types_filesystem_error_code(struct component_call *call, struct host_io_error_error *err,
                                                struct host_option_filesystem_types_error_code *ret)
{
    (void)call;
    ret->has = err->origin == HOST_ERROR_FILE;
    if (ret->has)
        ret->value = host_filesystem_error((int)err->bytes);
    return 0;
}

/* ---- entries ---- */

int host_filesystem_list_open(struct host_filesystem_types_descriptor *self,
                              struct host_filesystem_types_directory_entry_stream **ret)
{
    struct host_objects *objects = &self->file->host->objects;
    struct host_filesystem_types_directory_entry_stream *list = host_object_new(objects, sizeof *list);
    int rc = list ? host_file_list_open(self->file, &list->list) : ENOMEM;
    if (rc) {
        host_object_free(objects, list, sizeof *list);
        return rc;
    }
    *ret = list;
    return 0;
}

static bool is_dots(struct sw_str name)
{
    return sw_str_eq(name, SW_LIT(".")) || sw_str_eq(name, SW_LIT(".."));
}

int host_filesystem_list_next(struct host_filesystem_types_directory_entry_stream *list,
                              struct host_file_entry *ret)
{
    int rc;
    do {
        rc = host_file_list_at(list->list, list->position, ret);
        if (rc == 0)
            list->position = ret->next;
    } while (rc == 0 && is_dots(ret->name));
    return rc == 0 && !sw_utf8_valid(ret->name) ? EILSEQ : rc;
}

int host_filesystem_types_descriptor_read_directory(struct component_call *call,
                                                    struct host_filesystem_types_descriptor *self,
                                                    struct host_filesystem_types_directory_entry_stream **ret,
                                                    enum host_filesystem_types_error_code *ret_error)
{
    (void)call;
    return outcome(host_filesystem_list_open(self, ret), ret_error);
}

int host_filesystem_types_directory_entry_stream_read_directory_entry(
    struct component_call *call, struct host_filesystem_types_directory_entry_stream *self,
    struct host_option_filesystem_types_directory_entry *ret,
    enum host_filesystem_types_error_code *ret_error)
{
    struct host_file_entry entry;
    int rc = host_filesystem_list_next(self, &entry);
    ret->has = rc == 0;
    if (rc != 0)
        return rc < 0 ? 0 : outcome(rc, ret_error);
    char *name = host_scratch(call, entry.name.n, 1); /* lowering may let another call read on */
    if (!name)
        return -SW_EGUEST;
    memcpy(name, entry.name.p, entry.name.n);
    ret->value.type = host_filesystem_type(entry.type);
    ret->value.name = sw_str(name, entry.name.n);
    return 0;
}

void host_filesystem_types_directory_entry_stream_drop(void *owner, void *object)
{
    struct host_filesystem_types_directory_entry_stream *self = object;
    host_file_list_close(self->list);
    HOST_FREE((struct host *)owner, self);
}
