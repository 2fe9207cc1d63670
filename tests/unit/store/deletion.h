/* Deletions of customers, and enough customers to delete. */
#ifndef WSCRM_TESTS_UNIT_STORE_DELETION_H
#define WSCRM_TESTS_UNIT_STORE_DELETION_H

#include "store/harness.h"

#define NUMBER INT64_C(8618217331411)

/* Customers with the numbers NUMBER + first …, owned by ann and bob in turns. */
static inline void fill(struct harness *h, int64_t tenant_id, int64_t first, size_t count)
{
    struct customer_change *items = calloc(count, sizeof(*items));
    struct customer_outcome *outcomes = calloc(count, sizeof(*outcomes));
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct customer_change){.number = NUMBER + first + (int64_t)i,
                                            .owner = str_of(i % 2 ? "bob" : "ann")};
    }
    assert_int_equal(upsert(h, tenant_id, NOW, items, count, outcomes), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(outcomes[i].result, 0);
    free(items);
    free(outcomes);
}

static inline void post_deletion(struct harness *h, struct customers_delete *op, int64_t tenant_id,
                                 enum customers_of which, const int64_t *items, size_t count)
{
    *op = (struct customers_delete){.call = harness_call(h),
                                    .tenant_id = tenant_id,
                                    .which = which,
                                    .items = items,
                                    .count = count};
    store_customers_delete(h->store, op);
}

static inline int delete_customers(struct harness *h, int64_t tenant_id, enum customers_of which,
                                   const int64_t *items, size_t count)
{
    struct customers_delete op;
    post_deletion(h, &op, tenant_id, which, items, count);
    return harness_wait(h, &op.call);
}

/* A deletion whose first piece is on disk. */
static inline void begin_deletion(struct harness *h, struct customers_delete *op, int64_t tenant_id,
                                  enum customers_of which, const int64_t *items, size_t count)
{
    struct store_metrics metrics;
    store_metrics(h->store, &metrics);
    uint64_t rows = metrics.rows;
    post_deletion(h, op, tenant_id, which, items, count);
    while (metrics.rows == rows)
        store_metrics(h->store, &metrics);
}

static inline bool is_there(struct harness *h, int64_t tenant_id, int64_t number)
{
    static struct shown shown;
    assert_int_equal(get(h, tenant_id, &number, 1, &shown), 0);
    return shown.count == 1;
}

/* How many of NUMBER + first … there are. */
static inline size_t count_there(struct harness *h, int64_t tenant_id, int64_t first, size_t count)
{
    static struct shown shown;
    size_t there = 0;
    int64_t numbers[1000];
    for (size_t at = 0; at < count; at += 1000) {
        size_t some = count - at < 1000 ? count - at : 1000;
        for (size_t i = 0; i < some; i++)
            numbers[i] = NUMBER + first + (int64_t)(at + i);
        assert_int_equal(get(h, tenant_id, numbers, some, &shown), 0);
        there += shown.count;
    }
    return there;
}

#endif
