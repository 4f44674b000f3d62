/* older.c - WASI 0.2.0-rc-2023-10-18 and -2023-11-10: what of them is elsewhere in today's interfaces.  Room: host.
 *
 * Everything that is not listed has the same name and type today; the linker compares. Left out, so refused by name: of 2023-10-18, what files
 * had of permissions and locks; of both, what sockets had in another form. source: spin.md 2.4, 4.1; the packages' WIT at those tags */
#include "host/wasi/older.h"

#include "host/bindings/clocks_monotonic_clock.h"
#include "host/bindings/http_types.h"
#include "host/bindings/io_error.h"
#include "host/bindings/io_poll.h"
#include "host/bindings/older_rc20231018.h"
#include "host/bindings/older_rc20231110.h"

#define TYPES "wasi:http/types"
#define STREAMS "wasi:io/streams"
#define NEW (&host_http_types_interface)

#define OWN (&host_older_rc20231110_interface)
#define OPTIONS "[method]request-options."
static const struct component_host_moved rc20231110[] = {
    {TYPES, OPTIONS "connect-timeout-ms", NEW, OPTIONS "connect-timeout"},
    {TYPES, OPTIONS "first-byte-timeout-ms", NEW, OPTIONS "first-byte-timeout"},
    {TYPES, OPTIONS "between-bytes-timeout-ms", NEW, OPTIONS "between-bytes-timeout"},
    {TYPES, OPTIONS "set-connect-timeout-ms", OWN, "set-connect-timeout-ms"},
    {TYPES, OPTIONS "set-first-byte-timeout-ms", OWN, "set-first-byte-timeout-ms"},
    {TYPES, OPTIONS "set-between-bytes-timeout-ms", OWN, "set-between-bytes-timeout-ms"},
    {TYPES, "[method]future-trailers.get", OWN, "future-trailers-get"},
};
#undef OWN

#define OWN (&host_older_rc20231018_interface)
#define OUT "[method]output-stream."
static const struct component_host_moved rc20231018[] = {
    {"wasi:io/poll", "poll-list", &host_io_poll_interface, "poll"},
    {"wasi:io/poll", "poll-one", OWN, "poll-one"},
    {STREAMS, "error", &host_io_error_interface, "error"},
    {STREAMS, "[method]error.to-debug-string", &host_io_error_interface, "[method]error.to-debug-string"},
    {STREAMS, OUT "splice", OWN, "splice"},
    {STREAMS, OUT "blocking-splice", OWN, "blocking-splice"},
    {STREAMS, OUT "forward", OWN, "forward"},
    {"wasi:clocks/monotonic-clock", "subscribe", OWN, "subscribe"},
    {"wasi:clocks/timezone", "display", OWN, "display"},
    {"wasi:clocks/timezone", "utc-offset", OWN, "utc-offset"},
    {"wasi:filesystem/types", "[method]descriptor.open-at", OWN, "open-at"},
    {TYPES, "[constructor]fields", OWN, "fields-new"},
    {TYPES, "[method]fields.set", OWN, "fields-set"},
    {TYPES, "[method]fields.delete", OWN, "fields-delete"},
    {TYPES, "[method]fields.append", OWN, "fields-append"},
    {TYPES, "[constructor]outgoing-request", OWN, "outgoing-request-new"},
    {TYPES, "[method]outgoing-request.write", NEW, "[method]outgoing-request.body"},
    {TYPES, "[constructor]outgoing-response", OWN, "outgoing-response-new"},
    {TYPES, "[method]outgoing-response.write", NEW, "[method]outgoing-response.body"},
    {TYPES, "[static]outgoing-body.finish", OWN, "outgoing-body-finish"},
    {TYPES, "[static]response-outparam.set", OWN, "response-outparam-set"},
    {TYPES, "[method]future-trailers.get", OWN, "future-trailers-get"},
    {TYPES, "[method]future-incoming-response.get", OWN, "future-incoming-response-get"},
    {"wasi:http/outgoing-handler", "handle", OWN, "handle"},
};

const struct component_host_older host_older[HOST_OLDER_COUNT] = {
    {"0.2.0-rc-2023-11-10", rc20231110, sizeof rc20231110 / sizeof *rc20231110, "0.2.0"},
    {"0.2.0-rc-2023-10-18", rc20231018, sizeof rc20231018 / sizeof *rc20231018, "0.2.0"},
    {"0.3.0-rc-2026-03-15", NULL, 0, "0.3.0"}, /* the same in everything */
};
