/* A small world of customers, for what walks over them: two tenants, random names, stages, tags, a group and
 * opt-outs; the same each time. On top of facts.h. */
#ifndef WSCRM_TESTS_UNIT_STORE_WORLD_H
#define WSCRM_TESTS_UNIT_STORE_WORLD_H

#include "store/facts.h"

#define WORLD 400
#define OTHER (TENANT + 1)

/* --- a world ---------------------------------------------------------------------------------- */

static const char *const names[] = {
    "Wang Xiaoming",
    "wang li",
    "Li Wei",
    "LI WEIWEI",
    "\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e",
    "\xe5\xb0\x8f\xe6\x98\x8e",
    "\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99 (Bruce)",
    "Jos\xc3\x89 da Silva",
    "jos\xc3\xa9 souza",
    "\xd0\x98\xd0\x92\xd0\x90\xd0\x9d",
    "Al",
    "A",
    "138 shop",
    "O'Neil \"Quote\"",
    "x y z",
    "13800",
};
static const char *const stages[] = {"new", "won", "lost", "new "};
static const char *const sources[] = {"fair", "web", "shop"};
static const char *const tags[] = {"vip", "2026", "cold", "a b", "\xe5\xae\xa2\xe6\x88\xb7"};
static const char *const values[] = {"red", "a\"b", "x\",\"2\":\"y", "\xe7\xba\xa2", "red "};
static const char *const owners[] = {"ann", "bob"};
static const char *const keywords[] = {
    "wang",
    "WANG",
    "Xiao",
    "li",
    "l",
    "\xe5\xb0\x8f\xe6\x98\x8e",
    "\xe6\x98\x8e",
    "jos\xc3\xa9",
    "\xd0\xb8\xd0\xb2\xd0\xb0",
    "138",
    "1380",
    "8613",
    "0000",
    "+86 138-0",
    "al",
    "(bruce)",
    "\xe9\xbe\x99 (b",
    "quote\"",
    "nobody",
    "7",
    "52 55",
    "x y z",
    "-",
    "3800",
};
#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

static inline size_t dice(unsigned *seed, size_t sides)
{
    return (size_t)rand_r(seed) % sides;
}

static inline int64_t number_of(unsigned *seed)
{
    switch (dice(seed, 4)) {
    case 0: return INT64_C(8613800000000) + (int64_t)dice(seed, 1000000);
    case 1: return INT64_C(861820000) + (int64_t)dice(seed, 300);
    case 2: return INT64_C(525512340000) + (int64_t)dice(seed, 200);
    default: return INT64_C(1000000) + (int64_t)dice(seed, 100000000);
    }
}

struct random_item {
    struct customer_change change;
    struct str tags[COUNT_OF(tags)], removed[1];
    struct extended_change extended[1];
};

static inline void maybe_set(unsigned *seed, struct text_change *change, const char *const *from,
                             size_t count)
{
    if (dice(seed, 4) > 0)
        *change = set_text(from[dice(seed, count)]);
    else if (dice(seed, 4) == 0)
        change->kind = CHANGE_CLEAR;
}

static inline void make_item(unsigned *seed, struct random_item *item, int64_t field_id)
{
    memset(item, 0, sizeof(*item));
    maybe_set(seed, &item->change.fields[CUSTOMER_FRIEND_NAME], names, COUNT_OF(names));
    maybe_set(seed, &item->change.fields[CUSTOMER_STAGE], stages, COUNT_OF(stages));
    maybe_set(seed, &item->change.fields[CUSTOMER_SOURCE], sources, COUNT_OF(sources));
    item->change.add_tags = item->tags;
    for (size_t i = 0; i < COUNT_OF(tags); i++)
        if (dice(seed, 3) == 0)
            item->tags[item->change.add_tag_count++] = str_of(tags[i]);
    item->removed[0] = str_of(tags[dice(seed, COUNT_OF(tags))]);
    item->change.remove_tags = item->removed;
    item->change.remove_tag_count = dice(seed, 2);
    item->change.extended = item->extended;
    item->change.extended_count = dice(seed, 2);
    item->extended[0] =
        (struct extended_change){field_id, set_text(values[dice(seed, COUNT_OF(values))])};
    if (dice(seed, 3) > 0)
        item->change.owner = str_of(owners[dice(seed, 2)]);
}

/* Imports `count` of the world's customers, ten at a time. */
#define SAME_TIME 10
static inline void import_some(struct harness *h, unsigned *seed, const int64_t *numbers,
                               size_t count, int64_t tenant_id, int64_t now_ms)
{
    int64_t id = field_id(h, tenant_id, "Faction");
    for (size_t i = 0; i < count; i += SAME_TIME) {
        struct random_item items[SAME_TIME];
        struct customer_change changes[SAME_TIME];
        struct customer_outcome outcomes[SAME_TIME];
        for (size_t at = 0; at < SAME_TIME; at++) {
            make_item(seed, &items[at], id);
            changes[at] = items[at].change;
            changes[at].number = numbers[dice(seed, WORLD)];
        }
        int64_t time_ms = now_ms + (int64_t)i;
        assert_int_equal(upsert(h, tenant_id, time_ms, changes, SAME_TIME, outcomes), 0);
    }
}

struct world {
    unsigned seed;
    int64_t numbers[WORLD];
    int64_t group[40];
    size_t group_count;
};

static inline void make_group(struct harness *h, struct world *world)
{
    int64_t other;
    world->group_count = 0;
    for (size_t i = 0; i < 38; i++) {
        int64_t number = world->numbers[dice(&world->seed, WORLD)];
        if (number_variant(number, &other))
            number = other; /* the customer has the other form */
        world->group[world->group_count++] = number;
    }
    world->group[world->group_count++] = INT64_C(4915112345678); /* no customer */
    world->group_count = numbers_unique(world->group, world->group_count);
    assert_int_equal(save_group(h, TENANT, "party", world->group, world->group_count), 0);
    assert_int_equal(save_group(h, OTHER, "theirs", world->group, world->group_count), 0);
}

static inline void make_world(struct harness *h, struct world *world)
{
    world->seed = 20261125;
    for (size_t i = 0; i < WORLD; i++)
        world->numbers[i] = number_of(&world->seed);
    assert_int_equal(add_tenant(h, OTHER), 0);
    assert_int_equal(add_agent(h, OTHER, "ann"), 0);
    assert_int_equal(add_agent(h, OTHER, "bob"), 0);
    assert_int_equal(add_field(h, OTHER, "Faction", FIELD_TEXT), 0);
    import_some(h, &world->seed, world->numbers, WORLD / 2, TENANT, NOW);
    import_some(h, &world->seed, world->numbers, WORLD / 4, OTHER, NOW);
    import_some(h, &world->seed, world->numbers, WORLD / 2, TENANT, NOW + 1000);
    make_group(h, world);
    for (size_t i = 0; i < 30; i++)
        assert_int_equal(
            opt_out_one(h, NOW, world->numbers[dice(&world->seed, WORLD)], true, "asked"), 0);
}

#endif
