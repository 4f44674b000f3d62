/* command.c - the command of tests/languages in C. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first line, without its end; empty when there is none. */
static const char *first_line(FILE *from, char *buffer, int bytes)
{
    if (!from || !fgets(buffer, bytes, from))
        return "";
    buffer[strcspn(buffer, "\n")] = '\0';
    return buffer;
}

int main(int argc, char **argv)
{
    char line[256], note[256];
    const char *greeting = getenv("GREETING");
    printf("content-type: text/plain\nx-language: C\n\narguments:");
    for (int i = 1; i < argc; i++)
        printf(" %s", argv[i]);
    printf("\nenvironment: %s\n", greeting ? greeting : "");
    printf("line: %s\n", first_line(stdin, line, sizeof line));
    printf("file: %s\n", first_line(fopen("/data/note.txt", "r"), note, sizeof note));
    return 0;
}
