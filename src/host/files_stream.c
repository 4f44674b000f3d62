/* files_stream.c - entries of folders, and files as carriers.  Room: host. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "host/files.h"
#include "host/host_internal.h"
#include "host/limits.h"

/* ---- entries ---- */

int host_file_list_open(struct host_file *folder, struct host_file_list **ret)
{
    static const struct host_open how = {.folder = true, .read = true};
    struct host *host = folder->host;
    if (!folder->is_folder)
        return ENOTDIR;
    if (!folder->can_read)
        return EBADF;
    struct host_file_list *list = host_object_new(&host->objects, sizeof *list);
    if (!list)
        return ENOMEM;
    int rc = host_file_open_at(folder, SW_LIT("."), &how, &list->folder); /* a position of its own */
    if (rc) {
        host_object_free(&host->objects, list, sizeof *list);
        return rc;
    }
    *ret = list;
    return 0;
}

/* Reads ahead from a position. */
static int list_fill(struct host_file_list *list, uint64_t position)
{
    bool goes_on = !list->has_ahead && position == list->position; /* the kernel is there */
    list->has_ahead = false;
    list->position = UINT64_MAX; /* the kernel's place is unknown: seek next time */
    if (position > INT64_MAX || (!goes_on && lseek(list->folder->fd, (off_t)position, SEEK_SET) < 0))
        return EINVAL;
    ssize_t n = getdents64(list->folder->fd, list->buffer, sizeof list->buffer);
    if (n < 0)
        return errno;
    if (n == 0)
        return -1;
    list->at = 0;
    list->end = (size_t)n;
    list->ahead = position;
    list->has_ahead = true;
    return 0;
}

static mode_t type_of(const struct host_file_list *list, const struct dirent64 *entry)
{
    struct stat st;
    if (entry->d_type != DT_UNKNOWN)
        return (mode_t)DTTOIF(entry->d_type);
    return fstatat(list->folder->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode & S_IFMT;
}

int host_file_list_at(struct host_file_list *list, uint64_t position, struct host_file_entry *ret)
{
    if (!list->has_ahead || list->ahead != position) {
        int rc = list_fill(list, position);
        if (rc)
            return rc;
    }
    const struct dirent64 *entry = (const struct dirent64 *)(const void *)(list->buffer + list->at);
    *ret = (struct host_file_entry){.name = sw_str_of(entry->d_name),
                                    .inode = entry->d_ino,
                                    .next = (uint64_t)entry->d_off,
                                    .type = type_of(list, entry)};
    list->at += entry->d_reclen;
    list->ahead = ret->next;
    list->position = ret->next;
    list->has_ahead = list->at < list->end;
    return 0;
}

void host_file_list_close(struct host_file_list *list)
{
    if (!list)
        return;
    struct host *host = list->folder->host;
    host_file_unref(list->folder);
    host_object_free(&host->objects, list, sizeof *list);
}

/* ---- carriers: files are always ready ---- */

struct file_source {
    struct host_source source;
    struct host_file *file;
    uint64_t offset; /* of the first byte in the buffer */
    size_t at, n;
    char buffer[HOST_FILE_BUFFER_BYTES];
};

struct file_sink {
    struct host_sink sink;
    struct host_file *file;
    uint64_t offset;
    bool append;
};

/* The face asks for it when it makes an error object of err (io.h, HOST_ERROR_FILE). */
static int fail(struct host_file *file, int number, const char *what, struct sw_err *err)
{
    file->host->file_errno = number;
    return sw_fail_errno(err, number == ENOSPC || number == EDQUOT || number == EFBIG ? SW_ELIMIT : SW_EIO,
                         number, "%s a file", what);
}

static int source_peek(struct host_source *carrier, struct sw_str *ret, struct sw_err *err)
{
    struct file_source *source = SW_CONTAINER(carrier, struct file_source, source);
    if (source->at == source->n) {
        source->offset += source->n;
        source->at = source->n = 0;
        int rc =
            host_file_read(source->file, source->buffer, sizeof source->buffer, source->offset, &source->n);
        if (rc)
            return fail(source->file, rc, "read", err);
        if (source->n == 0)
            return SW_END;
    }
    *ret = sw_str(source->buffer + source->at, source->n - source->at);
    return 0;
}

static void source_consume(struct host_source *carrier, size_t n)
{
    SW_CONTAINER(carrier, struct file_source, source)->at += n;
}

static void source_close(struct host_source *carrier)
{
    struct file_source *source = SW_CONTAINER(carrier, struct file_source, source);
    struct host *host = source->file->host;
    host_file_unref(source->file);
    HOST_FREE(host, source);
}

static const struct host_source_ops source_ops = {source_peek, source_consume, source_close};

struct host_source *host_file_source(struct host_file *file, uint64_t offset)
{
    struct file_source *source = host_object_new(&file->host->objects, sizeof *source);
    if (!source)
        return NULL;
    source->source.ops = &source_ops;
    host_event_init(&source->source.ready);
    source->file = host_file_ref(file);
    source->offset = offset;
    return &source->source;
}

static size_t sink_room(struct host_sink *carrier)
{
    (void)carrier;
    return HOST_BODY_BYTES_MAX;
}

static int sink_write(struct host_sink *carrier, struct sw_str bytes, size_t *ret_n, struct sw_err *err)
{
    struct file_sink *sink = SW_CONTAINER(carrier, struct file_sink, sink);
    int rc = host_file_write(sink->file, bytes, sink->offset, sink->append, ret_n);
    if (rc)
        return fail(sink->file, rc, "write", err);
    sink->offset += *ret_n;
    return 0;
}

static int sink_flush(struct host_sink *carrier, struct sw_err *err)
{
    (void)carrier, (void)err; /* with the kernel already; sync is a call of its own */
    return 0;
}

static void sink_close(struct host_sink *carrier)
{
    struct file_sink *sink = SW_CONTAINER(carrier, struct file_sink, sink);
    struct host *host = sink->file->host;
    host_file_unref(sink->file);
    HOST_FREE(host, sink);
}

static const struct host_sink_ops sink_ops = {sink_room, sink_write, sink_flush, sink_close};

struct host_sink *host_file_sink(struct host_file *file, uint64_t offset, bool append)
{
    struct file_sink *sink = host_object_new(&file->host->objects, sizeof *sink);
    if (!sink)
        return NULL;
    sink->sink.ops = &sink_ops;
    host_event_init(&sink->sink.ready);
    sink->file = host_file_ref(file);
    sink->offset = offset;
    sink->append = append;
    return &sink->sink;
}
