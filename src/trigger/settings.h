/* settings.h - what the operator says about logs and connections, on its way from the supervisor to its workers.  Room: trigger. */
#ifndef SW_TRIGGER_SETTINGS_H
#define SW_TRIGGER_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum trigger_access_format { TRIGGER_ACCESS_COMBINED, TRIGGER_ACCESS_COMMON, TRIGGER_ACCESS_JSON };

struct trigger_settings {
    struct sw_str log_dir;    /* absolute; empty: what components print is kept nowhere */
    struct sw_str access_log; /* path, or "-": stdout; empty: none */
    enum trigger_access_format access_format;
    const struct sw_str *follow; /* ids of components that reach stderr; none: all do */
    uint32_t follow_count;
    bool quiet;  /* none does */
    bool prefix; /* lines on stderr begin with their component's id */
    struct {     /* http_server_config; 0: its default */
        uint32_t head_bytes_max;
        uint32_t fields_max;
        uint32_t head_timeout_ms;
        uint32_t idle_timeout_ms;
        uint32_t body_timeout_ms;
        uint32_t write_timeout_ms;
        uint32_t connections_max;
    } http;
};

/* As JSON, and back; texts are UTF-8. Empty JSON text gives what says nothing. Texts of *ret lie in the arena. */
int trigger_settings_write(const struct trigger_settings *settings, struct sw_buf *out,
                           struct sw_err *err) SW_MUST_CHECK;
int trigger_settings_read(struct sw_str json, struct sw_arena *arena, struct trigger_settings *ret,
                          struct sw_err *err) SW_MUST_CHECK;
/* Whether what the component prints reaches stderr. */
bool trigger_settings_shows(const struct trigger_settings *settings, struct sw_str component);

#endif
