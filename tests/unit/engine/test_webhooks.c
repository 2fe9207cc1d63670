/* The deliverer: what arrives, in which order, at whom; its end, and its thread. */
#include "engine/delivery.h"

static const uint8_t other_secret[24] = "abcdefghijklmnopqrstuvwx";

static void assert_signed_by(struct world *world, const uint8_t *key, size_t len, struct str text)
{
    struct buf b;
    char id[EVENT_ID_MAX];
    int64_t seconds;
    buf_init(&b, 200);
    event_id_text(world->seen[world->count - 1].event, id);
    assert_int_equal(str_to_i64(str_of(world->seconds), &seconds), 0);
    assert_int_equal(
        webhook_sign(world->h->crypto, key, len, str_of(id), seconds, str_of(world->body), &b), 0);
    assert_int_equal(b.len, text.len);
    assert_memory_equal(b.data, text.p, text.len);
    buf_free(&b);
}

static void an_event_reaches_its_url_with_both_signatures(void **state)
{
    struct world *world = *state;
    char token[2 * SHA256_LEN + 1], expected[300], id[EVENT_ID_MAX];
    int64_t timestamp;
    open_deliverer(world);
    int64_t url = add_url(world, "/in?a=b");
    put(world, 1, 5);
    settle(world);
    assert_int_equal(world->count, 1);
    assert_string_equal(world->seen[0].path, "/in");
    event_id_text(world->seen[0].event, id);
    snprintf(expected, sizeof(expected),
             "{\"id\":\"%s\",\"type\":\"message\",\"tenantId\":7,\"time\":%lld,\"data\":{\"n\":5}}",
             id, (long long)NOW);
    assert_string_equal(world->body, expected);
    assert_string_equal(world->agent, "wscrm/" WSCRM_VERSION);
    assert_string_equal(world->type, "application/json; charset=utf-8");
    assert_int_equal(str_to_i64(str_of(world->timestamp), &timestamp), 0);
    assert_int_equal(timestamp, NOW);
    assert_int_equal(webhook_access_token(world->h->crypto, STR(API_KEY), TENANT, NOW, token), 0);
    assert_string_equal(world->token, token);
    assert_signed_by(world, secret, sizeof(secret), str_of(world->signature));
    struct last last = look_at(world, url);
    assert_int_equal(last.state, DELIVERY_DONE);
    assert_int_equal(last.status, 200);
    assert_int_equal(last.tries, 1);
    assert_string_equal(last.error, "");
}

static void events_from_before_the_start_are_delivered_too(void **state)
{
    struct world *world = *state;
    add_url(world, "/in");
    put(world, 1, 1);
    put(world, 2, 2);
    open_deliverer(world);
    settle(world);
    assert_int_equal(world->count, 2);
    put(world, 1, 3);
    settle(world);
    assert_int_equal(world->count, 3);
    assert_string_equal(world->seen[2].data, "3");
}

static void events_of_one_key_wait_for_each_other_and_others_do_not(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    add_url(world, "/in");
    world->status = 500;
    put(world, 1, 1);
    put(world, 1, 2);
    put(world, 1, 3);
    put(world, 2, 4);
    int64_t next_ms = settle(world);
    assert_int_equal(world->count, 2); /* 1 and 4, both failed */
    world->status = 200;
    world->now_ms = next_ms + 5000; /* both are due */
    settle(world);
    assert_int_equal(world->count, 6);
    const char *after_one = "";
    for (size_t i = 2; i < 6; i++) {
        if (strcmp(world->seen[i].data, "4") == 0)
            continue;
        assert_true(strcmp(after_one, world->seen[i].data) < 0);
        after_one = world->seen[i].data;
    }
}

static void a_parked_event_lets_the_next_one_of_its_key_go(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    add_url(world, "/in");
    world->status = 500;
    put(world, 1, 1);
    put(world, 1, 2);
    for (int64_t next_ms = settle(world); world->count < 7; next_ms = settle(world))
        world->now_ms = next_ms;
    assert_int_equal(world->count, 8);
    assert_string_equal(world->seen[6].data, "1");
    assert_string_equal(world->seen[7].data, "2");
}

static void a_url_has_eight_tries_at_once_and_one_after_ten_failures(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    int64_t url = add_url(world, "/never");
    for (int i = 0; i < 20; i++)
        put(world, i, i);
    world->status = 0;
    turn_until_seen(world, 8);
    turn_often(world);
    assert_int_equal(world->count, 8);
    close_deliverer(world); /* drops them */
    world->status = 500;
    world->count = 0;
    open_deliverer(world);
    settle(world);
    assert_int_equal(world->count, 20); /* all failed */
    world->status = 0;
    world->now_ms += 12000;
    turn_until_seen(world, 21);
    turn_often(world);
    assert_int_equal(world->count, 21);
    close_deliverer(world); /* the count of failures is on disk */
    open_deliverer(world);
    turn_until_seen(world, 22);
    turn_often(world);
    assert_int_equal(world->count, 22);
    close_deliverer(world);
    world->status = 200; /* and one answer ends it */
    world->count = 0;
    open_deliverer(world);
    settle(world);
    assert_int_equal(world->count, 20);
    assert_int_equal(look_at(world, url).state, DELIVERY_DONE);
}

static void urls_that_fail_never_hold_those_that_work(void **state)
{
    struct world *world = *state;
    char path[32];
    open_deliverer(world);
    /* 40 URLs that fail and have 8 deliveries each: more than there may be tries at all. */
    for (int i = 0; i < 40; i++) {
        snprintf(path, sizeof(path), "/never?%d", i);
        add_url(world, path);
    }
    world->status = 500;
    for (int i = 0; i < 8; i++)
        put(world, i, i);
    settle(world);
    assert_int_equal(world->count, 320);
    world->status = 0;
    world->count = 0;
    world->now_ms += 12000;
    turn_until_seen(world, WEBHOOKS_FAILING_MAX);
    turn_often(world);
    assert_int_equal(world->count, WEBHOOKS_FAILING_MAX);
    add_url(world, "/ok");
    put(world, 100, 100);
    turn_until_seen(world, WEBHOOKS_FAILING_MAX + 1);
    assert_string_equal(world->seen[WEBHOOKS_FAILING_MAX].path, "/ok");
    struct webhooks_metrics metrics;
    webhooks_metrics(world->webhooks, &metrics);
    assert_int_equal(metrics.failing, 40);
    assert_true(metrics.in_flight >= WEBHOOKS_FAILING_MAX);
}

static void http_410_switches_the_url_off_until_it_is_switched_on(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    int64_t url = add_url(world, "/in");
    world->status = 410;
    put(world, 1, 1);
    put(world, 1, 2);
    assert_int_equal(settle(world), INT64_MAX);
    assert_int_equal(world->count, 1);
    world->now_ms += 100000;
    put(world, 2, 3); /* nobody wants it */
    settle(world);
    assert_int_equal(world->count, 1);
    world->status = 200;
    assert_int_equal(set_url(world, EVENT_MESSAGE, "/in", 1, NULL, 0), url);
    settle(world);
    assert_int_equal(world->count, 2); /* what waited */
    assert_string_equal(world->seen[1].data, "2");
    assert_int_equal(replay(world, world->seen[0].event), 1);
    settle(world);
    assert_int_equal(world->count, 3);
    assert_string_equal(world->seen[2].data, "1");
}

static void a_new_secret_signs_beside_the_one_before_for_a_day(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    add_url(world, "/in");
    set_url(world, EVENT_MESSAGE, "/in", -1, other_secret, sizeof(other_secret));
    put(world, 1, 1);
    settle(world);
    struct str rest = str_of(world->signature), first = str_split(&rest, ' ');
    assert_signed_by(world, other_secret, sizeof(other_secret), first);
    assert_signed_by(world, secret, sizeof(secret), rest);
    world->now_ms += WEBHOOK_SECRET_OVERLAP_MS;
    put(world, 1, 2);
    settle(world);
    assert_int_equal(world->count, 2);
    assert_signed_by(world, other_secret, sizeof(other_secret), str_of(world->signature));
}

static void the_token_is_made_with_the_api_key_of_the_moment(void **state)
{
    struct world *world = *state;
    char token[2 * SHA256_LEN + 1];
    open_deliverer(world);
    add_url(world, "/in");
    settle(world);
    struct tenant_write op = {.call = harness_call(world->h),
                              .id = TENANT,
                              .api_key = STR("another key"),
                              .edition = -1,
                              .rate_limit = -1,
                              .token_window_s = -1,
                              .now_ms = NOW};
    store_tenant_set(world->h->store, &op);
    assert_int_equal(harness_wait(world->h, &op.call), 0);
    put(world, 1, 1);
    settle(world);
    assert_int_equal(webhook_access_token(world->h->crypto, STR("another key"), TENANT, NOW, token),
                     0);
    assert_string_equal(world->token, token);
}

static void what_was_under_way_at_an_end_comes_again_with_the_same_id(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    add_url(world, "/never");
    world->status = 0;
    put(world, 1, 1);
    put(world, 1, 2);
    turn_until_seen(world, 1);
    close_deliverer(world);
    world->status = 200;
    open_deliverer(world);
    settle(world);
    assert_int_equal(world->count, 3);
    assert_int_equal(world->seen[1].event, world->seen[0].event);
    assert_string_equal(world->seen[2].data, "2");
}

static void a_url_that_is_removed_gets_nothing_more(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    int64_t url = add_url(world, "/never");
    world->status = 0;
    put(world, 1, 1);
    put(world, 1, 2);
    turn_until_seen(world, 1);
    struct webhook_del op = {.call = harness_call(world->h), .tenant_id = TENANT, .id = url};
    store_webhook_del(world->h->store, &op);
    assert_int_equal(harness_wait(world->h, &op.call), 0);
    turn_often(world);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (world->receiver.connections[i])
            receiver_close(&world->receiver, world->receiver.connections[i]);
    assert_int_equal(settle(world), INT64_MAX);
    assert_int_equal(world->count, 1);
}

static void events_of_many_keys_arrive_once_at_each_url_and_in_order(void **state)
{
    struct world *world = *state;
    int last[50] = {0};
    open_deliverer(world);
    add_url(world, "/in");
    add_url(world, "/other");
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 50; i++)
            put(world, i, round * 50 + i + 1);
        turn(world);
    }
    settle(world);
    assert_int_equal(world->count, 400);
    for (size_t i = 0; i < world->count; i++) {
        if (strcmp(world->seen[i].path, "/in") != 0)
            continue;
        int n = atoi(world->seen[i].data), key = (n - 1) % 50;
        assert_int_equal(n, last[key] ? last[key] + 50 : key + 1);
        last[key] = n;
    }
    struct webhooks_metrics metrics;
    webhooks_metrics(world->webhooks, &metrics);
    assert_int_equal(metrics.delivered, 400);
    assert_int_equal(metrics.started, 400);
    assert_int_equal(metrics.failed, 0);
    assert_int_equal(metrics.in_flight, 0);
}

/* --- the thread */

static void the_thread_delivers_and_lets_what_is_under_way_end(void **state)
{
    struct world *world = *state;
    world->settings.clock_ms = NULL;
    open_deliverer(world);
    add_url(world, "/in");
    assert_int_equal(webhooks_start(world->webhooks), 0);
    for (int i = 0; i < 20; i++)
        put(world, i % 3, i);
    while (world->count < 20)
        event_base_loop(world->base, EVLOOP_ONCE);
    event_base_loop(world->base, EVLOOP_NONBLOCK); /* the last answer leaves */
    webhooks_stop(world->webhooks, TEST_SECONDS * 1000);
    struct webhooks_metrics metrics;
    webhooks_metrics(world->webhooks, &metrics);
    assert_true(metrics.in_flight == 0);
    close_deliverer(world);
    assert_int_equal(look_at(world, 0).count, 20);
}

static void the_thread_does_not_wait_for_a_silent_receiver_at_its_end(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    add_url(world, "/never");
    world->status = 0;
    put(world, 1, 1);
    assert_int_equal(webhooks_start(world->webhooks), 0);
    while (world->count < 1)
        event_base_loop(world->base, EVLOOP_ONCE);
    webhooks_stop(world->webhooks, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, delivery_start, delivery_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_event_reaches_its_url_with_both_signatures),
        TEST(events_from_before_the_start_are_delivered_too),
        TEST(events_of_one_key_wait_for_each_other_and_others_do_not),
        TEST(a_parked_event_lets_the_next_one_of_its_key_go),
        TEST(a_url_has_eight_tries_at_once_and_one_after_ten_failures),
        TEST(urls_that_fail_never_hold_those_that_work),
        TEST(http_410_switches_the_url_off_until_it_is_switched_on),
        TEST(a_new_secret_signs_beside_the_one_before_for_a_day),
        TEST(the_token_is_made_with_the_api_key_of_the_moment),
        TEST(what_was_under_way_at_an_end_comes_again_with_the_same_id),
        TEST(a_url_that_is_removed_gets_nothing_more),
        TEST(events_of_many_keys_arrive_once_at_each_url_and_in_order),
        TEST(the_thread_delivers_and_lets_what_is_under_way_end),
        TEST(the_thread_does_not_wait_for_a_silent_receiver_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
