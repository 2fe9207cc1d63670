/* Memory that is given back all at once: everything a request needs lives in the request's arena
 * and goes with it. Not for sharing: one thread at a time uses an arena; handing an arena over
 * (worker to helper and back) goes through a mailbox, which orders the memory. */
#ifndef WSCRM_BASE_ARENA_H
#define WSCRM_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena_block;

struct arena {
    struct arena_block *block; /* the newest block; older ones hang behind it */
    char *at, *end;            /* free part of the newest block */
    size_t total;              /* bytes of all blocks */
    size_t max;                /* arena_alloc() returns NULL beyond */
};

/* An arena that may grow to `max` bytes. No memory is taken before the first allocation. */
void arena_init(struct arena *a, size_t max);

/* Frees everything, but keeps one block of at most 16 KiB for the next use. */
void arena_reset(struct arena *a);

/* Frees everything. The arena may be used again. */
void arena_free(struct arena *a);

/* `size` bytes, aligned for any type, not zeroed. NULL when the maximum or the memory is used up.
 * size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((malloc, alloc_size(2)));

/* The same, zeroed, for `n` items; checks n * size for overflow. */
void *arena_calloc(struct arena *a, size_t n, size_t size) __attribute__((malloc));

/* A copy of `len` bytes with a NUL behind them. */
char *arena_memdup(struct arena *a, const void *p, size_t len);
char *arena_strdup(struct arena *a, const char *s);

/* A formatted text in the arena. */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
