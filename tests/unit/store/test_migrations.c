/* Databases that an older program made. */
#include <stdlib.h>
#include <string.h>

#include "store/harness.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/migrations.h"

static const char *const steps[] = {
#define MIGRATION(version, sql) [version] = (sql),
#include "store/sqlite/migrations.def"
#undef MIGRATION
};

static int prepare(void **state)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    struct store_settings settings;
    store_settings_default(&settings);
    *state = connection;
    return connection_open(":memory:", CONNECTION_WRITE, &settings, connection);
}

static int end(void **state)
{
    connection_close(*state);
    free(*state);
    return 0;
}

/* As the program of that version left it. */
static void make(struct connection *connection, int version)
{
    char set_version[64];
    for (int step = 1; step <= version; step++)
        assert_int_equal(connection_exec(connection, steps[step]), 0);
    snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %d", version);
    assert_int_equal(connection_exec(connection, set_version), 0);
}

static int64_t ask(struct connection *connection, const char *sql)
{
    int64_t value;
    assert_int_equal(connection_ask(connection, sql, &value), 0);
    return value;
}

static void every_version_becomes_the_newest(void **state)
{
    struct connection *connection = *state;
    for (int version = 0; version <= migrations_newest(); version++) {
        end(state);
        prepare(state);
        connection = *state;
        make(connection, version);
        assert_int_equal(migrations_run(connection), version);
        assert_int_equal(migrations_version(connection), migrations_newest());
    }
}

static void accounts_of_version_1_have_no_name_yet(void **state)
{
    struct connection *connection = *state;
    make(connection, 1);
    assert_int_equal(connection_exec(connection,
                                     "INSERT INTO account (number, tenant, agent, transport,"
                                     " platform, settings, created_ms)"
                                     " VALUES (8618217331411, 7, 1, 'sandbox', 'pc', '{}', 1)"),
                     0);
    assert_int_equal(migrations_run(connection), 1);
    assert_int_equal(ask(connection, "SELECT count(*) FROM account WHERE number = 8618217331411"
                                     " AND tenant = 7 AND agent = 1 AND name = ''"),
                     1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, prepare, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_version_becomes_the_newest),
        TEST(accounts_of_version_1_have_no_name_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
