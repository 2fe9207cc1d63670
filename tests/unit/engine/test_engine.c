/* The engine on a real store and the real sandbox, by a clock that is moved by hand. */
#include "engine/world.h"

#include <fcntl.h>

static const int64_t senders[] = {ACCOUNT, ACCOUNT + 1, ACCOUNT + 2};

#define FAST  "{\"speed\":\"0\",\"interval_min\":\"0\",\"interval_max\":\"0\"}"
#define PACED "{\"speed\":\"0\",\"interval_min\":\"5\",\"interval_max\":\"5\"}"

static void assert_counts(const struct shown_task *shown, int status, int64_t sent, int64_t failed,
                          int64_t left)
{
    assert_int_equal(shown->task.status, status);
    assert_int_equal(shown->task.counts.sent, sent);
    assert_int_equal(shown->task.counts.failed, failed);
    assert_int_equal(shown->task.counts.left, left);
}

static void a_task_is_sent_and_completed(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, FAST);
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 1000, 20);
    world_settle(w);
    const struct shown_task *shown = world_look(w, id);
    assert_counts(shown, TASK_COMPLETED, 20, 0, 0);
    assert_int_equal(shown->task.counts.read, 20);
    size_t count;
    free(world_journal(w, &count));
    assert_int_equal(count, 20);
}

static void an_account_waits_its_interval_between_two_messages(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, PACED);
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 1000, 3);
    world_run_until(w, NOW + 4999);
    assert_counts(world_look(w, id), TASK_SENDING, 1, 0, 2);
    world_run_until(w, NOW + 5000);
    assert_counts(world_look(w, id), TASK_SENDING, 2, 0, 1);
    world_run_until(w, NOW + 10000);
    assert_counts(world_look(w, id), TASK_COMPLETED, 3, 0, 0);
}

static void two_tasks_of_an_account_share_its_pace_and_take_turns(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, PACED);
    world_engine(w);
    int64_t first = world_task(w, senders, 1, 1000, 5);
    int64_t second = world_task(w, senders, 1, 2000, 5);
    world_run_until(w, NOW + 17000); /* at 0, 5, 10, 15 s */
    assert_counts(world_look(w, first), TASK_SENDING, 2, 0, 3);
    assert_counts(world_look(w, second), TASK_SENDING, 2, 0, 3);
}

static void what_does_not_leave_costs_no_interval(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, PACED);
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 400, 3); /* 0400, 0401 (refused), 0402 (fails later) */
    world_run_until(w, NOW + 5000);
    const struct shown_task *shown = world_look(w, id);
    assert_int_equal(shown->messages[1].reason, REASON_NOT_ON_WHATSAPP);
    assert_int_equal(shown->messages[2].reason, REASON_UNDELIVERABLE);
    assert_int_equal(shown->task.status, TASK_COMPLETED);
}

static void again_is_tried_after_the_wait_and_leaves_once(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{\"interval_min\":\"0\",\"interval_max\":\"0\"}");
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 429, 1);
    world_settle(w);
    assert_counts(world_look(w, id), TASK_SENDING, 0, 0, 1);
    world_run_until(w, NOW + 10 * MINUTE);
    const struct shown_task *shown = world_look(w, id);
    assert_counts(shown, TASK_COMPLETED, 1, 0, 0);
    size_t count;
    free(world_journal(w, &count));
    assert_int_equal(count, 1);
}

static void a_paused_task_rests_until_it_is_resumed(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, PACED);
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 1000, 10);
    world_run_until(w, NOW + 6000);
    assert_int_equal(world_move(w, id, TASK_PAUSED), 0);
    world_run_until(w, NOW + HOUR);
    assert_counts(world_look(w, id), TASK_PAUSED, 2, 0, 8);
    assert_int_equal(world_move(w, id, TASK_PENDING), 0);
    world_settle(w);
    assert_counts(world_look(w, id), TASK_SENDING, 3, 0, 7);
    world_run_until(w, NOW + HOUR + MINUTE);
    assert_counts(world_look(w, id), TASK_COMPLETED, 10, 0, 0);
}

static void a_pause_and_a_return_at_the_same_moment_lose_nothing(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, FAST);
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 1000, 200);
    for (int i = 0; i < 20; i++) {
        engine_run(w->engine);
        assert_int_equal(world_move(w, id, TASK_PAUSED), 0);
        engine_run(w->engine);
        assert_int_equal(world_move(w, id, TASK_PENDING), 0);
        engine_run(w->engine);
    }
    world_settle(w);
    assert_counts(world_look(w, id), TASK_COMPLETED, 200, 0, 0);
    assert_int_equal(w->engine->found_resting, 0);
}

static void a_stopped_task_fails_what_is_left(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, PACED);
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 1000, 10);
    world_run_until(w, NOW + 6000);
    assert_int_equal(world_move(w, id, TASK_STOPPED), 0);
    world_settle(w);
    const struct shown_task *shown = world_look(w, id);
    assert_counts(shown, TASK_STOPPED, 2, 8, 0);
    assert_int_equal(shown->messages[9].reason, REASON_TASK_STOPPED);
    assert_int_equal(w->engine->tasks.count, 0);
}

static void a_task_starts_at_its_start_and_stops_at_its_end(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, PACED);
    world_engine(w);
    struct task_target targets[10] = {0};
    for (int i = 0; i < 10; i++)
        targets[i].number = TARGET + 1000 + i;
    struct task_draft draft = world_draft(w, senders, 1, targets, 10);
    draft.status = TASK_NOT_STARTED;
    draft.start_ms = NOW + HOUR;
    draft.end_ms = NOW + HOUR + 12000;
    int64_t id = world_create(w, &draft);
    world_run_until(w, NOW + HOUR - 1);
    assert_counts(world_look(w, id), TASK_NOT_STARTED, 0, 0, 10);
    world_run_until(w, NOW + HOUR);
    assert_counts(world_look(w, id), TASK_SENDING, 1, 0, 9);
    world_run_until(w, NOW + HOUR + 12000);
    const struct shown_task *shown = world_look(w, id);
    assert_counts(shown, TASK_STOPPED, 3, 7, 0);
    assert_string_equal(shown->cause, "end time");
}

static void statuses_to_come_survive_a_restart(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{\"interval_min\":\"0\",\"interval_max\":\"0\"}");
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 1000, 50);
    world_settle(w);
    assert_int_equal(world_look(w, id)->task.counts.delivered, 0);
    world_restart(w);
    world_run_until(w, NOW + 1000);
    assert_int_equal(world_look(w, id)->task.counts.delivered, 50);
    assert_int_equal(world_look(w, id)->task.counts.read, 0);
    world_restart(w);
    world_run_until(w, NOW + 4000);
    assert_int_equal(world_look(w, id)->task.counts.read, 50);
}

static void a_restart_keeps_the_due_time(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, PACED);
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 1000, 3);
    world_settle(w);
    w->now_ms = NOW + 2000;
    world_restart(w);
    world_run_until(w, NOW + 4999);
    assert_counts(world_look(w, id), TASK_SENDING, 1, 0, 2);
    world_run_until(w, NOW + 5000);
    assert_counts(world_look(w, id), TASK_SENDING, 2, 0, 1);
}

/* The claim is on disk, and the process ends before it is handed over. */
static void break_off(struct world *w)
{
    while (w->engine->turns_out == 0)
        engine_run(w->engine);
    world_restart(w);
}

static void what_was_under_way_at_a_crash_is_unknown_and_is_not_sent_again(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{\"speed\":\"0\",\"interval_min\":\"5\",\"interval_max\":\"30\"}");
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 1000, 3);
    break_off(w);
    world_run_until(w, NOW + 29999);
    const struct shown_task *shown = world_look(w, id);
    assert_int_equal(shown->messages[0].status, MESSAGE_FAILED);
    assert_int_equal(shown->messages[0].reason, REASON_UNKNOWN);
    assert_int_equal(shown->messages[1].status, MESSAGE_QUEUED);
    world_run_until(w, NOW + HOUR);
    assert_counts(world_look(w, id), TASK_COMPLETED, 2, 1, 0);
    size_t count;
    free(world_journal(w, &count));
    assert_int_equal(count, 2);
}

static void quiet_hours_are_kept_over_midnight(void **state)
{
    struct world *w = *state; /* NOW is 22:13:20 UTC */
    world_account(w, ACCOUNT,
                  "{\"speed\":\"0\",\"interval_min\":\"60\",\"interval_max\":\"60\","
                  "\"quiet_hours\":\"22:30-07:00\"}");
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 1000, 30);
    world_run_until(w, NOW + 2 * HOUR);
    assert_counts(world_look(w, id), TASK_SENDING, 17, 0, 13); /* 22:13:20 to 22:29:20 */
    world_run_until(w, NOW + 8 * HOUR + 46 * MINUTE + 39999);
    assert_counts(world_look(w, id), TASK_SENDING, 17, 0, 13);
    world_run_until(w, NOW + 8 * HOUR + 46 * MINUTE + 40000); /* 07:00:00 */
    assert_counts(world_look(w, id), TASK_SENDING, 18, 0, 12);
}

static void a_daily_cap_holds_until_the_next_day_of_the_tenant(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT,
                  "{\"speed\":\"0\",\"interval_min\":\"0\",\"interval_max\":\"0\","
                  "\"in_flight\":\"8\",\"daily_cap\":\"5\"}");
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 1000, 12);
    world_settle(w);
    assert_counts(world_look(w, id), TASK_SENDING, 5, 0, 7);
    world_restart(w);
    world_run_until(w, NOW + HOUR + 46 * MINUTE + 39999);
    assert_counts(world_look(w, id), TASK_SENDING, 5, 0, 7);
    world_run_until(w, NOW + HOUR + 46 * MINUTE + 40000); /* midnight */
    assert_counts(world_look(w, id), TASK_SENDING, 10, 0, 2);
    world_run_until(w, NOW + 26 * HOUR);
    assert_counts(world_look(w, id), TASK_COMPLETED, 12, 0, 0);
}

static void recipients_of_a_removed_account_go_to_others_or_fail(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 2; i++)
        world_account(w, senders[i], PACED);
    world_engine(w);
    struct task_target targets[8] = {0};
    for (int i = 0; i < 8; i++)
        targets[i].number = TARGET + 1000 + i;
    struct task_draft moving = world_draft(w, senders, 2, targets, 8);
    moving.may_move = true;
    int64_t moved = world_create(w, &moving);
    struct task_draft bound = world_draft(w, senders, 2, targets, 8);
    int64_t failed = world_create(w, &bound);
    world_settle(w);
    world_account_remove(w, senders[0]);
    world_run_until(w, NOW + HOUR);
    assert_counts(world_look(w, moved), TASK_COMPLETED, 8, 0, 0);
    const struct shown_task *shown = world_look(w, failed);
    assert_int_equal(shown->task.status, TASK_COMPLETED);
    assert_true(shown->task.counts.failed > 0);
    assert_int_equal(shown->task.counts.failed + shown->task.counts.sent, 8);
}

static void recipients_of_an_account_that_is_away_for_long_go_to_others(void **state)
{
    struct world *w = *state;
    /* At this speed it is away for 2 h. */
    world_account(w, senders[0],
                  "{\"speed\":\"720\",\"interval_min\":\"5\",\"interval_max\":\"5\"}");
    world_account(w, senders[1], PACED);
    world_engine(w);
    struct task_target targets[11] = {{.number = TARGET + 503, .account = senders[0]}};
    for (int i = 1; i <= 10; i++)
        targets[i] = (struct task_target){.number = TARGET + 1000 + i, .account = senders[0]};
    targets[10].account = senders[1];
    struct task_draft draft = world_draft(w, senders, 2, targets, 11);
    draft.may_move = true;
    int64_t id = world_create(w, &draft);
    world_run_until(w, NOW + 10 * MINUTE - 1);
    assert_counts(world_look(w, id), TASK_SENDING, 1, 0, 10);
    world_run_until(w, NOW + 12 * MINUTE);
    assert_counts(world_look(w, id), TASK_SENDING, 10, 0, 1); /* that one is tried again in 2 h */
    world_run_until(w, NOW + 2 * HOUR);
    const struct shown_task *shown = world_look(w, id);
    assert_counts(shown, TASK_COMPLETED, 11, 0, 0);
    for (size_t i = 0; i < shown->count; i++)
        assert_int_equal(shown->messages[i].account, senders[1]);
}

static void many_messages_are_under_way_when_nothing_is_paced(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT,
                  "{\"speed\":\"0\",\"interval_min\":\"0\",\"interval_max\":\"0\","
                  "\"in_flight\":\"256\"}");
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 1000, 5000);
    world_settle(w);
    assert_int_equal(world_look(w, id)->task.status, TASK_COMPLETED);
}

static void the_watchdog_finds_a_task_that_rests_and_wakes_it(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, PACED);
    world_engine(w);
    int64_t id = world_task(w, senders, 1, 1000, 20);
    world_run_until(w, NOW + 6000);
    assert_counts(world_look(w, id), TASK_SENDING, 2, 0, 18);
    lanes_free(senders_find(w->engine, ACCOUNT)); /* as a mistake of ours would */
    log_init_fd(LOG_ERROR, open("/dev/null", O_WRONLY));
    world_run_until(w, NOW + 5 * MINUTE);
    log_init(LOG_ERROR);
    assert_int_equal(w->engine->found_resting, 1);
    assert_counts(world_look(w, id), TASK_COMPLETED, 20, 0, 0);
}

static void more_accounts_than_may_be_under_way_do_not_keep_each_other(void **state)
{
    struct world *w = *state;
    int64_t many[40];
    for (int i = 0; i < 40; i++) {
        many[i] = ACCOUNT + i;
        world_account(w, many[i],
                      "{\"speed\":\"0\",\"interval_min\":\"0\","
                      "\"interval_max\":\"0\",\"in_flight\":\"64\"}");
    }
    world_engine(w);
    int64_t id = world_task(w, many, 40, 10000, 5000);
    world_run_until(w, NOW + 1000);
    assert_int_equal(world_look(w, id)->task.status, TASK_COMPLETED);
}

/* At speed 0 the reply is told with the outcome, while other messages of the account are under way. */
static void a_reply_does_not_overtake_what_it_answers(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT,
                  "{\"speed\":\"0\",\"interval_min\":\"0\",\"interval_max\":\"0\","
                  "\"in_flight\":\"2\"}");
    world_engine(w);
    struct task_target targets[40] = {0};
    for (int i = 0; i < 40; i++)
        targets[i].number = TARGET + 10003 + INT64_C(10000) * i; /* each replies */
    struct task_draft draft = world_draft(w, senders, 1, targets, 40);
    int64_t id = world_create(w, &draft);
    world_settle(w);
    assert_int_equal(world_look(w, id)->task.counts.replied, 40);
}

static void contents_of_a_recipient_go_one_after_the_other(void **state)
{
    struct world *w = *state;
    static const struct str contents = {
        "[{\"type\":1,\"text\":\"one\"},{\"type\":1,\"text\":\"two\"}]", 49};
    world_account(w, ACCOUNT, PACED);
    world_engine(w);
    const struct task_target targets[] = {{0, TARGET + 1000, 0}, {0, TARGET + 1001, 0}};
    struct task_draft draft = world_draft(w, senders, 1, targets, 2);
    draft.contents = &contents;
    draft.parts = 2;
    int64_t id = world_create(w, &draft);
    world_run_until(w, NOW + MINUTE);
    assert_counts(world_look(w, id), TASK_COMPLETED, 4, 0, 0);
}

static void texts_are_made_for_their_recipients(void **state)
{
    struct world *w = *state;
    static const char text[] = "[{\"type\":1,\"text\":\"hello {{WhatsApp}}\"}]";
    static const struct str contents = {text, sizeof(text) - 1};
    world_account(w, ACCOUNT, FAST);
    world_engine(w);
    const struct task_target targets[] = {{0, TARGET + 1000, 0}, {0, TARGET + 1001, 0}};
    struct task_draft draft = world_draft(w, senders, 1, targets, 2);
    draft.contents = &contents;
    int64_t id = world_create(w, &draft);
    world_settle(w);
    assert_counts(world_look(w, id), TASK_COMPLETED, 2, 0, 0);
    char path[128], line[512];
    snprintf(path, sizeof(path), "%s/sandbox.journal", w->h->directory);
    FILE *file = fopen(path, "r");
    assert_non_null(fgets(line, sizeof(line), file));
    assert_non_null(strstr(line, "\"hello 491700001000\""));
    fclose(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_start, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_task_is_sent_and_completed),
        TEST(an_account_waits_its_interval_between_two_messages),
        TEST(two_tasks_of_an_account_share_its_pace_and_take_turns),
        TEST(what_does_not_leave_costs_no_interval),
        TEST(again_is_tried_after_the_wait_and_leaves_once),
        TEST(a_paused_task_rests_until_it_is_resumed),
        TEST(a_pause_and_a_return_at_the_same_moment_lose_nothing),
        TEST(a_stopped_task_fails_what_is_left),
        TEST(a_task_starts_at_its_start_and_stops_at_its_end),
        TEST(statuses_to_come_survive_a_restart),
        TEST(a_restart_keeps_the_due_time),
        TEST(what_was_under_way_at_a_crash_is_unknown_and_is_not_sent_again),
        TEST(quiet_hours_are_kept_over_midnight),
        TEST(a_daily_cap_holds_until_the_next_day_of_the_tenant),
        TEST(recipients_of_a_removed_account_go_to_others_or_fail),
        TEST(recipients_of_an_account_that_is_away_for_long_go_to_others),
        TEST(many_messages_are_under_way_when_nothing_is_paced),
        TEST(the_watchdog_finds_a_task_that_rests_and_wakes_it),
        TEST(more_accounts_than_may_be_under_way_do_not_keep_each_other),
        TEST(a_reply_does_not_overtake_what_it_answers),
        TEST(contents_of_a_recipient_go_one_after_the_other),
        TEST(texts_are_made_for_their_recipients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
