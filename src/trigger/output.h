/* output.h - lines that guests print, and our own records, to stderr or files, without ever making the loop wait.  Room: trigger. */
#ifndef SW_TRIGGER_OUTPUT_H
#define SW_TRIGGER_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/list.h"
#include "base/str.h"

struct trigger_output;

struct trigger_output_source { /* one stream of a component; the caller's, it outlives the output */
    struct sw_link link;       /* among those that lost lines */
    struct sw_str component;   /* whose lines are told to be lost; empty: log records */
    struct sw_str prefix;      /* in front of each line */
    int fd;                    /* where they go; the caller's */
    uint64_t dropped;          /* lines that found no room since the last notice */
};
void trigger_output_source_init(struct trigger_output_source *source, struct sw_str component, int fd);

/* Starts the thread that writes. gather_ms: how long it may wait for more lines, so that many leave together. Before the sandbox is entered: later there are no new threads. */
int trigger_output_new(uint32_t gather_ms, struct trigger_output **ret, struct sw_err *err) SW_MUST_CHECK;
/* A line without its end; at most TRIGGER_OUTPUT_LINE_MAX bytes of it and its prefix. Control characters become '?'. Never waits: a line
 * that finds no room is counted, and "N lines of component X were dropped" is written when there is room again. */
void trigger_output_line(struct trigger_output *output, struct trigger_output_source *source,
                         struct sw_str line);
/* Takes this process's log records, too (sw_log_redirect), for fd, until trigger_output_free: they then go to the log's own descriptor
 * again, or nowhere when nobody reads it. "N log records were dropped" tells of those that found no room. */
void trigger_output_take_log(struct trigger_output *output, int fd);
/* A stream whose lines go where the log records go that were taken: for what is printed with stdio. To be closed before the output goes. */
int trigger_output_stream(struct trigger_output *output, FILE **ret, struct sw_err *err) SW_MUST_CHECK;
/* Waits until all is written, but not longer than limit_ms. NULL is fine. Sources may go afterwards in either case. Returns false when
 * something was not: then whoever writes to one of the descriptors may wait for ever. */
bool trigger_output_free(struct trigger_output *output, uint32_t limit_ms);

#endif
