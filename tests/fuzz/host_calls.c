/* host_calls.c - random sequences of host calls, with random arguments and handles, by the callbacks that guests reach.
 *
 * The component room is faked in plain memory: a guest of 64 KiB whose bounds the address sanitizer knows, a handle table, an allocator.
 * Nothing may be read or written outside, no object may be used after it was freed or be freed twice, and the exchange is used as its
 * contract says (fake_http.c checks). Input: bytes that choose functions and values; what is missing is 0. */
#include <stdlib.h>

#include "base/alloc.h"
#include "loop/loop.h"

#include "../unit/check.h"
#include "host/bindings/kinds.h"

#include "../unit/host/fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 1 << 16, HANDLES = 512, VALUES = 24, PARKS = 40, HEAP = MEMORY / 2 };

struct handle {
    void *object; /* NULL: free */
    uint32_t kind;
    bool lent; /* to the call that runs */
};

struct input {
    const uint8_t *p;
    size_t n;
};

static struct world { /* of the input that runs; the fakes have no other way to it */
    struct fake fake;
    struct http_exchange exchange;
    struct handle handles[HANDLES];
    struct sw_arena scratch;
    struct input in;
    uint32_t heap;
} * world;

static uint8_t take(void)
{
    if (!world->in.n)
        return 0;
    world->in.n--;
    return *world->in.p++;
}

static uint32_t take_u32(void)
{
    uint32_t v = take();
    v |= (uint32_t)take() << 8;
    v |= (uint32_t)take() << 16;
    return v | (uint32_t)take() << 24;
}

/* ---- the primitives ---- */

int component_trap(struct component_call *call, const char *fmt, ...)
{
    return engine_store_fail(component_call_engine(call), ENGINE_TRAP_COMPONENT, "%s", fmt);
}

struct sw_arena *component_call_scratch(const struct component_call *call)
{
    (void)call;
    return &world->scratch;
}

int component_mem_range(struct component_call *call, uint32_t ptr, uint64_t len, uint32_t align,
                        uint8_t **ret)
{
    if (ptr % align || len > call->mem_len || ptr > call->mem_len - len)
        return component_trap(call, "out of bounds");
    *ret = call->mem + ptr;
    return 0;
}

int component_lift_string(struct component_call *call, uint32_t ptr, uint32_t tagged_len, struct sw_str *ret)
{
    uint8_t *p = NULL;
    int rc = component_mem_range(call, ptr, tagged_len, 1, &p);
    if (rc < 0)
        return rc;
    *ret = sw_str((const char *)p, tagged_len);
    return sw_utf8_valid(*ret) ? 0 : component_trap(call, "utf-8");
}

int component_lift_list(struct component_call *call, uint32_t ptr, uint32_t count, uint32_t elem_size,
                        uint32_t align, uint8_t **ret)
{
    return component_mem_range(call, ptr, (uint64_t)count * elem_size, align, ret);
}

int component_lift_char(struct component_call *call, uint32_t value, uint32_t *ret)
{
    if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return component_trap(call, "char");
    *ret = value;
    return 0;
}

int component_lift_discriminant(struct component_call *call, uint32_t value, uint32_t case_count)
{
    return value < case_count ? 0 : component_trap(call, "discriminant");
}

int component_lower_alloc(struct component_call *call, uint64_t size, uint32_t align, uint32_t *ret_ptr)
{
    uint32_t at = (world->heap + align - 1) / align * align;
    if (size > MEMORY - HEAP)
        return component_trap(call, "the allocator gave what is outside");
    if (at + size > MEMORY)
        at = HEAP; /* over what was given before: a guest may do that */
    world->heap = at + (uint32_t)size;
    *ret_ptr = at;
    return 0;
}

int component_lower_bytes(struct component_call *call, struct sw_str bytes, uint32_t *ret_ptr,
                          uint32_t *ret_count)
{
    int rc = component_lower_alloc(call, bytes.n, 1, ret_ptr);
    if (rc < 0)
        return rc;
    if (bytes.n)
        memcpy(call->mem + *ret_ptr, bytes.p, bytes.n);
    *ret_count = (uint32_t)bytes.n;
    return 0;
}

int component_lower_string(struct component_call *call, struct sw_str text, uint32_t *ret_ptr,
                           uint32_t *ret_len)
{
    return component_lower_bytes(call, text, ret_ptr, ret_len);
}

int component_handle_new(struct component_call *call, uint32_t kind, void *object, uint32_t *ret_handle)
{
    CHECK(object);
    for (uint32_t i = 1; i < HANDLES; i++) {
        if (!world->handles[i].object) {
            world->handles[i] = (struct handle){.object = object, .kind = kind};
            *ret_handle = i;
            return 0;
        }
    }
    return component_trap(call, "too many handles");
}

static struct handle *find(uint32_t number, uint32_t kind)
{
    struct handle *handle = number < HANDLES ? &world->handles[number] : NULL;
    return handle && handle->object && handle->kind == kind ? handle : NULL;
}

int component_handle_take(struct component_call *call, uint32_t handle, uint32_t kind, void **ret_object)
{
    struct handle *found = find(handle, kind);
    if (!found || found->lent)
        return component_trap(call, "handle");
    *ret_object = found->object;
    *found = (struct handle){0};
    return 0;
}

int component_handle_get(struct component_call *call, uint32_t handle, uint32_t kind, void **ret_object)
{
    struct handle *found = find(handle, kind);
    if (!found)
        return component_trap(call, "handle");
    found->lent = true;
    *ret_object = found->object;
    return 0;
}

/* ---- the world ---- */

static void drop(struct handle *handle)
{
    const struct component_host *host = host_interfaces();
    struct handle gone = *handle;
    *handle = (struct handle){0};
    for (uint32_t i = 0; i < host->interface_count; i++) {
        const struct component_host_interface *interface = host->interfaces[i];
        for (uint32_t k = 0; k < interface->resource_count; k++) {
            if (interface->resources[k].kind == gone.kind) {
                if (interface->resources[k].drop)
                    interface->resources[k].drop(world->fake.host, gone.object);
                return;
            }
        }
    }
    abort(); /* a kind that nobody declares */
}

/* The client does something. */
static void event(uint8_t what)
{
    struct http_exchange *exchange = &world->exchange;
    static const char body[] = "some bytes of a body that the client sends in its own time";
    switch (what % 6) {
    case 0:
        if (exchange->body_at == exchange->body.n && !exchange->body_ended) {
            exchange->body = sw_str(body, sizeof body - 1);
            exchange->body_at = 0;
        }
        host_http_readable(world->fake.host);
        break;
    case 1:
        exchange->body_ended = true;
        host_http_readable(world->fake.host);
        break;
    case 2:
        exchange->body_failure = -SW_EINPUT;
        host_http_readable(world->fake.host);
        break;
    case 3:
        exchange->room = what * 8u;
        if (exchange->room && exchange->wants_writable) {
            exchange->wants_writable = false;
            host_http_writable(world->fake.host);
        }
        break;
    case 4:
        if (what > 200 && !exchange->gone) {
            exchange->gone = true;
            host_http_gone(world->fake.host);
        }
        break;
    default:
        exchange->refuse = what > 230;
        break;
    }
}

static void park(struct fake *fake)
{
    event(take());
    fake->cancelled = fake->parks >= PARKS;
    fake->woken = true; /* a wake without a reason is allowed */
}

/* The n-th handle that is there, which a call takes as its first argument more often than not. */
static uint32_t live_handle(uint32_t n)
{
    uint32_t count = 0, last = 0;
    for (uint32_t i = 1; i < HANDLES; i++) {
        if (world->handles[i].object) {
            last = i;
            if (count++ == n)
                return i;
        }
    }
    return count ? live_handle(n % count) : last;
}

/* A live handle of the resource in "[method]NAME.func" or "[static]NAME.func", or of fields for a constructor; 0 when there is none. */
static uint32_t fitting_handle(const struct component_host_interface *interface, const char *func, uint32_t n)
{
    struct sw_str name = sw_str_of(func);
    size_t open = sw_str_find(name, ']'), dot = sw_str_find(name, '.');
    bool made = sw_str_starts(name, SW_LIT("[constructor]"));
    name = dot == SW_NPOS || open == SW_NPOS ? SW_LIT("fields") : sw_str(name.p + open + 1, dot - open - 1);
    if (made)
        name = SW_LIT("fields");
    for (uint32_t k = 0; k < interface->resource_count; k++) {
        if (!sw_str_eq(name, sw_str_of(interface->resources[k].name)))
            continue;
        for (uint32_t i = 0; i < HANDLES; i++) {
            uint32_t at = (i + n * 7) % HANDLES;
            if (world->handles[at].object && world->handles[at].kind == interface->resources[k].kind)
                return at;
        }
    }
    return 0;
}

static uint64_t value(void)
{
    uint8_t what = take();
    if (what < 40)
        return live_handle(what);
    if (what < 100)
        return what % 20; /* cases, small sizes */
    if (what < 180)
        return (uint64_t)(what - 100) * 96; /* addresses */
    if (what < 220)
        return what - 180u;
    if (what < 240)
        return take_u32();
    if (what < 248)
        return (uint64_t)take_u32() << 32 | what;
    return UINT64_MAX - (what - 248u);
}

static const struct component_host_func *choose(const struct component_host_interface **ret)
{
    const struct component_host *host = host_interfaces();
    const struct component_host_interface *interface = host->interfaces[take() % host->interface_count];
    uint8_t which = take();
    if (take() & 3) { /* mostly where requests and bytes are */
        const char *name = which & 1 ? "wasi:http/types" : "wasi:io/streams";
        uint32_t i = 0;
        while (strcmp(host->interfaces[i]->name, name) != 0) /* both are there; the first is 0.2's */
            i++;
        interface = host->interfaces[i];
    }
    *ret = interface;
    if (interface->version && strcmp(interface->version, "0.3.0") == 0)
        return NULL; /* they need streams and operations, which are faked away */
    return interface->func_count ? &interface->funcs[(which >> 1) % interface->func_count] : NULL;
}

static int call_one(void)
{
    const struct component_host_interface *interface = NULL;
    const struct component_host_func *func = choose(&interface);
    union engine_val vals[VALUES];
    if (!func || strncmp(func->name, "exit", 4) == 0)
        return 0; /* an exit ends the sequence */
    memset(vals, 0, sizeof vals);
    unsigned count = take() % VALUES;
    for (unsigned i = 0; i < count; i++)
        vals[i].u64 = value();
    uint8_t how = take();
    if (func->name[0] == '[' && how < 240) { /* else whatever it is */
        vals[0].u64 = fitting_handle(interface, func->name, how % 16);
        if (!vals[0].u64)
            return 0; /* none yet: later */
    }
    int rc = func->fn(&world->fake.call, vals);
    for (uint32_t i = 0; i < HANDLES; i++)
        world->handles[i].lent = false;
    sw_arena_clear(&world->scratch);
    return rc;
}

/* ---- one input ---- */

/* Small numbers, each in a word of its own, and letters: what lists, lengths and texts may be made of. */
static void fill_memory(uint32_t seed)
{
    uint8_t *mem = world->fake.call.mem;
    for (uint32_t i = 0; i < MEMORY; i++) {
        seed = seed * 1664525u + 1013904223u;
        uint8_t random = (uint8_t)(seed >> 24);
        if (i / 256 % 2)
            mem[i] = (uint8_t)("abc-:/ \r\n%?\xc3\xa9"[random % 14]);
        else
            mem[i] = i % 4 == 0 || random > 250 ? random % 40 : 0;
    }
}

static void begin(void)
{
    struct sw_err err;
    uint32_t handle;
    fake_init(&world->fake);
    world->fake.park = park;
    world->fake.call.mem = malloc(MEMORY);
    world->fake.call.mem_len = MEMORY;
    CHECK(world->fake.call.mem);
    fill_memory(take_u32());
    fake_exchange_init(&world->exchange, "POST", "/path?query");
    static const struct http_field fields[] = {{SW_LIT_INIT("host"), SW_LIT_INIT("a")},
                                               {SW_LIT_INIT("x"), SW_LIT_INIT("y")}};
    world->exchange.request.fields = fields;
    world->exchange.request.field_count = 2;
    world->exchange.request.has_body = true;
    world->exchange.request.content_length = UINT64_MAX;
    world->heap = HEAP;
    const struct host_http_request http = {.exchange = &world->exchange};
    void *request, *outparam;
    CHECK_OK(host_http_begin(world->fake.host, &http, &request, &outparam, &err), &err);
    CHECK_INT(
        component_handle_new(&world->fake.call, HOST_KIND_HTTP_TYPES_INCOMING_REQUEST, request, &handle), 0);
    CHECK_INT(
        component_handle_new(&world->fake.call, HOST_KIND_HTTP_TYPES_RESPONSE_OUTPARAM, outparam, &handle),
        0);
}

static void end(void)
{
    uint16_t status;
    (void)host_http_end(world->fake.host, &status); /* any of them may be */
    for (uint32_t i = HANDLES; i-- > 0;)
        if (world->handles[i].object)
            drop(&world->handles[i]);
    host_free(world->fake.host);
    host_spare_free(); /* so that nothing of this input is used by the next */
    loop_free(world->fake.loop);
    sw_arena_deinit(&world->fake.arena);
    sw_arena_deinit(&world->scratch);
    sw_buf_deinit(&world->fake.output);
    fake_exchange_deinit(&world->exchange);
    free(world->fake.call.mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world = calloc(1, sizeof *world);
    if (!world)
        abort();
    world->in = (struct input){data, size};
    world->scratch = SW_ARENA(4u << 20);
    begin();
    int rc = 0;
    while (world->in.n && rc == 0) {
        uint8_t what = take();
        if (what < 200)
            rc = call_one();
        else if (what < 220)
            event(take());
        else {
            struct handle *handle = &world->handles[live_handle(take() % 16)];
            if (handle->object)
                drop(handle);
        }
        if (rc < 0 && world->fake.failure.kind ==
                          ENGINE_TRAP_COMPONENT) { /* mostly a wrong handle: a real guest would be over */
            world->fake.failure = (struct engine_failure){0};
            rc = 0;
        }
    }
    end();
    free(world);
    return 0;
}
