/* A second connection to the database of a harness, for what no verb shows or brings about. */
#ifndef WSCRM_TESTS_UNIT_STORE_SQLITE_BESIDE_H
#define WSCRM_TESTS_UNIT_STORE_SQLITE_BESIDE_H

#include <sqlite3.h>

#include "store/harness.h"

static inline sqlite3 *other_connection(struct harness *h)
{
    sqlite3 *db;
    char path[128];
    snprintf(path, sizeof(path), "%s/wscrm.db", h->directory);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    return db;
}

static inline void execute(sqlite3 *db, const char *sql)
{
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static inline int64_t look(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

#endif
