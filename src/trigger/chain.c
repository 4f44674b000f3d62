/* chain.c - service chaining: a component's request to http://<id>.spin.internal is served in this process.  Room: trigger.
 *
 *   outgoing request --> libcurl --pair of sockets--> http room --> trigger__on_request --> the component, in an instance of its own
 *
 * The request passes parsing, limits and admission as one from the network does, so nothing of them is written twice; what it costs beside the
 * guest is a pair of sockets and a head to write and to read. Each pair serves one request, because its depth belongs to that.
 * No deadlock: who waits for a place does so for a bounded time, and a chain is at most HOST_CHAIN_DEPTH_MAX long.
 * source: spin.md 2.8 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "node/node.h"
#include "trigger/http_internal.h"

/* The component's number, its first trigger's executor, and a route that matches every path. */
static void add_target(struct trigger_http *http, const struct app_http_trigger *trigger)
{
    for (uint32_t i = 0; i < http->chained_count; i++)
        if (http->chained[i].component == trigger->component)
            return;
    struct app_http_trigger *target = &http->chained[http->chained_count++];
    *target = *trigger;
    target->route = SW_LIT("/...");
    target->is_private = false;
}

static int find(void *arg, struct sw_str id, uint32_t *ret_target)
{
    const struct trigger_http *http = arg;
    for (uint32_t i = 0; i < http->chained_count; i++)
        if (sw_str_eq_nocase(http->serving->app->components[http->chained[i].component].id, id)) {
            *ret_target = i;
            return 0;
        }
    return SW_ABSENT;
}

static int connect_to(void *arg, uint32_t target, uint32_t depth)
{
    struct trigger_http *http = arg;
    const struct http_inside inside = {target, depth};
    struct sw_err err;
    int pair[2];
    if (http->closing || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return -1;
    if (http_server_adopt(http->server, pair[1], &inside, &err) == 0)
        return pair[0];
    (void)close(pair[0]);
    (void)close(pair[1]);
    return -1;
}

int trigger__chain_open(struct trigger_http *http, struct sw_err *err)
{
    const struct app *app = http->serving->app;
    const struct trigger_outside_chain chain = {find, connect_to, http};
    http->chained = sw_try_alloc_array(app->http_count, sizeof *http->chained);
    if (!http->chained)
        return sw_fail(err, SW_ENOMEM, "no memory for %u triggers", app->http_count);
    for (uint32_t i = 0; i < app->http_count; i++)
        if (app_http_has_component(&app->http[i]))
            add_target(http, &app->http[i]);
    trigger_outside_chain(http->outside, &chain);
    return 0;
}

void trigger__chain_close(struct trigger_http *http)
{
    sw_free(http->chained);
}

const struct app_http_trigger *trigger__chain_match(const struct trigger_http *http,
                                                    struct http_exchange *exchange,
                                                    struct app_route_match *ret)
{
    const struct app_http_trigger *target = &http->chained[http_exchange_inside(exchange)->target];
    struct sw_str path = http_exchange_request(exchange)->path;
    *ret = (struct app_route_match){
        .path_info = path, .matched_route = target->route, .component_route = SW_LIT("")};
    http_exchange_label(exchange, http->serving->app->components[target->component].id);
    return target;
}
