/* outbound.h - allowed_outbound_hosts: where a component may connect to.  Room: app.
 *
 * Entries are "scheme://host[:port]". Expanded and parsed once, when a component is loaded; asked for every connection of every outgoing
 * interface. What no entry allows is denied.
 * source: spin.md 1.11, 1.15, 12 */
#ifndef SW_APP_OUTBOUND_H
#define SW_APP_OUTBOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "app/app.h"

struct app_outbound;

/* One entry, with its templates expanded. fails: SW_EINPUT with the rule that it breaks */
int app_outbound_check(struct sw_str text, struct sw_err *err) SW_MUST_CHECK;

/* Whether any component has an entry at all: if not, nothing of the application ever makes a socket. */
bool app_reaches_out(const struct app *app);

/* Whether an entry of any component may be one for plain TCP or UDP, whatever its templates become. */
bool app_uses_sockets(const struct app *app);

/* The component's entries, templates expanded by the variables that the application has by now. An entry whose variable has no value
 * allows nothing, one that becomes empty, "http://" or "https://" is skipped. Outlives app.
 * fails: SW_EINPUT naming the entry, SW_ENOMEM, SW_ELIMIT */
int app_outbound_new(const struct app *app, const struct app_component *component, struct app_outbound **ret,
                     struct sw_err *err) SW_MUST_CHECK;
void app_outbound_free(struct app_outbound *outbound); /* NULL is fine */

/* Whether host (a name or a number, without brackets) may be connected to. outbound NULL: nothing may. */
bool app_outbound_allows(const struct app_outbound *outbound, struct sw_str scheme, struct sw_str host,
                         uint16_t port);
/* The same for some port; host empty: for some host of the network. */
bool app_outbound_allows_some_port(const struct app_outbound *outbound, struct sw_str scheme,
                                   struct sw_str host);
/* Whether requests to the application itself ("self", and URLs without a host) may be made by that scheme. */
bool app_outbound_allows_self(const struct app_outbound *outbound, struct sw_str scheme);
/* The port that stands for none. False: the scheme has none. */
bool app_outbound_default_port(struct sw_str scheme, uint16_t *ret);

/* ---- networks ---- */

struct app_network { /* CIDR; an address of IPv4 in the first four bytes */
    uint8_t bytes[16];
    bool is_v6;
    uint8_t prefix;
};
/* "10.0.0.0/8", "::1/128", or a single address. */
bool app_network_parse(struct sw_str text, struct app_network *ret) SW_MUST_CHECK;
bool app_network_has(const struct app_network *network, const uint8_t bytes[16], bool is_v6);
/* An item of block_networks: "private" (then it is the empty network) or CIDR. */
bool app_network_blocks(struct sw_str text, struct app_network *ret) SW_MUST_CHECK;
/* Copies the operator's items, which were checked, to app->blocked_networks. */
int app_block_networks(struct app *app, const struct sw_str *networks, uint32_t count,
                       struct sw_err *err) SW_MUST_CHECK;
/* Whether the application may connect to that address at all. */
bool app_address_is_blocked(const struct app *app, const uint8_t bytes[16], bool is_v6);
/* Every address that is not globally reachable: RFC 6890's registries, IPv4 inside IPv6 included. */
bool app_address_is_private(const uint8_t bytes[16], bool is_v6);

#endif
