/* banned.h - calls that the project does not use; included by every build through the compiler's command line.  Room: base. */
#ifndef SW_BASE_BANNED_H
#define SW_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf strtok atoi gets strncpy strncat localtime gmtime vsprintf

#endif
