/* internal.c - the first steps of workers and compilers.  Room: cli.
 *
 * Both leave SIGINT and SIGTERM to the supervisor: a terminal's Ctrl-C and a service manager's stop reach every process at once, and
 * the supervisor drains workers, ends compilers. */
#include "cli/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/log.h"
#include "node/node.h"
#include "trigger/compile.h"
#include "trigger/worker.h"

#define PARENT(options)                                                                                      \
    {                                                                                                        \
        "parent", 0, CLI_NUMBER, "PID", offsetof(struct options, parent), INT32_MAX, "The supervisor"        \
    }
const struct cli_option cli_internal_check_options[] = {
    PARENT(cli_internal_check),
    {"component", 0, CLI_TEXT, "NAME", offsetof(struct cli_internal_check, component), 0,
     "What messages call the component"},
    {"unlinked", 0, CLI_FLAG, NULL, offsetof(struct cli_internal_check, unlinked), 0,
     "It is linked with others later"},
    {"dependency", 0, CLI_LIST, "NAME=EXPORT", offsetof(struct cli_internal_check, dependencies), 0,
     "What is linked with it"},
    {0},
};
const struct cli_option cli_internal_compile_options[] = {
    PARENT(cli_internal_compile),
    {"offset", 0, CLI_TEXT, "N", offsetof(struct cli_internal_compile, offset), 0,
     "Where the core module begins"},
    {"bytes", 0, CLI_TEXT, "N", offsetof(struct cli_internal_compile, bytes), 0, "How long it is"},
    {"library", 0, CLI_TEXT, "ID", offsetof(struct cli_internal_compile, library), 0,
     "The supervisor's libwasmtime"},
    {0},
};

static int become_child(struct sw_err *err)
{
    if (signal(SIGINT, SIG_IGN) == SIG_ERR || signal(SIGTERM, SIG_IGN) == SIG_ERR)
        return sw_fail_errno(err, SW_EIO, errno, "leave signals to the supervisor");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "give up new privileges");
    return 0;
}

int cli_internal_worker_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    (void)parsed;
    (void)io;
    struct stat st;
    if (fstat(NODE_CHANNEL_FD, &st) != 0 || !S_ISSOCK(st.st_mode))
        return sw_fail(err, SW_EINPUT, "expected a channel to a supervisor: 'swell up' starts this command");
    sw_log_setup(STDERR_FILENO, SW_LOG_WARN, "worker");
    int rc = sw_fault_setup("worker", getenv("SWELL_FAULT"), err);
    if (rc == 0)
        rc = become_child(err);
    return rc < 0 ? rc : trigger_worker_run(NODE_CHANNEL_FD, err);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
static int limit_memory(struct sw_err *err)
{
    (void)err;
    return 0; /* the sanitizer's shadow memory is terabytes of address space */
}
#else
static int limit_memory(struct sw_err *err)
{
    const struct rlimit limit = {CLI_COMPILE_MEMORY_BYTES_MAX, CLI_COMPILE_MEMORY_BYTES_MAX};
    struct rlimit now;
    if (getrlimit(RLIMIT_DATA, &now) == 0 && now.rlim_max < limit.rlim_max)
        return 0; /* somebody has set a lower one */
    return setrlimit(RLIMIT_DATA, &limit) == 0
               ? 0
               : sw_fail_errno(err, SW_EIO, errno, "limit the compiler's memory");
}
#endif

static int become_compiler(uint32_t parent, struct sw_err *err)
{
    struct stat st;
    if (fstat(NODE_COMPILE_CODE_FD, &st) != 0 || !S_ISREG(st.st_mode))
        return sw_fail(err, SW_EINPUT, "expected files of a supervisor: 'swell up' starts this command");
    sw_log_setup(STDERR_FILENO, SW_LOG_WARN, "compiler");
    int rc = sw_fault_setup("compiler", getenv("SWELL_FAULT"), err);
    if (rc == 0)
        rc = become_child(err);
    if (rc == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        rc = sw_fail_errno(err, SW_EIO, errno, "end with the supervisor");
    if (rc == 0 && (uint32_t)getppid() != parent) /* whoever is the parent by now will not end with it */
        rc = sw_fail(err, SW_EIO, "the supervisor has ended");
    (void)prctl(PR_SET_NAME, "swell: compiler", 0, 0, 0); /* only a name */
    return rc < 0 ? rc : limit_memory(err);
}

/* The supervisor puts the component's name in front; it gets the words alone. */
static int report(int rc, const struct cli_io *io, const struct sw_err *err)
{
    if (rc == 0)
        return 0;
    cli_print_safe(io->err, sw_str_of(err->text));
    (void)fflush(io->err); /* nobody else to tell */
    _exit(sw_code_exit_status(err->code));
}

int cli_internal_check_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_internal_check *options = parsed;
    _Static_assert(NODE_CHECK_MODULES_FD == NODE_COMPILE_CODE_FD, "what become_compiler looks at");
    if (!options->component)
        return sw_fail(err, SW_EINPUT, "expected --component: 'swell up' starts this command");
    int rc = become_compiler(options->parent, err);
    if (rc == 0)
        rc = trigger_check_run(&(struct trigger_check){.name = options->component,
                                                       .link = !options->unlinked,
                                                       .dependencies = options->dependencies.items,
                                                       .dependency_count = options->dependencies.count},
                               err);
    return report(rc, io, err);
}

int cli_internal_compile_run(const void *parsed, const struct cli_io *io, struct sw_err *err)
{
    const struct cli_internal_compile *options = parsed;
    uint64_t offset = 0;
    uint64_t bytes = 0;
    if (!sw_str_to_u64(sw_str_of(options->offset), UINT32_MAX, &offset) ||
        !sw_str_to_u64(sw_str_of(options->bytes), UINT32_MAX, &bytes))
        return sw_fail(err, SW_EINPUT,
                       "expected --offset and --bytes as numbers: 'swell up' starts this command");
    int rc = become_compiler(options->parent, err);
    if (rc == 0)
        rc = trigger_library_check(options->library, err);
    if (rc == 0)
        rc = trigger_compile_run(offset, (size_t)bytes, err);
    return report(rc, io, err);
}
