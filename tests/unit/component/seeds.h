/* seeds.h - the binaries of data/ and the host they are linked against. */
#ifndef SW_TESTS_COMPONENT_SEEDS_H
#define SW_TESTS_COMPONENT_SEEDS_H

#include "base/buf.h"
#include "component/component.h"

extern const struct component_host seed_host;

/* Fills `ret` with data/<name>; fails the test when it is not there. */
void seed_read(const char *name, struct sw_buf *ret);
/* Decodes and links; < 0: *err says why. Both results are NULL then, and freed by seed_free otherwise. */
struct seed {
    struct component_binary *binary;
    struct component_plan *plan;
};
int seed_link(struct sw_str bytes, struct seed *ret, struct sw_err *err) SW_MUST_CHECK;
void seed_free(struct seed *seed);
/* The next case of a .bin file (data/make.py): false at the end. */
bool seed_next(struct sw_str *rest, struct sw_str *ret_text, struct sw_str *ret_component);

#endif
