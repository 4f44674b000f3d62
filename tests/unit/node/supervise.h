/* supervise.h - runs a supervisor with fake_node for a test.  Room: tests. */
#ifndef SW_TESTS_NODE_SUPERVISE_H
#define SW_TESTS_NODE_SUPERVISE_H

#include <limits.h>
#include <sys/types.h>

#include "node/node_internal.h"

extern char dir[PATH_MAX]; /* of this test */
extern char cache[PATH_MAX + 16];
extern char wasm[PATH_MAX + 16];

struct seen { /* what the supervisor told, and what to do then */
    int ready;
    int progress;
    int done;
    int loads;
    int reloaded;
    int reloads_wanted; /* SIGTERM then */
    bool kill_self;     /* SIGKILL when ready, instead of SIGTERM */
    bool stay;          /* no signal when ready */
    bool stop_at_progress;
    bool hangup;                         /* SIGHUP when ready */
    void (*at_ready)(struct seen *seen); /* in a process of its own, which it ends */
    pid_t asker;                         /* that one */
    int (*load)(struct seen *seen, struct app **ret, struct sw_err *err);
    const char *run_dir;
    long fail_after;
};

extern const struct node__timing quick;
extern const struct node__timing impatient;

int set_up(void **state); /* FAKE_* variables are unset, the log goes to a file */
int tear_down(void **state);
int warm_up(void **state); /* once for all tests */
int supervise(const struct node__timing *timing, uint32_t workers, struct seen *seen, struct sw_err *err);
bool marked(const char *name); /* fake_node made the mark */
void check_log(const char *part);
int load_second(struct seen *seen, struct app **ret,
                struct sw_err *err); /* the same application, version "2" */

#endif
