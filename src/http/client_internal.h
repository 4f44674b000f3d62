/* client_internal.h - what the files of the client share.  Room: http (private). */
#ifndef SW_HTTP_CLIENT_INTERNAL_H
#define SW_HTTP_CLIENT_INTERNAL_H

#include <curl/curl.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "http/client.h"
#include "http/limits.h"
#include "http/server.h"
#include "loop/loop.h"

struct x509_store_st;

struct http_client {
    struct loop *loop;
    struct http_client_config config;
    CURLM *multi;
    struct loop_timer *timer;    /* libcurl's */
    struct sw_link sockets;      /* struct watched */
    struct sw_link requests;     /* all that are not freed */
    struct x509_store_st *trust; /* certificates that are trusted */
    uint32_t count;
    CURL *spare[HTTP_CLIENT_IDLE_MAX]; /* handles for the next requests */
    uint32_t spare_count;
};

enum http__phase {
    HTTP__QUEUED,
    HTTP__RESOLVING,
    HTTP__CONNECTING, /* with libcurl, until the connection is there */
    HTTP__WAITING,    /* for the head */
    HTTP__READING,    /* the body */
    HTTP__OVER        /* not with libcurl any more: ended, or failed */
};

struct http__span {
    uint32_t at; /* in the text; the value follows the name */
    uint32_t name_n;
    uint32_t value_n;
};
struct http__section { /* fields of a head, or trailers */
    struct sw_buf text;
    struct sw_buf spans; /* of struct http__span */
};

struct http_client_request {
    struct sw_link link;
    struct http_client *client;
    struct loop_defer work;
    struct loop_timer *timer; /* of the phase */
    struct sw_arena arena;    /* of what start said */
    struct http_client_start start;
    struct http_client_body body; /* read NULL: none */
    enum http__phase phase;
    enum http_client_failure failure;
    bool dropped;
    bool news; /* changed is owed */
    /* where to */
    struct loop_lookup lookup;
    struct loop_address addresses[LOOP_ADDRESSES_MAX];
    uint32_t address_count;
    uint32_t address_at;
    /* libcurl's */
    CURL *easy;   /* added to the multi */
    bool used_up; /* it may not be used again */
    struct curl_slist *fields;
    struct curl_slist *connect_to;
    bool in_paused;
    bool in_wanted; /* to go on with reading */
    bool out_paused;
    bool out_wanted;
    bool look_again; /* the response may be over: http__curl_look_again is owed */
    char text[CURL_ERROR_SIZE];
    struct http__inside *inside; /* start.connect: in place of libcurl */
    /* what came */
    uint16_t status;
    bool has_head;
    bool complete;        /* every byte that the head announced is here; libcurl may still be sending */
    curl_off_t announced; /* -1: unknown */
    uint64_t received;
    struct http__section head;
    struct http__section trailers;
    struct sw_buf window;
    size_t window_at;
};

/* ---- client_request.c ---- */
void http__request_work(struct http_client_request *request); /* its work has something to do */
void http__request_news(struct http_client_request *request);
void http__request_fail(struct http_client_request *request, enum http_client_failure failure);
void http__request_done(struct http_client_request *request, CURLcode code);
void http__request_free(struct http_client_request *request); /* from the loop, at once */
void http__request_phase(struct http_client_request *request, enum http__phase phase);
/* The body was asked for more: waits: its owner has nothing yet. */
void http__request_sends(struct http_client_request *request, bool waits);

/* ---- client_curl.c ---- */
/* One attempt, at the address at address_at. */
enum http_client_failure http__curl_begin(struct http_client_request *request);
void http__curl_end(struct http_client_request *request); /* takes it from libcurl; twice is fine */
void http__curl_go_on(struct http_client_request *request);
void http__curl_look_again(struct http_client_request *request);

/* ---- client_inside.c: the same for requests whose owner connects ---- */
enum http_client_failure http__inside_begin(struct http_client_request *request);
void http__inside_end(struct http_client_request *request); /* once */
void http__inside_go_on(struct http_client_request *request);

/* ---- client_head.c ---- */
/* Whether the method is sent with "Content-Length: 0" when there is no body (RFC 9110 8.6). */
bool http__method_has_length(struct sw_str method);
int http__section_line(struct http__section *section, struct sw_str line, struct sw_err *err) SW_MUST_CHECK;
int http__section_add(struct http__section *section, const struct http_field *field,
                      struct sw_err *err) SW_MUST_CHECK; /* one that was checked */
void http__section_clear(struct http__section *section);
void http__section_deinit(struct http__section *section);
bool http__section_field(const struct http__section *section, uint32_t i, struct http_field *ret);

/* ---- client_trust.c ---- */
int http__trust_new(const char *ca_file, struct x509_store_st **ret, struct sw_err *err) SW_MUST_CHECK;
void http__trust_free(struct x509_store_st *trust);
CURLcode http__trust_use(CURL *easy, void *ssl_context,
                         void *arg); /* CURLOPT_SSL_CTX_FUNCTION; arg: the client */

#endif
