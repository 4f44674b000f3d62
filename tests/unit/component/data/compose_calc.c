/* compose_calc.c - a dependency: strings, records, a resource of its own, a handle of the host, a trap, a search for what is not its. */
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))
#define OPS "test:calc/ops@1.2.0"
#define API "test:host/api@1.0.0"

IMPORT(API, "note") void note(unsigned n);
IMPORT(API, "who") unsigned host_who(void);
IMPORT(API, "[method]thing.name") void thing_name(int thing, void *ret);
IMPORT(API, "[resource-drop]thing") void thing_drop(int thing);
IMPORT("[export]" OPS, "[resource-new]counter") int counter_new(int rep);

struct text {
    char *p;
    unsigned n;
};
struct point {
    int x, y;
    struct text label;
};
static char heap[2048];
static unsigned used;
static unsigned counts[4], count_of;
static struct text answer;
static struct point sum;

EXPORT("cabi_realloc") void *calc_realloc(void *old, unsigned old_n, unsigned align, unsigned n)
{
    (void)old;
    (void)old_n;
    used = (used + align - 1) & ~(align - 1);
    void *p = heap + used;
    used += n;
    return used <= sizeof heap ? p : (__builtin_trap(), p);
}

static void add(struct text *to, struct text from)
{
    for (unsigned i = 0; i < from.n; i++)
        to->p[to->n++] = from.p[i];
}

EXPORT(OPS "#join") void *join(struct text *parts, unsigned n)
{
    answer = (struct text){calc_realloc(0, 0, 1, 256), 0};
    for (unsigned i = 0; i < n; i++)
        add(&answer, parts[i]);
    return &answer;
}

EXPORT(OPS "#add-points")
void *add_points(int ax, int ay, char *ap, unsigned an, int bx, int by, char *bp, unsigned bn)
{
    sum = (struct point){ax + bx, ay + by, {calc_realloc(0, 0, 1, 256), 0}};
    add(&sum.label, (struct text){ap, an});
    add(&sum.label, (struct text){bp, bn});
    return &sum;
}

EXPORT(OPS "#[constructor]counter") int counter(unsigned start)
{
    counts[count_of] = start;
    return counter_new((int)++count_of);
}

EXPORT(OPS "#[method]counter.add") unsigned counter_add(int rep, unsigned n)
{
    return counts[rep - 1] += n;
}

EXPORT(OPS "#[dtor]counter") void counter_dtor(int rep)
{
    note(1000 + (unsigned)rep);
}

EXPORT(OPS "#name-of") void *name_of(int thing)
{
    thing_name(thing, &answer);
    thing_drop(thing); /* a borrow */
    return &answer;
}

EXPORT(OPS "#who") unsigned who(void)
{
    return host_who();
}

EXPORT(OPS "#fail") void fail(void)
{
    __builtin_trap();
}

/* How often the word stands anywhere in this memory: it is made from two halves, so that the search does not find itself. */
EXPORT(OPS "#hunt") unsigned hunt(unsigned word)
{
    volatile unsigned *p = (volatile unsigned *)4;
    unsigned n = __builtin_wasm_memory_size(0) * (65536 / 4), found = 0;
    for (unsigned i = 1; i < n; i++, p++)
        found += (*p ^ 0x5a5a5a5a) == (word ^ 0x5a5a5a5a);
    return found;
}
