/* Accounts that come and go, as webhooks are told: what the engine writes into the outbox. */
#include "engine/world.h"
#include "store/webhooks.h"

static const int64_t senders[] = {ACCOUNT};
static const uint8_t secret[32] = "0123456789abcdef0123456789abcdef";

#define REAL "{\"speed\":\"1\",\"interval_min\":\"0\",\"interval_max\":\"0\"}"

/* By the real clock all events here are old enough to be dropped. */
static int64_t store_clock(void)
{
    return NOW;
}

static int start(void **state)
{
    world_start(state);
    struct world *w = *state;
    w->h->settings.clock_ms = store_clock;
    harness_reopen(w->h);
    return 0;
}

static int64_t add_url(struct world *w, enum event_type type)
{
    struct webhook_set op = {.call = harness_call(w->h),
                             .tenant_id = TENANT,
                             .type = type,
                             .url = STR("https://example.com/in"),
                             .enabled = 1,
                             .secret = secret,
                             .secret_len = sizeof(secret),
                             .now_ms = w->now_ms};
    store_webhook_set(w->h->store, &op);
    assert_int_equal(harness_wait(w->h, &op.call), 0);
    return op.id;
}

/* All events of one URL whose key has nothing before them, as one text. */
struct seen {
    struct deliveries_next op;
    char text[1024];
    int count;
};

static void take(struct deliveries_next *op, const struct delivery *delivery)
{
    struct seen *told = (struct seen *)op;
    told->count++;
    snprintf(told->text, sizeof(told->text), "%.*s", (int)delivery->data.len, delivery->data.p);
    assert_int_equal(delivery->type, EVENT_ACCOUNT);
}

/* Takes what is READY, and is done with it, so that the next one of its key is. */
static const char *next(struct world *w, int64_t webhook)
{
    static struct seen told;
    told = (struct seen){.op = {.call = harness_call(w->h),
                                .webhook = webhook,
                                .until_ms = INT64_MAX,
                                .limit = 1,
                                .each = take}};
    store_deliveries_next(w->h->reader, &told.op);
    while (told.op.call.owner)
        store_reads_run(w->h->reader);
    return told.count ? told.text : "";
}

static void one_id(struct deliveries_next *op, const struct delivery *delivery)
{
    op->after_id = delivery->id;
}

static void finish(struct world *w, int64_t webhook)
{
    struct deliveries_next read = {.call = harness_call(w->h),
                                   .webhook = webhook,
                                   .until_ms = INT64_MAX,
                                   .limit = 1,
                                   .each = one_id};
    store_deliveries_next(w->h->reader, &read);
    while (read.call.owner)
        store_reads_run(w->h->reader);
    struct delivery_result result = {
        .delivery = read.after_id, .webhook = webhook, .state = DELIVERY_DONE, .http_status = 200};
    struct deliveries_finish op = {
        .call = harness_call(w->h), .results = &result, .count = 1, .now_ms = w->now_ms};
    store_deliveries_finish(w->h->store, &op);
    assert_int_equal(harness_wait(w->h, &op.call), 0);
    assert_false(result.unknown);
}

static void an_account_that_comes_online_is_told_as_its_status_is_shown(void **state)
{
    struct world *w = *state;
    int64_t url = add_url(w, EVENT_ACCOUNT);
    world_account(w, ACCOUNT, REAL);
    world_engine(w);
    world_settle(w);
    assert_string_equal(next(w, url),
                        "{\"whatsApp\":\"8613900000001\",\"name\":\"\",\"agentAccount\":\"ann\","
                        "\"source\":\"1\",\"online\":true,\"since\":1700000000000}");
    finish(w, url);
    assert_string_equal(next(w, url), ""); /* once */
}

static void an_account_that_goes_and_comes_back_is_told_in_order(void **state)
{
    struct world *w = *state;
    int64_t url = add_url(w, EVENT_ACCOUNT);
    world_account(w, ACCOUNT, REAL);
    world_engine(w);
    world_task(w, senders, 1, 503, 1); /* ...0503: it is offline for 10 s */
    world_run_until(w, NOW + 20000);
    static const char *const expected[] = {"\"online\":true,\"since\":1700000000000}",
                                           "\"online\":false,\"since\":1700000000000}",
                                           "\"online\":true,\"since\":1700000010000}"};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        if (!strstr(next(w, url), expected[i]))
            fail_msg("%s is not told, but %s", expected[i], next(w, url));
        finish(w, url);
    }
    assert_string_equal(next(w, url), "");
}

static void without_a_url_nothing_is_told_and_one_that_comes_is_told_what_comes(void **state)
{
    struct world *w = *state;
    int64_t other = add_url(w, EVENT_TASK);
    world_account(w, ACCOUNT, REAL);
    world_engine(w);
    world_settle(w);
    int64_t url = add_url(w, EVENT_ACCOUNT);
    engine_wake(w->engine);
    world_settle(w);
    assert_string_equal(next(w, url), "");
    assert_string_equal(next(w, other), "");
    world_task(w, senders, 1, 503, 1);
    world_settle(w);
    assert_non_null(strstr(next(w, url), "\"online\":false"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_account_that_comes_online_is_told_as_its_status_is_shown),
        TEST(an_account_that_goes_and_comes_back_is_told_in_order),
        TEST(without_a_url_nothing_is_told_and_one_that_comes_is_told_what_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
