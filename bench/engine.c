/* engine.c - what the engine costs a request, in microseconds of CPU time.  Room: bench.
 *
 *     bench_engine [requests]
 *     bench_engine --count N      only N requests with one export call, inside serve(), for tools/instructions
 *
 * A request is: store, instantiate one module, one call with one export call in it, done, store freed and its slot reset. The guest
 * writes N pages around a stack pointer. Rows are medians of 9 rounds. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <wasmtime.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "loop/loop.h"

#define ROUNDS 9
#define REQUESTS 4000

/* As large as a small Rust guest: 17 pages, a little data, a table. */
static const char guest_wat[] =
    "(module (import \"h\" \"nop\" (func $nop))(import \"h\" \"park\" (func $park))(memory (export \"m\") "
    "17)(table 32 funcref)"
    "(global $sp (mut i32) (i32.const 1048576))(data (i32.const 1048600) \"some data\")"
    "(func (export \"touch\") (param i32) (local i32) (local.set 1 (i32.const 524288)) (block $e (loop $l "
    "(br_if $e (i32.eqz (local.get 0)))"
    "  (i32.store (local.get 1) (i32.const 7)) (local.set 1 (i32.add (local.get 1) (i32.const 4096)))"
    "  (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $l))))"
    "(func (export \"id\") (param i32))"
    "(func (export \"hosts\") (param i32) (loop $l (call $nop) (br_if $l (local.tee 0 (i32.sub (local.get 0) "
    "(i32.const 1))))))"
    "(func (export \"parks\") (param i32) (loop $l (call $park) (br_if $l (local.tee 0 (i32.sub (local.get "
    "0) (i32.const 1)))))))";

struct bench {
    struct loop *loop;
    struct engine *engine;
    struct engine_module *module;
    struct engine_bound *bound;
    struct sw_err err;
    struct sw_arena arena;
    const char *export;
    int32_t arg;
    uint32_t repeat; /* export calls in one request */
    uint32_t left;
    struct engine_store *store;
    struct engine_call *call;
    bool instantiates;
    struct loop_defer waker;
};

static _Noreturn void die(const struct bench *bench, const char *what)
{
    (void)fprintf(stderr, "bench_engine: %s: %s\n", what, bench->err.text);
    exit(1);
}

static int nop(void *env, struct engine_store *store, union engine_val *vals)
{
    (void)env;
    (void)store;
    (void)vals;
    return 0;
}

/* Parks until deferred work of the next turn wakes it. */
static int park(void *env, struct engine_store *store, union engine_val *vals)
{
    (void)env;
    (void)vals;
    struct bench *bench = engine_store_owner(store);
    loop_defer_add(bench->loop, &bench->waker);
    return engine_park_wait(store, NULL);
}

static void wake(void *arg)
{
    struct bench *bench = arg;
    engine_call_wake(bench->call);
}

static int file_of(struct sw_str bytes)
{
    int fd = memfd_create("bench", MFD_CLOEXEC);
    if (fd < 0 || (bytes.n && write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n))
        exit(1);
    return fd;
}

static void load(struct bench *bench)
{
    wasm_byte_vec_t wasm;
    struct engine_core *core = NULL;
    sw_auto_buf cwasm = SW_BUF(1u << 24);
    sw_auto_buf image = SW_BUF(1u << 24);
    if (wasmtime_wat2wasm(guest_wat, sizeof guest_wat - 1, &wasm))
        die(bench, "text");
    struct sw_str bytes = {0};
    if (sw_arena_copy(&bench->arena, sw_str(wasm.data, wasm.size), &bytes, &bench->err) < 0 ||
        engine_core_parse(&bench->arena, bytes, &core, &bench->err) < 0 ||
        engine_compile(core, &cwasm, &image, &bench->err) < 0)
        die(bench, "compile");
    wasm_byte_vec_delete(&wasm);
    sw_auto_close int cwasm_fd = file_of(sw_buf_str(&cwasm));
    sw_auto_close int image_fd = file_of(sw_buf_str(&image));
    const struct engine_link links[] = {{.kind = ENGINE_LINK_HOST, .fn = nop},
                                        {.kind = ENGINE_LINK_HOST, .fn = park}};
    if (engine_module_open(bench->engine, core, cwasm_fd, image_fd, &bench->module, &bench->err) < 0 ||
        engine_module_bind(bench->module, links, 2, &bench->bound, &bench->err) < 0)
        die(bench, "open");
}

/* ---- requests, one after the other on the loop ---- */

static int request_fn(void *arg, struct engine_store *store)
{
    struct bench *bench = arg;
    struct engine_func func;
    if (!bench->instantiates)
        return 0;
    if (engine_instance_func(store, 0, sw_str_of(bench->export), &func) != 0)
        return -SW_EBUG;
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < bench->repeat; i++) {
        union engine_val vals[1] = {{.i32 = bench->arg}};
        rc = engine_func_call(store, func, vals, 1);
    }
    return rc;
}

static void begin(struct bench *bench);

static void request_done(void *arg, int rc)
{
    struct bench *bench = arg;
    if (rc != 0)
        die(bench, engine_store_failure(bench->store)->text);
    engine_store_free(bench->store);
    if (--bench->left == 0)
        loop_stop(bench->loop);
    else
        begin(bench);
}

static void begin(struct bench *bench)
{
    static const struct engine_limits limits = {.cpu_ms_max = 10000};
    uint32_t instance = 0;
    if (engine_store_new(bench->engine, &limits, bench, &bench->store, &bench->err) < 0 ||
        (bench->instantiates &&
         engine_store_instantiate(bench->store, bench->bound, &instance, &bench->err) < 0) ||
        engine_call_start(bench->store, request_fn, request_done, bench, &bench->call, &bench->err) < 0)
        die(bench, "request");
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Named: tools/instructions counts what runs in it. */
static __attribute__((noinline)) void serve(struct bench *bench, uint32_t requests)
{
    bench->left = requests;
    begin(bench);
    if (loop_run(bench->loop, &bench->err) < 0)
        die(bench, "loop");
}

/* Microseconds of CPU time per unit, the loop's own turn included. */
static double measure(struct bench *bench, uint32_t requests, double units)
{
    double rounds[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t began = sw_clock_thread_cpu_ns();
        serve(bench, requests);
        rounds[i] = (double)(sw_clock_thread_cpu_ns() - began) / 1e3 / units;
    }
    qsort(rounds, ROUNDS, sizeof *rounds, by_size);
    return rounds[ROUNDS / 2];
}

static int open_bench(struct bench *bench, enum engine_reset reset, uint32_t tick_ms)
{
    if (loop_new(&bench->loop, &bench->err) < 0)
        return -1;
    if (engine_new(&(struct engine_config){.reset = reset, .tick_ms = tick_ms}, bench->loop, &bench->engine,
                   &bench->err) < 0)
        return -1;
    loop_defer_init(&bench->waker, wake, bench);
    load(bench);
    return 0;
}

static void close_bench(struct bench *bench)
{
    engine_bound_free(bench->bound);
    engine_module_free(bench->module);
    engine_free(bench->engine);
    loop_free(bench->loop);
    sw_arena_deinit(&bench->arena);
}

static void run(enum engine_reset reset, uint32_t requests, const char *name)
{
    static const int32_t pages[] = {0, 4, 16, 64};
    struct bench bench = {.arena = SW_ARENA(1u << 20), .export = "id", .repeat = 1};
    if (open_bench(&bench, reset, 0) < 0) {
        (void)printf("%-8s %s\n", name, bench.err.text);
        return;
    }
    (void)printf("%-8s store and call, no instance                %7.2f us\n", name,
                 measure(&bench, requests, requests));
    bench.instantiates = true;
    (void)printf("%-8s + instance, one export call, reset         %7.2f us\n", name,
                 measure(&bench, requests, requests));
    bench.export = "touch";
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        bench.arg = pages[i];
        (void)printf("%-8s + %2d pages written                         %7.2f us\n", name, pages[i],
                     measure(&bench, requests, requests));
    }
    bench.export = "id";
    bench.repeat = 1000000;
    (void)printf("%-8s export call                                %7.3f us\n", name,
                 measure(&bench, 1, bench.repeat));
    bench.repeat = 1;
    bench.arg = 1000000;
    bench.export = "hosts";
    (void)printf("%-8s host call, with the guest's loop           %7.3f us\n", name,
                 measure(&bench, 1, bench.arg));
    bench.export = "parks";
    bench.arg = 100000;
    (void)printf("%-8s park, a turn of the loop, wake             %7.3f us\n", name,
                 measure(&bench, 1, bench.arg));
    close_bench(&bench);
}

static void count(uint32_t requests)
{
    struct bench bench = {.arena = SW_ARENA(1u << 20), .export = "id", .repeat = 1, .instantiates = true};
    if (open_bench(&bench, ENGINE_RESET_AUTO, 500) < 0)
        die(&bench, "open");
    serve(&bench, requests);
    close_bench(&bench);
}

int main(int argc, char **argv)
{
    uint64_t requests = REQUESTS;
    bool counts = argc == 3 && strcmp(argv[1], "--count") == 0;
    if (argc > (counts ? 3 : 2) ||
        (argc > 1 && (!sw_str_to_u64(sw_str_of(argv[argc - 1]), 10000000, &requests) || requests == 0))) {
        (void)fprintf(stderr, "usage: bench_engine [requests]\n       bench_engine --count N\n");
        return 2;
    }
    if (counts) {
        count((uint32_t)requests);
        return 0;
    }
    run(ENGINE_RESET_SCAN, (uint32_t)requests, "scan");
    run(ENGINE_RESET_PAGEMAP, (uint32_t)requests, "pagemap");
    return 0;
}
