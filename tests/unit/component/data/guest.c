/* guest.c - a guest of the test hosts, written against the core names that wasm-tools expects; only its shape matters. */
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

IMPORT("test:host/log@1.4.2", "put") void log_put(const char *text, unsigned n, void *ret);
IMPORT("test:host/log@1.4.2", "now") unsigned long long log_now(void);
IMPORT("test:host/store@0.2.5", "[constructor]bucket") int bucket_new(const char *name, unsigned n);
IMPORT("test:host/store@0.2.5", "[method]bucket.get")
void bucket_get(int self, const char *key, unsigned n, void *ret);
IMPORT("test:host/store@0.2.5", "[resource-drop]bucket") void bucket_drop(int self);
IMPORT("[export]test:g/api@1.2.3", "[resource-new]thing") int thing_new(int rep);

static char heap[256];
static unsigned used;
static unsigned area[4];

EXPORT("cabi_realloc") void *guest_realloc(void *old, unsigned old_n, unsigned align, unsigned n)
{
    (void)old;
    (void)old_n;
    used = (used + align - 1) & ~(align - 1);
    void *p = heap + used;
    used += n;
    return p;
}

EXPORT("_initialize") void initialize(void)
{
    used = 0;
}

#ifdef ADAPTED
IMPORT("wasi_snapshot_preview1", "clock_time_get")
int clock_time_get(int id, unsigned long long precision, void *ret);
IMPORT("wasi_snapshot_preview1", "sched_yield") int sched_yield(void);
#endif

EXPORT("test:g/api@1.2.3#run") void *run(char *input, unsigned n)
{
    log_put(input, n, area);
    int bucket = bucket_new(input, n);
    bucket_get(bucket, input, (unsigned)log_now(), area);
    bucket_drop(bucket);
#ifdef ADAPTED
    clock_time_get(0, 0, area);
    sched_yield();
#endif
    return area;
}

EXPORT("cabi_post_test:g/api@1.2.3#run") void run_post(void *ret)
{
    (void)ret;
    used = 0;
}

EXPORT("test:g/api@1.2.3#[constructor]thing") int thing(int v)
{
    return thing_new(v);
}

EXPORT("test:g/api@1.2.3#[method]thing.value") int value(int rep)
{
    return rep;
}

EXPORT("test:g/api@1.2.3#[dtor]thing") void thing_dtor(int rep)
{
    used = (unsigned)rep;
}
