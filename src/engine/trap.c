/* trap.c - what stopped a guest: Wasmtime's traps and errors into one record per store.  Room: engine. */
#include <stdio.h>

#include "engine/engine_internal.h"
#include "engine/limits.h"

static const char *const names[] = {
    [ENGINE_TRAP_NONE] = "none",
    [ENGINE_TRAP_STACK_OVERFLOW] = "stack overflow",
    [ENGINE_TRAP_MEMORY_OUT_OF_BOUNDS] = "memory out of bounds",
    [ENGINE_TRAP_TABLE_OUT_OF_BOUNDS] = "table out of bounds",
    [ENGINE_TRAP_INDIRECT_CALL_NULL] = "indirect call to null",
    [ENGINE_TRAP_BAD_SIGNATURE] = "indirect call type mismatch",
    [ENGINE_TRAP_INTEGER_OVERFLOW] = "integer overflow",
    [ENGINE_TRAP_DIVISION_BY_ZERO] = "integer division by zero",
    [ENGINE_TRAP_BAD_CONVERSION] = "invalid conversion to integer",
    [ENGINE_TRAP_UNREACHABLE] = "unreachable",
    [ENGINE_TRAP_UNCAUGHT_EXCEPTION] = "uncaught exception",
    [ENGINE_TRAP_OTHER] = "trap",
    [ENGINE_TRAP_CPU_LIMIT] = "CPU limit",
    [ENGINE_TRAP_MEMORY_LIMIT] = "memory limit of the worker",
    [ENGINE_TRAP_CANCELLED] = "cancelled",
    [ENGINE_TRAP_HOST] = "host refused",
    [ENGINE_TRAP_EXIT] = "exit",
    [ENGINE_TRAP_COMPONENT] = "component model violation",
};

const char *engine_trap_name(enum engine_trap kind)
{
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

/* Codes that have a kind of their own, and what a person reads. */
static const struct {
    int code;
    enum engine_trap kind;
    const char *text;
} traps[] = {
    {WASMTIME_TRAP_CODE_STACK_OVERFLOW, ENGINE_TRAP_STACK_OVERFLOW, "the guest's call stack is exhausted"},
    {WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS, ENGINE_TRAP_MEMORY_OUT_OF_BOUNDS,
     "memory access out of bounds"},
    {WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS, ENGINE_TRAP_TABLE_OUT_OF_BOUNDS, "table access out of bounds"},
    {WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL, ENGINE_TRAP_INDIRECT_CALL_NULL,
     "call through an empty table entry"},
    {WASMTIME_TRAP_CODE_BAD_SIGNATURE, ENGINE_TRAP_BAD_SIGNATURE,
     "indirect call of a function of another type"},
    {WASMTIME_TRAP_CODE_INTEGER_OVERFLOW, ENGINE_TRAP_INTEGER_OVERFLOW, "integer overflow"},
    {WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO, ENGINE_TRAP_DIVISION_BY_ZERO, "integer division by zero"},
    {WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER, ENGINE_TRAP_BAD_CONVERSION,
     "conversion of a number to integer is invalid"},
    {WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED, ENGINE_TRAP_UNREACHABLE,
     "the guest executed 'unreachable'"},
    {WASMTIME_TRAP_CODE_UNCAUGHT_EXCEPTION, ENGINE_TRAP_UNCAUGHT_EXCEPTION,
     "the guest threw an exception that nobody caught"},
    {WASMTIME_TRAP_CODE_HEAP_MISALIGNED, ENGINE_TRAP_OTHER, "unaligned atomic access"},
    {WASMTIME_TRAP_CODE_INTERRUPT, ENGINE_TRAP_OTHER, "interrupted"},
    {WASMTIME_TRAP_CODE_ATOMIC_WAIT_NON_SHARED_MEMORY, ENGINE_TRAP_OTHER,
     "atomic wait on memory that is not shared"},
    {WASMTIME_TRAP_CODE_NULL_REFERENCE, ENGINE_TRAP_OTHER, "use of a null reference"},
    {WASMTIME_TRAP_CODE_ARRAY_OUT_OF_BOUNDS, ENGINE_TRAP_OTHER, "array access out of bounds"},
    {WASMTIME_TRAP_CODE_ALLOCATION_TOO_LARGE, ENGINE_TRAP_OTHER, "allocation is too large"},
    {WASMTIME_TRAP_CODE_CAST_FAILURE, ENGINE_TRAP_OTHER, "cast of a reference failed"},
};

/* In parentheses: tools/tidy.h. */
int(engine_store_fail)(struct engine_store *store, enum engine_trap kind, const char *fmt, ...)
{
    if (engine__poisoned(store) || kind == ENGINE_TRAP_NONE)
        return -SW_EGUEST;
    struct engine_failure *failure = &store->failure;
    failure->kind = kind;
    failure->frames[0] = '\0';
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(failure->text, sizeof failure->text, fmt, args); /* cut when longer: one sentence */
    va_end(args);
    store->engine->stats.traps++;
    return -SW_EGUEST;
}

const struct engine_failure *engine_store_failure(const struct engine_store *store)
{
    return &store->failure;
}

/* A byte that may stand in a log line: names come from the guest. */
static char printable(char c)
{
    return c >= 0x20 && c < 0x7f ? c : '?';
}

static size_t put_frame(char *out, size_t max, size_t number, const wasm_frame_t *frame)
{
    const wasm_name_t *name = wasmtime_frame_func_name(frame);
    int n =
        name && name->size
            ? snprintf(out, max, "%3zu: %.*s\n", number, name->size > 200 ? 200 : (int)name->size, name->data)
            : snprintf(out, max, "%3zu: function %u\n", number, wasm_frame_func_index(frame));
    if (n < 0 || (size_t)n >= max) {
        out[0] = '\0'; /* whole lines only */
        return 0;
    }
    for (int i = 0; i < n - 1; i++)
        out[i] = printable(out[i]);
    return (size_t)n;
}

static void put_frames(struct engine_failure *failure, wasm_frame_vec_t *frames)
{
    size_t used = 0;
    for (size_t i = 0; i < frames->size && i < ENGINE_FRAMES_MAX; i++) {
        size_t n = put_frame(failure->frames + used, sizeof failure->frames - used, i, frames->data[i]);
        if (n == 0)
            break;
        used += n;
    }
    wasm_frame_vec_delete(frames);
}

static void record_text(struct engine_store *store, const wasm_byte_vec_t *message)
{
    if (message->size && memmem(message->data, message->size, "thrown Wasm exception", 21)) {
        (void)engine_store_fail(store, ENGINE_TRAP_UNCAUGHT_EXCEPTION,
                                "the guest threw an exception that nobody caught");
        return;
    }
    /* the cause is the last line that is not empty; what stands before is the backtrace */
    size_t end = message->size;
    while (end && (message->data[end - 1] == '\n' || message->data[end - 1] == '\0'))
        end--;
    size_t from = end;
    while (from && message->data[from - 1] != '\n')
        from--;
    while (from < end && message->data[from] == ' ')
        from++;
    (void)engine_store_fail(store, ENGINE_TRAP_OTHER, "%.*s", end - from > 240 ? 240 : (int)(end - from),
                            message->data + from);
}

static void record_trap(struct engine_store *store, const wasm_trap_t *trap)
{
    wasmtime_trap_code_t code = 0;
    if (wasmtime_trap_code(trap, &code)) {
        for (size_t i = 0; i < sizeof traps / sizeof *traps; i++)
            if (traps[i].code == code) {
                (void)engine_store_fail(store, traps[i].kind, "%s", traps[i].text);
                return;
            }
        (void)engine_store_fail(store, ENGINE_TRAP_OTHER, "trap %d", code);
        return;
    }
    wasm_byte_vec_t message;
    wasm_trap_message(trap, &message);
    record_text(store, &message);
    wasm_byte_vec_delete(&message);
}

int engine__record(struct engine_store *store, wasmtime_error_t *error, wasm_trap_t *trap)
{
    if (!engine__poisoned(store)) {
        if (trap) {
            record_trap(store, trap);
        } else {
            wasm_byte_vec_t message;
            wasmtime_error_message(error, &message);
            record_text(store, &message);
            wasm_byte_vec_delete(&message);
        }
    }
    if (!store->failure.frames[0]) { /* a failure that a host function recorded has none yet */
        wasm_frame_vec_t frames;
        if (trap)
            wasm_trap_trace(trap, &frames);
        else
            wasmtime_error_wasm_trace(error, &frames);
        put_frames(&store->failure, &frames); /* before the trap goes: frames borrow from it */
    }
    if (trap)
        wasm_trap_delete(trap);
    if (error)
        wasmtime_error_delete(error);
    return -SW_EGUEST;
}

int engine__error_take(wasmtime_error_t *error, enum sw_code code, struct sw_err *err)
{
    wasm_byte_vec_t message;
    wasmtime_error_message(error, &message);
    size_t n = message.size;
    int rc = sw_fail(err, code, "%.*s", n > 900 ? 900 : (int)n, message.data ? message.data : "");
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(error);
    if (err)
        for (char *p = err->text; *p; p++)
            if (*p == '\n')
                *p = ' '; /* an error is one line */
    return rc;
}

wasm_trap_t *engine__trap_cheap(void)
{
    return wasmtime_trap_new("host", 4);
}
