/* ended.c - what is told of a request that is over.  Room: http.
 *
 * Nothing is noted where nobody asks (http_server_config.ended). */
#include "base/clock.h"
#include "http/conn.h"

void http_exchange_label(struct http_exchange *exchange, struct sw_str label)
{
    exchange->label = label;
}

void http__ended_begin(struct http_exchange *exchange)
{
    exchange->label = SW_LIT("");
    exchange->status = 0;
    exchange->begun_ns = 0;
    if (!exchange->conn->server->config.ended)
        return;
    exchange->begun_ns = sw_clock_mono_ns();
    (void)http_exchange_peer(exchange); /* it cannot be asked for when the client has left */
}

void http__ended_tell(struct http_exchange *exchange)
{
    const struct http_server_config *config = &exchange->conn->server->config;
    if (!config->ended || !exchange->begun_ns)
        return;
    const struct http_ended ended = {.request = http_exchange_request(exchange),
                                     .peer = http_exchange_peer(exchange),
                                     .label = exchange->label,
                                     .status = exchange->status ? exchange->status : HTTP_STATUS_GONE,
                                     .bytes = exchange->out_bytes,
                                     .ns = sw_clock_mono_ns() - exchange->begun_ns};
    config->ended(config->ended_arg, &ended);
}

void http__ended_refused(struct http_conn *conn, uint16_t status, size_t bytes)
{
    const struct http_server_config *config = &conn->server->config;
    if (!config->ended)
        return;
    const struct http_ended ended = {.request = conn->head.bytes ? &conn->head.request : NULL,
                                     .peer = http_exchange_peer(&conn->exchange),
                                     .status = status,
                                     .bytes = bytes};
    config->ended(config->ended_arg, &ended);
}
