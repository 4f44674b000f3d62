/* mounts.c - the folders that a component was granted, opened.  Room: trigger. */
#include "trigger/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "trigger/load.h"

int trigger_mounts_open(struct trigger_component *component, struct sw_err *err)
{
    const struct app_component *meta = component->meta;
    struct host_preopen *preopens = sw_try_alloc_array(meta->mount_count, sizeof *preopens);
    component->grants.preopens = preopens;
    if (!preopens)
        return sw_fail(err, SW_ENOMEM, "no memory for %u mounts", meta->mount_count);
    for (uint32_t i = 0; i < meta->mount_count; i++) {
        const struct app_mount *mount = &meta->mounts[i];
        int fd = open(mount->folder.p,
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* from an app's arena: NUL-terminated */
        if (fd < 0)
            return sw_fail_errno(err, SW_EIO, errno, "open the folder '%s', mounted at '%s'", mount->folder.p,
                                 mount->guest.p);
        preopens[i] =
            (struct host_preopen){.guest = mount->guest, .fd = fd, .is_writable = mount->is_writable};
        component->grants.preopen_count++;
    }
    return 0;
}

void trigger_mounts_close(struct trigger_component *component)
{
    for (uint32_t i = 0; i < component->grants.preopen_count; i++)
        (void)close(component->grants.preopens[i].fd);      /* only read */
    sw_free((void *)(uintptr_t)component->grants.preopens); /* ours: made by trigger_mounts_open */
    component->grants.preopens = NULL;
    component->grants.preopen_count = 0;
}
