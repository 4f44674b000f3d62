/* worker.c - the worker's end of the channel: takes the serving table, says "ready", hears "accept" and "drain", answers "ping".
 * Room: node.
 *
 *   WAITING --serve: table read--> COLLECTING --last descriptor--> SERVING
 *
 * Each packet is handled in a callback of its own, and calling out is the last thing it does: the callee may free the worker.
 * Invariant: `fds` holds the descriptors that came, in order; they are the worker's until the table is given away. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "loop/loop.h"
#include "node/limits.h"
#include "node/node_internal.h"

#define FDS_MAX (2 * NODE_ARTIFACTS_TOTAL_MAX + 1024) /* 1024: more than an application's components */

struct node_worker {
    struct loop *loop;
    int channel_fd; /* the caller's */
    const struct node_worker_events *events;
    void *arg;
    struct loop_watch *watch;
    struct node_serving *serving; /* until it is given away */
    struct node_status *status;
    struct node__asker *asker;
    bool served;
    bool accepting;
    int *fds;
    uint32_t fd_count; /* those that came */
    uint32_t fd_wanted;
    char *buffer; /* NODE_MESSAGE_BYTES_MAX */
};

/* ---- the table ---- */

static void close_fd(int fd)
{
    if (fd >= 0)
        (void)close(fd); /* only read */
}

void node_serving_free(struct node_serving *serving)
{
    if (!serving)
        return;
    for (uint32_t i = 0; serving->components && i < serving->app->component_count; i++) {
        struct node_served_component *component = &serving->components[i];
        close_fd(component->wasm_fd);
        for (uint32_t k = 0; k < component->artifact_count; k++) {
            close_fd(component->artifacts[k].cwasm_fd);
            close_fd(component->artifacts[k].image_fd);
        }
        sw_free(component->artifacts);
    }
    close_fd(serving->listen_fd);
    sw_free(serving->components);
    sw_buf_deinit(&serving->settings);
    app_free(serving->app);
    sw_free(serving);
}

static int read_app(int fd, struct app **ret, struct sw_err *err)
{
    sw_auto_buf text = SW_BUF(NODE_SERVING_BYTES_MAX);
    int rc = node__read_whole(fd, &text, err);
    return rc < 0 ? rc : app_from_json(sw_buf_str(&text), ret, err);
}

static int read_keys(const struct codec_json *keys, struct node_served_component *component,
                     struct sw_err *err)
{
    component->wasm_fd = -1;
    if (codec_json_kind(keys) != CODEC_JSON_ARRAY || codec_json_count(keys) > NODE_ARTIFACTS_MAX)
        return sw_fail(err, SW_EBUG, "the table of keys: expected lists of at most %d", NODE_ARTIFACTS_MAX);
    uint32_t count = (uint32_t)codec_json_count(keys);
    component->artifacts = sw_try_alloc_array(count, sizeof *component->artifacts);
    if (!component->artifacts)
        return sw_fail(err, SW_ENOMEM, "no memory for %u core modules", count);
    for (uint32_t k = 0; k < count; k++) {
        struct sw_str key = codec_json_string(codec_json_item(keys, k));
        component->artifacts[k].cwasm_fd = component->artifacts[k].image_fd = -1;
        component->artifact_count = k + 1;
        if (!codec_is_sha256_hex(key))
            return sw_fail(err, SW_EBUG, "the table of keys: expected 64 hexadecimal digits");
        memcpy(component->artifacts[k].key, key.p, key.n);
    }
    return 0;
}

/* Makes serving->components; *ret_fds is how many descriptors they take. */
static int read_components(struct node_serving *serving, const struct codec_json *root, uint32_t *ret_fds,
                           struct sw_err *err)
{
    const struct codec_json *list = codec_json_get(root, "components");
    uint32_t count = serving->app->component_count;
    if (!list || codec_json_kind(list) != CODEC_JSON_ARRAY || codec_json_count(list) != count)
        return sw_fail(err, SW_EBUG, "the table of keys: expected %u components", count);
    serving->components = sw_try_alloc_array(count, sizeof *serving->components);
    if (!serving->components)
        return sw_fail(err, SW_ENOMEM, "no memory for %u components", count);
    for (uint32_t i = 0; i < count; i++)
        serving->components[i].wasm_fd = -1;
    uint32_t fds = 0;
    for (uint32_t i = 0; i < count; i++) {
        int rc = read_keys(codec_json_item(list, i), &serving->components[i], err);
        if (rc < 0)
            return rc;
        fds += 1 + 2 * serving->components[i].artifact_count;
    }
    *ret_fds = fds;
    return 0;
}

static int read_table(int fd, struct node_serving *serving, uint32_t *ret_fds, struct sw_err *err)
{
    sw_auto_buf text = SW_BUF(NODE_SERVING_BYTES_MAX);
    struct codec_json *root = NULL;
    int rc = node__read_whole(fd, &text, err);
    if (rc == 0)
        rc = codec_json_parse(sw_buf_str(&text), &root, err);
    const struct codec_json *settings = rc == 0 ? codec_json_get(root, "settings") : NULL;
    if (settings)
        rc = sw_buf_add(&serving->settings, codec_json_string(settings), err);
    if (rc == 0)
        rc = read_components(serving, root, ret_fds, err);
    codec_json_free(root);
    return rc;
}

static void place_fds(struct node_worker *worker)
{
    struct node_serving *serving = worker->serving;
    uint32_t at = 0;
    for (uint32_t i = 0; i < serving->app->component_count; i++) {
        struct node_served_component *component = &serving->components[i];
        component->wasm_fd = worker->fds[at++];
        for (uint32_t k = 0; k < component->artifact_count; k++) {
            component->artifacts[k].cwasm_fd = worker->fds[at++];
            component->artifacts[k].image_fd = worker->fds[at++];
        }
    }
    worker->fd_count = 0; /* all taken by the table */
}

/* ---- packets ---- */

/* What ps, top and a core's name show: at most 15 bytes. */
static void name_process(const struct codec_json *root)
{
    const struct codec_json *number = codec_json_get(root, "worker");
    int64_t index = number ? codec_json_integer(number) : -1;
    char name[16];
    if (index < 0 || index >= NODE_WORKERS_MAX)
        return;
    (void)snprintf(name, sizeof name, index < 10 ? "swell: worker %u" : "swell:worker%u",
                   (unsigned)index);         /* fits */
    (void)prctl(PR_SET_NAME, name, 0, 0, 0); /* only a name */
}

static void read_library(const struct codec_json *root, struct node_serving *serving)
{
    const struct codec_json *library = codec_json_get(root, "library");
    struct sw_str id = library ? codec_json_string(library) : SW_LIT("");
    (void)snprintf(serving->library, sizeof serving->library, SW_FMT, SW_ARG(id)); /* fits: node_config's */
}

static void read_memory(const struct codec_json *root, struct node_serving *serving)
{
    const struct codec_json *memory = codec_json_get(root, "memory");
    int64_t bytes = memory ? codec_json_integer(memory) : 0;
    serving->memory_bytes = bytes > 0 ? (uint64_t)bytes : 0;
}

static int on_serve(struct node_worker *worker, const struct codec_json *root, struct node_message *message,
                    struct sw_err *err)
{
    const struct codec_json *wanted = codec_json_get(root, "descriptors");
    int64_t count = wanted ? codec_json_integer(wanted) : -1;
    if (worker->serving || worker->served || message->fd_count != 4 || count < 0 || count > FDS_MAX)
        return sw_fail(err, SW_EBUG, "a 'serve' that was not expected");
    struct node_serving *serving = sw_alloc(sizeof *serving);
    serving->settings = SW_BUF(NODE_SERVING_BYTES_MAX);
    serving->listen_fd = message->fds[0];
    message->fds[0] = -1; /* taken */
    worker->serving = serving;
    name_process(root);
    read_library(root, serving);
    read_memory(root, serving);
    uint32_t needed = 0;
    int rc = node__status_map(message->fds[3], &worker->status, err);
    if (rc == 0)
        rc = read_app(message->fds[1], &serving->app, err);
    if (rc == 0)
        rc = read_table(message->fds[2], serving, &needed, err);
    if (rc == 0 && needed != (uint32_t)count)
        rc = sw_fail(err, SW_EBUG, "expected %u descriptors, 'serve' says %u", needed, (unsigned)count);
    if (rc < 0)
        return rc;
    worker->fds = sw_try_alloc_array(needed, sizeof *worker->fds);
    if (!worker->fds)
        return sw_fail(err, SW_ENOMEM, "no memory for %u descriptors", needed);
    worker->fd_wanted = needed;
    return 0;
}

static int on_descriptors(struct node_worker *worker, struct node_message *message, struct sw_err *err)
{
    if (!worker->serving || !worker->fds || message->fd_count > worker->fd_wanted - worker->fd_count)
        return sw_fail(err, SW_EBUG, "%u descriptors that were not expected", message->fd_count);
    for (uint32_t i = 0; i < message->fd_count; i++) {
        worker->fds[worker->fd_count++] = message->fds[i];
        message->fds[i] = -1; /* taken */
    }
    return 0;
}

static int send_word(struct node_worker *worker, struct sw_str json, struct sw_err *err)
{
    const struct node_message message = {.json = json};
    return node_channel_send(worker->channel_fd, &message, err);
}

enum order { NOTHING, ACCEPT, DRAIN }; /* what a packet asks the worker's owner for */

static int on_accept(struct node_worker *worker, enum order *ret, struct sw_err *err)
{
    if (!worker->served || worker->accepting)
        return sw_fail(err, SW_EBUG, "an 'accept' that was not expected");
    worker->accepting = true;
    *ret = ACCEPT;
    return 0;
}

static int on_packet(struct node_worker *worker, struct node_message *message, enum order *ret,
                     struct sw_err *err)
{
    struct codec_json *root = NULL;
    int rc = codec_json_parse(message->json, &root, err);
    if (rc < 0)
        return rc;
    const struct codec_json *type = codec_json_get(root, "type");
    struct sw_str word = type ? codec_json_string(type) : SW_LIT("");
    if (sw_str_eq(word, SW_LIT("ping")))
        rc = send_word(worker, SW_LIT("{\"type\":\"pong\"}"), err);
    else if (sw_str_eq(word, SW_LIT("serve")))
        rc = on_serve(worker, root, message, err);
    else if (sw_str_eq(word, SW_LIT("descriptors")))
        rc = on_descriptors(worker, message, err);
    else if (sw_str_eq(word, SW_LIT("resolved")))
        node__asker_answer(worker->asker, root);
    else if (sw_str_eq(word, SW_LIT("accept")))
        rc = on_accept(worker, ret, err);
    else if (sw_str_eq(word, SW_LIT("drain")))
        *ret = DRAIN;
    else
        rc = sw_fail(err, SW_EBUG, "a message of unknown type '" SW_FMT "'", SW_ARG(sw_str_head(word, 40)));
    codec_json_free(root);
    return rc;
}

static void lose(struct node_worker *worker)
{
    loop_watch_free(worker->watch);
    worker->watch = NULL;
    worker->events->lost(worker->arg); /* may free the worker */
}

static void give_table(struct node_worker *worker)
{
    struct node_serving *serving = worker->serving;
    place_fds(worker);
    worker->serving = NULL; /* taken by the callee */
    worker->served = true;
    worker->events->serve(worker->arg, serving); /* may free the worker */
}

static void on_readable(void *arg)
{
    struct node_worker *worker = arg;
    struct node_message message;
    struct sw_err err;
    int rc = node_channel_receive(worker->channel_fd, worker->buffer, NODE_MESSAGE_BYTES_MAX, &message, &err);
    if (rc == SW_WAIT)
        return;
    if (rc == SW_END) {
        lose(worker);
        return;
    }
    enum order order = NOTHING;
    if (rc == 0) {
        rc = on_packet(worker, &message, &order, &err);
        for (uint32_t i = 0; i < message.fd_count; i++)
            close_fd(message.fds[i]); /* what was not taken */
    }
    if (rc < 0) {
        sw_log_error("node", "channel", "%s", err.text);
        struct sw_err ignored;
        sw_ignore(node_worker_failed(worker, err.text, &ignored)); /* ending without it is all that is left */
        lose(worker);
        return;
    }
    if (order == DRAIN)
        worker->events->drain(worker->arg); /* may free the worker */
    else if (order == ACCEPT)
        worker->events->accept(worker->arg); /* the same */
    else if (worker->serving && worker->fd_count == worker->fd_wanted)
        give_table(worker);
}

int node_worker_new(struct loop *loop, int channel_fd, const struct node_worker_events *events, void *arg,
                    struct node_worker **ret, struct sw_err *err)
{
    struct node_worker *worker = sw_alloc(sizeof *worker);
    *worker = (struct node_worker){.loop = loop, .channel_fd = channel_fd, .events = events, .arg = arg};
    worker->buffer = sw_alloc(NODE_MESSAGE_BYTES_MAX);
    worker->asker = node__asker_new(channel_fd);
    int rc = loop_watch_new(loop, channel_fd, on_readable, worker, &worker->watch, err);
    if (rc < 0) {
        node_worker_free(worker);
        return rc;
    }
    *ret = worker;
    return 0;
}

int node_worker_ready(struct node_worker *worker, struct sw_err *err)
{
    return send_word(worker, SW_LIT("{\"type\":\"ready\"}"), err);
}

int node_worker_stopped(struct node_worker *worker, struct sw_err *err)
{
    return send_word(worker, SW_LIT("{\"type\":\"stopped\"}"), err);
}

struct loop_resolver *node_worker_resolver(struct node_worker *worker)
{
    return node__asker_face(worker->asker);
}

struct node_status *node_worker_status(struct node_worker *worker)
{
    return worker->status;
}

int node_worker_failed(struct node_worker *worker, const char *text, struct sw_err *err)
{
    sw_auto_buf json = SW_BUF(NODE_MESSAGE_BYTES_MAX);
    int rc = sw_buf_add(&json, SW_LIT("{\"type\":\"failed\",\"text\":"), err);
    struct sw_str valid =
        sw_utf8_valid(sw_str_of(text)) ? sw_str_of(text) : SW_LIT("a reason that is not UTF-8");
    if (rc == 0)
        rc = codec_json_add_string(&json, valid, err);
    if (rc == 0)
        rc = sw_buf_add(&json, SW_LIT("}"), err);
    return rc < 0 ? rc : send_word(worker, sw_buf_str(&json), err);
}

void node_worker_free(struct node_worker *worker)
{
    if (!worker)
        return;
    loop_watch_free(worker->watch);
    for (uint32_t i = 0; i < worker->fd_count; i++)
        close_fd(worker->fds[i]);
    node_serving_free(worker->serving);
    node__status_unmap(worker->status);
    node__asker_free(worker->asker);
    sw_free(worker->fds);
    sw_free(worker->buffer);
    sw_free(worker);
}
