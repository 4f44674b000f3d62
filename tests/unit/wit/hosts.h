/* hosts.h - a host that remembers what it was given and gives what it was told to.  Room: wit (tests). */
#ifndef SW_TESTS_WIT_HOSTS_H
#define SW_TESTS_WIT_HOSTS_H

#include "wit_test/bindings/all_shapes.h"
#include "wit_test/bindings/kinds.h"

struct host_all_things_thing {
    uint32_t n;
    unsigned drops;
};
struct host_all_things_other {
    unsigned drops;
};

/* Arguments as they arrived. */
struct seen {
    unsigned calls;
    struct {
        bool a;
        int8_t b;
        uint8_t c;
        int16_t d;
        uint16_t e;
        int32_t f;
        uint32_t g;
        int64_t h;
        uint64_t i;
        float j;
        double k;
        uint32_t l;
    } scalars;
    uint32_t flags[3];
    struct host_all_shapes_nested nested;
    struct host_all_shapes_joined joined;
    struct host_option_u8 option_a;
    struct host_option_str option_b;
    struct host_option_option_u32 option_c;
    struct host_result_u64_str result;
    struct host_result_u8_void result_ok;
    struct host_list_all_shapes_small smalls;
    struct host_list_all_shapes_joined joineds;
    struct host_list_str list;
    struct host_list_list_str lists;
    struct sw_str texts[2];
    struct host_all_things_thing *things[3];
    struct host_list_all_things_thing thing_list;
    struct host_list3_u16 fixed;
    uint8_t bytes[4];
    uint64_t wide;
};

/* What functions return. */
struct give {
    int rc; /* HOST_WIT_ERROR or < 0 */
    int64_t s64;
    float f32;
    double f64;
    uint32_t flags[3];
    struct host_all_shapes_nested nested;
    struct host_all_shapes_joined joined;
    struct host_option_option_u32 option;
    struct host_option_result_result_u32_all_things_color_void inside;
    struct sw_str text;
    struct host_list_list_str lists;
    struct host_tuple_all_things_thing_str pair;
    struct host_all_things_other *other;
    struct host_all_things_thing *thing;
    struct host_list_all_things_thing things;
    struct host_list2_all_shapes_small fixed;
};

extern struct seen seen;
extern struct give give;

#endif
