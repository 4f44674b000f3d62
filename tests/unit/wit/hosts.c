/* hosts.c - implementations of test.wit's functions.  Room: wit (tests). */
#include "hosts.h"

struct seen seen;
struct give give;

/* ---- things ---- */

static struct host_all_things_thing made;
static struct host_all_things_other made_other;

int host_all_things_thing_new(struct component_call *call, uint32_t n, struct host_all_things_thing **ret)
{
    (void)call;
    made.n = n;
    *ret = &made;
    return 0;
}

int host_all_things_thing_get(struct component_call *call, struct host_all_things_thing *self, uint32_t *ret)
{
    (void)call;
    *ret = self->n;
    return 0;
}

int host_all_things_thing_set(struct component_call *call, struct host_all_things_thing *self, uint32_t n,
                              struct sw_str *ret_error)
{
    (void)call;
    self->n = n;
    if (give.rc > 0)
        *ret_error = give.text;
    return give.rc;
}

int host_all_things_thing_merge(struct component_call *call, struct host_all_things_thing *a,
                                struct host_all_things_thing *b, struct host_all_things_thing **ret)
{
    (void)call;
    a->n += b->n;
    *ret = a;
    return 0;
}

int host_all_things_other_new(struct component_call *call, bool fail, struct host_all_things_other **ret,
                              enum host_all_things_color *ret_error)
{
    (void)call;
    if (fail)
        *ret_error = HOST_ALL_THINGS_COLOR_DEEP_BLUE;
    else
        *ret = &made_other;
    return fail ? HOST_WIT_ERROR : 0;
}

void host_all_things_thing_drop(void *owner, void *object)
{
    struct host_all_things_thing *thing = object;
    (void)owner;
    thing->drops++;
}

void host_all_things_other_drop(void *owner, void *object)
{
    struct host_all_things_other *other = object;
    (void)owner;
    other->drops++;
}

/* ---- shapes ---- */

int host_all_shapes_scalars(struct component_call *call, bool a, int8_t b, uint8_t c, int16_t d, uint16_t e,
                            int32_t f, uint32_t g, int64_t h, uint64_t i, float j, double k, uint32_t l,
                            int8_t *ret)
{
    (void)call;
    seen.calls++;
    seen.scalars.a = a;
    seen.scalars.b = b;
    seen.scalars.c = c;
    seen.scalars.d = d;
    seen.scalars.e = e;
    seen.scalars.f = f;
    seen.scalars.g = g;
    seen.scalars.h = h;
    seen.scalars.i = i;
    seen.scalars.j = j;
    seen.scalars.k = k;
    seen.scalars.l = l;
    *ret = (int8_t)give.s64;
    return give.rc;
}

int host_all_shapes_give_bool(struct component_call *call, bool *ret)
{
    (void)call;
    *ret = give.s64 != 0;
    return 0;
}

int host_all_shapes_give_s64(struct component_call *call, int64_t *ret)
{
    (void)call;
    *ret = give.s64;
    return 0;
}

int host_all_shapes_give_f32(struct component_call *call, float *ret)
{
    (void)call;
    *ret = give.f32;
    return 0;
}

int host_all_shapes_give_f64(struct component_call *call, double *ret)
{
    (void)call;
    *ret = give.f64;
    return 0;
}

int host_all_shapes_give_char(struct component_call *call, uint32_t *ret)
{
    (void)call;
    *ret = (uint32_t)give.s64;
    return 0;
}

int host_all_shapes_give_one(struct component_call *call, struct host_all_shapes_one *ret)
{
    (void)call;
    ret->it = (uint32_t)give.s64;
    return 0;
}

int host_all_shapes_give_plain(struct component_call *call, struct host_all_shapes_plain p,
                               struct host_all_shapes_plain *ret)
{
    (void)call;
    *ret = p;
    return 0;
}

int host_all_shapes_give_color(struct component_call *call, enum host_all_things_color c,
                               enum host_all_things_color *ret)
{
    (void)call;
    *ret = c;
    return 0;
}

int host_all_shapes_give_perms(struct component_call *call, uint32_t p, uint32_t t, uint32_t m, uint32_t *ret)
{
    (void)call;
    seen.flags[0] = p;
    seen.flags[1] = t;
    seen.flags[2] = m;
    *ret = t;
    return 0;
}

int host_all_shapes_give_flags(struct component_call *call, struct host_tuple_u32_u32_u32 *ret)
{
    (void)call;
    ret->f0 = give.flags[0];
    ret->f1 = give.flags[1];
    ret->f2 = give.flags[2];
    return 0;
}

int host_all_shapes_record_in(struct component_call *call, struct host_all_shapes_nested r)
{
    (void)call;
    seen.nested = r;
    return give.rc;
}

int host_all_shapes_record_out(struct component_call *call, struct host_all_shapes_nested *ret)
{
    (void)call;
    *ret = give.nested;
    return 0;
}

int host_all_shapes_variant_in(struct component_call *call, struct host_all_shapes_joined v)
{
    (void)call;
    seen.calls++;
    seen.joined = v;
    return 0;
}

int host_all_shapes_variant_out(struct component_call *call, struct host_all_shapes_joined *ret)
{
    (void)call;
    *ret = give.joined;
    return 0;
}

int host_all_shapes_options(struct component_call *call, struct host_option_u8 a, struct host_option_str b,
                            struct host_option_option_u32 c, struct host_option_option_u32 *ret)
{
    (void)call;
    seen.option_a = a;
    seen.option_b = b;
    seen.option_c = c;
    *ret = give.option;
    return 0;
}

int host_all_shapes_results(struct component_call *call, struct host_result_u64_str r, uint64_t *ret,
                            struct sw_str *ret_error)
{
    (void)call;
    seen.result = r;
    if (give.rc > 0)
        *ret_error = give.text;
    else
        *ret = (uint64_t)give.s64;
    return give.rc;
}

int host_all_shapes_result_plain(struct component_call *call, struct host_result_void_void r)
{
    (void)call;
    return r.is_err ? HOST_WIT_ERROR : 0;
}

int host_all_shapes_result_ok(struct component_call *call, struct host_result_u8_void r, struct sw_str *ret)
{
    (void)call;
    seen.result_ok = r;
    if (give.rc == 0)
        *ret = give.text;
    return give.rc;
}

int host_all_shapes_result_inside(struct component_call *call,
                                  struct host_option_result_result_u32_all_things_color_void *ret)
{
    (void)call;
    *ret = give.inside;
    return 0;
}

int host_all_shapes_records(struct component_call *call, struct host_list_all_shapes_small l,
                            struct host_list_all_shapes_small *ret)
{
    (void)call;
    seen.calls++;
    seen.smalls = l;
    *ret = l;
    return 0;
}

int host_all_shapes_variants(struct component_call *call, struct host_list_all_shapes_joined l,
                             struct host_list_all_shapes_joined *ret)
{
    (void)call;
    seen.joineds = l;
    *ret = (struct host_list_all_shapes_joined){0};
    return 0;
}

int host_all_shapes_lists(struct component_call *call, struct host_list_str l, struct host_list_list_str m,
                          struct host_list_list_str *ret)
{
    (void)call;
    seen.list = l;
    seen.lists = m;
    *ret = give.lists;
    return 0;
}

int host_all_shapes_strings(struct component_call *call, struct sw_str s, struct sw_str b, struct sw_str *ret)
{
    (void)call;
    seen.calls++;
    seen.texts[0] = s;
    seen.texts[1] = b;
    *ret = give.text;
    return 0;
}

int host_all_shapes_bytes(struct component_call *call, struct sw_str *ret)
{
    (void)call;
    *ret = give.text;
    return 0;
}

int host_all_shapes_spill(struct component_call *call, uint8_t a, uint64_t b, struct sw_str c,
                          struct host_all_shapes_nested d, struct host_all_shapes_joined e,
                          struct host_tuple_u8_u64 *ret)
{
    (void)call;
    seen.calls++;
    seen.bytes[0] = a;
    seen.wide = b;
    seen.texts[0] = c;
    seen.nested = d;
    seen.joined = e;
    ret->f0 = 0x5a;
    ret->f1 = 0x1122334455667788;
    return 0;
}

int host_all_shapes_handles(struct component_call *call, struct host_all_things_thing *a,
                            struct host_all_things_thing *b, struct host_option_all_things_thing c,
                            struct host_list_all_things_thing d, struct host_list_all_things_thing *ret)
{
    (void)call;
    seen.calls++;
    seen.things[0] = a;
    seen.things[1] = b;
    seen.things[2] = c.has ? c.value : NULL;
    seen.thing_list = d;
    *ret = give.things;
    return give.rc;
}

int host_all_shapes_give(struct component_call *call, struct host_tuple_all_things_thing_str *ret,
                         struct host_all_things_other **ret_error)
{
    (void)call;
    if (give.rc > 0)
        *ret_error = give.other;
    else
        *ret = give.pair;
    return give.rc;
}

int host_all_shapes_give_thing(struct component_call *call, struct host_all_things_thing **ret)
{
    (void)call;
    *ret = give.thing;
    return 0;
}

int host_all_shapes_fixed(struct component_call *call, struct host_list3_u16 l,
                          struct host_list2_all_shapes_small *ret)
{
    (void)call;
    seen.fixed = l;
    *ret = give.fixed;
    return 0;
}

int host_all_shapes_slow_wait(struct component_call *call, struct sw_str s, struct sw_str *ret)
{
    (void)call;
    seen.texts[0] = s;
    *ret = give.text; /* not s: a result must not lie in guest memory, which moves */
    return 0;
}

int host_all_shapes_keywords(struct component_call *call, uint8_t default_, uint8_t func, uint8_t call_,
                             uint8_t ret_)
{
    (void)call;
    seen.bytes[0] = default_;
    seen.bytes[1] = func;
    seen.bytes[2] = call_;
    seen.bytes[3] = ret_;
    return 0;
}
