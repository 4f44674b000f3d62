/* mounts.h - the folders that a component was granted, opened.  Room: trigger. */
#ifndef SW_TRIGGER_MOUNTS_H
#define SW_TRIGGER_MOUNTS_H

#include "base/error.h"

struct trigger_component;

/* Fills grants.preopens from meta->mounts. The folders themselves are opened now: nothing is found by a name of the host later. */
int trigger_mounts_open(struct trigger_component *component, struct sw_err *err) SW_MUST_CHECK;
void trigger_mounts_close(struct trigger_component *component); /* twice is fine */

#endif
