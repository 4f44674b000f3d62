/* access.h - one line of the access log for one request; pure.  Room: trigger. */
#ifndef SW_TRIGGER_ACCESS_H
#define SW_TRIGGER_ACCESS_H

#include <stdint.h>

#include "base/buf.h"
#include "http/server.h"
#include "trigger/settings.h"

/* Writes the line, without its end. unix_ms: when the request was over.
 *
 *   combined  CLIENT - - [25/Nov/2026:06:41:12 +0000] "GET /a HTTP/1.1" STATUS BYTES "REFERER" "USER-AGENT" MS COMPONENT
 *   common    the same without referer and user agent
 *   json      {"time":...,"client":...,"method":...,...}
 *
 * What a client sent is cut (TRIGGER_ACCESS_TARGET_BYTES_MAX, TRIGGER_ACCESS_TEXT_BYTES_MAX) and escaped, so that it can neither end the line
 * nor a field, and the line fits TRIGGER_OUTPUT_LINE_MAX. */
int trigger_access_line(enum trigger_access_format format, const struct http_ended *ended, uint64_t unix_ms,
                        struct sw_buf *out, struct sw_err *err) SW_MUST_CHECK;

#endif
