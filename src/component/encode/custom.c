/* custom.c - who made it, and what the parts are called.  Room: encode.
 *
 * producers: fields (language, processed-by, sdk), each a list of names with versions. The component's has those of the modules it was made
 * of and of the sections that named their worlds, and this program. Source: tool conventions, "ProducersSection". */
#include "component/encode/encode_internal.h"

struct producer {
    struct sw_str field, name, version;
};

struct producers {
    struct producer items[ENCODE_PRODUCERS_MAX];
    uint32_t count;
};

static void add(struct producers *all, struct producer item)
{
    for (uint32_t i = 0; i < all->count; i++)
        if (sw_str_eq(all->items[i].field, item.field) && sw_str_eq(all->items[i].name, item.name) &&
            sw_str_eq(all->items[i].version, item.version))
            return;
    if (all->count <
        ENCODE_PRODUCERS_MAX) /* those after are left out: it is a remark, not a fact anybody needs */
        all->items[all->count++] = item;
}

/* A section that cannot be read is one that nobody reads: it is left out. */
static void read_section(struct producers *all, struct sw_str section)
{
    struct enc_reader r = enc_reader(section);
    uint32_t fields = r.p < r.end ? enc_read_u32(&r) : 0, before = all->count;
    for (uint32_t i = 0; !r.bad && i < fields; i++) {
        struct sw_str field = enc_read_name(&r);
        uint32_t n = enc_read_u32(&r);
        for (uint32_t k = 0; !r.bad && k < n; k++) {
            struct producer item = {.field = field, .name = enc_read_name(&r)};
            item.version = enc_read_name(&r);
            if (!r.bad && sw_utf8_valid(field) && sw_utf8_valid(item.name) && sw_utf8_valid(item.version))
                add(all, item);
        }
    }
    if (r.bad)
        all->count = before;
}

static void read_module(struct producers *all, struct sw_str module)
{
    struct enc_reader r = enc_sections(module);
    struct enc_raw_section section;
    while (enc_read_section(&r, &section))
        if (section.id == 0 && sw_str_eq(section.name, SW_LIT("producers")))
            read_section(all, section.content);
        else if (section.id == 0 && sw_str_starts(section.name, SW_LIT("component-type")))
            read_section(all, enc_find_section(section.content, 0, SW_LIT("producers")));
}

int encode_bindgen(const struct engine_core *core, struct sw_str *ret_version)
{
    int rc = SW_ABSENT;
    struct sw_str version = SW_LIT("");
    for (uint32_t i = 0; i < core->custom_count; i++) {
        if (!sw_str_starts(core->customs[i].name, SW_LIT("component-type")))
            continue;
        struct producers all = {.count = 0};
        rc = 0;
        read_section(&all, enc_find_section(core->customs[i].bytes, 0, SW_LIT("producers")));
        for (uint32_t k = 0; !version.n && k < all.count; k++)
            if (sw_str_eq(all.items[k].field, SW_LIT("processed-by")) &&
                sw_str_starts(all.items[k].name, SW_LIT("wit-bindgen")))
                version = all.items[k].version;
    }
    *ret_version = version;
    return rc;
}

static void put_custom(struct enc *e, struct sw_str name, struct sw_str content)
{
    sw_auto_buf section = SW_BUF(ENCODE_BYTES_MAX);
    enc_name(e, &section, name);
    enc_raw(e, &section, content);
    enc_section(e, &e->root.bytes, 0, sw_buf_str(&section));
}

static bool is_first_of_field(const struct producers *all, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++)
        if (sw_str_eq(all->items[i].field, all->items[at].field))
            return false;
    return true;
}

static void put_field(struct enc *e, const struct producers *all, uint32_t first, struct sw_buf *out)
{
    sw_auto_buf list = SW_BUF(ENCODE_BYTES_MAX);
    uint32_t n = 0;
    for (uint32_t i = first; i < all->count; i++) {
        if (!sw_str_eq(all->items[i].field, all->items[first].field))
            continue;
        enc_name(e, &list, all->items[i].name);
        enc_name(e, &list, all->items[i].version);
        n++;
    }
    enc_name(e, out, all->items[first].field);
    enc_u32(e, out, n);
    enc_raw(e, out, sw_buf_str(&list));
}

static void put_producers(struct enc *e)
{
    sw_auto_buf content = SW_BUF(ENCODE_BYTES_MAX), fields = SW_BUF(ENCODE_BYTES_MAX);
    struct producers *all = enc_new(e, 1, sizeof *all);
    uint32_t n = 0;
    if (!all)
        return;
    add(all, (struct producer){SW_LIT("processed-by"), SW_LIT("swell"), sw_str_of(e->input->version)});
    read_module(all, e->input->core);
    for (uint32_t i = 0; i < e->input->adapter_count; i++)
        if (e->modules[i + 1].present)
            read_module(all, e->input->adapters[i].bytes);
    for (uint32_t i = 0; i < all->count; i++)
        if (is_first_of_field(all, i)) {
            put_field(e, all, i, &fields);
            n++;
        }
    enc_u32(e, &content, n);
    enc_raw(e, &content, sw_buf_str(&fields));
    put_custom(e, SW_LIT("producers"), sw_buf_str(&content));
}

/* ---- names ---- */

static struct sw_str module_name(struct sw_str module) /* what its own name section calls it; or empty */
{
    struct enc_reader r = enc_reader(enc_find_section(module, 0, SW_LIT("name")));
    while (!r.bad && r.p < r.end) {
        uint8_t id = enc_read_byte(&r);
        struct enc_reader part = enc_reader(enc_read_name(&r));
        struct sw_str name = id == 0 && !r.bad ? enc_read_name(&part) : SW_LIT("");
        if (id == 0)
            return !part.bad && sw_utf8_valid(name) ? name : SW_LIT("");
    }
    return SW_LIT("");
}

static void put_subsection(struct enc *e, struct sw_buf *out, unsigned id, struct sw_str content)
{
    enc_byte(e, out, id);
    enc_name(e, out, content);
}

static void put_name(struct enc *e, struct sw_buf *out, uint32_t index, struct sw_str name)
{
    enc_u32(e, out, index);
    enc_name(e, out, name);
}

static void put_names(struct enc *e)
{
    sw_auto_buf content = SW_BUF(ENCODE_BYTES_MAX), part = SW_BUF(ENCODE_BYTES_MAX);
    struct sw_str name = module_name(e->input->core);
    uint32_t n = 0;
    if (name.n) {
        enc_name(e, &part, name);
        put_subsection(e, &content, 0, sw_buf_str(&part));
        sw_buf_clear(&part);
    }
    enc_raw(e, &part, sw_str("\x00\x11", 2)); /* of core modules */
    enc_u32(e, &part, e->core_modules);
    put_name(e, &part, n++, SW_LIT("main"));
    for (uint32_t i = 1; i < e->module_count; i++)
        if (e->modules[i].present)
            put_name(e, &part, n++, sw_str_of(enc_text(e, "adapter:" SW_FMT, SW_ARG(e->modules[i].name))));
    if (e->slot_count)
        put_name(e, &part, n++, SW_LIT("shim"));
    if (n < e->core_modules)
        put_name(e, &part, n, SW_LIT("fixup"));
    put_subsection(e, &content, 1, sw_buf_str(&part));
    put_custom(e, SW_LIT("component-name"), sw_buf_str(&content));
}

void enc_customs(struct enc *e)
{
    put_names(e);
    put_producers(e);
}
