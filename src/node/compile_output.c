/* compile_output.c - what compilers leave: text in memory files, core modules, and the reasons of their ends.  Room: node.
 *
 * All of it comes from a process that parsed bytes of a stranger, and is checked like them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "node/compile_internal.h"
#include "node/limits.h"
#include "node/sandbox_internal.h"

int node__output_file(size_t bytes, int *ret_fd, struct sw_err *err)
{
    sw_auto_close int fd = memfd_create("swell-compile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "make a memory file");
    *ret_fd = fd;
    fd = -1; /* taken by the caller */
    return 0;
}

/* What was written: up to the first NUL byte. */
static int output_read(int fd, struct sw_buf *buffer, struct sw_str *ret, struct sw_err *err)
{
    int rc = node__read_whole(fd, buffer, err);
    if (rc == 0)
        *ret = sw_str_head(sw_buf_str(buffer), sw_str_find(sw_buf_str(buffer), '\0'));
    return rc;
}

/* ---- the check's lines ---- */

static struct sw_str take_word(struct sw_str *line)
{
    size_t end = sw_str_find(*line, ' ');
    struct sw_str word = end == SW_NPOS ? *line : sw_str_head(*line, end);
    *line = end == SW_NPOS ? sw_str("", 0) : sw_str_from(*line, end + 1);
    return word;
}

/* "core <index> <bytes>" */
static int read_line(struct node__modules *modules, struct sw_str line, struct sw_err *err)
{
    struct sw_str rest = line;
    uint64_t index = 0;
    uint64_t bytes = 0;
    bool good = sw_str_eq(take_word(&rest), SW_LIT("core")) &&
                sw_str_to_u64(take_word(&rest), NODE_ARTIFACTS_MAX - 1, &index) && index == modules->count &&
                sw_str_to_u64(rest, NODE_MODULES_BYTES_MAX - modules->total, &bytes) && bytes > 0;
    if (!good)
        return sw_fail(err, SW_EBUG, "the compiler printed '" SW_FMT "', expected 'core %u <bytes>'",
                       SW_ARG(sw_str_head(line, 100)), modules->count);
    modules->parts[modules->count++] =
        (struct node__module){.offset = (uint32_t)modules->total, .bytes = (uint32_t)bytes};
    modules->total += bytes;
    return 0;
}

/* The writer has ended: from here on nobody changes them. */
static int map_modules(struct node__modules *modules, struct sw_err *err)
{
    if (modules->total == 0)
        return 0;
    if (fcntl(modules->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "seal a memory file");
    void *map = mmap(NULL, modules->total, PROT_READ, MAP_PRIVATE, modules->fd, 0);
    if (map == MAP_FAILED)
        return sw_fail_errno(err, SW_EIO, errno, "map %zu bytes of core modules", modules->total);
    modules->map = map;
    return 0;
}

int node__modules_read(int out_fd, struct node__modules *modules, struct sw_err *err)
{
    sw_auto_buf out = SW_BUF(NODE_COMPILE_OUTPUT_BYTES_MAX);
    struct sw_str text = {NULL, 0};
    int rc = output_read(out_fd, &out, &text, err);
    if (rc < 0)
        return rc;
    modules->parts = sw_try_alloc_array(NODE_ARTIFACTS_MAX, sizeof *modules->parts);
    if (!modules->parts)
        return sw_fail(err, SW_ENOMEM, "no memory for %d core modules", NODE_ARTIFACTS_MAX);
    while (rc == 0 && text.n) {
        size_t end = sw_str_find(text, '\n');
        if (end == SW_NPOS)
            return sw_fail(err, SW_EBUG, "the compiler's output ends inside a line");
        rc = read_line(modules, sw_str_head(text, end), err);
        text = sw_str_from(text, end + 1);
    }
    return rc < 0 ? rc : map_modules(modules, err);
}

struct sw_str node__module_bytes(const struct node__modules *modules, uint32_t index)
{
    return sw_str(modules->map + modules->parts[index].offset, modules->parts[index].bytes);
}

void node__modules_deinit(struct node__modules *modules)
{
    if (modules->map)
        (void)munmap((void *)(uintptr_t)modules->map, modules->total); /* ours, whole */
    if (modules->fd >= 0)
        (void)close(modules->fd); /* a memory file: nothing can be lost */
    sw_free(modules->parts);
    *modules = (struct node__modules){.fd = -1};
}

/* ---- an end that is none ---- */

int node__compile_failure(const struct node__compile_end *end, struct sw_err *err)
{
    char what[64];
    struct sw_str id = end->component->id;
    sw_auto_buf buffer = SW_BUF(NODE_COMPILE_MESSAGE_BYTES_MAX);
    struct sw_str message = {NULL, 0};
    int rc = output_read(end->err_fd, &buffer, &message, err);
    if (rc < 0)
        return rc;
    while (message.n && (message.p[message.n - 1] == '\n' || message.p[message.n - 1] == ' '))
        message.n--;
    enum sw_code code = end->exit_status == sw_code_exit_status(SW_EINPUT) ? SW_EINPUT : SW_EIO;
    what[0] = '\0';
    if (end->module != NODE__NO_MODULE)
        (void)snprintf(what, sizeof what, "core module %u: ", end->module); /* fits */
    if (end->term_signal)
        return sw_fail(err, code,
                       "component '" SW_FMT "': %sits compiler was ended by signal %d (%s)%s" SW_FMT,
                       SW_ARG(id), what, end->term_signal, node__signal_text(end->term_signal),
                       message.n ? ": " : "", SW_ARG(message));
    if (message.n == 0)
        return sw_fail(err, code, "component '" SW_FMT "': %sits compiler ended with status %d", SW_ARG(id),
                       what, end->exit_status);
    if (end->module != NODE__NO_MODULE)
        return sw_fail(err, code, "component '" SW_FMT "': '" SW_FMT "': %s" SW_FMT, SW_ARG(id),
                       SW_ARG(end->component->source), what, SW_ARG(message));
    return sw_fail(err, code, "component '" SW_FMT "': " SW_FMT, SW_ARG(id), SW_ARG(message));
}
