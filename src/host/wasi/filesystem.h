/* filesystem.h - the words of wasi:filesystem@0.2.  Room: host. */
#ifndef SW_HOST_WASI_FILESYSTEM_H
#define SW_HOST_WASI_FILESYSTEM_H

#include "host/bindings/filesystem_types.h"

enum host_filesystem_types_error_code host_filesystem_error(int number); /* of an errno */

#endif
