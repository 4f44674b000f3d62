/* main.c - a guest as the first SDKs of Spin built it: a request is one value, and so is its response.
 *
 * As it stands, a component's core module (fermyon:spin/inbound-http). -DOLD_ABI: the module of an SDK from before components, with the names
 * that wit-bindgen 0.2 gave; the layout of values is the same.
 *
 *   /hello       a greeting with two cookies          /echo          the body
 *   /request     method, uri, number of params, then each field "name=value"
 *   /status/N    that status and nothing else         /config/KEY    "= value", or "<case>: text"
 *   /send        a request to x-url with method x-method, field x-extra and the body: "status", fields, an empty line, the body; or "error N"
 *   /libc        -DLIBC, with what the C library asks of WASI 0.1: prints a line, then the environment and the file /note
 *   /fields/..., /text, /pointer, /list, /tag, /trap  what no guest should answer */
#ifdef LIBC
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
extern char **environ;
#define SWELL_OWN_REALLOC /* the C library's memory is no bump heap's */
#endif

#include "swell_http.h"

#ifdef LIBC
SWELL_EXPORT("cabi_realloc")
void *cabi_realloc(void *old, uint32_t old_bytes, uint32_t align, uint32_t new_bytes)
{
    (void)old_bytes;
    return new_bytes ? realloc(old, new_bytes) : (void *)(uintptr_t)align;
}
#endif

#ifdef OLD_ABI
#define HANDLE "handle-http-request"
#define CONFIG SWELL_IMPORT("spin-config", "get-config")
#define SEND SWELL_IMPORT("wasi-outbound-http", "request")
SWELL_EXPORT("canonical_abi_realloc")
void *canonical_abi_realloc(void *old, uint32_t old_bytes, uint32_t align, uint32_t new_bytes)
{
    return cabi_realloc(old, old_bytes, align, new_bytes);
}
SWELL_EXPORT("canonical_abi_free") void canonical_abi_free(void *p, uint32_t bytes, uint32_t align)
{
    (void)p, (void)bytes, (void)align;
}
#else
#define HANDLE "fermyon:spin/inbound-http#handle-request"
#define CONFIG SWELL_IMPORT("fermyon:spin/config", "get-config")
#define SEND SWELL_IMPORT("fermyon:spin/http", "send-request")
#endif

struct pair {
    struct text name, value;
};
struct fields {
    struct pair *p;
    uint32_t n;
};
struct option_text {
    uint8_t is_some;
    struct text some;
};
struct whole {
    uint16_t status;
    _Alignas(4) uint8_t has_headers;
    struct fields headers;
    struct option_text body;
};
_Static_assert(sizeof(struct whole) == 28, "as the canonical ABI lays it out");
struct send_result {
    uint8_t is_err;
    union {
        uint8_t error;
        struct whole ok;
    };
};
struct config_result {
    uint8_t is_err;
    union {
        struct text ok;
        struct {
            uint8_t tag;
            struct text text;
        } err;
    };
};

CONFIG void get_config(const char *p, uint32_t n, struct config_result *ret);
SEND void send_request(int32_t method, const char *uri, uint32_t uri_n, const struct pair *headers,
                       uint32_t headers_n, const struct pair *params, uint32_t params_n, int32_t has_body,
                       const char *body, uint32_t body_n, struct send_result *ret);

struct request {
    int32_t method;
    struct text uri;
    struct fields headers;
    uint32_t params_n;
    struct text body;
};

static const char *const METHODS[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"};
static struct whole answer;
static struct pair fields[4];

/* ---- text ---- */

static char *out;
static uint32_t out_n, out_cap;

static void put(const char *p, uint32_t n)
{
    if (out_n + n > out_cap) {
        uint32_t cap = (out_n + n) * 2;
        char *moved = cabi_realloc(NULL, 0, 1, cap);
        if (out_n)
            __builtin_memcpy(moved, out, out_n);
        out = moved;
        out_cap = cap;
    }
    __builtin_memcpy(out + out_n, p, n);
    out_n += n;
}

static void put_text(struct text text)
{
    put(text.p, text.n);
}

static void put_number(uint32_t value)
{
    char digits[10];
    uint32_t n = 0;
    do
        digits[9 - n++] = (char)('0' + value % 10);
    while ((value /= 10));
    put(digits + 10 - n, n);
}

static void put_fields(struct fields list, const char *between)
{
    for (uint32_t i = 0; i < list.n; i++) {
        put_text(list.p[i].name);
        put(between, (uint32_t)__builtin_strlen(between));
        put_text(list.p[i].value);
        put("\n", 1);
    }
}

static bool starts(struct text text, struct text front)
{
    return text.n >= front.n && text_is((struct text){text.p, front.n}, front);
}

static struct text rest_of(struct text text, uint32_t n)
{
    return (struct text){text.p + n, text.n - n};
}

static struct text field_of(const struct request *request, struct text name)
{
    for (uint32_t i = 0; i < request->headers.n; i++)
        if (text_is(request->headers.p[i].name, name))
            return request->headers.p[i].value;
    return (struct text){NULL, 0};
}

/* ---- answers ---- */

static void use_fields(uint32_t n)
{
    answer.has_headers = 1;
    answer.headers = (struct fields){fields, n};
}

static void hello(void)
{
    fields[0] = (struct pair){TEXT("Content-Type"), TEXT("text/plain")};
    fields[1] = (struct pair){TEXT("set-cookie"), TEXT("a=1")};
    fields[2] = (struct pair){TEXT("set-cookie"), TEXT("b=2")};
    use_fields(3);
    put_text(TEXT("Hello from the first SDKs\n"));
}

static void show(const struct request *request)
{
    put_text((struct text){METHODS[request->method], (uint32_t)__builtin_strlen(METHODS[request->method])});
    put(" ", 1);
    put_text(request->uri);
    put(" ", 1);
    put_number(request->params_n);
    put("\n", 1);
    put_fields(request->headers, "=");
}

static void config(struct text key)
{
    struct config_result result;
    get_config(key.p, key.n, &result);
    if (result.is_err)
        put_number(result.err.tag);
    put(result.is_err ? ": " : "= ", 2);
    put_text(result.is_err ? result.err.text : result.ok);
}

static void send(const struct request *request)
{
    struct send_result result;
    struct text url = field_of(request, TEXT("x-url")), method = field_of(request, TEXT("x-method"));
    struct text extra = field_of(request, TEXT("x-extra"));
    int32_t index = 0;
    for (int32_t i = 0; i < 7; i++)
        if (text_is(method, (struct text){METHODS[i], (uint32_t)__builtin_strlen(METHODS[i])}))
            index = i;
    fields[0] = (struct pair){TEXT("x-extra"), extra};
    fields[1] = (struct pair){TEXT("authorization"), TEXT("secret")};
    fields[2] = (struct pair){TEXT("connection"), TEXT("close")};
    fields[3] = (struct pair){TEXT("content-type"), TEXT("text/x-sent")};
    send_request(index, url.p, url.n, fields, 4, fields, extra.n ? 1 : 0, request->body.n != 0,
                 request->body.p, request->body.n, &result);
    if (result.is_err) {
        put_text(TEXT("error "));
        put_number(result.error);
        return;
    }
    put_number(result.ok.status);
    put("\n", 1);
    if (result.ok.has_headers)
        put_fields(result.ok.headers, ": ");
    put("\n", 1);
    if (result.ok.body.is_some)
        put_text(result.ok.body.some);
}

#ifdef LIBC
static void libc(void)
{
    char line[64];
    FILE *file = fopen("/note", "r");
    puts("printed by the guest");
    fflush(stdout);
    for (char **at = environ; at && *at; at++) {
        put(*at, (uint32_t)__builtin_strlen(*at));
        put("\n", 1);
    }
    if (file && fgets(line, sizeof line, file))
        put(line, (uint32_t)__builtin_strlen(line));
    else
        put_text(TEXT("no file\n"));
    if (file)
        fclose(file);
}
#else
static void libc(void)
{
    put_text(TEXT("no C library\n"));
}
#endif

static void one_field(struct text name, struct text value)
{
    fields[0] = (struct pair){name, value};
    use_fields(1);
}

/* What a host must not believe. */
static void hostile(struct text how)
{
    static const char *const LARGE = "0123456789abcdef";
    put_text(TEXT("body"));
    if (text_is(how, TEXT("/fields/name")))
        one_field(TEXT("a b"), TEXT("c"));
    if (text_is(how, TEXT("/fields/value")))
        one_field(TEXT("a"), TEXT("b\r\nset-cookie: c"));
    if (text_is(how, TEXT("/fields/connection")))
        one_field(TEXT("Transfer-Encoding"), TEXT("chunked"));
    if (text_is(how, TEXT("/fields/length")))
        one_field(TEXT("content-length"), TEXT("99"));
    if (text_is(how, TEXT("/fields/pointer")))
        one_field(TEXT("a"), (struct text){LARGE, UINT32_MAX});
    if (text_is(how, TEXT("/fields/outside")))
        answer.has_headers = 1, answer.headers = (struct fields){(struct pair *)(uintptr_t)0xfffffff0, 1};
    if (text_is(how, TEXT("/fields/odd")))
        answer.has_headers = 1, answer.headers = (struct fields){(struct pair *)((uintptr_t)fields + 1), 1};
    if (text_is(how, TEXT("/fields/many")))
        answer.has_headers = 1, answer.headers = (struct fields){fields, 0x10000000};
    if (text_is(how, TEXT("/text")))
        one_field(TEXT("a"), TEXT("\xff\xfe"));
    if (text_is(how, TEXT("/pointer")))
        answer.body = (struct option_text){1, {(const char *)(uintptr_t)0xffffff00, 4096}};
    if (text_is(how, TEXT("/list")))
        answer.body = (struct option_text){1, {LARGE, 0x7fffffff}};
    if (text_is(how, TEXT("/tag")))
        answer.has_headers = 2;
    if (text_is(how, TEXT("/trap")))
        __builtin_trap();
}

static void route(const struct request *request)
{
    struct text path = request->uri;
    answer.status = 200;
    if (text_is(path, TEXT("/hello")))
        hello();
    else if (text_is(path, TEXT("/echo")))
        put_text(request->body);
    else if (starts(path, TEXT("/request")))
        show(request);
    else if (starts(path, TEXT("/config/")))
        config(rest_of(path, 8));
    else if (text_is(path, TEXT("/libc")))
        libc();
    else if (text_is(path, TEXT("/send")))
        send(request);
    else
        hostile(path);
}

static uint16_t number_of(struct text digits)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < digits.n; i++)
        value = value * 10 + (uint32_t)(digits.p[i] - '0');
    return (uint16_t)value;
}

SWELL_EXPORT(HANDLE)
struct whole *host_handle_request(int32_t method, const char *uri, uint32_t uri_n, struct pair *headers,
                                  uint32_t headers_n, struct pair *params, uint32_t params_n,
                                  int32_t has_body, const char *body, uint32_t body_n)
{
    struct request request = {.method = method,
                              .uri = {uri, uri_n},
                              .headers = {headers, headers_n},
                              .params_n = params_n,
                              .body = {body, has_body ? body_n : 0}};
    (void)params;
    if (starts(request.uri, TEXT("/status/"))) {
        answer.status = number_of(rest_of(request.uri, 8));
        return &answer;
    }
    answer.body.is_some = 1;
    route(&request);
    if (!answer.body.some.p)
        answer.body.some = (struct text){out, out_n};
    if (text_is(request.uri, TEXT("/answer-outside")))
        return (struct whole *)(uintptr_t)0xfffffff0;
    if (text_is(request.uri, TEXT("/answer-odd")))
        return (struct whole *)((uintptr_t)&answer + 1);
    return &answer;
}
