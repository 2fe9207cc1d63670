/* The comparator of ./bench/run for imports: the same rows, written by a loop inside the process.
 *
 *     upsert STORE FIRST ROWS SECONDS GROUP_ROWS GROUP_US CHECKPOINT_PAGES CACHE_KIB
 *
 * STORE is a database that the product made and filled: schema and indexes are the product's own,
 * and so is each value that is written, because the first customer in it is the pattern of all. The
 * numbers are those that load.c puts in its slots from FIRST on. The loop ends after ROWS rows or
 * SECONDS seconds. A transaction ends after GROUP_ROWS rows or GROUP_US µs, as the product's does; 1
 * row is a commit per request. The log is copied every CHECKPOINT_PAGES pages. One line of JSON on
 * stdout says how it went. */
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lone_store.h"
#include "number.h"

#define COLUMNS                                                                               \
    "tenant, number, friend_name, birthday, address, email, profession, income, description," \
    " stage, source, language_tag, welcome, sex, tags, extended, owner, created_ms, updated_ms"
#define COLUMN_COUNT 19

static const char pattern_sql[] = "SELECT " COLUMNS " FROM customer ORDER BY id LIMIT 1";
static const char upsert_sql[] =
    "INSERT INTO customer (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
    " ?13, ?14, ?15, ?16, ?17, ?18, ?19) ON CONFLICT (tenant, number) DO UPDATE SET"
    " friend_name = excluded.friend_name, birthday = excluded.birthday, address = excluded.address,"
    " email = excluded.email, profession = excluded.profession, income = excluded.income,"
    " description = excluded.description, stage = excluded.stage, source = excluded.source,"
    " language_tag = excluded.language_tag, welcome = excluded.welcome, sex = excluded.sex,"
    " tags = excluded.tags, extended = excluded.extended, owner = excluded.owner,"
    " updated_ms = excluded.updated_ms";

struct upsert {
    struct lone_store store;
    sqlite3_stmt *pattern, *statement;
};

/* --- the rows --------------------------------------------------------------------------------- */

/* Copies of the pattern's values: an open cursor would make every change of the table dearer. */
static void pattern_read(struct upsert *up, sqlite3_value **values)
{
    if (sqlite3_step(up->pattern) != SQLITE_ROW)
        die("no customer in the store");
    for (int i = 0; i < COLUMN_COUNT; i++)
        values[i] = sqlite3_value_dup(sqlite3_column_value(up->pattern, i));
    sqlite3_reset(up->pattern);
}

static void bind(sqlite3_stmt *statement, int at, sqlite3_value *value)
{
    if (sqlite3_value_type(value) == SQLITE_TEXT)
        sqlite3_bind_text(statement, at, (const char *)sqlite3_value_text(value),
                          sqlite3_value_bytes(value), SQLITE_STATIC);
    else if (sqlite3_value_type(value) == SQLITE_INTEGER)
        sqlite3_bind_int64(statement, at, sqlite3_value_int64(value));
    else
        sqlite3_bind_null(statement, at);
}

/* Everything is bound anew, as if each row had other values. */
static void row_write(struct upsert *up, sqlite3_value **values, int64_t number)
{
    int64_t now_ms = now_us(CLOCK_REALTIME) / 1000;
    for (int i = 0; i < COLUMN_COUNT - 2; i++)
        bind(up->statement, i + 1, values[i]);
    sqlite3_bind_int64(up->statement, 2, number);
    sqlite3_bind_int64(up->statement, 18, now_ms);
    sqlite3_bind_int64(up->statement, 19, now_ms);
    lone_step(&up->store, up->statement);
}

struct task {
    int64_t first, rows, end_us, group_rows, group_us;
};

static int64_t group_write(struct upsert *up, sqlite3_value **values, const struct task *task,
                           int64_t written)
{
    int64_t began_us = now_us(CLOCK_MONOTONIC), count = 0;
    lone_begin(&up->store);
    do {
        row_write(up, values, number_at(task->first + written + count));
        count++;
    } while (count < task->group_rows && written + count < task->rows &&
             now_us(CLOCK_MONOTONIC) < began_us + task->group_us);
    lone_commit(&up->store);
    return count;
}

int main(int argc, char **argv)
{
    static struct upsert up;
    sqlite3_value *values[COLUMN_COUNT];
    if (argc != 9)
        die("usage: upsert STORE FIRST ROWS SECONDS GROUP_ROWS GROUP_US CHECKPOINT_PAGES "
            "CACHE_KIB");
    lone_open(&up.store, argv[1], atoi(argv[7]), atoi(argv[8]));
    up.pattern = lone_prepare(&up.store, pattern_sql);
    up.statement = lone_prepare(&up.store, upsert_sql);
    pattern_read(&up, values);

    int64_t began_us = now_us(CLOCK_MONOTONIC), began_cpu_us = cpu_us(), written = 0;
    struct task task = {.first = atoll(argv[2]),
                        .rows = atoll(argv[3]),
                        .end_us = began_us + (int64_t)(atof(argv[4]) * 1e6),
                        .group_rows = atoll(argv[5]),
                        .group_us = atoll(argv[6])};
    while (written < task.rows && now_us(CLOCK_MONOTONIC) < task.end_us)
        written += group_write(&up, values, &task, written);
    report(written, began_us, began_cpu_us);

    for (int i = 0; i < COLUMN_COUNT; i++)
        sqlite3_value_free(values[i]);
    sqlite3_finalize(up.pattern);
    sqlite3_finalize(up.statement);
    lone_close(&up.store);
    return 0;
}
