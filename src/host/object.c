/* object.c - small pieces of memory with free lists, for one store.  Room: host. */
#include "host/object.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "host/limits.h"

#if defined(__SANITIZE_ADDRESS__)
#define OBJECT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OBJECT_ASAN 1
#endif
#endif
#ifdef OBJECT_ASAN
#include <sanitizer/asan_interface.h>
#define OBJECT_POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define OBJECT_UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define OBJECT_POISON(p, n) ((void)(p), (void)(n))
#define OBJECT_UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#define CLASS_SMALLEST 64

struct host_object_block {
    struct host_object_block *older;
    size_t cap;
    alignas(16) char bytes[];
};
struct large_piece {
    struct sw_link link;
    alignas(16) char bytes[];
};

static size_t class_bytes(unsigned class)
{
    return (size_t)CLASS_SMALLEST << class;
}

static unsigned class_of(size_t n) /* HOST_OBJECT_CLASSES: too large for any */
{
    unsigned class = 0;
    while (class < HOST_OBJECT_CLASSES && class_bytes(class) < n)
        class ++;
    return class;
}

void host_objects_init(struct host_objects *objects)
{
    *objects = (struct host_objects){0};
    sw_list_init(&objects->large);
}

static void *large_new(struct host_objects *objects, size_t n)
{
    if (n > HOST_OBJECT_BYTES_MAX || n > HOST_OBJECT_BYTES_MAX - objects->bytes)
        return NULL;
    struct large_piece *piece = sw_try_alloc(sizeof *piece + n);
    if (!piece)
        return NULL;
    objects->bytes += n;
    objects->live++;
    sw_list_init(&piece->link);
    sw_list_add_tail(&objects->large, &piece->link);
    return piece->bytes;
}

static int block_add(struct host_objects *objects)
{
    size_t cap = objects->block ? HOST_OBJECT_BLOCK_NEXT : HOST_OBJECT_BLOCK_FIRST;
    if (cap > HOST_OBJECT_BYTES_MAX - objects->bytes)
        return -1;
    struct host_object_block *block = sw_try_alloc(sizeof *block + cap);
    if (!block)
        return -1;
    block->cap = cap;
    block->older = objects->block;
    objects->block = block;
    objects->bytes += cap;
    objects->used = 0;
    OBJECT_POISON(block->bytes, cap);
    return 0;
}

void *host_object_new(struct host_objects *objects, size_t n)
{
    unsigned class = class_of(n);
    if (class == HOST_OBJECT_CLASSES)
        return large_new(objects, n);
    size_t size = class_bytes(class);
    void *piece = objects->spare[class];
    if (piece) {
        OBJECT_UNPOISON(piece, size);
        memcpy(&objects->spare[class], piece, sizeof(void *));
    } else {
        if ((!objects->block || size > objects->block->cap - objects->used) && block_add(objects) != 0)
            return NULL;
        piece = objects->block->bytes + objects->used;
        objects->used += size;
        OBJECT_UNPOISON(piece, size);
    }
    objects->live++;
    memset(piece, 0, size);
    size_t usable = n ? (n + 7) & ~(size_t)7 : 8; /* the sanitizer's grain */
    OBJECT_POISON((char *)piece + usable, size - usable);
    return piece;
}

void host_object_free(struct host_objects *objects, void *object, size_t n)
{
    if (!object)
        return;
    objects->live--;
    unsigned class = class_of(n);
    if (class == HOST_OBJECT_CLASSES) {
        struct large_piece *piece = SW_CONTAINER(object, struct large_piece, bytes);
        sw_list_remove(&piece->link);
        objects->bytes -= n;
        sw_free(piece);
        return;
    }
    memcpy(object, &objects->spare[class], sizeof(void *));
    objects->spare[class] = object;
    OBJECT_POISON(object, class_bytes(class));
}

static void blocks_free(struct host_objects *objects, const struct host_object_block *keep)
{
    while (objects->block != keep) {
        struct host_object_block *block = objects->block;
        OBJECT_UNPOISON(block->bytes, block->cap);
        objects->block = block->older;
        objects->bytes -= block->cap;
        sw_free(block);
    }
}

static void large_free_all(struct host_objects *objects)
{
    struct sw_link *link;
    while ((link = sw_list_take_head(&objects->large)))
        sw_free(SW_CONTAINER(link, struct large_piece, link));
}

void host_objects_reset(struct host_objects *objects)
{
    struct host_object_block *first = objects->block;
    large_free_all(objects);
    while (first && first->older)
        first = first->older;
    blocks_free(objects, first);
    memset(objects->spare, 0, sizeof objects->spare);
    objects->used = 0;
    objects->live = 0;
    objects->bytes = first ? first->cap : 0;
    if (first)
        OBJECT_POISON(first->bytes, first->cap);
}

void host_objects_deinit(struct host_objects *objects)
{
    large_free_all(objects);
    blocks_free(objects, NULL);
    host_objects_init(objects);
}
