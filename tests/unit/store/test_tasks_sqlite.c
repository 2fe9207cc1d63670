/* The SQLite store's tasks: what no verb of tasks.h brings about by itself, or shows. */
#include "store/faulty_disk.h"
#include "store/sqlite_beside.h"
#include "store/task_calls.h"

static struct task_target targets[TASK_MAX_TARGETS];

static struct task_draft long_draft(const char *name)
{
    for (int i = 0; i < TASK_MAX_TARGETS; i++)
        targets[i] = (struct task_target){.number = TARGET + i};
    return draft_of(name, targets, TASK_MAX_TARGETS);
}

/* The sweep is the writer's own: it is waited for, and a store that does not sweep hangs here. */
static void wait_for(sqlite3 *db, const char *sql, int64_t value)
{
    while (look(db, sql) != value)
        continue;
}

static void who_talked_to_a_number_last_sends_to_it(void **state)
{
    struct harness *h = *state;
    sqlite3 *db = other_connection(h);
    execute(db, "INSERT INTO conversation (tenant, number, account, last_ms, last_message, unread)"
                " VALUES (7, 491700000001, 8613900000003, 5, 1, 0),"
                " (7, 491700000001, 8613900000002, 4, 1, 0),"
                " (7, 491700000002, 8613900000099, 9, 1, 0)," /* none of the task's */
                " (7, 491700000002, 8613900000003, 1, 1, 0),"
                " (8, 491700000000, 8613900000003, 5, 1, 0)," /* another tenant's */
                " (7, 525512345678, 8613900000002, 5, 1, 0)");
    sqlite3_close(db);
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    const struct task_target list[] = {
        {0, TARGET, 0}, {0, TARGET + 1, 0}, {0, TARGET + 2, 0}, {0, MARKED, 0}, {0, TARGET + 3, 0}};
    struct task_draft draft = draft_of("talk", list, 5);
    assert_int_equal(create(h, &draft, 1), 0);
    assert_string_equal(messages(h, draft.id),
                        "1:0>491700000000(t-1) 1:2>491700000001(t-1) 1:2>491700000002(t-1)"
                        " 1:1>5215512345678(t-1) 1:0>491700000003(t-1)");
    db = other_connection(h);
    execute(db, "DELETE FROM conversation"); /* of messages that there are not */
    sqlite3_close(db);
}

/* Starts a long creation and lets the disk fail when some pieces of it are on it. */
static void break_off(struct harness *h, struct tasks_create *op)
{
    struct store_metrics metrics;
    store_metrics(h->store, &metrics);
    uint64_t groups = metrics.groups;
    store_tasks_create(h->store, op);
    while (metrics.groups == groups)
        store_metrics(h->store, &metrics);
    atomic_store(&disk.sync_error, SQLITE_IOERR_FSYNC);
    assert_int_equal(harness_wait(h, &op->call), ERR_UNKNOWN);
    disk_heal();
}

static void a_creation_that_broke_off_is_never_seen_and_gives_its_name(void **state)
{
    struct harness *h = *state;
    struct task_draft drafts[] = {long_draft("one"), long_draft("two"), long_draft("three")};
    struct tasks_create op = create_op(h, drafts, 3);
    break_off(h, &op);
    assert_string_equal(tasks(h), "");
    assert_sound(h);
    struct task_draft again = draft_of("one", targets, 1);
    assert_int_equal(create(h, &again, 1), 0);
    assert_string_equal(tasks(h), "one:2");
}

static void what_a_creation_left_is_swept(void **state)
{
    struct harness *h = *state;
    struct task_draft drafts[] = {long_draft("one"), long_draft("two"), long_draft("three")};
    struct tasks_create op = create_op(h, drafts, 3);
    int64_t id = create_range(h, "kept", 3);
    break_off(h, &op);
    harness_reopen(h);
    sqlite3 *db = other_connection(h);
    wait_for(db, "SELECT count(*) FROM task WHERE status = 0", 0);
    assert_int_equal(look(db, "SELECT count(*) FROM message"), 3);
    assert_int_equal(look(db, "SELECT count(*) FROM task_sender"), 3);
    sqlite3_close(db);
    assert_int_equal(task_of(h, id)->count, 3);
}

static void what_is_to_be_retried_is_drained_too(void **state)
{
    struct harness *h = *state;
    int64_t left, changed = 0, id = create_range(h, "retry", 4);
    const int64_t other = SENDER + 2;
    sqlite3 *db = other_connection(h);
    execute(db, "UPDATE message SET status = 8, retry_ms = 5 WHERE account < 8613900000003");
    sqlite3_close(db);
    assert_string_equal(tasks_open(h, &changed, 10), "retry:2+0+1+2");
    assert_int_equal(drain(h, id, SENDER, &other, 1, &left), 2);
    assert_int_equal(drain(h, id, SENDER + 1, NULL, 0, &left), 1);
    assert_int_equal(left, 3);
    assert_string_equal(messages(h, id), "8:2>491700000000(t-1) -1:1>491700000001!6(t-1)"
                                         " 1:2>491700000002(t-1) 8:2>491700000003(t-1)");
}

static void what_is_in_flight_stays(void **state)
{
    struct harness *h = *state;
    int64_t left, id = create_range(h, "flight", 3);
    sqlite3 *db = other_connection(h);
    execute(db, "UPDATE message SET status = 2 WHERE account = 8613900000001;"
                "INSERT INTO in_flight (message, claimed_ms)"
                " SELECT id, 1 FROM message WHERE status = 2");
    assert_int_equal(drain(h, id, SENDER, NULL, 0, &left), 0);
    assert_int_equal(left, 3);
    assert_sound(h);
    assert_int_equal(remove_tenant(h, TENANT), 0);
    assert_int_equal(look(db, "SELECT count(*) FROM in_flight"), 0);
    sqlite3_close(db);
}

static void messages_outside_tasks_go_with_their_tenant(void **state)
{
    struct harness *h = *state;
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    sqlite3 *db = other_connection(h);
    execute(db, "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)"
                "INSERT INTO message (id, tenant, account, number, part, status, incoming, tries,"
                " own_content) SELECT i, 7 + i % 2, 8613900000001, 491700000000, 0, 1, 0, 0, 1"
                " FROM n;"
                "INSERT INTO message_content SELECT id, '{}' FROM message;"
                "INSERT INTO follow_up (due_ms, account, message, code) VALUES"
                " (5, 8613900000001, 2, 1), (5, 8613900000077, 1, 1);"
                "INSERT INTO account_pace VALUES (8613900000001, 5, 1, 1);"
                "INSERT INTO conversation SELECT DISTINCT tenant, number, account, 1, 1, NULL, 0"
                " FROM message");
    assert_int_equal(remove_tenant(h, TENANT), 0);
    assert_int_equal(look(db, "SELECT count(*) FROM message WHERE tenant = 7"), 0);
    assert_int_equal(look(db, "SELECT count(*) FROM message WHERE tenant = 8"), 4500);
    assert_int_equal(look(db, "SELECT count(*) FROM message_content"), 4500);
    assert_int_equal(look(db, "SELECT message FROM follow_up"), 1);
    assert_int_equal(look(db, "SELECT count(*) FROM account_pace"), 0);
    assert_int_equal(look(db, "SELECT tenant FROM conversation"), 8);
    sqlite3_close(db);
}

static void a_tenant_has_at_most_100000_tasks_that_are_not_over(void **state)
{
    struct harness *h = *state;
    int64_t total;
    sqlite3 *db = other_connection(h);
    struct task_draft draft = draft_of("one more", NULL, 0);
    execute(db, "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
                "INSERT INTO task (tenant, name, status, source, created_ms, may_move, parts,"
                " contents, reached_max, complete, position, total, sent, delivered, read, replied,"
                " failed, left, open, changed) SELECT 7, 'task ' || i, 1, 1, 1, 0, 1, '[{}]', 0, 1,"
                " 0, 0, 0, 0, 0, 0, 0, 0, 1, i FROM n");
    assert_int_equal(create(h, &draft, 1), ERR_FULL);
    execute(db, "UPDATE task SET status = 5, open = 0 WHERE name = 'task 1'");
    assert_int_equal(create(h, &draft, 1), 0);
    assert_string_equal(tasks_page(h, TENANT, 0, NULL, 0, 1, &total), "one more:2");
    assert_int_equal(total, TASKS_SHOWN_MAX);
    assert_string_equal(tasks_page(h, TENANT, 0, NULL, 99999, 9, &total), "task 2:1");
    execute(db, "DELETE FROM task; DELETE FROM task_sender; DELETE FROM task_event");
    sqlite3_close(db);
}

static void a_task_has_at_most_1000_senders(void **state)
{
    struct harness *h = *state;
    int64_t accounts[TASK_MAX_SENDERS + 1];
    sqlite3 *db = other_connection(h);
    execute(db, "WITH n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
                "INSERT INTO account (number, tenant, transport, platform, settings, created_ms)"
                " SELECT 8613700000000 + i, 7, 'sandbox', 'pc', '{}', 1 FROM n");
    sqlite3_close(db);
    harness_reopen(h);
    for (int i = 0; i <= TASK_MAX_SENDERS; i++)
        accounts[i] = INT64_C(8613700000000) + i;
    struct task_draft draft = draft_of("many", NULL, 0);
    draft.senders = accounts;
    draft.sender_count = TASK_MAX_SENDERS + 1;
    assert_int_equal(create(h, &draft, 1), ERR_TOO_LARGE);
    const struct task_target own[] = {{accounts[TASK_MAX_SENDERS], TARGET, 0}};
    draft = draft_of("many", own, 1);
    draft.senders = accounts;
    draft.sender_count = TASK_MAX_SENDERS;
    assert_int_equal(create(h, &draft, 1), ERR_TOO_LARGE); /* with that of the target */
    draft.target_count = 0;
    assert_int_equal(create(h, &draft, 1), 0);
}

static void a_task_has_at_most_so_many_messages_as_ids(void **state)
{
    struct harness *h = *state;
    const int64_t numbers[] = {1000001, 1000002};
    struct segment segment = {.stage = STR("new")};
    struct task_draft draft = draft_of("full", NULL, 0);
    draft.source = TASK_OF_SEGMENT;
    draft.segment = &segment;
    assert_int_equal(create(h, &draft, 1), 0);
    sqlite3 *db = other_connection(h);
    execute(db, "UPDATE task SET total = 268435455");
    assert_int_equal(add_recipients(h, draft.id, numbers, 2, 1000002, true), ERR_FULL);
    execute(db, "UPDATE task SET total = 0");
    sqlite3_close(db);
    assert_int_equal(add_recipients(h, draft.id, numbers, 2, 1000002, true), 0);
}

static void a_source_that_is_no_segment_is_a_fault(void **state)
{
    struct harness *h = *state;
    struct segment segment = {.stage = STR("new")};
    struct task_draft draft = draft_of("odd", NULL, 0);
    draft.source = TASK_OF_SEGMENT;
    draft.segment = &segment;
    assert_int_equal(create(h, &draft, 1), 0);
    sqlite3 *db = other_connection(h);
    execute(db, "UPDATE task SET source_text = '{\"planet\":\"Mars\"}'");
    assert_int_equal(source_page(h, draft.id, 0)->call.result, ERR_STORE);
    execute(db, "UPDATE task SET source_text = '{'");
    assert_int_equal(source_page(h, draft.id, 0)->call.result, ERR_STORE);
    execute(db, "UPDATE task SET source_text = '{}'");
    sqlite3_close(db);
}

static void count_problem(void *context, const char *text)
{
    (void)text;
    ++*(int *)context;
}

static void assert_faulty(struct harness *h, sqlite3 *db, const char *damage, const char *repair)
{
    int problems = 0;
    execute(db, damage);
    if (store_check(h->store, count_problem, &problems) == 0)
        fail_msg("not noticed: %s", damage);
    execute(db, repair);
    assert_sound(h);
}

static void the_check_finds_what_does_not_fit(void **state)
{
    struct harness *h = *state;
    create_range(h, "spring", 3);
    sqlite3 *db = other_connection(h);
    assert_faulty(h, db, "UPDATE task SET left = left - 1", "UPDATE task SET left = left + 1");
    assert_faulty(h, db, "UPDATE task SET failed = 1", "UPDATE task SET failed = 0");
    assert_faulty(h, db, "UPDATE task SET open = 0", "UPDATE task SET open = 1");
    assert_faulty(h, db, "UPDATE task SET parts = 2", "UPDATE task SET parts = 1");
    assert_faulty(h, db, "UPDATE task_sender SET recipients = recipients + 1",
                  "UPDATE task_sender SET recipients = recipients - 1");
    assert_faulty(h, db, "INSERT INTO task_sender VALUES (5, 5, 0)",
                  "DELETE FROM task_sender WHERE task = 5");
    assert_faulty(h, db, "INSERT INTO task_event VALUES (5, 1, 1, 0, 1, '')",
                  "DELETE FROM task_event WHERE task = 5");
    assert_faulty(h, db, "UPDATE message SET tenant = 9", "UPDATE message SET tenant = 7");
    assert_faulty(h, db, "UPDATE message SET own_content = 1",
                  "UPDATE message SET own_content = 0");
    assert_faulty(h, db, "INSERT INTO message_content VALUES (5, '{}')",
                  "DELETE FROM message_content");
    assert_faulty(h, db, "INSERT INTO in_flight VALUES (5, 1)", "DELETE FROM in_flight");
    assert_faulty(h, db, "INSERT INTO conversation VALUES (9, 5, 5, 1, 1, NULL, 0)",
                  "DELETE FROM conversation");
    assert_faulty(h, db, "INSERT INTO conversation VALUES (7, 5, 5, 1, 1, NULL, 0)",
                  "DELETE FROM conversation");
    assert_faulty(h, db, "INSERT INTO account_pace VALUES (5, 5, 1, -1)",
                  "DELETE FROM account_pace");
    sqlite3_close(db);
}

static int start_on_disk(void **state)
{
    disk_heal();
    return start_with_accounts(state);
}

static int end_on_disk(void **state)
{
    disk_heal();
    return harness_end(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_on_disk, end_on_disk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_talked_to_a_number_last_sends_to_it),
        TEST(a_creation_that_broke_off_is_never_seen_and_gives_its_name),
        TEST(what_a_creation_left_is_swept),
        TEST(what_is_to_be_retried_is_drained_too),
        TEST(what_is_in_flight_stays),
        TEST(messages_outside_tasks_go_with_their_tenant),
        TEST(a_tenant_has_at_most_100000_tasks_that_are_not_over),
        TEST(a_task_has_at_most_1000_senders),
        TEST(a_task_has_at_most_so_many_messages_as_ids),
        TEST(a_source_that_is_no_segment_is_a_fault),
        TEST(the_check_finds_what_does_not_fit),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
