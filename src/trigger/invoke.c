/* invoke.c - swell invoke: a component that was compiled for this process, one store, one call, inside a worker's sandbox.  Room: trigger. */
#include "trigger/invoke.h"

#include "base/alloc.h"
#include "codec/nearest.h"
#include "component/component.h"
#include "component/describe.h"
#include "component/limits.h"
#include "component/wave.h"
#include "engine/core.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "node/node.h"
#include "node/sandbox.h"
#include "trigger/compile.h"
#include "trigger/limits.h"
#include "trigger/load.h"

struct invoke {
    const struct trigger_invoke *job;
    struct trigger_component component;
    struct loop *loop;
    struct engine *engine;
    struct node_serving *serving;
    struct sw_arena arena; /* arguments */
    const struct component_export *export;
    struct component_export_info info;
    struct component_value *args;
    struct component_value result;
    struct host *host;
    struct component_store *store;
    bool is_done;
    int rc; /* of the call */
};

/* ---- receiving ---- */

static void on_serve(void *arg, struct node_serving *serving)
{
    struct invoke *in = arg;
    in->serving = serving;
    loop_stop(in->loop);
}

static void on_order(void *arg) /* nobody gives any: the other side is gone */
{
    loop_stop(((struct invoke *)arg)->loop);
}

static int receive(struct invoke *in, struct sw_err *err)
{
    static const struct node_worker_events events = {on_serve, on_order, on_order, on_order};
    struct node_worker *channel = NULL;
    int rc = node_worker_new(in->loop, in->job->channel_fd, &events, in, &channel, err);
    if (rc < 0)
        return rc;
    rc = loop_run(in->loop, err);
    node_worker_free(channel); /* the loop then ends when the guest waits for nothing */
    if (rc == 0 && !in->serving)
        rc = sw_fail(err, SW_EIO, "the process that started this one is gone");
    return rc;
}

static int load(struct invoke *in, struct sw_err *err)
{
    struct trigger_component *component = &in->component;
    const struct app *app = in->serving->app;
    if (app->component_count != 1)
        return sw_fail(err, SW_EBUG, "expected one component, got %u", app->component_count);
    int rc = trigger_component_read(in->serving->components[0].wasm_fd, in->job->name, component, err);
    if (rc < 0)
        return rc;
    component->meta = &app->components[0];
    component->served = &in->serving->components[0];
    component->grants = (struct host_grants){.app = SW_LIT("invoke"),
                                             .component = SW_LIT("invoke"),
                                             .output = in->job->output,
                                             .output_arg = in->job->output_arg};
    rc = trigger_component_bind(component, in->engine, err);
    return rc < 0 ? sw_wrap(err, "'%s'", in->job->name) : 0;
}

/* ---- which function ---- */

static int full_name(const struct component_export_info *info, struct sw_buf *out, struct sw_err *err)
{
    return sw_buf_printf(out, err, SW_FMT "%s" SW_FMT "%s" SW_FMT, SW_ARG(info->interface),
                         info->version.n ? "@" : "", SW_ARG(info->version), info->interface.n ? "#" : "",
                         SW_ARG(info->name));
}

static bool is_meant(const struct component_export_info *info, struct sw_str interface, struct sw_str name)
{
    size_t at = sw_str_rfind(interface, '@');
    if (!sw_str_eq(info->name, name))
        return false;
    if (!interface.n)
        return true; /* a plain one, or of any interface when that is clear */
    return sw_str_eq(info->interface, sw_str_head(interface, at)) &&
           (at == SW_NPOS || sw_str_eq(info->version, sw_str_from(interface, at + 1)));
}

/* Lists what there is, the nearest first when one is near. */
static int no_such_export(struct invoke *in, struct sw_str wanted, struct sw_err *err)
{
    sw_auto_arena arena = SW_ARENA(COMPONENT_TYPE_TEXT_MAX);
    sw_auto_buf list = SW_BUF(600);
    struct sw_err full; /* of the list, which is then cut */
    struct codec_nearest nearest = codec_nearest(wanted);
    for (uint32_t i = 0; i < component_export_count(in->component.component); i++) {
        struct component_export_info info;
        (void)component_export_at(in->component.component, i, &info);
        sw_auto_buf name = SW_BUF(4096);
        struct sw_str kept;
        if (full_name(&info, &name, &full) < 0 || sw_arena_copy(&arena, sw_buf_str(&name), &kept, &full) < 0)
            continue;
        codec_nearest_offer(&nearest, kept);
        codec_nearest_offer(&nearest, info.name);
        if (sw_buf_printf(&list, &full, "\n  " SW_FMT, SW_ARG(kept)) < 0)
            break;
    }
    if (nearest.best.n)
        return sw_fail(err, SW_EINPUT,
                       "exports no function '" SW_FMT "'\nhint: did you mean '" SW_FMT "'? It exports" SW_FMT,
                       SW_ARG(wanted), SW_ARG(nearest.best), SW_ARG(sw_buf_str(&list)));
    return sw_fail(err, SW_EINPUT, "exports no function '" SW_FMT "'\nhint: it exports%s" SW_FMT,
                   SW_ARG(wanted), list.n ? "" : " none", SW_ARG(sw_buf_str(&list)));
}

static int find_export(struct invoke *in, struct sw_str wanted, struct sw_err *err)
{
    size_t hash = sw_str_rfind(wanted, '#');
    struct sw_str interface = hash == SW_NPOS ? SW_LIT("") : sw_str_head(wanted, hash);
    struct sw_str name = hash == SW_NPOS ? wanted : sw_str_from(wanted, hash + 1);
    uint32_t found = 0;
    for (uint32_t i = 0; i < component_export_count(in->component.component); i++) {
        struct component_export_info info;
        const struct component_export *export = component_export_at(in->component.component, i, &info);
        if (!is_meant(&info, interface, name))
            continue;
        found++;
        if (found == 1 || !info.interface.n) {
            in->export = export;
            in->info = info;
        }
        if (!interface.n && !info.interface.n)
            return 0; /* a plain function is what its bare name says */
    }
    if (found == 0)
        return no_such_export(in, wanted, err);
    if (found > 1)
        return sw_fail(err, SW_EINPUT,
                       "exports '" SW_FMT "' in %u interfaces\nhint: say which: 'INTERFACE#" SW_FMT "(...)'",
                       SW_ARG(name), found, SW_ARG(name));
    return 0;
}

/* ---- arguments ---- */

static bool has_handles(const struct component_export_info *info)
{
    const struct component_func_type *func = info->type;
    bool any = func->result != COMPONENT_NO_TYPE && component_type_of(info->types, func->result)->has_handle;
    for (uint32_t i = 0; i < func->param_count; i++)
        any |= component_type_of(info->types, func->params[i].type)->has_handle;
    return any;
}

static int with_signature(struct invoke *in, int rc, struct sw_err *err)
{
    sw_auto_buf text = SW_BUF(COMPONENT_TYPE_TEXT_MAX);
    struct sw_err ignored, why = *err;
    if (component_export_print(in->component.component, in->info.type, &text, &ignored) < 0)
        return rc;
    return sw_fail(err, why.code, "%s\nhint: it is " SW_FMT ": %.*s", why.text, SW_ARG(in->info.name),
                   (int)(text.n < 500 ? text.n : 500), text.p);
}

static int parse_args(struct invoke *in, struct sw_str call, size_t paren, struct sw_err *err)
{
    const struct component_wave_args args = {
        .types = in->info.types, .func = in->info.type, .text = call, .start = paren};
    return component_wave_parse_args(&args, &in->arena, &in->args, err);
}

static int read_call(struct invoke *in, struct sw_err *err)
{
    struct sw_str call = in->job->call;
    size_t paren = sw_str_find(call, '(');
    if (paren == SW_NPOS || paren == 0)
        return sw_fail(err, SW_EINPUT,
                       "expected 'FUNCTION(ARGUMENTS)', got '" SW_FMT
                       "'\nhint: for example 'wasi:a/b#greet(\"Ann\", 3)'",
                       SW_ARG(call));
    int rc = find_export(in, sw_str_head(call, paren), err);
    if (rc < 0)
        return rc;
    if (in->info.type->is_async)
        rc = sw_fail(err, SW_EINPUT, "'" SW_FMT "' is asynchronous, which invoke cannot call yet",
                     SW_ARG(in->info.name));
    else if (has_handles(&in->info))
        rc = sw_fail(err, SW_EINPUT, "'" SW_FMT "' takes or gives handles, which WAVE has no words for",
                     SW_ARG(in->info.name));
    else
        rc = parse_args(in, call, paren, err);
    return rc < 0 ? with_signature(in, rc, err) : 0;
}

/* ---- the call ---- */

static int call_wait(void *arg, struct component_store *store)
{
    struct invoke *in = arg;
    return component_call_wait(store, in->export, in->args, in->info.type->param_count, &in->result);
}

static void call_done(void *arg, int rc)
{
    struct invoke *in = arg;
    in->is_done = true;
    in->rc = rc;
    loop_stop(in->loop);
}

static int explain(struct invoke *in, struct sw_err *err)
{
    const struct engine_failure *failure = engine_store_failure(component_store_engine(in->store));
    if (failure->kind == ENGINE_TRAP_NONE)
        return sw_fail(err, SW_EGUEST, "the call failed");
    return sw_fail(err, SW_EGUEST, "%s%s%s%s",
                   failure->kind == ENGINE_TRAP_EXIT ? "" : "trap: ", failure->text,
                   failure->frames[0] ? "\n" : "", failure->frames);
}

static int run_call(struct invoke *in, struct sw_buf *ret_text, struct sw_err *err)
{
    const struct engine_limits limits = {.tag = 0}; /* the engine's own */
    int rc = host_new(in->loop, &in->component.grants, &in->host, err);
    if (rc == 0)
        rc = component_store_new(in->component.component, &limits, in->host, &in->store, err);
    if (rc == 0)
        rc = component_store_start(in->store, call_wait, call_done, in, err);
    if (rc == 0)
        rc = loop_run(in->loop, err);
    if (rc == 0 && !in->is_done)
        rc = sw_fail(err, SW_EGUEST, "the guest waits for something that cannot come");
    if (rc == 0 && in->rc < 0)
        rc = explain(in, err);
    if (rc == 0 && in->info.type->result != COMPONENT_NO_TYPE)
        rc = component_wave_print(in->info.types, in->info.type->result, &in->result, ret_text, err);
    component_store_free(in->store);
    host_free(in->host); /* prints what the guest left without a line end */
    host_spare_free();
    return rc;
}

static int call(struct invoke *in, struct sw_buf *ret_text, struct sw_err *err)
{
    int rc = read_call(in, err);
    if (rc == 0)
        rc = run_call(in, ret_text, err);
    return rc < 0 ? sw_wrap(err, "'%s'", in->job->name) : 0;
}

static int run(struct invoke *in, struct sw_buf *ret_text, struct sw_err *err)
{
    const struct engine_config config = {.reset = ENGINE_RESET_AUTO};
    int rc = node_sandbox_worker_begin(err);
    if (rc == 0)
        rc = loop_new(&in->loop, err);
    if (rc == 0)
        rc = receive(in, err);
    if (rc == 0)
        rc = node_sandbox_worker_load(in->serving, err);
    if (rc == 0)
        rc = engine_new(&config, in->loop, &in->engine, err);
    if (rc == 0)
        rc = trigger_library_check(in->serving->library, err);
    if (rc == 0)
        rc = load(in, err);
    if (rc == 0)
        rc = node_sandbox_worker(in->serving, err);
    return rc < 0 ? rc : call(in, ret_text, err);
}

int trigger_invoke_run(const struct trigger_invoke *job, struct sw_buf *ret_text, struct sw_err *err)
{
    struct invoke in = {.job = job, .arena = SW_ARENA(COMPONENT_WAVE_ARENA_MAX)};
    int rc = run(&in, ret_text, err);
    trigger_component_deinit(&in.component);
    if (in.serving)
        node_serving_free(in.serving);
    if (in.engine)
        engine_free(in.engine);
    loop_free(in.loop);
    sw_arena_deinit(&in.arena);
    return rc;
}
