/* filesystem.h - the words of wasi:filesystem@0.2.  Room: host. */
#ifndef SW_HOST_WASI_FILESYSTEM_H
#define SW_HOST_WASI_FILESYSTEM_H

#include <sys/stat.h>

#include "host/bindings/filesystem_types.h"

struct host_file_entry;
struct host_sink;
struct host_source;

enum host_filesystem_types_error_code host_filesystem_error(int number); /* of an errno */
enum host_filesystem_types_descriptor_type host_filesystem_type(mode_t mode);

/* A file's bytes from an offset on, and to an offset or to its end. Return 0 with a carrier, or an errno. */
int host_filesystem_source(struct host_filesystem_types_descriptor *self, uint64_t offset,
                           struct host_source **ret) SW_MUST_CHECK;
int host_filesystem_sink(struct host_filesystem_types_descriptor *self, uint64_t offset, bool append,
                         struct host_sink **ret) SW_MUST_CHECK;

/* A folder's entries, "." and ".." left out. open: 0 or an errno. next: 0, an errno, or -1: there are no more; EILSEQ for a name that is no
 * UTF-8. The name is good until the next call. */
struct host_filesystem_types_directory_entry_stream;
int host_filesystem_list_open(struct host_filesystem_types_descriptor *self,
                              struct host_filesystem_types_directory_entry_stream **ret) SW_MUST_CHECK;
int host_filesystem_list_next(struct host_filesystem_types_directory_entry_stream *list,
                              struct host_file_entry *ret) SW_MUST_CHECK;

#endif
