/* values.c - random types and values through our component layer and through Wasmtime's: the same bytes, the same traps?
 *
 *   values COUNT SEED [ROUNDS]
 *
 * COUNT function types, each with values lowered and lifted in both directions, then ROUNDS times (3 unless given) with damaged memory.
 * Built with DIFFERENTIAL_BINDINGS the host is what bindgen wrote for the types of seed 1 (values_wit.c); COUNT is then theirs.
 * Exit code 1 when there is a disagreement, which is printed with what makes it again.  Room: component (its tests). */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "differential/guest.h"
#include "differential/ours.h"
#include "differential/sample.h"

#ifdef DIFFERENTIAL_BINDINGS
#include "differential/bindings/d_i.h"
#define INTERFACE (&host_d_i_interface)
#define BOUND true
#else
#define INTERFACE NULL
#define BOUND false
#endif

enum { BATCH = 100, TEXT_MAX = 256 << 20, REPORTS_MAX = 20 };

struct side { /* one of the two hosts, as the guest sees it */
    const struct shape *shape;
    struct sw_buf seen; /* arguments of the import, as text */
    const struct component_value *answer;
};
struct run {
    struct shape shape;
    struct oracle *oracle;
    struct ours *ours;
    struct side them, us;
    uint8_t *theirs; /* their memory, as far as it was peeked at */
    uint32_t next;
    struct random random;
    struct sw_arena arena;
    uint64_t seed;
    uint32_t number; /* of the function */
    unsigned long values, traps, disagreements;
};

static void imported(void *arg, uint32_t number, const struct component_value *args,
                     struct component_value *ret_result)
{
    struct side *side = arg;
    const struct component_func_type *type = &side->shape->funcs[number].type;
    for (uint32_t i = 0; i < type->param_count; i++) {
        sample_print(side->shape->types, type->params[i].type, &args[i], &side->seen);
        put(&side->seen, ";");
    }
    if (type->result != COMPONENT_NO_TYPE)
        *ret_result = BOUND ? args[0] : *side->answer;
}

/* ---- reporting ---- */

static void disagree(struct run *run, const char *what, struct sw_str us, struct sw_str them)
{
    const struct shape_func *func = &run->shape.funcs[run->number];
    if (run->disagreements++ >= REPORTS_MAX)
        return;
    printf("DISAGREE %s: seed %" PRIu64 ", %s, encoding %d: %.2000s\n  ours:   %.*s\n  theirs: %.*s\n", what,
           run->seed, func->name, (int)func->encoding, func->text, (int)(us.n < 2000 ? us.n : 2000), us.p,
           (int)(them.n < 2000 ? them.n : 2000), them.p);
}

static void compare_text(struct run *run, const char *what, const struct sw_buf *us,
                         const struct sw_buf *them)
{
    run->values++;
    if (!sw_str_eq(sw_buf_str(us), sw_buf_str(them)))
        disagree(run, what, sw_buf_str(us), sw_buf_str(them));
}

/* Words that each side has for the same trap. A pointer that is unaligned and out of bounds may be either. */
static const struct {
    const char *us[4], *them[4];
} reasons[] = {
    {{"invalid utf-"}, {"invalid utf-8", "unpaired surrogate", "incomplete utf-8"}},
    {{"invalid variant discriminant"}, {"out of range ["}},
    {{"bit pattern"}, {"converted integer out of range for `char`"}},
    {{"unaligned pointer", "out-of-bounds", "is out of bounds", "over the limit"},
     {"not aligned", "out of bounds"}},
    {{"realloc return: "}, {"realloc return: "}},
    {{"unreachable"}, {"unreachable"}}, /* the guest's heap is full */
};

static bool has_one(const char *text, const char *const words[4])
{
    for (int i = 0; i < 4 && words[i]; i++)
        if (strstr(text, words[i]))
            return true;
    return false;
}

static bool same_reason(const char *us, const char *them)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (has_one(us, reasons[i].us) && has_one(them, reasons[i].them))
            return true;
    return false;
}

/* Whether both went well; notes when only one did. */
static bool both(struct run *run, const char *what, int us, int them)
{
    if ((us < 0) != (them < 0))
        disagree(run, what, sw_str_of(us < 0 ? ours_why(run->ours) : "no trap"),
                 sw_str_of(them < 0 ? oracle_why(run->oracle) : "no trap"));
    if (us < 0 && them < 0) {
        run->traps++;
        if (!same_reason(ours_why(run->ours), oracle_why(run->oracle)))
            disagree(run, what, sw_str_of(ours_why(run->ours)), sw_str_of(oracle_why(run->oracle)));
    }
    return us == 0 && them == 0;
}

/* ---- memory ---- */

static uint32_t word(const uint8_t *p)
{
    return component_load_u32(p);
}

/* What looking at their memory leaves in it is put into ours. */
static void peek(struct run *run, uint32_t n)
{
    oracle_peek(run->oracle, 0, n, run->theirs);
    component_store_u32(ours_memory(run->ours) + GUEST_PEEK, 0);
    component_store_u32(ours_memory(run->ours) + GUEST_PEEK + 4, n);
}

static void compare_memory(struct run *run, const char *what)
{
    const uint8_t *us = ours_memory(run->ours);
    char one[128], two[128];
    peek(run, GUEST_LOG);
    run->next = word(run->theirs + GUEST_NEXT);
    if (run->next < GUEST_HEAP ||
        run->next > GUEST_HEAP_END) /* written over: realloc gave an address below the heap */
        run->next = GUEST_HEAP_END;
    peek(run, run->next);
    for (uint32_t i = 0; i < run->next; i++) {
        if (us[i] == run->theirs[i])
            continue;
        (void)snprintf(one, sizeof one, "0x%02x at 0x%x, next 0x%x, realloc called %u times", us[i], i,
                       word(us + GUEST_NEXT), word(us + GUEST_COUNT));
        (void)snprintf(two, sizeof two, "0x%02x at 0x%x, next 0x%x, realloc called %u times", run->theirs[i],
                       i, run->next, word(run->theirs + GUEST_COUNT));
        disagree(run, what, sw_str_of(one), sw_str_of(two));
        return;
    }
}

static void poke(struct run *run, uint32_t at, uint32_t n, const uint8_t *bytes)
{
    memcpy(ours_memory(run->ours) + at, bytes, n);
    for (uint32_t done = 0; done < n; done += 0x8000) {
        uint32_t part = n - done < 0x8000 ? n - done : 0x8000;
        oracle_poke(run->oracle, at + done, part, bytes + done);
        memcpy(ours_memory(run->ours) + GUEST_STAGE, bytes + done, part); /* where theirs went through */
    }
}

static void begin(struct run *run)
{
    oracle_begin(run->oracle);
    ours_begin(run->ours);
}

static void end(struct run *run)
{
    oracle_end(run->oracle);
    ours_end(run->ours);
}

static void clear(struct run *run)
{
    uint8_t low[GUEST_LOG] = {0};
    component_store_u32(low + GUEST_NEXT, GUEST_HEAP);
    poke(run, 0, GUEST_LOG, low);
}

/* ---- calls ---- */

/* The guest calls its import on both sides; wanted: what the host has to see, or NULL. */
static bool call_import(struct run *run, const char *what, const struct sw_buf *wanted)
{
    sw_buf_clear(&run->us.seen);
    sw_buf_clear(&run->them.seen);
    int them = oracle_import(run->oracle, run->number);
    int us = ours_import(run->ours, run->number);
    bool fine = both(run, what, us, them);
    if (!BOUND)
        compare_text(run, what, &run->us.seen, &run->them.seen);
    if (fine && wanted)
        compare_text(run, what, &run->them.seen, wanted);
    if (fine)
        compare_memory(run, what);
    return fine;
}

static bool call_export(struct run *run, const char *what, const struct component_value *args,
                        const struct sw_buf *wanted)
{
    const struct component_func_type *type = &run->shape.funcs[run->number].type;
    struct component_value us = {.u64 = 0}, them = {.u64 = 0};
    sw_auto_buf one = SW_BUF(TEXT_MAX), two = SW_BUF(TEXT_MAX);
    int theirs = oracle_export(run->oracle, run->number, args, &run->arena, &them);
    int ours = ours_export(run->ours, run->number, args, &us);
    if (!both(run, what, ours, theirs))
        return false;
    if (type->result != COMPONENT_NO_TYPE) {
        sample_print(run->shape.types, type->result, &us, &one);
        sample_print(run->shape.types, type->result, &them, &two);
        compare_text(run, what, &one, &two);
        if (wanted)
            compare_text(run, what, &one, wanted);
    }
    compare_memory(run, what);
    return true;
}

/* ---- damage ---- */

static void damage(struct run *run, uint8_t *memory, uint32_t flat_at, uint32_t flat_n)
{
    static const uint32_t words[] = {0,
                                     1,
                                     2,
                                     3,
                                     5,
                                     31,
                                     0xff,
                                     0x100,
                                     0xd7ff,
                                     0xd800,
                                     0xdfff,
                                     0xe000,
                                     0x10ffff,
                                     0x110000,
                                     0x7fffffff,
                                     0x80000000,
                                     0x80000001,
                                     0x80000003,
                                     0xffffffff,
                                     GUEST_END,
                                     GUEST_END - 1,
                                     GUEST_END - 4,
                                     GUEST_END - 8,
                                     GUEST_HEAP + 1,
                                     GUEST_HEAP + 2,
                                     GUEST_HEAP + 4};
    static const uint8_t bytes[] = {0xff, 0xfe, 0xc0, 0xc1, 0x80, 0xed, 0xa0,
                                    0xf4, 0xf8, 0xd8, 0xdc, 0x00, 0x01, 0x02};
    struct random *random = &run->random;
    uint32_t heap = run->next - GUEST_HEAP;
    if (random_below(random, 4) == 0) {
        component_store_u32(memory + GUEST_BAD_CALL, 1 + random_below(random, 3));
        component_store_u32(memory + GUEST_BAD_VALUE,
                            words[random_below(random, sizeof words / sizeof *words)]);
    }
    for (uint32_t n = 1 + random_below(random, 3); n; n--) {
        if (!heap || random_below(random, 3) == 0) {
            uint32_t value = random_below(random, 4)
                                 ? words[random_below(random, sizeof words / sizeof *words)]
                                 : (uint32_t)random_u64(random);
            component_store_u32(memory + flat_at + 4 * random_below(random, flat_n / 4), value);
        } else if (random_below(random, 2) && heap >= 4) {
            component_store_u32(memory + GUEST_HEAP + 4 * random_below(random, heap / 4),
                                words[random_below(random, sizeof words / sizeof *words)]);
        } else {
            memory[GUEST_HEAP + random_below(random, heap)] = random_below(random, 2)
                                                                  ? bytes[random_below(random, sizeof bytes)]
                                                                  : (uint8_t)random_u64(random);
        }
    }
}

static void damaged_round(struct run *run, const uint8_t *image, uint32_t n,
                          const struct component_value *args)
{
    const struct component_func_type *type = &run->shape.funcs[run->number].type;
    static uint8_t memory[GUEST_HEAP_END];
    bool import = random_below(&run->random, 3) || type->result == COMPONENT_NO_TYPE;
    memcpy(memory, image, n);
    run->next = n;
    uint32_t flats = type->flat_param_count <= COMPONENT_FLAT_MAX ? type->flat_param_count : 1;
    damage(run, memory, import ? GUEST_GIVE : GUEST_RESULT, import && flats ? 8 * flats : 8);
    component_store_u32(memory + GUEST_NEXT, (n + 15) & ~15u);
    component_store_u32(memory + GUEST_COUNT, 0);
    poke(run, 0, n, memory);
    bool fine = import ? call_import(run, "import with damaged memory", NULL)
                       : call_export(run, "export with damaged memory", args, NULL);
    if (!fine) {
        end(run);
        begin(run);
    }
}

/* ---- one function ---- */

static struct component_value *sample_args(struct run *run, const struct component_func_type *type,
                                           struct sw_buf *ret_text)
{
    struct component_value *args = SW_ARENA_ARRAY(&run->arena, type->param_count, struct component_value);
    assert(args);
    for (uint32_t i = 0; i < type->param_count; i++) {
        sample_make(&run->random, run->shape.types, type->params[i].type, &run->arena, &args[i]);
        sample_print(run->shape.types, type->params[i].type, &args[i], ret_text);
        put(ret_text, ";");
    }
    return args;
}

static void answer(struct run *run, const struct component_func_type *type, struct component_value *to,
                   struct sw_buf *ret_text)
{
    sw_buf_clear(ret_text);
    run->us.answer = run->them.answer = to;
    if (type->result == COMPONENT_NO_TYPE)
        return;
    sample_make(&run->random, run->shape.types, type->result, &run->arena, to);
    sample_print(run->shape.types, type->result, to, ret_text);
}

/* Zeros, then values, through the undamaged memory. False after a trap, which both sides had: the heap was too small. */
static bool whole_rounds(struct run *run, struct component_value *args, const struct sw_buf *args_text)
{
    const struct component_func_type *type = &run->shape.funcs[run->number].type;
    sw_auto_buf text = SW_BUF(TEXT_MAX);
    struct component_value given;
    answer(run, type, &given, &text);
    clear(run);
    if (!call_import(run, "import with zeros", NULL) ||
        !call_export(run, "export", args, BOUND ? NULL : &text))
        return false;
    poke(run, GUEST_GIVE, GUEST_RESULT - GUEST_GIVE, run->theirs + GUEST_SEEN);
    answer(run, type, &given, &text);
    return call_import(run, "import", args_text);
}

static void one_function(struct run *run, unsigned rounds)
{
    const struct component_func_type *type = &run->shape.funcs[run->number].type;
    static uint8_t image[GUEST_HEAP_END];
    sw_auto_buf text = SW_BUF(TEXT_MAX), ignored = SW_BUF(TEXT_MAX);
    struct component_value given;
    sw_arena_clear(&run->arena);
    struct component_value *args = sample_args(run, type, &text);
    if (!whole_rounds(run, args, &text)) {
        end(run);
        begin(run);
        return;
    }
    uint32_t n = run->next;
    if (n > 0x8000) /* the rest of the heap is for what is made of it */
        return;
    answer(run, type, &given, &ignored);
    memcpy(image, run->theirs, n);
    for (unsigned i = 0; i < rounds; i++)
        damaged_round(run, image, n, args);
}

static void batch(struct run *run, uint64_t seed, uint32_t count, unsigned rounds)
{
    sw_auto_buf wasm = SW_BUF(64u << 20);
    shape_make(&run->shape, seed, count, BOUND);
    run->seed = seed;
    run->random.state = seed ^ UINT64_C(0x5851f42d4c957f2d);
    oracle_open(run->oracle, &run->shape, imported, &run->them, &wasm);
    ours_open(run->ours, &run->shape, &wasm, INTERFACE, imported, &run->us);
    begin(run);
    for (run->number = 0; run->number < count; run->number++)
        one_function(run, rounds);
    end(run);
    oracle_close(run->oracle);
    ours_close(run->ours);
    shape_free(&run->shape);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        (void)fprintf(stderr, "usage: values COUNT SEED [ROUNDS]\n");
        return 2;
    }
    static struct run run;
    uint32_t count = (uint32_t)strtoul(argv[1], NULL, 0), size = BOUND ? count : BATCH;
    uint64_t seed = strtoull(argv[2], NULL, 0);
    unsigned rounds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 0) : 3;
    run.arena = SW_ARENA(1u << 30);
    run.them.shape = run.us.shape = &run.shape;
    run.them.seen = run.us.seen = SW_BUF(TEXT_MAX);
    run.theirs = calloc(1, GUEST_END);
    run.oracle = oracle_new();
    run.ours = ours_new();
    assert(run.theirs);
    for (uint32_t done = 0; done < count; done += size, seed++)
        batch(&run, seed, count - done < size ? count - done : size, rounds);
    printf("%s: %u function types, %lu values compared, %lu traps on both sides, %lu disagreements\n",
           BOUND ? "generated bindings" : "generic lifter", count, run.values, run.traps, run.disagreements);
    ours_free(run.ours);
    oracle_free(run.oracle);
    sw_buf_deinit(&run.us.seen);
    sw_buf_deinit(&run.them.seen);
    sw_arena_deinit(&run.arena);
    free(run.theirs);
    return run.disagreements ? 1 : 0;
}
