/* The dispatcher on a store, with the clock and the listeners of the test. */
#include "engine/dispatcher.h"
#include "store/action_calls.h"

#define MINUTE   INT64_C(60000)
#define TOLD_MAX 64
#define NOBODY   0
#define FIRST    action_listener(1, 1)
#define SECOND   action_listener(2, 2)

struct stage {
    struct harness *h;
    struct dispatcher *dispatcher;
    int64_t listener; /* of every agent */
    bool deaf;        /* it has gone, and nobody has noticed */
    char told[TOLD_MAX + 1];
    size_t told_count;
};

static int64_t clock_of(void *context)
{
    (void)context;
    return hooks_clock();
}

static int64_t find(void *context, int64_t agent)
{
    (void)agent;
    return ((struct stage *)context)->listener;
}

static bool deliver(void *context, int64_t agent, int64_t listener,
                    const struct action_event *event)
{
    struct stage *stage = context;
    (void)agent;
    if (stage->deaf || listener != stage->listener)
        return false;
    assert_true(stage->told_count < TOLD_MAX);
    stage->told[stage->told_count++] = (char)event->id.bytes[0];
    stage->told[stage->told_count] = '\0';
    return true;
}

/* Until it waits for nothing but time; returns the time of what is next. */
static int64_t settle(struct stage *stage)
{
    int64_t next_ms = dispatcher_run(stage->dispatcher);
    while (!dispatcher_is_idle(stage->dispatcher) || next_ms <= hooks_clock()) {
        if (!dispatcher_is_idle(stage->dispatcher))
            mailbox_wait(dispatcher_mailbox(stage->dispatcher), 10);
        next_ms = dispatcher_run(stage->dispatcher);
    }
    return next_ms;
}

static void begin(struct stage *stage, struct harness *h)
{
    struct dispatcher_settings settings;
    dispatcher_settings_default(&settings);
    settings.clock_ms = clock_of;
    settings.find = find;
    settings.deliver = deliver;
    settings.listeners = stage;
    stage->h = h;
    assert_int_equal(dispatcher_new(&settings, h->store, &stage->dispatcher), 0);
    settle(stage);
}

static void end(struct stage *stage)
{
    dispatcher_stop(stage->dispatcher);
    dispatcher_free(stage->dispatcher);
    stage->dispatcher = NULL;
}

static void restart(struct stage *stage)
{
    end(stage);
    harness_reopen(stage->h);
    begin(stage, stage->h);
}

/* The clock goes to `ms` behind NOW, from one thing that is due to the next. */
static void go_to(struct stage *stage, int64_t ms)
{
    int64_t next_ms;
    while ((next_ms = settle(stage)) <= NOW + ms)
        atomic_store(&hooks_now, next_ms);
    atomic_store(&hooks_now, NOW + ms);
    settle(stage);
}

static void make(struct stage *stage, const char *letters)
{
    struct harness *h = stage->h;
    assert_int_equal(make_actions(h, TENANT, agent_id(h, TENANT, "ann"), letters, hooks_clock()),
                     0);
    dispatcher_wake(stage->dispatcher);
    settle(stage);
}

static void come(struct stage *stage, int64_t listener)
{
    stage->listener = listener;
    dispatcher_listener_came(stage->dispatcher, agent_id(stage->h, TENANT, "ann"));
    settle(stage);
}

static void actions_are_told_at_their_times(void **state)
{
    struct stage stage = {.listener = FIRST};
    begin(&stage, *state);
    make(&stage, "abc");
    assert_string_equal(stage.told, "a");
    go_to(&stage, SPACING - 1);
    assert_string_equal(stage.told, "a");
    go_to(&stage, SPACING);
    assert_string_equal(stage.told, "ab");
    go_to(&stage, 2 * SPACING);
    assert_string_equal(stage.told, "abc");
    end(&stage);
}

static void what_is_due_in_an_hour_is_told_in_an_hour(void **state)
{
    struct stage stage = {.listener = FIRST};
    struct harness *h = *state;
    begin(&stage, h);
    atomic_store(&hooks_now, NOW + 60 * MINUTE);
    make(&stage, "a"); /* the agent's last one */
    atomic_store(&hooks_now, NOW);
    end(&stage);
    begin(&stage, h);
    stage.told_count = 0;
    make(&stage, "b");
    go_to(&stage, 60 * MINUTE + SPACING - 1);
    assert_int_equal(stage.told_count, 0);
    go_to(&stage, 60 * MINUTE + SPACING);
    assert_string_equal(stage.told, "b");
    end(&stage);
}

static void without_a_listener_it_fails_after_a_minute(void **state)
{
    struct stage stage = {.listener = NOBODY};
    begin(&stage, *state);
    make(&stage, "ab");
    go_to(&stage, MINUTE - 1);
    assert_string_equal(results_of(stage.h, TENANT, "ab"), "a0 b0");
    go_to(&stage, MINUTE);
    assert_string_equal(results_of(stage.h, TENANT, "ab"), "a-1:no listener b0");
    come(&stage, FIRST);
    assert_string_equal(stage.told, "b");
    end(&stage);
}

static void without_an_answer_it_fails_after_a_minute(void **state)
{
    struct stage stage = {.listener = FIRST};
    begin(&stage, *state);
    make(&stage, "ab");
    go_to(&stage, SPACING);
    assert_int_equal(answer_action(stage.h, TENANT, 'b', true, ""), 0);
    go_to(&stage, MINUTE - 1);
    assert_string_equal(results_of(stage.h, TENANT, "ab"), "a0 b1");
    go_to(&stage, MINUTE);
    assert_string_equal(results_of(stage.h, TENANT, "ab"), "a-1:no answer b1");
    go_to(&stage, 2 * MINUTE);
    assert_string_equal(results_of(stage.h, TENANT, "ab"), "a-1:no answer b1");
    assert_string_equal(stage.told, "ab");
    end(&stage);
}

static void what_a_listener_could_not_be_told_goes_to_the_next(void **state)
{
    struct stage stage = {.listener = FIRST, .deaf = true};
    begin(&stage, *state);
    make(&stage, "ab");
    assert_int_equal(stage.told_count, 0);
    stage.deaf = false;
    come(&stage, SECOND);
    assert_string_equal(stage.told, "a");
    go_to(&stage, SPACING);
    assert_string_equal(stage.told, "ab");
    end(&stage);
}

static void a_restart_repeats_nothing_and_begins_the_minute_anew(void **state)
{
    struct stage stage = {.listener = FIRST};
    begin(&stage, *state);
    make(&stage, "ab");
    assert_string_equal(stage.told, "a");
    stage.listener = NOBODY;
    atomic_store(&hooks_now, NOW + 10 * MINUTE);
    restart(&stage);
    go_to(&stage, 11 * MINUTE - 1);
    assert_string_equal(results_of(stage.h, TENANT, "ab"), "a0 b0");
    come(&stage, SECOND);
    assert_string_equal(stage.told, "ab");
    go_to(&stage, 11 * MINUTE);
    assert_string_equal(results_of(stage.h, TENANT, "ab"), "a-1:no answer b0");
    end(&stage);
}

static void those_of_a_removed_tenant_are_told_to_nobody(void **state)
{
    struct stage stage = {.listener = FIRST};
    begin(&stage, *state);
    make(&stage, "ab");
    assert_int_equal(remove_tenant(stage.h, TENANT), 0);
    go_to(&stage, 3 * MINUTE);
    assert_string_equal(stage.told, "a");
    end(&stage);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hooks_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(actions_are_told_at_their_times),
        TEST(what_is_due_in_an_hour_is_told_in_an_hour),
        TEST(without_a_listener_it_fails_after_a_minute),
        TEST(without_an_answer_it_fails_after_a_minute),
        TEST(what_a_listener_could_not_be_told_goes_to_the_next),
        TEST(a_restart_repeats_nothing_and_begins_the_minute_anew),
        TEST(those_of_a_removed_tenant_are_told_to_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
