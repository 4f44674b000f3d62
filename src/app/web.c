/* web.c - one GET after another by libcurl, blocking and bounded.  Room: app. */
#include "app/web.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/fields.h"
#include "app/limits.h"
#include "app/outbound.h"

/* ---- where redirects may lead ---- */

enum kind { KIND_PUBLIC = 1, KIND_PRIVATE = 2, KIND_LOOPBACK = 4, KIND_LINK = 8 };

static unsigned kind_of(const struct sockaddr *address)
{
    uint8_t bytes[16] = {0};
    bool is_v6 = address->sa_family == AF_INET6;
    if (is_v6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
        memcpy(bytes, &in6->sin6_addr, 16);
        if (IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr))
            return KIND_LOOPBACK;
        if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
            return KIND_LINK;
    } else {
        memcpy(bytes, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        if (bytes[0] == 127)
            return KIND_LOOPBACK;
        if (bytes[0] == 169 && bytes[1] == 254)
            return KIND_LINK;
    }
    return app_address_is_private(bytes, is_v6) ? KIND_PRIVATE : KIND_PUBLIC;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct app__web_guard *guard = arg;
    long redirects = 0;
    (void)purpose;
    if (address->family != AF_INET && address->family != AF_INET6)
        return CURL_SOCKET_BAD;
    (void)curl_easy_getinfo(guard->curl, CURLINFO_REDIRECT_COUNT, &redirects); /* stays 0 otherwise */
    unsigned kind = kind_of(&address->addr);
    if (redirects == 0) {
        guard->kinds |= kind;
    } else if (kind != KIND_PUBLIC && (kind == KIND_LINK || !(guard->kinds & kind))) {
        guard->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- ends ---- */

bool app__web_interrupted(void)
{
    sigset_t waiting;
    return sigpending(&waiting) == 0 &&
           (sigismember(&waiting, SIGTERM) == 1 || sigismember(&waiting, SIGINT) == 1);
}

enum sw_code app__web_code(CURLcode code)
{
    return code == CURLE_OPERATION_TIMEDOUT    ? SW_ETIMEOUT
           : code == CURLE_ABORTED_BY_CALLBACK ? SW_ECANCELLED
                                               : SW_EIO;
}

static int on_progress(void *arg, curl_off_t all, curl_off_t got, curl_off_t up_all, curl_off_t up_got)
{
    (void)arg, (void)all, (void)got, (void)up_all, (void)up_got;
    return app__web_interrupted();
}

/* ---- one transfer ---- */

bool app__web_set_up(CURL *curl, const char *url, char *text, struct app__web_guard *guard)
{
    bool https = strncasecmp(url, "https://", 8) == 0;
    const char *protocols = https ? "https" : "http,https"; /* never back to plain text */
    *guard = (struct app__web_guard){.curl = curl};
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocols) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, protocols) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)APP_DOWNLOAD_REDIRECTS_MAX) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)APP_DOWNLOAD_CONNECT_MS_MAX) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)APP_DOWNLOAD_STALL_S_MAX) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)APP_DOWNLOAD_MS_MAX) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, guard) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "swell") == CURLE_OK;
}

static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
    char *line = NULL;
    if (!value)
        return true;
    if (asprintf(&line, "%s: %s", name, value) < 0)
        return false;
    struct curl_slist *longer = curl_slist_append(*list, line);
    free(line); /* asprintf's */
    if (longer)
        *list = longer;
    return longer != NULL;
}

struct curl_slist *app__web_headers(const char *authorization, const char *accept, bool *ret_ok)
{
    struct curl_slist *list = NULL;
    *ret_ok = add_header(&list, "Authorization", authorization) && add_header(&list, "Accept", accept);
    if (*ret_ok)
        return list;
    curl_slist_free_all(list);
    return NULL;
}

/* ---- into memory ---- */

struct receiver {
    struct app__web_got *got;
    struct sw_err *err;
    int rc;
};

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct receiver *receiver = arg;
    receiver->rc = sw_buf_add(&receiver->got->body, sw_str(data, size * count), receiver->err);
    return receiver->rc < 0 ? 0 : size * count; /* 0 ends it */
}

static bool take_field(struct sw_str line, struct sw_str name, struct sw_str *ret)
{
    size_t colon = sw_str_find(line, ':');
    if (colon == SW_NPOS || !sw_str_eq_nocase(sw_str_head(line, colon), name))
        return false;
    *ret = sw_str_trim(sw_str_from(line, colon + 1), SW_LIT(" \t\r\n"));
    return true;
}

static size_t on_field(char *data, size_t size, size_t count, void *arg)
{
    struct app__web_got *got = ((struct receiver *)arg)->got;
    struct sw_str line = sw_str(data, size * count), value;
    if (sw_str_starts(line, SW_LIT("HTTP/"))) { /* of another response: a redirect came before */
        got->challenge[0] = '\0';
        got->has_next = false;
    }
    if (take_field(line, SW_LIT("www-authenticate"), &value) && value.n < sizeof got->challenge) {
        memcpy(got->challenge, value.p, value.n);
        got->challenge[value.n] = '\0';
    }
    if (take_field(line, SW_LIT("link"), &value))
        got->has_next |= memmem(value.p, value.n, "next", 4) != NULL;
    return line.n;
}

static int perform(CURL *curl, const struct app__web_get *what, struct receiver *receiver)
{
    char text[CURL_ERROR_SIZE] = "";
    struct app__web_guard guard;
    struct app__shown url = app__show(sw_str_of(what->url));
    if (!app__web_set_up(curl, what->url, text, &guard) ||
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)APP_REGISTRY_MS_MAX) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, receiver) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_field) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, receiver) != CURLE_OK)
        return sw_fail(receiver->err, SW_EIO, "ask '%s': this libcurl lacks an option", url.text);
    CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &receiver->got->status); /* stays 0 otherwise */
    if (receiver->rc < 0)
        return sw_wrap(receiver->err, "ask '%s'", url.text);
    if (guard.refused)
        return sw_fail(receiver->err, SW_EDENIED,
                       "ask '%s': it redirects into another network than its own, which is not followed",
                       url.text);
    if (code != CURLE_OK)
        return sw_fail(receiver->err, app__web_code(code), "ask '%s': %s", url.text,
                       text[0] ? text : curl_easy_strerror(code));
    return 0;
}

int app__web_get(const struct app__web_get *what, struct app__web_got *got, struct sw_err *err)
{
    struct receiver receiver = {got, err, 0};
    bool has_headers;
    sw_buf_clear(&got->body);
    got->status = 0;
    got->challenge[0] = '\0';
    got->has_next = false;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return sw_fail(err, SW_EIO, "ask '%s': libcurl does not start", app__show(sw_str_of(what->url)).text);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = app__web_headers(what->authorization, what->accept, &has_headers);
    int rc = 0;
    if (!curl || !has_headers || (headers && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK))
        rc = sw_fail(err, SW_ENOMEM, "ask '%s': no memory", app__show(sw_str_of(what->url)).text);
    if (rc == 0)
        rc = perform(curl, what, &receiver);
    curl_easy_cleanup(curl); /* NULL is fine */
    curl_slist_free_all(headers);
    return rc;
}
