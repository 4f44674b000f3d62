/* inspect_internal.h - what inspect.c finds and inspect_print.c prints.  Room: cli. */
#ifndef SW_CLI_INSPECT_INTERNAL_H
#define SW_CLI_INSPECT_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "cli/inspect.h"
#include "component/describe.h"
#include "engine/core.h"

struct inspect_custom {
    struct sw_str name;
    size_t bytes;
    uint32_t depth; /* 0: of the file itself */
};
struct inspect_producer {
    struct sw_str field, name, version; /* "language", "Rust", "" */
};
struct inspect_missing {
    struct sw_str import, func; /* func empty: all of it */
};

#define INSPECT_LIST(type)                                                                                   \
    struct {                                                                                                 \
        type *p;                                                                                             \
        uint32_t count, cap;                                                                                 \
    }

struct inspect {
    const char *file;
    struct sw_str bytes;
    bool is_component;
    struct sw_arena arena;
    const struct engine_core **cores;
    uint32_t core_count;
    struct component_world *world; /* of a component */
    uint32_t component_count;      /* nested ones */
    INSPECT_LIST(struct inspect_custom) customs;
    INSPECT_LIST(struct inspect_producer) producers; /* each once */
    INSPECT_LIST(struct inspect_missing) missing;
    bool is_linked;                /* every import is there, with the right type */
    bool has_handler;              /* exports wasi:http/incoming-handler@0.2 */
    char refused[SW_ERR_TEXT_MAX]; /* why it is not linked, when nothing is missing */
    int rc;                        /* of the first failure */
    struct sw_err *err;
};

int cli__inspect_text(const struct inspect *in, struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;
int cli__inspect_json(const struct inspect *in, struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;

#endif
