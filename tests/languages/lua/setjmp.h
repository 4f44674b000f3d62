/* setjmp.h - Lua includes it; raise.h says what is used in its place. */
