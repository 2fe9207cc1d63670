/* Recipients of groups and segments: they are who they are when the task starts. */
#include "store/facts.h"

#include "engine/world.h"

static const int64_t senders[] = {ACCOUNT, ACCOUNT + 1};
#define FAST "{\"speed\":\"0\",\"interval_min\":\"0\",\"interval_max\":\"0\",\"in_flight\":\"64\"}"

static int start(void **state)
{
    world_start(state);
    for (int i = 0; i < 2; i++)
        world_account(*state, senders[i], FAST);
    world_engine(*state);
    return 0;
}

static struct task_draft of_group(const struct world *w, const char *group)
{
    struct task_draft draft = world_draft(w, senders, 2, NULL, 0);
    draft.source = TASK_OF_GROUP;
    draft.group = str_of(group);
    return draft;
}

static void make_group(struct world *w, const char *name, size_t count)
{
    int64_t *numbers = calloc(count, sizeof(*numbers));
    assert_non_null(numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = TARGET + 10000 + (int64_t)i;
    assert_int_equal(save_group(w->h, TENANT, name, numbers, count), 0);
    free(numbers);
}

static void a_group_longer_than_a_slice_is_sent_to_whole(void **state)
{
    struct world *w = *state;
    make_group(w, "vip", 17500);
    struct task_draft draft = of_group(w, "vip");
    int64_t id = world_create(w, &draft);
    world_run_until(w, NOW + 1000);
    const struct task *task = &world_look(w, id)->task;
    assert_int_equal(task->status, TASK_COMPLETED);
    assert_int_equal(task->counts.total, 17500);
    assert_int_equal(task->counts.sent + task->counts.failed, 17500);
}

static void a_group_without_numbers_is_over_at_once(void **state)
{
    struct world *w = *state;
    make_group(w, "vip", 1);
    struct task_draft draft = of_group(w, "vip");
    draft.status = TASK_NOT_STARTED;
    draft.start_ms = NOW + HOUR;
    int64_t id = world_create(w, &draft);
    assert_int_equal(remove_group(w->h, TENANT, "vip"), 0);
    world_run_until(w, NOW + HOUR);
    const struct task *task = &world_look(w, id)->task;
    assert_int_equal(task->status, TASK_COMPLETED);
    assert_int_equal(task->counts.total, 0);
}

static void numbers_that_come_before_the_start_are_sent_to(void **state)
{
    struct world *w = *state;
    make_group(w, "vip", 1);
    struct task_draft draft = of_group(w, "vip");
    draft.status = TASK_NOT_STARTED;
    draft.start_ms = NOW + HOUR;
    int64_t id = world_create(w, &draft);
    world_run_until(w, NOW + HOUR - 1);
    make_group(w, "vip", 3);
    world_run_until(w, NOW + HOUR);
    assert_int_equal(world_look(w, id)->task.counts.total, 3);
    assert_int_equal(world_look(w, id)->task.status, TASK_COMPLETED);
}

static void a_restart_goes_on_where_the_walk_was(void **state)
{
    struct world *w = *state;
    make_group(w, "vip", 40000);
    struct task_draft draft = of_group(w, "vip");
    int64_t id = world_create(w, &draft);
    while (world_look(w, id)->task.counts.total < 2000)
        engine_run(w->engine);
    world_restart(w);
    assert_true(world_look(w, id)->task.counts.total < 40000);
    world_run_until(w, NOW + 1000);
    const struct task *task = &world_look(w, id)->task;
    assert_int_equal(task->status, TASK_COMPLETED);
    assert_int_equal(task->counts.total, 40000);
    assert_int_equal(w->engine->found_resting, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_group_longer_than_a_slice_is_sent_to_whole),
        TEST(a_group_without_numbers_is_over_at_once),
        TEST(numbers_that_come_before_the_start_are_sent_to),
        TEST(a_restart_goes_on_where_the_walk_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
