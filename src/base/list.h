/* list.h - intrusive doubly linked list.  Room: base.  A link out of any list points to itself. */
#ifndef SW_BASE_LIST_H
#define SW_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct sw_link {
    struct sw_link *prev;
    struct sw_link *next;
};

#define SW_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void sw_list_init(struct sw_link *link)
{
    link->prev = link;
    link->next = link;
}

static inline bool sw_list_empty(const struct sw_link *list)
{
    return list->next == list;
}

static inline void sw_list_add_tail(struct sw_link *list, struct sw_link *link)
{
    link->prev = list->prev;
    link->next = list;
    list->prev->next = link;
    list->prev = link;
}

static inline void sw_list_add_head(struct sw_link *list, struct sw_link *link)
{
    sw_list_add_tail(list->next, link);
}

/* Moves all of `from` to the head of `list`, in order. */
static inline void sw_list_splice_head(struct sw_link *list, struct sw_link *from)
{
    struct sw_link *first = from->next;
    struct sw_link *last = from->prev;
    if (first == from)
        return;
    first->prev = list;
    last->next = list->next;
    list->next->prev = last;
    list->next = first;
    from->prev = from;
    from->next = from;
}

static inline void sw_list_remove(struct sw_link *link) /* a link out of any list is fine */
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    sw_list_init(link);
}

static inline struct sw_link *sw_list_take_head(struct sw_link *list) /* NULL when empty */
{
    struct sw_link *link = list->next;
    if (link == list)
        return NULL;
    sw_list_remove(link);
    return link;
}

#endif
