/* outbound.c - any bytes as an entry of allowed_outbound_hosts: no crash, and one that names no host of others allows none. */
#include <assert.h>

#include "app/outbound.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_str text = sw_str((const char *)data, size < 4000 ? size : 4000);
    struct sw_err err;
    struct app_outbound *outbound = NULL;
    const struct app_component component = {
        .id = SW_LIT("c"), .outbound_hosts = &text, .outbound_host_count = 1};
    const struct app app = {.components = &component, .component_count = 1};
    if (app_outbound_new(&app, &component, &outbound, &err) < 0)
        return 0;
    bool any = text.n && (memchr(text.p, '*', text.n) || memchr(text.p, '/', text.n - 1));
    assert(any || !app_outbound_allows(outbound, SW_LIT("http"), SW_LIT("never.named"), 80));
    app_outbound_free(outbound);
    return 0;
}
