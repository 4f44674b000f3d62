/* core.c - any bytes as a core module: reading and preparing them.  Room: tests.
 *
 * What was read must be prepared or refused, what was prepared must be readable again, with no start section and with the same number
 * of functions, exports (one more for a start) and, when instructions may name them, segments; preparing it again must change no
 * segment. */
#include <stdint.h>
#include <stdlib.h>

#include "engine/core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_MAX (32u << 20)
#define WASM_MAX (8u << 20)
#define IMAGE_MAX (1u << 20) /* larger images are refused: what is tested is the same */

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void prepare_again(struct sw_arena *arena, const struct engine_core *first, struct sw_str bytes)
{
    struct sw_err err;
    struct engine_core *core = NULL;
    sw_auto_buf wasm = SW_BUF(WASM_MAX);
    sw_auto_buf image = SW_BUF(IMAGE_MAX);
    if (engine_core_parse(arena, bytes, &core, &err) < 0) {
        require(err.code == SW_ENOMEM || err.code == SW_ELIMIT);
        return;
    }
    require(!core->has_start);
    require(core->func_count == first->func_count &&
            core->has_data_count_section == first->has_data_count_section);
    require(core->data_count == first->data_count ||
            (core->data_count < first->data_count && !core->has_data_count_section));
    require(core->export_count == first->export_count + (first->has_start ? 1 : 0));
    if (first->has_start) {
        require(engine_core_export_find(core, ENGINE_START_EXPORT) != NULL);
        return; /* its name is reserved: it would be refused */
    }
    if (engine_core_prepare(core, &wasm, &image, &err) == 0)
        require(image.n == 0 && sw_str_eq(sw_buf_str(&wasm), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_err err;
    struct engine_core *core = NULL;
    sw_auto_arena arena = SW_ARENA(ARENA_MAX);
    sw_auto_buf wasm = SW_BUF(WASM_MAX);
    sw_auto_buf image = SW_BUF(IMAGE_MAX);
    if (engine_core_parse(&arena, sw_str((const char *)data, size), &core, &err) < 0)
        return 0;
    for (uint32_t i = 0; i < core->func_count; i++)
        require(engine_core_func_type(core, i) != NULL);
    if (engine_core_prepare(core, &wasm, &image, &err) == 0)
        prepare_again(&arena, core, sw_buf_str(&wasm));
    else
        require(wasm.n == 0 && image.n == 0);
    return 0;
}
