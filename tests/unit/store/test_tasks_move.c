/* Conformance: tasks that are paused, resumed, stopped, and drained, through tasks.h, on any back end. */
#include "store/task_calls.h"

#define PARTS "[{\"type\":1,\"text\":\"a\"},{\"type\":1,\"text\":\"b\"}]"
static const struct str parts[] = {{PARTS, sizeof(PARTS) - 1}};

/* Two contents for each of `count` recipients, taken in turns by the senders. */
static int64_t create_parts(struct harness *h, size_t count)
{
    static struct task_target targets[TASK_MAX_TARGETS];
    for (size_t i = 0; i < count; i++)
        targets[i] = (struct task_target){.number = 1000000 + (int64_t)i};
    struct task_draft draft = draft_of("parts", targets, count);
    draft.contents = parts;
    draft.parts = 2;
    assert_int_equal(create(h, &draft, 1), 0);
    return draft.id;
}

static int64_t create_later(struct harness *h)
{
    struct task_draft draft = draft_of("later", NULL, 0);
    draft.status = TASK_NOT_STARTED;
    draft.start_ms = NOW + 1000;
    assert_int_equal(create(h, &draft, 1), 0);
    return draft.id;
}

static void a_move_leaves_an_event(void **state)
{
    struct harness *h = *state;
    int64_t id = create_range(h, "spring", 1);
    assert_int_equal(move(h, id, TASK_PAUSED), 0);
    assert_int_equal(move(h, id, TASK_PENDING), 0);
    assert_int_equal(move(h, id, TASK_SENDING), 0);
    assert_string_equal(task_of(h, id)->text.bytes,
                        "spring 3 0>2+0(test) 2>6+5(move) 6>2+5(move) 2>3+5(move)");
}

static void a_move_that_may_not_be_changes_nothing(void **state)
{
    struct harness *h = *state;
    enum task_status status = TASK_NOT_STARTED;
    int64_t id = create_range(h, "spring", 1);
    assert_int_equal(move_at(h, TENANT, id, TASK_PENDING, NOW, &status), ERR_CONFLICT);
    assert_int_equal(status, TASK_PENDING);
    assert_int_equal(move(h, id, TASK_COMPLETED), ERR_CONFLICT); /* a message is left */
    assert_int_equal(move(h, id, TASK_STOPPED), 0);
    assert_int_equal(move_at(h, TENANT, id, TASK_PAUSED, NOW, &status), ERR_CONFLICT);
    assert_int_equal(status, TASK_STOPPED);
    assert_int_equal(move(h, id + 1, TASK_PAUSED), ERR_NOT_FOUND);
    assert_string_equal(task_of(h, id)->text.bytes, "spring 4 0>2+0(test) 2>4+5(move)");
}

static void resuming_before_the_start_waits_for_it(void **state)
{
    struct harness *h = *state;
    enum task_status status;
    int64_t id = create_later(h);
    assert_int_equal(move(h, id, TASK_PAUSED), 0);
    assert_int_equal(move_at(h, TENANT, id, TASK_PENDING, NOW + 999, &status), 0);
    assert_int_equal(status, TASK_NOT_STARTED);
    assert_int_equal(task_of(h, id)->task.started_ms, 0);
    assert_int_equal(move_at(h, TENANT, id, TASK_PENDING, NOW + 1000, &status), 0);
    assert_int_equal(status, TASK_PENDING);
    assert_int_equal(task_of(h, id)->task.started_ms, NOW + 1000);
    assert_int_equal(move(h, id, TASK_PAUSED), 0);
    assert_int_equal(move_at(h, TENANT, id, TASK_PENDING, NOW + 2000, &status), 0);
    assert_int_equal(task_of(h, id)->task.started_ms, NOW + 1000);
}

static void the_engines_own_moves_are_not_news_to_it(void **state)
{
    struct harness *h = *state;
    int64_t changed = 0, id = create_range(h, "spring", 1);
    assert_string_equal(tasks_open(h, &changed, 10), "spring:2+0");
    struct task_move op = {.call = harness_call(h),
                           .tenant_id = TENANT,
                           .task_id = id,
                           .to = TASK_SENDING,
                           .cause = STR("engine"),
                           .now_ms = NOW,
                           .by_engine = true};
    store_task_move(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
    assert_string_equal(tasks_open(h, &changed, 10), "");
    assert_int_equal(move(h, id, TASK_PAUSED), 0);
    assert_string_equal(tasks_open(h, &changed, 10), "spring:6+0");
}

static void a_final_task_is_open_while_messages_are_left(void **state)
{
    struct harness *h = *state;
    int64_t left, changed = 0, id = create_range(h, "spring", 2);
    assert_int_equal(move(h, id, TASK_STOPPED), 0);
    assert_string_equal(tasks_open(h, &changed, 10), "spring:4+0+1");
    assert_int_equal(task_of(h, id)->task.finished_ms, NOW + 5);
    assert_int_equal(drain(h, id, SENDER, NULL, 0, &left), 1);
    assert_int_equal(left, 1);
    changed = 0;
    assert_string_equal(tasks_open(h, &changed, 10), "spring:4+1");
    assert_int_equal(drain(h, id, SENDER + 1, NULL, 0, &left), 1);
    assert_int_equal(left, 0);
    changed = 0;
    assert_string_equal(tasks_open(h, &changed, 10), "");
    assert_string_equal(messages(h, id), "-1:0>491700000000!6(t-1) -1:1>491700000001!6(t-1)");
    assert_int_equal(task_of(h, id)->task.counts.failed, 2);
}

static void a_task_without_messages_left_closes_with_its_end(void **state)
{
    struct harness *h = *state;
    int64_t changed = 0, id = create_range(h, "empty", 0);
    assert_int_equal(move(h, id, TASK_COMPLETED), 0);
    assert_string_equal(tasks_open(h, &changed, 10), "");
    assert_int_equal(task_of(h, id)->task.finished_ms, NOW + 5);
}

/* --- draining */

static void what_waits_behind_a_queued_message_fails_with_it(void **state)
{
    struct harness *h = *state;
    int64_t left, id = create_parts(h, 4);
    assert_int_equal(drain(h, id, SENDER, NULL, 0, &left), 2);
    assert_int_equal(left, 4);
    assert_string_equal(messages(h, id), "-1:0>1000000!6 -1:0>1000000!6 1:1>1000001 0:1>1000001"
                                         " 1:2>1000002 0:2>1000002 -1:0>1000003!6 -1:0>1000003!6");
    assert_int_equal(drain(h, id, SENDER, NULL, 0, &left), 0); /* again */
    assert_int_equal(left, 4);
}

static void recipients_go_to_the_others_evenly(void **state)
{
    struct harness *h = *state;
    const int64_t others[] = {SENDER + 1, SENDER + 2};
    int64_t left, id = create_parts(h, 7);
    assert_int_equal(drain(h, id, SENDER, others, 2, &left), 3);
    assert_int_equal(left, 14);
    const struct task_text *task = task_of(h, id);
    assert_int_equal(task->given[0], 0);
    assert_int_equal(task->given[1], 8);
    assert_int_equal(task->given[2], 6);
    assert_int_equal(task->task.counts.failed, 0);
}

static void a_long_drain_is_whole(void **state)
{
    struct harness *h = *state;
    const int64_t others[] = {SENDER + 1, SENDER + 2};
    int64_t left, id = create_parts(h, TASK_MAX_TARGETS);
    assert_int_equal(drain(h, id, SENDER, others, 2, &left), 1667);
    const struct task_text *task = task_page(h, TENANT, id, 0, TASK_MAX_TARGETS);
    assert_int_equal(task->given[0], 0);
    assert_int_equal(drain(h, id, SENDER + 1, NULL, 0, &left), 2501);
    assert_int_equal(left, 2 * 2499);
    assert_int_equal(task_of(h, id)->task.counts.failed, 2 * 2501);
}

static void a_drain_touches_no_other_task_and_no_other_tenant(void **state)
{
    struct harness *h = *state;
    int64_t left = -1, first = create_range(h, "first", 3), second = create_range(h, "second", 3);
    assert_int_equal(drain(h, first, SENDER, NULL, 0, &left), 1);
    assert_int_equal(task_of(h, second)->task.counts.left, 3);
    assert_int_equal(drain(h, second + 1, SENDER, NULL, 0, &left), ERR_NOT_FOUND);
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    struct task_drain op = {
        .call = harness_call(h), .tenant_id = TENANT + 1, .task_id = second, .account = SENDER};
    store_task_drain(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), ERR_NOT_FOUND);
    const int64_t itself = SENDER;
    assert_int_equal(drain(h, second, SENDER, &itself, 1, &left), ERR_INVALID);
}

static void of_many_events_the_first_and_the_newest_stay(void **state)
{
    struct harness *h = *state;
    static struct task_move ops[TASK_EVENTS_MAX];
    int64_t id = create_range(h, "busy", 0);
    for (int i = 0; i < TASK_EVENTS_MAX; i++) { /* all at once: they share commits */
        ops[i] = (struct task_move){.call = harness_call(h),
                                    .tenant_id = TENANT,
                                    .task_id = id,
                                    .to = i % 2 ? TASK_PENDING : TASK_PAUSED,
                                    .cause = STR("move"),
                                    .now_ms = NOW + 10 + i};
        store_task_move(h->store, &ops[i]);
    }
    for (int i = 0; i < TASK_EVENTS_MAX; i++)
        assert_int_equal(harness_wait(h, &ops[i].call), 0);
    /* The second, of +10, is gone. */
    const char *text = task_of(h, id)->text.bytes;
    assert_int_equal(strncmp(text, "busy 2 0>2+0(test) 6>2+11(move) 2>6+12(move)", 44), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_with_accounts, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_move_leaves_an_event),
        TEST(a_move_that_may_not_be_changes_nothing),
        TEST(resuming_before_the_start_waits_for_it),
        TEST(the_engines_own_moves_are_not_news_to_it),
        TEST(a_final_task_is_open_while_messages_are_left),
        TEST(a_task_without_messages_left_closes_with_its_end),
        TEST(what_waits_behind_a_queued_message_fails_with_it),
        TEST(recipients_go_to_the_others_evenly),
        TEST(a_long_drain_is_whole),
        TEST(a_drain_touches_no_other_task_and_no_other_tenant),
        TEST(of_many_events_the_first_and_the_newest_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
