/* main.c - the guest of the tests of sockets: does what a script says, one call a line, and answers one line for each.
 *
 * The script is the request's body (world http-sockets) or the standard input (command-sockets, -DCOMMAND). A is a letter: a handle.
 *
 *   tcp A 4|6; udp A 4|6                         creates
 *   bind A ADDRESS PORT; fbind A                 start-bind, finish-bind; the same for connect and listen:
 *   connect A ADDRESS PORT; fconnect A IN OUT; listen A; flisten A; accept A NEW IN OUT
 *   local A; remote A; listening A; family A     backlog A N; get A OPTION; set A OPTION N
 *   shutdown A receive|send|both                 wait A; ready A: a pollable of it
 *   read IN N; write OUT TEXT; fill OUT N; check OUT      of streams
 *   stream A IN OUT [ADDRESS PORT]; recv IN N; send OUT TEXT [ADDRESS PORT]; sendn OUT N; checksend OUT; blob OUT N ADDRESS PORT
 *   lookup A NAME; next A                        drop A; keep A (its pollable is kept); sleep MS
 *   many tcp|udp N                               creates until one fails: how many, and why
 *
 * The answer is "ok", what was asked for, or the error's name. Addresses are four or eight numbers with dots or colons between them. */
#include "swell_http.h"

#define S(name) "wasi:sockets/" name "@0.2.12"
#define TCP(name) SWELL_IMPORT(S("tcp"), "[method]tcp-socket." name)
#define UDP(name) SWELL_IMPORT(S("udp"), "[method]udp-socket." name)

struct address {
    uint8_t is_v6;
    union {
        struct {
            uint16_t port;
            uint8_t parts[4];
        } v4;
        struct {
            uint16_t port;
            uint32_t flow;
            uint16_t parts[8];
            uint32_t scope;
        } v6;
    };
};
struct ret_address {
    uint8_t is_err;
    union {
        uint8_t err;
        struct address ok;
    };
};
struct ret_void {
    uint8_t is_err, err;
};
struct ret_new {
    uint8_t is_err;
    union {
        uint8_t err;
        handle ok;
    };
};
struct ret_pair {
    uint8_t is_err;
    union {
        uint8_t err;
        handle ok[2];
    };
};
struct ret_accept {
    uint8_t is_err;
    union {
        uint8_t err;
        handle ok[3];
    };
};
struct ret_number { /* of u64 */
    uint8_t is_err;
    union {
        uint8_t err;
        uint64_t ok;
    };
};
struct ret_number4 { /* of u32 */
    uint8_t is_err;
    union {
        uint8_t err;
        uint32_t ok;
    };
};
struct datagram_in {
    struct text data;
    struct address from;
};
struct ret_datagrams {
    uint8_t is_err;
    union {
        uint8_t err;
        struct {
            struct datagram_in *p;
            uint32_t n;
        } ok;
    };
};
struct datagram_out {
    struct text data;
    uint8_t has;
    struct address to;
};
struct ret_next { /* result<option<ip-address>, error-code> */
    uint8_t is_err;
    union {
        uint8_t err;
        struct {
            uint8_t has;
            struct {
                uint8_t is_v6;
                union {
                    uint8_t v4[4];
                    uint16_t v6[8];
                };
            } address;
        } ok;
    };
};
_Static_assert(sizeof(struct address) == 32 && sizeof(struct datagram_in) == 40 &&
                   sizeof(struct datagram_out) == 44 && sizeof(struct ret_next) == 22,
               "as the canonical ABI lays them out");

/* An ip-socket-address as arguments. */
#define FLAT_PARAMETERS                                                                                      \
    int32_t is_v6, int32_t f0, int32_t f1, int32_t f2, int32_t f3, int32_t f4, int32_t f5, int32_t f6,       \
        int32_t f7, int32_t f8, int32_t f9, int32_t f10

SWELL_IMPORT(S("instance-network"), "instance-network") handle instance_network(void);
SWELL_IMPORT(S("network"), "[resource-drop]network") void network_drop(handle self);
SWELL_IMPORT(S("tcp-create-socket"), "create-tcp-socket") void tcp_new(int32_t family, struct ret_new *ret);
SWELL_IMPORT(S("udp-create-socket"), "create-udp-socket") void udp_new(int32_t family, struct ret_new *ret);
TCP("start-bind") void tcp_start_bind(handle self, handle network, FLAT_PARAMETERS, struct ret_void *ret);
TCP("finish-bind") void tcp_finish_bind(handle self, struct ret_void *ret);
TCP("start-connect")
void tcp_start_connect(handle self, handle network, FLAT_PARAMETERS, struct ret_void *ret);
TCP("finish-connect") void tcp_finish_connect(handle self, struct ret_pair *ret);
TCP("start-listen") void tcp_start_listen(handle self, struct ret_void *ret);
TCP("finish-listen") void tcp_finish_listen(handle self, struct ret_void *ret);
TCP("accept") void tcp_accept(handle self, struct ret_accept *ret);
TCP("local-address") void tcp_local(handle self, struct ret_address *ret);
TCP("remote-address") void tcp_remote(handle self, struct ret_address *ret);
TCP("is-listening") int32_t tcp_is_listening(handle self);
TCP("address-family") int32_t tcp_family(handle self);
TCP("set-listen-backlog-size") void tcp_backlog(handle self, int64_t n, struct ret_void *ret);
TCP("keep-alive-enabled") void tcp_keep_alive(handle self, struct ret_void *ret);
TCP("set-keep-alive-enabled") void tcp_set_keep_alive(handle self, int32_t n, struct ret_void *ret);
TCP("keep-alive-idle-time") void tcp_idle(handle self, struct ret_number *ret);
TCP("set-keep-alive-idle-time") void tcp_set_idle(handle self, int64_t n, struct ret_void *ret);
TCP("keep-alive-interval") void tcp_interval(handle self, struct ret_number *ret);
TCP("set-keep-alive-interval") void tcp_set_interval(handle self, int64_t n, struct ret_void *ret);
TCP("keep-alive-count") void tcp_count(handle self, struct ret_number4 *ret);
TCP("set-keep-alive-count") void tcp_set_count(handle self, int32_t n, struct ret_void *ret);
TCP("hop-limit") void tcp_hops(handle self, struct ret_void *ret);
TCP("set-hop-limit") void tcp_set_hops(handle self, int32_t n, struct ret_void *ret);
TCP("receive-buffer-size") void tcp_receive_buffer(handle self, struct ret_number *ret);
TCP("set-receive-buffer-size") void tcp_set_receive_buffer(handle self, int64_t n, struct ret_void *ret);
TCP("send-buffer-size") void tcp_send_buffer(handle self, struct ret_number *ret);
TCP("set-send-buffer-size") void tcp_set_send_buffer(handle self, int64_t n, struct ret_void *ret);
TCP("subscribe") handle tcp_subscribe(handle self);
TCP("shutdown") void tcp_shutdown(handle self, int32_t how, struct ret_void *ret);
SWELL_IMPORT(S("tcp"), "[resource-drop]tcp-socket") void tcp_drop(handle self);
UDP("start-bind") void udp_start_bind(handle self, handle network, FLAT_PARAMETERS, struct ret_void *ret);
UDP("finish-bind") void udp_finish_bind(handle self, struct ret_void *ret);
UDP("stream") void udp_stream(handle self, int32_t has, FLAT_PARAMETERS, struct ret_pair *ret);
UDP("local-address") void udp_local(handle self, struct ret_address *ret);
UDP("remote-address") void udp_remote(handle self, struct ret_address *ret);
UDP("address-family") int32_t udp_family(handle self);
UDP("unicast-hop-limit") void udp_hops(handle self, struct ret_void *ret);
UDP("set-unicast-hop-limit") void udp_set_hops(handle self, int32_t n, struct ret_void *ret);
UDP("receive-buffer-size") void udp_receive_buffer(handle self, struct ret_number *ret);
UDP("set-receive-buffer-size") void udp_set_receive_buffer(handle self, int64_t n, struct ret_void *ret);
UDP("send-buffer-size") void udp_send_buffer(handle self, struct ret_number *ret);
UDP("set-send-buffer-size") void udp_set_send_buffer(handle self, int64_t n, struct ret_void *ret);
UDP("subscribe") handle udp_subscribe(handle self);
SWELL_IMPORT(S("udp"), "[resource-drop]udp-socket") void udp_drop(handle self);
SWELL_IMPORT(S("udp"), "[method]incoming-datagram-stream.receive")
void incoming_receive(handle self, int64_t most, struct ret_datagrams *ret);
SWELL_IMPORT(S("udp"), "[method]incoming-datagram-stream.subscribe") handle incoming_subscribe(handle self);
SWELL_IMPORT(S("udp"), "[resource-drop]incoming-datagram-stream") void incoming_drop(handle self);
SWELL_IMPORT(S("udp"), "[method]outgoing-datagram-stream.check-send")
void outgoing_check(handle self, struct ret_number *ret);
SWELL_IMPORT(S("udp"), "[method]outgoing-datagram-stream.send")
void outgoing_send(handle self, const struct datagram_out *p, uint32_t n, struct ret_number *ret);
SWELL_IMPORT(S("udp"), "[method]outgoing-datagram-stream.subscribe") handle outgoing_subscribe(handle self);
SWELL_IMPORT(S("udp"), "[resource-drop]outgoing-datagram-stream") void outgoing_drop(handle self);
SWELL_IMPORT(S("ip-name-lookup"), "resolve-addresses")
void resolve(handle network, const char *p, uint32_t n, struct ret_new *ret);
SWELL_IMPORT(S("ip-name-lookup"), "[method]resolve-address-stream.resolve-next-address")
void resolve_next(handle self, struct ret_next *ret);
SWELL_IMPORT(S("ip-name-lookup"), "[method]resolve-address-stream.subscribe")
handle resolve_subscribe(handle self);
SWELL_IMPORT(S("ip-name-lookup"), "[resource-drop]resolve-address-stream") void resolve_drop(handle self);
SWELL_IMPORT(WASI_POLL, "[method]pollable.ready") int32_t pollable_ready(handle self);
SWELL_IMPORT("wasi:clocks/monotonic-clock@0.2.0", "subscribe-duration") handle clock_subscribe(int64_t ns);

static const char *const errors[] = {"unknown",
                                     "access-denied",
                                     "not-supported",
                                     "invalid-argument",
                                     "out-of-memory",
                                     "timeout",
                                     "concurrency-conflict",
                                     "not-in-progress",
                                     "would-block",
                                     "invalid-state",
                                     "new-socket-limit",
                                     "address-not-bindable",
                                     "address-in-use",
                                     "remote-unreachable",
                                     "connection-refused",
                                     "connection-reset",
                                     "connection-aborted",
                                     "datagram-too-large",
                                     "name-unresolvable",
                                     "temporary-resolver-failure",
                                     "permanent-resolver-failure"};

/* ---- the answer ---- */

static struct response out; /* its stream is where lines go */

static void say(struct text text)
{
    response_write(&out, text.p, text.n);
}

static void say_word(const char *word)
{
    say((struct text){word, (uint32_t)__builtin_strlen(word)});
}

static void say_number(uint64_t n, uint32_t base)
{
    char digits[20];
    uint32_t at = sizeof digits;
    do
        digits[--at] = "0123456789abcdef"[n % base];
    while (n /= base);
    say((struct text){digits + at, sizeof digits - at});
}

static void say_parts(bool is_v6, const uint8_t *v4, const uint16_t *v6)
{
    for (int i = 0; i < (is_v6 ? 8 : 4); i++) {
        if (i)
            say_word(is_v6 ? ":" : ".");
        say_number(is_v6 ? v6[i] : v4[i], is_v6 ? 16 : 10);
    }
}

static void say_address(const struct address *address)
{
    say_parts(address->is_v6, address->v4.parts, address->v6.parts);
    say_word(" ");
    say_number(address->is_v6 ? address->v6.port : address->v4.port, 10);
}

static bool good(uint8_t is_err, uint8_t code) /* else says why not */
{
    if (is_err)
        say_word(code < sizeof errors / sizeof *errors ? errors[code] : "?");
    return !is_err;
}

static void say_void(const struct ret_void *ret)
{
    if (good(ret->is_err, ret->err))
        say_word("ok");
}

static void say_u64(const struct ret_number *ret)
{
    if (good(ret->is_err, ret->err))
        say_number(ret->ok, 10);
}

/* ---- the script ---- */

enum kind { NONE, KIND_TCP, KIND_UDP, IN, OUT, DATAGRAMS_IN, DATAGRAMS_OUT, LOOKUP };
static struct {
    enum kind kind;
    handle handle;
} things[26];
static handle network;
static struct text rest; /* of the line */

static struct text word(void)
{
    while (rest.n && rest.p[0] == ' ')
        rest.p++, rest.n--;
    struct text got = {rest.p, 0};
    while (got.n < rest.n && got.p[got.n] != ' ')
        got.n++;
    rest.p += got.n;
    rest.n -= got.n;
    return got;
}

static uint32_t letter(void)
{
    struct text name = word();
    swell_expect(name.n == 1 && name.p[0] >= 'a' && name.p[0] <= 'z');
    return (uint32_t)(name.p[0] - 'a');
}

static void put(uint32_t at, enum kind kind, handle h)
{
    things[at].kind = kind;
    things[at].handle = h;
}

static struct address address_of(void)
{
    struct text text = word();
    struct address address = {0};
    uint32_t value = 0, at = 0;
    for (uint32_t i = 0; i < text.n; i++)
        address.is_v6 |= text.p[i] == ':';
    for (uint32_t i = 0; i <= text.n; i++) {
        char c = i < text.n ? text.p[i] : '.';
        if (c == '.' || c == ':') {
            swell_expect(at < (address.is_v6 ? 8 : 4));
            if (address.is_v6)
                address.v6.parts[at++] = (uint16_t)value;
            else
                address.v4.parts[at++] = (uint8_t)value;
            value = 0;
        } else {
            value = value * (address.is_v6 ? 16 : 10) + (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
    }
    uint16_t port = (uint16_t)text_number(word());
    if (address.is_v6)
        address.v6.port = port;
    else
        address.v4.port = port;
    return address;
}

#define FLAT(a)                                                                                              \
    (a).is_v6, (a).is_v6 ? (a).v6.port : (a).v4.port, (a).is_v6 ? (int32_t)(a).v6.flow : (a).v4.parts[0],    \
        (a).is_v6 ? (a).v6.parts[0] : (a).v4.parts[1], (a).is_v6 ? (a).v6.parts[1] : (a).v4.parts[2],        \
        (a).is_v6 ? (a).v6.parts[2] : (a).v4.parts[3], (a).is_v6 ? (a).v6.parts[3] : 0,                      \
        (a).is_v6 ? (a).v6.parts[4] : 0, (a).is_v6 ? (a).v6.parts[5] : 0, (a).is_v6 ? (a).v6.parts[6] : 0,   \
        (a).is_v6 ? (a).v6.parts[7] : 0, (a).is_v6 ? (int32_t)(a).v6.scope : 0

static void create(bool is_tcp)
{
    struct ret_new ret;
    uint32_t at = letter();
    int32_t family = text_is(word(), TEXT("6"));
    if (is_tcp)
        tcp_new(family, &ret);
    else
        udp_new(family, &ret);
    if (!good(ret.is_err, ret.err))
        return;
    put(at, is_tcp ? KIND_TCP : KIND_UDP, ret.ok);
    say_word("ok");
}

static void many(void)
{
    bool is_tcp = text_is(word(), TEXT("tcp"));
    uint64_t most = text_number(word()), count = 0;
    struct ret_new ret = {0};
    while (count < most && !ret.is_err) {
        if (is_tcp)
            tcp_new(0, &ret);
        else
            udp_new(0, &ret);
        count += !ret.is_err;
    }
    say_number(count, 10);
    say_word(" ");
    if (good(ret.is_err, ret.err))
        say_word("ok");
}

static bool bind_and_connect(struct text op)
{
    struct ret_void ret;
    struct ret_pair pair;
    struct ret_accept accepted;
    bool starts = text_is(op, TEXT("bind")), connects = text_is(op, TEXT("connect"));
    if (starts || connects) {
        uint32_t at = letter();
        struct address a = address_of();
        if (connects)
            tcp_start_connect(things[at].handle, network, FLAT(a), &ret);
        else if (things[at].kind == KIND_TCP)
            tcp_start_bind(things[at].handle, network, FLAT(a), &ret);
        else
            udp_start_bind(things[at].handle, network, FLAT(a), &ret);
        say_void(&ret);
    } else if (text_is(op, TEXT("fbind"))) {
        uint32_t at = letter();
        if (things[at].kind == KIND_TCP)
            tcp_finish_bind(things[at].handle, &ret);
        else
            udp_finish_bind(things[at].handle, &ret);
        say_void(&ret);
    } else if (text_is(op, TEXT("fconnect"))) {
        tcp_finish_connect(things[letter()].handle, &pair);
        if (good(pair.is_err, pair.err)) {
            put(letter(), IN, pair.ok[0]);
            put(letter(), OUT, pair.ok[1]);
            say_word("ok");
        }
    } else if (text_is(op, TEXT("listen"))) {
        tcp_start_listen(things[letter()].handle, &ret);
        say_void(&ret);
    } else if (text_is(op, TEXT("flisten"))) {
        tcp_finish_listen(things[letter()].handle, &ret);
        say_void(&ret);
    } else if (text_is(op, TEXT("accept"))) {
        tcp_accept(things[letter()].handle, &accepted);
        if (good(accepted.is_err, accepted.err)) {
            put(letter(), KIND_TCP, accepted.ok[0]);
            put(letter(), IN, accepted.ok[1]);
            put(letter(), OUT, accepted.ok[2]);
            say_word("ok");
        }
    } else {
        return false;
    }
    return true;
}

/* ---- what a socket is ---- */

static void say_ret_address(const struct ret_address *ret)
{
    if (good(ret->is_err, ret->err))
        say_address(&ret->ok);
}

static void get_option(bool is_tcp, handle h, struct text option)
{
    struct ret_void small;
    struct ret_number4 four;
    struct ret_number eight;
    if (text_is(option, TEXT("keepalive")) || text_is(option, TEXT("hops"))) {
        if (option.p[0] == 'k')
            tcp_keep_alive(h, &small);
        else if (is_tcp)
            tcp_hops(h, &small);
        else
            udp_hops(h, &small);
        if (good(small.is_err, small.err))
            say_number(small.err, 10); /* the payload has the error's place */
    } else if (text_is(option, TEXT("count"))) {
        tcp_count(h, &four);
        if (good(four.is_err, four.err))
            say_number(four.ok, 10);
    } else {
        if (text_is(option, TEXT("idle")))
            tcp_idle(h, &eight);
        else if (text_is(option, TEXT("interval")))
            tcp_interval(h, &eight);
        else if (text_is(option, TEXT("receive")))
            (is_tcp ? tcp_receive_buffer : udp_receive_buffer)(h, &eight);
        else
            (is_tcp ? tcp_send_buffer : udp_send_buffer)(h, &eight);
        say_u64(&eight);
    }
}

static void set_option(bool is_tcp, handle h, struct text option, uint64_t value)
{
    struct ret_void ret;
    if (text_is(option, TEXT("keepalive")))
        tcp_set_keep_alive(h, value != 0, &ret);
    else if (text_is(option, TEXT("hops")))
        (is_tcp ? tcp_set_hops : udp_set_hops)(h, (int32_t)value, &ret);
    else if (text_is(option, TEXT("count")))
        tcp_set_count(h, (int32_t)value, &ret);
    else if (text_is(option, TEXT("idle")))
        tcp_set_idle(h, (int64_t)value, &ret);
    else if (text_is(option, TEXT("interval")))
        tcp_set_interval(h, (int64_t)value, &ret);
    else if (text_is(option, TEXT("receive")))
        (is_tcp ? tcp_set_receive_buffer : udp_set_receive_buffer)(h, (int64_t)value, &ret);
    else
        (is_tcp ? tcp_set_send_buffer : udp_set_send_buffer)(h, (int64_t)value, &ret);
    say_void(&ret);
}

static bool properties(struct text op)
{
    struct ret_address address;
    struct ret_void ret;
    uint32_t at;
    if (text_is(op, TEXT("local"))) {
        at = letter();
        (things[at].kind == KIND_TCP ? tcp_local : udp_local)(things[at].handle, &address);
        say_ret_address(&address);
    } else if (text_is(op, TEXT("remote"))) {
        at = letter();
        (things[at].kind == KIND_TCP ? tcp_remote : udp_remote)(things[at].handle, &address);
        say_ret_address(&address);
    } else if (text_is(op, TEXT("listening"))) {
        say_word(tcp_is_listening(things[letter()].handle) ? "yes" : "no");
    } else if (text_is(op, TEXT("family"))) {
        at = letter();
        say_word((things[at].kind == KIND_TCP ? tcp_family : udp_family)(things[at].handle) ? "6" : "4");
    } else if (text_is(op, TEXT("backlog"))) {
        at = letter();
        tcp_backlog(things[at].handle, (int64_t)text_number(word()), &ret);
        say_void(&ret);
    } else if (text_is(op, TEXT("get"))) {
        at = letter();
        get_option(things[at].kind == KIND_TCP, things[at].handle, word());
    } else if (text_is(op, TEXT("set"))) {
        at = letter();
        struct text option = word();
        set_option(things[at].kind == KIND_TCP, things[at].handle, option, text_number(word()));
    } else if (text_is(op, TEXT("shutdown"))) {
        at = letter();
        struct text how = word();
        tcp_shutdown(things[at].handle,
                     text_is(how, TEXT("receive")) ? 0
                     : text_is(how, TEXT("send"))  ? 1
                                                   : 2,
                     &ret);
        say_void(&ret);
    } else {
        return false;
    }
    return true;
}

/* ---- pollables and drops ---- */

static handle subscribe(uint32_t at)
{
    handle h = things[at].handle;
    switch (things[at].kind) {
    case KIND_TCP:
        return tcp_subscribe(h);
    case KIND_UDP:
        return udp_subscribe(h);
    case IN:
        return input_stream_subscribe(h);
    case OUT:
        return output_stream_subscribe(h);
    case DATAGRAMS_IN:
        return incoming_subscribe(h);
    case DATAGRAMS_OUT:
        return outgoing_subscribe(h);
    case LOOKUP:
        return resolve_subscribe(h);
    case NONE:
        break;
    }
    __builtin_trap();
}

static void drop(uint32_t at)
{
    handle h = things[at].handle;
    switch (things[at].kind) {
    case KIND_TCP:
        tcp_drop(h);
        break;
    case KIND_UDP:
        udp_drop(h);
        break;
    case IN:
        input_stream_drop(h);
        break;
    case OUT:
        output_stream_drop(h);
        break;
    case DATAGRAMS_IN:
        incoming_drop(h);
        break;
    case DATAGRAMS_OUT:
        outgoing_drop(h);
        break;
    case LOOKUP:
        resolve_drop(h);
        break;
    case NONE:
        break;
    }
}

static bool polls(struct text op)
{
    if (text_is(op, TEXT("wait"))) {
        handle ready = subscribe(letter());
        pollable_block(ready);
        pollable_drop(ready);
        say_word("ok");
    } else if (text_is(op, TEXT("ready"))) {
        handle ready = subscribe(letter());
        say_word(pollable_ready(ready) ? "yes" : "no");
        pollable_drop(ready);
    } else if (text_is(op, TEXT("keep"))) {
        (void)subscribe(letter()); /* left to the end of the instance */
        say_word("ok");
    } else if (text_is(op, TEXT("drop"))) {
        drop(letter()); /* the handle's number is kept, for scripts that use it again */
        say_word("ok");
    } else if (text_is(op, TEXT("sleep"))) {
        handle ready = clock_subscribe((int64_t)text_number(word()) * 1000000);
        pollable_block(ready);
        pollable_drop(ready);
        say_word("ok");
    } else {
        return false;
    }
    return true;
}

/* ---- bytes ---- */

static void stream_failed(uint8_t closed, handle error)
{
    if (!closed)
        io_error_drop(error);
    say_word(closed ? "closed" : "failed");
}

/* Writes bytes as far as they are taken, waiting for room. */
static void fill(handle stream, uint64_t n)
{
    static const char bytes[4096] = {'x'};
    struct response to = {.stream = stream};
    bool open = true;
    while (n && open) {
        uint32_t part = n < sizeof bytes ? (uint32_t)n : sizeof bytes;
        open = response_write(&to, bytes, part);
        n -= part;
    }
    say_word(open ? "ok" : "closed");
}

static bool streams(struct text op)
{
    struct ret_list list;
    struct ret_stream wrote;
    struct ret_u64 room;
    uint32_t at;
    if (text_is(op, TEXT("read")) || text_is(op, TEXT("tryread"))) {
        at = letter();
        (op.n == 4 ? input_stream_blocking_read : input_stream_read)(things[at].handle,
                                                                     (int64_t)text_number(word()), &list);
        if (list.is_err)
            stream_failed(list.err.closed, list.err.error);
        else
            say_word("= "), say(list.ok);
    } else if (text_is(op, TEXT("drain"))) { /* how many bytes until the end */
        uint64_t total = 0;
        uintptr_t mark = heap_mark();
        at = letter();
        for (;;) {
            input_stream_blocking_read(things[at].handle, 65536, &list);
            if (list.is_err)
                break;
            total += list.ok.n;
            heap_release(mark);
        }
        say_number(total, 10);
        say_word(" ");
        stream_failed(list.err.closed, list.err.error);
    } else if (text_is(op, TEXT("write"))) {
        at = letter();
        struct text bytes = word();
        output_stream_blocking_write_and_flush(things[at].handle, bytes.p, bytes.n, &wrote);
        if (wrote.is_err)
            stream_failed(wrote.err.closed, wrote.err.error);
        else
            say_word("ok");
    } else if (text_is(op, TEXT("check"))) {
        output_stream_check_write(things[letter()].handle, &room);
        if (room.is_err)
            stream_failed(room.err.closed, room.err.error);
        else
            say_number(room.ok, 10);
    } else if (text_is(op, TEXT("fill"))) {
        at = letter();
        fill(things[at].handle, text_number(word()));
    } else {
        return false;
    }
    return true;
}

/* ---- datagrams ---- */

static void receive(uint32_t at, uint64_t most)
{
    struct ret_datagrams got;
    incoming_receive(things[at].handle, (int64_t)most, &got);
    if (!good(got.is_err, got.err))
        return;
    say_number(got.ok.n, 10);
    for (uint32_t i = 0; i < got.ok.n; i++) {
        say_word(" ");
        say_address(&got.ok.p[i].from);
        say_word(" ");
        if (got.ok.p[i].data.n > 100)
            say_number(got.ok.p[i].data.n, 10);
        else
            say(got.ok.p[i].data);
    }
}

static void send_one(uint32_t at, struct text bytes)
{
    struct datagram_out one = {.data = bytes};
    struct ret_number ret;
    struct text left = rest;
    one.has = word().n > 0;
    rest = left;
    if (one.has)
        one.to = address_of();
    outgoing_check(things[at].handle, &ret);
    if (good(ret.is_err, ret.err)) {
        outgoing_send(things[at].handle, &one, 1, &ret);
        say_u64(&ret);
    }
}

static bool datagrams(struct text op)
{
    static struct datagram_out nothing[64];
    struct ret_pair pair;
    struct ret_number ret;
    uint32_t at;
    if (text_is(op, TEXT("stream"))) {
        at = letter();
        uint32_t in = letter(), to = letter();
        struct text left = rest;
        bool has = word().n > 0;
        rest = left;
        struct address a = {0};
        if (has)
            a = address_of();
        udp_stream(things[at].handle, has, FLAT(a), &pair);
        if (good(pair.is_err, pair.err)) {
            put(in, DATAGRAMS_IN, pair.ok[0]);
            put(to, DATAGRAMS_OUT, pair.ok[1]);
            say_word("ok");
        }
    } else if (text_is(op, TEXT("recv"))) {
        at = letter();
        receive(at, text_number(word()));
    } else if (text_is(op, TEXT("send"))) {
        at = letter();
        send_one(at, word());
    } else if (text_is(op, TEXT("blob"))) {
        at = letter();
        uint32_t n = (uint32_t)text_number(word());
        send_one(at, (struct text){heap_alloc(n, 1), n});
    } else if (text_is(op, TEXT("sendn"))) {
        at = letter();
        outgoing_send(things[at].handle, nothing, (uint32_t)text_number(word()), &ret);
        say_u64(&ret);
    } else if (text_is(op, TEXT("checksend"))) {
        outgoing_check(things[letter()].handle, &ret);
        say_u64(&ret);
    } else {
        return false;
    }
    return true;
}

/* ---- names ---- */

static bool names(struct text op)
{
    struct ret_new ret;
    struct ret_next next;
    if (text_is(op, TEXT("lookup"))) {
        uint32_t at = letter();
        struct text name = word();
        resolve(network, name.p, name.n, &ret);
        if (good(ret.is_err, ret.err)) {
            put(at, LOOKUP, ret.ok);
            say_word("ok");
        }
    } else if (text_is(op, TEXT("next"))) {
        resolve_next(things[letter()].handle, &next);
        if (!good(next.is_err, next.err))
            return true;
        if (next.ok.has)
            say_parts(next.ok.address.is_v6, next.ok.address.v4, next.ok.address.v6);
        else
            say_word("none");
    } else {
        return false;
    }
    return true;
}

static void run_line(struct text line)
{
    rest = line;
    struct text op = word();
    if (text_is(op, TEXT("tcp")))
        create(true);
    else if (text_is(op, TEXT("udp")))
        create(false);
    else if (text_is(op, TEXT("many")))
        many();
    else if (!bind_and_connect(op) && !properties(op) && !polls(op) && !streams(op) && !datagrams(op) &&
             !names(op))
        say_word("?");
    say_word("\n");
}

/* The whole script is read first: its input-stream is closed by then. */
static struct text read_all(handle stream)
{
    struct text all = {heap_alloc(65536, 1), 0};
    char *bytes = (char *)(uintptr_t)all.p;
    struct ret_list part;
    for (;;) {
        input_stream_blocking_read(stream, 4096, &part);
        if (part.is_err)
            break;
        swell_expect(all.n + part.ok.n <= 65536);
        __builtin_memcpy(bytes + all.n, part.ok.p, part.ok.n);
        all.n += part.ok.n;
    }
    return all;
}

static void run(struct text script)
{
    network = instance_network();
    for (uint32_t from = 0, at = 0; at <= script.n; at++) {
        if (at < script.n && script.p[at] != '\n')
            continue;
        if (at > from)
            run_line((struct text){script.p + from, at - from});
        from = at + 1;
    }
    network_drop(network);
}

#ifdef COMMAND

SWELL_IMPORT("wasi:cli/stdin@0.2.12", "get-stdin") handle get_stdin(void);
SWELL_IMPORT("wasi:cli/stdout@0.2.12", "get-stdout") handle get_stdout(void);

SWELL_EXPORT("wasi:cli/run@0.2.12#run")
int32_t run_command(void)
{
    handle in = get_stdin();
    out.stream = get_stdout();
    struct text script = read_all(in);
    input_stream_drop(in);
    run(script);
    output_stream_drop(out.stream);
    return 0;
}

#else

SWELL_EXPORT("wasi:http/incoming-handler@0.2.0#handle")
void swell_handle(handle request, handle outparam)
{
    struct ret_handle body, stream;
    request_consume(request, &body);
    swell_expect(!body.is_err);
    incoming_body_stream(body.ok, &stream);
    swell_expect(!stream.is_err);
    struct text script = read_all(stream.ok);
    input_stream_drop(stream.ok);
    incoming_body_drop(body.ok);
    request_drop(request);
    out = response_start(outparam, 200, fields_new());
    run(script);
    response_end(&out);
}

#endif
