/* single.c - one component, given to one process that ends with the one that started it.  Room: cli. */
#include "cli/single.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "node/node.h"

int cli_single_begin(const char *command, struct sw_err *err)
{
    struct ucred maker;
    socklen_t n = sizeof maker;
    if (getsockopt(NODE_CHANNEL_FD, SOL_SOCKET, SO_PEERCRED, &maker, &n) != 0)
        return sw_fail(err, SW_EINPUT, "expected a channel: '%s' starts this command", command);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        return sw_fail_errno(err, SW_EIO, errno, "end with '%s'", command);
    if (getppid() != maker.pid) /* it made the channel; whoever is the parent now will not end with it */
        return sw_fail(err, SW_EIO, "'%s' has ended", command);
    return 0;
}

int cli_single_fail(int rc, const char *id, struct sw_err *err)
{
    struct sw_str text = sw_str_of(err->text), named = sw_str_of(id);
    size_t behind = SW_LIT("component '").n;
    bool starts = sw_str_starts(text, SW_LIT("component '")) &&
                  sw_str_starts(sw_str_from(text, behind), named) &&
                  sw_str_starts(sw_str_from(text, behind + named.n), SW_LIT("': "));
    if (!starts)
        return rc;
    struct sw_err whole = *err;
    return sw_fail(err, whole.code, "%s", whole.text + behind + named.n + SW_LIT("': ").n);
}
