/* run.c - swell run: a command that was compiled for this process, one store, one call, inside a worker's sandbox.  Room: trigger.
 *
 *   RUNNING --ended--> DRAINING (what the guest wrote leaves) --drained--> the loop stops
 *      |                  |
 *      `-- time is over --´--> the loop stops
 */
#include "trigger/run.h"

#include "app/outbound.h"
#include "base/alloc.h"
#include "component/component.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "node/node.h"
#include "node/sandbox.h"
#include "trigger/compile.h"
#include "trigger/limits.h"
#include "trigger/load.h"
#include "trigger/mounts.h"
#include "trigger/outside.h"
#include "trigger/stdio.h"

struct run {
    const struct trigger_run *job;
    struct trigger_component component;
    struct loop *loop;
    struct engine *engine;
    struct node_serving *serving;
    struct node_worker *channel; /* kept by a command with --network: names are asked for on it */
    struct trigger_outside *outside;
    struct trigger_stdio stdio;
    struct host_env_var *env;
    struct sw_str *args;
    struct host *host;
    struct component_store *store;
    struct loop_timer *timer;
    bool is_done;
    bool is_late;
    bool gave_error; /* wasi:cli/run's result */
    int rc;          /* of the call */
};

/* ---- receiving ---- */

static void on_serve(void *arg, struct node_serving *serving)
{
    struct run *run = arg;
    run->serving = serving;
    loop_stop(run->loop);
}

static void on_order(void *arg) /* nobody gives any: the other side is gone */
{
    loop_stop(((struct run *)arg)->loop);
}

static int receive(struct run *run, struct sw_err *err)
{
    static const struct node_worker_events events = {on_serve, on_order, on_order, on_order};
    int rc = node_worker_new(run->loop, run->job->channel_fd, &events, run, &run->channel, err);
    if (rc < 0)
        return rc;
    rc = loop_run(run->loop, err);
    if (!run->serving || !app_reaches_out(run->serving->app)) {
        node_worker_free(run->channel); /* the loop then ends when the guest waits for nothing */
        run->channel = NULL;
    }
    if (rc == 0 && !run->serving)
        rc = sw_fail(err, SW_EIO, "the process that started this one is gone");
    return rc;
}

static int grants_make(struct run *run, struct sw_err *err)
{
    struct trigger_component *component = &run->component;
    const struct app_component *meta = component->meta;
    run->env = sw_try_alloc_array(meta->env_count, sizeof *run->env);
    run->args = sw_try_alloc_array(run->job->arg_count, sizeof *run->args);
    if (!run->env || !run->args)
        return sw_fail(err, SW_ENOMEM, "no memory for %u environment variables and %u arguments",
                       meta->env_count, run->job->arg_count);
    for (uint32_t i = 0; i < meta->env_count; i++)
        run->env[i] = (struct host_env_var){meta->env[i].name, meta->env[i].value};
    for (uint32_t i = 0; i < run->job->arg_count; i++)
        run->args[i] = sw_str_of(run->job->args[i]);
    component->grants = (struct host_grants){
        .app = meta->id, .component = meta->id, .env = run->env, .env_count = meta->env_count};
    return trigger_mounts_open(component, err);
}

static int network_grant(struct run *run, struct sw_err *err)
{
    struct trigger_component *component = &run->component;
    if (!run->channel)
        return 0;
    int rc =
        trigger_outside_new(run->loop, node_worker_resolver(run->channel), run->serving, &run->outside, err);
    if (rc == 0)
        rc = app_outbound_new(run->serving->app, component->meta, &component->outbound, err);
    component->grants.outside = trigger_outside_host(run->outside);
    component->grants.outbound = component->outbound;
    component->grants.may_listen = component->meta->may_listen;
    return rc;
}

static int expect_command(const struct run *run, struct sw_err *err)
{
    if (run->component.run)
        return 0;
    return sw_fail(
        err, SW_EINPUT,
        "is no command: expected an export `wasi:cli/run@0.2.x` or `@0.3.x`, or `_start` of a core module%s",
        run->component.handle || run->component.handle_async
            ? "\nhint: it answers HTTP requests: 'swell up' serves it"
            : "");
}

static int load(struct run *run, struct sw_err *err)
{
    struct trigger_component *component = &run->component;
    const struct app *app = run->serving->app;
    if (app->component_count != 1)
        return sw_fail(err, SW_EBUG, "expected one component, got %u", app->component_count);
    int rc = trigger_component_read(run->serving->components[0].wasm_fd, run->job->name, component, err);
    if (rc < 0)
        return rc;
    component->meta = &app->components[0];
    component->served = &run->serving->components[0];
    rc = grants_make(run, err);
    if (rc == 0)
        rc = network_grant(run, err);
    if (rc == 0)
        rc = trigger_component_bind(component, run->engine, err);
    if (rc == 0)
        rc = expect_command(run, err);
    return rc < 0 ? sw_wrap(err, "'%s'", run->job->name) : 0;
}

/* ---- running ---- */

static int call_run(void *arg, struct component_store *store) /* fiber side */
{
    struct run *run = arg;
    struct component_value result = {.u64 = 0};
    int rc = component_call_wait(store, run->component.run, NULL, 0, &result);
    run->gave_error = rc == 0 && run->component.run_gives_result && result.variant.index;
    return rc;
}

static void drained(void *arg)
{
    loop_stop(((struct run *)arg)->loop);
}

static void call_ended(void *arg, int rc)
{
    struct run *run = arg;
    run->is_done = true;
    run->rc = rc;
    if (trigger_stdio_flush(&run->stdio, drained, run) == 0)
        loop_stop(run->loop);
}

static void time_over(void *arg)
{
    struct run *run = arg;
    run->is_late = !run->is_done;
    if (run->is_late)
        component_store_cancel(run->store);
    loop_stop(run->loop);
}

static int start(struct run *run, struct sw_err *err)
{
    const struct app_limits *own = &run->component.meta->limits;
    const struct engine_limits limits = {
        .memory_bytes_max = own->memory_bytes ? own->memory_bytes : TRIGGER_RUN_MEMORY_BYTES_MAX};
    const struct host_command command = {.args = run->args,
                                         .arg_count = run->job->arg_count,
                                         .in = &run->stdio.in.source,
                                         .out = &run->stdio.out[0].sink,
                                         .err = &run->stdio.out[1].sink,
                                         .in_is_terminal = run->stdio.in.fd.is_terminal,
                                         .out_is_terminal = run->stdio.out[0].fd.is_terminal,
                                         .err_is_terminal = run->stdio.out[1].fd.is_terminal};
    int rc = host_new(run->loop, &run->component.grants, &run->host, err);
    if (rc < 0)
        return rc;
    host_command_begin(run->host, &command);
    rc = component_store_new(run->component.component, &limits, run->host, &run->store, err);
    if (rc == 0 && own->time_ms) {
        rc = loop_timer_new(run->loop, time_over, run, &run->timer, err);
        if (rc == 0)
            loop_timer_start(run->timer, own->time_ms);
    }
    return rc < 0 ? rc : component_store_start(run->store, call_run, call_ended, run, err);
}

static int explain(const struct run *run, struct sw_err *err)
{
    const struct engine_failure *failure = engine_store_failure(component_store_engine(run->store));
    if (failure->kind == ENGINE_TRAP_NONE)
        return sw_fail(err, SW_EGUEST, "the call failed");
    return sw_fail(err, SW_EGUEST, "trap: %s%s%s", failure->text, failure->frames[0] ? "\n" : "",
                   failure->frames);
}

static int outcome(const struct run *run, int *ret_status, struct sw_err *err)
{
    uint8_t code = 0;
    if (run->is_late)
        return sw_fail(err, SW_ETIMEOUT, "it ran longer than its time limit of %llu ms",
                       (unsigned long long)run->component.meta->limits.time_ms);
    if (!run->is_done)
        return sw_fail(err, SW_EGUEST, "the guest waits for something that cannot come");
    if (run->rc < 0 && !host_command_exited(run->host, &code))
        return explain(run, err);
    *ret_status = run->rc < 0 ? code : run->gave_error;
    return 0;
}

static int run_all(struct run *run, int *ret_status, struct sw_err *err)
{
    int rc = start(run, err);
    if (rc == 0)
        rc = loop_run(run->loop, err);
    if (rc == 0)
        rc = outcome(run, ret_status, err);
    loop_timer_free(run->timer);
    component_store_free(run->store);
    host_free(run->host);
    host_spare_free();
    return rc < 0 ? sw_wrap(err, "'%s'", run->job->name) : 0;
}

static int prepare(struct run *run, struct sw_err *err)
{
    const struct engine_config config = {.reset = ENGINE_RESET_AUTO};
    int rc = node_sandbox_worker_begin(err);
    if (rc == 0)
        trigger_stdio_init(&run->stdio, run->job->fds);
    if (rc == 0)
        rc = loop_new(&run->loop, err);
    if (rc == 0)
        rc = trigger_stdio_start(&run->stdio, run->loop, err);
    if (rc == 0)
        rc = receive(run, err);
    if (rc == 0)
        rc = node_sandbox_worker_load(run->serving, err);
    if (rc == 0)
        rc = engine_new(&config, run->loop, &run->engine, err);
    if (rc == 0)
        rc = trigger_library_check(run->serving->library, err);
    if (rc == 0)
        rc = load(run, err);
    return rc < 0 ? rc : node_sandbox_worker(run->serving, err);
}

int trigger_run_command(const struct trigger_run *job, int *ret_status, struct sw_err *err)
{
    struct run run = {.job = job};
    for (int i = 0; i < 3; i++) /* until they are looked at */
        *(i ? &run.stdio.out[i - 1].fd : &run.stdio.in.fd) =
            (struct trigger_stdio_fd){.fd = -1, .is_closed = true};
    int rc = prepare(&run, err);
    if (rc == 0)
        rc = run_all(&run, ret_status, err);
    trigger_mounts_close(&run.component);
    app_outbound_free(run.component.outbound);
    trigger_component_deinit(&run.component);
    trigger_outside_free(run.outside);
    node_worker_free(run.channel);
    if (run.serving)
        node_serving_free(run.serving);
    if (run.engine)
        engine_free(run.engine);
    trigger_stdio_deinit(&run.stdio);
    loop_free(run.loop);
    sw_free(run.env);
    sw_free(run.args);
    return rc;
}
