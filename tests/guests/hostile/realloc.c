/* realloc.c - a guest whose allocator, which the host calls for what it returns, misbehaves; REALLOC says how. */
#define SWELL_OWN_REALLOC
#include "swell_http.h"

#define DEEP 1      /* recurses without end */
#define LEAVE 2     /* calls an import, which may not be done there */
#define OUTSIDE 3   /* gives an address outside the memory */
#define UNALIGNED 4 /* gives an odd address */
#define LOOP 5      /* never returns */
#define TRAP 6
#define GROW 7   /* grows the memory first: allowed, and pages may lie elsewhere for the host then */
#define BOTTOM 8 /* gives address 0: allowed */
#define EDGE 9   /* gives the memory's last bytes: aligned, but too short */
#define EXIT 10  /* leaves by wasi:cli/exit */

#if REALLOC == DEEP || REALLOC == LOOP
static volatile uint32_t sink;
#endif

#if REALLOC == EXIT
SWELL_IMPORT("wasi:cli/exit@0.2.0", "exit") void cli_exit(int32_t is_err);
#endif

#if REALLOC == DEEP
__attribute__((noinline)) static uint32_t deep(uint32_t n)
{
    return n == UINT32_MAX ? 1 : deep(n + 1) * 3 + sink;
}
#endif

SWELL_EXPORT("cabi_realloc")
void *cabi_realloc(void *old, uint32_t old_bytes, uint32_t align, uint32_t new_bytes)
{
    (void)old;
    (void)old_bytes;
#if REALLOC == DEEP
    sink = deep(0);
#elif REALLOC == LEAVE
    fields_drop(fields_new());
#elif REALLOC == OUTSIDE
    return (void *)(uintptr_t)0xffff0000;
#elif REALLOC == UNALIGNED
    return (char *)heap_alloc(new_bytes + 2 * align, align) + 1;
#elif REALLOC == LOOP
    for (;;)
        sink++;
#elif REALLOC == TRAP
    __builtin_trap();
#elif REALLOC == GROW
    __builtin_wasm_memory_grow(0, 3);
#elif REALLOC == BOTTOM
    return (void *)0;
#elif REALLOC == EDGE
    return (void *)(uintptr_t)((__builtin_wasm_memory_size(0) << 16) - 8);
#elif REALLOC == EXIT
    cli_exit(0);
#endif
    return heap_alloc(new_bytes, align);
}

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle") void handle_request(handle request, handle outparam)
{
    struct ret_fields fields; /* its lists need an alignment of 4 */
    fields_entries(request_headers(request), &fields);
    respond_text(outparam, 200, TEXT("the host took it\n"));
}
