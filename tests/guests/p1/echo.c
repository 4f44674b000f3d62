/* echo.c - a command for WASI 0.1: its arguments, then its input, one a line. */
#include <stdio.h>

int main(int count, char **arguments)
{
    char line[256];
    for (int i = 0; i < count; i++)
        printf("%s\n", arguments[i]);
    while (fgets(line, sizeof line, stdin))
        fputs(line, stdout);
    return 0;
}
