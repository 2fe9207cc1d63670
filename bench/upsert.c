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
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

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
    sqlite3 *db;
    sqlite3_stmt *pattern, *statement, *begin, *commit;
    int log_pages, log_pages_copied, checkpoint_pages;
};

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("upsert: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static int64_t now_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t cpu_us(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (int64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
           used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

/* --- the store -------------------------------------------------------------------------------- */

static void run_sql(struct upsert *up, const char *sql)
{
    if (sqlite3_exec(up->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die("%s: %s", sql, sqlite3_errmsg(up->db));
}

static sqlite3_stmt *prepare(struct upsert *up, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v3(up->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK)
        die("%s: %s", sql, sqlite3_errmsg(up->db));
    return statement;
}

static void step(struct upsert *up, sqlite3_stmt *statement)
{
    if (sqlite3_step(statement) != SQLITE_DONE)
        die("%s: %s", sqlite3_sql(statement), sqlite3_errmsg(up->db));
    sqlite3_reset(statement);
}

static int log_grew(void *context, sqlite3 *db, const char *schema, int pages)
{
    (void)db, (void)schema;
    ((struct upsert *)context)->log_pages = pages;
    return SQLITE_OK;
}

/* The pragmas of src/store/sqlite/connection.c, with which a lone thread is as fast as it can be. */
static void store_open(struct upsert *up, const char *path, int cache_kib)
{
    char sql[64];
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_open_v2(path, &up->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        die("%s cannot be opened", path);
    snprintf(sql, sizeof(sql), "PRAGMA cache_size = -%d; PRAGMA mmap_size = 0", cache_kib);
    run_sql(up, sql);
    run_sql(up, "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = OFF;"
                "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = FAST;"
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864");
    sqlite3_wal_hook(up->db, log_grew, up);
    up->pattern = prepare(up, pattern_sql);
    up->statement = prepare(up, upsert_sql);
    up->begin = prepare(up, "BEGIN IMMEDIATE");
    up->commit = prepare(up, "COMMIT");
}

static void checkpoint_if_due(struct upsert *up)
{
    if (up->log_pages < up->log_pages_copied)
        up->log_pages_copied = 0; /* it started over */
    if (up->log_pages - up->log_pages_copied < up->checkpoint_pages)
        return;
    up->log_pages_copied = up->log_pages;
    sqlite3_wal_checkpoint_v2(up->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

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
    step(up, up->statement);
}

struct task {
    int64_t first, rows, end_us, group_rows, group_us;
};

static int64_t group_write(struct upsert *up, sqlite3_value **values, const struct task *task,
                           int64_t written)
{
    int64_t began_us = now_us(CLOCK_MONOTONIC), count = 0;
    step(up, up->begin);
    do {
        row_write(up, values, number_at(task->first + written + count));
        count++;
    } while (count < task->group_rows && written + count < task->rows &&
             now_us(CLOCK_MONOTONIC) < began_us + task->group_us);
    step(up, up->commit);
    checkpoint_if_due(up);
    return count;
}

int main(int argc, char **argv)
{
    static struct upsert up;
    sqlite3_value *values[COLUMN_COUNT];
    if (argc != 9)
        die("usage: upsert STORE FIRST ROWS SECONDS GROUP_ROWS GROUP_US CHECKPOINT_PAGES "
            "CACHE_KIB");
    store_open(&up, argv[1], atoi(argv[8]));
    up.checkpoint_pages = atoi(argv[7]);
    pattern_read(&up, values);

    int64_t began_us = now_us(CLOCK_MONOTONIC), began_cpu_us = cpu_us(), written = 0;
    struct task task = {.first = atoll(argv[2]),
                        .rows = atoll(argv[3]),
                        .end_us = began_us + (int64_t)(atof(argv[4]) * 1e6),
                        .group_rows = atoll(argv[5]),
                        .group_us = atoll(argv[6])};
    while (written < task.rows && now_us(CLOCK_MONOTONIC) < task.end_us)
        written += group_write(&up, values, &task, written);
    printf("{\"rows\":%lld,\"seconds\":%.6f,\"cpu_us\":%lld}\n", (long long)written,
           (double)(now_us(CLOCK_MONOTONIC) - began_us) / 1e6,
           (long long)(cpu_us() - began_cpu_us));

    for (int i = 0; i < COLUMN_COUNT; i++)
        sqlite3_value_free(values[i]);
    sqlite3_finalize(up.pattern);
    sqlite3_finalize(up.statement);
    sqlite3_finalize(up.begin);
    sqlite3_finalize(up.commit);
    sqlite3_close(up.db);
    return 0;
}
