/* plan_print.h - a plan as text, one step a line.  Room: component. */
#ifndef SW_COMPONENT_PLAN_PRINT_H
#define SW_COMPONENT_PLAN_PRINT_H

#include "base/buf.h"
#include "base/error.h"
#include "component/plan.h"

int component_plan_print(const struct component_plan *plan, struct sw_buf *out,
                         struct sw_err *err) SW_MUST_CHECK;

#endif
