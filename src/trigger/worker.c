/* worker.c - a worker process: one loop, one engine, one application.  Room: trigger. */
#include "trigger/worker.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "node/node.h"
#include "node/sandbox.h"
#include "trigger/compile.h"
#include "trigger/http.h"
#include "trigger/limits.h"
#include "trigger/logs.h"
#include "trigger/output.h"
#include "trigger/settings.h"

struct worker {
    struct loop *loop;
    struct engine *engine;
    struct node_worker *channel;
    struct node_serving *serving;
    struct trigger_http *http;
    struct loop_timer *drain_limit;
    struct trigger_output *output;
    struct trigger_logs *logs;
    struct sw_arena texts; /* of the settings */
    struct trigger_settings settings;
    struct sw_str *names; /* of the components, for whoever looks into a core */
};

/* A switch for tests, read once. */
static enum engine_reset env_reset(void)
{
    struct sw_str text = sw_str_of(getenv("SWELL_RESET"));
    if (sw_str_eq(text, SW_LIT("scan")))
        return ENGINE_RESET_SCAN;
    return sw_str_eq(text, SW_LIT("pagemap")) ? ENGINE_RESET_PAGEMAP : ENGINE_RESET_AUTO;
}

static void ended(void *arg)
{
    loop_stop(((struct worker *)arg)->loop);
}

static void drain(void *arg)
{
    struct worker *worker = arg;
    struct sw_err err;
    if (!worker->http) {
        loop_stop(worker->loop);
        return;
    }
    loop_timer_start(worker->drain_limit, TRIGGER_DRAIN_MS_MAX);
    trigger_http_drain(worker->http, ended, worker);
    sw_ignore(
        node_worker_stopped(worker->channel, &err)); /* the supervisor is gone or learns it from our end */
}

/* Tells the supervisor, and whoever looks into this process or its core, which component runs. */
static int show_running(struct worker *worker, struct sw_err *err)
{
    struct node_status *status = node_worker_status(worker->channel);
    const struct app *app = worker->serving->app;
    worker->names = sw_try_alloc_array(app->component_count, sizeof *worker->names);
    if (!worker->names)
        return sw_fail(err, SW_ENOMEM, "no memory for %u names", app->component_count);
    for (uint32_t i = 0; i < app->component_count; i++)
        worker->names[i] = app->components[i].id;
    engine_show_running(worker->engine, &status->running, &status->calls);
    engine_name_running(worker->engine, worker->names, app->component_count);
    return 0;
}

/* Log files are opened while that is still possible. */
static int open_logs(struct worker *worker, struct sw_err *err)
{
    int rc =
        trigger_settings_read(sw_buf_str(&worker->serving->settings), &worker->texts, &worker->settings, err);
    return rc < 0 ? rc
                  : trigger_logs_new(&worker->settings, worker->serving->app, worker->output, &worker->logs,
                                     err);
}

static void serve(void *arg, struct node_serving *serving)
{
    struct worker *worker = arg;
    struct trigger_http_config config = {.settings = &worker->settings,
                                         .resolver = node_worker_resolver(worker->channel)};
    const struct engine_config engine = {.reset = env_reset(),
                                         .stacks_max = TRIGGER_REQUESTS_MAX,
                                         .slots_max = TRIGGER_SLOTS_MAX,
                                         .memory_bytes_max = serving->memory_bytes};
    struct sw_err err;
    worker->serving = serving;
    int rc = open_logs(worker, &err);
    config.logs = worker->logs;
    if (rc == 0)
        rc = node_sandbox_worker_load(serving, &err);
    if (rc == 0)
        rc = trigger_library_check(serving->library, &err);
    if (rc == 0)
        rc = engine_new(&engine, worker->loop, &worker->engine, &err);
    if (rc == 0)
        rc = show_running(worker, &err);
    if (rc == 0)
        rc = trigger_http_new(worker->loop, worker->engine, serving, &config, &worker->http, &err);
    if (rc == 0)
        rc = node_sandbox_worker(serving, &err); /* everything is loaded, nothing has run */
    rc = rc < 0 ? node_worker_failed(worker->channel, err.text, &err)
                : node_worker_ready(worker->channel, &err);
    if (rc < 0) {
        sw_log_error("trigger", "worker.channel", "%s", err.text);
        loop_stop(worker->loop);
    }
}

static void accept_(void *arg)
{
    struct worker *worker = arg;
    struct sw_err err;
    if (trigger_http_listen(worker->http, &err) == 0)
        return;
    sw_log_error("trigger", "worker.listen", "%s", err.text);
    loop_stop(worker->loop); /* another one is started */
}

static void lost(void *arg) /* an orphan must not go on serving */
{
    loop_stop(((struct worker *)arg)->loop);
}

static int run(struct worker *worker, int channel_fd, struct sw_err *err)
{
    static const struct node_worker_events events = {serve, accept_, drain, lost};
    int rc = node_sandbox_worker_begin(err);
    if (rc == 0)
        rc = trigger_output_new(0, &worker->output, err);
    if (rc == 0)
        trigger_output_take_log(worker->output,
                                STDERR_FILENO); /* a reader of stderr that stopped must not stop the loop */
    if (rc == 0)
        rc = loop_new(&worker->loop, err);
    if (rc == 0)
        rc = loop_timer_new(worker->loop, ended, worker, &worker->drain_limit, err);
    if (rc == 0)
        rc = node_worker_new(worker->loop, channel_fd, &events, worker, &worker->channel, err);
    return rc < 0 ? rc : loop_run(worker->loop, err);
}

int trigger_worker_run(int channel_fd, struct sw_err *err)
{
    struct worker worker = {.texts = SW_ARENA(TRIGGER_SETTINGS_BYTES_MAX)};
    int rc = run(&worker, channel_fd, err);
    trigger_http_free(worker.http);
    trigger_logs_free(worker.logs, TRIGGER_OUTPUT_FLUSH_MS);
    if (worker.serving)
        node_serving_free(worker.serving);
    if (worker.channel)
        node_worker_free(worker.channel);
    loop_timer_free(worker.drain_limit);
    if (worker.engine)
        engine_free(worker.engine);
    loop_free(worker.loop);
    (void)trigger_output_free(worker.output, TRIGGER_OUTPUT_FLUSH_MS);
    sw_arena_deinit(&worker.texts);
    sw_free(worker.names);
    return rc;
}
