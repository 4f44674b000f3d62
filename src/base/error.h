/* error.h - the caller-owned error value and the three-way return.  Room: base.
 *
 * A function that can fail returns int: 0 done; > 0 an outcome its comment names; < 0 failed and *err is filled.
 * Failing needs no memory: struct sw_err lives in the caller. */
#ifndef SW_BASE_ERROR_H
#define SW_BASE_ERROR_H

#include <stdarg.h>

#define SW_MUST_CHECK __attribute__((warn_unused_result))
/* Drops a result on purpose; the reason stands beside it. (gcc does not take a cast to void for that.) */
#define sw_ignore(call) ((void)!(call))
#define SW_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum sw_code {
    SW_OK = 0,
    SW_EINPUT = 1, /* what was given is not valid */
    SW_ELIMIT,     /* a named limit was reached */
    SW_ENOMEM,     /* no memory */
    SW_EIO,        /* the system or a peer failed */
    SW_ETIMEOUT,   /* not done in time */
    SW_ECANCELLED, /* the caller, or the end of what it belonged to, asked to stop */
    SW_EDENIED,    /* not granted */
    SW_EGUEST,     /* the guest trapped or broke its contract */
    SW_EBUG,       /* our own mistake */
    SW_CODE_COUNT
};

/* Outcomes (> 0) that many functions share; each comment says which apply. */
enum sw_outcome { SW_ABSENT = 1, SW_WAIT = 2, SW_END = 3 };

#define SW_ERR_TEXT_MAX 1024 /* a sentence, a path and a hint; longer texts are cut with "..." */

struct sw_err {
    enum sw_code code;
    const char *where; /* file.c:line of the origin, for logs */
    char text[SW_ERR_TEXT_MAX];
};

/* Fills *err (which may be NULL) and returns -code. */
#define sw_fail(err, code, ...) sw_fail_at((err), (code), SW_WHERE, __VA_ARGS__)
/* As sw_fail, with the text of errno `number` behind ": ". */
#define sw_fail_errno(err, code, number, ...) sw_fail_errno_at((err), (code), (number), SW_WHERE, __VA_ARGS__)
/* Puts "<text>: " in front of *err's text; returns -err->code. */
#define sw_wrap(err, ...) sw_wrap_at((err), __VA_ARGS__)

#define SW_STRINGIFY_(x) #x
#define SW_STRINGIFY(x) SW_STRINGIFY_(x)
#define SW_WHERE __FILE_NAME__ ":" SW_STRINGIFY(__LINE__)

int sw_fail_at(struct sw_err *err, enum sw_code code, const char *where, const char *fmt, ...)
    SW_PRINTF(4, 5);
int sw_fail_errno_at(struct sw_err *err, enum sw_code code, int number, const char *where, const char *fmt,
                     ...) SW_PRINTF(5, 6);
int sw_wrap_at(struct sw_err *err, const char *fmt, ...) SW_PRINTF(2, 3);

const char *sw_code_name(enum sw_code code); /* "input", "limit", ... for logs */
int sw_code_exit_status(enum sw_code code);  /* what a command ends with */
int sw_code_http_status(enum sw_code code);  /* what a client is told: 400, 500, 503, 504 */

#endif
