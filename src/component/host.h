/* host.h - what a host offers to components, as tables; and the checked primitives that its functions are built of.  Room: component.
 *
 * The generator (src/component/bindgen) writes these tables and the callbacks from wit/. A callback receives flat core values, lifts
 * them with the primitives below, calls the typed function that the host room implements, and lowers the result.
 * Sources: component.md 3, 4, 5; CanonicalABI.md "Loading", "Storing", "Flattening", "Handles".
 *
 * Every primitive returns 0, or < 0 after recording the trap with engine_store_fail: the callback then returns at once.
 * A pointer into guest memory is dead after anything that enters the guest (component_lower_alloc, _string) or waits. */
#ifndef SW_COMPONENT_HOST_H
#define SW_COMPONENT_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "engine/engine.h"

struct component_instance;
struct component_lent;
struct component_lowering;
struct component_store;

#define COMPONENT_CALL_LENT 4 /* methods borrow one handle, few functions more than three */

/* One call of a lowered import; on the fiber's stack. Members are for the primitives and generated code. */
struct component_call {
    struct component_store *store;
    struct component_instance *instance;       /* the caller */
    const struct component_lowering *lowering; /* its canonical options */
    uint8_t *mem;                              /* the memory option, or NULL */
    uint64_t mem_len;                          /* bytes; read again after every guest entry */
    uint64_t lifted; /* bytes of strings and lists looked at so far, each as often as it was given */
    /* Handles this call borrows: they cannot be dropped or taken before it returns. */
    uint32_t lent_count;
    uint32_t lent[COMPONENT_CALL_LENT];
    struct component_lent *lent_more; /* those that did not fit */
};

typedef int component_host_fn(struct component_call *call, union engine_val *vals);

/* An async function ("async func(..)") that may wait. One that is always done at once has an `fn` and no `waits`: whatever the guest's
 * lowering is, it gets the flat values of a synchronous one, and an async lowering is told RETURNED.
 *
 *   start ── 0: done, or SW_WAIT ──► (component_operation_wake, from any side) ──► poll ── 0, or SW_WAIT again
 *
 * vals are those of a synchronous lowering too: flat arguments (or the pointer to them), then where a result of several values goes; a
 * result of one value is put into vals[0]. poll gets the same vals, wherever they were. Both run on a fiber of the store and may lower.
 * bytes  : of the host's state of one call, component_operation_state, zeroed
 * start  : arguments are views that die when it returns; borrowed handles stay lent until the guest is told the end. < 0 traps
 * cancel : on subtask.cancel and when the store ends, once, unless start or poll said 0 or < 0. May be NULL: the call goes on then */
struct component_operation;
struct component_host_waits {
    size_t bytes;
    int (*start)(struct component_call *call, struct component_operation *operation, union engine_val *vals);
    int (*poll)(struct component_call *call, struct component_operation *operation, union engine_val *vals);
    void (*cancel)(struct component_operation *operation);
};
void *component_operation_state(struct component_operation *operation);
void *component_operation_owner(const struct component_operation *operation); /* component_store_owner */
/* The operation has something to do: it is polled soon. Any number of times until it is over, also inside start. */
void component_operation_wake(struct component_operation *operation);

struct component_host_func {
    const char
        *name; /* as imported: "get-stdin", "[constructor]fields", "[method]fields.get", "[static]..." */
    const char *type; /* canonical text, types.h */
    component_host_fn *fn;
    const struct component_host_waits *waits; /* NULL: never waits, or is not async */
};
struct component_host_resource {
    const char *name;
    uint32_t kind;                           /* unique in the host */
    void (*drop)(void *owner, void *object); /* the owned handle went away; owner: component_store_owner */
};
struct component_host_interface {
    const char *name;    /* "wasi:http/types" */
    const char *version; /* newest version served: "0.2.12"; serves every import of the same semver track */
    const struct component_host_func *funcs;
    uint32_t func_count;
    const struct component_host_resource *resources;
    uint32_t resource_count;
};
/* What core modules that are no components import: flat values, memory through the same checked primitives. */
#define COMPONENT_CORE_TYPE_TEXT_MAX 24 /* bytes of a type below; WASI 0.1's longest has 11 */
struct component_host_core_func {
    const char *name; /* "fd_write" */
    const char *type; /* "iiii:i": parameters, then results; i, I, f, F: i32, i64, f32, f64 */
    component_host_fn *fn;
};
struct component_host_module {
    const char *name; /* "wasi_snapshot_preview1" */
    const struct component_host_core_func *funcs;
    uint32_t func_count;
};
/* A version of before the first track: a prerelease. What it has under the same name and with the same type is served by the interface of that
 * name; `items` says what is elsewhere. */
struct component_host_older {
    const char *version; /* "0.2.0-rc-2023-11-10" */
    const struct component_host_moved {
        const char *interface, *name; /* as imported at that version; a function or a resource */
        const struct component_host_interface *in;
        const char *as; /* its name there */
    } * items;
    uint32_t item_count;
    const char *serves; /* the version of the interfaces that it stands for; NULL: the first of that name */
};
struct component_host {
    const struct component_host_interface *const *interfaces;
    uint32_t interface_count;
    const struct component_host_module *const *modules;
    uint32_t module_count;
    const struct component_host_older *older;
    uint32_t older_count;
    /* Functions that the guest may call while it allocates for the host, too, as core modules without a component's rules do: they neither
     * wait nor call the guest. */
    component_host_fn *const *anytime;
    uint32_t anytime_count;
    /* Interfaces that are linked although the host has none of them, by the beginning of their names ("spin:"): what SDKs import whether it is
     * used or not. Calling one of their functions traps. */
    const char *const *absent;
    uint32_t absent_count;
};

/* ---- context ---- */

void *component_call_owner(const struct component_call *call); /* the host's own struct */
/* Who imported the function: 0 the component itself, i + 1 its dependency i (component_link_composed). */
uint32_t component_call_principal(const struct component_call *call);
struct sw_arena *
component_call_arena(const struct component_call *call); /* emptied when the store ends; has a ceiling */
struct sw_arena *component_call_scratch(
    const struct component_call *call); /* emptied when the host function returns; has a ceiling */
struct engine_store *component_call_engine(const struct component_call *call);
/* Records a trap of the canonical ABI; returns -SW_EGUEST. */
int component_trap(struct component_call *call, const char *fmt, ...) SW_PRINTF(2, 3);

/* ---- memory ---- */

/* ptr .. ptr+len inside the caller's memory and ptr a multiple of align (a power of two), or a trap. len 0 is checked too. */
int component_mem_range(struct component_call *call, uint32_t ptr, uint64_t len, uint32_t align,
                        uint8_t **ret) SW_MUST_CHECK;
/* A string argument as UTF-8: a view of guest memory when it is UTF-8 there (validated), else transcoded into the call's scratch. */
int component_lift_string(struct component_call *call, uint32_t ptr, uint32_t tagged_len,
                          struct sw_str *ret) SW_MUST_CHECK;
/* count elements of elem_size; count * elem_size is checked for overflow. */
int component_lift_list(struct component_call *call, uint32_t ptr, uint32_t count, uint32_t elem_size,
                        uint32_t align, uint8_t **ret) SW_MUST_CHECK;
int component_lift_char(struct component_call *call, uint32_t value,
                        uint32_t *ret) SW_MUST_CHECK; /* traps on surrogates, > 0x10ffff */
int component_lift_discriminant(struct component_call *call, uint32_t value,
                                uint32_t case_count) SW_MUST_CHECK; /* in range, or a trap */

/* Memory in the guest, by its realloc (may_leave off): checked for range and alignment. The memory may have grown: call->mem is read again.
 * size 0 calls realloc too, as the specification's definitions do. */
int component_lower_alloc(struct component_call *call, uint64_t size, uint32_t align,
                          uint32_t *ret_ptr) SW_MUST_CHECK;
/* Copies UTF-8 into the guest in the caller's encoding; *ret_len is tagged for latin1+utf16. `text` is checked: guests trust it. */
int component_lower_string(struct component_call *call, struct sw_str text, uint32_t *ret_ptr,
                           uint32_t *ret_len) SW_MUST_CHECK;
/* list<u8>: alloc and copy. */
int component_lower_bytes(struct component_call *call, struct sw_str bytes, uint32_t *ret_ptr,
                          uint32_t *ret_count) SW_MUST_CHECK;

/* Unchecked little-endian access to memory that component_mem_range or _lift_list gave. */
static inline uint16_t component_load_u16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint32_t component_load_u32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint64_t component_load_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline void component_store_u16(uint8_t *p, uint16_t v)
{
    memcpy(p, &v, sizeof v);
}
static inline void component_store_u32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}
static inline void component_store_u64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, sizeof v);
}

/* ---- handles of host resources (kind: component_host_resource.kind) ---- */

/* A new own handle in the caller's table; the store owns `object` until the handle is dropped or taken. On failure the object is still
 * the caller's. */
int component_handle_new(struct component_call *call, uint32_t kind, void *object,
                         uint32_t *ret_handle) SW_MUST_CHECK;
/* own<R> argument: removes the handle; the object is the callee's now. Traps on a wrong kind, a borrow, or a lent handle. */
int component_handle_take(struct component_call *call, uint32_t handle, uint32_t kind,
                          void **ret_object) SW_MUST_CHECK;
/* borrow<R> argument: the object, which lives at least until the host function returns or waits. */
int component_handle_get(struct component_call *call, uint32_t handle, uint32_t kind,
                         void **ret_object) SW_MUST_CHECK;

#endif
