#include "engine/number_map.h"

#include <stdlib.h>

#include "base/text.h"

#define FIRST_ROOM 64

void number_map_free(struct number_map *map)
{
    free(map->slots);
    *map = (struct number_map){0};
}

static size_t home(const struct number_map *map, int64_t key)
{
    return (size_t)hash_u64((uint64_t)key, 0) & (map->room - 1);
}

/* The key's slot, or the free one where it would go. */
static struct number_map_slot *slot_of(const struct number_map *map, int64_t key)
{
    size_t at = home(map, key);
    while (map->slots[at].value && map->slots[at].key != key)
        at = (at + 1) & (map->room - 1);
    return &map->slots[at];
}

void *number_map_find(const struct number_map *map, int64_t key)
{
    return map->count ? slot_of(map, key)->value : NULL;
}

static int grow(struct number_map *map)
{
    struct number_map larger = {.count = map->count,
                                .room = map->room ? map->room * 2 : FIRST_ROOM};
    larger.slots = calloc(larger.room, sizeof(*larger.slots));
    if (!larger.slots)
        return ERR_NOMEM;
    for (size_t i = 0; i < map->room; i++)
        if (map->slots[i].value)
            *slot_of(&larger, map->slots[i].key) = map->slots[i];
    free(map->slots);
    *map = larger;
    return 0;
}

int number_map_add(struct number_map *map, int64_t key, void *value)
{
    if (map->count >= map->room / 4 * 3) {
        int result = grow(map);
        if (result < 0)
            return result;
    }
    *slot_of(map, key) = (struct number_map_slot){key, value};
    map->count++;
    return 0;
}

/* What stands behind the hole moves up, so that no search stops at it too early. */
void number_map_remove(struct number_map *map, int64_t key)
{
    if (!number_map_find(map, key))
        return;
    size_t mask = map->room - 1;
    size_t hole = (size_t)(slot_of(map, key) - map->slots);
    for (size_t at = (hole + 1) & mask; map->slots[at].value; at = (at + 1) & mask) {
        size_t from_home = (at - home(map, map->slots[at].key)) & mask;
        if (from_home >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole].value = NULL;
    map->count--;
}

void *number_map_next(const struct number_map *map, size_t *at)
{
    while (*at < map->room) {
        void *value = map->slots[(*at)++].value;
        if (value)
            return value;
    }
    return NULL;
}
