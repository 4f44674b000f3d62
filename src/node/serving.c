/* serving.c - the serving table as the supervisor holds and sends it.  Room: node.
 *
 * On the channel, supervisor to worker:
 *   {"type":"serve","descriptors":N,"worker":I,"memory":BYTES,"library":ID}  with listener, locked application, table of keys, status page
 *   {"type":"descriptors"}  with the next up to 64 of the N: per component its .wasm, then per core module .cwasm and image
 *   {"type":"accept"}       all workers of this revision are ready: take connections
 *   {"type":"ping"}         asks for a sign of life
 *   {"type":"drain"}        take no more connections, end when the last request is answered
 * and back: {"type":"ready"}, {"type":"failed","text":"..."}, {"type":"pong"}, {"type":"stopped"}.
 * The table of keys is {"settings":"<text>","components":[["<key>",...],...]}.
 *
 * The supervisor holds every file open from the moment it was compiled: a worker that starts again later gets the same ones, whatever
 * happened to the cache or the .wasm meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "codec/json.h"
#include "node/limits.h"
#include "node/node_internal.h"

struct node__serving {
    int listen_fd;       /* the caller's */
    const char *library; /* the same; or NULL */
    uint64_t memory_bytes;
    int app_fd;
    int table_fd;
    int *fds; /* in the order of the protocol */
    uint32_t fd_count;
};

/* ---- making ---- */

static int add_artifact(struct node__serving *serving, const char *cache_dir, const char *key,
                        struct sw_err *err)
{
    int rc = node_cache_open(cache_dir, key, &serving->fds[serving->fd_count],
                             &serving->fds[serving->fd_count + 1], err);
    if (rc == SW_ABSENT)
        return sw_fail(err, SW_EIO, "'%s' has vanished from the cache folder '%s'\nhint: start again", key,
                       cache_dir);
    if (rc == 0)
        serving->fd_count += 2;
    return rc;
}

static int add_component(struct node__serving *serving, const struct node_config *config, uint32_t index,
                         const struct node__keys *keys, struct sw_err *err)
{
    const struct app_component *component = &config->app->components[index];
    int fd =
        open(component->source.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO by now must not hold us */
    if (fd < 0)
        return sw_fail_errno(err, SW_EIO, errno, "open '" SW_FMT "'", SW_ARG(component->source));
    serving->fds[serving->fd_count++] = fd;
    for (uint32_t i = 0; i < keys->count; i++) {
        int rc = add_artifact(serving, config->cache_dir, keys->keys[i], err);
        if (rc < 0)
            return sw_wrap(err, "component '" SW_FMT "'", SW_ARG(component->id));
    }
    return 0;
}

static int write_table(const struct node_config *config, const struct node__compile *compile,
                       struct sw_buf *out, struct sw_err *err)
{
    const struct app *app = config->app;
    int rc = sw_buf_add(out, SW_LIT("{\"settings\":"), err);
    if (rc == 0)
        rc = codec_json_add_string(out, sw_str_of(config->settings), err);
    if (rc == 0)
        rc = sw_buf_add(out, SW_LIT(",\"components\":["), err);
    for (uint32_t i = 0; rc == 0 && i < app->component_count; i++) {
        const struct node__keys *keys = node__compile_keys(compile, i);
        rc = sw_buf_printf(out, err, "%s[", i ? "," : "");
        for (uint32_t k = 0; rc == 0 && k < keys->count; k++)
            rc = sw_buf_printf(out, err, "%s\"%s\"", k ? "," : "", keys->keys[k]);
        if (rc == 0)
            rc = sw_buf_add(out, SW_LIT("]"), err);
    }
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT("]}"), err);
}

static int write_files(struct node__serving *serving, const struct node_config *config,
                       const struct node__compile *compile, struct sw_err *err)
{
    sw_auto_buf text = SW_BUF(NODE_SERVING_BYTES_MAX);
    int rc = app_to_json(config->app, &text, err);
    if (rc == 0)
        rc = node__memory_file("swell-app", sw_buf_str(&text), &serving->app_fd, err);
    sw_buf_clear(&text);
    if (rc == 0)
        rc = write_table(config, compile, &text, err);
    return rc < 0 ? rc : node__memory_file("swell-table", sw_buf_str(&text), &serving->table_fd, err);
}

static int open_all(struct node__serving *serving, const struct node_config *config,
                    const struct node__compile *compile, struct sw_err *err)
{
    const struct app *app = config->app;
    size_t artifacts = 0;
    for (uint32_t i = 0; i < app->component_count; i++)
        artifacts += node__compile_keys(compile, i)->count;
    if (artifacts > NODE_ARTIFACTS_TOTAL_MAX)
        return sw_fail(err, SW_ELIMIT, "the application has %zu core modules, at most %d are supported",
                       artifacts, NODE_ARTIFACTS_TOTAL_MAX);
    serving->fds = sw_try_alloc_array(app->component_count + 2 * artifacts, sizeof *serving->fds);
    if (!serving->fds)
        return sw_fail(err, SW_ENOMEM, "no memory for %zu core modules", artifacts);
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < app->component_count; i++)
        rc = add_component(serving, config, i, node__compile_keys(compile, i), err);
    return rc;
}

int node__serving_new(const struct node_config *config, const struct node__compile *compile,
                      struct node__serving **ret, struct sw_err *err)
{
    struct node__serving *serving = sw_alloc(sizeof *serving);
    *serving = (struct node__serving){.listen_fd = config->listen_fd,
                                      .library = config->library,
                                      .memory_bytes = config->memory_bytes,
                                      .app_fd = -1,
                                      .table_fd = -1};
    int rc = open_all(serving, config, compile, err);
    if (rc == 0)
        rc = write_files(serving, config, compile, err);
    if (rc < 0) {
        node__serving_free(serving);
        return rc;
    }
    *ret = serving;
    return 0;
}

void node__serving_free(struct node__serving *serving)
{
    if (!serving)
        return;
    for (uint32_t i = 0; i < serving->fd_count; i++)
        (void)close(serving->fds[i]); /* only read */
    if (serving->app_fd >= 0)
        (void)close(serving->app_fd);
    if (serving->table_fd >= 0)
        (void)close(serving->table_fd);
    sw_free(serving->fds);
    sw_free(serving);
}

/* ---- sending ---- */

static int send_fds(const struct node__serving *serving, uint32_t first, uint32_t count, int channel_fd,
                    struct sw_err *err)
{
    struct node_message message = {.json = SW_LIT("{\"type\":\"descriptors\"}")};
    int rc = 0;
    while (rc == 0 && message.fd_count < count) {
        rc = node__reopen(serving->fds[first + message.fd_count], &message.fds[message.fd_count], err);
        if (rc == 0)
            message.fd_count++;
    }
    if (rc == 0)
        rc = node_channel_send(channel_fd, &message, err);
    for (uint32_t i = 0; i < message.fd_count; i++)
        (void)close(message.fds[i]); /* the packet has its own */
    return rc;
}

int node__serving_send(const struct node__serving *serving, uint32_t index, int status_fd, int channel_fd,
                       struct sw_err *err)
{
    char text[128 + NODE_LIBRARY_BYTES_MAX];
    (void)snprintf(
        text, sizeof text,
        "{\"type\":\"serve\",\"descriptors\":%u,\"worker\":%u,\"memory\":%llu,\"library\":\"%.128s\"}",
        serving->fd_count, index, (unsigned long long)serving->memory_bytes,
        serving->library ? serving->library : ""); /* fits; hex digits */
    const struct node_message first = {
        .json = sw_str_of(text),
        .fds = {serving->listen_fd, serving->app_fd, serving->table_fd, status_fd},
        .fd_count = 4};
    int rc = node_channel_send(channel_fd, &first, err);
    for (uint32_t at = 0; rc == 0 && at < serving->fd_count;) {
        uint32_t left = serving->fd_count - at;
        uint32_t count = left < NODE_MESSAGE_FDS_MAX ? left : NODE_MESSAGE_FDS_MAX;
        rc = send_fds(serving, at, count, channel_fd, err);
        at += count;
    }
    return rc < 0 ? sw_wrap(err, "send the application to a worker") : 0;
}
