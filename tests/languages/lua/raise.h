/* raise.h - what Lua is told before its own headers, so that it builds with Debian 12's wasi-libc, which has no setjmp: an error ends the
 * program with its message, and pcall cannot catch it. */
#ifndef SWELL_LUA_RAISE_H
#define SWELL_LUA_RAISE_H

struct lua_State;
_Noreturn void swell_lua_raised(struct lua_State *lua);

#define LUAI_THROW(L, c) swell_lua_raised(L)
#define LUAI_TRY(L, c, a)                                                                                    \
    {                                                                                                        \
        a                                                                                                    \
    }
#define luai_jmpbuf int

#include <stdio.h> /* before tmpfile is none */
#define tmpfile() NULL

/* What a WASI program has not: signals, other programs, temporary files. */
#define l_signalT int
#define l_system(command) ((command) == NULL ? 0 : -1)
#define LUA_TMPNAMBUFSIZE 32
#define lua_tmpnam(buffer, error)                                                                            \
    {                                                                                                        \
        error = 1;                                                                                           \
    }

#endif
