/* Conformance: events and their deliveries through the store's face, on any back end. */
#include "store/hooks.h"

static void an_event_reaches_each_url_of_its_type_that_is_on(void **state)
{
    struct harness *h = *state;
    int64_t first = add_webhook(h, EVENT_MESSAGE, URL),
            second = add_webhook(h, EVENT_MESSAGE, URL "2"),
            other = add_webhook(h, EVENT_TASK, URL);
    int64_t off = turn_webhook(h, EVENT_MESSAGE, URL "3", false);
    assert_int_equal(put_event(h, EVENT_MESSAGE, 1, NOW, "{\"a\":1}"), 0);
    harness_reopen(h);
    assert_next(h, first, NOW, "{\"a\":1}");
    assert_next(h, second, NOW, "{\"a\":1}");
    assert_next(h, other, NOW, "");
    assert_next(h, off, NOW, "");
    assert_next(h, first, NOW - 1, "");
}

static void an_event_that_nobody_wants_leaves_nothing(void **state)
{
    struct harness *h = *state;
    assert_int_equal(put_event(h, EVENT_MESSAGE, 1, NOW, "{}"), 0);
    turn_webhook(h, EVENT_MESSAGE, URL, false);
    assert_int_equal(put_event(h, EVENT_MESSAGE, 1, NOW, "{}"), 0);
    assert_string_equal(deliveries(h), "/0");
}

static void of_a_key_only_the_first_is_ready_and_keys_do_not_wait_for_each_other(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    put_event(h, EVENT_MESSAGE, 1, NOW, "{\"n\":1}");
    put_event(h, EVENT_MESSAGE, 1, NOW + 1, "{\"n\":2}");
    put_event(h, EVENT_MESSAGE, 2, NOW + 2, "{\"n\":3}");
    put_event(h, EVENT_MESSAGE, 1, NOW + 3, "{\"n\":4}");
    assert_next(h, id, NOW + 9, "{\"n\":1}|{\"n\":3}");
    assert_string_equal(webhooks(h, TENANT), "message " URL " on 2 2 0");
    assert_true(finish_first(h, id, DELIVERY_DONE, NOW + 10));
    assert_next(h, id, NOW + 9, "{\"n\":3}");
    assert_next(h, id, NOW + 10, "{\"n\":3}|{\"n\":2}");
    harness_reopen(h);
    assert_false(finish_first(h, id, DELIVERY_DONE, NOW + 11)); /* nothing more of key 2 */
    assert_true(finish_first(h, id, DELIVERY_PARKED, NOW + 12));
    assert_next(h, id, NOW + 12, "{\"n\":4}");
    assert_false(finish_first(h, id, DELIVERY_DONE, NOW + 13));
    assert_next(h, id, NOW + DAY, "");
}

static void one_that_failed_comes_again_at_its_time_and_holds_its_key(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    put_event(h, EVENT_MESSAGE, 1, NOW, "{\"n\":1}");
    put_event(h, EVENT_MESSAGE, 1, NOW, "{\"n\":2}");
    assert_false(finish_first(h, id, DELIVERY_READY, NOW));
    const struct next *due = next(h, id, NOW + 9999);
    assert_int_equal(due->count, 0);
    assert_int_equal(due->get.next_ms, NOW + 10000);
    assert_next(h, id, NOW + 10000, "{\"n\":1} try 2");
    assert_string_equal(webhooks(h, TENANT), "message " URL " on 1 failures since +0 1 1 0");
    assert_false(finish_first(h, id, DELIVERY_READY, NOW + 10000));
    assert_string_equal(webhooks(h, TENANT), "message " URL " on 2 failures since +0 1 1 0");
    assert_true(finish_first(h, id, DELIVERY_DONE, NOW + 30000));
    assert_string_equal(webhooks(h, TENANT), "message " URL " on 1 0 0");
}

static void a_limit_and_a_place_make_pages_of_what_is_due(void **state)
{
    struct harness *h = *state;
    struct next page = {0};
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL), seen = 0, base = 0;
    for (int i = 0; i < 10; i++)
        put_event(h, EVENT_MESSAGE, i, NOW + i / 3, "{}");
    page.get =
        (struct deliveries_next){.webhook = id, .until_ms = NOW + 2, .limit = 4, .each = note_next};
    do {
        page.get.call = harness_call(h);
        page.count = 0;
        store_deliveries_next(h->reader, &page.get);
        run_read(h, &page.get.call);
        base = base ? base : page.events[0];
        for (size_t i = 0; i < page.count; i++)
            assert_int_equal(page.events[i], base + seen++);
        if (page.count > 0) {
            page.get.after_id = page.ids[page.count - 1];
            page.get.after_ms = NOW + (seen - 1) / 3;
        }
    } while (page.count == 4);
    assert_int_equal(seen, 9);
    assert_int_equal(page.get.next_ms, NOW + 3);
}

static void a_result_for_what_is_no_longer_ready_changes_nothing(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL), other = add_webhook(h, EVENT_TASK, URL);
    put_event(h, EVENT_MESSAGE, 1, NOW, "{\"n\":1}");
    put_event(h, EVENT_MESSAGE, 1, NOW, "{\"n\":2}");
    int64_t first = next(h, id, NOW)->ids[0];
    struct delivery_result results[] = {
        {.delivery = first, .webhook = other, .state = DELIVERY_DONE},
        {.delivery = first + 1000000, .webhook = id, .state = DELIVERY_DONE},
        {.delivery = first, .webhook = id, .state = DELIVERY_DONE},
        {.delivery = first, .webhook = id, .state = DELIVERY_PARKED},
    };
    struct deliveries_finish op = finish(h, results, 4, NOW);
    assert_true(results[0].unknown && results[1].unknown && results[3].unknown);
    assert_true(op.woken && !results[2].unknown);
    assert_next(h, id, NOW, "{\"n\":2}");
    assert_string_equal(webhooks(h, TENANT), "message " URL " on 1 0 0|task " URL " on");
}

static void a_url_that_is_gone_is_switched_off(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    put_event(h, EVENT_MESSAGE, 1, NOW, "{}");
    struct delivery_result result = {.delivery = next(h, id, NOW)->ids[0],
                                     .webhook = id,
                                     .state = DELIVERY_PARKED,
                                     .http_status = 410,
                                     .gone = true};
    (void)finish(h, &result, 1, NOW + 5);
    assert_string_equal(webhooks(h, TENANT), "message " URL " off 1 failures since +5 0 0 1");
    put_event(h, EVENT_MESSAGE, 2, NOW, "{}");
    assert_string_equal(webhooks(h, TENANT), "message " URL " off 1 failures since +5 0 0 1");
    turn_webhook(h, EVENT_MESSAGE, URL, true);
    assert_string_equal(webhooks(h, TENANT), "message " URL " on 0 0 1");
}

/* --- whoever watches */

static void count_call(void *context)
{
    atomic_fetch_add((atomic_int *)context, 1);
}

struct fresh {
    struct deliveries_fresh get;
    int64_t webhooks[16];
    size_t count;
};

static void note_fresh(struct deliveries_fresh *op, int64_t webhook)
{
    struct fresh *fresh = container_of(op, struct fresh, get);
    fresh->webhooks[fresh->count++] = webhook;
}

static size_t fresh(struct harness *h, struct fresh *fresh)
{
    fresh->count = 0;
    fresh->get.call = harness_call(h);
    fresh->get.each = note_fresh;
    store_deliveries_fresh(h->reader, &fresh->get);
    run_read(h, &fresh->get.call);
    assert_int_equal(fresh->get.call.result, 0);
    assert_false(fresh->get.more);
    return fresh->count;
}

static void the_engine_is_told_and_finds_what_is_fresh(void **state)
{
    struct harness *h = *state;
    atomic_int told = 0;
    struct fresh news = {0};
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    put_event(h, EVENT_MESSAGE, 1, NOW, "{}");
    assert_int_equal(fresh(h, &news), 0); /* the first look says where it stands */
    assert_true(news.get.after > 0);
    store_events_watch(h->store, count_call, &told);
    put_event(h, EVENT_MESSAGE, 1, NOW, "{}"); /* waits: not ready */
    assert_int_equal(told, 1);
    assert_int_equal(fresh(h, &news), 0);
    put_event(h, EVENT_MESSAGE, 2, NOW, "{}");
    assert_int_equal(told, 2);
    assert_int_equal(fresh(h, &news), 1);
    assert_int_equal(news.webhooks[0], id);
    assert_int_equal(fresh(h, &news), 0);
    put_event(h, EVENT_TASK, 1, NOW, "{}"); /* nobody wants it */
    assert_int_equal(told, 2);
    assert_int_equal(del_webhook(h, TENANT, id), 0);
    assert_int_equal(told, 3);
    store_events_watch(h->store, NULL, NULL);
    add_webhook(h, EVENT_MESSAGE, URL);
    assert_int_equal(told, 3);
}

/* --- for people */

static void a_page_shows_the_newest_first_and_narrows(void **state)
{
    struct harness *h = *state;
    int64_t a = add_webhook(h, EVENT_MESSAGE, URL), b = add_webhook(h, EVENT_MESSAGE, URL "2");
    int64_t c = add_webhook(h, EVENT_TASK, URL);
    put_event(h, EVENT_MESSAGE, 1, NOW, "{}");
    put_event(h, EVENT_MESSAGE, 1, NOW, "{}");
    put_event(h, EVENT_TASK, 1, NOW, "{}");
    finish_first(h, a, DELIVERY_PARKED, NOW);
    finish_first(h, b, DELIVERY_DONE, NOW);
    int first = (int)next(h, a, NOW)->events[0] - 1;
    char expected[512];
    snprintf(expected, sizeof(expected),
             "%d@%d ready 0|%d@%d ready 0|%d@%d ready 0|%d@%d done 1 200 |%d@%d parked 1 500 HTTP "
             "500/5",
             first + 2, (int)c, first + 1, (int)b, first + 1, (int)a, first, (int)b, first, (int)a);
    assert_string_equal(deliveries(h), expected);
    struct deliveries_page get = all_deliveries(h);
    get.webhook = b;
    snprintf(expected, sizeof(expected), "%d@%d ready 0|%d@%d done 1 200 /2", first + 1, (int)b,
             first, (int)b);
    assert_string_equal(page(h, &get), expected);
    get = all_deliveries(h);
    get.state = DELIVERY_PARKED;
    snprintf(expected, sizeof(expected), "%d@%d parked 1 500 HTTP 500/1", first, (int)a);
    assert_string_equal(page(h, &get), expected);
    get = all_deliveries(h);
    get.type = EVENT_TASK;
    get.state = DELIVERY_READY;
    snprintf(expected, sizeof(expected), "%d@%d ready 0/1", first + 2, (int)c);
    assert_string_equal(page(h, &get), expected);
    get = all_deliveries(h);
    get.skip = 1;
    get.limit = 1;
    snprintf(expected, sizeof(expected), "%d@%d ready 0/5", first + 1, (int)b);
    assert_string_equal(page(h, &get), expected);
    get = all_deliveries(h);
    get.tenant_id = TENANT + 1;
    assert_string_equal(page(h, &get), "/0");
}

static void pages_of_more_than_one_piece_are_whole(void **state)
{
    struct harness *h = *state;
    add_webhook(h, EVENT_MESSAGE, URL);
    put_events(h, EVENT_MESSAGE, 2500, 3);
    struct deliveries_page get = all_deliveries(h);
    get.limit = 0;
    assert_string_equal(page(h, &get), "/2500");
    get = all_deliveries(h);
    get.skip = 2498;
    assert_string_equal(strrchr(page(h, &get), '/'), "/2500");
    get = all_deliveries(h);
    get.state = DELIVERY_DONE;
    assert_string_equal(page(h, &get), "/0");
    get.deadline_us = 1;
    store_deliveries_page(h->reader, &get);
    run_read(h, &get.call);
    assert_int_equal(get.call.result, ERR_TIMEOUT);
}

/* --- replays */

static void a_replay_goes_behind_what_is_pending_of_its_key(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    for (int i = 1; i <= 4; i++) {
        char data[32];
        snprintf(data, sizeof(data), "{\"n\":%d}", i);
        put_event(h, EVENT_MESSAGE, 1, NOW + i, data);
    }
    int64_t event = next(h, id, NOW + 9)->events[0];
    finish_first(h, id, DELIVERY_PARKED, NOW + 9);
    finish_first(h, id, DELIVERY_DONE, NOW + 9);
    const int64_t events[] = {event + 1, event, event + 1, event + 2, event + 77};
    assert_int_equal(replay_events(h, events, 5, NOW + 100), 2); /* the third is pending */
    put_event(h, EVENT_MESSAGE, 1, NOW + 5, "{\"n\":5}");
    harness_reopen(h);
    static const char *const expected[] = {"{\"n\":3}", "{\"n\":4}", "{\"n\":1}", "{\"n\":2}",
                                           "{\"n\":5}"};
    for (size_t i = 0; i < 5; i++) {
        assert_next(h, id, NOW + 200, expected[i]);
        finish_first(h, id, DELIVERY_DONE, NOW + 200);
    }
    assert_next(h, id, NOW + 200, "");
    /* Without anything pending the oldest of the key is first, in whatever order they are named. */
    assert_int_equal(replay_events(h, events, 5, NOW + 300), 3);
    assert_next(h, id, NOW + 299, "");
    assert_next(h, id, NOW + 300, "{\"n\":1}");
}

static void
a_replay_is_told_to_the_engine_and_leaves_other_tenants_and_urls_that_are_off(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL), off = add_webhook(h, EVENT_MESSAGE, URL "2");
    put_event(h, EVENT_MESSAGE, 1, NOW, "{}");
    int64_t event = next(h, id, NOW)->events[0];
    finish_first(h, id, DELIVERY_DONE, NOW);
    finish_first(h, off, DELIVERY_DONE, NOW);
    turn_webhook(h, EVENT_MESSAGE, URL "2", false);
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    struct deliveries_replay op = {.call = harness_call(h),
                                   .tenant_id = TENANT + 1,
                                   .events = &event,
                                   .count = 1,
                                   .now_ms = NOW};
    store_deliveries_replay(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
    atomic_int told = 0;
    store_events_watch(h->store, count_call, &told);
    assert_int_equal(replay_events(h, &event, 1, NOW), 1);
    assert_int_equal(told, 1);
    assert_string_equal(webhooks(h, TENANT), "message " URL " on 1 0 0|message " URL "2 off");
}

static void a_span_of_time_is_replayed_in_order(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 400, KEYS = 7 };
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL), other = add_webhook(h, EVENT_MESSAGE, URL "2");
    put_events(h, EVENT_MESSAGE, COUNT, KEYS);
    for (size_t left = COUNT; left > 0;)
        left -= finish_due(h, id, NOW + COUNT, DELIVERY_DONE, DELIVERY_DONE);
    assert_int_equal(replay_span(h, id, NOW + 100, NOW + 350, NOW + 1000), 250);
    assert_int_equal(replay_span(h, id, NOW + 100, NOW + 350, NOW + 1000), 0);
    assert_int_equal(next(h, other, NOW + 1000)->count, KEYS);
    int64_t last[KEYS] = {0};
    for (size_t left = 250; left > 0;) {
        const struct next *due = next(h, id, NOW + 1000);
        for (size_t i = 0; i < due->count; i++) {
            size_t key = (size_t)due->events[i] % KEYS;
            assert_true(due->events[i] > last[key]);
            last[key] = due->events[i];
        }
        left -= finish_due(h, id, NOW + 1000, DELIVERY_DONE, DELIVERY_DONE);
    }
    assert_int_equal(replay_span(h, id + 5, 0, INT64_MAX, NOW), ERR_NOT_FOUND);
}

static void deliveries_go_with_their_tenant_and_with_their_url(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    add_webhook(h, EVENT_MESSAGE, URL "2");
    put_events(h, EVENT_MESSAGE, 300, 2);
    assert_int_equal(del_webhook(h, TENANT, id), 0);
    struct deliveries_page get = all_deliveries(h);
    get.limit = 0;
    assert_string_equal(page(h, &get), "/300");
    assert_sound(h);
    assert_int_equal(remove_tenant(h, TENANT), 0);
    assert_int_equal(add_tenant(h, TENANT), 0);
    assert_string_equal(deliveries(h), "/0");
    assert_string_equal(webhooks(h, TENANT), "");
}

/* --- a model */

#define KEYS   5
#define EVENTS 400

struct model {
    int64_t queue[KEYS][4 * EVENTS]; /* events of each key, the first of them READY */
    size_t first[KEYS], last[KEYS];
    int64_t over[EVENTS];
    size_t over_count;
    int64_t key_of[EVENTS + 1];
};

static void check_model(struct harness *h, const struct model *model, int64_t webhook, int64_t base)
{
    const struct next *due = next(h, webhook, INT64_MAX - 1);
    size_t ready = 0;
    for (size_t key = 0; key < KEYS; key++)
        ready += model->first[key] < model->last[key];
    assert_int_equal(due->count, ready);
    for (size_t i = 0; i < due->count; i++) {
        size_t key = (size_t)model->key_of[due->events[i] - base];
        assert_int_equal(due->events[i], model->queue[key][model->first[key]]);
    }
}

static void random_puts_results_and_replays_keep_the_order_of_each_key(void **state)
{
    struct harness *h = *state;
    static struct model model;
    uint64_t seed = 11;
    int64_t webhook = add_webhook(h, EVENT_MESSAGE, URL), base = 0, event = 0;
    memset(&model, 0, sizeof(model));
    /* Event ids have gaps, which replays make: the model asks which one came. */
    for (int turn = 0; turn < 600; turn++) {
        seed = hash_u64((uint64_t)turn, seed);
        size_t key = seed % KEYS;
        unsigned what = (unsigned)(seed >> 16) % 8;
        if (what < 3 && event < EVENTS - 1) {
            put_event(h, EVENT_MESSAGE, (int64_t)key, NOW + turn, "{}");
            struct deliveries_page get = all_deliveries(h);
            get.limit = 1;
            int64_t id = atoll(page(h, &get));
            base = base ? base : id - 1;
            if (id - base >= EVENTS)
                break;
            event = id - base;
            model.key_of[event] = (int64_t)key;
            model.queue[key][model.last[key]++] = id;
        } else if (what < 7) {
            const struct next *due = next(h, webhook, INT64_MAX - 1);
            if (due->count == 0)
                continue;
            size_t at = (size_t)(seed >> 32) % due->count;
            int64_t id = due->events[at];
            enum delivery_state to = (enum delivery_state)((seed >> 40) % 4);
            to = to == DELIVERY_WAITING ? DELIVERY_DONE : to;
            struct delivery_result result = {.delivery = due->ids[at],
                                             .webhook = webhook,
                                             .state = to,
                                             .next_ms = NOW + turn + 5};
            (void)finish(h, &result, 1, NOW + turn);
            if (to != DELIVERY_READY) {
                model.first[model.key_of[id - base]]++;
                model.over[model.over_count++] = id;
            }
        } else if (model.over_count > 0) {
            int64_t ids[3] = {0};
            size_t count = model.over_count < 3 ? model.over_count : 3;
            for (size_t i = 0; i < count; i++)
                ids[i] = model.over[--model.over_count];
            assert_int_equal(replay_events(h, ids, count, NOW + turn), count);
            for (size_t i = 0; i < count; i++) { /* ascending */
                size_t least = 0;
                for (size_t at = 1; at < count; at++)
                    if (ids[least] == 0 || (ids[at] != 0 && ids[at] < ids[least]))
                        least = at;
                size_t of = (size_t)model.key_of[ids[least] - base];
                model.queue[of][model.last[of]++] = ids[least];
                ids[least] = 0;
            }
        }
        check_model(h, &model, webhook, base);
    }
    assert_true(event > 50);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, hooks_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_event_reaches_each_url_of_its_type_that_is_on),
        TEST(an_event_that_nobody_wants_leaves_nothing),
        TEST(of_a_key_only_the_first_is_ready_and_keys_do_not_wait_for_each_other),
        TEST(one_that_failed_comes_again_at_its_time_and_holds_its_key),
        TEST(a_limit_and_a_place_make_pages_of_what_is_due),
        TEST(a_result_for_what_is_no_longer_ready_changes_nothing),
        TEST(a_url_that_is_gone_is_switched_off),
        TEST(the_engine_is_told_and_finds_what_is_fresh),
        TEST(a_page_shows_the_newest_first_and_narrows),
        TEST(pages_of_more_than_one_piece_are_whole),
        TEST(a_replay_goes_behind_what_is_pending_of_its_key),
        TEST(a_replay_is_told_to_the_engine_and_leaves_other_tenants_and_urls_that_are_off),
        TEST(a_span_of_time_is_replayed_in_order),
        TEST(deliveries_go_with_their_tenant_and_with_their_url),
        TEST(random_puts_results_and_replays_keep_the_order_of_each_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
