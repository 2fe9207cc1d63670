/* The promise of pacing and of final states, through pauses, an absence, a stop and an end: a task of
 * 5,000 recipients over 10 accounts, hours of it by a clock that is moved by hand. */
#include "engine/world.h"

#define ACCOUNTS   10
#define RECIPIENTS 5000
#define TICK_MS    500
/* Draws of an account: a tenth of all, and some. */
#define DRAWS_MAX 2000

struct draws {
    int64_t left_ms[DRAWS_MAX], interval_ms[DRAWS_MAX];
    size_t count;
};

/* When an account was not to be late: all tasks of it paused, or it was away. */
struct span {
    int64_t from_ms, until_ms;
};

struct course {
    struct draws draws[ACCOUNTS];
    struct span spans[8];
    size_t span_count;
};

static void note_draw(void *context, int64_t account, int64_t left_ms, int64_t interval_ms)
{
    struct course *course = context;
    struct draws *draws = &course->draws[account - ACCOUNT];
    assert_true(draws->count < DRAWS_MAX);
    assert_in_range(interval_ms, 5000, 30000);
    draws->left_ms[draws->count] = left_ms;
    draws->interval_ms[draws->count++] = interval_ms;
}

static bool overlaps(const struct course *course, int64_t from_ms, int64_t until_ms)
{
    for (size_t i = 0; i < course->span_count; i++)
        if (course->spans[i].from_ms <= until_ms && from_ms <= course->spans[i].until_ms)
            return true;
    return false;
}

static int64_t start_main_task(struct world *w, const int64_t *senders)
{
    struct task_target *targets = calloc(RECIPIENTS, sizeof(*targets));
    assert_non_null(targets);
    for (size_t i = 0; i < RECIPIENTS; i++)
        targets[i] =
            (struct task_target){.number = TARGET + (int64_t)i, .account = senders[i % ACCOUNTS]};
    /* …0503 makes its account go away, for an hour at the first account's speed. */
    targets[503].account = senders[0];
    struct task_draft draft = world_draft(w, senders, ACCOUNTS, targets, RECIPIENTS);
    draft.interval_min_ms = 5000;
    draft.interval_max_ms = 30000;
    int64_t id = world_create(w, &draft);
    free(targets);
    return id;
}

static int64_t start_side_task(struct world *w, const int64_t *senders, int64_t first,
                               int64_t end_ms)
{
    struct task_target targets[300] = {0};
    for (int i = 0; i < 300; i++)
        targets[i] =
            (struct task_target){.number = TARGET + first + i, .account = senders[i % ACCOUNTS]};
    struct task_draft draft = world_draft(w, senders, ACCOUNTS, targets, 300);
    draft.interval_min_ms = 5000;
    draft.interval_max_ms = 30000;
    draft.end_ms = end_ms;
    return world_create(w, &draft);
}

static void pause_for(struct world *w, struct course *course, int64_t task_id, int64_t pause_ms)
{
    assert_int_equal(world_move(w, task_id, TASK_PAUSED), 0);
    course->spans[course->span_count].from_ms = w->now_ms;
    world_run_until(w, w->now_ms + pause_ms);
    course->spans[course->span_count++].until_ms = w->now_ms;
    assert_int_equal(world_move(w, task_id, TASK_PENDING), 0);
}

/* Every message is in a state that nothing of ours follows, and the counts are those of the messages. */
static void assert_final(struct world *w, int64_t task_id, enum task_status status)
{
    const struct shown_task *shown = world_look(w, task_id);
    int64_t sent = 0, failed = 0;
    assert_int_equal(shown->task.status, status);
    for (size_t i = 0; i < shown->count; i++) {
        enum message_status is = shown->messages[i].status;
        assert_true(is == MESSAGE_FAILED || (is >= MESSAGE_SENT && is != MESSAGE_RETRY));
        sent += is >= MESSAGE_SENT;
        failed += is == MESSAGE_FAILED;
    }
    assert_int_equal(shown->task.counts.failed, failed);
    assert_int_equal(shown->task.counts.left, 0);
    assert_int_equal(shown->task.counts.total, (int64_t)shown->count);
    assert_true(shown->task.counts.sent >= sent);
}

static void assert_gaps(const struct course *course, const struct hand_over *all, size_t count,
                        int64_t account)
{
    const struct draws *draws = &course->draws[account - ACCOUNT];
    size_t at = 0;
    int64_t last_ms = 0;
    for (size_t i = 0; i < count; i++) {
        if (all[i].account != account)
            continue;
        assert_true(at < draws->count);
        assert_true(draws->left_ms[at] == all[i].time_ms);
        if (at > 0) {
            int64_t gap_ms = all[i].time_ms - last_ms;
            int64_t drawn_ms = draws->interval_ms[at - 1];
            assert_true(gap_ms >= drawn_ms);
            if (!overlaps(course, last_ms, all[i].time_ms))
                assert_true(gap_ms <= drawn_ms + TICK_MS);
        }
        last_ms = all[i].time_ms;
        at++;
    }
    assert_int_equal(at, draws->count);
}

static void assert_no_message_left_twice(const struct hand_over *all, size_t count)
{
    struct number_map seen = {0};
    for (size_t i = 0; i < count; i++) {
        assert_null(number_map_find(&seen, all[i].message));
        assert_int_equal(number_map_add(&seen, all[i].message, &seen), 0);
    }
    number_map_free(&seen);
}

static void every_gap_is_as_drawn_and_every_recipient_gets_a_final_state(void **state)
{
    struct world *w = *state;
    static struct course course;
    int64_t senders[ACCOUNTS];
    for (int i = 0; i < ACCOUNTS; i++) {
        senders[i] = ACCOUNT + i;
        world_account(w, senders[i], i == 0 ? "{\"speed\":\"360\"}" : "{\"speed\":\"0\"}");
    }
    w->tick_ms = TICK_MS;
    w->settings.drawn = note_draw;
    w->settings.drawn_context = &course;
    world_engine(w);
    int64_t id = start_main_task(w, senders);
    int64_t stopped = start_side_task(w, senders, 10000, 0);
    int64_t ended = start_side_task(w, senders, 20000, w->now_ms + 12 * MINUTE);
    world_run_until(w, w->now_ms + 10 * MINUTE);
    assert_int_equal(world_move(w, stopped, TASK_STOPPED), 0);
    world_run_until(w, w->now_ms + 25 * MINUTE);
    assert_final(w, stopped, TASK_STOPPED);
    assert_final(w, ended, TASK_STOPPED);
    pause_for(w, &course, id, 7 * MINUTE);
    world_run_until(w, w->now_ms + 20 * MINUTE);
    pause_for(w, &course, id, 90);
    world_run_until(w, w->now_ms + 12 * HOUR);
    assert_final(w, id, TASK_COMPLETED);
    size_t count;
    struct hand_over *all = world_journal(w, &count);
    assert_no_message_left_twice(all, count);
    for (int i = 1; i < ACCOUNTS; i++)
        assert_gaps(&course, all, count, senders[i]);
    /* The first one was away for an hour in between, and tries again what the sandbox refused. */
    course.spans[course.span_count++] = (struct span){0, INT64_MAX};
    assert_gaps(&course, all, count, senders[0]);
    assert_int_equal(w->engine->found_resting, 0);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            every_gap_is_as_drawn_and_every_recipient_gets_a_final_state, world_start, world_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
