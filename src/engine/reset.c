/* reset.c - makes a used memory equal to a fresh instance's, without giving its pages back.  Room: engine.
 *
 * A page differs from the fresh state only if it is private: not the image file's, not the zero page, and present or swapped out. The
 * kernel names those pages, by the PAGEMAP_SCAN request or in /proc/self/pagemap; they are copied from the image or zeroed and stay
 * private, so the next use does not fault on them. Pages once dirtied are copied every time: when they are many more than one use
 * dirties, the slot gives all of them back instead (MADV_DONTNEED) and starts anew.
 * Source: Documentation/admin-guide/mm/pagemap.rst of Linux. */
#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fault.h"
#include "engine/engine_internal.h"
#include "engine/limits.h"

/* The interface of Linux 6.7, for building with older kernel headers. */
struct scan_region {
    uint64_t start;
    uint64_t end;
    uint64_t categories;
};
struct scan_request {
    uint64_t size;
    uint64_t flags;
    uint64_t start;
    uint64_t end;
    uint64_t walk_end;
    uint64_t regions;
    uint64_t regions_len;
    uint64_t pages_max;
    uint64_t category_inverted;
    uint64_t category_mask;
    uint64_t category_anyof_mask;
    uint64_t return_mask;
};
#define SCAN_REQUEST _IOWR('f', 16, struct scan_request)
#define SCAN_FILE (1u << 2)
#define SCAN_PRESENT (1u << 3)
#define SCAN_SWAPPED (1u << 4)
#define SCAN_ZERO_PAGE (1u << 5)
#define SCAN_REGIONS                                                                                         \
    64 /* the kernel allocates this many for each request: few are cheaper (wasmtime.md 14.6.3) */

#define ENTRY_FILE (UINT64_C(1) << 61) /* of /proc/self/pagemap */
#define ENTRY_SWAPPED (UINT64_C(1) << 62)
#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRIES 512 /* one page of entries: 2 MiB of memory a read */

static int scan(int pagemap_fd, struct scan_request *request)
{
    request->size = sizeof *request;
    request->category_inverted = SCAN_FILE | SCAN_ZERO_PAGE;
    request->category_mask = SCAN_FILE | SCAN_ZERO_PAGE;
    request->category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED;
    request->return_mask = SCAN_PRESENT;
    int n = 0;
    do
        n = sw_fault_errno(SW_FAULT_ENGINE_RESET, ENOMEM) ? -1 : ioctl(pagemap_fd, SCAN_REQUEST, request);
    while (n < 0 && errno == EINTR);
    return n;
}

bool engine__scan_works(int pagemap_fd)
{
    struct scan_region region = {0};
    uint64_t page = (uintptr_t)&region &
                    ~(uint64_t)(ENGINE_PAGE_BYTES - 1); /* a page of the stack: private and present */
    struct scan_request request = {
        .start = page, .end = page + ENGINE_PAGE_BYTES, .regions = (uintptr_t)&region, .regions_len = 1};
    region.categories = 1; /* dirties it */
    return scan(pagemap_fd, &request) == 1 && region.start == page &&
           request.walk_end == page + ENGINE_PAGE_BYTES;
}

/* ---- putting pages back ---- */

struct reset {
    struct engine_slot *slot;
    uint64_t pages;
    uint64_t pages_max; /* past this the slot is trimmed */
    uint64_t initial;   /* bytes of private pages, of the initial part ... */
    uint64_t grown;     /* ... and beyond it */
    bool looks_only;
};

/* Notes private pages. offset and n are multiples of the page. */
static void note(struct reset *r, uint64_t offset, uint64_t n)
{
    uint64_t min = r->slot->pool->min_bytes;
    uint64_t of_initial = offset >= min ? 0 : min - offset;
    if (of_initial > n)
        of_initial = n;
    r->initial += of_initial;
    r->grown += n - of_initial;
}

static void restore(struct reset *r, uint64_t offset, uint64_t n)
{
    const struct engine_pool *pool = r->slot->pool;
    uint8_t *to = r->slot->base + offset;
    uint64_t of_image = offset >= pool->image_bytes ? 0 : pool->image_bytes - offset;
    if (of_image > n)
        of_image = n;
    if (of_image)
        memcpy(to, pool->pristine + offset, of_image);
    if (n > of_image)
        memset(to + of_image, 0, n - of_image);
    r->pages += n / ENGINE_PAGE_BYTES;
}

static int walk_by_scan(int pagemap_fd, struct reset *r, uint64_t bytes)
{
    struct scan_region regions[SCAN_REGIONS];
    uint64_t base = (uintptr_t)r->slot->base;
    struct scan_request request = {
        .start = base, .end = base + bytes, .regions = (uintptr_t)regions, .regions_len = SCAN_REGIONS};
    while (request.start < request.end && r->pages <= r->pages_max) {
        int n = scan(pagemap_fd, &request);
        if (n < 0)
            return -1;
        for (int i = 0; i < n; i++) {
            note(r, regions[i].start - base, regions[i].end - regions[i].start);
            if (!r->looks_only)
                restore(r, regions[i].start - base, regions[i].end - regions[i].start);
        }
        if (request.walk_end <= request.start)
            return -1; /* no progress: not the interface we know */
        request.start = request.walk_end;
    }
    return 0;
}

static bool is_fresh(const struct engine_slot *slot, uint64_t offset)
{
    static const uint8_t zeros[ENGINE_PAGE_BYTES];
    const struct engine_pool *pool = slot->pool;
    return memcmp(slot->base + offset, offset < pool->image_bytes ? pool->pristine + offset : zeros,
                  ENGINE_PAGE_BYTES) == 0;
}

/* pagemap does not tell the zero page from a private one: comparing first keeps read pages from being made private by the reset. */
static int walk_by_pagemap(int pagemap_fd, struct reset *r, uint64_t bytes)
{
    uint64_t entries[ENTRIES];
    uint64_t first = (uintptr_t)r->slot->base / ENGINE_PAGE_BYTES;
    uint64_t count = bytes / ENGINE_PAGE_BYTES;
    for (uint64_t page = 0; page < count && r->pages <= r->pages_max;) {
        uint64_t want = count - page < ENTRIES ? count - page : ENTRIES;
        ssize_t got =
            pread(pagemap_fd, entries, want * sizeof *entries, (off_t)((first + page) * sizeof *entries));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < (ssize_t)sizeof *entries)
            return -1;
        for (uint64_t i = 0; i < (uint64_t)got / sizeof *entries; i++, page++) {
            uint64_t entry = entries[i];
            if (!(entry & (ENTRY_PRESENT | ENTRY_SWAPPED)) || (entry & ENTRY_FILE))
                continue;
            note(r, page * ENGINE_PAGE_BYTES, ENGINE_PAGE_BYTES);
            if (!r->looks_only && !is_fresh(r->slot, page * ENGINE_PAGE_BYTES))
                restore(r, page * ENGINE_PAGE_BYTES, ENGINE_PAGE_BYTES);
        }
    }
    return 0;
}

static int walk(const struct engine *engine, struct reset *r, uint64_t bytes)
{
    return engine->use_scan ? walk_by_scan(engine->pagemap_fd, r, bytes)
                            : walk_by_pagemap(engine->pagemap_fd, r, bytes);
}

uint64_t engine__slot_held(const struct engine *engine, const struct engine_slot *slot)
{
    struct engine_slot copy = *slot; /* nothing of it is changed: walk takes it for a reset, too */
    struct reset r = {.slot = &copy, .looks_only = true};
    return walk(engine, &r, slot->pool->min_bytes) < 0 ? slot->pool->min_bytes : r.initial;
}

/* What the slot keeps of private pages. Beyond `bytes` nobody looked: what was kept there before still is, but not more than there is
 * room. */
static void keep(struct engine_slot *slot, const struct reset *r)
{
    uint64_t beyond = slot->high - slot->bytes;
    slot->kept_initial = r->initial;
    slot->kept_grown = r->grown + (slot->kept_grown < beyond ? slot->kept_grown : beyond);
}

int engine__slot_reset(struct engine *engine, struct engine_slot *slot)
{
    struct engine_pool *pool = slot->pool;
    struct reset r = {.slot = slot};
    r.pages_max = slot->fresh ? ENGINE_DIRTY_PAGES_MAX
                              : pool->typical_pages * ENGINE_DIRTY_PAGES_FACTOR + ENGINE_DIRTY_PAGES_BASE;
    if (r.pages_max > ENGINE_DIRTY_PAGES_MAX)
        r.pages_max = ENGINE_DIRTY_PAGES_MAX;
    if (sw_fault(SW_FAULT_ENGINE_SKIP))
        engine->skips_resets = true;
    int rc = 0;
    if (!engine->skips_resets)
        rc = walk(engine, &r, slot->bytes);
    if (rc < 0)
        return -1;
    bool trim = r.pages > r.pages_max;
    if (trim && madvise(slot->base, slot->high, MADV_DONTNEED) != 0)
        return -1;
    if (trim) {
        slot->kept_initial = slot->kept_grown = 0;
        slot->high = pool->min_bytes;
    } else {
        keep(slot, &r);
    }
    if (slot->fresh) /* how many pages one use dirties: learnt from slots that carry nothing older */
        pool->typical_pages = pool->typical_pages ? (pool->typical_pages * 7 + r.pages + 7) / 8 : r.pages;
    slot->fresh = trim;
    if (slot->bytes > pool->min_bytes &&
        mprotect(slot->base + pool->min_bytes, slot->bytes - pool->min_bytes, PROT_NONE) != 0)
        return -1;
    slot->bytes = pool->min_bytes;
    engine->stats.resets++;
    engine->stats.pages_reset += r.pages;
    return 0;
}
