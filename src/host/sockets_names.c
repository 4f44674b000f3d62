/* sockets_names.c - looking names up for a guest, where it was granted them.  Room: host.
 *
 *   PENDING --on_resolved--> OVER: addresses, or why there are none        a number is OVER at once and asks nobody
 *
 * What a name was found to be is kept (host.names): those addresses may be dialled where the name may, without a second look-up that could
 * give others. source: wasi:sockets@0.2.12 ip-name-lookup.wit */
#include <string.h>

#include "app/outbound.h"
#include "host/host_internal.h"
#include "host/limits.h"
#include "host/sockets.h"

void host_lookup_ref(struct host_lookup *lookup)
{
    lookup->refs++;
}

void host_lookup_unref(struct host_lookup *lookup)
{
    struct host *host = lookup->host;
    if (--lookup->refs)
        return;
    if (!lookup->is_over) {
        loop_lookup_drop(host->grants->outside->resolver, &lookup->op);
        sw_list_remove(&lookup->link);
        host->lookup_count--;
    }
    HOST_FREE(host, lookup);
}

/* ---- what came ---- */

static void keep_name(const struct host_lookup *lookup)
{
    struct host *host = lookup->host;
    struct host_name *name;
    if (host->name_count >= HOST_NAMES_MAX) {
        name = SW_CONTAINER(sw_list_take_head(&host->names), struct host_name, link);
        host->name_count--;
    } else {
        name = host_object_new(&host->objects, sizeof *name);
    }
    if (!name)
        return; /* its addresses are then not dialled */
    memcpy(name->addresses, lookup->addresses, sizeof name->addresses);
    name->count = lookup->count;
    memcpy(name->text, lookup->text, sizeof name->text);
    name->name = sw_str(name->text, lookup->name.n);
    sw_list_init(&name->link);
    sw_list_add_tail(&host->names, &name->link);
    host->name_count++;
}

static bool is_mapped(const struct loop_address *address)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return address->is_v6 && memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

static void take(struct host_lookup *lookup, const struct loop_address *addresses, uint32_t count)
{
    const struct host_outside *outside = lookup->host->grants->outside;
    bool is_blocked = false;
    for (uint32_t i = 0; i < count && lookup->count < LOOP_ADDRESSES_MAX; i++) {
        if (outside->permit && !outside->permit(outside->permit_arg, &addresses[i]))
            is_blocked = true;
        else if (!is_mapped(&addresses[i]))
            lookup->addresses[lookup->count++] = addresses[i];
    }
    if (lookup->count == 0)
        lookup->rc = is_blocked ? HOST_SOCKET_DENIED : HOST_SOCKET_NAME_UNRESOLVABLE;
    else
        keep_name(lookup);
}

static void on_resolved(void *arg, int rc, const struct loop_address *addresses, uint32_t count,
                        const struct sw_err *err)
{
    struct host_lookup *lookup = arg;
    lookup->is_over = true;
    sw_list_remove(&lookup->link);
    lookup->host->lookup_count--;
    if (rc == 0)
        take(lookup, addresses, count);
    else
        lookup->rc = err->code == SW_ELIMIT ? HOST_SOCKET_RESOLVER_BUSY : HOST_SOCKET_NAME_UNRESOLVABLE;
    host_event_fire(&lookup->changed);
}

/* ---- asking ---- */

static bool is_granted(const struct host_grants *grants, struct sw_str name)
{
    return app_outbound_allows_some_port(grants->outbound, SW_LIT("tcp"), name) ||
           app_outbound_allows_some_port(grants->outbound, SW_LIT("udp"), name);
}

static bool ends_in_nocase(struct sw_str text, struct sw_str end)
{
    return text.n >= end.n && sw_str_eq_nocase(sw_str_from(text, text.n - end.n), end);
}

static struct sw_str without_brackets(struct sw_str name)
{
    bool has =
        name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']' && sw_str_find(name, ':') != SW_NPOS;
    return has ? sw_str(name.p + 1, name.n - 2) : name;
}

static int begin(struct host_lookup *lookup, struct sw_str name)
{
    struct host *host = lookup->host;
    struct sw_err err;
    memcpy(lookup->text, name.p, name.n);
    lookup->name = sw_str(lookup->text, name.n);
    int rc = loop_lookup_start(host->grants->outside->resolver, &lookup->op, lookup->name, on_resolved,
                               lookup, &err);
    if (rc < 0)
        return err.code == SW_ENOMEM ? HOST_SOCKET_OUT_OF_MEMORY : HOST_SOCKET_RESOLVER_BUSY;
    sw_list_init(&lookup->link);
    sw_list_add_tail(&host->lookups, &lookup->link);
    host->lookup_count++;
    return HOST_SOCKET_OK;
}

static int check_name(struct host *host, const struct host_grants *grants, struct sw_str name)
{
    if (!loop_name_ok(name))
        return HOST_SOCKET_INVALID_ARGUMENT;
    if (ends_in_nocase(name, SW_LIT(".spin.internal"))) /* components; never a name of the network */
        return HOST_SOCKET_NAME_UNRESOLVABLE;
    if (!is_granted(grants, name)) {
        host_say_denied(host, "tried to look up a name", SW_LIT("tcp"), name);
        return HOST_SOCKET_DENIED;
    }
    return host->lookup_count < HOST_LOOKUPS_MAX ? HOST_SOCKET_OK : HOST_SOCKET_RESOLVER_BUSY;
}

int host_lookup_new(struct host *host, const struct host_grants *grants, struct sw_str name,
                    struct host_lookup **ret)
{
    const struct host_outside *outside = host->grants->outside;
    struct loop_address address;
    if (!outside || !outside->resolver || !is_granted(grants, SW_LIT("")))
        return HOST_SOCKET_DENIED;
    bool is_number = loop_address_parse(without_brackets(name), &address);
    int rc = is_number ? is_mapped(&address) : check_name(host, grants, name);
    if (rc)
        return is_number ? HOST_SOCKET_INVALID_ARGUMENT : rc;
    struct host_lookup *lookup = host_object_new(&host->objects, sizeof *lookup);
    if (!lookup)
        return HOST_SOCKET_OUT_OF_MEMORY;
    lookup->host = host;
    lookup->refs = 1;
    host_event_init(&lookup->changed);
    if (is_number) {
        lookup->is_over = true;
        lookup->addresses[lookup->count++] = address;
    } else {
        rc = begin(lookup, name);
    }
    if (rc)
        HOST_FREE(host, lookup);
    else
        *ret = lookup;
    return rc;
}

int host_lookup_next(struct host_lookup *lookup, bool *ret_has, struct loop_address *ret)
{
    if (!lookup->is_over)
        return HOST_SOCKET_WOULD_BLOCK;
    if (lookup->rc)
        return lookup->rc;
    *ret_has = lookup->at < lookup->count;
    if (*ret_has)
        *ret = lookup->addresses[lookup->at++];
    return HOST_SOCKET_OK;
}
