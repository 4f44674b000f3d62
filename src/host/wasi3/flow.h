/* flow.h - WASI 0.3's way with bytes: a stream<u8>, and a future that says how it ended, over a carrier.  Room: host.
 *
 *   read-via-stream : source ──► stream<u8> that the guest reads;  future: result once the source has ended or failed
 *   write-via-stream: stream<u8> that the guest writes ──► sink;   future: result once all of it has left, or could not
 *
 * Bytes go straight between the carrier and the guest's memory; nothing is kept in between. The future has its value after the stream's last
 * byte, so a guest that looks at it learns of everything it has read or written. */
#ifndef SW_HOST_WASI3_FLOW_H
#define SW_HOST_WASI3_FLOW_H

#include <stdint.h>

#include "base/error.h"
#include "host/carrier.h"

struct component_call;
struct host;

/* The number of the interface's error-code case for a failure of the carrier. */
typedef uint32_t host_p3_code_fn(const struct host *host, const struct sw_err *err);

/* Both take over the carrier, on failure too. types: as component_call_result_type and _part_type give them.
 * Returns 0 with handles in the caller's table, or < 0: the trap is recorded. */
int host_p3_read(struct component_call *call, struct host_source *source, host_p3_code_fn *code,
                 uint32_t *ret_stream,
                 uint32_t *ret_future) SW_MUST_CHECK; /* result: tuple<stream, future> */
int host_p3_write(struct component_call *call, uint32_t stream, uint32_t param, struct host_sink *sink,
                  host_p3_code_fn *code, uint32_t *ret_future) SW_MUST_CHECK; /* result: future */
/* The same without a carrier: an error from the start. */
int host_p3_read_failed(struct component_call *call, uint32_t code, uint32_t *ret_stream,
                        uint32_t *ret_future) SW_MUST_CHECK;
int host_p3_write_failed(struct component_call *call, uint32_t stream, uint32_t param, uint32_t code,
                         uint32_t *ret_future) SW_MUST_CHECK;

#endif
