/* log.h - log records: level, room, event and key=value pairs, one line each, to one descriptor.  Room: base.
 *
 * Library rooms return errors; only the edges (cli, trigger, node, cloud) log them, once. Never a secret, never a body. */
#ifndef SW_BASE_LOG_H
#define SW_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum sw_log_level { SW_LOG_ERROR, SW_LOG_WARN, SW_LOG_INFO, SW_LOG_DEBUG };

#define SW_LOG_LINE_MAX 4096 /* longer lines are cut; atomic for pipes (PIPE_BUF) */

/* `least` is what is logged where the environment says nothing: SWELL_LOG=info for all, SWELL_LOG=info,trigger=debug,http=warn by rooms;
 * the last word on a room counts. SWELL_LOG_FORMAT=json makes each record an object: time, level, process, room, event, text. */
void sw_log_setup(int fd, enum sw_log_level least,
                  const char *process);     /* process: "supervisor", "worker 0", ... */
bool sw_log_levels_valid(const char *list); /* whether each word of it was understood */
/* From now on records go to `write` instead of the descriptor, each with its line end; it must not wait or log. NULL: back to the descriptor.
 * Not while another thread may log. */
typedef void sw_log_write_fn(void *arg, const char *line, size_t n);
void sw_log_redirect(sw_log_write_fn *write, void *arg);
/* fmt makes the key=value part: "app=%s component=%s"; control characters become blanks. */
void sw_log(enum sw_log_level level, const char *room, const char *event, const char *fmt, ...)
    SW_PRINTF(4, 5);

/* Replaces by `instead` what could forge a line or drive a terminal: C0 but `spared`, DEL, and C1 as UTF-8 has it (each byte). */
void sw_log_clean(char *text, size_t n, char instead, char spared);

#define sw_log_error(room, event, ...) sw_log(SW_LOG_ERROR, room, event, __VA_ARGS__)
#define sw_log_warn(room, event, ...) sw_log(SW_LOG_WARN, room, event, __VA_ARGS__)
#define sw_log_info(room, event, ...) sw_log(SW_LOG_INFO, room, event, __VA_ARGS__)
#define sw_log_debug(room, event, ...) sw_log(SW_LOG_DEBUG, room, event, __VA_ARGS__)

#endif
