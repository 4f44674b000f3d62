/* client_request.c - the life of a request to others.  Room: http.
 *
 *   http_client_begin      work: begin          on_addresses       connected         head           last byte
 *        QUEUED ---------> RESOLVING ---------> CONNECTING ------> WAITING -------> READING ------> OVER
 *                              |   a number: at once   |  ^            |                |            ^
 *                              |                       +--+ next address                |            |
 *                              +-- no name, refused, prohibited, time over, broken: http__request_fail
 *
 *   http_client_drop: at any time; `work` then frees it.
 *
 * Invariants
 *  1. `changed` runs from `work` only, as its last act.
 *  2. The phase's time limit runs in every phase but QUEUED and OVER, and not while the body is not read by its owner. When everything that was
 *     announced has come, HTTP_CLIENT_LINGER_MS takes its place while something is left to send.
 *  3. easy is set exactly while libcurl has the request.
 *  4. Once it is dropped its owner is gone: none of its functions is called, though libcurl may have its turn before `work` has. */
#include <errno.h>

#include "base/alloc.h"
#include "base/log.h"
#include "http/client_internal.h"

/* ---- telling ---- */

void http__request_work(struct http_client_request *request)
{
    loop_defer_add(request->client->loop, &request->work);
}

void http__request_news(struct http_client_request *request)
{
    request->news = true;
    http__request_work(request);
}

static uint64_t limit_of(const struct http_client_request *request, enum http__phase phase)
{
    const struct http_client_start *start = &request->start;
    uint64_t ms = phase == HTTP__WAITING   ? start->first_byte_ms
                  : phase == HTTP__READING ? start->between_bytes_ms
                                           : start->connect_ms;
    return ms ? ms : HTTP_CLIENT_TIMEOUT_MS;
}

void http__request_phase(struct http_client_request *request, enum http__phase phase)
{
    bool starts = phase != request->phase || phase == HTTP__READING;
    /* resolving and connecting share their time */
    if (phase == HTTP__CONNECTING && request->phase == HTTP__RESOLVING)
        starts = false;
    request->phase = phase;
    if (phase == HTTP__OVER || request->in_paused)
        loop_timer_stop(request->timer);
    else if (request->complete)
        loop_timer_start(request->timer, HTTP_CLIENT_LINGER_MS);
    else if (starts)
        loop_timer_start(request->timer, limit_of(request, phase));
}

static void leave(struct http_client_request *request)
{
    if (request->inside)
        http__inside_end(request);
    else
        http__curl_end(request);
}

void http__request_fail(struct http_client_request *request, enum http_client_failure failure)
{
    if (request->phase == HTTP__OVER)
        return;
    request->failure = failure;
    loop_lookup_drop(request->client->config.resolver, &request->lookup);
    leave(request);
    http__request_phase(request, HTTP__OVER);
    sw_log_debug("http", "client.failed", "host=" SW_FMT " port=%u failure=%d %s",
                 SW_ARG(request->start.host), (unsigned)request->start.port, (int)failure, request->text);
    http__request_news(request);
}

/* Nothing is missing of the response; libcurl 7.88 does not notice that an HTTP/2 peer wants no more of the request. */
static void end_complete(struct http_client_request *request)
{
    leave(request);
    http__request_phase(request, HTTP__OVER);
    http__request_news(request);
}

void http__request_sends(struct http_client_request *request, bool waits)
{
    if (!request->complete)
        return;
    if (waits)
        loop_timer_stop(request->timer);
    else
        loop_timer_start(request->timer, HTTP_CLIENT_LINGER_MS);
}

static void on_time(void *arg)
{
    struct http_client_request *request = arg;
    if (request->complete) {
        end_complete(request);
        return;
    }
    http__request_fail(request, request->phase == HTTP__WAITING || request->phase == HTTP__READING
                                    ? HTTP_CLIENT_READ_TIMEOUT
                                    : HTTP_CLIENT_CONNECT_TIMEOUT);
}

/* ---- attempts ---- */

static void attempt(struct http_client_request *request)
{
    if (request->dropped)
        return;
    http__request_phase(request, HTTP__CONNECTING);
    enum http_client_failure failure =
        request->start.connect ? http__inside_begin(request) : http__curl_begin(request);
    if (failure != HTTP_CLIENT_OK)
        http__request_fail(request, failure);
}

static bool was_reset(const struct http_client_request *request)
{
    long number = 0;
    return curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &number) == CURLE_OK &&
           (number == ECONNRESET || number == EPIPE || number == ECONNABORTED || number == ETIMEDOUT);
}

static enum http_client_failure failure_of(const struct http_client_request *request, CURLcode code)
{
    if (request->failure != HTTP_CLIENT_OK)
        return request->failure; /* a callback said why */
    switch ((int)code) {         /* the enum has a hundred values */
    case CURLE_COULDNT_RESOLVE_HOST:
        return HTTP_CLIENT_DNS;
    case CURLE_COULDNT_CONNECT:
        return HTTP_CLIENT_REFUSED;
    case CURLE_OPERATION_TIMEDOUT:
        return request->phase == HTTP__CONNECTING ? HTTP_CLIENT_CONNECT_TIMEOUT : HTTP_CLIENT_READ_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_PEER_FAILED_VERIFICATION:
        return HTTP_CLIENT_TLS;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: /* also for chunks that are none */
        return was_reset(request) ? HTTP_CLIENT_TERMINATED : HTTP_CLIENT_PROTOCOL;
    case CURLE_SEND_FAIL_REWIND:
        return HTTP_CLIENT_TERMINATED;
    case CURLE_URL_MALFORMAT:
        return HTTP_CLIENT_BAD_URI;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
        return HTTP_CLIENT_INTERNAL;
    default:
        return HTTP_CLIENT_PROTOCOL;
    }
}

void http__request_done(struct http_client_request *request, CURLcode code)
{
    bool is_unreachable = code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT;
    if (is_unreachable && request->phase == HTTP__CONNECTING && request->failure == HTTP_CLIENT_OK &&
        request->address_at + 1 < request->address_count) {
        leave(request);
        request->address_at++;
        attempt(request);
        return;
    }
    if (code != CURLE_OK || !request->has_head) {
        http__request_fail(request, failure_of(request, code));
        return;
    }
    leave(request);
    http__request_phase(request, HTTP__OVER);
    http__request_news(request);
}

/* ---- resolving ---- */

static bool permitted(const struct http_client *client, const struct loop_address *address)
{
    return !client->config.permit || client->config.permit(client->config.permit_arg, address);
}

static void use_addresses(struct http_client_request *request, const struct loop_address *addresses,
                          uint32_t count)
{
    for (uint32_t i = 0; i < count && request->address_count < LOOP_ADDRESSES_MAX; i++)
        if (permitted(request->client, &addresses[i]))
            request->addresses[request->address_count++] = addresses[i];
    if (request->address_count == 0)
        http__request_fail(request, HTTP_CLIENT_PROHIBITED);
    else
        attempt(request);
}

static void on_addresses(void *arg, int rc, const struct loop_address *addresses, uint32_t count,
                         const struct sw_err *err)
{
    struct http_client_request *request = arg;
    if (rc < 0) {
        (void)snprintf(request->text, sizeof request->text, "%.200s", err->text); /* for the log */
        http__request_fail(request, HTTP_CLIENT_DNS);
        return;
    }
    use_addresses(request, addresses, count);
}

static void begin(struct http_client_request *request)
{
    const struct http_client_start *start = &request->start;
    struct loop_resolver *resolver = request->client->config.resolver;
    struct loop_address address;
    struct sw_err err;
    http__request_phase(request, HTTP__RESOLVING);
    if (start->connect) {
        attempt(request);
    } else if (start->address) {
        request->addresses[0] = *start->address;
        request->address_count = 1;
        attempt(request);
    } else if (sw_str_eq(start->method, SW_LIT("CONNECT"))) {
        http__request_fail(request, HTTP_CLIENT_BAD_METHOD);
    } else if (loop_address_parse(start->host, &address)) {
        use_addresses(request, &address, 1);
    } else if (!resolver ||
               loop_lookup_start(resolver, &request->lookup, start->host, on_addresses, request, &err) < 0) {
        http__request_fail(request, HTTP_CLIENT_DNS);
    }
}

/* ---- life ---- */

void http__request_free(struct http_client_request *request)
{
    struct http_client *client = request->client;
    loop_defer_cancel(&request->work);
    loop_lookup_drop(client->config.resolver, &request->lookup);
    leave(request);
    loop_timer_free(request->timer);
    curl_slist_free_all(request->fields);
    curl_slist_free_all(request->connect_to);
    http__section_deinit(&request->head);
    http__section_deinit(&request->trailers);
    sw_buf_deinit(&request->window);
    sw_arena_deinit(&request->arena);
    sw_list_remove(&request->link);
    client->count--;
    sw_free(request);
}

static void work(void *arg)
{
    struct http_client_request *request = arg;
    if (request->dropped) {
        http__request_free(request);
        return;
    }
    if (request->phase == HTTP__QUEUED)
        begin(request);
    if (request->in_wanted || request->out_wanted) {
        if (request->inside)
            http__inside_go_on(request);
        else
            http__curl_go_on(request);
        if (request->phase == HTTP__READING && !request->in_paused)
            http__request_phase(request, HTTP__READING);
    }
    if (request->look_again)
        http__curl_look_again(request);
    if (request->news) {
        request->news = false;
        request->start.changed(request->start.arg); /* last: it may drop the request */
    }
}

static int copy_fields(struct http_client_request *request, const struct http_client_start *start,
                       struct sw_err *err)
{
    struct http_field *fields = SW_ARENA_ARRAY(&request->arena, start->field_count, struct http_field);
    int rc = fields ? 0 : sw_arena_fail(&request->arena, start->field_count * sizeof *fields, err);
    for (uint32_t i = 0; rc == 0 && i < start->field_count; i++) {
        rc = sw_arena_copy(&request->arena, start->fields[i].name, &fields[i].name, err);
        if (rc == 0)
            rc = sw_arena_copy(&request->arena, start->fields[i].value, &fields[i].value, err);
    }
    request->start.fields = fields;
    return rc;
}

static int copy_start(struct http_client_request *request, const struct http_client_start *start,
                      struct sw_err *err)
{
    struct sw_arena *arena = &request->arena;
    request->start = *start;
    if (start->body)
        request->body = *start->body;
    request->start.body = NULL;
    int rc = sw_arena_copy(arena, start->method, &request->start.method, err);
    if (rc == 0)
        rc = sw_arena_copy(arena, start->host, &request->start.host, err);
    if (rc == 0)
        rc = sw_arena_copy(arena, start->authority, &request->start.authority, err);
    if (rc == 0)
        rc = sw_arena_copy(arena, start->target, &request->start.target, err);
    if (rc == 0)
        rc = copy_fields(request, start, err);
    if (rc == 0 && start->address) {
        struct loop_address *address = SW_ARENA_NEW(arena, struct loop_address);
        if (!address)
            return sw_arena_fail(arena, sizeof *address, err);
        *address = *start->address;
        request->start.address = address;
    }
    return rc;
}

int http_client_begin(struct http_client *client, const struct http_client_start *start,
                      struct http_client_request **ret, struct sw_err *err)
{
    if (client->count >= client->config.requests_max)
        return sw_fail(err, SW_ELIMIT, "%u outgoing requests at once are the limit",
                       client->config.requests_max);
    struct http_client_request *request = sw_try_alloc(sizeof *request);
    if (!request)
        return sw_fail(err, SW_ENOMEM, "no memory for an outgoing request");
    request->client = client;
    request->arena = SW_ARENA(HTTP_CLIENT_START_BYTES_MAX);
    request->window = SW_BUF(HTTP_CLIENT_WINDOW_BYTES + CURL_MAX_WRITE_SIZE);
    loop_defer_init(&request->work, work, request);
    sw_list_init(&request->link);
    sw_list_add_tail(&client->requests, &request->link);
    client->count++;
    int rc = loop_timer_new(client->loop, on_time, request, &request->timer, err);
    if (rc == 0)
        rc = copy_start(request, start, err);
    if (rc < 0) {
        http__request_free(request);
        return rc;
    }
    http__request_work(request);
    *ret = request;
    return 0;
}

void http_client_drop(struct http_client_request *request)
{
    request->dropped = true;
    loop_timer_stop(request->timer);
    http__request_work(request);
}

/* ---- what the owner looks at ---- */

void http_client_more(struct http_client_request *request)
{
    if (!request->out_paused)
        return;
    request->out_wanted = true;
    http__request_work(request);
}

int http_client_head(const struct http_client_request *request, uint16_t *ret_status)
{
    if (!request->has_head)
        return request->phase == HTTP__OVER ? -SW_EIO : SW_WAIT;
    *ret_status = request->status;
    return 0;
}

bool http_client_over(const struct http_client_request *request)
{
    return request->phase == HTTP__OVER;
}

enum http_client_failure http_client_failed(const struct http_client_request *request)
{
    return request->phase == HTTP__OVER ? request->failure : HTTP_CLIENT_OK;
}

bool http_client_field(const struct http_client_request *request, bool of_trailers, uint32_t i,
                       struct http_field *ret)
{
    return http__section_field(of_trailers ? &request->trailers : &request->head, i, ret);
}

int http_client_peek(const struct http_client_request *request, struct sw_str *ret)
{
    struct sw_str bytes = sw_str_from(sw_buf_str(&request->window), request->window_at);
    if (bytes.n) {
        *ret = bytes;
        return 0;
    }
    if (request->phase != HTTP__OVER)
        return request->complete ? SW_END : SW_WAIT;
    return request->failure == HTTP_CLIENT_OK ? SW_END : -SW_EIO;
}

void http_client_consume(struct http_client_request *request, size_t n)
{
    request->window_at += n;
    if (request->in_paused && request->window.n - request->window_at < HTTP_CLIENT_WINDOW_BYTES / 2) {
        request->in_wanted = true;
        http__request_work(request);
    }
}
