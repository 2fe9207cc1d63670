/* Pointers by number: open addressing, grows by doubling. One thread. */
#ifndef WSCRM_ENGINE_NUMBER_MAP_H
#define WSCRM_ENGINE_NUMBER_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct number_map_slot {
    int64_t key;
    void *value; /* NULL: free */
};

struct number_map {
    struct number_map_slot *slots; /* [room], a power of two, at most 3/4 of them taken */
    size_t count, room;
};

void number_map_free(struct number_map *map);
void *number_map_find(const struct number_map *map, int64_t key); /* NULL: not there */
/* The key is not there, the value is not NULL. ERR_NOMEM. */
int number_map_add(struct number_map *map, int64_t key, void *value) MUST_USE;
void number_map_remove(struct number_map *map, int64_t key); /* fine when it is not there */

/* All values, in no order; nothing is added or removed meanwhile: for (i = 0; (p = number_map_next(t, &i));) */
void *number_map_next(const struct number_map *map, size_t *at);

#endif
