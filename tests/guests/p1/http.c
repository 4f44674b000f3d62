/* http.c - a guest with libc: printf and malloc, its WASI 0.1 imports through an adapter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWELL_OWN_REALLOC /* libc's allocator is the only one that may give memory out */
#include "swell_http.h"

SWELL_EXPORT("cabi_realloc")
void *cabi_realloc(void *old, uint32_t old_bytes, uint32_t align, uint32_t new_bytes)
{
    (void)old_bytes;
    (void)align; /* malloc aligns to 16, the canonical ABI asks for 8 at most */
    void *p = realloc(old, new_bytes);
    if (!p && new_bytes)
        abort();
    return p;
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    char *text = malloc(64);
    if (!text)
        abort();
    (void)snprintf(text, 64, "%s %.2f\n", "Hello from libc", 2.5);
    printf("answered with %zu bytes\n", strlen(text));
    (void)fflush(stdout);
    respond_text(outparam, 200, (struct text){text, strlen(text)});
    free(text);
    request_drop(request);
}
