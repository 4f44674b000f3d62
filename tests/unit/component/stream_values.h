/* stream_values.h - elements of streams in a guest's memory, each made of a number and read back as one. */
#ifndef SW_TESTS_STREAM_VALUES_H
#define SW_TESTS_STREAM_VALUES_H

#include "component/stream_internal.h"
#include "run_fixture.h"
#include "stream_model.h"

struct stream_kind {
    const char *type; /* of the elements; NULL: none */
    enum model_element element;
    bool number;
};
enum { STREAM_KINDS = 9, STREAM_KIND_U8 = 1, STREAM_KIND_NESTED = 8 };
extern const struct stream_kind stream_kinds[STREAM_KINDS];

/* What a number becomes as an element: fewer bits for small ones. */
uint64_t stream_value_id(int kind, uint64_t id);
/* Writes the element of that number, whose handle the caller has made when it is one. */
void stream_value_put(struct fake_guest *guest, enum component_encoding encoding, int kind, uint32_t at,
                      const struct model_value *value);
/* Fails the test unless the element says what the model does; nested streams are not looked at. */
void stream_value_check(struct component_store *store, struct fake_guest *guest,
                        enum component_encoding encoding, const struct model_copy *copy, uint32_t at);
/* The same for the host. Memory is static; a nested stream has none. */
void stream_value_make(int kind, uint64_t id, struct component_value *ret);
uint64_t stream_value_read(int kind, const struct component_value *value);

#endif
