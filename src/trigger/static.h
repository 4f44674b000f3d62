/* static.h - files answered by the host, without a guest: [[application.tool.swell.static]].  Room: trigger (private).
 *
 * Sources: RFC 9110 8.8 (validators), 13 (conditional requests), 14 (ranges), 12.5.3 (Accept-Encoding). */
#ifndef SW_TRIGGER_STATIC_H
#define SW_TRIGGER_STATIC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "app/app.h"
#include "base/error.h"
#include "base/str.h"
#include "http/server.h"

/* ---- static_head.c: what is answered; pure ---- */

enum trigger_static_encoding {
    TRIGGER_STATIC_PLAIN,
    TRIGGER_STATIC_BR,
    TRIGGER_STATIC_ZSTD,
    TRIGGER_STATIC_GZIP
};
#define TRIGGER_STATIC_ENCODINGS 4
extern const struct trigger_static_coding {
    const char *suffix; /* of the file beside the plain one: ".br" */
    const char *name;   /* in Content-Encoding */
} trigger_static_codings[TRIGGER_STATIC_ENCODINGS];

/* The path below the folder that a request means: decoded, without a slash in front, at most cap bytes with the NUL. Returns 0, or the
 * status to answer: 400 for a percent form that is none or a NUL, 404 for what cannot be a file's name here ("..", a hidden name). */
uint16_t trigger_static_path(struct sw_str path_info, bool hidden, char *ret, size_t cap);

/* Which of the encodings the client takes, best first; the plain one is always the last. Returns how many. */
unsigned trigger_static_accepted(const struct http_request *request,
                                 enum trigger_static_encoding ret[TRIGGER_STATIC_ENCODINGS]);

struct trigger_static_file { /* what was found */
    struct sw_str name;      /* decides the content type */
    enum trigger_static_encoding encoding;
    uint64_t size;
    uint64_t inode;
    struct timespec modified;
};

#define TRIGGER_STATIC_FIELDS_MAX 10
#define TRIGGER_STATIC_TEXT_MAX 512
struct trigger_static_answer {
    uint16_t status; /* 200, 206, 304, 412, 416 */
    uint64_t offset; /* of the file's bytes that are sent */
    uint64_t length;
    struct http_field fields[TRIGGER_STATIC_FIELDS_MAX];
    uint32_t field_count;
    char text[TRIGGER_STATIC_TEXT_MAX]; /* what the fields' values view */
    size_t text_n;
};
void trigger_static_decide(const struct http_request *request, const struct trigger_static_file *file,
                           struct sw_str cache_control, struct trigger_static_answer *ret);

struct sw_str trigger_static_type(struct sw_str name); /* by its ending; "application/octet-stream" else */

/* ---- static.c ---- */

struct trigger_http;
/* Answers from trigger->static_folder, whose descriptor is dir_fd; the exchange is the callee's. */
void trigger__static_answer(const struct app_http_trigger *trigger, int dir_fd, struct sw_str path_info,
                            struct http_exchange *exchange);

#endif
