/* stream_world.h - what random schedules of streams happen in: three instances and the host, with the model of them. */
#ifndef SW_TESTS_STREAM_WORLD_H
#define SW_TESTS_STREAM_WORLD_H

#include "component/stream_internal.h"
#include "run_fixture.h"
#include "stream_model.h"
#include "stream_values.h"

enum { STREAM_HOSTS = 400 };

struct stream_world;
struct stream_host { /* one end of the host */
    struct stream_world *world;
    struct component_end *end; /* NULL: gone */
    int kind;
    bool writes;
    uint32_t ready;
    bool ended;
    struct model_end *model;
};
struct stream_world {
    struct fixture fx;
    struct model model;
    uint32_t types[STREAM_KINDS][2];
    struct component_builtin plans[COMPONENT_BUILTIN_KINDS][STREAM_KINDS];
    struct component_bound_builtin bounds[MODEL_INSTANCES][COMPONENT_BUILTIN_KINDS][STREAM_KINDS][2];
    struct component_waitable_set sets[MODEL_INSTANCES];
    bool reserved[MODEL_STREAMS]; /* readable ends that are elements in somebody's buffer */
    struct stream_host hosts[STREAM_HOSTS];
    uint32_t host_count;
    uint64_t ids, seen; /* of the host's ends */
    uint32_t closed;
    bool trapped;
    bool may_trap;
};

extern const enum component_encoding stream_encodings[MODEL_INSTANCES];
extern const struct component_host_resource
    stream_resource; /* the fixture's resource 0: objects are numbers */
extern const struct component_stream_ops stream_host_ops;
extern uint64_t stream_seed, stream_made_objects, stream_dropped_objects;

uint32_t stream_roll(uint32_t n);
void stream_world_bind(struct stream_world *w);
/* kind: of a stream; that of a future follows from the model's stream. */
int stream_call(struct stream_world *w, int g, enum component_builtin_kind kind,
                const struct model_stream *stream, bool is_async, union engine_val *vals);
void stream_context(struct stream_world *w, int g, struct component_call *ret);
struct component_end *stream_end(struct stream_world *w, const struct model_end *end);
bool stream_writes(struct model_end *end);
/* A random end in an instance that is in that state, or NULL. state < 0: any */
struct model_end *stream_pick(struct stream_world *w, int state, bool with_event);
uint32_t stream_size(struct stream_world *w, int kind);
void stream_check_copies(struct stream_world *w);
void stream_unreserve(struct stream_world *w, struct model_end *end);
/* The model's word on a step, and ours. */
void stream_agree(struct stream_world *w, bool traps, int rc);
struct stream_host *stream_host_new(struct stream_world *w, struct model_end *end, bool writes);
struct stream_host *stream_host_pick(struct stream_world *w);

#endif
