/* logs.h - the files that components' output and the access log go to.  Room: trigger. */
#ifndef SW_TRIGGER_LOGS_H
#define SW_TRIGGER_LOGS_H

#include <stdbool.h>

#include "app/app.h"
#include "base/error.h"
#include "base/str.h"
#include "http/server.h"
#include "trigger/settings.h"

struct trigger_logs;
struct trigger_output;

/* "<component>_stdout.txt" or "..._stderr.txt", without what is no good in a file's name (spin.md 5.9). */
int trigger_log_name(struct sw_str component, bool is_stderr, struct sw_buf *ret,
                     struct sw_err *err) SW_MUST_CHECK;

/* Opens, for appending, the files of every component that prints, and the access log; before the sandbox. settings and app outlive it.
 * terminal: what writes to stderr; NULL: nothing does. fails: SW_EIO with the file's name */
int trigger_logs_new(const struct trigger_settings *settings, const struct app *app,
                     struct trigger_output *terminal, struct trigger_logs **ret,
                     struct sw_err *err) SW_MUST_CHECK;
/* A line that the component of this index printed. */
void trigger_logs_line(struct trigger_logs *logs, uint32_t component, bool is_stderr, struct sw_str line);
bool trigger_logs_wants_access(const struct trigger_logs *logs);
/* A request is over: an http_ended_fn. */
void trigger_logs_access(void *logs, const struct http_ended *ended);
/* Before the terminal's output goes. Waits as trigger_output_free does. NULL is fine. */
void trigger_logs_free(struct trigger_logs *logs, uint32_t limit_ms);

#endif
