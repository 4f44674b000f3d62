/* http_request.c - fuzzes the request head parser and the chunked decoder: the result must not depend on how the input is cut.  Room: tests.
 *
 * The first byte chooses the cuts, the rest is what a client sends: a head and, when it is chunked, its body. Each input is decoded whole and
 * in pieces, each piece in memory of its own and exact size, and both must say the same. */
#undef NDEBUG /* the checks are the point */
#include <assert.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "http/body.h"
#include "http/request.h"

enum { FIELDS = 12, HEAD_BYTES = 2048, BODY_BYTES = 4096, SAYS_BYTES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A decoding under way; in is the input from the first unused byte on. */
struct decoding {
    struct http_head head;
    struct http_chunked chunked;
    struct http_field fields[FIELDS];
    struct sw_buf body;
    size_t used; /* of the whole input */
    bool have_head;
    int rc; /* SW_WAIT: not decided yet */
    char text[SW_ERR_TEXT_MAX];
};

static void head_done(struct decoding *d, struct sw_str in)
{
    const struct http_request *request = &d->head.request;
    assert(d->head.bytes > 0 && d->head.bytes <= in.n);
    assert(request->field_count <= FIELDS && request->method.n > 0 && request->path.n > 0);
    assert(request->minor == 0 || request->authority.n > 0);
    assert(http_is_token(request->method));
    for (uint32_t i = 0; i < request->field_count; i++)
        assert(http_is_token(request->fields[i].name) && http_is_field_value(request->fields[i].value));
    d->have_head = true;
    d->used = d->head.bytes;
    d->rc = d->head.chunked ? SW_WAIT : SW_END;
    http_chunked_init(&d->chunked, BODY_BYTES, d->fields + request->field_count,
                      FIELDS - request->field_count);
}

/* Decodes what can be of in, whose first byte is input byte d->used (body) or 0 (head). */
static void step(struct decoding *d, struct sw_str in)
{
    static const struct http_head_limits limits = {HEAD_BYTES, FIELDS, 0};
    struct sw_err err = {0};
    if (!d->have_head) {
        d->rc = http_head_parse(&d->head, &limits, in, &err);
        if (d->rc == 0)
            head_done(d, in);
        in = sw_str(in.p + d->used, in.n - d->used);
    }
    while (d->have_head && d->rc == SW_WAIT) {
        struct sw_str bytes = {NULL, 0};
        size_t used = 0;
        int rc = http_chunked_next(&d->chunked, in, &used, &bytes, &err);
        if (rc < 0) {
            d->rc = rc;
            break;
        }
        assert(used <= in.n);
        in = sw_str(in.p + used, in.n - used);
        d->used += used;
        if (rc != 0) {
            d->rc = rc;
            break;
        }
        assert(bytes.p == in.p && bytes.n > 0 && bytes.n <= in.n);
        int added = sw_buf_add(&d->body, bytes, &err);
        assert(added == 0); /* the decoder's limit is the buffer's */
        (void)added;
        http_chunked_consume(&d->chunked, bytes.n);
        in = sw_str(in.p + bytes.n, in.n - bytes.n);
        d->used += bytes.n;
    }
    memcpy(d->text, err.text, sizeof d->text);
}

static void start(struct decoding *d)
{
    memset(d, 0, sizeof *d);
    d->rc = SW_WAIT;
    d->body = SW_BUF(BODY_BYTES);
    http_head_init(&d->head, d->fields);
}

static void add(struct sw_buf *says, const char *word, struct sw_str s)
{
    struct sw_err err;
    int rc = sw_buf_printf(says, &err, "%s=%zu:", word, s.n);
    if (rc == 0)
        rc = sw_buf_add(says, s, &err);
    assert(rc == 0);
    (void)rc;
}

static void add_fields(struct sw_buf *says, const struct http_field *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        add(says, "name", fields[i].name);
        add(says, "value", fields[i].value);
    }
}

/* Everything a decoding found out. */
static void describe(const struct decoding *d, struct sw_buf *says)
{
    const struct http_request *request = &d->head.request;
    add(says,
        d->rc < 0          ? "failed"
        : d->rc == SW_WAIT ? "waits"
                           : "done",
        sw_str_of(d->rc < 0 ? d->text : ""));
    struct sw_err err;
    int rc = sw_buf_printf(says, &err, "status=%u head=%d ", d->head.status, d->have_head);
    assert(rc == 0);
    if (d->have_head) {
        rc = sw_buf_printf(says, &err, "used=%zu length=%llu flags=%d%d%d%d ", d->rc < 0 ? 0 : d->used,
                           (unsigned long long)request->content_length, d->head.keep_alive,
                           d->head.expect_continue, d->head.chunked, request->has_query);
        assert(rc == 0);
        add(says, "method", request->method);
        add(says, "target", request->target);
        add(says, "path", request->path);
        add(says, "query", request->query);
        add(says, "authority", request->authority);
        add_fields(says, request->fields, request->field_count);
        add(says, "body", sw_buf_str(&d->body));
        if (d->rc == SW_END)
            add_fields(says, d->chunked.trailers, d->chunked.trailer_count);
    }
    (void)rc;
}

/* Feeds more and more of the input; what is fed lies in fresh memory each time, and the old is gone. */
static void decode_in_pieces(struct decoding *d, struct sw_str in, unsigned seed, char **last)
{
    size_t n = 0;
    while (d->rc == SW_WAIT && n < in.n) {
        seed = seed * 1103515245u + 12345u;
        size_t piece = 1 + (seed >> 16) % (seed & 0x100 ? 3 : 40);
        n = in.n - n < piece ? in.n : n + piece;
        size_t from = d->have_head ? d->used : 0;
        char *moved = sw_alloc(n - from);
        memcpy(moved, in.p + from, n - from);
        /* views of the head stay where the head was complete; before that they move */
        bool had_head = d->have_head;
        step(d, sw_str(moved, n - from));
        if (!had_head) {
            sw_free(last[0]);
            last[0] = moved;
        } else {
            sw_free(last[1]);
            last[1] = moved;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct decoding whole;
    static struct decoding pieces;
    if (size < 2)
        return 0;
    const void *bytes = data + 1;
    struct sw_str in = {bytes, size - 1};
    char *last[2] = {NULL, NULL};
    sw_auto_buf first = SW_BUF(SAYS_BYTES);
    sw_auto_buf second = SW_BUF(SAYS_BYTES);
    start(&whole);
    step(&whole, in);
    describe(&whole, &first);
    start(&pieces);
    decode_in_pieces(&pieces, in, data[0], last);
    describe(&pieces, &second);
    if (!sw_str_eq(sw_buf_str(&first), sw_buf_str(&second))) {
        (void)fprintf(stderr, "whole:  %.*s\npieces: %.*s\n", (int)first.n, first.p, (int)second.n, second.p);
        abort();
    }
    sw_free(last[0]);
    sw_free(last[1]);
    sw_buf_deinit(&whole.body);
    sw_buf_deinit(&pieces.body);
    return 0;
}
