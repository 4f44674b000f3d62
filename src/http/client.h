/* client.h - HTTP requests to others: libcurl's multi interface on the loop.  Room: http.
 *
 * A request is started by copying everything it needs, so that a fiber may do it; every call of libcurl is made by the loop, later in the
 * turn or in the next. Its owner hears `changed` and looks: head, body, trailers, failure. Both bodies have back-pressure: what the owner
 * does not consume stops being read from the peer, what the owner does not have yet is waited for.
 *
 * A name is resolved once; each address is checked by `permit`, and the one that is dialled is given to libcurl as a number and checked
 * again when the socket is made. No redirects, no proxies, no cookies, no files, no environment. HTTP/1.1 for http, but for one place that
 * may be named; h2 or HTTP/1.1 for https, as the peer wants.
 *
 * Connections are reused within one client: the same scheme, host, port and dialled address (libcurl's key), whoever asked. There are no client
 * certificates; a client has one TLS identity, so another identity needs another client. */
#ifndef SW_HTTP_CLIENT_H
#define SW_HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "loop/resolve.h"

struct http_client;
struct http_client_request;
struct http_field;
struct loop;

struct http_client_config {
    struct loop_resolver *resolver; /* stays the caller's, outlives the client */
    /* Whether that address may be dialled. NULL: every one. */
    bool (*permit)(void *arg, const struct loop_address *address);
    void *permit_arg;
    const char *ca_file;   /* PEM; NULL: $SSL_CERT_FILE, else the system's; read by http_client_new */
    uint32_t requests_max; /* 0: HTTP_CLIENT_REQUESTS_MAX */
    /* "host:port", as the authority of a request says it: plain HTTP there is HTTP/2 from the first byte. NULL: nowhere. Borrowed: outlives
     * the client. */
    const char *h2c_authority;
};

/* Before a sandbox is entered: reads files, makes descriptors. */
int http_client_new(struct loop *loop, const struct http_client_config *config, struct http_client **ret,
                    struct sw_err *err) SW_MUST_CHECK;
void http_client_free(struct http_client *client); /* every request dropped; NULL is fine */

enum http_client_failure {
    HTTP_CLIENT_OK,
    HTTP_CLIENT_BAD_URI,
    HTTP_CLIENT_BAD_METHOD,
    HTTP_CLIENT_DNS,
    HTTP_CLIENT_PROHIBITED, /* every address of the name is refused by `permit` */
    HTTP_CLIENT_REFUSED,    /* could not connect to any address */
    HTTP_CLIENT_CONNECT_TIMEOUT,
    HTTP_CLIENT_TLS,
    HTTP_CLIENT_READ_TIMEOUT, /* no head, or nothing more of the body, in time */
    HTTP_CLIENT_TERMINATED,   /* reset, or closed while sending */
    HTTP_CLIENT_PROTOCOL,     /* what came is no HTTP, or ends too early */
    HTTP_CLIENT_HEAD_SIZE,    /* of the response's fields, or of its trailers */
    HTTP_CLIENT_BODY,         /* the request's body ended with a failure */
    HTTP_CLIENT_INTERNAL
};

/* Where the request's body comes from; runs on the loop. */
struct http_client_body {
    /* Up to n bytes to p. Returns 0 with *ret_n > 0, SW_WAIT (http_client_more will be called), SW_END, or < 0: the request fails. */
    int (*read)(void *arg, char *p, size_t n, size_t *ret_n);
    /* After SW_END: the i-th field to send behind the body, where the protocol has room for it (chunked HTTP/1.1); false: there is none.
     * Borrowed until return. NULL: none at all. */
    bool (*trailer)(void *arg, uint32_t i, struct http_field *ret);
    /* When the request is about to be sent: bytes that the whole body has, if that is known by now, else UINT64_MAX. */
    uint64_t (*length)(void *arg);
};

struct http_client_start {
    struct sw_str method; /* a token */
    bool is_https;
    struct sw_str host; /* a name or a number, without brackets */
    uint16_t port;
    struct sw_str authority; /* what the Host field says */
    struct sw_str target;    /* starts with '/' or '?', or is "*"; as it is sent */
    const struct http_field *fields;
    uint32_t field_count;
    const struct loop_address
        *address; /* dials this one, unchecked: our own server; NULL: what host resolves to */
    /* Gives the connection: a connected socket that does not block, the client's from then on, for this request only; or -1, as if it
     * were refused. On the loop. NULL: it is dialled. */
    int (*connect)(void *arg);
    const struct http_client_body *body; /* NULL: none */
    uint64_t connect_ms;                 /* time limits; 0: HTTP_CLIENT_TIMEOUT_MS */
    uint64_t first_byte_ms;
    uint64_t between_bytes_ms;
    /* Something is new: the head, bytes, the end, a failure. From the loop, never inside a function of the client. */
    void (*changed)(void *arg);
    void *arg; /* of changed, connect and the body's functions */
};

/* Everything is copied. fails: SW_ELIMIT (too many at once), SW_ENOMEM */
int http_client_begin(struct http_client *client, const struct http_client_start *start,
                      struct http_client_request **ret, struct sw_err *err) SW_MUST_CHECK;
/* Ends it, whatever it does: no callback after this. */
void http_client_drop(struct http_client_request *request);
void http_client_more(struct http_client_request *request); /* the body's read has something again */

/* Returns 0 with *ret_status (the head is there, http_client_field gives its fields), SW_WAIT, or < 0: http_client_failed says why. */
int http_client_head(const struct http_client_request *request, uint16_t *ret_status) SW_MUST_CHECK;
bool http_client_over(
    const struct http_client_request *request); /* ended or failed: nothing is sent or received any more */
enum http_client_failure http_client_failed(const struct http_client_request *request);
/* The i-th field of the head, or of the trailers after SW_END; false: there is none. Borrowed until the drop. */
bool http_client_field(const struct http_client_request *request, bool of_trailers, uint32_t i,
                       struct http_field *ret);
/* Returns 0 with *ret non-empty (valid until consume or the next turn), SW_WAIT, SW_END, or < 0. After the head. */
int http_client_peek(const struct http_client_request *request, struct sw_str *ret) SW_MUST_CHECK;
void http_client_consume(struct http_client_request *request, size_t n);

#endif
