/* p3_filesystem.c - wasi:filesystem@0.3: 0.2's functions in 0.3's words.  Room: host.
 *
 * A descriptor of 0.3 is one of 0.2 by another name: the same object, made and dropped by wasi/filesystem.c. Different are only error codes and
 * types (variants without "would-block" and "unknown"), points in time, and that bytes and entries come as streams.
 * Every async function here ends at once: files are read and written on the loop's thread (docs/internals/files.md).
 * source: wit/0.3/wasi-filesystem-0.3.0.wit */
#include <errno.h>

#include "component/stream.h"
#include "host/bindings/filesystem_preopens.h"
#include "host/bindings3/p3_filesystem_preopens.h"
#include "host/files.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/wasi/filesystem.h"
#include "host/wasi3/flow.h"
#include "loop/loop.h"

#define P3(name) struct host_p3_filesystem_types_##name
#define P2(name) struct host_filesystem_types_##name

static P2(descriptor) * old(P3(descriptor) * self)
{
    return (P2(descriptor) *)self;
}

/* ---- words ---- */

/* 0.3 has every case of 0.2 in the same order, but would-block, and other behind them. */
static uint32_t code_of(enum host_filesystem_types_error_code code)
{
    uint32_t number = (uint32_t)code;
    if (code == HOST_FILESYSTEM_TYPES_ERROR_CODE_WOULD_BLOCK)
        return HOST_P3_FILESYSTEM_TYPES_ERROR_CODE_IO;
    return number > HOST_FILESYSTEM_TYPES_ERROR_CODE_WOULD_BLOCK ? number - 1 : number;
}

static int outcome(int rc, enum host_filesystem_types_error_code code, P3(error_code) * ret_error)
{
    if (rc == HOST_WIT_ERROR)
        ret_error->tag = (enum host_p3_filesystem_types_error_code_tag)code_of(code);
    return rc;
}

static P3(descriptor_type) type_of(enum host_filesystem_types_descriptor_type type)
{
    static const uint8_t words[] = {
        [HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_UNKNOWN] = HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_OTHER,
        [HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_BLOCK_DEVICE] =
            HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_BLOCK_DEVICE,
        [HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_CHARACTER_DEVICE] =
            HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_CHARACTER_DEVICE,
        [HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_DIRECTORY] =
            HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_DIRECTORY,
        [HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_FIFO] = HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_FIFO,
        [HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_SYMBOLIC_LINK] =
            HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_SYMBOLIC_LINK,
        [HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_REGULAR_FILE] =
            HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_REGULAR_FILE,
        [HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_SOCKET] = HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_SOCKET,
    };
    return (P3(descriptor_type)){.tag = (enum host_p3_filesystem_types_descriptor_type_tag)words[type]};
}

static struct host_option_p3_clocks_system_clock_instant
instant_of(const struct host_option_clocks_wall_clock_datetime *from)
{
    return (struct host_option_p3_clocks_system_clock_instant){
        from->has, {(int64_t)from->value.seconds, from->value.nanoseconds}};
}

static void stat_of(const P2(descriptor_stat) * from, P3(descriptor_stat) * ret)
{
    *ret =
        (P3(descriptor_stat)){.type = type_of(from->type),
                              .link_count = from->link_count,
                              .size = from->size,
                              .data_access_timestamp = instant_of(&from->data_access_timestamp),
                              .data_modification_timestamp = instant_of(&from->data_modification_timestamp),
                              .status_change_timestamp = instant_of(&from->status_change_timestamp)};
}

static P2(new_timestamp) time_of(const P3(new_timestamp) * from)
{
    P2(new_timestamp)
    to = {.tag = (enum host_filesystem_types_new_timestamp_tag)from->tag}; /* the same cases */
    if (from->tag == HOST_P3_FILESYSTEM_TYPES_NEW_TIMESTAMP_TIMESTAMP)
        to.timestamp = (struct host_clocks_wall_clock_datetime){
            (uint64_t)from->timestamp.seconds, /* before 1970: EINVAL */
            from->timestamp.nanoseconds};
    return to;
}

/* ---- descriptors ---- */

void host_p3_filesystem_types_descriptor_drop(void *owner, void *object)
{
    host_filesystem_types_descriptor_drop(owner, object);
}

int host_p3_filesystem_preopens_get_directories(
    struct component_call *call, struct host_list_tuple_p3_filesystem_types_descriptor_str *ret)
{
    struct host_list_tuple_filesystem_types_descriptor_str list;
    int rc = host_filesystem_preopens_get_directories(call, &list);
    if (rc < 0)
        return rc;
    struct host_tuple_p3_filesystem_types_descriptor_str *items = SW_ARENA_ARRAY(
        component_call_scratch(call), list.n, struct host_tuple_p3_filesystem_types_descriptor_str);
    if (!items)
        return host_trap(call, "no memory for the names of %zu mounts", list.n);
    for (size_t i = 0; i < list.n; i++) {
        items[i].f0 = (P3(descriptor) *)list.items[i].f0;
        items[i].f1 = list.items[i].f1;
    }
    *ret = (struct host_list_tuple_p3_filesystem_types_descriptor_str){items, list.n};
    return 0;
}

int host_p3_filesystem_types_descriptor_open_at(struct component_call *call, P3(descriptor) * self,
                                                uint32_t path_flags, struct sw_str path, uint32_t open_flags,
                                                uint32_t flags, P3(descriptor) * *ret,
                                                P3(error_code) * ret_error)
{
    enum host_filesystem_types_error_code code = 0;
    P2(descriptor) *opened = NULL;
    if (!(flags &
          (HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ | HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_WRITE)))
        flags |= HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_READ; /* to be opened for nothing is for reading */
    if (open_flags & HOST_P3_FILESYSTEM_TYPES_OPEN_FLAGS_CREATE)
        flags |= HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_FLAGS_WRITE; /* so the public test suite */
    int rc = host_filesystem_types_descriptor_open_at(call, old(self), path_flags, path, open_flags, flags,
                                                      &opened, &code);
    *ret = (P3(descriptor) *)opened;
    return outcome(rc, code, ret_error);
}

/* Functions of one descriptor that give nothing. */
#define SAME(name, params, args)                                                                             \
    int host_p3_filesystem_types_descriptor_##name params                                                    \
    {                                                                                                        \
        enum host_filesystem_types_error_code code = 0;                                                      \
        int rc = host_filesystem_types_descriptor_##name args;                                               \
        return outcome(rc, code, ret_error);                                                                 \
    }
#define SELF struct component_call *call, P3(descriptor) * self

SAME(advise,
     (SELF, uint64_t offset, uint64_t length, enum host_p3_filesystem_types_advice advice,
      P3(error_code) * ret_error),
     (call, old(self), offset, length, (enum host_filesystem_types_advice)advice, &code)) /* the same cases */
SAME(sync_data, (SELF, P3(error_code) * ret_error), (call, old(self), &code))
SAME(sync, (SELF, P3(error_code) * ret_error), (call, old(self), &code))
SAME(set_size, (SELF, uint64_t size, P3(error_code) * ret_error), (call, old(self), size, &code))
SAME(get_flags, (SELF, uint32_t *ret, P3(error_code) * ret_error),
     (call, old(self), ret, &code)) /* the same bits */
SAME(create_directory_at, (SELF, struct sw_str path, P3(error_code) * ret_error),
     (call, old(self), path, &code))
SAME(remove_directory_at, (SELF, struct sw_str path, P3(error_code) * ret_error),
     (call, old(self), path, &code))
SAME(unlink_file_at, (SELF, struct sw_str path, P3(error_code) * ret_error), (call, old(self), path, &code))
SAME(readlink_at, (SELF, struct sw_str path, struct sw_str *ret, P3(error_code) * ret_error),
     (call, old(self), path, ret, &code))
SAME(symlink_at, (SELF, struct sw_str old_path, struct sw_str new_path, P3(error_code) * ret_error),
     (call, old(self), old_path, new_path, &code))
SAME(rename_at,
     (SELF, struct sw_str old_path, P3(descriptor) * new_descriptor, struct sw_str new_path,
      P3(error_code) * ret_error),
     (call, old(self), old_path, old(new_descriptor), new_path, &code))
SAME(link_at,
     (SELF, uint32_t old_path_flags, struct sw_str old_path, P3(descriptor) * new_descriptor,
      struct sw_str new_path, P3(error_code) * ret_error),
     (call, old(self), old_path_flags, old_path, old(new_descriptor), new_path, &code))

int host_p3_filesystem_types_descriptor_get_type(SELF, P3(descriptor_type) * ret, P3(error_code) * ret_error)
{
    enum host_filesystem_types_error_code code = 0;
    enum host_filesystem_types_descriptor_type type = HOST_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_UNKNOWN;
    int rc = host_filesystem_types_descriptor_get_type(call, old(self), &type, &code);
    *ret = type_of(type);
    return outcome(rc, code, ret_error);
}

int host_p3_filesystem_types_descriptor_stat(SELF, P3(descriptor_stat) * ret, P3(error_code) * ret_error)
{
    enum host_filesystem_types_error_code code = 0;
    P2(descriptor_stat) stat = {0};
    int rc = host_filesystem_types_descriptor_stat(call, old(self), &stat, &code);
    stat_of(&stat, ret);
    return outcome(rc, code, ret_error);
}

int host_p3_filesystem_types_descriptor_stat_at(SELF, uint32_t path_flags, struct sw_str path,
                                                P3(descriptor_stat) * ret, P3(error_code) * ret_error)
{
    enum host_filesystem_types_error_code code = 0;
    P2(descriptor_stat) stat = {0};
    int rc = host_filesystem_types_descriptor_stat_at(call, old(self), path_flags, path, &stat, &code);
    stat_of(&stat, ret);
    return outcome(rc, code, ret_error);
}

int host_p3_filesystem_types_descriptor_set_times(SELF, P3(new_timestamp) data_access_timestamp,
                                                  P3(new_timestamp) data_modification_timestamp,
                                                  P3(error_code) * ret_error)
{
    enum host_filesystem_types_error_code code = 0;
    int rc = host_filesystem_types_descriptor_set_times(call, old(self), time_of(&data_access_timestamp),
                                                        time_of(&data_modification_timestamp), &code);
    return outcome(rc, code, ret_error);
}

int host_p3_filesystem_types_descriptor_set_times_at(SELF, uint32_t path_flags, struct sw_str path,
                                                     P3(new_timestamp) data_access_timestamp,
                                                     P3(new_timestamp) data_modification_timestamp,
                                                     P3(error_code) * ret_error)
{
    enum host_filesystem_types_error_code code = 0;
    int rc = host_filesystem_types_descriptor_set_times_at(call, old(self), path_flags, path,
                                                           time_of(&data_access_timestamp),
                                                           time_of(&data_modification_timestamp), &code);
    return outcome(rc, code, ret_error);
}

int host_p3_filesystem_types_descriptor_is_same_object(SELF, P3(descriptor) * other, bool *ret)
{
    return host_filesystem_types_descriptor_is_same_object(call, old(self), old(other), ret);
}

int host_p3_filesystem_types_descriptor_metadata_hash(SELF, P3(metadata_hash_value) * ret,
                                                      P3(error_code) * ret_error)
{
    enum host_filesystem_types_error_code code = 0;
    P2(metadata_hash_value) hash = {0};
    int rc = host_filesystem_types_descriptor_metadata_hash(call, old(self), &hash, &code);
    *ret = (P3(metadata_hash_value)){hash.lower, hash.upper};
    return outcome(rc, code, ret_error);
}

int host_p3_filesystem_types_descriptor_metadata_hash_at(SELF, uint32_t path_flags, struct sw_str path,
                                                         P3(metadata_hash_value) * ret,
                                                         P3(error_code) * ret_error)
{
    enum host_filesystem_types_error_code code = 0;
    P2(metadata_hash_value) hash = {0};
    int rc =
        host_filesystem_types_descriptor_metadata_hash_at(call, old(self), path_flags, path, &hash, &code);
    *ret = (P3(metadata_hash_value)){hash.lower, hash.upper};
    return outcome(rc, code, ret_error);
}

/* ---- bytes ---- */

static uint32_t flow_code(const struct host *host, const struct sw_err *err)
{
    (void)err; /* the carrier left the errno with the host */
    return code_of(host_filesystem_error(host->file_errno));
}

static uint32_t code_of_errno(int number)
{
    return code_of(host_filesystem_error(number));
}

int host_p3_filesystem_types_descriptor_read_via_stream(SELF, uint64_t offset, struct host_tuple_u32_u32 *ret)
{
    struct host_source *source = NULL;
    int rc = host_filesystem_source(old(self), offset, &source);
    return rc ? host_p3_read_failed(call, code_of_errno(rc), &ret->f0, &ret->f1)
              : host_p3_read(call, source, flow_code, &ret->f0, &ret->f1);
}

static int write_via(struct component_call *call, P3(descriptor) * self, uint32_t data, uint64_t offset,
                     bool append, uint32_t *ret)
{
    struct host_sink *sink = NULL;
    int rc = host_filesystem_sink(old(self), offset, append, &sink);
    return rc ? host_p3_write_failed(call, data, 1, code_of_errno(rc), ret)
              : host_p3_write(call, data, 1, sink, flow_code, ret);
}

int host_p3_filesystem_types_descriptor_write_via_stream(SELF, uint32_t data, uint64_t offset, uint32_t *ret)
{
    return write_via(call, self, data, offset, false, ret);
}

int host_p3_filesystem_types_descriptor_append_via_stream(SELF, uint32_t data, uint32_t *ret)
{
    return write_via(call, self, data, 0, true, ret);
}

/* ---- entries ---- */

struct listing { /* lives until both ends are gone */
    struct host *host;
    P2(directory_entry_stream) * list; /* NULL: it could not be opened */
    struct component_end *stream, *future;
    bool is_over;
    int number; /* why it ended: an errno, or 0 */
    struct loop_defer wake;
};

static void listing_release(struct listing *listing)
{
    if (listing->stream || listing->future)
        return;
    if (listing->list)
        host_filesystem_types_directory_entry_stream_drop(listing->host, listing->list);
    loop_defer_cancel(&listing->wake);
    HOST_FREE(listing->host, listing);
}

static void listing_over(struct listing *listing, int number)
{
    if (listing->is_over)
        return;
    listing->is_over = true;
    listing->number = number;
    loop_defer_add(listing->host->loop, &listing->wake);
}

static int entry_copy(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct listing *listing = arg;
    struct host_file_entry entry;
    int rc = listing->is_over ? -1 : n == 0 ? 0 : host_filesystem_list_next(listing->list, &entry);
    if (rc != 0) {
        listing_over(listing, rc < 0 ? 0 : rc);
        return SW_END;
    }
    if (n == 0)
        return 0;
    const struct component_value none = {.variant = {0, NULL}};
    P3(descriptor_type) word = type_of(host_filesystem_type(entry.type));
    bool is_other = word.tag == HOST_P3_FILESYSTEM_TYPES_DESCRIPTOR_TYPE_OTHER;
    const struct component_value fields[2] = {{.variant = {(uint32_t)word.tag, is_other ? &none : NULL}},
                                              {.text = entry.name}};
    const struct component_value value = {.list = {fields, 2}};
    *ret_n = 1;
    return component_stream_store(call, listing->stream, at, &value);
}

static void entry_drop(void *arg)
{
    struct listing *listing = arg;
    listing->stream = NULL;
    listing_over(listing, 0);
    listing_release(listing);
}

static int ended_copy(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    const struct listing *listing = arg;
    if (!listing->is_over)
        return SW_WAIT;
    const struct component_value error = {
        .variant = {listing->number ? code_of_errno(listing->number) : 0, NULL}};
    const struct component_value value = {.variant = {listing->number != 0, listing->number ? &error : NULL}};
    *ret_n = n;
    return component_stream_store(call, listing->future, at, &value);
}

static void ended_drop(void *arg)
{
    struct listing *listing = arg;
    listing->future = NULL;
    listing_release(listing);
}

static void wake_listing(void *arg)
{
    struct listing *listing = arg;
    if (listing->future)
        component_stream_wake(listing->future);
}

int host_p3_filesystem_types_descriptor_read_directory(SELF, struct host_tuple_u32_u32 *ret)
{
    static const struct component_stream_ops entry_ops = {entry_copy, entry_drop},
                                             ended_ops = {ended_copy, ended_drop};
    uint32_t pair = component_call_result_type(call);
    struct listing *listing = HOST_NEW(call, struct listing);
    if (!listing)
        return -SW_EGUEST;
    listing->host = host_of(call);
    loop_defer_init(&listing->wake, wake_listing, listing);
    int number = host_filesystem_list_open(old(self), &listing->list);
    if (number)
        listing_over(listing, number);
    int rc = component_stream_new(call, component_call_part_type(call, pair, 0), &entry_ops, listing,
                                  &ret->f0, &listing->stream);
    if (rc == 0)
        rc = component_stream_new(call, component_call_part_type(call, pair, 1), &ended_ops, listing,
                                  &ret->f1, &listing->future);
    if (rc < 0)
        listing_release(listing);
    return rc;
}
