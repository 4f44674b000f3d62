/* error.c - filling and wrapping error values.  Room: base. */
#include "base/error.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int exit_status;
    int http_status;
} codes[SW_CODE_COUNT] = {
    [SW_OK] = {"ok", 0, 200},
    [SW_EINPUT] = {"input", 2, 400},
    [SW_ELIMIT] = {"limit", 1, 503},
    [SW_ENOMEM] = {"memory", 1, 503},
    [SW_EIO] = {"io", 1, 500},
    [SW_ETIMEOUT] = {"timeout", 1, 504},
    [SW_ECANCELLED] = {"cancelled", 1, 500},
    [SW_EDENIED] = {"denied", 1, 403},
    [SW_EGUEST] = {"guest", 1, 500},
    [SW_EBUG] = {"bug", 70, 500},
};

__attribute__((format(printf, 4, 0))) static void fill(struct sw_err *err, enum sw_code code,
                                                       const char *where, const char *fmt, va_list args)
{
    err->code = code;
    err->where = where;
    int n = vsnprintf(err->text, sizeof err->text, fmt, args);
    if (n >= (int)sizeof err->text)
        memcpy(err->text + sizeof err->text - 4, "...", 4);
}

int sw_fail_at(struct sw_err *err, enum sw_code code, const char *where, const char *fmt, ...)
{
    assert(code > SW_OK && code < SW_CODE_COUNT);
    if (err) {
        va_list args;
        va_start(args, fmt);
        fill(err, code, where, fmt, args);
        va_end(args);
    }
    return -(int)code;
}

int sw_fail_errno_at(struct sw_err *err, enum sw_code code, int number, const char *where, const char *fmt,
                     ...)
{
    assert(code > SW_OK && code < SW_CODE_COUNT);
    if (err) {
        va_list args;
        va_start(args, fmt);
        fill(err, code, where, fmt, args);
        va_end(args);
        size_t used = strlen(err->text);
        char reason[128] = "";
        const char *text = strerror_r(number, reason, sizeof reason); /* GNU: may return its own text */
        (void)snprintf(err->text + used, sizeof err->text - used, ": %s",
                       text); /* cut when it does not fit */
    }
    return -(int)code;
}

int sw_wrap_at(struct sw_err *err, const char *fmt, ...)
{
    if (!err)
        return -(int)SW_EBUG;
    char inner[SW_ERR_TEXT_MAX];
    memcpy(inner, err->text, sizeof inner);
    va_list args;
    va_start(args, fmt);
    fill(err, err->code, err->where, fmt, args);
    va_end(args);
    size_t used = strlen(err->text);
    int n = snprintf(err->text + used, sizeof err->text - used, ": %s", inner);
    if (n >= (int)(sizeof err->text - used))
        memcpy(err->text + sizeof err->text - 4, "...", 4);
    return -(int)err->code;
}

const char *sw_code_name(enum sw_code code)
{
    return codes[code].name;
}

int sw_code_exit_status(enum sw_code code)
{
    return codes[code].exit_status;
}

int sw_code_http_status(enum sw_code code)
{
    return codes[code].http_status;
}
