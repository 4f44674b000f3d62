/* fields.h - characters, names and values of HTTP fields; pure.  Room: http. */
#ifndef SW_HTTP_FIELDS_H
#define SW_HTTP_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

struct http_field;

/* What a byte may be part of; index: the byte. */
enum { HTTP_C_TOKEN = 1, HTTP_C_TARGET = 2, HTTP_C_REG_NAME = 4, HTTP_C_DIGIT = 8, HTTP_C_HEX = 16 };
extern const uint8_t http_chars[256];

/* Fields that mean something to a server. */
enum http_field_id {
    HTTP_FIELD_OTHER,
    HTTP_FIELD_CONNECTION,
    HTTP_FIELD_CONTENT_LENGTH,
    HTTP_FIELD_DATE,
    HTTP_FIELD_EXPECT,
    HTTP_FIELD_HOST,
    HTTP_FIELD_KEEP_ALIVE,
    HTTP_FIELD_SERVER,
    HTTP_FIELD_TRANSFER_ENCODING,
    HTTP_FIELD_UPGRADE
};
enum http_field_id http_field_id(struct sw_str name);

/* uri-host [ ":" port ] of RFC 9110 7.2, host not empty, port up to 65535 or empty, no userinfo. */
bool http_is_authority(struct sw_str s);
/* Takes the next element of a comma-separated list (RFC 9110 5.6.1): empty elements are skipped, white space around is dropped.
 * Returns false at the end. */
bool http_list_next(struct sw_str *rest, struct sw_str *ret_element);
/* A field line without its CRLF: "name: value". Fails with SW_EINPUT (always a 400). */
int http_field_parse(struct sw_str line, struct http_field *ret, struct sw_err *err) SW_MUST_CHECK;

#endif
