/* client_curl.c - libcurl's side of a client: sockets and time on the loop, one handle per attempt.  Room: http.
 *
 * Invariants
 *  1. libcurl is called from the loop only: from timers, readiness and deferred work; never from a fiber.
 *  2. Its callbacks note what came and ask for deferred work; they call nobody who could end the request.
 *  3. The address that is dialled is the one in addresses[address_at]: it goes to libcurl as a number (so libcurl resolves nothing), and a
 *     socket for any other is not made.
 * source: libcurl 7.88's manual pages of the options below */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "http/client_internal.h"

/* ---- sockets and time ---- */

struct watched {
    struct sw_link link;
    struct http_client *client;
    struct loop_ready *ready;
    curl_socket_t fd;
};

static void collect(struct http_client *client)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left))) {
        struct http_client_request *request = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request) == CURLE_OK && request)
            http__request_done(request, code); /* message is dead */
    }
}

static void act(struct http_client *client, curl_socket_t fd, int events)
{
    int running;
    (void)curl_multi_socket_action(client->multi, fd, events, &running); /* failures are the requests' */
    collect(client);
}

static void on_ready(void *arg, unsigned events)
{
    const struct watched *watched = arg;
    act(watched->client, watched->fd,
        ((events & LOOP_READABLE) ? CURL_CSELECT_IN : 0) | ((events & LOOP_WRITABLE) ? CURL_CSELECT_OUT : 0));
}

static void on_timer(void *arg)
{
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int curl_wants_time(CURLM *multi, long after_ms, void *arg)
{
    struct http_client *client = arg;
    (void)multi;
    if (after_ms < 0)
        loop_timer_stop(client->timer);
    else
        loop_timer_start(client->timer, (uint64_t)after_ms);
    return 0;
}

static void unwatch(struct watched *watched)
{
    loop_ready_free(watched->ready);
    sw_list_remove(&watched->link);
    sw_free(watched);
}

static int curl_wants_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct http_client *client = arg;
    struct watched *watched = socket_arg;
    struct sw_err err;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watched)
            unwatch(watched);
        (void)curl_multi_assign(client->multi, fd, NULL); /* fails for one that libcurl forgot already */
        return 0;
    }
    if (!watched) {
        watched = sw_try_alloc(sizeof *watched);
        if (!watched)
            return -1;
        *watched = (struct watched){.client = client, .fd = fd};
        sw_list_init(&watched->link);
        if (loop_ready_new(client->loop, fd, on_ready, watched, &watched->ready, &err) < 0) {
            sw_free(watched);
            return -1; /* libcurl gives the transfers up */
        }
        sw_list_add_tail(&client->sockets, &watched->link);
        (void)curl_multi_assign(client->multi, fd, watched); /* it is the one of this callback */
    }
    loop_ready_set(watched->ready, ((what & CURL_POLL_IN) ? LOOP_READABLE : 0u) |
                                       ((what & CURL_POLL_OUT) ? LOOP_WRITABLE : 0u));
    return 0;
}

static bool is_chosen(const struct http_client_request *request, const struct sockaddr *address)
{
    const struct loop_address *chosen = &request->addresses[request->address_at];
    struct loop_address dialled;
    uint16_t port = 0;
    return loop_address_from(address, &dialled, &port) && dialled.is_v6 == chosen->is_v6 &&
           memcmp(dialled.bytes, chosen->bytes, chosen->is_v6 ? 16 : 4) == 0 && port == request->start.port;
}

static curl_socket_t curl_opens_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct http_client_request *request = arg;
    if (purpose != CURLSOCKTYPE_IPCXN || !is_chosen(request, &address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
}

/* ---- what comes ---- */

static int curl_is_connected(void *arg, char *to, char *from, int to_port, int from_port)
{
    (void)to, (void)from, (void)to_port, (void)from_port;
    http__request_phase(arg, HTTP__WAITING);
    return CURL_PREREQFUNC_OK;
}

static size_t refuse(struct http_client_request *request, enum http_client_failure failure)
{
    request->failure = failure;
    return 0; /* not what libcurl gave: it ends the transfer */
}

/* Nobody asked for another coding (RFC 9112 7.4). libcurl would undo gzip, and keep what comes of it while the owner does not read: a few bytes
 * of the peer's become 64 MiB of ours. */
static bool is_plainly_coded(const struct http__section *head)
{
    struct http_field field;
    for (uint32_t i = 0; http__section_field(head, i, &field); i++)
        if (sw_str_eq_nocase(field.name, SW_LIT("transfer-encoding")) &&
            !sw_str_eq_nocase(field.value, SW_LIT("chunked")))
            return false;
    return true;
}

static void head_ends(struct http_client_request *request)
{
    long status = 0;
    (void)curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status); /* stays 0 */
    if (status >= 100 && status < 200 && status != 101) {
        http__section_clear(&request->head);
        return;
    }
    request->status = (uint16_t)(status < 1000 ? status : 0);
    request->has_head = true;
    if (curl_easy_getinfo(request->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &request->announced) != CURLE_OK)
        request->announced = -1;
    if (status == 204 || status == 304 || sw_str_eq(request->start.method, SW_LIT("HEAD")))
        request->announced = 0;
    request->complete = request->announced == 0;
    http__request_phase(request, HTTP__READING);
    http__request_news(request);
}

static size_t curl_has_line(char *p, size_t size, size_t n, void *arg)
{
    struct http_client_request *request = arg;
    struct sw_str line = sw_str(p, size * n);
    struct sw_err err;
    bool is_end = sw_str_eq(line, SW_LIT("\r\n")) || sw_str_eq(line, SW_LIT("\n"));
    if (!request->has_head && sw_str_starts(line, SW_LIT("HTTP/"))) {
        http__section_clear(&request->head);
        return line.n;
    }
    if (is_end && !request->has_head && !is_plainly_coded(&request->head))
        return refuse(request, HTTP_CLIENT_PROTOCOL);
    if (is_end) {
        if (!request->has_head)
            head_ends(request);
        return line.n;
    }
    int rc = http__section_line(request->has_head ? &request->trailers : &request->head, line, &err);
    if (rc == -SW_EINPUT)
        return refuse(request, HTTP_CLIENT_PROTOCOL);
    if (rc < 0)
        return refuse(request, rc == -SW_ELIMIT ? HTTP_CLIENT_HEAD_SIZE : HTTP_CLIENT_INTERNAL);
    return line.n;
}

static size_t curl_has_bytes(char *p, size_t size, size_t n, void *arg)
{
    struct http_client_request *request = arg;
    struct sw_str bytes = sw_str(p, size * n);
    struct sw_err err;
    if (request->window.n - request->window_at >= HTTP_CLIENT_WINDOW_BYTES) {
        request->in_paused = true;
        http__request_phase(request, HTTP__READING);
        return CURL_WRITEFUNC_PAUSE;
    }
    sw_buf_drop_front(&request->window, request->window_at);
    request->window_at = 0;
    if (sw_buf_add(&request->window, bytes, &err) < 0)
        return refuse(request, HTTP_CLIENT_INTERNAL);
    request->received += bytes.n;
    request->complete = request->announced >= 0 && request->received >= (uint64_t)request->announced;
    http__request_phase(request, HTTP__READING);
    http__request_news(request);
    return bytes.n;
}

static size_t curl_wants_body(char *p, size_t size, size_t n, void *arg)
{
    struct http_client_request *request = arg;
    size_t got = 0;
    if (request->dropped)
        return CURL_READFUNC_ABORT;
    int rc = request->body.read(request->start.arg, p, size * n, &got);
    http__request_sends(request, rc == SW_WAIT);
    if (rc != SW_WAIT && request->has_head) {
        request->look_again = true;
        http__request_work(request);
    }
    if (rc == 0)
        return got;
    if (rc == SW_WAIT) {
        request->out_paused = true;
        return CURL_READFUNC_PAUSE;
    }
    if (rc == SW_END)
        return 0;
    request->failure = HTTP_CLIENT_BODY;
    return CURL_READFUNC_ABORT;
}

static int curl_wants_trailers(struct curl_slist **list, void *arg)
{
    struct http_client_request *request = arg;
    struct http_field field;
    if (request->dropped)
        return CURL_TRAILERFUNC_ABORT;
    for (uint32_t i = 0; request->body.trailer && request->body.trailer(request->start.arg, i, &field); i++) {
        sw_auto_buf line = SW_BUF(HTTP_CLIENT_HEAD_BYTES_MAX);
        struct sw_err err;
        int rc = sw_buf_printf(&line, &err, SW_FMT ": " SW_FMT, SW_ARG(field.name),
                               SW_ARG(field.value)); /* ends with a NUL */
        struct curl_slist *longer = rc == 0 ? curl_slist_append(*list, line.p) : NULL;
        if (!longer)
            return CURL_TRAILERFUNC_ABORT;
        *list = longer;
    }
    return CURL_TRAILERFUNC_OK;
}

/* ---- one attempt ---- */

static int add_line(struct http_client_request *request, const char *line)
{
    struct curl_slist *longer = curl_slist_append(request->fields, line);
    if (!longer)
        return -1;
    request->fields = longer;
    return 0;
}

static int add_fields(struct http_client_request *request)
{
    const struct http_client_start *start = &request->start;
    bool has_expect = false, has_accept = false, has_agent = false;
    const char *host = sw_arena_printf(&request->arena, "Host: " SW_FMT, SW_ARG(start->authority));
    int rc = host ? add_line(request, host) : -1;
    for (uint32_t i = 0; rc == 0 && i < start->field_count; i++) {
        struct sw_str name = start->fields[i].name, value = start->fields[i].value;
        has_expect |= sw_str_eq_nocase(name, SW_LIT("expect"));
        has_accept |= sw_str_eq_nocase(name, SW_LIT("accept"));
        has_agent |= sw_str_eq_nocase(name, SW_LIT("user-agent"));
        const char *line =
            value.n ? sw_arena_printf(&request->arena, SW_FMT ": " SW_FMT, SW_ARG(name), SW_ARG(value))
                    : sw_arena_printf(&request->arena, SW_FMT ";", SW_ARG(name));
        rc = line ? add_line(request, line) : -1;
    }
    /* libcurl's own are left out */
    if (rc == 0 && !has_accept)
        rc = add_line(request, "Accept:");
    if (rc == 0 && !has_expect)
        rc = add_line(request, "Expect:");
    if (rc == 0 && !has_agent)
        rc = add_line(request, "User-Agent:");
    return rc;
}

#define SET(option, value)                                                                                   \
    do {                                                                                                     \
        if (rc == CURLE_OK)                                                                                  \
            rc = curl_easy_setopt(easy, option, value);                                                      \
    } while (0)

static CURLcode set_method(struct http_client_request *request, CURL *easy)
{
    struct sw_str method = request->start.method;
    uint64_t length = request->body.read ? request->body.length(request->start.arg) : 0;
    CURLcode rc = CURLE_OK;
    if (sw_str_eq(method, SW_LIT("HEAD"))) { /* its body, if any, is not sent */
        SET(CURLOPT_NOBODY, 1L);
        return rc;
    }
    if (length || http__method_has_length(method)) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE, length == UINT64_MAX ? (curl_off_t)-1 : (curl_off_t)length);
        SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)HTTP_CLIENT_UPLOAD_BYTES);
        SET(CURLOPT_KEEP_SENDING_ON_ERROR, 1L);
        /* libcurl 7.88 forgets neither by curl_easy_reset nor by a new transfer that trailers were sent, and then writes the next chunk's
         * size in front of its buffer: a handle that was given trailers is never used again. */
        request->used_up = true;
        if (request->body.read) {
            SET(CURLOPT_READFUNCTION, curl_wants_body);
            SET(CURLOPT_READDATA, request);
            SET(CURLOPT_TRAILERFUNCTION, curl_wants_trailers);
            SET(CURLOPT_TRAILERDATA, request);
        }
    }
    if (length || http__method_has_length(method) || !sw_str_eq(method, SW_LIT("GET")))
        SET(CURLOPT_CUSTOMREQUEST, method.p); /* from the arena: ends with a NUL */
    return rc;
}

static CURLcode set_target(struct http_client_request *request, CURL *easy)
{
    const struct http_client_start *start = &request->start;
    const struct loop_address *address = &request->addresses[request->address_at];
    char number[LOOP_ADDRESS_TEXT_MAX];
    char to[LOOP_ADDRESS_TEXT_MAX + 16];
    loop_address_print(address, number);
    (void)snprintf(to, sizeof to, address->is_v6 ? "::[%s]:%u" : "::%s:%u", number,
                   (unsigned)start->port); /* fits */
    bool brackets = sw_str_find(start->host, ':') != SW_NPOS;
    const char *url =
        sw_arena_printf(&request->arena, "%s://%s" SW_FMT "%s:%u/", start->is_https ? "https" : "http",
                        brackets ? "[" : "", SW_ARG(start->host), brackets ? "]" : "", (unsigned)start->port);
    curl_slist_free_all(request->connect_to);
    request->connect_to = curl_slist_append(NULL, to);
    if (!url || !request->connect_to)
        return CURLE_OUT_OF_MEMORY;
    CURLcode rc = CURLE_OK;
    SET(CURLOPT_URL, url);
    SET(CURLOPT_REQUEST_TARGET, start->target.p);
    SET(CURLOPT_CONNECT_TO, request->connect_to);
    SET(CURLOPT_OPENSOCKETFUNCTION, curl_opens_socket);
    SET(CURLOPT_OPENSOCKETDATA, request);
    bool others = request->address_at + 1 < request->address_count;
    SET(CURLOPT_CONNECTTIMEOUT_MS,
        others ? (long)HTTP_CLIENT_ATTEMPT_MS : 0x7fffffffL); /* ours is the phase's */
    return rc;
}

static long version_of(const struct http_client_request *request)
{
    const char *h2c = request->client->config.h2c_authority;
    if (request->start.is_https)
        return CURL_HTTP_VERSION_2TLS;
    return h2c && sw_str_eq_nocase(request->start.authority, sw_str_of(h2c))
               ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
               : CURL_HTTP_VERSION_1_1;
}

static CURLcode set_protocol(struct http_client_request *request, CURL *easy)
{
    CURLcode rc = CURLE_OK;
    SET(CURLOPT_PROTOCOLS_STR, request->start.is_https ? "https" : "http");
    long version = version_of(request);
    SET(CURLOPT_HTTP_VERSION, version);
    /* libcurl 7.88 switches a connection to HTTP/2 again when it uses it again, and fails. */
    SET(CURLOPT_FORBID_REUSE, version == CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE ? 1L : 0L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_CAINFO, NULL);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_SSL_CTX_FUNCTION, http__trust_use);
    SET(CURLOPT_SSL_CTX_DATA, request->client);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* none, whatever the environment says */
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_MAXAGE_CONN, (long)HTTP_CLIENT_IDLE_S);
    return rc;
}

static CURLcode set_callbacks(struct http_client_request *request, CURL *easy)
{
    CURLcode rc = CURLE_OK;
    SET(CURLOPT_PRIVATE, request);
    SET(CURLOPT_ERRORBUFFER, request->text);
    SET(CURLOPT_HTTPHEADER, request->fields);
    SET(CURLOPT_HEADERFUNCTION, curl_has_line);
    SET(CURLOPT_HEADERDATA, request);
    SET(CURLOPT_WRITEFUNCTION, curl_has_bytes);
    SET(CURLOPT_WRITEDATA, request);
    SET(CURLOPT_PREREQFUNCTION, curl_is_connected);
    SET(CURLOPT_PREREQDATA, request);
    return rc;
}

static CURL *easy_take(struct http_client *client)
{
    return client->spare_count ? client->spare[--client->spare_count] : curl_easy_init();
}

enum http_client_failure http__curl_begin(struct http_client_request *request)
{
    struct http_client *client = request->client;
    if (!request->fields && add_fields(request) < 0)
        return HTTP_CLIENT_INTERNAL;
    CURL *easy = easy_take(client);
    if (!easy)
        return HTTP_CLIENT_INTERNAL;
    request->easy = easy;
    CURLcode rc = set_protocol(request, easy);
    if (rc == CURLE_OK)
        rc = set_callbacks(request, easy);
    if (rc == CURLE_OK)
        rc = set_target(request, easy);
    if (rc == CURLE_OK)
        rc = set_method(request, easy);
    if (rc == CURLE_OK && curl_multi_add_handle(client->multi, easy) == CURLM_OK)
        return HTTP_CLIENT_OK;
    http__curl_end(request);
    return rc == CURLE_URL_MALFORMAT ? HTTP_CLIENT_BAD_URI : HTTP_CLIENT_INTERNAL;
}

void http__curl_end(struct http_client_request *request)
{
    struct http_client *client = request->client;
    CURL *easy = request->easy;
    if (!easy)
        return;
    request->easy = NULL;
    (void)curl_multi_remove_handle(client->multi, easy); /* fine for one that was not added */
    if (!request->used_up && client->spare_count < HTTP_CLIENT_IDLE_MAX) {
        curl_easy_reset(easy);
        client->spare[client->spare_count++] = easy;
    } else {
        curl_easy_cleanup(easy);
    }
}

void http__curl_go_on(struct http_client_request *request)
{
    if (!request->easy)
        return;
    if (request->in_wanted)
        request->in_paused = false;
    if (request->out_wanted)
        request->out_paused = false;
    request->in_wanted = request->out_wanted = false;
    int bits = (request->in_paused ? CURLPAUSE_RECV : 0) | (request->out_paused ? CURLPAUSE_SEND : 0);
    (void)curl_easy_pause(request->easy,
                          bits); /* a failure ends the transfer, which is told as every other */
    collect(request->client);
}

/* libcurl 7.88 with HTTP/2: a response that ended while the request's body was still on its way is over when the last of that has gone, but
 * libcurl asks only a socket that nothing more will come from. A change of what is paused makes it look. */
void http__curl_look_again(struct http_client_request *request)
{
    request->look_again = false;
    if (!request->easy || request->in_paused)
        return;
    int bits = request->out_paused ? CURLPAUSE_SEND : 0;
    (void)curl_easy_pause(request->easy, bits | CURLPAUSE_RECV); /* failures: as above */
    (void)curl_easy_pause(request->easy, bits);
    collect(request->client);
}

/* ---- the client ---- */

static int multi_set(struct http_client *client, struct sw_err *err)
{
    CURLM *multi = client->multi;
    CURLMcode rc = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, curl_wants_socket);
    if (rc == CURLM_OK)
        rc = curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
    if (rc == CURLM_OK)
        rc = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, curl_wants_time);
    if (rc == CURLM_OK)
        rc = curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
    /* One request on a connection at a time: one whose body nobody reads must not hold up others. */
    if (rc == CURLM_OK)
        rc = curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    if (rc == CURLM_OK)
        rc = curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)HTTP_CLIENT_IDLE_MAX);
    if (rc == CURLM_OK)
        rc = curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)HTTP_CLIENT_CONNECTIONS_MAX);
    return rc == CURLM_OK ? 0
                          : sw_fail(err, SW_EBUG, "set up outgoing requests: %s", curl_multi_strerror(rc));
}

int http_client_new(struct loop *loop, const struct http_client_config *config, struct http_client **ret,
                    struct sw_err *err)
{
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        return sw_fail(err, SW_ENOMEM, "start libcurl");
    struct http_client *client = sw_alloc(sizeof *client);
    *client = (struct http_client){.loop = loop, .config = *config};
    sw_list_init(&client->sockets);
    sw_list_init(&client->requests);
    if (!client->config.requests_max)
        client->config.requests_max = HTTP_CLIENT_REQUESTS_MAX;
    client->multi = curl_multi_init();
    int rc = client->multi ? multi_set(client, err) : sw_fail(err, SW_ENOMEM, "no memory for libcurl");
    if (rc == 0)
        rc = loop_timer_new(loop, on_timer, client, &client->timer, err);
    if (rc == 0)
        rc = http__trust_new(config->ca_file, &client->trust, err);
    if (rc < 0) {
        http_client_free(client);
        return rc;
    }
    *ret = client;
    return 0;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    while (!sw_list_empty(&client->requests)) /* dropped, or their owner is gone */
        http__request_free(SW_CONTAINER(client->requests.next, struct http_client_request, link));
    for (uint32_t i = 0; i < client->spare_count; i++)
        curl_easy_cleanup(client->spare[i]);
    if (client->multi)
        (void)curl_multi_cleanup(client->multi); /* every handle is out of it */
    while (!sw_list_empty(&client->sockets))
        unwatch(SW_CONTAINER(client->sockets.next, struct watched, link));
    loop_timer_free(client->timer);
    http__trust_free(client->trust);
    sw_free(client);
    curl_global_cleanup();
}
