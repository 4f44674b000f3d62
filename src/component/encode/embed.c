/* embed.c - the worlds that a core module carries in sections called component-type.  Room: encode.
 *
 * Such a section holds a component: a custom section wit-component-encoding (a version byte and the encoding of strings), and a type that
 * is exported, see component_world_enter. Bindings generators write one per world; a linker keeps them all. */
#include "component/encode/encode_internal.h"

#include "component/component.h"
#include "component/describe.h"

#define ENCODING_VERSION 4 /* what generators have written since 2023 */

static bool is_embedded(const struct engine_core_custom *custom)
{
    return sw_str_starts(custom->name, SW_LIT("component-type"));
}

/* The encoding of strings, as its canonical option: 0 UTF-8, 1 UTF-16, 2 Latin-1 or UTF-16. */
static uint32_t encoding_of(struct enc *e, struct sw_str section)
{
    struct sw_str found = enc_find_section(section, 0, SW_LIT("wit-component-encoding"));
    if (found.n != 2)
        (void)enc_fail(e, SW_EINPUT, "expected a custom section 'wit-component-encoding' of 2 bytes, got %zu",
                       found.n);
    else if (found.p[0] != ENCODING_VERSION)
        (void)enc_fail(e, SW_EINPUT, "expected version %d of its encoding, got %d", ENCODING_VERSION,
                       found.p[0]);
    else if ((uint8_t)found.p[1] > 2)
        (void)enc_fail(e, SW_EINPUT, "expected an encoding of strings from 0 to 2, got %u",
                       (unsigned)(uint8_t)found.p[1]);
    return e->rc == 0 ? (uint32_t)(uint8_t)found.p[1] : 0;
}

static void text_of(struct enc *e, struct sw_str section, struct sw_str *ret_name, struct sw_buf *out)
{
    struct component_binary *binary = NULL;
    struct component_world *world = NULL;
    e->rc = component_decode(section, &binary, e->err);
    if (e->rc == 0)
        e->rc = component_world_new(binary, &world, e->err);
    if (e->rc == 0 && component_world_enter(world, ret_name) == SW_ABSENT)
        (void)enc_fail(e, SW_EINPUT, "expected a component that exports a world as a type");
    if (e->rc == 0)
        e->rc = component_world_print(world, out, e->err);
    component_world_free(world);
    component_binary_free(binary);
}

static void resolve(struct enc *e, struct sw_str name, struct sw_str text, struct enc_world *ret)
{
    struct wit_file *file = NULL;
    struct sw_str copy = SW_LIT("");
    if (e->rc == 0)
        e->rc = sw_arena_copy(e->arena, text, &copy, e->err);
    if (e->rc == 0)
        e->rc = wit_parse(e->arena, name, copy, &file, e->err);
    if (e->rc == 0)
        e->rc = wit_resolve(e->arena, &file, 1, NULL, &ret->set, e->err);
    if (e->rc == 0)
        ret->world = ret->set->packages[0]->worlds[0]; /* the text begins with it */
}

static void add_world(struct enc *e, const struct engine_core_custom *custom, struct enc_module *module,
                      bool first)
{
    sw_auto_buf text = SW_BUF(ENCODE_WORLD_TEXT_MAX);
    uint32_t encoding = encoding_of(e, custom->bytes);
    struct enc_world *world = enc_new(e, 1, sizeof *world);
    if (!world)
        return;
    if (!first && encoding != module->encoding)
        (void)enc_fail(e, SW_EINPUT,
                       "its strings are encoded in another way than those of the sections before");
    struct sw_str name = SW_LIT("");
    if (e->rc == 0)
        text_of(e, custom->bytes, &name, &text);
    resolve(e, custom->name, sw_buf_str(&text), world);
    if (e->rc < 0)
        return;
    world->world->name = name; /* for messages; a view of the module */
    module->encoding = encoding;
    enc_add_world(e, world, module);
}

void enc_embedded(struct enc *e, struct enc_module *module)
{
    bool first = true;
    for (uint32_t i = 0; e->rc == 0 && i < module->core->custom_count; i++) {
        const struct engine_core_custom *custom = &module->core->customs[i];
        if (!is_embedded(custom))
            continue;
        add_world(e, custom, module, first);
        first = false;
        if (e->rc < 0)
            e->rc = sw_wrap(e->err, "section '" SW_FMT "'%s" SW_FMT "%s", SW_ARG(custom->name),
                            module->name.n ? " of adapter '" : "", SW_ARG(module->name),
                            module->name.n ? "'" : "");
    }
}

/* Its imports, all of them functions, with the names that they are given under. */
static void put_imports(struct enc *e, const struct enc_module *module, struct sw_buf *out)
{
    sw_auto_buf section = SW_BUF(ENCODE_BYTES_MAX);
    enc_u32(e, &section, module->use_count);
    for (uint32_t i = 0; e->rc == 0 && i < module->use_count; i++) {
        const struct enc_use *use = &e->uses[module->first_use + i];
        enc_name(e, &section, use->import->module);
        enc_name(e, &section, use->name);
        enc_byte(e, &section, 0);
        enc_u32(e, &section, module->core->func_types[use->import->index]);
    }
    enc_section(e, out, 2, sw_buf_str(&section));
}

static bool has_new_names(const struct enc *e, const struct enc_module *module)
{
    for (uint32_t i = 0; i < module->use_count; i++)
        if (e->uses[module->first_use + i].again)
            return true;
    return false;
}

/* The main module without those sections, which the component's types say, and with each import once. */
void enc_stripped(struct enc *e, const struct enc_module *module, struct sw_buf *out)
{
    struct enc_reader r = enc_sections(module->core->bytes);
    struct enc_raw_section section;
    bool renamed = has_new_names(e, module);
    enc_raw(e, out, sw_str_head(module->core->bytes, 8));
    while (e->rc == 0 && enc_read_section(&r, &section)) {
        if (section.id == 2 && renamed)
            put_imports(e, module, out);
        else if (section.id != 0 || !sw_str_starts(section.name, SW_LIT("component-type")))
            enc_raw(e, out, section.whole);
    }
}
