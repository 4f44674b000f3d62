/* encode.c - any bytes as a core module with a world, as such a section, or as an adapter: no crash, and what is encoded is a valid component.
 *
 * The first byte says which: 0 the module itself, 1 the section "component-type" of a module, 2 an adapter for a module. */
#include "component/encode/encode.h"

#include <assert.h>

#include "component/component.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_MAX (64u << 20)
#define OUT_MAX (8u << 20)

/* (module (import "old" "read" (func (param i32 i32) (result i32))) (memory (export "memory") 1)
 *   (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable) (func (export "_initialize"))) */
static const char MAIN[] = "\0asm\1\0\0\0"
                           "\x01\x12\x03\x60\2\x7f\x7f\1\x7f\x60\4\x7f\x7f\x7f\x7f\1\x7f\x60\0\0"
                           "\x02\x0c\x01\3old\4read\0\0"
                           "\x03\x03\x02\1\2"
                           "\x05\x03\x01\0\1"
                           "\x07\x27\x03\6memory\2\0\x0c"
                           "cabi_realloc\0\1\x0b_initialize\0\2"
                           "\x0a\x08\x02\3\0\0\x0b\2\0\x0b";
/* (module (memory (export "memory") 1)), before a custom section */
static const char PLAIN[] = "\0asm\1\0\0\0"
                            "\x05\x03\x01\0\1"
                            "\x07\x0a\x01\6memory\2\0";

static struct sw_str with_section(struct sw_str content, struct sw_buf *out, struct sw_err *err)
{
    size_t n = content.n + 15;
    int rc = sw_buf_add(out, sw_str(PLAIN, sizeof PLAIN - 1), err);
    if (rc == 0)
        rc = sw_buf_add_byte(out, 0, err);
    for (; rc == 0 && n >= 0x80; n >>= 7)
        rc = sw_buf_add_byte(out, (unsigned char)((n & 0x7f) | 0x80), err);
    if (rc == 0)
        rc = sw_buf_add_byte(out, (unsigned char)n, err);
    if (rc == 0)
        rc = sw_buf_add(out,
                        SW_LIT("\x0e"
                               "component-type"),
                        err);
    if (rc == 0)
        rc = sw_buf_add(out, content, err);
    return rc == 0 ? sw_buf_str(out) : SW_LIT("");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sw_auto_arena arena = SW_ARENA(ARENA_MAX);
    sw_auto_buf out = SW_BUF(OUT_MAX), module = SW_BUF(OUT_MAX);
    struct sw_err err;
    struct component_binary *binary = NULL;
    if (size < 1)
        return 0;
    struct sw_str bytes = sw_str((const char *)data + 1, size - 1);
    struct encode_adapter adapter = {SW_LIT("old"), bytes};
    struct encode_input in = {.core = bytes, .version = "1.2.3"};
    if (data[0] == 1)
        in.core = with_section(bytes, &module, &err);
    if (data[0] == 2) {
        in.core = sw_str(MAIN, sizeof MAIN - 1);
        in.adapters = &adapter;
        in.adapter_count = 1;
    }
    int rc = encode_component(&arena, &in, &out, &err);
    if (rc < 0) {
        assert(err.code == SW_EINPUT || err.code == SW_ELIMIT);
        return 0;
    }
    rc = component_decode(sw_buf_str(&out), &binary, &err);
    component_binary_free(binary);
    assert(rc == 0 || err.code == SW_ELIMIT);
    return 0;
}
