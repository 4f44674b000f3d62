/* registry.h - packages by name: which registry has them, which version will do, where its bytes are.  Room: app.
 *
 *   "ns:name" --registry.c--> registry's name --/.well-known/wasm-pkg/registry.json--> OCI host and repository
 *             --registry_oci.c: tags, a token if asked for, the manifest--> URL and digest, for app_download
 *
 * Plain HTTP is spoken to the loopback, and to registries whose configuration says protocol = "http"; HTTPS to all others.
 * source: spin.md 1.8, 1.10; the conventions of wasm-pkg-tools; opencontainers/distribution-spec 1.1; CNCF "Wasm OCI Artifact" */
#ifndef SW_APP_REGISTRY_H
#define SW_APP_REGISTRY_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct app__package {
    struct sw_str name;        /* "namespace:name" */
    struct sw_str requirement; /* "=1.2.3", ">=1.0": the highest version that fits is taken */
    struct sw_str registry;    /* its name; empty: what the configuration says */
};
struct app__package_found { /* texts end with NUL and live in the arena */
    struct sw_str url, digest;
    const char *authorization; /* or NULL */
};
/* config_home: the folder that has wasm-pkg/config.toml; NULL: there is none.
 * fails: SW_EINPUT (no registry, no such package or version, what came is no package), SW_EDENIED, SW_EIO, SW_ETIMEOUT, SW_ELIMIT */
int app__package_find(const struct app__package *package, const char *config_home, struct sw_arena *arena,
                      struct app__package_found *ret, struct sw_err *err) SW_MUST_CHECK;

/* ---- between the two files ---- */

struct app__oci {
    struct sw_str package;  /* for messages */
    const char *base;       /* "https://host:port", without '/' at its end */
    const char *repository; /* "prefix/namespace/name" */
    struct sw_arena *arena;
};
int app__oci_find(const struct app__oci *oci, struct sw_str requirement, struct app__package_found *ret,
                  struct sw_err *err) SW_MUST_CHECK;
/* "https://registry.example/v2": whether it may be spoken to in plain HTTP without being told so. */
bool app__host_is_loopback(struct sw_str host);

#endif
