/* names.c - the supervisor looks names up for a worker, whose sandbox has no files and no sockets for it.  Room: node.
 *
 *   worker: {"type":"resolve","id":7,"name":"example.com"}
 *   supervisor: {"type":"resolved","id":7,"addresses":["93.184.215.14"]}, or with "error":"..." instead
 *
 * What a worker asks is a stranger's: form, number and time are bounded, and it can hold up nobody but itself. An application that was
 * granted no host gets no answer but an error: no packet leaves for it. */
#include "base/alloc.h"
#include "base/log.h"
#include "codec/json.h"
#include "loop/resolve.h"
#include "node/limits.h"
#include "node/node_internal.h"

struct query {
    struct sw_link link; /* names.waiting or names.running */
    struct node__names *names;
    struct loop_lookup lookup;
    uint64_t id;
    size_t name_n;
    char name[LOOP_NAME_BYTES_MAX];
};
struct node__names {
    struct loop_resolver *resolver;
    int channel_fd;
    bool granted;
    struct sw_link waiting;
    struct sw_link running;
    uint32_t count;
    uint32_t running_count;
};

struct node__names *node__names_new(struct loop *loop, int channel_fd, bool granted)
{
    struct node__names *names = sw_alloc(sizeof *names);
    *names = (struct node__names){
        .resolver = loop_resolver_new(loop), .channel_fd = channel_fd, .granted = granted};
    sw_list_init(&names->waiting);
    sw_list_init(&names->running);
    return names;
}

static void query_free(struct query *query)
{
    loop_lookup_drop(query->names->resolver, &query->lookup);
    sw_list_remove(&query->link);
    query->names->count--;
    sw_free(query);
}

void node__names_free(struct node__names *names)
{
    if (!names)
        return;
    while (!sw_list_empty(&names->waiting))
        query_free(SW_CONTAINER(names->waiting.next, struct query, link));
    while (!sw_list_empty(&names->running))
        query_free(SW_CONTAINER(names->running.next, struct query, link));
    loop_resolver_free(names->resolver);
    sw_free(names);
}

/* ---- answers ---- */

static int write_answer(struct sw_buf *out, uint64_t id, const struct loop_address *addresses, uint32_t count,
                        const struct sw_err *why, struct sw_err *err)
{
    int rc = sw_buf_printf(out, err, "{\"type\":\"resolved\",\"id\":%llu,", (unsigned long long)id);
    if (rc == 0 && why) {
        struct sw_str text = sw_str_of(why->text);
        rc = sw_buf_add(out, SW_LIT("\"error\":"), err);
        if (rc == 0)
            rc = codec_json_add_string(out, sw_utf8_valid(text) ? text : SW_LIT("no answer"), err);
        return rc < 0 ? rc : sw_buf_add(out, SW_LIT("}"), err);
    }
    if (rc == 0)
        rc = sw_buf_add(out, SW_LIT("\"addresses\":["), err);
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        char text[LOOP_ADDRESS_TEXT_MAX];
        loop_address_print(&addresses[i], text);
        rc = sw_buf_printf(out, err, "%s\"%s\"", i ? "," : "", text);
    }
    return rc < 0 ? rc : sw_buf_add(out, SW_LIT("]}"), err);
}

/* One that does not reach the worker runs into its time limit there. */
static void answer(const struct node__names *names, uint64_t id, const struct loop_address *addresses,
                   uint32_t count, const struct sw_err *why)
{
    sw_auto_buf json = SW_BUF(NODE_NAMES_MESSAGE_BYTES_MAX);
    struct sw_err err;
    int rc = write_answer(&json, id, addresses, count, why, &err);
    const struct node_message message = {.json = sw_buf_str(&json)};
    if (rc == 0)
        rc = node_channel_send(names->channel_fd, &message, &err);
    if (rc < 0)
        sw_log_debug("node", "names.answer", "%s", err.text);
}

/* ---- questions ---- */

static void run_waiting(struct node__names *names);

static void on_resolved(void *arg, int rc, const struct loop_address *addresses, uint32_t count,
                        const struct sw_err *err)
{
    struct query *query = arg;
    struct node__names *names = query->names;
    answer(names, query->id, addresses, count, rc < 0 ? err : NULL);
    names->running_count--;
    query_free(query);
    run_waiting(names);
}

static void run_waiting(struct node__names *names)
{
    while (names->running_count < NODE_NAMES_RUNNING_MAX && !sw_list_empty(&names->waiting)) {
        struct query *query = SW_CONTAINER(names->waiting.next, struct query, link);
        struct sw_err err;
        if (loop_lookup_start(names->resolver, &query->lookup, sw_str(query->name, query->name_n),
                              on_resolved, query, &err) < 0) {
            answer(names, query->id, NULL, 0, &err);
            query_free(query);
            continue;
        }
        sw_list_remove(&query->link);
        sw_list_add_tail(&names->running, &query->link);
        names->running_count++;
    }
}

static int check(const struct node__names *names, struct sw_str name, struct sw_err *err)
{
    if (!names->granted)
        return sw_fail(err, SW_EDENIED, "the application may not connect to any host");
    if (!loop_name_ok(name))
        return sw_fail(err, SW_EINPUT, "no host name");
    if (names->count >= NODE_NAMES_MAX)
        return sw_fail(err, SW_ELIMIT, "%d look-ups at once are the limit", NODE_NAMES_MAX);
    return 0;
}

void node__names_ask(struct node__names *names, const struct codec_json *question)
{
    const struct codec_json *id = codec_json_get(question, "id");
    const struct codec_json *name = codec_json_get(question, "name");
    struct sw_str text = name ? codec_json_string(name) : SW_LIT("");
    struct sw_err err;
    uint64_t number = id && codec_json_integer(id) > 0 ? (uint64_t)codec_json_integer(id) : 0;
    struct query *query = NULL;
    int rc = check(names, text, &err);
    if (rc == 0 && !(query = sw_try_alloc(sizeof *query)))
        rc = sw_fail(&err, SW_ENOMEM, "no memory for a look-up");
    if (rc < 0) {
        answer(names, number, NULL, 0, &err);
        return;
    }
    query->names = names;
    query->id = number;
    query->name_n = text.n;
    memcpy(query->name, text.p, text.n);
    sw_list_init(&query->link);
    sw_list_add_tail(&names->waiting, &query->link);
    names->count++;
    run_waiting(names);
}
