/* stream_model.h - a reference for streams and futures: the specification's state, on arrays of numbers.
 *
 * An element is a number that stands for a value. The model knows which handles an instance has, what each end does, and what each event
 * will say; it knows nothing of memories. Source: CanonicalABI.md "Stream State", "Future State", "Table State". */
#ifndef SW_TESTS_STREAM_MODEL_H
#define SW_TESTS_STREAM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MODEL_INSTANCES = 3,
    MODEL_HOST = MODEL_INSTANCES, /* places of an end: an instance, the host, */
    MODEL_MOVING,                 /* between two tables, */
    MODEL_GONE,
    MODEL_STREAMS = 40,
    MODEL_HANDLES = 512,
    MODEL_BUFFER = 12, /* elements of one read or write at most */
    MODEL_COPIES = 4 * MODEL_BUFFER
};
enum model_element {
    MODEL_PLAIN,
    MODEL_OWN,
    MODEL_CONTEXT,
    MODEL_STREAM
}; /* what moving one does to handles */
enum model_state { MODEL_IDLE, MODEL_COPYING, MODEL_CANCELLING, MODEL_DONE };
enum { MODEL_COMPLETED, MODEL_DROPPED, MODEL_CANCELLED };
#define MODEL_BLOCKED UINT32_MAX

struct model_value {
    uint64_t id;     /* of a stream: its number */
    uint32_t handle; /* in the writer's table, when elements are handles */
};
struct model_end {
    size_t at_offset; /* in its stream */
    int place;
    uint32_t handle;
    enum model_state state;
    bool in_set;
    bool has_event, keeps, late;
    int result;
    uint32_t length, progress;
    struct model_value values[MODEL_BUFFER]; /* a writer's */
    uint32_t at;                             /* a reader's memory, for the test */
    /* MODEL_HOST: what it would give or take now, and whether it ends then */
    uint32_t ready;
    bool ended;
};
struct model_stream {
    bool used, is_future, dropped;
    int kind; /* for the test */
    enum model_element element;
    bool number; /* may pass within one instance */
    struct model_end *pending;
    struct model_end ends[2]; /* readable, writable */
};
struct model_table {
    uint32_t count, free_count;
    uint32_t free[MODEL_HANDLES];
    bool taken[MODEL_HANDLES];
};
struct model_copy { /* an element that came into a guest's memory */
    int instance;
    uint32_t at, index; /* buffer and element of it */
    int kind;
    uint64_t id;
    uint32_t handle;
};
struct model {
    struct model_stream streams[MODEL_STREAMS];
    struct model_table tables[MODEL_INSTANCES];
    struct model_copy copies[MODEL_COPIES]; /* since the test last emptied it */
    uint32_t copy_count;
    /* Of all the host's ends */
    uint64_t ids;    /* the last element that it made up */
    uint64_t seen;   /* a hash of all that it read */
    uint32_t closed; /* how often it was told that an end is gone */
};

void model_init(struct model *model);
uint32_t model_handle_add(struct model *model, int instance);
void model_handle_remove(struct model *model, int instance, uint32_t handle);
struct model_stream *model_stream_of(struct model_end *end);
static inline struct model_end *model_other(struct model_end *end)
{
    return end == &model_stream_of(end)->ends[1] ? end - 1 : end + 1;
}
struct model_stream *
model_new(struct model *model); /* NULL: there are many already. The test fills kind .. number and places */
void model_place(struct model *model, struct model_end *end, int instance);

/* Whether it traps. length and values or at are set. */
bool model_begin(struct model *model, struct model_end *end);
bool model_cancel(struct model_end *end);
bool model_drop(struct model *model, struct model_end *end);
/* The packed result of the event that is there. */
uint32_t model_take(struct model *model, struct model_end *end);
/* Of the host's ends */
void model_wake(struct model *model, struct model_end *host);
void model_close(struct model_end *host);

#endif
