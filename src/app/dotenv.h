/* dotenv.h - files of environment variables: NAME=value, a line each.  Room: app. */
#ifndef SW_APP_DOTENV_H
#define SW_APP_DOTENV_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct app_dotenv { /* reading */
    struct sw_str rest;
    struct sw_str file; /* for messages */
    unsigned line;      /* of what was read last */
};

/* The next variable; lines without one (empty, '#') are passed over. Values are views, or copies in arena when they have escapes.
 * Returns 0, or SW_END. fails: SW_EINPUT "<file>:<line>: ..." without the value
 * Forms: NAME=text up to " #", NAME='as it is', NAME="with \n, \r, \t, \\, \", \$"; `export ` may stand in front. "$NAME" stays as it is. */
int app_dotenv_next(struct app_dotenv *dotenv, struct sw_arena *arena, struct sw_str *ret_name,
                    struct sw_str *ret_value, struct sw_err *err) SW_MUST_CHECK;

#endif
