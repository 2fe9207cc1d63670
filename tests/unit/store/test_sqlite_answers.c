/* What the SQLite store does with kept answers beyond store.h: it forgets them, bounds them, seals them,
 * and keeps none of a transaction that failed. */
#include "store/faulty_disk.h"
#include "store/idempotent.h"
#include "store/sqlite_beside.h"

#define NUMBER INT64_C(8618217331411)

static void answers_over_their_time_are_deleted_and_no_others(void **state)
{
    struct harness *h = *state;
    enum { OLD = 600, NEW = 3 }; /* more than one piece */
    sqlite3 *db = other_connection(h);
    char key[16];
    for (int i = 0; i < OLD + NEW; i++) {
        if (i == OLD)
            atomic_store(&turned_ms, 1);
        snprintf(key, sizeof(key), "k%d", i);
        assert_string_equal(once(h, TENANT, key, NUMBER, "first"), RUN);
    }
    assert_int_equal(look(db, "SELECT answers FROM tenant"), OLD + NEW);
    atomic_store(&turned_ms, ANSWER_KEPT_MS);
    harness_reopen(h); /* chores are due at the start */
    while (look(db, "SELECT count(*) FROM answer") > NEW)
        usleep(1000);
    assert_int_equal(look(db, "SELECT count(*) FROM answer"), NEW);
    assert_int_equal(look(db, "SELECT answers FROM tenant"), NEW);
    assert_string_equal(once(h, TENANT, "k600", NUMBER, "first"), "first");
    sqlite3_close(db);
}

static void a_tenant_with_as_many_answers_as_may_be_gets_no_more(void **state)
{
    struct harness *h = *state;
    char sql[160];
    sqlite3 *db = other_connection(h);
    assert_string_equal(once(h, TENANT, "old", NUMBER, "first"), RUN);
    snprintf(sql, sizeof(sql), "UPDATE tenant SET answers = answers + %d", TENANT_MAX_ANSWERS - 1);
    execute(db, sql);
    assert_string_equal(once(h, TENANT, "new", NUMBER, "second"), err_text(ERR_FULL));
    assert_string_equal(once(h, TENANT, "old", NUMBER, "first"), "first");
    execute(db, "UPDATE tenant SET answers = answers - 1");
    assert_string_equal(once(h, TENANT, "new", NUMBER, "second"), RUN);
    snprintf(sql, sizeof(sql), "UPDATE tenant SET answers = 2, answer_bytes = answer_bytes + %lld",
             (long long)TENANT_MAX_ANSWER_BYTES);
    execute(db, sql);
    assert_string_equal(once(h, TENANT, "newer", NUMBER, "third"), err_text(ERR_FULL));
    assert_shown(h, TENANT, NUMBER, "friendName=second +0~0");
    snprintf(sql, sizeof(sql), "UPDATE tenant SET answer_bytes = answer_bytes - %lld",
             (long long)TENANT_MAX_ANSWER_BYTES);
    execute(db, sql);
    sqlite3_close(db);
}

static void an_answer_cannot_be_read_without_the_key_nor_moved_to_another_row(void **state)
{
    struct harness *h = *state;
    sqlite3 *db = other_connection(h);
    assert_string_equal(once(h, TENANT, "a", NUMBER, "a secret"), RUN);
    assert_int_equal(look(db, "SELECT instr(sealed, CAST('secret' AS BLOB)) FROM answer"), 0);
    execute(db, "UPDATE answer SET key = 'b'");
    assert_string_equal(once(h, TENANT, "b", NUMBER, "a secret"), err_text(ERR_CRYPTO));
    sqlite3_close(db);
}

static void a_call_whose_commit_failed_is_run_again(void **state)
{
    struct harness *h = *state;
    struct once call;
    atomic_store(&disk.sync_error, SQLITE_IOERR_FSYNC);
    once_post(h, &call, TENANT, "k", NUMBER, "first");
    assert_string_equal(once_wait(h, &call), err_text(ERR_UNKNOWN));
    assert_int_equal(call.answers, 1); /* it was asked, and then the commit failed */
    disk_heal();
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), RUN);
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), "first");
}

static void a_call_whose_answer_cannot_be_kept_changes_nothing(void **state)
{
    struct harness *h = *state;
    sqlite3 *db = other_connection(h);
    execute(db, "CREATE TRIGGER refuse BEFORE INSERT ON answer"
                " BEGIN SELECT RAISE(ABORT, 'refused'); END");
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), err_text(ERR_STORE));
    assert_shown(h, TENANT, NUMBER, "none");
    assert_int_equal(look(db, "SELECT customers FROM tenant"), 0);
    execute(db, "DROP TRIGGER refuse");
    assert_string_equal(once(h, TENANT, "k", NUMBER, "first"), RUN);
    assert_int_equal(look(db, "SELECT customers FROM tenant"), 1);
    sqlite3_close(db);
}

static int start(void **state)
{
    disk_heal();
    return start_with_clock(state);
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
        TEST(answers_over_their_time_are_deleted_and_no_others),
        TEST(a_tenant_with_as_many_answers_as_may_be_gets_no_more),
        TEST(an_answer_cannot_be_read_without_the_key_nor_moved_to_another_row),
        TEST(a_call_whose_commit_failed_is_run_again),
        TEST(a_call_whose_answer_cannot_be_kept_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
