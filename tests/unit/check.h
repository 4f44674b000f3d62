/* check.h - what unit tests say: cmocka with checks that print both sides.  Name tests as sentences of behaviour; make cases rows. */
#ifndef SW_TESTS_CHECK_H
#define SW_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/str.h"

#define CHECK(condition) assert_true(condition)
#define CHECK_NEVER(why) fail_msg("%s", why) /* reached although it must not be */
#define CHECK_INT(got, want) check_int_((long long)(got), (long long)(want), #got, __FILE__, __LINE__)
#define CHECK_STR(got, want) check_str_((got), (want), #got, __FILE__, __LINE__)
/* got contains `part` */
#define CHECK_HAS(got, part) check_has_((got), (part), #got, __FILE__, __LINE__)
/* rc is 0, or prints the error's text */
#define CHECK_OK(rc, err) check_ok_((rc), (err), #rc, __FILE__, __LINE__)

static inline void check_int_(long long got, long long want, const char *what, const char *file, int line)
{
    if (got != want) {
        print_error("%s:%d: %s is %lld, expected %lld\n", file, line, what, got, want);
        _fail(file, line);
    }
}

static inline void check_str_(struct sw_str got, const char *want, const char *what, const char *file,
                              int line)
{
    if (got.n != strlen(want) || (got.n && memcmp(got.p, want, got.n) != 0)) {
        print_error("%s:%d: %s is '%.*s', expected '%s'\n", file, line, what, (int)got.n, got.n ? got.p : "",
                    want);
        _fail(file, line);
    }
}

static inline void check_has_(const char *got, const char *part, const char *what, const char *file, int line)
{
    if (!strstr(got, part)) {
        print_error("%s:%d: %s is '%s', expected it to contain '%s'\n", file, line, what, got, part);
        _fail(file, line);
    }
}

static inline void check_ok_(int rc, const struct sw_err *err, const char *what, const char *file, int line)
{
    if (rc != 0) {
        print_error("%s:%d: %s gave %d: %s\n", file, line, what, rc, err && rc < 0 ? err->text : "");
        _fail(file, line);
    }
}

#endif
