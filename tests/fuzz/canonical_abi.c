/* canonical_abi.c - a random type and random memory through the lifter, then through the lowerer into another guest and back.
 *
 * Nothing may be read or written outside the fake guests' memories (poisoned under AddressSanitizer); a value that was lifted and
 * lowered prints the same when it is lifted again. Or from guest to guest directly, by a copy program. Input: options, a type program, then guest 0's memory or flat values. */
#include <stdlib.h>

#include "base/buf.h"
#include "component/copy.h"

#include "../unit/component/run_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH_MAX = 6, CASES_MAX = 5, MEMORY = 1024, AT = 64 };

struct input {
    const uint8_t *p;
    size_t n;
};

static uint8_t take(struct input *in)
{
    if (!in->n)
        return 0;
    in->n--;
    return *in->p++;
}

static uint32_t make_type(struct fixture *fx, struct input *in, unsigned depth);

static uint32_t intern(struct fixture *fx, const struct component_type *shape)
{
    uint32_t type = COMPONENT_U8;
    struct sw_err err;
    if (component_types_intern(fx->plan.types, shape, &type, &err) < 0)
        return COMPONENT_U8; /* over a limit */
    return type;
}

static uint32_t make_cases(struct fixture *fx, struct input *in, unsigned depth, enum component_kind kind)
{
    static const char names[] = "abcdefghij";
    struct component_case cases[2 * CASES_MAX];
    uint32_t count = kind == COMPONENT_OPTION || kind == COMPONENT_RESULT ? 2 : 1 + take(in) % CASES_MAX;
    bool plain = kind == COMPONENT_ENUM || kind == COMPONENT_FLAGS;
    bool all = kind == COMPONENT_RECORD || kind == COMPONENT_TUPLE;
    if (kind == COMPONENT_FLAGS)
        count *= 2;
    for (uint32_t i = 0; i < count; i++) {
        cases[i] = (struct component_case){.name = {names + i, 1}, .type = COMPONENT_NO_TYPE};
        if (kind == COMPONENT_TUPLE)
            cases[i].name = (struct sw_str){NULL, 0};
        if (!plain && (all || kind == COMPONENT_OPTION ? (all || i == 1) : take(in) & 1))
            cases[i].type = make_type(fx, in, depth + 1);
    }
    return intern(fx, &(struct component_type){
                          .kind = kind, .elem = COMPONENT_NO_TYPE, .cases = cases, .case_count = count});
}

static uint32_t make_type(struct fixture *fx, struct input *in, unsigned depth)
{
    uint8_t what = take(in) % 32;
    if (what <= COMPONENT_STRING || depth >= DEPTH_MAX)
        return what <= COMPONENT_STRING ? what : COMPONENT_STRING;
    enum component_kind kind =
        COMPONENT_LIST + (what - COMPONENT_STRING) % (COMPONENT_BORROW - COMPONENT_LIST);
    struct component_type shape = {.kind = kind};
    if (kind == COMPONENT_LIST || kind == COMPONENT_FIXED_LIST) {
        shape.length = kind == COMPONENT_FIXED_LIST ? 1 + take(in) % 7u : 0;
        shape.elem = make_type(fx, in, depth + 1);
        return intern(fx, &shape);
    }
    if (kind == COMPONENT_OWN) {
        shape.elem = take(in) & 1;
        return intern(fx, &shape);
    }
    return make_cases(fx, in, depth, kind);
}

/* Some handles for the random memory to hit: own ones of a guest's and of the host's resource, a lent one, a freed number. */
static const struct component_host_resource host_type = {"file", 5, NULL};

static void make_handles(struct fixture *fx, struct component_cx *cx)
{
    static int object;
    uint32_t handle;
    union engine_val vals[1];
    for (uint32_t i = 0; i < 6; i++) {
        vals[0].u64 = i;
        if (i % 2 ? component_handle_new(&cx->call, host_type.kind, &object, &handle)
                  : fake_import(fixture_guest(fx, 0), 0, vals))
            abort();
    }
    struct component_handle *lent = component_handles_get(&cx->call.instance->handles, 4);
    if (component__lend(&cx->call, 4, lent) < 0)
        abort();
    component_handles_remove(&cx->call.instance->handles, 3);
}

static uint8_t realloc_mode;

static int odd_realloc(struct fake_guest *guest, union engine_val *vals)
{
    uint32_t keep = vals[1].u32 < vals[3].u32 ? vals[1].u32 : vals[3].u32, old = vals[0].u32;
    uint32_t at = fake_guest_alloc(guest, vals[3].u32, vals[2].u32);
    if (keep && at < FAKE_MEMORY_BYTES_MAX)
        memcpy(guest->memory.base + at, guest->memory.base + old, keep);
    if (realloc_mode >= 250)
        at += realloc_mode;
    vals[0].u64 = at;
    return realloc_mode == 249 ? -1 : 0;
}

static int lift(struct component_cx *cx, uint32_t type, bool flat, const struct input *in,
                struct component_value *ret)
{
    union engine_val vals[COMPONENT_FLAT_MAX];
    if (!flat)
        return component__load(cx, type, cx->call.mem + AT, ret);
    memset(vals, 0, sizeof vals);
    for (size_t i = 0; i < COMPONENT_FLAT_MAX && 4 * i < in->n; i++)
        memcpy(&vals[i], in->p + 4 * i, in->n - 4 * i < 8 ? in->n - 4 * i : 8);
    return component__lift_flat(cx, type, vals, ret);
}

static int lower(struct component_cx *cx, uint32_t type, bool flat, const struct component_value *value,
                 struct component_value *ret)
{
    union engine_val vals[COMPONENT_FLAT_MAX];
    int rc = flat ? component__lower_flat(cx, type, value, vals) : component__store(cx, type, value, AT);
    if (rc < 0)
        return rc;
    cx->pending = NULL; /* now what is lifted */
    cx->pending_end = &cx->pending;
    return flat ? component__lift_flat(cx, type, vals, ret)
                : component__load(cx, type, cx->call.mem + AT, ret);
}

static void compare(struct fixture *fx, uint32_t type, const struct component_value *a,
                    const struct component_value *b)
{
    sw_auto_buf one = SW_BUF(4u << 20);
    sw_auto_buf two = SW_BUF(4u << 20);
    fixture_print(fx, type, a, &one);
    fixture_print(fx, type, b, &two);
    if (!sw_str_eq(sw_buf_str(&one), sw_buf_str(&two)))
        abort();
}

static void copy(struct component_cx *from, struct component_cx *to, uint32_t type)
{
    struct component_copy both;
    struct sw_err err;
    struct component *component = from->call.store->component;
    if (component__programs_make(component, &(struct component_func_type){.result = type}, &err) < 0)
        return;
    component__copy_begin(&both, from, to);
    if (component__copy_check(&both, component->programs[type], from->call.mem + AT) == 0 &&
        component__copy_store(&both, component->programs[type], from->call.mem + AT, AT) < 0)
        return; /* realloc trapped */
}

static void run(struct fixture *fx, struct input *in, uint32_t type, bool flat, bool copies)
{
    const struct component_type *shape = component_type_of(fx->plan.types, type);
    struct component_cx from, to;
    struct component_value value, again;
    struct fake_guest *guest = fixture_guest(fx, 0);
    fixture_cx(fx, 0, copies, &from);
    fixture_cx(fx, 1, copies, &to);
    make_handles(fx, &from);
    if (shape->size > MEMORY - AT)
        return;
    for (size_t i = 0; i < MEMORY - AT && i < in->n; i++)
        guest->memory.base[AT + i] = in->p[i];
    if (shape->flat_count > COMPONENT_FLAT_MAX)
        flat = false;
    fixture_guest(fx, 1)->next = MEMORY;
    if (copies) {
        copy(&from, &to, type);
        return;
    }
    if (lift(&from, type, flat, in, &value) < 0)
        return;
    component__adopt(&to, type, &value);
    if (lower(&to, type, flat, &value, &again) == 0 && !shape->has_handle)
        compare(fx, type, &value, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    uint8_t options = take(&in);
    struct fixture fx;
    realloc_mode = take(&in);
    fixture_init(&fx, 2);
    fx.modules[0].memory_bytes = MEMORY;
    fx.modules[1].memory_bytes = MEMORY;
    fx.guests[1].realloc = odd_realloc;
    (void)fixture_resource_guest(&fx, 0, false);
    (void)fixture_resource_host(&fx, &host_type);
    (void)fixture_import_builtin(&fx, 0, COMPONENT_RESOURCE_NEW, 0);
    (void)fixture_lift(&fx, 0, "run", "func()", options % 3u);
    (void)fixture_lift(&fx, 1, "run", "func()", options / 3u % 3u);
    uint32_t type = make_type(&fx, &in, 0);
    fixture_bind(&fx);
    fixture_open(&fx);
    run(&fx, &in, type, (options & 0x40) != 0, (options & 0x80) != 0);
    fixture_deinit(&fx);
    return 0;
}
