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

struct one_call {
    const struct component_export *export;
    struct component_export_info info;
    struct component_value *args;
    struct component_value result;
    uint32_t handle; /* number of the resource that it gives; 0: none */
};
struct handle { /* a resource of the component's, held between calls */
    uint32_t resource;
    bool is_gone; /* given away by a call that was read */
    uint64_t rep; /* when the call that gives it was made */
};

struct invoke {
    const struct trigger_invoke *job;
    struct trigger_component component;
    struct loop *loop;
    struct engine *engine;
    struct node_serving *serving;
    struct sw_arena arena; /* calls, arguments */
    struct one_call *calls;
    uint32_t made;          /* calls that returned */
    struct handle *handles; /* room for one of each call; "#1" is the first */
    uint32_t handle_count;
    struct host *host;
    struct component_store *store;
    bool is_done;
    int rc; /* of the last call */
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

static int find_export(struct invoke *in, struct sw_str wanted, struct one_call *one, struct sw_err *err)
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
            one->export = export;
            one->info = info;
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

static int with_signature(const struct invoke *in, const struct one_call *one, int rc, struct sw_err *err)
{
    sw_auto_buf text = SW_BUF(COMPONENT_TYPE_TEXT_MAX);
    struct sw_err ignored, why = *err;
    if (component_export_print(in->component.component, one->info.type, &text, &ignored) < 0)
        return rc;
    return sw_fail(err, why.code, "%s\nhint: it is " SW_FMT ": %.*s", why.text, SW_ARG(one->info.name),
                   (int)(text.n < 500 ? text.n : 500), text.p);
}

static const struct component_type *type_of(const struct one_call *one, uint32_t type)
{
    return component_type_of(one->info.types, type);
}

static bool is_handle(const struct component_type *type)
{
    return type->kind == COMPONENT_OWN || type->kind == COMPONENT_BORROW;
}

/* Resources of the component's own can be parameters and results, nothing that contains them; the host's cannot: nobody here has one. */
static int check_handles(const struct invoke *in, const struct one_call *one, struct sw_err *err)
{
    const struct component_func_type *func = one->info.type;
    bool any = false;
    for (uint32_t i = 0; i <= func->param_count; i++) {
        uint32_t number = i < func->param_count ? func->params[i].type : func->result;
        const struct component_type *type = number == COMPONENT_NO_TYPE ? NULL : type_of(one, number);
        if (type && type->has_handle)
            any |= !is_handle(type) || component_resource_is_host(in->component.component, type->elem);
    }
    if (!any)
        return 0;
    return sw_fail(err, SW_EINPUT,
                   "'" SW_FMT "' takes or gives resources of the host, or values with handles in them, which "
                   "WAVE has no words for",
                   SW_ARG(one->info.name));
}

/* "#3" of parameter `index`: one that an earlier call gives, and of the right resource. */
static int take_handle(struct invoke *in, const struct one_call *one, uint32_t index, struct sw_err *err)
{
    const struct component_type *type = type_of(one, one->info.type->params[index].type);
    uint64_t number = one->args[index].u64;
    if (number == 0 || number > in->handle_count)
        return sw_fail(err, SW_EINPUT, "there is no #%llu: the calls before give %u resources",
                       (unsigned long long)number, in->handle_count);
    struct handle *handle = &in->handles[number - 1];
    if (handle->is_gone)
        return sw_fail(err, SW_EINPUT, "#%llu was given away already", (unsigned long long)number);
    if (handle->resource != type->elem)
        return sw_fail(err, SW_EINPUT, "#%llu is not the resource that '" SW_FMT "' wants",
                       (unsigned long long)number, SW_ARG(one->info.type->params[index].name));
    for (uint32_t i = 0; type->kind == COMPONENT_OWN && i < index; i++)
        if (is_handle(type_of(one, one->info.type->params[i].type)) && one->args[i].u64 == number)
            return sw_fail(err, SW_EINPUT, "#%llu is lent and given away in one call",
                           (unsigned long long)number);
    handle->is_gone = type->kind == COMPONENT_OWN;
    return 0;
}

static int take_handles(struct invoke *in, struct one_call *one, struct sw_err *err)
{
    const struct component_func_type *func = one->info.type;
    for (uint32_t i = 0; i < func->param_count; i++) {
        int rc = is_handle(type_of(one, func->params[i].type)) ? take_handle(in, one, i, err) : 0;
        if (rc < 0)
            return rc;
    }
    if (func->result != COMPONENT_NO_TYPE && is_handle(type_of(one, func->result))) {
        in->handles[in->handle_count] = (struct handle){.resource = type_of(one, func->result)->elem};
        one->handle = ++in->handle_count;
    }
    return 0;
}

static int read_arguments(struct invoke *in, struct one_call *one, struct sw_str call, struct sw_err *err)
{
    const struct component_wave_args args = {.types = one->info.types,
                                             .func = one->info.type,
                                             .text = call,
                                             .start = sw_str_find(call, '('),
                                             .handles = true};
    int rc = 0;
    if (one->info.type->is_async)
        rc = sw_fail(err, SW_EINPUT, "'" SW_FMT "' is asynchronous, which invoke cannot call yet",
                     SW_ARG(one->info.name));
    if (rc == 0)
        rc = check_handles(in, one, err);
    if (rc == 0)
        rc = component_wave_parse_args(&args, &in->arena, &one->args, err);
    return rc < 0 ? rc : take_handles(in, one, err);
}

static int read_call(struct invoke *in, struct sw_str call, struct one_call *one, struct sw_err *err)
{
    size_t paren = sw_str_find(call, '(');
    if (paren == SW_NPOS || paren == 0)
        return sw_fail(err, SW_EINPUT,
                       "expected 'FUNCTION(ARGUMENTS)', got '" SW_FMT
                       "'\nhint: for example 'wasi:a/b#greet(\"Ann\", 3)'",
                       SW_ARG(call));
    int rc = find_export(in, sw_str_head(call, paren), one, err);
    if (rc < 0)
        return rc;
    rc = read_arguments(in, one, call, err);
    return rc < 0 ? with_signature(in, one, rc, err) : 0;
}

/* All of them before the first is made: a slip in the last one has no effects. */
static int read_calls(struct invoke *in, struct sw_err *err)
{
    uint32_t count = in->job->call_count;
    in->calls = SW_ARENA_ARRAY(&in->arena, count, struct one_call);
    in->handles = SW_ARENA_ARRAY(&in->arena, count, struct handle);
    if (!in->calls || !in->handles)
        return sw_arena_fail(&in->arena, count * sizeof *in->calls, err);
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        rc = read_call(in, sw_str_of(in->job->calls[i]), &in->calls[i], err);
        if (rc < 0 && count > 1)
            return sw_wrap(err, "call %u", i + 1);
    }
    return rc;
}

/* ---- the calls ---- */

static int call_wait(void *arg, struct component_store *store)
{
    struct invoke *in = arg;
    for (; in->made < in->job->call_count; in->made++) {
        struct one_call *one = &in->calls[in->made];
        const struct component_func_type *func = one->info.type;
        for (uint32_t i = 0; i < func->param_count; i++)
            if (is_handle(type_of(one, func->params[i].type)))
                one->args[i].u64 = in->handles[one->args[i].u64 - 1].rep;
        int rc = component_call_wait(store, one->export, one->args, func->param_count, &one->result);
        if (rc < 0)
            return rc;
        if (one->handle)
            in->handles[one->handle - 1].rep = one->result.u64;
    }
    return 0;
}

static void call_done(void *arg, int rc)
{
    struct invoke *in = arg;
    in->is_done = true;
    in->rc = rc;
    loop_stop(in->loop);
}

static int print_results(const struct invoke *in, struct sw_buf *out, struct sw_err *err)
{
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < in->made; i++) {
        const struct one_call *one = &in->calls[i];
        if (one->info.type->result == COMPONENT_NO_TYPE)
            continue;
        rc = one->handle
                 ? sw_buf_printf(out, err, "#%u", one->handle)
                 : component_wave_print(one->info.types, one->info.type->result, &one->result, out, err);
        if (rc == 0)
            rc = sw_buf_add(out, SW_LIT("\n"), err);
    }
    return rc;
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

static int run_calls(struct invoke *in, struct sw_buf *ret_text, struct sw_err *err)
{
    const struct engine_limits limits = {.tag = 0}; /* the engine's own */
    struct sw_err print_err;
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
    if (rc < 0 && in->job->call_count > 1 && in->made < in->job->call_count)
        rc = sw_wrap(err, "call %u", in->made + 1);
    if (print_results(in, ret_text, &print_err) < 0 && rc == 0) { /* the guest's failure is the first one */
        *err = print_err;
        rc = -(int)err->code;
    }
    component_store_free(in->store);
    host_free(in->host); /* prints what the guest left without a line end */
    host_spare_free();
    return rc;
}

static int call_all(struct invoke *in, struct sw_buf *ret_text, struct sw_err *err)
{
    int rc = read_calls(in, err);
    if (rc == 0)
        rc = run_calls(in, ret_text, err);
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
    return rc < 0 ? rc : call_all(in, ret_text, err);
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
