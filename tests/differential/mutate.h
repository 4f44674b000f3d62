/* mutate.h - damaged components, made of whole ones.  Room: component (its tests). */
#ifndef SW_DIFFERENTIAL_MUTATE_H
#define SW_DIFFERENTIAL_MUTATE_H

#include "base/buf.h"

struct mutate_section { /* a section of some component of the corpus, for putting into others */
    uint8_t id;
    struct sw_str bytes;
};
struct mutate_corpus {
    struct sw_buf *files;
    size_t count, cap;
    size_t good; /* the first ones: those that are accepted as they are */
    struct mutate_section *sections;
    size_t section_count, section_cap;
};

void mutate_corpus_add(struct mutate_corpus *corpus,
                       const char *path);               /* passes over what is no component, or over 64 KiB */
void mutate_corpus_ready(struct mutate_corpus *corpus); /* after the last one */
void mutate_corpus_deinit(struct mutate_corpus *corpus);
/* The mutant of that seed; ret is emptied first. Lengths of sections fit again, so that changes reach further than the first check. */
void mutate(const struct mutate_corpus *corpus, uint64_t seed, struct sw_buf *ret);

#endif
