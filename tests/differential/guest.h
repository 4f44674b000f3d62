/* guest.h - where things lie in the memory of the guest that guest.c writes.  Room: component (its tests). */
#ifndef SW_DIFFERENTIAL_GUEST_H
#define SW_DIFFERENTIAL_GUEST_H

enum {
    GUEST_SEEN = 0x000,     /* flat arguments that an export received, 8 bytes each */
    GUEST_GIVE = 0x100,     /* flat arguments that it gives to an import */
    GUEST_RESULT = 0x180,   /* flat result: of the import, and for its export to return */
    GUEST_BAD_CALL = 0x7d8, /* the call of realloc, from 1, that gives GUEST_BAD_VALUE; 0: none */
    GUEST_BAD_VALUE = 0x7dc,
    GUEST_PEEK = 0x7e0,  /* pointer and length that `peek` returns */
    GUEST_COUNT = 0x7f0, /* calls of realloc */
    GUEST_NEXT = 0x7f4,  /* next free byte */
    GUEST_LOG = 0x800,   /* arguments of realloc, 16 bytes a call */
    GUEST_LOG_MAX = 380,
    GUEST_HEAP = 0x2000,
    GUEST_HEAP_END = 0x30000,
    GUEST_STAGE = 0x30000, /* where the bytes for `poke` arrive */
    GUEST_END = 0x40000
};

#endif
