/* limits.h - every ceiling of the host room, with its reason.  Room: host. */
#ifndef SW_HOST_LIMITS_H
#define SW_HOST_LIMITS_H

/* One line of a guest's stdout or stderr; longer lines are handed on in parts. Below PIPE_BUF (4096), so that a sink may write a line and its
 * prefix in one atomic piece. */
#define HOST_LOG_LINE_MAX 4000
/* What check-write promises at most while a carrier is idle: two pages of typical SDK chunks, and what one slow client may keep here. */
#define HOST_BODY_BYTES_MAX (64u << 10)
/* A body that is written before response-outparam.set has nowhere to go: Wasmtime takes one chunk of 1 MiB then (spin.md 2.4). */
#define HOST_BODY_UNSENT_BYTES_MAX (1u << 20)
/* Of all bodies of one store together: a guest may make bodies in a loop and fill each. A response and a few requests to others. */
#define HOST_BODIES_BYTES_MAX (4u << 20)
/* A body that fermyon:spin/http or inbound-http hands over as a whole, and all of them in one process: a guest's memory does not bound them, nor
 * does the worker's limit count them. Spin takes 128 MiB of one response and has no limit for a request (spin.md 4.7, 2.4). */
#define HOST_BUFFERED_BODY_BYTES_MAX (64u << 20)
#define HOST_BUFFERED_BYTES_MAX (256u << 20)
/* fermyon:spin/http follows so many redirects: the library that Spin uses stops there (spin.md 4.7). */
#define HOST_SPIN_HTTP_HOPS_MAX 10
/* input-stream.read and splice move at most this at once: a connection's buffer is no larger. */
#define HOST_READ_BYTES_MAX (64u << 10)
/* wasi:io/streams: blocking-write-and-flush and blocking-write-zeroes-and-flush take up to 4096 bytes. */
#define HOST_BLOCKING_WRITE_MAX 4096
/* Pollables in one poll: each is looked at on every wake. */
#define HOST_POLL_MAX 4096
/* Bytes of one get-random-bytes: larger than any key or seed, small enough to be copied within a tick. */
#define HOST_RANDOM_BYTES_MAX (1u << 20)
/* Total of one fields object as Spin counts it (spin.md 2.4: 128 KiB): names, values and an allowance for each entry, which also bounds their
 * number. */
#define HOST_FIELDS_BYTES_MAX (128u << 10)
#define HOST_FIELD_OVERHEAD 32
/* Requests to others that one store has at once: each holds buffers of some 100 KiB and a descriptor. */
#define HOST_CALLS_MAX 64
/* Requests of components inside requests of components: a chain that is longer goes in circles, and each link holds an instance. */
#define HOST_CHAIN_DEPTH_MAX 16
/* path-with-query and authority of an outgoing request; 8 KiB is what servers take, RFC 9110 4.1 recommends it. */
#define HOST_URI_BYTES_MAX (16u << 10)
/* Objects of one store (streams, pollables, fields, requests): guards against a guest that makes handles in a loop. */
#define HOST_OBJECT_BYTES_MAX (8u << 20)
/* First and further blocks that objects are cut from: a small request needs less than the first, which a spare host keeps. */
#define HOST_OBJECT_BLOCK_FIRST (4u << 10)
#define HOST_OBJECT_BLOCK_NEXT (32u << 10)
/* Views that the request's fields need: the head has at most some hundred fields. */
#define HOST_ARENA_BYTES_MAX (256u << 10)
/* The result of one host call before it is lowered: random bytes are the largest. A spare host keeps this much of it at most. */
#define HOST_SCRATCH_BYTES_MAX (HOST_RANDOM_BYTES_MAX + (64u << 10))
#define HOST_SCRATCH_KEEP (64u << 10)
/* Making a component of a core module: WIT trees and tables, as `swell componentize` takes; and its world as text. */
#define HOST_ADAPT_BYTES_MAX (512u << 20)
#define HOST_ADAPT_WIT_BYTES_MAX (64u << 10)
/* A variable with its template filled, or all of a component's; below the scratch that carries it. */
#define HOST_VARIABLE_BYTES_MAX (1u << 20)
/* Hosts kept for reuse in one process, so that a request allocates nothing of ours. */
#define HOST_SPARE_MAX 128
/* Files and folders that one store has open at once: each is a descriptor of the process. */
#define HOST_FILES_MAX 128
/* What a stream reads of a file at once: as much as a body moves. */
#define HOST_FILE_BUFFER_BYTES (64u << 10)
/* descriptor.write; WASI 0.1, in both directions: bytes that one call hands to the kernel, so that a call ends soon. */
#define HOST_FILE_WRITE_BYTES_MAX (1u << 20)
/* What a symbolic link says; Linux: PATH_MAX. */
#define HOST_PATH_BYTES_MAX 4096
/* How often a path is walked again that was renamed meanwhile (openat2: EAGAIN). */
#define HOST_FILES_RACE_TRIES 16
/* WASI 0.1: buffers of one read or write; Linux takes as many (IOV_MAX). */
#define HOST_P1_BUFFERS_MAX 1024
/* Sockets that one store has at once: each is a descriptor of the process. */
#define HOST_SOCKETS_MAX 64
/* What is read of a connection at once, and kept until the guest takes it. */
#define HOST_SOCKET_READ_BYTES (32u << 10)
/* Bytes of one connection that the kernel did not take yet; check-write promises no more. */
#define HOST_SOCKET_WRITE_BYTES_MAX (64u << 10)
/* Datagrams of one receive and of one send. The largest there is (UDP over IPv4: 65507 bytes), and how much of them together. */
#define HOST_SOCKET_DATAGRAMS_MAX 16
#define HOST_SOCKET_DATAGRAM_BYTES_MAX (64u << 10)
#define HOST_SOCKET_RECEIVE_BYTES_MAX (2u * HOST_SOCKET_DATAGRAM_BYTES_MAX)
/* Datagrams from others that one receive throws away before it gives the loop a turn. */
#define HOST_SOCKET_STRANGERS_MAX 64
/* Connections that wait for accept: what the kernel takes at most by default (net.core.somaxconn), and Rust's choice when none is made. */
#define HOST_SOCKET_BACKLOG_MAX 4096
#define HOST_SOCKET_BACKLOG 128
/* Look-ups of one store at once; and names whose addresses it may still dial, the oldest go first. */
#define HOST_LOOKUPS_MAX 16
#define HOST_NAMES_MAX 32
/* The longest sleep of a loop timer; a guest's later deadline is waited for in parts. */
#define HOST_TIMER_MS_MAX (24u * 60u * 60u * 1000u)

/* What a guest's monotonic clock says at first: a day, since runtimes go back from it (Rust's Instant panics below zero). */
#define HOST_CLOCK_START_NS UINT64_C(86400000000000)

#endif
