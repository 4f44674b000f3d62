/* limits.h - every ceiling of the app room, with its reason.  Room: app. */
#ifndef SW_APP_LIMITS_H
#define SW_APP_LIMITS_H

/* Everything one application's description may hold: a manifest of 1 MiB (codec/limits.h) with its tree, or a locked app. */
#define APP_ARENA_BYTES_MAX (64u << 20)
/* Large real applications have some dozens of each; the tables that workers build are sized by these. */
#define APP_COMPONENTS_MAX 256
#define APP_TRIGGERS_MAX 1024
#define APP_ENV_MAX 1024         /* per component, --env included */
#define APP_VARIABLES_MAX 1024   /* of an application, and per component */
#define APP_LIST_MAX 1024        /* items of one list of a manifest: hosts, files, labels, authors */
#define APP_DEPENDENCIES_MAX 256 /* per component */
#define APP_WARNINGS_MAX 64      /* further ones are dropped */
/* One value of a variable, and a file that holds one or several: certificates and keys, not data. */
#define APP_VARIABLE_BYTES_MAX (1u << 20)
/* A component given by URL: JavaScript's take 12 MiB, Python's 40. Times: of connecting, of a transfer that stands still, of the whole. */
#define APP_DOWNLOAD_BYTES_MAX (512u << 20)
#define APP_DOWNLOAD_CONNECT_MS_MAX 15000
#define APP_DOWNLOAD_STALL_S_MAX 30
#define APP_DOWNLOAD_MS_MAX (15 * 60 * 1000)
#define APP_DOWNLOAD_REDIRECTS_MAX 10
#define APP_DOWNLOAD_PROGRESS_MS 1000
/* A registry: its description and its manifests are a few hundred bytes, a token some thousand, a page of tags at most 100 KiB. What
 * asking once may take; pages of a thousand tags each. */
#define APP_REGISTRY_JSON_BYTES_MAX (4u << 20)
#define APP_REGISTRY_TOKEN_BYTES_MAX (16u << 10)
#define APP_REGISTRY_MS_MAX 60000
#define APP_REGISTRY_PAGES_MAX 32
#define APP_REGISTRY_HOST_BYTES_MAX 255
#define APP_REGISTRY_NAME_BYTES_MAX 255 /* of a repository: distribution-spec, "Pulling manifests" */
#define APP_REGISTRY_CONFIG_BYTES_MAX (1u << 20)
/* Limits of a request that a manifest or an option may ask for. A day outlasts every request; 64 KiB is one page of memory, 64 GiB
 * sixteen full ones; a worker has stacks and mappings for some thousands of requests at once. */
#define APP_TIME_MS_MAX (24u * 60u * 60u * 1000u)
#define APP_MEMORY_BYTES_MIN (64u << 10)
#define APP_MEMORY_BYTES_MAX (UINT64_C(64) << 30)
#define APP_BODY_BYTES_MAX (UINT64_C(1) << 40)
#define APP_CONCURRENCY_MAX 16384u
#define APP_QUEUE_MAX 16384u
/* How far up a manifest is searched, and where a git root ends it earlier; spin.md 1.1. */
#define APP_PARENTS_MAX 20
/* One route: as long as the request line that could match it. */
#define APP_ROUTE_BYTES_MAX 4096
#define APP_ROUTE_SEGMENTS_MAX 64
/* Files and folders that are looked at for one component, and how deep: a large site; links to folders above would go on for ever. */
#define APP_FILES_MAX 200000u
#define APP_FILES_DEPTH_MAX 64u
#define APP_REMOVE_FDS 16         /* that removing copies may have open */
#define APP_COPY_BYTES (8u << 20) /* by one call, so that copying can be interrupted */
/* A value from the manifest inside a message. */
#define APP_MESSAGE_VALUE_BYTES_MAX 60

/* One entry of allowed_outbound_hosts with its variables' values: a host name, a scheme and a port, with room for white space. */
#define APP_OUTBOUND_ENTRY_BYTES_MAX 4096
/* All entries of a component, parsed: APP_LIST_MAX of them, each rarely over 100 bytes. */
#define APP_OUTBOUND_BYTES_MAX (8u << 20)

#endif
