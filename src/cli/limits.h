/* limits.h - every ceiling of the cli room, with its reason.  Room: cli. */
#ifndef SW_CLI_LIMITS_H
#define SW_CLI_LIMITS_H

/* How often one option can be repeated: more environment variables than this belong into the manifest. */
#define CLI_LIST_ITEMS_MAX 256
/* Connections that wait to be accepted; the kernel lowers it to net.core.somaxconn. */
#define CLI_LISTEN_BACKLOG 4096
/* A host name (253 by RFC 1035) in brackets with a port. */
#define CLI_ADDRESS_BYTES_MAX 300
/* Ports that --find-free-port tries, one after the other (spin.md 2.10). */
#define CLI_PORTS_TRIED 10
/* What the HTTP server takes at most (http/limits.h, trigger/limits.h), and the least for a head, as in Spin. */
#define CLI_HTTP_HEAD_BYTES_MIN 8192u
#define CLI_HTTP_HEAD_BYTES_MAX (1u << 20)
#define CLI_HTTP_FIELDS_MAX 10000
#define CLI_CONNECTIONS_MAX 20000
/* The settings for workers: paths, and as many followed components as an option can be repeated. */
#define CLI_SETTINGS_BYTES_MAX (1u << 20)
/* How long the end waits for a reader of stderr to take the last log records. */
#define CLI_LOG_FLUSH_MS 2000u
/* Memory of a compile process: large components need 2 GiB; a hostile one must not take the machine's. */
#define CLI_COMPILE_MEMORY_BYTES_MAX (8ull << 30)
/* The least that --max-worker-memory may say: a guest of a real language holds a few MiB. */
#define CLI_WORKER_MEMORY_BYTES_MIN (16ull << 20)
/* What `swell run` ends with when the command did not end itself: as after abort() in a shell, and as timeout(1) does. */
#define CLI_RUN_TRAP_STATUS 134
#define CLI_RUN_LATE_STATUS 124
/* What a command prints about a component: the world of one with all of WASI takes 100 KiB; names are the input's, so not without end. */
#define CLI_OUTPUT_BYTES_MAX (64u << 20)
/* Components inside each other that inspect looks into; as deep as the decoder goes (COMPONENT_NESTING_MAX). */
#define CLI_NESTING_MAX 100
/* Producers that inspect shows: components have under ten; each is compared with those before it. */
#define CLI_PRODUCERS_MAX 256

#endif
