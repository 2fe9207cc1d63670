/* What deleting customers does to other tables of the SQLite store, and what can break it off. */
#include "store/deletion.h"
#include "store/faulty_disk.h"
#include "store/sqlite_beside.h"

static void numbers_leave_the_groups_and_keep_their_opt_out_and_history(void **state)
{
    struct harness *h = *state;
    sqlite3 *db = other_connection(h);
    char sql[1024];
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    fill(h, TENANT, 0, 3);
    struct customer_change brazil = {.number = INT64_C(5511987654321)};
    assert_int_equal(upsert_one(h, TENANT, NOW, &brazil), 0);
    /* A group of each tenant, with two customers, one of them in its other form, and a stranger. */
    snprintf(sql, sizeof(sql),
             "INSERT INTO customer_group (id, tenant, name, size, created_ms)"
             " VALUES (1, %d, 'g', 3, 0), (2, %d, 'g', 2, 0);"
             "INSERT INTO group_member SELECT column1, column2 FROM (VALUES (1, %lld),"
             " (1, 551187654321), (1, 1234567), (2, %lld), (2, 551187654321));"
             "INSERT INTO opt_out (tenant, number, since_ms, reason) VALUES (%d, %lld, 0, '');"
             "UPDATE tenant SET opt_outs = 1 WHERE id = %d;"
             "INSERT INTO history (tenant, number, time_ms, field, old, new, cause)"
             " VALUES (%d, %lld, 0, 0, '', '', '')",
             TENANT, TENANT + 1, (long long)NUMBER, (long long)NUMBER, TENANT, (long long)NUMBER,
             TENANT, TENANT, (long long)NUMBER);
    execute(db, sql);
    assert_int_equal(delete_customers(h, TENANT, CUSTOMERS_ALL, NULL, 0), 4);
    assert_int_equal(look(db, "SELECT count(*) FROM group_member WHERE customer_group = 1"), 1);
    assert_int_equal(look(db, "SELECT number FROM group_member WHERE customer_group = 1"), 1234567);
    assert_int_equal(look(db, "SELECT count(*) FROM group_member WHERE customer_group = 2"), 2);
    assert_int_equal(look(db, "SELECT count(*) FROM opt_out"), 1);
    assert_int_equal(look(db, "SELECT count(*) FROM history"), 1);
    sqlite3_close(db);
}

static void many_groups_make_the_steps_smaller_and_the_outcome_the_same(void **state)
{
    struct harness *h = *state;
    char sql[512];
    sqlite3 *db = other_connection(h);
    fill(h, TENANT, 0, 700);
    snprintf(
        sql, sizeof(sql),
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
        "INSERT INTO customer_group (id, tenant, name, size, created_ms)"
        " SELECT i, %d, i, 100, 0 FROM n;"
        "INSERT INTO group_member SELECT customer_group.id, number FROM customer_group, customer"
        " WHERE number %% 7 = 0",
        TENANT);
    execute(db, sql);
    assert_int_equal(look(db, "SELECT count(*) FROM group_member"), 30000);
    assert_int_equal(delete_customers(h, TENANT, CUSTOMERS_ALL, NULL, 0), 700);
    assert_int_equal(look(db, "SELECT count(*) FROM group_member"), 0);
    sqlite3_close(db);
}

static void a_finished_deletion_leaves_no_row_behind(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 30000 };
    struct customers_delete op;
    struct customer_change *items = calloc(COUNT, sizeof(*items));
    struct customer_outcome *outcomes = calloc(COUNT, sizeof(*outcomes));
    sqlite3 *db = other_connection(h);
    fill(h, TENANT, 0, COUNT);
    for (int i = 0; i < COUNT; i++)
        items[i] = (struct customer_change){.number = NUMBER + i};
    begin_deletion(h, &op, TENANT, CUSTOMERS_ALL, NULL, 0);
    /* Names all that is left, so that each of these has a row that spares it. */
    assert_int_equal(upsert(h, TENANT, NOW, items, COUNT, outcomes), 0);
    assert_true(harness_wait(h, &op.call) > 0);
    assert_int_equal(look(db, "SELECT count(*) FROM job"), 0);
    assert_int_equal(look(db, "SELECT count(*) FROM spared"), 0);
    assert_int_equal(count_there(h, TENANT, 0, COUNT), COUNT);
    assert_int_equal(look(db, "SELECT customers FROM tenant"), COUNT);
    sqlite3_close(db);
    free(items);
    free(outcomes);
}

/* As a crash leaves it: a row, and nobody who works on it. */
static void leave_job(sqlite3 *db, int kind, const char *items, int64_t last_id, int64_t position)
{
    char sql[256];
    snprintf(sql, sizeof(sql),
             "INSERT INTO job (tenant, kind, items, last_id, position, deleted)"
             " VALUES (%d, %d, %s, %lld, %lld, 3)",
             TENANT, kind, items, (long long)last_id, (long long)position);
    execute(db, sql);
}

static void wait_for_jobs(sqlite3 *db)
{
    while (look(db, "SELECT count(*) FROM job") > 0)
        usleep(1000);
}

static void a_job_of_each_kind_goes_on_where_it_was(void **state)
{
    struct harness *h = *state;
    char items[64];
    sqlite3 *db = other_connection(h);
    fill(h, TENANT, 0, 20);
    const int64_t first_id = look(db, "SELECT min(id) FROM customer");

    /* Numbers up to NUMBER + 4 are through; the last five came later. */
    leave_job(db, CUSTOMERS_ALL, "NULL", first_id + 14, NUMBER + 4);
    harness_reopen(h);
    wait_for_jobs(db);
    assert_int_equal(count_there(h, TENANT, 0, 5), 5);
    assert_int_equal(count_there(h, TENANT, 5, 10), 0);
    assert_int_equal(count_there(h, TENANT, 15, 5), 5);

    snprintf(items, sizeof(items), "'[%lld]'", (long long)agent_id(h, TENANT, "bob"));
    execute(db, "BEGIN IMMEDIATE");
    leave_job(db, CUSTOMERS_OF_AGENTS, items, first_id + 100, 0);
    execute(db, "INSERT INTO spared SELECT max(id), 8618217331412 FROM job");
    execute(db, "COMMIT");
    harness_reopen(h);
    wait_for_jobs(db);
    for (int64_t i = 0; i < 5; i++)
        assert_int_equal(is_there(h, TENANT, NUMBER + i), i != 3);
    assert_int_equal(count_there(h, TENANT, 15, 5), 2);

    snprintf(items, sizeof(items), "'[%lld,%lld,%lld]'", (long long)NUMBER, (long long)NUMBER + 1,
             (long long)NUMBER + 2);
    leave_job(db, CUSTOMERS_BY_NUMBER, items, first_id + 100, 1);
    harness_reopen(h);
    wait_for_jobs(db);
    for (int64_t i = 0; i < 5; i++)
        assert_int_equal(is_there(h, TENANT, NUMBER + i), i == 0 || i == 4);
    assert_int_equal(look(db, "SELECT count(*) FROM spared"), 0);
    sqlite3_close(db);
}

static void a_tenant_has_so_many_deletions_at_once_and_no_more(void **state)
{
    struct harness *h = *state;
    const int64_t number = NUMBER;
    sqlite3 *db = other_connection(h);
    fill(h, TENANT, 0, 1);
    store_drain(h->store); /* so that nobody works on them */
    execute(db, "BEGIN IMMEDIATE");
    for (int i = 0; i < TENANT_MAX_JOBS; i++)
        leave_job(db, CUSTOMERS_ALL, "NULL", 1 << 20, 0);
    execute(db, "COMMIT");
    assert_int_equal(delete_customers(h, TENANT, CUSTOMERS_BY_NUMBER, &number, 1), ERR_FULL);
    assert_true(is_there(h, TENANT, NUMBER));
    harness_reopen(h);
    wait_for_jobs(db);
    assert_false(is_there(h, TENANT, NUMBER));
    sqlite3_close(db);
}

static void a_deletion_that_a_full_disk_breaks_off_goes_on_by_itself(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 40000 };
    struct customers_delete op;
    fill(h, TENANT, 0, COUNT);
    begin_deletion(h, &op, TENANT, CUSTOMERS_ALL, NULL, 0);
    atomic_store(&disk.write_error, SQLITE_FULL);
    int result = harness_wait(h, &op.call);
    assert_true(result == ERR_UNKNOWN || result == COUNT);
    disk_heal();
    while (is_there(h, TENANT, NUMBER + COUNT - 1))
        usleep(1000);
    assert_int_equal(count_there(h, TENANT, 0, COUNT), 0);
}

static int start(void **state)
{
    disk_heal();
    return harness_start(state);
}

static int end(void **state)
{
    disk_heal();
    return harness_end(state);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, end)

int main(void)
{
    disk_install();
    const struct CMUnitTest tests[] = {
        TEST(numbers_leave_the_groups_and_keep_their_opt_out_and_history),
        TEST(many_groups_make_the_steps_smaller_and_the_outcome_the_same),
        TEST(a_finished_deletion_leaves_no_row_behind),
        TEST(a_job_of_each_kind_goes_on_where_it_was),
        TEST(a_tenant_has_so_many_deletions_at_once_and_no_more),
        TEST(a_deletion_that_a_full_disk_breaks_off_goes_on_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
