/* limits.h - the named limits of the loop room.  Room: loop. */
#ifndef SW_LOOP_LIMITS_H
#define SW_LOOP_LIMITS_H

/* Connections taken per readiness of a listener. Few, so that processes that share it get an even part of a burst of connections
 * and so that connections that are open already are not kept waiting; the loop comes back at once while there are more. */
#define LOOP_ACCEPT_BATCH_MAX 2

/* Connections taken at once by a process that will accept no more: all that can wait (the backlog is at most net.core.somaxconn, 4096). */
#define LOOP_ACCEPT_LAST_MAX 4096

/* How long accepting rests when the process or the system has no descriptors or memory left for a connection: the readiness would
 * otherwise be reported again at once, for ever. */
#define LOOP_ACCEPT_REST_MS 100

/* A listener looks without being woken this often: a wake-up that one process got, and could not use because it paused in that very turn,
 * is lost to the others. */
#define LOOP_ACCEPT_LOOK_MS 1000

/* Descriptors given to a child; the node needs standard streams, a channel and its listeners. */
#define LOOP_SPAWN_FDS_MAX 64

/* Turns that loop_free runs so that closed objects can finish; each needs one. */
#define LOOP_FREE_TURNS_MAX 8

/* Parts of one gathered write; IOV_MAX is 1024, nobody here needs more than head, chunk size, body, end. */
#define LOOP_WRITE_PARTS_MAX 64

/* Sockets that still send what their user left, and how long one may take: a peer that reads nothing must not hold descriptors. */
#define LOOP_SOCKETS_FINISHING_MAX 256
#define LOOP_SOCKET_FINISH_MS 10000

/* A host name (RFC 1035 2.3.4: 255 bytes on the wire, 253 as text). */
#define LOOP_NAME_BYTES_MAX 253
/* Addresses of one name that are looked at; the best come first. */
#define LOOP_ADDRESSES_MAX 16

#endif
