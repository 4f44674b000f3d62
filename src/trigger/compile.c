/* compile.c - the compile process's work.  Room: trigger. */
#include "trigger/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/alloc.h"
#include "component/component.h"
#include "engine/core.h"
#include "engine/engine.h"
#include "node/node.h"
#include "node/sandbox.h"
#include "trigger/limits.h"
#include "trigger/load.h"

static int compile_core(const struct engine_core *core, const char *key, const char *cache_dir,
                        struct sw_err *err)
{
    sw_auto_close int cwasm_fd = -1;
    sw_auto_close int image_fd = -1;
    int rc = node_cache_open(cache_dir, key, &cwasm_fd, &image_fd, err);
    if (rc != SW_ABSENT)
        return rc;
    sw_auto_buf cwasm = SW_BUF(TRIGGER_WASM_BYTES_MAX * 4ul); /* native code is a few times its wasm */
    sw_auto_buf image = SW_BUF(TRIGGER_WASM_BYTES_MAX);
    rc = engine_compile(core, &cwasm, &image, err);
    return rc < 0 ? rc : node_cache_put(cache_dir, key, sw_buf_str(&cwasm), sw_buf_str(&image), err);
}

static int compile_all(const struct trigger_component *component, const struct trigger_compile *job,
                       struct sw_err *err)
{
    for (uint32_t i = 0; i < component_binary_core_count(component->binary); i++) {
        const struct engine_core *core = component_binary_core(component->binary, i);
        char key[65];
        engine_artifact_key(core, key);
        int rc = compile_core(core, key, job->cache_dir, err);
        if (rc < 0)
            return sw_wrap(err, "'%s': core module %u", job->wasm_path, i);
        if (printf("core %u %s\n", i, key) < 0)
            return sw_fail_errno(err, SW_EIO, errno, "write to the supervisor");
    }
    return fflush(stdout) == 0 ? 0 : sw_fail_errno(err, SW_EIO, errno, "write to the supervisor");
}

int trigger_compile_run(const struct trigger_compile *job, struct sw_err *err)
{
    sw_auto_close int fd =
        open(job->wasm_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold us */
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "open '%s'", job->wasm_path);
    struct trigger_component component;
    int rc = node_sandbox_compiler(fd, job->cache_dir, err);
    if (rc == 0)
        rc = trigger_component_read(fd, job->wasm_path, &component, err);
    if (rc < 0)
        return rc;
    rc = compile_all(&component, job, err);
    trigger_component_deinit(&component);
    return rc;
}
