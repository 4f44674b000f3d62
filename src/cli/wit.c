/* wit.c - swell wit: the world of a component.  Room: cli. */
#include <errno.h>
#include <fcntl.h>

#include "base/alloc.h"
#include "cli/inspect.h"
#include "component/component.h"
#include "component/describe.h"
#include "trigger/limits.h"

const struct cli_option cli_wit_options[] = {
    {"FILE", 0, CLI_OPERAND, NULL, offsetof(struct cli_wit, file), 0, "The component"},
    {0},
};

int cli_wasm_read(const char *path, struct sw_buf *ret, struct sw_err *err)
{
    sw_auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    sw_auto_buf bytes = SW_BUF(TRIGGER_WASM_BYTES_MAX);
    if (fd < 0)
        return sw_fail_errno(err, errno == ENOENT ? SW_EINPUT : SW_EIO, errno, "open '%s'", path);
    int rc = sw_buf_read_fd(&bytes, fd, err);
    if (rc < 0)
        return sw_wrap(err, "'%s'", path);
    if (!sw_str_starts(sw_buf_str(&bytes), SW_LIT("\0asm")))
        return sw_fail(err, SW_EINPUT, "'%s': expected a WebAssembly component, got a file of another kind",
                       path);
    *ret = bytes;
    bytes = SW_BUF(0); /* taken by the caller */
    return 0;
}

int cli_print_buf(FILE *out, const struct sw_buf *text, struct sw_err *err)
{
    cli_print_safe(out, sw_buf_str(text));
    return fflush(out) == 0 && !ferror(out) ? 0 : sw_fail_errno(err, SW_EIO, errno, "write the output");
}

static int print_world(const struct component_binary *binary, FILE *out, struct sw_err *err)
{
    sw_auto_buf text = SW_BUF(CLI_OUTPUT_BYTES_MAX);
    struct component_world *world = NULL;
    int rc = component_world_new(binary, &world, err);
    if (rc == 0)
        rc = component_world_print(world, &text, err);
    component_world_free(world);
    return rc < 0 ? rc : cli_print_buf(out, &text, err);
}

int cli_wit_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_wit *options = parsed;
    sw_auto_buf bytes = SW_BUF(0);
    struct component_binary *binary = NULL;
    int rc = cli_wasm_read(options->file, &bytes, err);
    if (rc < 0)
        return rc;
    if (!component_is_component(sw_buf_str(&bytes)))
        return sw_fail(err, SW_EINPUT, "'%s': expected a component, got a core module, which has no world",
                       options->file);
    rc = component_decode(sw_buf_str(&bytes), &binary, err);
    if (rc == 0)
        rc = print_world(binary, io->out, err);
    component_binary_free(binary);
    return rc < 0 ? sw_wrap(err, "'%s'", options->file) : 0;
}
