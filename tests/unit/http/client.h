/* client.h - a server with handlers for tests, and a client for it, both on one loop in one thread.  Room: tests. */
#ifndef SW_TESTS_HTTP_CLIENT_H
#define SW_TESTS_HTTP_CLIENT_H

#include <netinet/in.h>

#include "http/server.h"
#include "loop/loop.h"

#define SITE_TASKS_MAX 64
#define SITE_TEXT_MAX (1 << 20)

struct site;

/* What happens to one exchange; by its path:
 *   /hello   a short answer at once          /nothing  ends without an answer        /code/NNN  an empty answer with that status
 *   /echo    sends the body back, chunked    /read     reads the body, then says "<bytes> [trailers]"
 *   /big     sends site->big bytes, length announced; /chunks the same, chunked       /ignore   answers without reading the body
 *   /hold    does nothing until the test does                                         /short    announces 10 bytes, sends 5
 *   /trail   chunked with a trailer */
struct task {
    struct site *site;
    struct http_exchange *exchange; /* NULL once ended */
    uint64_t body_n;
    uint64_t sent;
    int readable, writable, gone;
    int body_rc;  /* how reading ended */
    int write_rc; /* how writing ended */
    void (*go)(struct task *task);
};

struct site {
    struct loop *loop;
    struct loop_timer *timer;
    struct http_server *server;
    struct sockaddr_in address;
    int fd;
    uint64_t big;
    uint64_t request_max; /* given to http_exchange_limit */
    uint64_t response_max;
    int requests;
    int drained;
    bool no_watch; /* the client allocates nothing */
    struct task tasks[SITE_TASKS_MAX];
    struct sw_str text; /* what the client read last; views buffer */
    bool eof;           /* and whether the end came */
    bool reset;
    char buffer[SITE_TEXT_MAX + 1];
};

void site_begin(struct site *site, struct http_server_config config); /* request and arg are filled in */
void site_end(struct site *site);
void site_run(struct site *site, uint64_t ms);
void site_turns(struct site *site); /* what is ready now happens */
struct task *site_task(struct site *site, int number);

int client_open(struct site *site);
void client_send(struct site *site, int fd, struct sw_str bytes); /* all of it, with turns in between */
/* Reads until `until` bytes came, the text ends in `ends`, the end of the connection, or ms are over. Date fields are taken out. */
void client_read(struct site *site, int fd, size_t until, const char *ends, uint64_t ms);
/* Sends and reads what comes until the connection ends or stays silent for 30 ms. */
void client_ask(struct site *site, int fd, const char *request);
void client_reset(int fd);
int descriptors(void);

/* Fails unless the text read is want and the connection ended or not. */
#define CHECK_ANSWER(site, want, ended)                                                                      \
    do {                                                                                                     \
        CHECK_STR((site)->text, want);                                                                       \
        CHECK_INT((site)->eof, ended);                                                                       \
        CHECK_INT((site)->reset, 0);                                                                         \
    } while (0)

#endif
