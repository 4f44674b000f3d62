/* http_setup.c - the HTTP trigger's beginning and end: components, limits, admission, server.  Room: trigger. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "app/outbound.h"
#include "base/alloc.h"
#include "base/log.h"
#include "component/component.h"
#include "engine/core.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "node/node.h"
#include "trigger/http_internal.h"
#include "trigger/logs.h"
#include "trigger/mounts.h"
#include "trigger/settings.h"

/* ---- components ---- */

/* Both streams go to the host's stderr, each to a file of its own (spin.md 6.4). */
static void guest_output(void *arg, bool is_stderr, struct sw_str line)
{
    struct trigger_service *service = arg;
    struct trigger_http *http = service->http;
    trigger_logs_line(http->config.logs, (uint32_t)(service - http->services), is_stderr, line);
}

static int grants_make(struct trigger_http *http, struct trigger_service *service, struct sw_err *err)
{
    struct trigger_component *component = &service->component;
    const struct app_component *meta = component->meta;
    struct host_env_var *env = sw_try_alloc_array(meta->env_count, sizeof *env);
    if (!env)
        return sw_fail(err, SW_ENOMEM, "no memory for %u environment variables", meta->env_count);
    for (uint32_t i = 0; i < meta->env_count; i++)
        env[i] = (struct host_env_var){meta->env[i].name, meta->env[i].value};
    component->grants = (struct host_grants){.app = http->serving->app->name,
                                             .component = meta->id,
                                             .env = env,
                                             .env_count = meta->env_count,
                                             .application = http->serving->app,
                                             .variables_of = meta,
                                             .outside = trigger_outside_host(http->outside),
                                             .output = guest_output,
                                             .output_arg = service};
    int rc = trigger_mounts_open(component, err);
    if (rc < 0 || !http->outside || meta->outbound_host_count == 0)
        return rc;
    rc = app_outbound_new(http->serving->app, meta, &component->outbound, err);
    component->grants.outbound = component->outbound;
    return rc;
}

static int read_component(struct trigger_http *http, uint32_t index, struct sw_err *err)
{
    struct trigger_service *service = &http->services[index];
    const struct app_component *meta = &http->serving->app->components[index];
    const struct node_served_component *served = &http->serving->components[index];
    const char *name = meta->source.p; /* from an app's arena: NUL-terminated */
    int rc = trigger_component_decode(served->wasm_fd, name, &service->component, err);
    if (rc < 0)
        return sw_wrap(err, "component '" SW_FMT "'", SW_ARG(meta->id));
    service->component.meta = meta;
    service->component.served = served;
    service->http = http;
    return 0;
}

/* Everything is read by now. */
static int bind_component(struct trigger_http *http, struct trigger_component *const *all, uint32_t index,
                          struct sw_err *err)
{
    struct trigger_component *component = &http->services[index].component;
    const struct app *app = http->serving->app;
    int rc = trigger_component_compose(component, all, app->component_count, err);
    if (rc == 0)
        rc = grants_make(http, &http->services[index], err);
    if (rc == 0)
        rc = trigger_component_grant(component, err);
    if (rc == 0)
        rc = trigger_component_bind(component, http->engine, err);
    for (uint32_t i = 0; rc == 0 && i < app->http_count; i++) {
        const struct app_http_trigger *trigger = &app->http[i];
        if (app_http_has_component(trigger) && trigger->component == index)
            rc = trigger_component_expect(component, trigger->executor, err);
    }
    return rc < 0 ? sw_wrap(err, "component '" SW_FMT "'", SW_ARG(component->meta->id)) : 0;
}

/* What no trigger starts is only what others are made of. */
static bool is_served(const struct app *app, uint32_t index)
{
    bool any = !app->components[index].is_library;
    for (uint32_t i = 0; i < app->http_count; i++)
        any |= app_http_has_component(&app->http[i]) && app->http[i].component == index;
    return any;
}

static int load_components(struct trigger_http *http, struct sw_err *err)
{
    const struct app *app = http->serving->app;
    sw_auto_free struct trigger_component **all = sw_try_alloc_array(app->component_count, sizeof *all);
    if (!all)
        return sw_fail(err, SW_ENOMEM, "no memory for %u components", app->component_count);
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < app->component_count; i++) {
        all[i] = &http->services[i].component;
        rc = read_component(http, i, err);
    }
    for (uint32_t i = 0; rc == 0 && i < app->component_count; i++)
        rc = is_served(app, i) ? bind_component(http, all, i, err) : 0;
    return rc;
}

/* ---- static folders ---- */

static int open_statics(struct trigger_http *http, struct sw_err *err)
{
    const struct app *app = http->serving->app;
    http->static_fds = sw_try_alloc_array(app->http_count, sizeof *http->static_fds);
    if (!http->static_fds)
        return sw_fail(err, SW_ENOMEM, "no memory for %u triggers", app->http_count);
    for (uint32_t i = 0; i < app->http_count; i++)
        http->static_fds[i] = -1;
    for (uint32_t i = 0; i < app->http_count; i++) {
        const struct app_static_folder *folder = app->http[i].static_folder;
        if (!folder)
            continue;
        http->static_fds[i] = open(folder->folder.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (http->static_fds[i] < 0)
            return sw_fail_errno(err, SW_EINPUT, errno, "the static folder '%s' of route '" SW_FMT "'",
                                 folder->folder.p, SW_ARG(app->http[i].route));
    }
    return 0;
}

static void close_statics(struct trigger_http *http)
{
    for (uint32_t i = 0; http->static_fds && i < http->serving->app->http_count; i++)
        if (http->static_fds[i] >= 0)
            (void)close(http->static_fds[i]); /* only read */
    sw_free(http->static_fds);
}

/* ---- limits ---- */

static uint64_t or_default(uint64_t value, uint64_t standard)
{
    return value ? value : standard;
}

/* Memories of one request, and the bytes they begin with. A module that is instantiated several times counts once: the engine counts
 * exactly and refuses what is left over. */
static void measure(const struct trigger_component *component, uint32_t *ret_memories, uint64_t *ret_bytes)
{
    *ret_memories = 0;
    *ret_bytes = 0;
    for (uint32_t i = 0; component->plan && i < component_plan_core_count(component->plan); i++) {
        const struct engine_core *core = component_plan_core(component->plan, i);
        if (!component_plan_uses_core(component->plan, i))
            continue;
        for (uint32_t k = core->memory_import_count; k < core->memory_count; k++) {
            ++*ret_memories;
            *ret_bytes += core->memories[k].min
                          << core->memories[k].page_log2; /* at most 4 GiB each, the engine checked */
        }
    }
}

static void set_limits(struct trigger_http *http, uint32_t index)
{
    struct trigger_service *service = &http->services[index];
    struct trigger_lane *lane = &http->admission.lanes[index];
    struct app_limits *limits = &service->limits;
    uint64_t bytes;
    *limits = service->component.meta->limits;
    limits->time_ms = or_default(limits->time_ms, TRIGGER_WALL_MS_MAX);
    limits->cpu_time_ms = or_default(limits->cpu_time_ms, TRIGGER_CPU_MS_MAX);
    limits->memory_bytes = or_default(limits->memory_bytes, TRIGGER_MEMORY_BYTES_MAX);
    limits->concurrency = limits->concurrency ? limits->concurrency : TRIGGER_CONCURRENCY_MAX;
    limits->queue = limits->queue ? limits->queue : TRIGGER_QUEUE_MAX;
    lane->running_max = limits->concurrency;
    lane->waiting_max = limits->queue;
    lane->time_ms = limits->time_ms;
    lane->wait_ms = limits->time_ms < TRIGGER_QUEUE_MS_MAX ? limits->time_ms : TRIGGER_QUEUE_MS_MAX;
    measure(&service->component, &lane->slots, &bytes);
    lane->mappings = TRIGGER_STACK_MAPPINGS + TRIGGER_SLOT_MAPPINGS * lane->slots;
    if (bytes > limits->memory_bytes) /* its requests will fail; those of the other components need not */
        sw_log_warn("trigger", "limit.memory",
                    "component=" SW_FMT
                    " limit_bytes=%llu initial_bytes=%llu: it cannot be instantiated; hint: raise "
                    "'memory' in [component." SW_FMT ".tool.swell.limits], or --max-instance-memory",
                    SW_ARG(service->component.meta->id), (unsigned long long)limits->memory_bytes,
                    (unsigned long long)bytes, SW_ARG(service->component.meta->id));
}

/* Said at the start, because a manifest that asks for more than the system gives would otherwise be found out under load. */
static void hint_mappings(const struct trigger_http *http, uint32_t index)
{
    const struct trigger_lane *lane = &http->admission.lanes[index];
    uint32_t possible = http->admission.max.mappings / lane->mappings;
    if (possible >= lane->running_max)
        return;
    sw_log_warn(
        "trigger", "limit.mappings",
        "component=" SW_FMT
        " concurrency=%u possible=%u: vm.max_map_count ends earlier; hint: sysctl -w vm.max_map_count=%llu",
        SW_ARG(http->services[index].component.meta->id), lane->running_max, possible,
        (unsigned long long)lane->running_max * lane->mappings + 2 * TRIGGER_MAPPINGS_RESERVE);
}

static int load_all(struct trigger_http *http, struct sw_err *err)
{
    const struct app *app = http->serving->app;
    struct trigger_resources resources;
    http->services = sw_try_alloc_array(app->component_count, sizeof *http->services);
    if (!http->services)
        return sw_fail(err, SW_ENOMEM, "no memory for %u components", app->component_count);
    int rc = app_routes_new(app, &http->routes, err);
    if (rc == 0)
        rc = open_statics(http, err);
    if (rc == 0 && app_reaches_out(app))
        rc = trigger_outside_new(http->loop, http->config.resolver, http->serving, &http->outside, err);
    if (rc == 0 && http->outside)
        rc = trigger__chain_open(http, err);
    if (rc == 0)
        rc = trigger_admission_init(&http->admission, app->component_count, err);
    if (rc == 0)
        rc = load_components(http, err);
    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < app->component_count; i++)
        set_limits(http, i);            /* of a library, too: its lane is there, though nobody enters it */
    trigger_resources_read(&resources); /* the modules' mappings are there by now */
    resources.memory_bytes = http->serving->memory_bytes;
    trigger_admission_open(&http->admission, &resources);
    for (uint32_t i = 0; i < app->component_count; i++)
        if (is_served(app, i))
            hint_mappings(http, i);
    return 0;
}

/* ---- life ---- */

static struct http_server_config server_config(struct trigger_http *http)
{
    const struct trigger_settings *settings = http->config.settings;
    uint32_t possible = http->admission.max.connections;
    uint32_t wanted = settings->http.connections_max;
    return (struct http_server_config){
        .request = trigger__on_request,
        .arg = http,
        .ended = trigger_logs_wants_access(http->config.logs) ? trigger_logs_access : NULL,
        .ended_arg = http->config.logs,
        .head_bytes_max = settings->http.head_bytes_max,
        .fields_max = settings->http.fields_max,
        .head_timeout_ms = settings->http.head_timeout_ms,
        .idle_timeout_ms = settings->http.idle_timeout_ms,
        .body_timeout_ms = settings->http.body_timeout_ms,
        .write_timeout_ms = settings->http.write_timeout_ms,
        .connections_max = wanted && wanted < possible ? wanted : possible};
}

int trigger_http_new(struct loop *loop, struct engine *engine, const struct node_serving *serving,
                     const struct trigger_http_config *config, struct trigger_http **ret, struct sw_err *err)
{
    struct trigger_http *http = sw_alloc(sizeof *http);
    http->loop = loop;
    http->engine = engine;
    http->serving = serving;
    http->config = *config;
    http->expiry_at_ms = UINT64_MAX;
    sw_list_init(&http->spare);
    int rc = load_all(http, err);
    const struct http_server_config server = server_config(http);
    if (rc == 0)
        rc = loop_timer_new(loop, trigger__expire, http, &http->expiry, err);
    if (rc == 0)
        rc = loop_timer_new(loop, trigger__pause_over, http, &http->pause, err);
    if (rc == 0)
        rc = http_server_new(loop, &server, &http->server, err);
    if (rc < 0) {
        trigger_http_free(http);
        return rc;
    }
    *ret = http;
    return 0;
}

int trigger_http_listen(struct trigger_http *http, struct sw_err *err)
{
    return http_server_listen(http->server, http->serving->listen_fd, err);
}

void trigger_http_drain(struct trigger_http *http, void (*drained)(void *arg), void *arg)
{
    http_server_drain(http->server, drained, arg);
}

static void end_all(struct sw_link *list)
{
    while (!sw_list_empty(list)) {
        struct trigger_request *req = SW_CONTAINER(list->next, struct trigger_request, ticket.link);
        uint16_t status;
        if (req->store) {
            component_store_cancel(req->store);
            (void)host_http_end(req->host, &status); /* cut: the process ends */
        }
        trigger__request_end(req);
    }
}

static void log_counters(const struct trigger_http *http)
{
    struct engine_stats stats;
    engine_stats_read(http->engine, &stats);
    sw_log_debug("trigger", "engine.counters",
                 "instances=%llu traps=%llu parks=%llu yields=%llu waited_slices_0=%llu waited_slices_1=%llu "
                 "waited_slices_2=%llu "
                 "waited_slices_more=%llu waited_slices_max=%llu",
                 (unsigned long long)stats.instances, (unsigned long long)stats.traps,
                 (unsigned long long)stats.parks, (unsigned long long)stats.yields,
                 (unsigned long long)stats.waited[0], (unsigned long long)stats.waited[1],
                 (unsigned long long)stats.waited[2], (unsigned long long)stats.waited[3],
                 (unsigned long long)stats.waited_max);
}

void trigger_http_free(struct trigger_http *http)
{
    if (!http)
        return;
    http->closing = true;
    for (uint32_t i = 0; i < http->admission.lane_count; i++) {
        trigger__report_refusals(http, i, true);
        end_all(&http->admission.lanes[i].waiting);
        end_all(&http->admission.lanes[i].running);
    }
    if (http->server)
        log_counters(http);
    http_server_free(http->server);
    loop_timer_free(http->expiry);
    loop_timer_free(http->pause);
    struct sw_link *link;
    while ((link = sw_list_take_head(&http->spare))) {
        struct trigger_request *req = SW_CONTAINER(link, struct trigger_request, ticket.link);
        sw_arena_deinit(&req->text);
        sw_free(req);
    }
    for (uint32_t i = 0; http->services && i < http->serving->app->component_count; i++)
        trigger_component_unbind(&http->services[i].component); /* they use each other's modules */
    for (uint32_t i = 0; http->services && i < http->serving->app->component_count; i++) {
        struct trigger_component *component = &http->services[i].component;
        sw_free((void *)(uintptr_t)component->grants.env); /* ours: made by grants_make */
        trigger_mounts_close(component);
        app_outbound_free(component->outbound);
        trigger_component_deinit(component);
    }
    trigger_outside_free(http->outside); /* no store is left that could use it */
    trigger__chain_close(http);
    trigger_admission_deinit(&http->admission);
    close_statics(http);
    sw_free(http->services);
    app_routes_free(http->routes);
    sw_free(http);
}
