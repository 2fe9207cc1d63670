#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN  ((size_t)4096)
#define BLOCK_MAX  ((size_t)65536)
#define BLOCK_KEPT ((size_t)16384)
/* From here on an allocation gets a block of its own, so that it neither wastes the rest of the
 * newest block nor a large part of a fresh one. */
#define OWN_BLOCK (BLOCK_MAX / 4)

/* Under AddressSanitizer everything that was not handed out is poisoned, and a poisoned gap stands
 * behind each allocation: overruns and uses after arena_reset() are found as with malloc(). */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define GAP              ((size_t)16)
#define POISON(p, len)   ASAN_POISON_MEMORY_REGION(p, len)
#define UNPOISON(p, len) ASAN_UNPOISON_MEMORY_REGION(p, len)
#else
#define GAP              ((size_t)0)
#define POISON(p, len)   ((void)(p), (void)(len))
#define UNPOISON(p, len) ((void)(p), (void)(len))
#endif

struct arena_block {
    struct arena_block *older;
    size_t size; /* of the whole, with this header */
    alignas(max_align_t) char data[];
};

#define HEADER offsetof(struct arena_block, data)

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

/* The free part becomes all of `block`, or nothing. */
static void open_block(struct arena *a, struct arena_block *block)
{
    a->block = block;
    a->at = block ? block->data : NULL;
    a->end = block ? (char *)block + block->size : NULL;
    if (block)
        POISON(block->data, block->size - HEADER);
}

void arena_reset(struct arena *a)
{
    struct arena_block *kept = NULL;
    for (struct arena_block *block = a->block, *older; block; block = older) {
        older = block->older;
        struct arena_block *gone = block;
        if (block->size <= BLOCK_KEPT && (!kept || block->size > kept->size)) {
            gone = kept;
            kept = block;
        }
        free(gone);
    }
    if (kept)
        kept->older = NULL;
    a->total = kept ? kept->size : 0;
    open_block(a, kept);
}

void arena_free(struct arena *a)
{
    for (struct arena_block *block = a->block, *older; block; block = older) {
        older = block->older;
        free(block);
    }
    arena_init(a, a->max);
}

static struct arena_block *new_block(struct arena *a, size_t size)
{
    if (size > a->max - a->total)
        return NULL;
    struct arena_block *block = malloc(size);
    if (!block)
        return NULL;
    *block = (struct arena_block){.size = size};
    a->total += size;
    return block;
}

/* A block for one large allocation hangs behind the newest, whose free part stays in use. */
static char *alloc_own(struct arena *a, size_t need)
{
    struct arena_block *block = new_block(a, HEADER + need);
    if (!block)
        return NULL;
    POISON(block->data, need);
    if (a->block) {
        block->older = a->block->older;
        a->block->older = block;
    } else {
        a->block = block;
        a->at = a->end = (char *)block + block->size;
    }
    return block->data;
}

/* Each new block is twice the one before; the last one takes what the maximum leaves. */
static bool add_block(struct arena *a, size_t need)
{
    size_t size = a->block ? a->block->size * 2 : BLOCK_MIN;
    if (size > BLOCK_MAX)
        size = BLOCK_MAX;
    if (size < HEADER + need)
        size = HEADER + need;
    const size_t left = a->max - a->total;
    if (size > left && left >= HEADER + need)
        size = left;
    struct arena_block *block = new_block(a, size);
    if (!block)
        return false;
    block->older = a->block;
    open_block(a, block);
    return true;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size == 0)
        size = 1;
    if (size > a->max || size > PTRDIFF_MAX / 2) /* so the sums below cannot overflow */
        return NULL;
    const size_t need = (size + GAP + align - 1) / align * align;
    char *p;
    if (need <= (size_t)(a->end - a->at) || (need < OWN_BLOCK && add_block(a, need))) {
        p = a->at;
        a->at += need;
    } else {
        p = alloc_own(a, need);
    }
    if (p)
        UNPOISON(p, size);
    return p;
}

void *arena_calloc(struct arena *a, size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total))
        return NULL;
    void *p = arena_alloc(a, total);
    if (p)
        memset(p, 0, total);
    return p;
}

char *arena_memdup(struct arena *a, const void *p, size_t len)
{
    char *copy = len < SIZE_MAX ? arena_alloc(a, len + 1) : NULL;
    if (!copy)
        return NULL;
    if (len) /* p may be NULL then */
        memcpy(copy, p, len);
    copy[len] = '\0';
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_memdup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int len = vsnprintf(NULL, 0, format, args);
    char *text = len >= 0 ? arena_alloc(a, (size_t)len + 1) : NULL;
    if (text)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}
