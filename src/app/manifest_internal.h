/* manifest_internal.h - between manifest.c and manifest_trigger.c.  Room: app. */
#ifndef SW_APP_MANIFEST_INTERNAL_H
#define SW_APP_MANIFEST_INTERNAL_H

#include "app/fields.h"

/* The values of [trigger] and [application.trigger]; app->components is complete before. */
int app__read_triggers(struct app__reader *r, const struct codec_toml *trigger) SW_MUST_CHECK;
int app__read_trigger_settings(struct app__reader *r, const struct codec_toml *value,
                               void *target) SW_MUST_CHECK;

/* [application.tool] and [component.ID.tool]; target: struct app_limits. Other programs' tables are ignored, as in Spin. */
int app__read_tool(struct app__reader *r, const struct codec_toml *value, void *target) SW_MUST_CHECK;
/* What a component does not say is what its application says. */
void app__limits_inherit(struct app_limits *limits, const struct app_limits *from);

#endif
