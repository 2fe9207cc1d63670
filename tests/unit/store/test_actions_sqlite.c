/* What takes too many calls to bring about. */
#include "store/sqlite_beside.h"

#include "store/action_calls.h"

static void as_many_wait_as_may(void **state)
{
    struct harness *h = *state;
    int64_t ann = agent_id(h, TENANT, "ann");
    sqlite3 *db = other_connection(h);
    assert_int_equal(make_actions(h, TENANT, ann, "a", NOW), 0);
    execute(db, "WITH RECURSIVE n (n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)"
                " INSERT INTO action (token, tenant, agent, number, platform, type, status,"
                " created_ms, due_ms) SELECT CAST(printf('%016d', n) AS BLOB), tenant, agent,"
                " number, platform, type, status, created_ms, due_ms FROM action, n");
    assert_int_equal(make_actions(h, TENANT, ann, "bc", NOW), ERR_FULL);
    assert_int_equal(make_actions(h, TENANT, ann, "b", NOW), 0);
    assert_int_equal(make_actions(h, TENANT, ann, "c", NOW), ERR_FULL);
    assert_int_equal(answer_action(h, TENANT, 'a', true, ""), 0);
    assert_int_equal(make_actions(h, TENANT, ann, "c", NOW), 0);
    sqlite3_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_many_wait_as_may, hooks_start, harness_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
