/* Conformance: a write with a key is run once, and its answer is kept for a day. Through store.h alone. */
#include "store/idempotent.h"

#define NUMBER INT64_C(8618217331411)
#define OTHER  (TENANT + 1)

static int rename_customer(struct harness *h, int64_t number, const char *name)
{
    struct customer_change item = {.number = number,
                                   .fields[CUSTOMER_FRIEND_NAME] = set_text(name)};
    return upsert_one(h, TENANT, NOW, &item);
}

static void a_repetition_gets_the_first_answer_and_changes_nothing(void **state)
{
    struct harness *h = *state;
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), RUN);
    assert_int_equal(rename_customer(h, NUMBER, "later"), 0);
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), "first");
    assert_shown(h, TENANT, NUMBER, "friendName=later +0~0");
    harness_reopen(h);
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), "first");
    assert_shown(h, TENANT, NUMBER, "friendName=later +0~0");
}

static void another_call_under_the_same_key_is_a_conflict(void **state)
{
    struct harness *h = *state;
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), RUN);
    assert_string_equal(once(h, TENANT, "k", NUMBER, "second"), err_text(ERR_CONFLICT));
    assert_shown(h, TENANT, NUMBER, "friendName=first +0~0");
    assert_string_equal(once(h, TENANT, "K", NUMBER, "second"), RUN);
    assert_shown(h, TENANT, NUMBER, "friendName=second +0~0");
}

static void a_key_is_its_tenants_and_its_routes(void **state)
{
    struct harness *h = *state;
    struct once call;
    assert_int_equal(add_tenant(h, OTHER), 0);
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), RUN);
    assert_string_equal(once(h, OTHER, "k", NUMBER, "second"), RUN);
    assert_shown(h, OTHER, NUMBER, "friendName=second +0~0");
    once_fill(h, &call, TENANT, "k", NUMBER, "third");
    call.idempotency.route = STR("/other");
    store_customers_upsert(h->store, &call.upsert);
    assert_string_equal(once_wait(h, &call), RUN);
    assert_shown(h, TENANT, NUMBER, "friendName=third +0~0");
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), "first");
    assert_string_equal(once(h, OTHER, "k", NUMBER, "second"), "second");
}

static void what_failed_or_was_refused_leaves_its_key_free(void **state)
{
    struct harness *h = *state;
    assert_string_equal(once(h, OTHER, "k", NUMBER, "first"), err_text(ERR_NOT_FOUND));
    assert_int_equal(add_tenant(h, OTHER), 0);
    assert_string_equal(once(h, OTHER, "k", NUMBER, "second"), RUN);
    /* An empty answer says that it was refused. */
    assert_string_equal(once(h, TENANT, "k", NUMBER, ""), RUN);
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), RUN);
    assert_shown(h, TENANT, NUMBER, "friendName=first +0~0");
}

static void of_two_at_once_one_is_run(void **state)
{
    struct harness *h = *state;
    enum { CALLS = 50 };
    struct once *calls = calloc(CALLS, sizeof(*calls));
    int runs = 0;
    for (int i = 0; i < CALLS; i++)
        once_post(h, &calls[i], TENANT, "k", NUMBER, "first");
    for (int i = 0; i < CALLS; i++) {
        const char *answer = once_wait(h, &calls[i]);
        runs += str_is(str_of(answer), RUN);
        assert_true(i == 0 || str_is(str_of(answer), "first"));
    }
    assert_int_equal(runs, 1);
    free(calls);
}

/* An import that takes several pieces, under the key "k". */
struct large {
    struct once once;
    struct customer_change *items;
    struct customer_outcome *outcomes;
};

enum { LARGE_COUNT = 40000 };

static void large_post(struct harness *h, struct large *large)
{
    large->items = calloc(LARGE_COUNT, sizeof(*large->items));
    large->outcomes = calloc(LARGE_COUNT, sizeof(*large->outcomes));
    for (int i = 0; i < LARGE_COUNT; i++)
        large->items[i] = (struct customer_change){.number = NUMBER + i};
    struct once *once = &large->once;
    *once = (struct once){.text = STR("large")};
    once->idempotency = (struct idempotency){.tenant_id = TENANT,
                                             .route = STR("/import"),
                                             .key = STR("k"),
                                             .hash = "large",
                                             .answer = once_answer};
    once->upsert = (struct customers_upsert){.call = harness_call(h),
                                             .tenant_id = TENANT,
                                             .now_ms = NOW,
                                             .items = large->items,
                                             .count = LARGE_COUNT,
                                             .outcomes = large->outcomes};
    once->upsert.call.idempotency = &once->idempotency;
    store_customers_upsert(h->store, &once->upsert);
}

static const char *large_wait(struct harness *h, struct large *large)
{
    const char *answer = once_wait(h, &large->once);
    free(large->items);
    free(large->outcomes);
    return answer;
}

static void the_key_of_a_long_call_that_is_under_way_is_taken(void **state)
{
    struct harness *h = *state;
    struct store_metrics metrics;
    struct large first, second;
    store_metrics(h->store, &metrics);
    uint64_t rows = metrics.rows;
    large_post(h, &first);
    while (metrics.rows == rows)
        store_metrics(h->store, &metrics);
    assert_string_equal(once(h, TENANT, "k", NUMBER, "large"), err_text(ERR_RUNNING));
    assert_string_equal(once(h, TENANT, "k", NUMBER, "small"), err_text(ERR_CONFLICT));
    assert_string_equal(once(h, TENANT, "other", NUMBER, "small"), RUN);
    assert_non_null(first.once.upsert.call.owner);
    large_post(h, &second); /* waits for the first, and then need not run */
    assert_string_equal(large_wait(h, &first), RUN);
    assert_string_equal(large_wait(h, &second), "large");
    assert_string_equal(once(h, TENANT, "k", NUMBER, "large"), "large");
}

/* What a reader says of a key: the answer, RUN, or the error. */
static const char *look_up(struct harness *h, const char *key, const char *text)
{
    struct once call;
    once_fill(h, &call, TENANT, key, NUMBER, text);
    struct answer_get get = {.call = harness_call(h), .idempotency = &call.idempotency};
    store_answer_get(h->reader, &get);
    while (get.call.owner)
        store_reads_run(h->reader);
    call.upsert.call.owner = NULL;
    call.upsert.call.result = get.call.result;
    call.answers = !call.idempotency.replayed; /* it would be run now */
    return once_wait(h, &call);
}

static void a_key_is_looked_up_without_a_write(void **state)
{
    struct harness *h = *state;
    assert_string_equal(look_up(h, "k", "first"), RUN);
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), RUN);
    assert_string_equal(look_up(h, "k", "first"), "first");
    assert_string_equal(look_up(h, "k", "second"), err_text(ERR_CONFLICT));
    assert_string_equal(look_up(h, "other", "first"), RUN);
    atomic_store(&turned_ms, ANSWER_KEPT_MS);
    assert_string_equal(look_up(h, "k", "second"), RUN);
}

static void a_day_later_a_key_is_as_if_it_had_never_been(void **state)
{
    struct harness *h = *state;
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), RUN);
    atomic_store(&turned_ms, ANSWER_KEPT_MS - 1);
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), "first");
    atomic_store(&turned_ms, ANSWER_KEPT_MS);
    assert_string_equal(once(h, TENANT, "k", NUMBER, "second"), RUN);
    assert_string_equal(once(h, TENANT, "k", NUMBER, "second"), "second");
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), err_text(ERR_CONFLICT));
    atomic_store(&turned_ms, 2 * ANSWER_KEPT_MS);
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), RUN);
}

static void an_answer_over_its_limit_is_not_kept(void **state)
{
    struct harness *h = *state;
    struct once call;
    char *text = malloc(ANSWER_LONGEST + 1);
    memset(text, 'x', ANSWER_LONGEST + 1);
    for (size_t over = 0; over < 2; over++) {
        for (int i = 0; i < 2; i++) {
            once_fill(h, &call, TENANT, over ? "over" : "just", NUMBER, "first");
            call.text = (struct str){text, ANSWER_LONGEST + over};
            store_customers_upsert(h->store, &call.upsert);
            assert_int_equal(harness_wait(h, &call.upsert.call), 0);
            assert_int_equal(call.idempotency.replayed, i == 1 && !over);
            if (i == 1 && !over) {
                assert_int_equal(call.idempotency.kept.len, ANSWER_LONGEST);
                assert_memory_equal(call.idempotency.kept.data, text, ANSWER_LONGEST);
            }
            buf_free(&call.idempotency.kept);
        }
    }
    free(text);
}

static void a_tenants_keys_go_with_it(void **state)
{
    struct harness *h = *state;
    char key[16];
    assert_int_equal(add_tenant(h, OTHER), 0);
    for (int i = 0; i < 30; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        assert_string_equal(once(h, TENANT, key, NUMBER, "first"), RUN);
    }
    assert_string_equal(once(h, OTHER, "k0", NUMBER, "first"), RUN);
    assert_int_equal(remove_tenant(h, TENANT), 0);
    assert_int_equal(add_tenant(h, TENANT), 0);
    assert_string_equal(once(h, TENANT, "k0", NUMBER, "second"), RUN);
    assert_string_equal(once(h, OTHER, "k0", NUMBER, "first"), "first");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start_with_clock, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_repetition_gets_the_first_answer_and_changes_nothing),
        TEST(another_call_under_the_same_key_is_a_conflict),
        TEST(a_key_is_its_tenants_and_its_routes),
        TEST(what_failed_or_was_refused_leaves_its_key_free),
        TEST(of_two_at_once_one_is_run),
        TEST(the_key_of_a_long_call_that_is_under_way_is_taken),
        TEST(a_key_is_looked_up_without_a_write),
        TEST(a_day_later_a_key_is_as_if_it_had_never_been),
        TEST(an_answer_over_its_limit_is_not_kept),
        TEST(a_tenants_keys_go_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
