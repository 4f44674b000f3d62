/* wit.c - any bytes through the WIT parser, resolver and printer: no crash, and a text that resolved prints or meets a ceiling. */
#include <assert.h>

#include "component/wit/wit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX 4096 /* a canonical text may be exponentially larger than the file */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sw_auto_arena arena = SW_ARENA(16u << 20);
    struct sw_err err;
    struct wit_file *file;
    struct wit_set *set;
    if (wit_parse(&arena, sw_str("fuzz.wit", 8), sw_str((const char *)data, size), &file, &err) < 0)
        return 0;
    int rc = wit_resolve(&arena, &file, 1, NULL, &set, &err);
    if (rc < 0) {
        assert(err.code == SW_ELIMIT || err.code == SW_EINPUT);
        return 0;
    }
    for (uint32_t i = 0; i < set->package_count; i++) {
        for (uint32_t k = 0; k < set->packages[i]->interface_count; k++) {
            const struct wit_interface *in = set->packages[i]->interfaces[k];
            assert(wit_interface_find(set, in->full_name, set->packages[i]->version) == in);
            for (uint32_t f = 0; f < in->func_count; f++) {
                sw_auto_buf out = SW_BUF(TEXT_MAX);
                rc = wit_func_print(in->funcs[f], &out, &err);
                assert(rc == 0 || rc == -SW_ELIMIT);
            }
        }
    }
    return 0;
}
