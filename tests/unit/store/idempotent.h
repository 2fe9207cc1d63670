/* A write with a key, as a call that waits, and a clock that the test turns. */
#ifndef WSCRM_TESTS_UNIT_STORE_IDEMPOTENT_H
#define WSCRM_TESTS_UNIT_STORE_IDEMPOTENT_H

#include <stdatomic.h>
#include <string.h>

#include "store/harness.h"

static atomic_int_fast64_t turned_ms;

static inline int64_t turned_clock(void)
{
    return NOW + atomic_load(&turned_ms);
}

/* harness_start() with that clock. */
static inline int start_with_clock(void **state)
{
    atomic_store(&turned_ms, 0);
    harness_start(state);
    struct harness *h = *state;
    h->settings.clock_ms = turned_clock;
    harness_reopen(h);
    return 0;
}

/* An import of one customer whose name is the answer that it wants to be kept. */
struct once {
    struct customers_upsert upsert;
    struct idempotency idempotency;
    struct customer_change item;
    struct customer_outcome outcome;
    struct str text;
    int answers; /* how often it was asked for its answer */
};

static inline struct str once_answer(struct store_call *call)
{
    struct once *once = container_of(call, struct once, upsert.call);
    once->answers++;
    return once->text;
}

static inline void once_fill(struct harness *h, struct once *once, int64_t tenant_id,
                             const char *key, int64_t number, const char *text)
{
    *once = (struct once){.text = str_of(text)};
    once->item =
        (struct customer_change){.number = number, .fields[CUSTOMER_FRIEND_NAME] = set_text(text)};
    once->idempotency = (struct idempotency){
        .tenant_id = tenant_id, .route = STR("/import"), .key = str_of(key), .answer = once_answer};
    snprintf((char *)once->idempotency.hash, SHA256_LEN, "%s", text);
    once->upsert = (struct customers_upsert){.call = harness_call(h),
                                             .tenant_id = tenant_id,
                                             .now_ms = NOW,
                                             .items = &once->item,
                                             .count = 1,
                                             .outcomes = &once->outcome};
    once->upsert.call.idempotency = &once->idempotency;
}

static inline void once_post(struct harness *h, struct once *once, int64_t tenant_id,
                             const char *key, int64_t number, const char *text)
{
    once_fill(h, once, tenant_id, key, number, text);
    store_customers_upsert(h->store, &once->upsert);
}

/* What was answered instead of being run; "" when it was run, or the error's text. */
static inline const char *once_wait(struct harness *h, struct once *once)
{
    static char text[64];
    int result = harness_wait(h, &once->upsert.call);
    if (result < 0)
        return err_text(result);
    const struct buf *kept = &once->idempotency.kept;
    snprintf(text, sizeof(text), "%.*s", once->idempotency.replayed ? (int)kept->len : 0,
             once->idempotency.replayed ? kept->data : "");
    assert_int_equal(once->answers, once->idempotency.replayed ? 0 : 1);
    buf_free(&once->idempotency.kept);
    return text;
}

static inline const char *once(struct harness *h, int64_t tenant_id, const char *key,
                               int64_t number, const char *text)
{
    struct once call;
    once_post(h, &call, tenant_id, key, number, text);
    return once_wait(h, &call);
}

#define RUN ""

#endif
