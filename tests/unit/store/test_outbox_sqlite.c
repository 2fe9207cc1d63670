/* The sweep of the outbox in SQLite: what goes when, and what it costs those that stay. */
#include "store/hooks.h"
#include "store/sqlite_beside.h"

/* The chore runs at once when a URL is removed: so each look at the end of a walk is waited for. */
static void sweep(struct harness *h, int64_t now_ms)
{
    harness_close(h);
    atomic_store(&hooks_now, now_ms);
    harness_open(h); /* chores are due at a start */
    sqlite3 *db = other_connection(h);
    int64_t swept;
    /* A walk's end leaves its mark: nothing old is there. */
    char sql[512];
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM delivery LEFT JOIN event ON event.id = delivery.id / 128"
             " LEFT JOIN webhook ON webhook.id = delivery.webhook AND removed_ms IS NULL"
             " WHERE webhook.id IS NULL OR time_ms < %lld - CASE state WHEN 2 THEN 7 ELSE 30 END"
             " * 86400000",
             (long long)hooks_clock());
    for (int i = 0; (swept = look(db, sql)) > 0; i++) {
        assert_true(i < 1000);
        usleep(10000);
    }
    sqlite3_close(db);
}

static int64_t rows(struct harness *h, const char *sql)
{
    sqlite3 *db = other_connection(h);
    int64_t count = look(db, sql);
    sqlite3_close(db);
    return count;
}

static void what_is_done_goes_after_a_week_and_what_is_parked_after_a_month(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    put_events(h, EVENT_MESSAGE, 600, 600);
    assert_int_equal(finish_due(h, id, NOW + 600, DELIVERY_PARKED, DELIVERY_DONE), 600);
    put_event(h, EVENT_MESSAGE, 7, NOW + 20 * DAY, "{}");
    sweep(h, NOW + 7 * DAY);
    assert_int_equal(rows(h, "SELECT count(*) FROM event"), 601);
    sweep(h, NOW + 7 * DAY + 600);
    assert_int_equal(rows(h, "SELECT count(*) FROM event"), 301);
    assert_string_equal(webhooks(h, TENANT), "message " URL " on 1 0 300");
    sweep(h, NOW + 30 * DAY + 600);
    assert_int_equal(rows(h, "SELECT count(*) FROM event"), 1);
    assert_string_equal(webhooks(h, TENANT), "message " URL " on 1 0 0");
    struct store_metrics metrics;
    store_metrics(h->store, &metrics);
    assert_int_equal(metrics.events_dropped, 0);
}

static void what_nobody_took_in_a_month_is_dropped_and_counted(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    for (int i = 0; i < 3; i++)
        put_event(h, EVENT_MESSAGE, 1, NOW + i, "{}");
    put_event(h, EVENT_MESSAGE, 1, NOW + 5 * DAY, "{\"last\":1}");

    sweep(h, NOW + 30 * DAY + 3);
    struct store_metrics metrics = {0};
    for (int i = 0; i < 1000 && metrics.events_dropped == 0; i++) {
        store_metrics(h->store, &metrics);
        usleep(10000);
    }
    assert_int_equal(metrics.events_dropped, 3);
    assert_next(h, id, NOW + 31 * DAY, "{\"last\":1}"); /* its turn has come */
}

static void the_rest_of_a_url_that_was_removed_goes_and_others_keep_theirs(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    add_webhook(h, EVENT_MESSAGE, URL "2");
    int64_t alone = add_webhook(h, EVENT_TASK, URL);
    put_events(h, EVENT_MESSAGE, 350, 3);
    put_events(h, EVENT_TASK, 350, 3);
    assert_int_equal(del_webhook(h, TENANT, id), 0);
    assert_int_equal(del_webhook(h, TENANT, alone), 0);
    sweep(h, NOW);
    assert_int_equal(rows(h, "SELECT count(*) FROM event"), 350);
    assert_int_equal(rows(h, "SELECT count(*) FROM delivery"), 350);
    /* The engine may hear of it for an hour. */
    assert_int_equal(rows(h, "SELECT count(*) FROM webhook"), 3);
    sweep(h, NOW + 3600001);
    for (int i = 0; i < 1000 && rows(h, "SELECT count(*) FROM webhook") > 1; i++)
        usleep(10000);
    assert_int_equal(rows(h, "SELECT count(*) FROM webhook"), 1);
}

static void secrets_are_not_in_the_file_and_go_with_their_url(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    assert_int_equal(rows(h, "SELECT count(*) FROM webhook WHERE instr(secret, '" SECRET "')"), 0);
    assert_int_equal(rows(h, "SELECT length(secret) FROM webhook"), 24 + SEAL_OVERHEAD);
    assert_int_equal(del_webhook(h, TENANT, id), 0);
    assert_int_equal(rows(h, "SELECT count(*) FROM webhook WHERE secret IS NOT NULL"), 0);
}

static int problems;
static void count_problem(void *context, const char *text)
{
    (void)context, (void)text;
    problems++;
}

static void a_check_finds_what_is_wrong(void **state)
{
    struct harness *h = *state;
    static const char *const faults[] = {
        "UPDATE delivery SET state = 1",
        "UPDATE delivery SET state = 0",
        "UPDATE delivery SET state = 9 WHERE id % 128 = 0",
        "UPDATE delivery SET tenant = 8",
        "UPDATE event SET tenant = 8",
        "UPDATE event SET data = '[]'",
        "UPDATE event SET type = 4",
        "UPDATE webhook SET secret = zeroblob(52)",
        "UPDATE webhook SET secret = NULL",
        "UPDATE webhook SET failures = 1",
        "DELETE FROM webhook",
        "UPDATE delivery SET place = place + 1000000",
        "UPDATE delivery SET place = -place WHERE state = 1",
    };
    add_webhook(h, EVENT_MESSAGE, URL);
    put_event(h, EVENT_MESSAGE, 1, NOW, "{}");
    put_event(h, EVENT_MESSAGE, 1, NOW, "{}");
    assert_sound(h);
    harness_close(h);
    char backup[256];
    snprintf(backup, sizeof(backup), "cp %s/wscrm.db %s/copy", h->directory, h->directory);
    assert_int_equal(system(backup), 0);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        sqlite3 *db = other_connection(h);
        execute(db, faults[i]);
        sqlite3_close(db);
        problems = 0;
        assert_int_equal(
            store_open_read_only(&h->settings, h->crypto, &h->store, h->why, sizeof(h->why)), 0);
        (void)store_check(h->store, count_problem, NULL);
        if (problems == 0)
            fail_msg("not found: %s", faults[i]);
        store_close(h->store);
        snprintf(backup, sizeof(backup), "cd %s && rm -f wscrm.db-* && cp copy wscrm.db",
                 h->directory);
        assert_int_equal(system(backup), 0);
    }
    harness_open(h);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, hooks_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_done_goes_after_a_week_and_what_is_parked_after_a_month),
        TEST(what_nobody_took_in_a_month_is_dropped_and_counted),
        TEST(the_rest_of_a_url_that_was_removed_goes_and_others_keep_theirs),
        TEST(secrets_are_not_in_the_file_and_go_with_their_url),
        TEST(a_check_finds_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
