/* flow.c - streams of bytes and their futures over carriers.  Room: host.
 *
 * A flow lives until both the stream's and the future's end of the host are gone. It reaches its outcome once: the source has ended, the sink
 * has everything, either failed, or the guest gave the stream up. The future is woken from the loop, because a stream may not wake
 * another one while it is asked.
 * source: wasi:cli/stdin, stdout, wasi:filesystem/types, wasi:sockets/types @0.3.0 */
#include "host/wasi3/flow.h"

#include "component/stream.h"
#include "host/host_internal.h"
#include "loop/loop.h"

struct host_p3_flow {
    struct host *host;
    struct host_source *source; /* NULL: closed, or it is a sink */
    struct host_sink *sink;
    host_p3_code_fn *code;
    struct component_end *stream; /* NULL: gone */
    struct component_end *future;
    struct host_waiter waiter; /* for the carrier */
    struct loop_defer wake;    /* the future */
    bool is_over;
    bool failed;
    uint32_t error; /* case of the interface's error-code */
};

static void flow_close(struct host_p3_flow *flow)
{
    host_waiter_stop(&flow->waiter);
    if (flow->source)
        host_source_close(flow->source);
    if (flow->sink)
        host_sink_close(flow->sink);
    flow->source = NULL;
    flow->sink = NULL;
}

static void flow_release(struct host_p3_flow *flow)
{
    if (flow->stream || flow->future)
        return;
    flow_close(flow);
    loop_defer_cancel(&flow->wake);
    HOST_FREE(flow->host, flow);
}

static void flow_over(struct host_p3_flow *flow, const struct sw_err *err)
{
    if (flow->is_over)
        return;
    flow->is_over = true;
    flow->failed = err != NULL;
    if (err)
        flow->error = flow->code(flow->host, err);
    flow_close(flow);
    loop_defer_add(flow->host->loop, &flow->wake);
}

/* ---- the future ---- */

static int future_copy(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    const struct host_p3_flow *flow = arg;
    const struct component_value error = {.variant = {flow->error, NULL}};
    const struct component_value value = {.variant = {flow->failed, flow->failed ? &error : NULL}};
    if (!flow->is_over)
        return SW_WAIT;
    *ret_n = n;
    return component_stream_store(call, flow->future, at, &value);
}

static void future_drop(void *arg)
{
    struct host_p3_flow *flow = arg;
    flow->future = NULL;
    flow_release(flow);
}

static const struct component_stream_ops future_ops = {future_copy, future_drop};

static void wake_future(void *arg)
{
    struct host_p3_flow *flow = arg;
    if (flow->future)
        component_stream_wake(flow->future);
}

/* ---- the stream ---- */

static void wake_stream(void *arg)
{
    struct host_p3_flow *flow = arg;
    host_waiter_stop(&flow->waiter);
    if (flow->stream)
        component_stream_wake(flow->stream);
}

static int wait_for(struct host_p3_flow *flow, struct host_event *ready, void (*wake)(void *arg))
{
    host_waiter_stop(&flow->waiter);
    host_waiter_start(&flow->waiter, ready, wake, flow);
    return SW_WAIT;
}

static int source_copy(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct host_p3_flow *flow = arg;
    struct sw_str bytes;
    struct sw_err err;
    if (flow->is_over)
        return SW_END;
    int rc = host_source_peek(flow->source, &bytes, &err);
    if (rc == SW_WAIT)
        return wait_for(flow, &flow->source->ready, wake_stream);
    if (rc != 0) {
        flow_over(flow, rc < 0 ? &err : NULL);
        return SW_END;
    }
    *ret_n = bytes.n < n ? (uint32_t)bytes.n : n;
    memcpy(call->mem + at, bytes.p, *ret_n);
    host_source_consume(flow->source, *ret_n);
    return 0;
}

static int sink_copy(void *arg, struct component_call *call, uint32_t at, uint32_t n, uint32_t *ret_n)
{
    struct host_p3_flow *flow = arg;
    struct sw_err err;
    size_t took = 0;
    if (flow->is_over)
        return SW_END;
    if (n == 0)
        return host_sink_room(flow->sink) ? 0 : wait_for(flow, &flow->sink->ready, wake_stream);
    int rc = host_sink_write(flow->sink, sw_str((const char *)call->mem + at, n), &took, &err);
    if (rc == SW_WAIT)
        return wait_for(flow, &flow->sink->ready, wake_stream);
    if (rc < 0) {
        flow_over(flow, &err);
        return SW_END;
    }
    *ret_n = (uint32_t)took;
    return 0;
}

static void flush(void *arg)
{
    struct host_p3_flow *flow = arg;
    struct sw_err err;
    int rc = host_sink_flush(flow->sink, &err);
    if (rc == SW_WAIT)
        (void)wait_for(flow, &flow->sink->ready, flush);
    else
        flow_over(flow, rc < 0 ? &err : NULL);
}

static void stream_drop(void *arg)
{
    struct host_p3_flow *flow = arg;
    flow->stream = NULL;
    if (!flow->is_over && flow->sink)
        flush(flow);
    else
        flow_over(flow, NULL);
    flow_release(flow);
}

static const struct component_stream_ops source_ops = {source_copy, stream_drop};
static const struct component_stream_ops sink_ops = {sink_copy, stream_drop};

/* ---- making them ---- */

static struct host_p3_flow *flow_new(struct component_call *call, host_p3_code_fn *code)
{
    struct host_p3_flow *flow = HOST_NEW(call, struct host_p3_flow);
    if (!flow)
        return NULL;
    flow->host = host_of(call);
    flow->code = code;
    sw_list_init(&flow->waiter.link);
    loop_defer_init(&flow->wake, wake_future, flow);
    return flow;
}

static int make_future(struct component_call *call, struct host_p3_flow *flow, uint32_t type, uint32_t *ret)
{
    return component_stream_new(call, type, &future_ops, flow, ret, &flow->future);
}

static int read_begin(struct component_call *call, struct host_p3_flow *flow, uint32_t *ret_stream,
                      uint32_t *ret_future)
{
    uint32_t pair = component_call_result_type(call);
    int rc = component_stream_new(call, component_call_part_type(call, pair, 0), &source_ops, flow,
                                  ret_stream, &flow->stream);
    if (rc == 0)
        rc = make_future(call, flow, component_call_part_type(call, pair, 1), ret_future);
    if (rc < 0)
        flow_release(flow); /* when one end is there it goes with the store */
    return rc;
}

static int write_begin(struct component_call *call, struct host_p3_flow *flow, uint32_t stream,
                       uint32_t param, uint32_t *ret_future)
{
    int rc = component_stream_take(call, stream, component_call_param_type(call, param), &sink_ops, flow,
                                   &flow->stream);
    bool ended = rc == SW_END;
    if (rc >= 0)
        rc = make_future(call, flow, component_call_result_type(call), ret_future);
    if (rc < 0) {
        flow_release(flow);
        return rc;
    }
    if (ended)
        stream_drop(flow);
    else
        component_stream_wake(flow->stream);
    return 0;
}

int host_p3_read(struct component_call *call, struct host_source *source, host_p3_code_fn *code,
                 uint32_t *ret_stream, uint32_t *ret_future)
{
    struct host_p3_flow *flow = flow_new(call, code);
    if (!flow) {
        host_source_close(source);
        return -SW_EGUEST;
    }
    flow->source = source;
    return read_begin(call, flow, ret_stream, ret_future);
}

int host_p3_write(struct component_call *call, uint32_t stream, uint32_t param, struct host_sink *sink,
                  host_p3_code_fn *code, uint32_t *ret_future)
{
    struct host_p3_flow *flow = flow_new(call, code);
    if (!flow) {
        host_sink_close(sink);
        return -SW_EGUEST;
    }
    flow->sink = sink;
    return write_begin(call, flow, stream, param, ret_future);
}

static struct host_p3_flow *flow_failed(struct component_call *call, uint32_t error)
{
    struct host_p3_flow *flow = flow_new(call, NULL);
    if (flow) {
        flow->is_over = flow->failed = true;
        flow->error = error;
    }
    return flow;
}

int host_p3_read_failed(struct component_call *call, uint32_t code, uint32_t *ret_stream,
                        uint32_t *ret_future)
{
    struct host_p3_flow *flow = flow_failed(call, code);
    return flow ? read_begin(call, flow, ret_stream, ret_future) : -SW_EGUEST;
}

int host_p3_write_failed(struct component_call *call, uint32_t stream, uint32_t param, uint32_t code,
                         uint32_t *ret_future)
{
    struct host_p3_flow *flow = flow_failed(call, code);
    return flow ? write_begin(call, flow, stream, param, ret_future) : -SW_EGUEST;
}
