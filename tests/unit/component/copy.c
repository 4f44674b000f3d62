/* copy.c - calls between guests, compared with the specification's two steps: everything is lifted into a tree, then lowered from it.
 *
 * Each case is a random function type, encodings, and memory that holds arguments and a result of it, mostly valid ones. The call runs
 * twice in equal stores: by the runtime, and by the model in copy_model.c. What guests can see afterwards must be equal: memories, realloc calls, values, handle tables, traps. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "copy_model.h"
#include "run_fixture.h"

enum { TYPES = 1000, CASES = 20, DEPTH_MAX = 4, LABELS_MAX = 34, HANDLES = 10, HANDLES_SEEN = 1000 };

/* ---- random types ---- */

static uint64_t seed;

static uint32_t roll(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(seed >> 33) % n;
}

static bool borrows_allowed;

static uint32_t intern(struct fixture *fx, const struct component_type *shape)
{
    uint32_t type;
    struct sw_err err;
    CHECK_OK(component_types_intern(fx->plan.types, shape, &type, &err), &err);
    return type;
}

static uint32_t random_type(struct fixture *fx, unsigned depth);

static uint32_t random_cases(struct fixture *fx, unsigned depth, enum component_kind kind)
{
    static const char labels[] = "abcdefghijklmnopqrstuvwxyzABCDEFGH";
    struct component_case cases[LABELS_MAX];
    bool two = kind == COMPONENT_OPTION || kind == COMPONENT_RESULT;
    bool plain = kind == COMPONENT_ENUM || kind == COMPONENT_FLAGS;
    uint32_t count = two ? 2 : 1 + roll(plain ? 32 : 4);
    for (uint32_t i = 0; i < count; i++) {
        bool always =
            kind == COMPONENT_RECORD || kind == COMPONENT_TUPLE || (kind == COMPONENT_OPTION && i == 1);
        bool never = plain || (kind == COMPONENT_OPTION && i == 0);
        cases[i] = (struct component_case){.name = {labels + i, kind == COMPONENT_TUPLE ? 0 : 1}};
        cases[i].type = always || (!never && roll(2)) ? random_type(fx, depth + 1) : COMPONENT_NO_TYPE;
    }
    return intern(fx, &(struct component_type){
                          .kind = kind, .elem = COMPONENT_NO_TYPE, .cases = cases, .case_count = count});
}

static uint32_t random_type(struct fixture *fx, unsigned depth)
{
    uint32_t what = depth ? roll(26) : 10 + roll(16); /* few scalars outside */
    if (what <= COMPONENT_STRING || depth >= DEPTH_MAX)
        return what % (COMPONENT_STRING + 1);
    struct component_type shape = {.kind = COMPONENT_LIST};
    switch (what) {
    case 13:
    case 14:
    case 15:
        shape.elem = random_type(fx, depth + 1);
        return intern(fx, &shape);
    case 16:
        shape.kind = COMPONENT_FIXED_LIST;
        shape.length = 1 + roll(12);
        shape.elem = random_type(fx, depth + 1);
        return intern(fx, &shape);
    case 17:
        shape.kind = borrows_allowed && roll(2) ? COMPONENT_BORROW : COMPONENT_OWN;
        shape.elem = roll(2);
        return intern(fx, &shape);
    default:
        return random_cases(fx, depth,
                            COMPONENT_RECORD + (what - 18) % (COMPONENT_RESULT - COMPONENT_RECORD + 1));
    }
}

static const struct component_func_type *random_func(struct fixture *fx)
{
    struct component_func_type *func = SW_ARENA_NEW(&fx->arena, struct component_func_type);
    struct component_case *params = SW_ARENA_ARRAY(&fx->arena, 8, struct component_case);
    struct sw_err err;
    CHECK(func && params);
    func->params = params;
    func->param_count = roll(20) ? 1 + roll(3) : 8;
    borrows_allowed = true;
    for (uint32_t i = 0; i < func->param_count; i++)
        params[i] = (struct component_case){.name = SW_LIT("p"), .type = random_type(fx, 0)};
    borrows_allowed = false;
    func->result = roll(3) ? random_type(fx, 0) : COMPONENT_NO_TYPE;
    CHECK_OK(component_func_type_complete(fx->plan.types, func, &err), &err);
    return func;
}

/* ---- random values, written into a guest ---- */

static uint32_t faults; /* one in so many places is wrong; 0: none */

static bool wrong(void)
{
    return faults && roll(faults) == 0;
}

struct place { /* memory at `at`, or flat values */
    struct fake_guest *guest;
    uint32_t at;
    union engine_val *vals;
};

static void put(struct place *place, uint32_t size, uint64_t bits)
{
    bool flat = place->vals;
    if (flat)
        (place->vals++)->u64 =
            bits | (size < 8 ? (uint64_t)roll(UINT32_MAX) << 32 : 0); /* garbage above an i32 */
    for (uint32_t i = 0; !flat && i < size; i++)
        place->guest->memory.base[place->at + i] = (uint8_t)(bits >> 8 * i);
}

static void random_value(struct fixture *fx, uint32_t number, struct place *place,
                         enum component_encoding encoding);

static void random_text(struct place *place, enum component_encoding encoding, uint32_t ret[2])
{
    static const char *const pieces[] = {"a", "zz", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    struct component_text text = {.encoding = COMPONENT_TEXT_UTF8};
    uint8_t utf8[64], out[192];
    uint32_t n = 0, kinds = 1 + roll(5), tag = 0;
    for (uint32_t i = roll(8); i > 0; i--) {
        const char *piece = pieces[roll(kinds)];
        memcpy(utf8 + n, piece, strlen(piece));
        n += (uint32_t)strlen(piece);
    }
    text.p = utf8;
    text.units = n;
    size_t from = 0, bytes = n;
    memcpy(out, utf8, n);
    bool wide = encoding == COMPONENT_UTF16;
    if (encoding == COMPONENT_LATIN1_UTF16) {
        bytes = component_text_latin1(&text, out, sizeof out, &from);
        wide = from < n || roll(3) == 0;
        tag = wide ? UINT32_C(1) << 31 : 0;
    }
    if (wide)
        bytes = component_text_to_utf16(&text, 0, out, sizeof out);
    if (wrong() && bytes)
        out[roll((uint32_t)bytes)] = 0xdc;
    ret[0] = fake_guest_alloc(place->guest, (uint32_t)bytes + 2, 2);
    memcpy(place->guest->memory.base + ret[0], out, bytes);
    ret[1] = (uint32_t)(wide ? bytes / 2 : bytes) | tag;
}

static void random_pair(struct fixture *fx, const struct component_type *type, struct place *place,
                        enum component_encoding encoding)
{
    uint32_t pair[2];
    if (type->kind == COMPONENT_STRING) {
        random_text(place, encoding, pair);
    } else {
        const struct component_type *elem = component_type_of(fx->plan.types, type->elem);
        pair[1] = roll(4) + (roll(10) == 0 ? 8 : 0);
        if (pair[1] * elem->size > 2000)
            pair[1] = 0;
        pair[0] = fake_guest_alloc(place->guest, pair[1] * elem->size, elem->align);
        for (uint32_t i = 0; i < pair[1]; i++)
            random_value(fx, type->elem,
                         &(struct place){.guest = place->guest, .at = pair[0] + i * elem->size}, encoding);
    }
    if (wrong())
        pair[roll(2)] += roll(2) ? 1 : 100000 * roll(40000);
    uint32_t at = place->at;
    put(place, 4, pair[0]);
    place->at += 4;
    put(place, 4, pair[1]);
    place->at = at;
}

static void random_case(struct fixture *fx, const struct component_type *type, struct place *place,
                        enum component_encoding encoding)
{
    uint32_t index = roll(type->case_count), at = place->at;
    union engine_val *end = place->vals ? place->vals + type->flat_count : NULL;
    put(place, type->discriminant_size, index + (wrong() ? type->case_count : 0));
    place->at = at + type->payload_offset;
    if (type->kind != COMPONENT_ENUM && type->cases[index].type != COMPONENT_NO_TYPE)
        random_value(fx, type->cases[index].type, place, encoding);
    place->at = at;
    place->vals = end;
}

static void random_parts(struct fixture *fx, const struct component_type *type, struct place *place,
                         enum component_encoding encoding)
{
    bool fixed = type->kind == COMPONENT_FIXED_LIST;
    uint32_t at = place->at, n = fixed ? type->length : type->case_count;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t part = fixed ? type->elem : type->cases[i].type;
        place->at = at + (fixed ? i * component_type_of(fx->plan.types, part)->size : type->cases[i].offset);
        random_value(fx, part, place, encoding);
    }
    place->at = at;
}

static void random_value(struct fixture *fx, uint32_t number, struct place *place,
                         enum component_encoding encoding)
{
    const struct component_type *type = component_type_of(fx->plan.types, number);
    switch ((int)type->kind) {
    case COMPONENT_STRING:
    case COMPONENT_LIST:
        random_pair(fx, type, place, encoding);
        return;
    case COMPONENT_RECORD:
    case COMPONENT_TUPLE:
    case COMPONENT_FIXED_LIST:
        random_parts(fx, type, place, encoding);
        return;
    case COMPONENT_VARIANT:
    case COMPONENT_ENUM:
    case COMPONENT_OPTION:
    case COMPONENT_RESULT:
        random_case(fx, type, place, encoding);
        return;
    case COMPONENT_OWN:
    case COMPONENT_BORROW: /* odd ones are of resource 0 */
        put(place, 4, 1 + 2 * roll(HANDLES / 2) + (wrong() ? 1 : type->elem));
        return;
    case COMPONENT_CHAR:
        put(place, 4, wrong() ? 0xd800 : roll(0xd800));
        return;
    default:
        put(place, type->size, (uint64_t)roll(UINT32_MAX) << 32 | roll(UINT32_MAX));
    }
}

/* ---- a case ---- */

struct entry { /* of a handle table */
    uint32_t kind, own, rep, resource, lends;
};
struct outcome {
    int rc;
    char failure[256], logs[2][1024];
    union engine_val vals[COMPONENT_FLAT_MAX + 1];
    uint64_t received[COMPONENT_FLAT_MAX];
    uint64_t bytes[2];
    uint32_t handle_count[2];
    struct entry handles[2][HANDLES_SEEN];
    uint8_t memory[2][FAKE_MEMORY_BYTES_MAX]; /* so much of it as the guest has */
};
static struct outcome outcomes[2];
static struct outcome *current;
static uint64_t result_seed;

/* Guest 1: notes its arguments, drops what it borrowed, mostly, and writes a result. */
static int callee(struct fake_guest *guest, union engine_val *vals)
{
    struct fixture *fx = fixture_of(guest)->fixture;
    const struct component_func_type *type = fx->lifts[0].type;
    struct component_handles *handles = &fx->store->instances[2].handles;
    uint32_t used = type->flat_param_count <= COMPONENT_FLAT_MAX ? type->flat_param_count : 1;
    for (uint32_t i = 0; i < used; i++)
        current->received[i] = vals[i].u64;
    seed = result_seed;
    for (uint32_t i = roll(30) ? 1 : handles->count; i < handles->count; i++) {
        if (handles->items[i].kind == COMPONENT_HANDLE_RESOURCE && !handles->items[i].own) {
            handles->items[i].borrows->count--;
            component_handles_remove(handles, i);
        }
    }
    if (type->result == COMPONENT_NO_TYPE)
        return 0;
    const struct component_type *result = component_type_of(fx->plan.types, type->result);
    struct place place = {.guest = guest, .vals = type->flat_result_count <= 1 ? vals : NULL};
    if (!place.vals)
        place.at = fake_guest_alloc(guest, result->size, result->align);
    uint32_t at = place.at;
    random_value(fx, type->result, &place, fx->lifts[0].options.encoding);
    if (type->flat_result_count > 1)
        vals[0].u64 = at + (wrong() ? 1 : 0);
    return 0;
}

static int stingy(struct fake_guest *guest, union engine_val *vals)
{
    uint32_t keep = vals[1].u32 < vals[3].u32 ? vals[1].u32 : vals[3].u32, from = vals[0].u32;
    uint32_t at = fake_guest_alloc(guest, vals[3].u32, vals[2].u32);
    memmove(guest->memory.base + at, guest->memory.base + from, keep);
    vals[0].u64 = roll(200) ? at : at + 3; /* the same in both runs: the seed is */
    return 0;
}

/* Equal handles for both guests: odd numbers of the guest's resource, even ones of the host's. */
static const struct component_host_resource host_type = {"file", 5, NULL};

static void give_handles(struct fixture *fx)
{
    static int object;
    for (uint32_t guest = 0; guest < 2; guest++) {
        struct component_cx cx;
        fixture_cx(fx, guest, true, &cx);
        cx.call.instance = &fx->store->instances[guest + 1];
        for (uint32_t i = 1; i <= HANDLES; i++) {
            struct component_handle entry = {.kind = COMPONENT_HANDLE_RESOURCE, .own = true, .rep = 100 + i};
            uint32_t handle;
            CHECK_INT(i % 2 ? component__handle_add(&cx.call, &entry, &handle)
                            : component_handle_new(&cx.call, host_type.kind, &object, &handle),
                      0);
            CHECK_INT(handle, i);
        }
    }
}

static void observe(struct fixture *fx, struct outcome *outcome)
{
    (void)snprintf(outcome->failure, sizeof outcome->failure, "%s", fixture_failure(fx));
    for (uint32_t guest = 0; guest < 2; guest++) {
        const struct fake_guest *seen = fixture_guest(fx, guest);
        const struct component_handles *handles = &fx->store->instances[guest + 1].handles;
        (void)snprintf(outcome->logs[guest], sizeof outcome->logs[guest], "%s", fx->guests[guest].log);
        outcome->bytes[guest] = seen->memory.len;
        CHECK(seen->memory.len <= sizeof outcome->memory[guest] && handles->count <= HANDLES_SEEN);
        memcpy(outcome->memory[guest], seen->memory.base, seen->memory.len);
        outcome->handle_count[guest] = handles->count;
        for (uint32_t i = 0; i < handles->count; i++) {
            const struct component_handle *item = &handles->items[i];
            bool used = item->kind == COMPONENT_HANDLE_RESOURCE; /* nodes' addresses differ */
            outcome->handles[guest][i] = (struct entry){item->kind, used && item->own, item->rep,
                                                        used ? item->resource : 0, used ? item->lends : 0};
        }
    }
}

static void run_case(struct fixture *fx, uint64_t from, bool model, struct outcome *outcome)
{
    const struct component_func_type *type = fx->lifts[0].type;
    bool flat = type->flat_param_count <= COMPONENT_FLAT_MAX;
    fixture_open(fx);
    give_handles(fx);
    memset(outcome, 0, offsetof(struct outcome, memory));
    current = outcome;
    seed = from;
    struct fake_guest *caller = fixture_guest(fx, 0);
    struct place place = {.guest = caller, .vals = flat ? outcome->vals : NULL};
    uint32_t start = flat ? 0 : fake_guest_alloc(caller, type->params_size, type->params_align);
    for (uint32_t i = 0; i < type->param_count; i++) {
        place.at = start + type->params[i].offset;
        random_value(fx, type->params[i].type, &place, fx->lowerings[0].options.encoding);
    }
    if (!flat)
        outcome->vals[0].u64 = start + (wrong() ? 1 : 0);
    if (type->flat_result_count > 1) {
        const struct component_type *result = component_type_of(fx->plan.types, type->result);
        outcome->vals[flat ? type->flat_param_count : 1].u64 =
            fake_guest_alloc(caller, result->size, result->align) + (wrong() ? 1 : 0);
    }
    result_seed = seed ^ 0x5555;
    outcome->rc = model ? copy_model_call(fx->store, &fx->component->lowerings[0], outcome->vals)
                        : fake_import(caller, 0, outcome->vals);
    observe(fx, outcome);
    fixture_close(fx);
}

static struct sw_str resource_name(void *arg, uint32_t resource)
{
    (void)arg;
    return resource ? SW_LIT("#1") : SW_LIT("#0");
}

static void compare(struct fixture *fx, uint32_t type, uint32_t number)
{
    const struct outcome *a = &outcomes[0], *b = &outcomes[1];
    bool same = a->rc == b->rc && !memcmp(a->received, b->received, sizeof a->received) &&
                !memcmp(a->logs, b->logs, sizeof a->logs) && !memcmp(a->bytes, b->bytes, sizeof a->bytes) &&
                !memcmp(a->memory[0], b->memory[0], a->bytes[0]) &&
                !memcmp(a->memory[1], b->memory[1], a->bytes[1]) &&
                !memcmp(a->handles, b->handles, sizeof a->handles) &&
                !memcmp(a->handle_count, b->handle_count, sizeof a->handle_count);
    bool borrows = strcmp(b->failure, "borrows") == 0;
    same = same && (borrows ? strstr(a->failure, "borrow handles") != NULL : !strcmp(a->failure, b->failure));
    same = same && (a->rc < 0 || !memcmp(a->vals, b->vals, sizeof a->vals));
    if (same)
        return;
    sw_auto_buf text = SW_BUF(1u << 20);
    struct sw_err err;
    CHECK_OK(component_func_type_print(fx->plan.types, fx->lifts[0].type, resource_name, NULL, &text, &err),
             &err);
    print_error("type %u case %u: " SW_FMT
                "\n  runtime: %d '%s' realloc %s|%s\n  model: %d '%s' realloc %s|%s\n",
                type, number, SW_ARG(sw_buf_str(&text)), a->rc, a->failure, a->logs[0], a->logs[1], b->rc,
                b->failure, b->logs[0], b->logs[1]);
    CHECK_NEVER("the runtime and the model differ");
}

static void calls_between_guests_do_what_lifting_and_lowering_in_two_steps_do(void **state)
{
    uint32_t trapped = 0, passed = 0;
    (void)state;
    for (uint32_t i = 0; i < TYPES; i++) {
        struct fixture fx;
        seed = i;
        fixture_init(&fx, 2);
        (void)fixture_resource_guest(&fx, 0, false);
        (void)fixture_resource_host(&fx, &host_type);
        (void)fixture_lift(&fx, 1, "run", "func()", roll(3));
        fx.lifts[0].type = random_func(&fx);
        (void)fixture_import_lift(&fx, 0, 0, roll(3));
        fx.guests[0].realloc = fx.guests[1].realloc = stingy;
        fx.guests[1].run = callee;
        fixture_bind(&fx);
        uint64_t first = seed;
        for (uint32_t k = 0; k < CASES; k++) {
            faults = k % 2 ? 6 : 0;
            for (uint32_t model = 0; model < 2; model++)
                run_case(&fx, first + k, model, &outcomes[model]);
            compare(&fx, i, k);
            trapped += outcomes[0].rc < 0;
            passed += outcomes[0].rc == 0;
        }
        fixture_deinit(&fx);
    }
    CHECK(trapped > TYPES * CASES / 10 && passed > TYPES * CASES / 3); /* neither is rare */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_between_guests_do_what_lifting_and_lowering_in_two_steps_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
