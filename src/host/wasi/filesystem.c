/* filesystem.c - wasi:filesystem, for a guest that was given no files.  Room: host.
 *
 * There are no preopens (`files` in a manifest is refused when an app is loaded), and a descriptor comes only from a preopen or from another
 * descriptor: none can exist, the component room traps on a forged handle, and the functions on descriptors and on directory streams are
 * never entered. They are linked by every runtime that can open files, so they stand here, and answer what an operation on a descriptor that
 * is not open answers: bad-descriptor. */
#include "engine/engine.h"
#include "host/bindings/filesystem_preopens.h"
#include "host/bindings/filesystem_types.h"
#include "host/host_internal.h"

static int refuse(enum host_filesystem_types_error_code *ret_error)
{
    *ret_error = HOST_FILESYSTEM_TYPES_ERROR_CODE_BAD_DESCRIPTOR;
    return HOST_WIT_ERROR;
}

/* ---- preopens ---- */

int host_filesystem_preopens_get_directories(struct component_call *call,
                                             struct host_list_tuple_filesystem_types_descriptor_str *ret)
{
    (void)call;
    ret->items = NULL;
    ret->n = 0;
    return 0;
}

/* ---- descriptor, directory-entry-stream ---- */

int host_filesystem_types_descriptor_read_via_stream(struct component_call *call,
                                                     struct host_filesystem_types_descriptor *self,
                                                     uint64_t offset,
                                                     struct host_io_streams_input_stream **ret,
                                                     enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)offset, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_write_via_stream(struct component_call *call,
                                                      struct host_filesystem_types_descriptor *self,
                                                      uint64_t offset,
                                                      struct host_io_streams_output_stream **ret,
                                                      enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)offset, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_append_via_stream(struct component_call *call,
                                                       struct host_filesystem_types_descriptor *self,
                                                       struct host_io_streams_output_stream **ret,
                                                       enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_advise(struct component_call *call,
                                            struct host_filesystem_types_descriptor *self, uint64_t offset,
                                            uint64_t length, enum host_filesystem_types_advice advice,
                                            enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)offset, (void)length, (void)advice;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_sync_data(struct component_call *call,
                                               struct host_filesystem_types_descriptor *self,
                                               enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_get_flags(struct component_call *call,
                                               struct host_filesystem_types_descriptor *self, uint32_t *ret,
                                               enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_get_type(struct component_call *call,
                                              struct host_filesystem_types_descriptor *self,
                                              enum host_filesystem_types_descriptor_type *ret,
                                              enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_set_size(struct component_call *call,
                                              struct host_filesystem_types_descriptor *self, uint64_t size,
                                              enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)size;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_set_times(
    struct component_call *call, struct host_filesystem_types_descriptor *self,
    struct host_filesystem_types_new_timestamp data_access_timestamp,
    struct host_filesystem_types_new_timestamp data_modification_timestamp,
    enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)data_access_timestamp, (void)data_modification_timestamp;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_read(struct component_call *call,
                                          struct host_filesystem_types_descriptor *self, uint64_t length,
                                          uint64_t offset, struct host_tuple_str_bool *ret,
                                          enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)length, (void)offset, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_write(struct component_call *call,
                                           struct host_filesystem_types_descriptor *self,
                                           struct sw_str buffer, uint64_t offset, uint64_t *ret,
                                           enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)buffer, (void)offset, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_read_directory(struct component_call *call,
                                                    struct host_filesystem_types_descriptor *self,
                                                    struct host_filesystem_types_directory_entry_stream **ret,
                                                    enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_sync(struct component_call *call,
                                          struct host_filesystem_types_descriptor *self,
                                          enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_create_directory_at(struct component_call *call,
                                                         struct host_filesystem_types_descriptor *self,
                                                         struct sw_str path,
                                                         enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)path;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_stat(struct component_call *call,
                                          struct host_filesystem_types_descriptor *self,
                                          struct host_filesystem_types_descriptor_stat *ret,
                                          enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_stat_at(struct component_call *call,
                                             struct host_filesystem_types_descriptor *self,
                                             uint32_t path_flags, struct sw_str path,
                                             struct host_filesystem_types_descriptor_stat *ret,
                                             enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)path_flags, (void)path, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_set_times_at(
    struct component_call *call, struct host_filesystem_types_descriptor *self, uint32_t path_flags,
    struct sw_str path, struct host_filesystem_types_new_timestamp data_access_timestamp,
    struct host_filesystem_types_new_timestamp data_modification_timestamp,
    enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)path_flags, (void)path, (void)data_access_timestamp,
        (void)data_modification_timestamp;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_link_at(struct component_call *call,
                                             struct host_filesystem_types_descriptor *self,
                                             uint32_t old_path_flags, struct sw_str old_path,
                                             struct host_filesystem_types_descriptor *new_descriptor,
                                             struct sw_str new_path,
                                             enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)old_path_flags, (void)old_path, (void)new_descriptor, (void)new_path;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_open_at(struct component_call *call,
                                             struct host_filesystem_types_descriptor *self,
                                             uint32_t path_flags, struct sw_str path, uint32_t open_flags,
                                             uint32_t flags, struct host_filesystem_types_descriptor **ret,
                                             enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)path_flags, (void)path, (void)open_flags, (void)flags, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_readlink_at(struct component_call *call,
                                                 struct host_filesystem_types_descriptor *self,
                                                 struct sw_str path, struct sw_str *ret,
                                                 enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)path, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_remove_directory_at(struct component_call *call,
                                                         struct host_filesystem_types_descriptor *self,
                                                         struct sw_str path,
                                                         enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)path;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_rename_at(struct component_call *call,
                                               struct host_filesystem_types_descriptor *self,
                                               struct sw_str old_path,
                                               struct host_filesystem_types_descriptor *new_descriptor,
                                               struct sw_str new_path,
                                               enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)old_path, (void)new_descriptor, (void)new_path;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_symlink_at(struct component_call *call,
                                                struct host_filesystem_types_descriptor *self,
                                                struct sw_str old_path, struct sw_str new_path,
                                                enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)old_path, (void)new_path;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_unlink_file_at(struct component_call *call,
                                                    struct host_filesystem_types_descriptor *self,
                                                    struct sw_str path,
                                                    enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)path;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_is_same_object(struct component_call *call,
                                                    struct host_filesystem_types_descriptor *self,
                                                    struct host_filesystem_types_descriptor *other, bool *ret)
{
    (void)self, (void)other, (void)ret;
    return host_trap(call, "there are no descriptors: no files were granted");
}

int host_filesystem_types_descriptor_metadata_hash(struct component_call *call,
                                                   struct host_filesystem_types_descriptor *self,
                                                   struct host_filesystem_types_metadata_hash_value *ret,
                                                   enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_descriptor_metadata_hash_at(struct component_call *call,
                                                      struct host_filesystem_types_descriptor *self,
                                                      uint32_t path_flags, struct sw_str path,
                                                      struct host_filesystem_types_metadata_hash_value *ret,
                                                      enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)path_flags, (void)path, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_directory_entry_stream_read_directory_entry(
    struct component_call *call, struct host_filesystem_types_directory_entry_stream *self,
    struct host_option_filesystem_types_directory_entry *ret,
    enum host_filesystem_types_error_code *ret_error)
{
    (void)call, (void)self, (void)ret;
    return refuse(ret_error);
}

int host_filesystem_types_filesystem_error_code(struct component_call *call, struct host_io_error_error *err,
                                                struct host_option_filesystem_types_error_code *ret)
{
    (void)call, (void)err; /* no stream of a file exists, so no error is a file's */
    ret->has = false;
    return 0;
}

void host_filesystem_types_descriptor_drop(void *owner, void *object)
{
    (void)owner, (void)object;
}

void host_filesystem_types_directory_entry_stream_drop(void *owner, void *object)
{
    (void)owner, (void)object;
}
