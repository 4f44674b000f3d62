/* library.c - which libwasmtime this process has loaded: the build id that its linker wrote into it.  Room: engine.
 *
 * The C API tells no version at run time. Source: elf(5), dl_iterate_phdr(3). */
#include <elf.h>
#include <link.h>
#include <string.h>

#include <wasmtime.h>

#include "engine/engine.h"

struct search {
    uintptr_t address; /* in the object that is looked for */
    char *id;          /* ENGINE_LIBRARY_ID_MAX */
};

static bool holds(const struct dl_phdr_info *object, uintptr_t address)
{
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && address - (object->dlpi_addr + part->p_vaddr) < part->p_memsz)
            return true;
    }
    return false;
}

static size_t aligned(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

static void write_hex(const unsigned char *bytes, size_t n, char *text)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = hex[bytes[i] >> 4];
        text[2 * i + 1] = hex[bytes[i] & 15];
    }
    text[2 * n] = '\0';
}

/* Notes of our own program's libraries: well formed, and read with care all the same. */
static void read_notes(const char *p, size_t n, char *id)
{
    while (n >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) note;
        memcpy(&note, p, sizeof note);
        size_t name = aligned(note.n_namesz);
        size_t text = aligned(note.n_descsz);
        if (note.n_namesz > n || note.n_descsz > n || sizeof note + name + text > n)
            return;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(p + sizeof note, "GNU", 4) == 0 &&
            2 * (size_t)note.n_descsz < ENGINE_LIBRARY_ID_MAX) {
            write_hex((const unsigned char *)p + sizeof note + name, note.n_descsz, id);
            return;
        }
        p += sizeof note + name + text;
        n -= sizeof note + name + text;
    }
}

static int look(struct dl_phdr_info *object, size_t size, void *arg)
{
    const struct search *search = arg;
    (void)size;
    if (!holds(object, search->address))
        return 0;
    for (unsigned i = 0; i < object->dlpi_phnum && !search->id[0]; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_NOTE)
            read_notes((const char *)(object->dlpi_addr + part->p_vaddr), part->p_memsz, search->id);
    }
    return 1;
}

void engine_library_id(char ret[ENGINE_LIBRARY_ID_MAX])
{
    const struct search search = {(uintptr_t)wasmtime_module_serialize, ret};
    ret[0] = '\0';
    (void)dl_iterate_phdr(look, (void *)(uintptr_t)&search); /* what look returned: found or not */
}
