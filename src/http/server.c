/* server.c - listeners, the set of connections, draining.  Room: http. */
#include <assert.h>

#include "base/alloc.h"
#include "http/conn.h"
#include "http/fields.h"

static void server_unref(struct http_server *server)
{
    if (!server->freed || server->conn_count)
        return;
    struct sw_link *link = NULL;
    while ((link = sw_list_take_head(&server->spares)))
        http__conn_free_memory(SW_CONTAINER(link, struct http_conn, link));
    while (server->window_count)
        sw_free(server->windows[--server->window_count]);
    sw_free(server);
}

static void listen_or_pause(struct http_server *server)
{
    for (uint32_t i = 0; i < server->listener_count; i++)
        loop_listener_pause(server->listeners[i], server->paused || server->held_off);
}

static void pause_listeners(struct http_server *server, bool paused)
{
    server->paused = paused;
    listen_or_pause(server);
}

void http_server_pause(struct http_server *server, bool paused)
{
    server->held_off = paused;
    listen_or_pause(server);
}

static void on_accept(void *arg, int fd)
{
    struct http_server *server = arg;
    sw_auto_close int mine = fd;
    if (http__conn_open(server, fd, NULL, NULL) < 0)
        return; /* no memory: the client sees its connection closed */
    mine = -1;  /* taken by the connection */
    if (server->conn_count >= server->config.connections_max && !server->paused)
        pause_listeners(server, true);
}

static void on_drained(void *arg)
{
    struct http_server *server = arg;
    void (*drained)(void *) = server->drained;
    server->drained = NULL;
    if (drained)
        drained(server->drained_arg);
}

void http__server_conn_gone(struct http_server *server, struct http_conn *conn)
{
    server->conn_count--;
    if (server->spare_count < HTTP_CONN_SPARE_MAX && !server->freed) {
        sw_list_add_head(&server->spares, &conn->link);
        server->spare_count++;
    } else {
        http__conn_free_memory(conn);
    }
    if (server->paused && !server->draining && !server->freed &&
        server->conn_count < server->config.connections_max)
        pause_listeners(server, false);
    if (server->draining && !server->conn_count && !server->freed)
        loop_defer_add(server->loop, &server->drained_defer);
    server_unref(server);
}

static uint32_t or_default(uint32_t value, uint32_t standard)
{
    return value ? value : standard;
}

static uint32_t target_bytes_max(uint32_t head_bytes_max)
{
    uint32_t half = head_bytes_max / 2;
    return half < HTTP_TARGET_BYTES_MAX       ? HTTP_TARGET_BYTES_MAX
           : half > HTTP_TARGET_BYTES_CEILING ? HTTP_TARGET_BYTES_CEILING
                                              : half;
}

static int check_config(const struct http_server_config *config, struct sw_err *err)
{
    if (!config->request)
        return sw_fail(err, SW_EBUG, "a server without a request handler");
    if (config->head_bytes_max > HTTP_HEAD_BYTES_CEILING)
        return sw_fail(err, SW_EINPUT, "request heads of %u bytes, at most %d can be allowed",
                       (unsigned)config->head_bytes_max, HTTP_HEAD_BYTES_CEILING);
    if (config->fields_max > HTTP_FIELDS_CEILING)
        return sw_fail(err, SW_EINPUT, "%u request fields, at most %d can be allowed",
                       (unsigned)config->fields_max, HTTP_FIELDS_CEILING);
    if (config->server_name && !http_is_field_value(sw_str_of(config->server_name)))
        return sw_fail(err, SW_EINPUT, "the server's name is not a field value");
    return 0;
}

int http_server_new(struct loop *loop, const struct http_server_config *config, struct http_server **ret,
                    struct sw_err *err)
{
    int rc = check_config(config, err);
    if (rc < 0)
        return rc;
    struct http_server *server = sw_try_alloc(sizeof *server);
    if (!server)
        return sw_fail(err, SW_ENOMEM, "no memory for a server");
    struct http_server_config *own = &server->config;
    *own = *config;
    own->head_bytes_max = or_default(own->head_bytes_max, HTTP_HEAD_BYTES_MAX);
    own->body_bytes_max = own->body_bytes_max ? own->body_bytes_max : UINT64_MAX - 1;
    own->fields_max = or_default(own->fields_max, HTTP_FIELDS_MAX);
    own->head_timeout_ms = or_default(own->head_timeout_ms, HTTP_HEAD_TIMEOUT_MS);
    own->idle_timeout_ms = or_default(own->idle_timeout_ms, HTTP_IDLE_TIMEOUT_MS);
    own->body_timeout_ms = or_default(own->body_timeout_ms, HTTP_BODY_TIMEOUT_MS);
    own->write_timeout_ms = or_default(own->write_timeout_ms, HTTP_WRITE_TIMEOUT_MS);
    own->connections_max = or_default(own->connections_max, HTTP_CONNECTIONS_MAX);
    server->loop = loop;
    server->head_limits = (struct http_head_limits){own->head_bytes_max, own->fields_max,
                                                    target_bytes_max(own->head_bytes_max)};
    server->server_name = sw_str_of(config->server_name);
    sw_list_init(&server->conns);
    sw_list_init(&server->spares);
    loop_defer_init(&server->drained_defer, on_drained, server);
    *ret = server;
    return 0;
}

int http_server_listen(struct http_server *server, int listen_fd, struct sw_err *err)
{
    if (server->draining)
        return sw_fail(err, SW_EBUG, "a draining server accepts nothing");
    if (server->listener_count == HTTP_LISTENERS_MAX)
        return sw_fail(err, SW_ELIMIT, "more than %d listeners", HTTP_LISTENERS_MAX);
    struct loop_listener **slot = &server->listeners[server->listener_count];
    int rc = loop_listener_new(server->loop, listen_fd, on_accept, server, slot, err);
    if (rc < 0)
        return rc;
    server->listener_count++;
    loop_listener_pause(*slot, server->paused || server->held_off);
    return 0;
}

int http_server_adopt(struct http_server *server, int fd, const struct http_inside *inside,
                      struct sw_err *err)
{
    if (server->conn_count >= server->config.connections_max)
        return sw_fail(err, SW_ELIMIT, "more than %u connections", (unsigned)server->config.connections_max);
    return http__conn_open(server, fd, inside, err);
}

static void close_listeners(struct http_server *server)
{
    while (server->listener_count)
        loop_listener_free(server->listeners[--server->listener_count]);
}

void http_server_drain(struct http_server *server, void (*drained)(void *arg), void *arg)
{
    assert(!server->draining);
    server->draining = true;
    server->drained = drained;
    server->drained_arg = arg;
    for (uint32_t i = 0; i < server->listener_count; i++)
        loop_listener_finish(server->listeners[i]);
    close_listeners(server);
    for (struct sw_link *link = server->conns.next; link != &server->conns; link = link->next)
        http__conn_wake(SW_CONTAINER(link, struct http_conn, link), HTTP_WAKE_DRAIN);
    if (!server->conn_count)
        loop_defer_add(server->loop, &server->drained_defer);
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    close_listeners(server);
    loop_defer_cancel(&server->drained_defer);
    server->drained = NULL;
    server->freed = true;
    server->conn_count++; /* keeps the memory while we walk */
    for (struct sw_link *link = server->conns.next, *next = link->next; link != &server->conns;
         link = next, next = link->next) {
        struct http_conn *conn = SW_CONTAINER(link, struct http_conn, link);
        http__conn_close(conn);
        http__exchange_tell_gone(&conn->exchange);
    }
    server->conn_count--;
    server_unref(server);
}
