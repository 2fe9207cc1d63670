/* The engine on its own thread, by the real clock. */
#include "engine/world.h"

#include "base/clock.h"

static const int64_t senders[] = {ACCOUNT};
#define FAST "{\"speed\":\"0\",\"interval_min\":\"0\",\"interval_max\":\"0\"}"

static int64_t real_clock(void *context)
{
    (void)context;
    return clock_real_ms();
}

static void start(struct world *w)
{
    char why[256];
    w->now_ms = clock_real_ms();
    w->settings.directory = w->h->directory;
    w->settings.clock_ms = real_clock;
    assert_int_equal(engine_new(&w->settings, w->h->store, &w->engine, why, sizeof(why)), 0);
    assert_int_equal(engine_start(w->engine), 0);
}

static void count_online(void *context, const struct engine_account *account)
{
    *(size_t *)context += account->online;
}

static void a_task_is_sent_while_others_look(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, FAST);
    start(w);
    int64_t since_ms, id = world_task(w, senders, 1, 1000, 300);
    size_t online = 0;
    while (world_look(w, id)->task.status != TASK_COMPLETED) {
        engine_wake(w->engine);
        assert_true(engine_account_online(w->engine, ACCOUNT, &since_ms));
        engine_look(w->engine, count_online, &online);
    }
    assert_true(online > 0);
    engine_stop(w->engine, 1000);
    assert_int_equal(world_look(w, id)->task.counts.sent, 300);
}

static void an_account_is_known_when_the_wait_for_it_is_over(void **state)
{
    struct world *w = *state;
    int64_t since_ms;
    start(w);
    assert_false(engine_account_online(w->engine, ACCOUNT, &since_ms));
    world_account(w, ACCOUNT, FAST);
    engine_sync(w->engine, 10000);
    assert_true(engine_account_online(w->engine, ACCOUNT, &since_ms));
    assert_true(since_ms > 0);
}

static void what_is_under_way_at_the_end_gets_its_outcome(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, FAST);
    start(w);
    int64_t id = world_task(w, senders, 1, 1000, 5000);
    while (world_look(w, id)->task.counts.sent < 50)
        continue;
    engine_stop(w->engine, 10000);
    engine_free(w->engine);
    const struct shown_task *shown = world_look(w, id);
    for (size_t i = 0; i < shown->count; i++)
        assert_int_not_equal(shown->messages[i].status, MESSAGE_SENDING);
    w->engine = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_start, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_task_is_sent_while_others_look),
        TEST(an_account_is_known_when_the_wait_for_it_is_over),
        TEST(what_is_under_way_at_the_end_gets_its_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
