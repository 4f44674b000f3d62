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

struct linking { /* with dependencies; parallel */
    struct app_dependency *metas;
    struct trigger_component *libraries;
    struct trigger_component **all;
    uint32_t decoded;
};

/* A dependency that cannot be read is left to its own check, which says so by its name: SW_ABSENT then. */
static int read_dependencies(const struct trigger_check *check, struct linking *linking)
{
    for (uint32_t i = 0; i < check->dependency_count; i++) {
        struct sw_err unused = {0};
        struct sw_str text = sw_str_of(check->dependencies[i]);
        size_t sign = sw_str_find(text, '=');
        linking->metas[i] = (struct app_dependency){
            .name = sw_str_head(text, sign), .export = sw_str_from(text, sign + 1), .component = i};
        if (trigger_component_decode(NODE_CHECK_DEPENDENCIES_FD + (int)i, "", &linking->libraries[i],
                                     &unused) < 0)
            return SW_ABSENT;
        linking->all[i] = &linking->libraries[i];
        linking->decoded++;
    }
    return 0;
}

static int link_with(const struct trigger_check *check, struct trigger_component *component,
                     struct sw_err *err)
{
    uint32_t n = check->dependency_count;
    const struct app_component *before = component->meta;
    sw_auto_free struct app_dependency *metas = sw_try_alloc_array(n, sizeof *metas);
    sw_auto_free struct trigger_component *libraries = sw_try_alloc_array(n, sizeof *libraries);
    sw_auto_free struct trigger_component **all = sw_try_alloc_array(n, sizeof *all);
    struct linking linking = {metas, libraries, all, 0};
    if (!metas || !libraries || !all)
        return sw_fail(err, SW_ENOMEM, "no memory for %u dependencies", n);
    int rc = read_dependencies(check, &linking);
    const struct app_component meta = {.dependencies = metas, .dependency_count = n};
    component->meta = &meta;
    if (rc == 0)
        rc = trigger_component_compose(component, all, n, err);
    component->meta = before;
    for (uint32_t i = 0; i < linking.decoded; i++)
        trigger_component_deinit(&libraries[i]); /* a plan has slices of them, and nobody looks at it again */
    return rc < 0 ? rc : 0;
}

int trigger_check_run(const struct trigger_check *check, struct sw_err *err)
{
    struct trigger_component component;
    bool alone = check->dependency_count == 0;
    int rc = node_sandbox_compiler(NODE_CHECK_MODULES_FD + (int)check->dependency_count, err);
    if (rc == 0)
        rc = check->link && alone
                 ? trigger_component_read(NODE_CHECK_COMPONENT_FD, check->name, &component, err)
                 : trigger_component_decode(NODE_CHECK_COMPONENT_FD, check->name, &component, err);
    if (rc != 0)
        return rc;
    if (!alone)
        rc = link_with(check, &component, err);
    if (rc < 0) {
        trigger_component_deinit(&component);
        return rc; /* the component's name and the dependency's are in front */
    }
    rc = hand_over(&component, err);
    trigger_component_deinit(&component);
    return rc < 0 ? sw_wrap(err, "'%s'", check->name) : 0;
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
