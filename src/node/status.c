/* status.c - the page that a worker shares with the supervisor.  Room: node.
 *
 * Its size is sealed, so that a worker cannot make the supervisor's reads fault. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "node/node_internal.h"

#define PAGE_BYTES 4096
_Static_assert(sizeof(struct node_status) <= PAGE_BYTES, "one page");

int node__status_file(int *ret_fd, struct sw_err *err)
{
    sw_auto_close int fd = memfd_create("swell-status", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, PAGE_BYTES) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "make a memory file");
    *ret_fd = fd;
    fd = -1; /* taken by the caller */
    return 0;
}

int node__status_map(int fd, struct node_status **ret, struct sw_err *err)
{
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return sw_fail_errno(err, SW_EIO, errno, "map a worker's status");
    *ret = page;
    return 0;
}

void node__status_unmap(struct node_status *status)
{
    if (status)
        (void)munmap(status, PAGE_BYTES); /* ours, whole */
}
