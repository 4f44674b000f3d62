/* compose_main.c - the component that has compose_calc.c as a dependency. */
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))
#define OPS "test:calc/ops@1.2.0"
#define API "test:host/api@1.0.0"

struct text {
    const char *p;
    unsigned n;
};

IMPORT(OPS, "join") void ops_join(const struct text *parts, unsigned n, void *ret);
IMPORT(OPS, "add-points")
void ops_add_points(int ax, int ay, const char *ap, unsigned an, int bx, int by, const char *bp, unsigned bn,
                    void *ret);
IMPORT(OPS, "[constructor]counter") int counter_new(unsigned start);
IMPORT(OPS, "[method]counter.add") unsigned counter_add(int self, unsigned n);
IMPORT(OPS, "[resource-drop]counter") void counter_drop(int self);
IMPORT(OPS, "name-of") void ops_name_of(int thing, void *ret);
IMPORT(OPS, "who") unsigned ops_who(void);
IMPORT(OPS, "fail") void ops_fail(void);
IMPORT(OPS, "hunt") unsigned ops_hunt(unsigned word);
IMPORT(API, "[constructor]thing") int thing_new(const char *name, unsigned n);
IMPORT(API, "[resource-drop]thing") void thing_drop(int thing);
IMPORT(API, "who") unsigned host_who(void);

static char heap[2048];
static unsigned used;
static struct text answer;
static unsigned secret[64];

EXPORT("cabi_realloc") void *main_realloc(void *old, unsigned old_n, unsigned align, unsigned n)
{
    (void)old;
    (void)old_n;
    used = (used + align - 1) & ~(align - 1);
    void *p = heap + used;
    used += n;
    return used <= sizeof heap ? p : (__builtin_trap(), p);
}

EXPORT("join") void *join(void)
{
    static const struct text parts[] = {{"one, ", 5}, {"", 0}, {"zw\xc3\xb6lf", 6}};
    ops_join(parts, 3, &answer);
    return &answer;
}

EXPORT("points") void *points(void)
{
    static struct {
        int x, y;
        struct text label;
    } sum;
    ops_add_points(1, -2, "a", 1, 30, 40, "b", 1, &sum);
    if (sum.x != 31 || sum.y != 38)
        __builtin_trap();
    answer = sum.label;
    return &answer;
}

EXPORT("count") unsigned count(void)
{
    int a = counter_new(10), b = counter_new(100);
    unsigned n = counter_add(a, 1) + counter_add(b, 2) + counter_add(a, 3);
    counter_drop(b);
    counter_drop(a);
    return n;
}

EXPORT("keep") unsigned keep(void) /* and never drops it */
{
    return counter_add(counter_new(7), 0);
}

EXPORT("name") void *name(void)
{
    int thing = thing_new("ding", 4);
    ops_name_of(thing, &answer);
    thing_drop(thing);
    return &answer;
}

EXPORT("who") unsigned who(void)
{
    return 10 * ops_who() + host_who();
}

EXPORT("fail") void fail(void)
{
    ops_fail();
}

EXPORT("hunt") unsigned hunt(void)
{
    for (unsigned i = 0; i < 64; i++)
        ((volatile unsigned *)secret)[i] = 0x600dbeef;
    return ops_hunt(0x600dbeef) + (ops_hunt(0) > 100 ? 0 : 1000000); /* it does look: memory is mostly zero */
}
