/* io_error.c - wasi:io/error: why a stream's operation failed.  Room: host. */
#include "host/host_internal.h"
#include "host/wasi/io.h"

int host_io_error_error_to_debug_string(struct component_call *call, struct host_io_error_error *self,
                                        struct sw_str *ret)
{
    (void)call;
    *ret = sw_str(self->text, self->text_n);
    return 0;
}

void host_io_error_error_drop(void *owner, void *object)
{
    struct host_io_error_error *error = object;
    HOST_FREE((struct host *)owner, error);
}
