/* Conformance: creating tasks, and reading them, through store.h and tasks.h, on any back end. */
#include "store/idempotent.h"
#include "store/task_calls.h"

/* Contents in two parts, each with an id; the second array is a target's own. */
#define TWO                                                                                        \
    "[{\"type\":1,\"text\":\"a\",\"transId\":\"a-0\"},{\"type\":1,\"text\":\"b\",\"transId\":\"a-" \
    "1\"}]"
#define OTHER                                                                                      \
    "[{\"type\":1,\"text\":\"c\",\"transId\":\"b-0\"},{\"type\":1,\"text\":\"d\",\"transId\":\"b-" \
    "1\"}]"
static const struct str two_parts[] = {{TWO, sizeof(TWO) - 1}, {OTHER, sizeof(OTHER) - 1}};

static void a_task_shows_its_messages_in_the_order_of_its_targets(void **state)
{
    struct harness *h = *state;
    int64_t id = create_range(h, "spring", 3);
    assert_int_equal(id, TASK_FIRST_ID);
    const struct task_text *task = task_of(h, id);
    assert_string_equal(task->text.bytes, "spring 2 0>2+0(test)");
    assert_string_equal(task->messages.bytes, "1:0>491700000000(t-1) 1:1>491700000001(t-1)"
                                              " 1:2>491700000002(t-1)");
    assert_int_equal(task->first, TASK_MESSAGE(id, 0));
    assert_int_equal(task->task.counts.total, 3);
    assert_int_equal(task->task.counts.left, 3);
    assert_int_equal(task->task.started_ms, NOW);
    assert_true(task->task.complete);
    harness_reopen(h);
    assert_string_equal(task_of(h, id)->text.bytes, "spring 2 0>2+0(test)");
}

static void what_a_draft_says_is_what_the_task_has(void **state)
{
    struct harness *h = *state;
    struct task_draft draft = draft_of("later", NULL, 0);
    draft.status = TASK_NOT_STARTED;
    draft.start_ms = NOW + 1000;
    draft.end_ms = NOW + 2000;
    draft.interval_min_ms = 0;
    draft.interval_max_ms = 7000;
    draft.may_move = true;
    draft.reached_max = 9;
    assert_int_equal(create(h, &draft, 1), 0);
    const struct task *task = &task_of(h, draft.id)->task;
    assert_int_equal(task->status, TASK_NOT_STARTED);
    assert_int_equal(task->created_ms, NOW);
    assert_int_equal(task->start_ms, NOW + 1000);
    assert_int_equal(task->end_ms, NOW + 2000);
    assert_int_equal(task->started_ms, 0);
    assert_int_equal(task->finished_ms, 0);
    assert_int_equal(task->interval_min_ms, 0);
    assert_int_equal(task->interval_max_ms, 7000);
    assert_true(task->may_move);
    assert_int_equal(task->reached_max, 9);
    assert_int_equal(task_of(h, create_range(h, "plain", 0))->task.interval_max_ms, -1);
}

static void only_the_first_content_of_a_recipient_is_queued(void **state)
{
    struct harness *h = *state;
    const struct task_target targets[] = {{SENDER + 1, TARGET, 0}, {SENDER, TARGET + 1, 1}};
    struct task_draft draft = draft_of("two", targets, 2);
    draft.contents = two_parts;
    draft.contents_count = 2;
    draft.parts = 2;
    assert_int_equal(create(h, &draft, 1), 0);
    assert_string_equal(messages(h, draft.id), "1:1>491700000000(a-0) 0:1>491700000000(a-1)"
                                               " 1:0>491700000001(b-0) 0:0>491700000001(b-1)");
}

static void a_number_in_both_forms_is_one_recipient_the_first(void **state)
{
    struct harness *h = *state;
    const struct task_target targets[] = {
        {SENDER, MARKED, 0}, {SENDER + 1, PLAIN, 0}, {0, MARKED, 0}, {SENDER, TARGET, 0}};
    struct task_draft draft = draft_of("twins", targets, 4);
    assert_int_equal(create(h, &draft, 1), 0);
    assert_string_equal(messages(h, draft.id), "1:0>5215512345678(t-1) 1:0>491700000000(t-1)");
    assert_int_equal(task_of(h, draft.id)->task.counts.total, 2);
}

static void at_most_reached_max_recipients_are_taken(void **state)
{
    struct harness *h = *state;
    const struct task_target targets[] = {
        {0, 1234567, 0}, {0, 1234567, 0}, {0, 1234568, 0}, {0, 1234569, 0}};
    struct task_draft draft = draft_of("few", targets, 4);
    draft.reached_max = 2;
    assert_int_equal(create(h, &draft, 1), 0);
    assert_string_equal(messages(h, draft.id), "1:0>1234567(t-1) 1:1>1234568(t-1)");
}

static void senders_share_the_targets_evenly(void **state)
{
    struct harness *h = *state;
    const struct task_text *task = task_of(h, create_range(h, "even", 100));
    assert_int_equal(task->given[0], 34);
    assert_int_equal(task->given[1], 33);
    assert_int_equal(task->given[2], 33);
}

static void a_sender_of_one_target_gets_fewer_of_the_others(void **state)
{
    struct harness *h = *state;
    const struct task_target targets[] = {{SENDER, 1234567, 0}, {SENDER, 1234568, 0},
                                          {0, 1234569, 0},      {0, 1234570, 0},
                                          {0, 1234571, 0},      {0, 1234572, 0}};
    struct task_draft draft = draft_of("mixed", targets, 6);
    assert_int_equal(create(h, &draft, 1), 0);
    const struct task_text *task = task_of(h, draft.id);
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(task->given[i], 2);
}

static void a_task_without_a_name_gets_one_that_is_free(void **state)
{
    struct harness *h = *state;
    struct task_draft drafts[] = {draft_of("task 65537", NULL, 0), draft_of("", NULL, 0),
                                  draft_of("", NULL, 0)};
    assert_int_equal(create(h, drafts, 3), 0);
    assert_string_equal(tasks(h), "task 65538:2 task 65537-2:2 task 65537:2");
}

/* --- refusals */

static void a_name_is_taken_once_by_each_tenant(void **state)
{
    struct harness *h = *state;
    create_range(h, "spring", 1);
    struct task_draft drafts[] = {draft_of("new", NULL, 0), draft_of("spring", NULL, 0)};
    struct tasks_create op = create_op(h, drafts, 2);
    store_tasks_create(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), ERR_EXISTS);
    assert_int_equal(op.failed, 1);
    drafts[1].name = STR("new");
    assert_int_equal(create(h, drafts, 2), ERR_EXISTS);
    assert_string_equal(tasks(h), "spring:2");
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_int_equal(add_agent(h, TENANT + 1, "ann"), 0);
    assert_int_equal(add_account(h, TENANT + 1, SENDER + 9), 0);
    const int64_t own = SENDER + 9;
    op = create_op(h, drafts, 1);
    op.tenant_id = TENANT + 1;
    drafts[0] = draft_of("spring", NULL, 0);
    drafts[0].senders = &own;
    drafts[0].sender_count = 1;
    store_tasks_create(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
}

static void a_sender_is_an_account_of_the_tenant(void **state)
{
    struct harness *h = *state;
    const int64_t strangers[] = {SENDER, SENDER + 77};
    const struct task_target targets[] = {{SENDER + 77, TARGET, 0}}, nobody[] = {{0, TARGET, 0}};
    struct task_draft draft = draft_of("x", NULL, 0);
    draft.senders = strangers;
    draft.sender_count = 2;
    assert_int_equal(create(h, &draft, 1), ERR_NO_AGENT);
    draft = draft_of("x", targets, 1);
    assert_int_equal(create(h, &draft, 1), ERR_NO_AGENT);
    draft = draft_of("x", nobody, 1);
    draft.sender_count = 0;
    assert_int_equal(create(h, &draft, 1), ERR_NO_AGENT);
    assert_string_equal(tasks(h), "");
}

static void a_task_of_a_group_needs_the_group(void **state)
{
    struct harness *h = *state;
    struct task_draft draft = draft_of("x", NULL, 0);
    draft.source = TASK_OF_GROUP;
    draft.group = STR("vip");
    assert_int_equal(create(h, &draft, 1), ERR_INVALID);
    const int64_t number = NUMBER;
    assert_int_equal(save_group(h, TENANT, "vip", &number, 1), 0);
    assert_int_equal(create(h, &draft, 1), 0);
    assert_false(task_of(h, draft.id)->task.complete);
}

static void tenants_do_not_see_each_others_tasks(void **state)
{
    struct harness *h = *state;
    int64_t total, id = create_range(h, "spring", 1);
    struct task_draft draft = draft_of("x", NULL, 0);
    struct tasks_create op = create_op(h, &draft, 1);
    op.tenant_id = TENANT + 1;
    store_tasks_create(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), ERR_NOT_FOUND);
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_null(task_page(h, TENANT + 1, id, 0, 10));
    assert_string_equal(tasks_page(h, TENANT + 1, 0, NULL, 0, 10, &total), "");
    assert_int_equal(move_at(h, TENANT + 1, id, TASK_PAUSED, NOW, NULL), ERR_NOT_FOUND);
    op = create_op(h, &draft, 1);
    op.tenant_id = TENANT + 1;
    op.call = harness_call(h);
    store_tasks_create(h->store, &op); /* with TENANT's accounts */
    assert_int_equal(harness_wait(h, &op.call), ERR_NO_AGENT);
}

/* --- long creations */

static void a_long_creation_is_whole(void **state)
{
    struct harness *h = *state;
    int64_t id = create_range(h, "long", TASK_MAX_TARGETS);
    const struct task_text *task = task_of(h, id);
    assert_int_equal(task->count, TASK_MAX_TARGETS);
    assert_int_equal(task->task.counts.left, TASK_MAX_TARGETS);
    assert_int_equal(task->last, TASK_MESSAGE(id, TASK_MAX_TARGETS - 1));
    assert_int_equal(task->given[0] - task->given[2], 1);
    task = task_page(h, TENANT, id, 4998, 10);
    assert_int_equal(task->count, 2);
    assert_string_equal(task->messages.bytes, "1:0>491700004998(t-1) 1:1>491700004999(t-1)");
    assert_int_equal(task_page(h, TENANT, id, 5000, 10)->count, 0);
}

static void of_two_long_creations_of_a_name_one_is_refused(void **state)
{
    struct harness *h = *state;
    static struct task_target targets[TASK_MAX_TARGETS];
    for (int i = 0; i < TASK_MAX_TARGETS; i++)
        targets[i] = (struct task_target){.number = TARGET + i};
    struct task_draft drafts[] = {draft_of("one", targets, TASK_MAX_TARGETS),
                                  draft_of("one", targets, TASK_MAX_TARGETS),
                                  draft_of("one", targets, 1)};
    struct tasks_create ops[3];
    int good = 0;
    for (int i = 0; i < 3; i++) {
        ops[i] = create_op(h, &drafts[i], 1);
        store_tasks_create(h->store, &ops[i]);
    }
    for (int i = 0; i < 3; i++) {
        int result = harness_wait(h, &ops[i].call);
        assert_true(result == 0 || result == ERR_EXISTS);
        good += result == 0;
    }
    assert_int_equal(good, 1);
    assert_string_equal(tasks(h), "one:2");
}

static void nobody_sees_half_of_a_long_creation(void **state)
{
    struct harness *h = *state;
    static struct task_target targets[TASK_MAX_TARGETS];
    for (int i = 0; i < TASK_MAX_TARGETS; i++)
        targets[i] = (struct task_target){.number = TARGET + i};
    struct task_draft drafts[] = {draft_of("a", targets, TASK_MAX_TARGETS),
                                  draft_of("b", targets, TASK_MAX_TARGETS)};
    struct tasks_create op = create_op(h, drafts, 2);
    store_tasks_create(h->store, &op);
    int64_t changed = 0;
    while (op.call.owner) {
        const char *seen = tasks(h);
        assert_true(strcmp(seen, "") == 0 || strcmp(seen, "b:2 a:2") == 0);
        seen = tasks_open(h, &changed, 10);
        assert_true(strcmp(seen, "") == 0 || strcmp(seen, "a:2+0+1+2 b:2+0+1+2") == 0);
        mailbox_wait(h->box, 0);
        mailbox_run(h->box);
    }
    assert_int_equal(op.call.result, 0);
    assert_string_equal(tasks(h), "b:2 a:2");
}

/* --- once */

static struct str answer_once(struct store_call *call)
{
    (void)call;
    return STR("65536");
}

static int create_once(struct harness *h, size_t count, bool *ret_replayed)
{
    static struct task_target targets[TASK_MAX_TARGETS];
    for (size_t i = 0; i < count; i++)
        targets[i] = (struct task_target){.number = TARGET + (int64_t)i};
    struct task_draft draft = draft_of("once", targets, count);
    struct idempotency idempotency = {
        .tenant_id = TENANT, .route = STR("/create"), .key = STR("k"), .answer = answer_once};
    snprintf((char *)idempotency.hash, SHA256_LEN, "%zu", count);
    struct tasks_create op = create_op(h, &draft, 1);
    op.call.idempotency = &idempotency;
    store_tasks_create(h->store, &op);
    int result = harness_wait(h, &op.call);
    *ret_replayed = idempotency.replayed;
    if (idempotency.replayed)
        assert_memory_equal(idempotency.kept.data, "65536", 5);
    buf_free(&idempotency.kept);
    return result;
}

static void a_creation_with_a_key_runs_once(void **state)
{
    struct harness *h = *state;
    bool replayed;
    assert_int_equal(create_once(h, TASK_MAX_TARGETS, &replayed), 0);
    assert_false(replayed);
    assert_int_equal(create_once(h, TASK_MAX_TARGETS, &replayed), 0);
    assert_true(replayed);
    assert_int_equal(create_once(h, 1, &replayed), ERR_CONFLICT);
    assert_string_equal(tasks(h), "once:2");
}

/* --- lists */

static void pages_are_newest_first_and_filtered(void **state)
{
    struct harness *h = *state;
    int64_t total;
    create_range(h, "spring sale", 0);
    int64_t second = create_range(h, "summer sale", 0);
    create_range(h, "autumn", 0);
    assert_int_equal(move(h, second, TASK_PAUSED), 0);
    assert_string_equal(tasks(h), "autumn:2 summer sale:6 spring sale:2");
    assert_string_equal(tasks_page(h, TENANT, 6, NULL, 0, 10, &total), "summer sale:6");
    assert_int_equal(total, 1);
    assert_string_equal(tasks_page(h, TENANT, 0, "sale", 1, 1, &total), "spring sale:2");
    assert_int_equal(total, 2);
    assert_string_equal(tasks_page(h, TENANT, 6, "autumn", 0, 10, &total), "");
    assert_int_equal(total, 0);
    assert_string_equal(tasks_page(h, TENANT, 0, NULL, 1, 1, &total), "summer sale:6");
    assert_int_equal(total, 3);
}

static void a_list_of_thousands_is_paged(void **state)
{
    struct harness *h = *state;
    static struct task_draft drafts[100];
    static char names[100][16];
    int64_t total;
    for (int round = 0; round < 60; round++) { /* more than a transaction looks at */
        for (int i = 0; i < 100; i++) {
            snprintf(names[i], sizeof(names[i]), "t%04d", round * 100 + i);
            drafts[i] = draft_of(names[i], NULL, 0);
            drafts[i].sender_count = 0;
        }
        assert_int_equal(create(h, drafts, 100), 0);
    }
    assert_string_equal(tasks_page(h, TENANT, 0, NULL, 0, 2, &total), "t5999:2 t5998:2");
    assert_int_equal(total, 6000);
    assert_string_equal(tasks_page(h, TENANT, 0, NULL, 5999, 2, &total), "t0000:2");
    assert_string_equal(tasks_page(h, TENANT, 0, NULL, 6000, 2, &total), "");
    assert_int_equal(total, 6000);
    assert_string_equal(tasks_page(h, TENANT, 2, "t00", 95, 9, &total), "t0004:2 t0003:2 t0002:2"
                                                                        " t0001:2 t0000:2");
}

/* --- the engine's start */

static void open_tasks_come_with_the_senders_that_have_messages_left(void **state)
{
    struct harness *h = *state;
    int64_t changed = 0, none = 0;
    const struct task_target targets[] = {{SENDER + 2, TARGET, 0}};
    struct task_draft draft = draft_of("one", targets, 1);
    assert_int_equal(create(h, &draft, 1), 0);
    int64_t second = create_range(h, "two", 2);
    assert_string_equal(tasks_open(h, &changed, 10), "one:2+2 two:2+0+1");
    assert_string_equal(tasks_open(h, &changed, 10), "");
    assert_int_equal(move(h, draft.id, TASK_PAUSED), 0);
    assert_string_equal(tasks_open(h, &changed, 10), "one:6+2");
    assert_string_equal(tasks_open(h, &none, 1), "two:2+0+1");
    assert_string_equal(tasks_open(h, &none, 1), "one:6+2");
    harness_reopen(h);
    none = 0;
    assert_string_equal(tasks_open(h, &none, 10), "two:2+0+1 one:6+2");
    assert_int_equal(move(h, second, TASK_PAUSED), 0);
    assert_string_equal(tasks_open(h, &changed, 10), "two:6+0+1");
}

static void tasks_go_with_their_tenant(void **state)
{
    struct harness *h = *state;
    int64_t id = create_range(h, "spring", 3000);
    create_range(h, "summer", 3);
    assert_int_equal(remove_tenant(h, TENANT), 0);
    assert_sound(h);
    assert_int_equal(add_tenant(h, TENANT), 0);
    assert_null(task_page(h, TENANT, id, 0, 1));
    assert_string_equal(tasks(h), "");
    assert_int_equal(add_agent(h, TENANT, "ann"), 0);
    assert_int_equal(add_account(h, TENANT, SENDER), 0);
    assert_int_equal(add_account(h, TENANT, SENDER + 1), 0);
    assert_int_equal(add_account(h, TENANT, SENDER + 2), 0);
    assert_int_equal(create_range(h, "spring", 1), id + 2); /* ids are not used again */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_with_accounts, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_task_shows_its_messages_in_the_order_of_its_targets),
        TEST(what_a_draft_says_is_what_the_task_has),
        TEST(only_the_first_content_of_a_recipient_is_queued),
        TEST(a_number_in_both_forms_is_one_recipient_the_first),
        TEST(at_most_reached_max_recipients_are_taken),
        TEST(senders_share_the_targets_evenly),
        TEST(a_sender_of_one_target_gets_fewer_of_the_others),
        TEST(a_task_without_a_name_gets_one_that_is_free),
        TEST(a_name_is_taken_once_by_each_tenant),
        TEST(a_sender_is_an_account_of_the_tenant),
        TEST(a_task_of_a_group_needs_the_group),
        TEST(tenants_do_not_see_each_others_tasks),
        TEST(a_long_creation_is_whole),
        TEST(of_two_long_creations_of_a_name_one_is_refused),
        TEST(nobody_sees_half_of_a_long_creation),
        TEST(a_creation_with_a_key_runs_once),
        TEST(pages_are_newest_first_and_filtered),
        TEST(a_list_of_thousands_is_paged),
        TEST(open_tasks_come_with_the_senders_that_have_messages_left),
        TEST(tasks_go_with_their_tenant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
