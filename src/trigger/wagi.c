/* wagi.c - a command that answers a request: the body is its stdin, its stdout the response.  Room: trigger.
 *
 *   HELD ---- output over TRIGGER_WAGI_HELD_BYTES_MAX, or the command ended well: head read, response begun ----> STARTED
 *     |                                                                                                             |
 *     `--- the output makes no response, or the client left ---> BROKEN <------------- the client left -------------'
 *
 * Spin keeps the whole output and looks at it in the end. Here, too, as long as it is short; a long one is streamed. */
#include "trigger/wagi.h"

#include "base/alloc.h"
#include "trigger/limits.h"

/* ---- stdin ---- */

static int in_peek(struct host_source *source, struct sw_str *ret, struct sw_err *err)
{
    struct trigger_wagi *wagi = SW_CONTAINER(source, struct trigger_wagi, in);
    if (wagi->body_ended)
        return SW_END;
    if (!wagi->exchange)
        return sw_fail(err, SW_EIO, "the request is over");
    int rc = http_exchange_body_peek(wagi->exchange, ret, err);
    wagi->body_ended = rc == SW_END;
    return rc;
}

static void in_consume(struct host_source *source, size_t n)
{
    struct trigger_wagi *wagi = SW_CONTAINER(source, struct trigger_wagi, in);
    if (wagi->exchange)
        http_exchange_body_consume(wagi->exchange, n);
}

static void in_close(struct host_source *source)
{
    (void)source; /* the guest may open it again */
}

static const struct host_source_ops in_ops = {in_peek, in_consume, in_close};

/* ---- stdout ---- */

static void break_off(struct trigger_wagi *wagi)
{
    wagi->state = TRIGGER_WAGI_BROKEN;
    sw_buf_clear(&wagi->held);
}

/* Hands over what is held. 0: all of it; SW_WAIT; < 0: the client is gone, or the response is over its limit. */
static int pump(struct trigger_wagi *wagi, struct sw_err *err)
{
    size_t done = 0;
    int rc = 0;
    while (rc == 0 && done < wagi->held.n) {
        size_t n = 0;
        rc = http_exchange_write(wagi->exchange, sw_str_from(sw_buf_str(&wagi->held), done), &n, err);
        done += rc == 0 ? n : 0;
    }
    sw_buf_drop_front(&wagi->held, done);
    if (rc < 0)
        break_off(wagi);
    return rc;
}

/* Reads the head and begins the response. length: of the body, UINT64_MAX: not known yet. */
static int begin(struct trigger_wagi *wagi, bool whole, struct sw_err *err)
{
    struct trigger_wagi_head head;
    struct sw_str out = sw_buf_str(&wagi->held);
    int rc = trigger_wagi_head_read(&wagi->arena, out, &head, &wagi->failure_status, err);
    if (rc == 0) {
        uint64_t length = whole ? out.n - head.bytes : UINT64_MAX;
        rc = http_exchange_respond(wagi->exchange, head.status, head.fields, head.field_count, length, err);
    }
    if (rc < 0) {
        wagi->failure = *err;
        break_off(wagi);
        return rc;
    }
    sw_buf_drop_front(&wagi->held, head.bytes);
    wagi->state = TRIGGER_WAGI_STARTED;
    return 0;
}

static size_t out_room(struct host_sink *sink)
{
    struct trigger_wagi *wagi = SW_CONTAINER(sink, struct trigger_wagi, out);
    if (wagi->state == TRIGGER_WAGI_BROKEN)
        return 1; /* the write will say it */
    size_t left = TRIGGER_WAGI_HELD_BYTES_MAX - wagi->held.n;
    return left >= TRIGGER_WAGI_HELD_BYTES_MAX / 2 || wagi->state == TRIGGER_WAGI_HELD ? left : 0;
}

/* The output is longer than what is kept: from now on it is streamed. */
static int begin_stream(struct trigger_wagi *wagi, struct sw_err *err)
{
    if (trigger_wagi_head_end(sw_buf_str(&wagi->held)) == SW_NPOS) {
        wagi->failure_status = 500;
        (void)sw_fail(&wagi->failure, SW_EINPUT, "the output has no empty line in its first %u bytes",
                      TRIGGER_WAGI_HELD_BYTES_MAX);
        *err = wagi->failure;
        break_off(wagi);
        return -SW_EINPUT;
    }
    return begin(wagi, false, err);
}

static int out_write(struct host_sink *sink, struct sw_str bytes, size_t *ret_n, struct sw_err *err)
{
    struct trigger_wagi *wagi = SW_CONTAINER(sink, struct trigger_wagi, out);
    int rc = 0;
    if (wagi->state == TRIGGER_WAGI_BROKEN)
        return sw_fail(err, SW_EIO, "nobody reads this output any more");
    struct sw_str part = sw_str_head(bytes, TRIGGER_WAGI_HELD_BYTES_MAX - wagi->held.n);
    if (part.n == 0)
        return SW_WAIT;
    if ((rc = sw_buf_add(&wagi->held, part, err)) < 0)
        return rc;
    *ret_n = part.n;
    if (wagi->state == TRIGGER_WAGI_HELD && wagi->held.n == TRIGGER_WAGI_HELD_BYTES_MAX)
        rc = begin_stream(wagi, err);
    if (rc == 0 && wagi->state == TRIGGER_WAGI_STARTED)
        rc = pump(wagi, err);
    return rc < 0 ? rc : 0;
}

static int out_flush(struct host_sink *sink, struct sw_err *err)
{
    struct trigger_wagi *wagi = SW_CONTAINER(sink, struct trigger_wagi, out);
    if (wagi->state == TRIGGER_WAGI_BROKEN)
        return sw_fail(err, SW_EIO, "nobody reads this output any more");
    return 0; /* what is held leaves when the command ends: interpreters flush after every line */
}

static void out_close(struct host_sink *sink)
{
    (void)sink; /* the guest may open it again */
}

static const struct host_sink_ops out_ops = {out_room, out_write, out_flush, out_close};

/* ---- life ---- */

int trigger_wagi_new(struct http_exchange *exchange, const struct trigger_wagi_request *request,
                     struct trigger_wagi **ret, struct sw_err *err)
{
    struct trigger_wagi *wagi = sw_try_alloc(sizeof *wagi);
    if (!wagi)
        return sw_fail(err, SW_ENOMEM, "no memory for a request to a command");
    wagi->exchange = exchange;
    wagi->arena = SW_ARENA(TRIGGER_WAGI_TEXT_BYTES_MAX);
    wagi->held = SW_BUF(TRIGGER_WAGI_HELD_BYTES_MAX);
    wagi->in.ops = &in_ops;
    wagi->out.ops = &out_ops;
    host_event_init(&wagi->in.ready);
    host_event_init(&wagi->out.ready);
    int rc = trigger_wagi_env(&wagi->arena, request, &wagi->command, err);
    if (rc < 0) {
        trigger_wagi_free(wagi);
        return rc;
    }
    wagi->command.in = &wagi->in;
    wagi->command.out = &wagi->out;
    *ret = wagi;
    return 0;
}

static int hand_over(struct trigger_wagi *wagi, struct sw_err *err)
{
    int rc = pump(wagi, err);
    if (rc == 0)
        rc = http_exchange_finish(wagi->exchange, NULL, 0, err);
    return rc;
}

int trigger_wagi_finish(struct trigger_wagi *wagi, void (*finished)(void *arg), void *arg, struct sw_err *err)
{
    int rc = 0;
    if (wagi->state == TRIGGER_WAGI_HELD && !wagi->held.n) {
        wagi->failure_status = 500;
        return sw_fail(err, SW_EINPUT, "the command printed nothing");
    }
    if (wagi->state == TRIGGER_WAGI_HELD)
        rc = begin(wagi, true, err);
    else if (wagi->state == TRIGGER_WAGI_BROKEN) {
        *err = wagi->failure;
        return wagi->failure_status ? -SW_EINPUT : 0; /* 0: the client left, nobody to tell */
    }
    if (rc == 0)
        rc = hand_over(wagi, err);
    wagi->finishing = rc == SW_WAIT;
    wagi->finished = finished;
    wagi->arg = arg;
    return rc;
}

void trigger_wagi_readable(struct trigger_wagi *wagi)
{
    host_event_fire(&wagi->in.ready);
}

static void end(struct trigger_wagi *wagi)
{
    wagi->finishing = false;
    wagi->finished(wagi->arg);
}

void trigger_wagi_writable(struct trigger_wagi *wagi)
{
    struct sw_err err;
    if (wagi->finishing) {
        if (hand_over(wagi, &err) != SW_WAIT)
            end(wagi);
        return;
    }
    if (wagi->state == TRIGGER_WAGI_STARTED)
        sw_ignore(pump(wagi, &err)); /* BROKEN then, and the guest hears it */
    host_event_fire(&wagi->out.ready);
}

void trigger_wagi_gone(struct trigger_wagi *wagi)
{
    break_off(wagi);
    if (wagi->finishing) {
        end(wagi);
        return;
    }
    host_event_fire(&wagi->in.ready);
    host_event_fire(&wagi->out.ready);
}

void trigger_wagi_free(struct trigger_wagi *wagi)
{
    if (!wagi)
        return;
    sw_buf_deinit(&wagi->held);
    sw_arena_deinit(&wagi->arena);
    sw_free(wagi);
}
