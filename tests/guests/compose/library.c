/* library.c - the dependency of the tests of composition: calculates, and says what it may do. See ops.wit. */
#include "swell_http.h"

#define OPS "test:calc/ops@1.2.0"
#define CLI "wasi:cli/"
#define NEW "@0.2.12"
#define HTTP_NEW "wasi:http/types" NEW
#define SOCKETS "wasi:sockets/"

struct pair {
    struct text name, value;
};
struct list {
    const struct pair *p;
    uint32_t n;
};
struct ret_small { /* result<own<T>, enum> */
    uint8_t is_err;
    union {
        handle ok;
        uint8_t err;
    };
};
struct ret_variable { /* result<option<string>, error> */
    _Alignas(4) uint8_t is_err;
    _Alignas(4) uint8_t is; /* whether there is one; of an error: which */
    struct text text;
};
_Static_assert(sizeof(struct ret_variable) == 16, "as the canonical ABI lays it out");
struct ret_future { /* result<own<future-incoming-response>, error-code> */
    _Alignas(8) uint8_t is_err;
    _Alignas(8) union {
        handle ok;
        uint8_t err;
    };
    uint64_t rest[3];
};
_Static_assert(sizeof(struct ret_future) == 40, "as the canonical ABI lays it out");

SWELL_IMPORT(CLI "environment" NEW, "get-environment") void get_environment(struct list *ret);
SWELL_IMPORT(CLI "environment" NEW, "get-arguments") void get_arguments(struct text *ret);
SWELL_IMPORT(CLI "exit" NEW, "exit") void cli_exit(int32_t is_err);
SWELL_IMPORT(CLI "stdin" NEW, "get-stdin") handle get_stdin(void);
SWELL_IMPORT(CLI "stdout" NEW, "get-stdout") handle get_stdout(void);
SWELL_IMPORT("wasi:io/streams" NEW, "[method]input-stream.blocking-read")
void stdin_read(handle self, int64_t n, struct ret_list *ret);
SWELL_IMPORT("wasi:io/streams" NEW, "[method]output-stream.blocking-write-and-flush")
void stdout_write(handle self, const char *p, uint32_t n, struct ret_stream *ret);
SWELL_IMPORT("wasi:config/store@0.2.0-draft-2024-09-27", "get")
void variable_get(const char *p, uint32_t n, struct ret_variable *ret);
SWELL_IMPORT("wasi:filesystem/preopens" NEW, "get-directories") void get_directories(struct text *ret);
SWELL_IMPORT(HTTP_NEW, "[constructor]fields") handle headers_new(void);
SWELL_IMPORT(HTTP_NEW, "[constructor]outgoing-request") handle outgoing_new(handle headers);
SWELL_IMPORT(HTTP_NEW, "[method]outgoing-request.set-authority")
int32_t outgoing_set_authority(handle self, int32_t is_some, const char *p, uint32_t n);
SWELL_IMPORT("wasi:http/outgoing-handler" NEW, "handle")
void outgoing_handle(handle request, int32_t has_options, handle options, struct ret_future *ret);
SWELL_IMPORT(SOCKETS "instance-network" NEW, "instance-network") handle instance_network(void);
SWELL_IMPORT(SOCKETS "ip-name-lookup" NEW, "resolve-addresses")
void resolve_addresses(handle network, const char *p, uint32_t n, struct ret_small *ret);
SWELL_IMPORT(SOCKETS "tcp-create-socket" NEW, "create-tcp-socket")
void create_tcp_socket(int32_t family, struct ret_small *ret);
SWELL_IMPORT(SOCKETS "udp-create-socket" NEW, "create-udp-socket")
void create_udp_socket(int32_t family, struct ret_small *ret);
SWELL_IMPORT("[export]" OPS, "[resource-new]counter") handle counter_new(int32_t rep);

struct point {
    int32_t x;
    struct text label;
};
static uint32_t counts[8], count_of;
static struct text answer;
static struct point sum;
static volatile uint32_t sink;

static void add(struct text part)
{
    char *p = heap_alloc(part.n, 1); /* parts lie one behind the other */
    __builtin_memcpy(p, part.p, part.n);
    if (!answer.n)
        answer.p = p;
    answer.n += part.n;
}

static void add_number(uint64_t n)
{
    char digits[20];
    uint32_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    add((struct text){digits + at, (uint32_t)sizeof digits - at});
}

SWELL_EXPORT(OPS "#join") struct text *join(const struct text *parts, uint32_t n)
{
    answer.n = 0;
    for (uint32_t i = 0; i < n; i++)
        add(parts[i]);
    return &answer;
}

SWELL_EXPORT(OPS "#add-points")
struct point *add_points(int32_t ax, const char *ap, uint32_t an, int32_t bx, const char *bp, uint32_t bn)
{
    answer.n = 0;
    add((struct text){ap, an});
    add((struct text){bp, bn});
    sum = (struct point){ax + bx, answer};
    return &sum;
}

SWELL_EXPORT(OPS "#[constructor]counter") handle counter(uint32_t start)
{
    counts[count_of] = start;
    return counter_new((int32_t)count_of++);
}

SWELL_EXPORT(OPS "#[method]counter.add") uint32_t counter_add(int32_t rep, uint32_t n)
{
    return counts[rep] += n;
}

SWELL_EXPORT(OPS "#[dtor]counter") void counter_dtor(int32_t rep)
{
    counts[rep] = 0;
}

/* ---- what it may do ---- */

static void probe_environment(struct text name)
{
    struct list all;
    get_environment(&all);
    for (uint32_t i = 0; i < all.n; i++)
        if (text_is(all.p[i].name, name)) {
            add(all.p[i].value);
            return;
        }
    add(TEXT("not set, of "));
    add_number(all.n);
}

static void probe_variable(struct text name)
{
    struct ret_variable ret;
    variable_get(name.p, name.n, &ret);
    add(ret.is_err ? TEXT("error") : ret.is ? ret.text : TEXT("none"));
}

static void add_small(struct ret_small ret)
{
    add(ret.is_err ? TEXT("error ") : TEXT("got one"));
    if (ret.is_err)
        add_number(ret.err);
}

static void probe_http(void)
{
    struct ret_future ret;
    handle request = outgoing_new(headers_new());
    swell_expect(outgoing_set_authority(request, 1, "127.0.0.1:1", 11) == 0);
    outgoing_handle(request, 0, 0, &ret);
    add_small((struct ret_small){.is_err = ret.is_err, .err = ret.err});
}

static void probe_stdin(void)
{
    struct ret_list part;
    stdin_read(get_stdin(), 10, &part);
    add(part.is_err && part.err.closed ? TEXT("closed") : TEXT("open"));
}

static void probe_count(void (*get)(struct text *ret))
{
    struct text some; /* the pointer and the count of a list */
    get(&some);
    add_number(some.n);
}

SWELL_EXPORT(OPS "#probe") struct text *probe(const char *p, uint32_t n)
{
    struct text what = {p, n}, rest;
    struct ret_small ret;
    answer.n = 0;
    if (text_starts(what, TEXT("environment/"), &rest))
        probe_environment(rest);
    else if (text_starts(what, TEXT("variable/"), &rest))
        probe_variable(rest);
    else if (text_is(what, TEXT("arguments")))
        probe_count(get_arguments);
    else if (text_is(what, TEXT("files")))
        probe_count(get_directories);
    else if (text_is(what, TEXT("http")))
        probe_http();
    else if (text_is(what, TEXT("stdin")))
        probe_stdin();
    else if (text_is(what, TEXT("tcp"))) {
        create_tcp_socket(0, &ret);
        add_small(ret);
    } else if (text_is(what, TEXT("udp"))) {
        create_udp_socket(0, &ret);
        add_small(ret);
    } else if (text_is(what, TEXT("names"))) {
        resolve_addresses(instance_network(), "localhost", 9, &ret);
        add_small(ret);
    } else
        add(TEXT("what?"));
    return &answer;
}

SWELL_EXPORT(OPS "#say") void say(const char *p, uint32_t n)
{
    struct ret_stream ret;
    handle out = get_stdout();
    stdout_write(out, p, n, &ret);
    swell_expect(!ret.is_err);
    stdout_write(out, "\n", 1, &ret);
}

/* ---- how it goes wrong ---- */

static uint32_t deep(uint32_t n)
{
    volatile uint32_t here[64];
    here[n % 64] = n;
    return deep(n + 1) + here[n % 64];
}

SWELL_EXPORT(OPS "#fail") struct text *fail(const char *p, uint32_t n)
{
    struct text how = {p, n};
    if (text_is(how, TEXT("trap")))
        __builtin_trap();
    if (text_is(how, TEXT("exit")))
        cli_exit(1);
    if (text_is(how, TEXT("deep")))
        sink = deep(0);
    while (text_is(how, TEXT("spin")))
        sink++;
    if (text_is(how, TEXT("eat")))
        while (__builtin_wasm_memory_grow(0, 16) != SIZE_MAX)
            sink++;
    answer = TEXT("well");
    if (text_is(how, TEXT("overflow"))) /* its end lies outside this memory: inside of nobody's */
        answer.n = (uint32_t)(__builtin_wasm_memory_size(0) << 16);
    return &answer;
}

SWELL_EXPORT(OPS "#hunt") uint32_t hunt(uint32_t word)
{
    uint32_t found = 0, end = (uint32_t)(__builtin_wasm_memory_size(0) << 16);
    for (uint32_t at = 4; at < end; at += 4)
        found += *(volatile uint32_t *)(uintptr_t)at == word;
    return found;
}
