/* names_worker.c - the worker's resolver: asks the supervisor (names.c).  Room: node. */
#include "base/alloc.h"
#include "codec/json.h"
#include "loop/resolve.h"
#include "node/limits.h"
#include "node/node_internal.h"

struct node__asker {
    struct loop_resolver face;
    int channel_fd;
    struct sw_link lookups; /* asked, not answered */
    uint32_t count;
    uint64_t last_id;
};

static int ask(struct loop_resolver *resolver, struct loop_lookup *lookup, struct sw_str name,
               struct sw_err *err)
{
    struct node__asker *asker = SW_CONTAINER(resolver, struct node__asker, face);
    sw_auto_buf json = SW_BUF(NODE_NAMES_MESSAGE_BYTES_MAX);
    if (asker->count >= NODE_NAMES_MAX)
        return sw_fail(err, SW_ELIMIT, "%d look-ups at once are the limit", NODE_NAMES_MAX);
    int rc = sw_buf_printf(&json, err, "{\"type\":\"resolve\",\"id\":%llu,\"name\":\"" SW_FMT "\"}",
                           (unsigned long long)++asker->last_id,
                           SW_ARG(name)); /* nothing in a host name needs an escape */
    const struct node_message message = {.json = sw_buf_str(&json)};
    if (rc == 0)
        rc = node_channel_send(asker->channel_fd, &message, err);
    if (rc < 0)
        return rc;
    lookup->id = asker->last_id;
    lookup->backend = asker;
    sw_list_add_tail(&asker->lookups, &lookup->link);
    asker->count++;
    return 0;
}

static void forget(struct loop_resolver *resolver, struct loop_lookup *lookup)
{
    struct node__asker *asker = SW_CONTAINER(resolver, struct node__asker, face);
    sw_list_remove(&lookup->link);
    lookup->backend = NULL;
    asker->count--;
}

struct node__asker *node__asker_new(int channel_fd)
{
    static const struct loop_resolver_ops ops = {ask, forget};
    struct node__asker *asker = sw_alloc(sizeof *asker);
    *asker = (struct node__asker){.face.ops = &ops, .channel_fd = channel_fd};
    sw_list_init(&asker->lookups);
    return asker;
}

struct loop_resolver *node__asker_face(struct node__asker *asker)
{
    return &asker->face;
}

void node__asker_free(struct node__asker *asker)
{
    sw_free(asker);
}

static struct loop_lookup *find(const struct node__asker *asker, uint64_t id)
{
    for (struct sw_link *link = asker->lookups.next; link != &asker->lookups; link = link->next) {
        struct loop_lookup *lookup = SW_CONTAINER(link, struct loop_lookup, link);
        if (lookup->id == id)
            return lookup;
    }
    return NULL;
}

static uint32_t read_addresses(const struct codec_json *list, struct loop_address *addresses)
{
    uint32_t count = 0;
    size_t given = list && codec_json_kind(list) == CODEC_JSON_ARRAY ? codec_json_count(list) : 0;
    for (size_t i = 0; i < given && count < LOOP_ADDRESSES_MAX; i++)
        if (loop_address_parse(codec_json_string(codec_json_item(list, i)), &addresses[count]))
            count++;
    return count;
}

void node__asker_answer(struct node__asker *asker, const struct codec_json *message)
{
    const struct codec_json *id = codec_json_get(message, "id");
    const struct codec_json *error = codec_json_get(message, "error");
    struct loop_lookup *lookup = id ? find(asker, (uint64_t)codec_json_integer(id)) : NULL;
    struct loop_address addresses[LOOP_ADDRESSES_MAX];
    struct sw_err err;
    if (!lookup)
        return; /* forgotten meanwhile */
    forget(&asker->face, lookup);
    uint32_t count = read_addresses(codec_json_get(message, "addresses"), addresses);
    int rc = 0;
    if (error)
        rc = sw_fail(&err, SW_EIO, SW_FMT, SW_ARG(codec_json_string(error)));
    else if (count == 0)
        rc = sw_fail(&err, SW_EIO, "the name has no address");
    lookup->fn(lookup->arg, rc, addresses, count, &err);
}
