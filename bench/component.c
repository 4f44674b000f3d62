/* component.c - what calls between components and a component of four modules cost, in CPU time.  Room: bench.
 *
 *     bench_component [requests]          the table
 *     bench_component --count WHAT N      only N of one kind, inside serve(), for tools/instructions: requests of the four modules ("write" uses
 *                                         the adapter, "plain" does not), or calls ("hosts", "guests", "lists", "rows", "four")
 *
 * Calls run in a loop of guest code, a million at a time. A request is: store, main instantiated, one call of an export, store freed and
 * reset; the component has main, adapter, shim and fixup, as encoders write it for a guest of WASI 0.1. Rows are medians of 9 rounds. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wasmtime.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/clock.h"
#include "component/component.h"
#include "engine/engine.h"
#include "loop/loop.h"

#define ROUNDS 9
#define REQUESTS 4000
#define CALLS 200000
#define CORES_MAX 8
#define ADAPTER_IMPORTS 40 /* the adapter of WASI 0.1 for HTTP has about as many */

/* Calls: a loop of each kind. The strings have 16 and 9 bytes. In parts, as compilers promise 4095 bytes a literal. */
static const char *const calls_wat[] = {
    "(component (import \"bench:host/api@1.0.0\" (instance $api"
    "  (export \"two\" (func (param \"a\" string) (param \"b\" string)))"
    "  (export \"four\" (func (param \"a\" u32) (param \"b\" u32) (param \"c\" u32) (param \"d\" u32)))))"
    "(component $callee (core module $m (memory (export \"m\") 2)"
    "  (func (export \"r\") (param i32 i32 i32 i32) (result i32) (i32.const 1024))"
    "  (func (export \"two\") (param i32 i32 i32 i32)) (func (export \"list\") (param i32 i32)))"
    " (core instance $i (instantiate $m)) (alias core export $i \"m\" (core memory $mem))"
    " (alias core export $i \"r\" (core func $r)) (alias core export $i \"two\" (core func $two))"
    " (alias core export $i \"list\" (core func $list))"
    " (func (export \"two\") (param \"a\" string) (param \"b\" string)"
    "  (canon lift (core func $two) (memory $mem) (realloc $r)))"
    " (type $row (tuple u32 string)) (func (export \"rows\") (param \"l\" (list $row))"
    "  (canon lift (core func $list) (memory $mem) (realloc $r)))"
    " (func (export \"list\") (param \"l\" (list u32))"
    "  (canon lift (core func $list) (memory $mem) (realloc $r))))",
    "(component $caller (import \"api\" (instance $api"
    "  (export \"two\" (func (param \"a\" string) (param \"b\" string)))"
    "  (export \"four\" (func (param \"a\" u32) (param \"b\" u32) (param \"c\" u32) (param \"d\" u32)))))"
    " (import \"callee\" (instance $callee (export \"two\" (func (param \"a\" string) (param \"b\" string)))"
    "  (type $row (tuple u32 string)) (export \"rows\" (func (param \"l\" (list $row))))"
    "  (export \"list\" (func (param \"l\" (list u32))))))"
    "(core module $mem (memory (export \"m\") 2)) (core instance $mem (instantiate $mem))"
    "(alias core export $mem \"m\" (core memory $cm))"
    "(alias export $api \"two\" (func $api-two)) (alias export $api \"four\" (func $api-four))"
    "(alias export $callee \"two\" (func $c-two)) (alias export $callee \"list\" (func $c-list))"
    "(alias export $callee \"rows\" (func $c-rows))"
    "(core func $hosts (canon lower (func $api-two) (memory $cm)))"
    "(core func $guests (canon lower (func $c-two) (memory $cm)))"
    "(core func $lists (canon lower (func $c-list) (memory $cm)))"
    "(core func $rows (canon lower (func $c-rows) (memory $cm)))"
    "(core func $four (canon lower (func $api-four)))"
    "(core module $main (import \"\" \"m\" (memory 2)) (import \"\" \"hosts\" (func $hosts (param i32 i32 "
    "i32 i32)))"
    "  (import \"\" \"guests\" (func $guests (param i32 i32 i32 i32)))"
    "  (import \"\" \"lists\" (func $lists (param i32 i32))) (import \"\" \"rows\" (func $rows (param i32 "
    "i32)))"
    "  (import \"\" \"four\" (func $four (param i32 i32 i32 i32)))"
    "  (data (i32.const 64) \"the first stringthe other\")"
    "  (func (export \"four\") (param i32) (loop $l (call $four (i32.const 64) (i32.const 16) (i32.const 80) "
    "(i32.const 9))"
    "    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))"
    "  (func (export \"hosts\") (param i32) (loop $l (call $hosts (i32.const 64) (i32.const 16) (i32.const "
    "80) (i32.const 9))"
    "    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))"
    "  (func (export \"guests\") (param i32) (loop $l (call $guests (i32.const 64) (i32.const 16) (i32.const "
    "80) (i32.const 9))"
    "    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))"
    "  (func (export \"lists\") (param i32) (loop $l (call $lists (i32.const 64) (i32.const 16384))"
    "    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))"
    "  (func (export \"rows\") (param i32) (loop $l (call $rows (i32.const 4096) (i32.const 100))"
    "    (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"
    "(core instance $main (instantiate $main (with \"\" (instance (export \"m\" (memory $cm))"
    "  (export \"hosts\" (func $hosts)) (export \"guests\" (func $guests)) (export \"lists\" (func $lists))"
    "  (export \"rows\" (func $rows)) (export \"four\" (func $four))))))",
    "(alias core export $main \"four\" (core func $m-four)) (alias core export $main \"hosts\" (core func "
    "$m-hosts))"
    "(alias core export $main \"guests\" (core func $m-guests)) (alias core export $main \"lists\" (core "
    "func $m-lists))"
    "(alias core export $main \"rows\" (core func $m-rows))"
    "(func (export \"four\") (param \"n\" u32) (canon lift (core func $m-four)))"
    "(func (export \"hosts\") (param \"n\" u32) (canon lift (core func $m-hosts)))"
    "(func (export \"guests\") (param \"n\" u32) (canon lift (core func $m-guests)))"
    "(func (export \"lists\") (param \"n\" u32) (canon lift (core func $m-lists)))"
    "(func (export \"rows\") (param \"n\" u32) (canon lift (core func $m-rows))))"
    "(instance $callee (instantiate $callee))"
    "(instance $c (instantiate $caller (with \"api\" (instance $api)) (with \"callee\" (instance $callee))))"
    "(alias export $c \"four\" (func $four)) (export \"four\" (func $four))"
    "(alias export $c \"hosts\" (func $hosts)) (export \"hosts\" (func $hosts))"
    "(alias export $c \"guests\" (func $guests)) (export \"guests\" (func $guests))"
    "(alias export $c \"lists\" (func $lists)) (export \"lists\" (func $lists))"
    "(alias export $c \"rows\" (func $rows)) (export \"rows\" (func $rows))"
    ")"};

struct bench {
    struct loop *loop;
    struct engine *engine;
    struct component_binary *binary;
    struct component_plan *plan;
    struct engine_module *modules[CORES_MAX];
    struct component *component;
    struct sw_err err;
    bool no_ticks; /* the guest never yields: for counting */
    const struct component_export *export;
    uint32_t arg;
    uint32_t left;
    struct component_store *store;
};

static _Noreturn void die(const struct bench *bench, const char *what)
{
    (void)fprintf(stderr, "bench_component: %s: %s\n", what, bench->err.text);
    exit(1);
}

/* ---- the host ---- */

static int two(struct component_call *call, union engine_val *vals)
{
    struct sw_str a;
    struct sw_str b;
    int rc = component_lift_string(call, vals[0].u32, vals[1].u32, &a);
    return rc < 0 ? rc : component_lift_string(call, vals[2].u32, vals[3].u32, &b);
}

static int four(struct component_call *call, union engine_val *vals)
{
    (void)call;
    (void)vals;
    return 0;
}

static const struct component_host_func funcs[] = {
    {"two", "func(a: string, b: string)", two, NULL},
    {"four", "func(a: u32, b: u32, c: u32, d: u32)", four, NULL},
};
static const struct component_host_interface api = {
    .name = "bench:host/api", .version = "1.0.0", .funcs = funcs, .func_count = sizeof funcs / sizeof *funcs};
static const struct component_host_interface *const interfaces[] = {&api};
static const struct component_host host = {.interfaces = interfaces, .interface_count = 1};

/* ---- the component of four modules ---- */

#define PUT(...)                                                                                             \
    do {                                                                                                     \
        if (sw_buf_printf(out, NULL, __VA_ARGS__) < 0)                                                       \
            exit(1);                                                                                         \
    } while (0)

/* Slot 0 is the adapter's function, the others are lowered functions that need main's memory. */
static void put_modules(struct sw_buf *out)
{
    PUT("(core module $shim (type $t (func (param i32 i32 i32 i32))) (table (export \"$imports\") %d %d "
        "funcref)",
        ADAPTER_IMPORTS + 1, ADAPTER_IMPORTS + 1);
    for (int i = 0; i <= ADAPTER_IMPORTS; i++)
        PUT("(func (export \"%d\") (type $t) local.get 0 local.get 1 local.get 2 local.get 3 i32.const %d"
            " call_indirect (type $t))",
            i, i);
    PUT(") (core instance $shim (instantiate $shim)) (alias core export $shim \"$imports\" (core table "
        "$imports))");
    for (int i = 0; i <= ADAPTER_IMPORTS; i++)
        PUT("(alias core export $shim \"%d\" (core func $s%d))", i, i);
    PUT("(core module $main (import \"a\" \"write\" (func $w (param i32 i32 i32 i32))) (memory (export "
        "\"memory\") 17)"
        " (global $sp (mut i32) (i32.const 1048576)) (data (i32.const 1048600) \"some data\")"
        " (func (export \"plain\") (param i32))"
        " (func (export \"write\") (param i32) (call $w (i32.const 1048600) (i32.const 4) (i32.const "
        "1048604) (i32.const 4))))"
        "(core instance $main (instantiate $main (with \"a\" (instance (export \"write\" (func $s0))))))"
        "(core module $adapter (import \"env\" \"memory\" (memory 0))");
    for (int i = 1; i <= ADAPTER_IMPORTS; i++)
        PUT("(import \"h\" \"%d\" (func (param i32 i32 i32 i32)))", i);
    PUT("(global $sp (mut i32) (i32.const 0)) (global $state (mut i32) (i32.const 0))"
        " (func (export \"write\") (param i32 i32 i32 i32)"
        "  (i32.store (i32.const 524288) (local.get 0))"
        "  (call 0 (local.get 0) (local.get 1) (local.get 2) (local.get 3))))"
        "(core instance $adapter (instantiate $adapter (with \"env\" (instance $main)) (with \"h\" "
        "(instance");
    for (int i = 1; i <= ADAPTER_IMPORTS; i++)
        PUT("(export \"%d\" (func $s%d))", i, i);
    PUT(")))) (alias core export $main \"memory\" (core memory $memory))"
        "(alias core export $main \"plain\" (core func $plain)) (alias core export $main \"write\" (core "
        "func $write))"
        "(alias core export $adapter \"write\" (core func $a-write))");
}

static void put_four_modules(struct sw_buf *out)
{
    PUT("(component (import \"bench:host/api@1.0.0\" (instance $api"
        " (export \"two\" (func (param \"a\" string) (param \"b\" string))))) (alias export $api \"two\" "
        "(func $two))");
    put_modules(out);
    for (int i = 1; i <= ADAPTER_IMPORTS; i++)
        PUT("(core func $f%d (canon lower (func $two) (memory $memory)))", i);
    PUT("(core module $fixup (import \"\" \"$imports\" (table %d %d funcref))", ADAPTER_IMPORTS + 1,
        ADAPTER_IMPORTS + 1);
    for (int i = 0; i <= ADAPTER_IMPORTS; i++)
        PUT("(import \"\" \"%d\" (func (param i32 i32 i32 i32)))", i);
    PUT("(elem (i32.const 0) func");
    for (int i = 0; i <= ADAPTER_IMPORTS; i++)
        PUT(" %d", i);
    PUT(")) (core instance (instantiate $fixup (with \"\" (instance (export \"$imports\" (table $imports))"
        " (export \"0\" (func $a-write))");
    for (int i = 1; i <= ADAPTER_IMPORTS; i++)
        PUT("(export \"%d\" (func $f%d))", i, i);
    PUT("))))"
        "(func (export \"plain\") (param \"n\" u32) (canon lift (core func $plain)))"
        "(func (export \"write\") (param \"n\" u32) (canon lift (core func $write))))");
}

/* ---- loading ---- */

static void assemble(struct bench *bench, struct sw_str text, wasm_byte_vec_t *ret)
{
    wasmtime_error_t *error = wasmtime_wat2wasm(text.p, text.n, ret);
    wasm_name_t message;
    if (!error)
        return;
    wasmtime_error_message(error, &message);
    (void)sw_fail(&bench->err, SW_EINPUT, "%.*s", (int)message.size, message.data);
    wasm_byte_vec_delete(&message);
    wasmtime_error_delete(error);
    die(bench, "assemble");
}

static int file_of(struct sw_str bytes)
{
    int fd = memfd_create("bench", MFD_CLOEXEC);
    if (fd < 0 || (bytes.n && write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n))
        exit(1);
    return fd;
}

static void open_module(struct bench *bench, uint32_t index)
{
    const struct engine_core *core = component_binary_core(bench->binary, index);
    sw_auto_buf cwasm = SW_BUF(1u << 24);
    sw_auto_buf image = SW_BUF(1u << 24);
    if (engine_compile(core, &cwasm, &image, &bench->err) < 0)
        die(bench, "compile");
    sw_auto_close int cwasm_fd = file_of(sw_buf_str(&cwasm));
    sw_auto_close int image_fd = file_of(sw_buf_str(&image));
    if (engine_module_open(bench->engine, core, cwasm_fd, image_fd, &bench->modules[index], &bench->err) < 0)
        die(bench, "open");
}

/* `bytes` must outlive the bench. */
static void open_bench(struct bench *bench, struct sw_str bytes)
{
    if (loop_new(&bench->loop, &bench->err) < 0 ||
        engine_new(&(struct engine_config){.tick_ms = bench->no_ticks ? 500 : 0}, bench->loop, &bench->engine,
                   &bench->err) < 0 ||
        component_decode(bytes, &bench->binary, &bench->err) < 0 ||
        component_link(bench->binary, &host, &bench->plan, &bench->err) < 0)
        die(bench, "load");
    for (uint32_t i = 0; i < component_binary_core_count(bench->binary) && i < CORES_MAX; i++)
        if (component_plan_uses_core(bench->plan, i))
            open_module(bench, i);
    if (component_bind(bench->plan, bench->engine, bench->modules, &bench->component, &bench->err) < 0)
        die(bench, "bind");
}

static void close_bench(struct bench *bench)
{
    component_free(bench->component);
    for (uint32_t i = 0; i < CORES_MAX; i++)
        engine_module_free(bench->modules[i]);
    component_plan_free(bench->plan);
    component_binary_free(bench->binary);
    engine_free(bench->engine);
    loop_free(bench->loop);
}

static void choose(struct bench *bench, const char *export, uint32_t arg)
{
    bench->export = component_export_find(bench->component, SW_LIT(""), SW_LIT(""), sw_str_of(export));
    bench->arg = arg;
    if (!bench->export)
        die(bench, export);
}

/* ---- requests, one after the other on the loop ---- */

static int request_wait(void *arg, struct component_store *store)
{
    struct bench *bench = arg;
    const struct component_value value = {.u64 = bench->arg};
    return component_call_wait(store, bench->export, &value, 1, NULL);
}

static void begin(struct bench *bench);

static void request_done(void *arg, int rc)
{
    struct bench *bench = arg;
    if (rc != 0) {
        (void)fprintf(stderr, "bench_component: %s\n",
                      engine_store_failure(component_store_engine(bench->store))->text);
        exit(1);
    }
    component_store_free(bench->store);
    if (--bench->left == 0)
        loop_stop(bench->loop);
    else
        begin(bench);
}

static void begin(struct bench *bench)
{
    static const struct engine_limits limits = {.cpu_ms_max = 60000};
    if (component_store_new(bench->component, &limits, bench, &bench->store, &bench->err) < 0 ||
        component_store_start(bench->store, request_wait, request_done, bench, &bench->err) < 0)
        die(bench, "request");
}

/* Named: tools/instructions counts what runs in it. */
static __attribute__((noinline)) void serve(struct bench *bench, uint32_t requests)
{
    bench->left = requests;
    begin(bench);
    if (loop_run(bench->loop, &bench->err) < 0)
        die(bench, "loop");
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Microseconds of CPU time per unit, the loop's own turn included. */
static double measure(struct bench *bench, uint32_t requests, double units)
{
    double rounds[ROUNDS];
    serve(bench, 1);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t began = sw_clock_thread_cpu_ns();
        serve(bench, requests);
        rounds[i] = (double)(sw_clock_thread_cpu_ns() - began) / 1e3 / units;
    }
    qsort(rounds, ROUNDS, sizeof *rounds, by_size);
    return rounds[ROUNDS / 2];
}

static void open_calls(struct bench *bench, struct sw_buf *text, wasm_byte_vec_t *wasm)
{
    for (size_t i = 0; i < sizeof calls_wat / sizeof *calls_wat; i++)
        if (sw_buf_printf(text, NULL, "%s", calls_wat[i]) < 0)
            exit(1);
    assemble(bench, sw_buf_str(text), wasm);
    open_bench(bench, sw_str(wasm->data, wasm->size));
}

static void open_four_modules(struct bench *bench, struct sw_buf *text, wasm_byte_vec_t *wasm)
{
    put_four_modules(text);
    assemble(bench, sw_buf_str(text), wasm);
    open_bench(bench, sw_str(wasm->data, wasm->size));
}

static void measure_calls(void)
{
    static const struct {
        const char *export, *what;
        uint32_t calls;
    } rows[] = {{"four", "host call, four numbers", CALLS},
                {"hosts", "host call, two strings", CALLS},
                {"guests", "guest to guest, two strings", CALLS},
                {"lists", "guest to guest, a list of 64 KiB", CALLS / 20},
                {"rows", "guest to guest, 100 records with a string", CALLS / 20}};
    struct bench bench = {.left = 0};
    wasm_byte_vec_t wasm;
    sw_auto_buf text = SW_BUF(1u << 20);
    open_calls(&bench, &text, &wasm);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        choose(&bench, rows[i].export, rows[i].calls);
        (void)printf("%-45s %8.3f us\n", rows[i].what, measure(&bench, 1, rows[i].calls));
    }
    close_bench(&bench);
    wasm_byte_vec_delete(&wasm);
}

static void measure_requests(uint32_t requests)
{
    struct bench bench = {.left = 0};
    wasm_byte_vec_t wasm;
    sw_auto_buf text = SW_BUF(1u << 20);
    open_four_modules(&bench, &text, &wasm);
    choose(&bench, "write", 0);
    (void)printf("%-45s %8.3f us\n", "request, four modules, adapter used",
                 measure(&bench, requests, requests));
    choose(&bench, "plain", 0);
    (void)printf("%-45s %8.3f us\n", "request, four modules, adapter not used",
                 measure(&bench, requests, requests));
    close_bench(&bench);
    wasm_byte_vec_delete(&wasm);
}

static void count(const char *what, uint32_t n)
{
    struct bench bench = {.no_ticks = true};
    wasm_byte_vec_t wasm;
    sw_auto_buf text = SW_BUF(1u << 20);
    bool requests = strcmp(what, "write") == 0 || strcmp(what, "plain") == 0;
    if (requests)
        open_four_modules(&bench, &text, &wasm);
    else
        open_calls(&bench, &text, &wasm);
    choose(&bench, what, requests ? 0 : n);
    serve(&bench, requests ? n : 1);
    close_bench(&bench);
    wasm_byte_vec_delete(&wasm);
}

int main(int argc, char **argv)
{
    uint64_t requests = REQUESTS;
    bool counts = argc == 4 && strcmp(argv[1], "--count") == 0;
    if (argc > (counts ? 4 : 2) ||
        (argc > 1 && (!sw_str_to_u64(sw_str_of(argv[argc - 1]), 10000000, &requests) || requests == 0))) {
        (void)fprintf(stderr, "usage: bench_component [requests]\n       bench_component --count WHAT N\n");
        return 2;
    }
    if (counts) {
        count(argv[2], (uint32_t)requests);
        return 0;
    }
    measure_calls();
    measure_requests((uint32_t)requests);
    return 0;
}
