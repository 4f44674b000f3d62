/* compile.c - the work of a process that checks a component, and of one that compiles a core module.  Room: trigger.
 *
 * Neither opens or names a file: what they read and write are descriptors of the supervisor's. */
#include "trigger/compile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "component/component.h"
#include "engine/core.h"
#include "engine/engine.h"
#include "node/node.h"
#include "node/sandbox.h"
#include "trigger/limits.h"
#include "trigger/load.h"

static int write_all(int fd, struct sw_str bytes, struct sw_err *err)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sw_fail_errno(err, SW_EIO, errno, "write %zu bytes for the supervisor", bytes.n);
        bytes = sw_str_from(bytes, (size_t)n);
    }
    return 0;
}

void trigger_artifact_key(struct sw_str module, char ret_key[65])
{
    engine_artifact_key_of(module, ret_key);
}

/* ---- which engine ---- */

_Static_assert(TRIGGER_LIBRARY_BYTES_MAX == ENGINE_LIBRARY_ID_MAX &&
                   NODE_LIBRARY_BYTES_MAX == ENGINE_LIBRARY_ID_MAX,
               "the same");

void trigger_library(char ret[TRIGGER_LIBRARY_BYTES_MAX])
{
    engine_library_id(ret);
}

int trigger_library_check(const char *supervisors, struct sw_err *err)
{
    char own[ENGINE_LIBRARY_ID_MAX];
    engine_library_id(own);
    if (!supervisors || !supervisors[0] || strcmp(supervisors, own) == 0)
        return 0;
    return sw_fail(err, SW_EIO,
                   "libwasmtime was replaced while Swell ran: the supervisor has build %.16s, this process "
                   "would have build %.16s\n"
                   "hint: start Swell again",
                   supervisors, own[0] ? own : "unknown");
}

/* ---- checking ---- */

static int hand_over(const struct trigger_component *component, struct sw_err *err)
{
    for (uint32_t i = 0; i < component_binary_core_count(component->binary); i++) {
        struct sw_str module = component_binary_core(component->binary, i)->bytes;
        int rc = write_all(NODE_CHECK_MODULES_FD, module, err);
        if (rc < 0)
            return rc;
        if (printf("core %u %zu\n", i, module.n) < 0)
            return sw_fail_errno(err, SW_EIO, errno, "write to the supervisor");
    }
    return fflush(stdout) == 0 ? 0 : sw_fail_errno(err, SW_EIO, errno, "write to the supervisor");
}

int trigger_check_run(const char *name, bool link, struct sw_err *err)
{
    struct trigger_component component;
    int rc = node_sandbox_compiler(NODE_CHECK_MODULES_FD, err);
    if (rc == 0)
        rc = link ? trigger_component_read(NODE_CHECK_COMPONENT_FD, name, &component, err)
                  : trigger_component_decode(NODE_CHECK_COMPONENT_FD, name, &component, err);
    if (rc != 0)
        return rc;
    rc = hand_over(&component, err);
    trigger_component_deinit(&component);
    return rc < 0 ? sw_wrap(err, "'%s'", name) : 0;
}

/* ---- compiling ---- */

static int read_module(uint64_t offset, size_t bytes, struct sw_buf *out, struct sw_err *err)
{
    int rc = sw_buf_reserve(out, bytes, err);
    while (rc == 0 && out->n < bytes) {
        ssize_t n = pread(NODE_COMPILE_MODULES_FD, out->p + out->n, bytes - out->n, (off_t)(offset + out->n));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return sw_fail_errno(err, SW_EIO, n < 0 ? errno : ENODATA, "read a core module of %zu bytes",
                                 bytes);
        out->n += (size_t)n;
    }
    return rc;
}

static int compile(const struct engine_core *core, struct sw_err *err)
{
    sw_auto_buf cwasm = SW_BUF(TRIGGER_WASM_BYTES_MAX * 4ul); /* native code is a few times its wasm */
    sw_auto_buf image = SW_BUF(TRIGGER_WASM_BYTES_MAX);
    int rc = engine_compile(core, &cwasm, &image, err);
    if (rc == 0)
        rc = write_all(NODE_COMPILE_CODE_FD, sw_buf_str(&cwasm), err);
    if (rc == 0)
        rc = write_all(NODE_COMPILE_IMAGE_FD, sw_buf_str(&image), err);
    if (rc == 0 && (fsync(NODE_COMPILE_CODE_FD) != 0 || fsync(NODE_COMPILE_IMAGE_FD) != 0))
        rc = sw_fail_errno(err, SW_EIO, errno,
                           "write to the disk"); /* so that the supervisor need not wait for it */
    return rc;
}

int trigger_compile_run(uint64_t offset, size_t bytes, struct sw_err *err)
{
    sw_auto_buf module = SW_BUF(TRIGGER_WASM_BYTES_MAX);
    sw_auto_arena arena = SW_ARENA(TRIGGER_CORE_BYTES_MAX);
    struct engine_core *core = NULL;
    int rc = node_sandbox_compiler(NODE_COMPILE_IMAGE_FD, err);
    if (rc == 0)
        rc = read_module(offset, bytes, &module, err);
    if (rc == 0)
        rc = engine_core_parse(&arena, sw_buf_str(&module), &core, err);
    if (rc == 0)
        rc = compile(core, err);
    return rc;
}
