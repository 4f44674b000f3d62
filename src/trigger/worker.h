/* worker.h - a worker process: serves the application that the supervisor sends it.  Room: trigger. */
#ifndef SW_TRIGGER_WORKER_H
#define SW_TRIGGER_WORKER_H

#include "base/error.h"

/* Runs until the supervisor asks to drain, or is gone. channel_fd: this process's end of the channel (node.h). */
int trigger_worker_run(int channel_fd, struct sw_err *err) SW_MUST_CHECK;

#endif
