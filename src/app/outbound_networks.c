/* outbound_networks.c - networks of addresses, and those that are not the public Internet.  Room: app.
 *
 * source: IANA's special-purpose address registries (RFC 6890, RFC 8190); RFC 4291 2.5.5, RFC 6052, RFC 3056, RFC 4380 (IPv4 in IPv6) */
#include <arpa/inet.h>

#include "app/outbound.h"

bool app_network_parse(struct sw_str text, struct app_network *ret)
{
    char copy[INET6_ADDRSTRLEN];
    size_t slash = sw_str_find(text, '/');
    struct sw_str address = sw_str_head(text, slash);
    struct app_network network = {.is_v6 = sw_str_find(address, ':') != SW_NPOS};
    uint64_t prefix = network.is_v6 ? 128 : 32;
    if (slash != SW_NPOS && !sw_str_to_u64(sw_str_from(text, slash + 1), prefix, &prefix))
        return false;
    if (address.n == 0 || address.n >= sizeof copy || memchr(address.p, '\0', address.n))
        return false;
    memcpy(copy, address.p, address.n);
    copy[address.n] = '\0';
    if (inet_pton(network.is_v6 ? AF_INET6 : AF_INET, copy, network.bytes) != 1)
        return false;
    network.prefix = (uint8_t)prefix;
    *ret = network;
    return true;
}

bool app_network_has(const struct app_network *network, const uint8_t bytes[16], bool is_v6)
{
    size_t whole = network->prefix / 8;
    unsigned rest = network->prefix % 8;
    if (network->is_v6 != is_v6 || memcmp(network->bytes, bytes, whole) != 0)
        return false;
    return rest == 0 || ((network->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

/* Where in an IPv6 address one of IPv4 is that packets end up at; 0: there is none. */
static size_t inner_v4(const uint8_t bytes[16])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const uint8_t translated[12] = {0, 0x64, 0xff, 0x9b};
    if (memcmp(bytes, mapped, sizeof mapped) == 0 || memcmp(bytes, translated, sizeof translated) == 0)
        return 12;
    return bytes[0] == 0x20 && bytes[1] == 2 ? 2 : 0; /* 6to4 */
}

bool app_network_blocks(struct sw_str text, struct app_network *ret)
{
    if (!sw_str_eq(text, SW_LIT("private")))
        return app_network_parse(text, ret);
    *ret = (struct app_network){.prefix = 0};
    return true;
}

int app_block_networks(struct app *app, const struct sw_str *networks, uint32_t count, struct sw_err *err)
{
    struct sw_str *copies = SW_ARENA_ARRAY(&app->arena, count, struct sw_str);
    int rc = copies ? 0 : sw_arena_fail(&app->arena, count * sizeof *copies, err);
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = sw_arena_copy(&app->arena, networks[i], &copies[i], err);
    if (rc < 0)
        return rc;
    app->blocked_networks = copies;
    app->blocked_network_count = count;
    return 0;
}

bool app_address_is_blocked(const struct app *app, const uint8_t bytes[16], bool is_v6)
{
    uint8_t inner[16] = {0};
    size_t at = is_v6 ? inner_v4(bytes) : 0;
    if (at)
        memcpy(inner, bytes + at, 4);
    for (uint32_t i = 0; i < app->blocked_network_count; i++) {
        struct app_network network;
        if (sw_str_eq(app->blocked_networks[i], SW_LIT("private"))) {
            if (app_address_is_private(bytes, is_v6))
                return true;
        } else if (!app_network_parse(app->blocked_networks[i], &network)) {
            return true; /* cannot be: they were checked; nothing is open then */
        } else if (app_network_has(&network, bytes, is_v6) ||
                   (at && app_network_has(&network, inner, false))) {
            return true;
        }
    }
    return false;
}

struct range {
    uint8_t bytes[16];
    uint8_t prefix;
};

static const struct range private_v4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private use */
    {{100, 64}, 10},      /* shared by carriers */
    {{127}, 8},           /* loopback */
    {{169, 254}, 16},     /* link local; clouds' metadata */
    {{172, 16}, 12},      /* private use */
    {{192, 0, 0}, 24},    /* protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 88, 99}, 24},  /* 6to4 relays, deprecated */
    {{192, 168}, 16},     /* private use */
    {{198, 18}, 15},      /* benchmarks */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 4},           /* multicast */
    {{240}, 4},           /* reserved; broadcast */
};

static const struct range private_v6[] = {
    {{0}, 96},                         /* unspecified, loopback, IPv4-compatible */
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48}, /* local translation */
    {{1}, 64},                         /* discard */
    {{0x20, 1}, 23},                   /* protocol assignments: Teredo, benchmarks, ORCHID */
    {{0x20, 1, 0x0d, 0xb8}, 32},       /* documentation */
    {{0x3f, 0xff}, 20},                /* documentation */
    {{0x5f}, 16},                      /* segment routing */
    {{0xfc}, 7},                       /* unique local */
    {{0xfe, 0x80}, 10},                /* link local */
    {{0xfe, 0xc0}, 10},                /* site local, deprecated */
    {{0xff}, 8},                       /* multicast */
};

static bool is_in(const struct range *ranges, size_t count, const uint8_t *bytes, bool is_v6)
{
    for (size_t i = 0; i < count; i++) {
        struct app_network network = {.is_v6 = is_v6, .prefix = ranges[i].prefix};
        memcpy(network.bytes, ranges[i].bytes, sizeof network.bytes);
        if (app_network_has(&network, bytes, is_v6))
            return true;
    }
    return false;
}

bool app_address_is_private(const uint8_t bytes[16], bool is_v6)
{
    if (!is_v6)
        return is_in(private_v4, sizeof private_v4 / sizeof *private_v4, bytes, false);
    size_t at = inner_v4(bytes);
    if (at) {
        uint8_t inner[16] = {0};
        memcpy(inner, bytes + at, 4);
        return app_address_is_private(inner, false);
    }
    return is_in(private_v6, sizeof private_v6 / sizeof *private_v6, bytes, true);
}
