/* A store that one thread writes, as fast as it can: what the comparators of ./bench/run share. */
#ifndef WSCRM_BENCH_LONE_STORE_H
#define WSCRM_BENCH_LONE_STORE_H

#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

struct lone_store {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit;
    int log_pages, log_pages_copied, checkpoint_pages;
};

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static inline int64_t now_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline int64_t cpu_us(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (int64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
           used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static inline void report(int64_t rows, int64_t began_us, int64_t began_cpu_us)
{
    printf("{\"rows\":%lld,\"seconds\":%.6f,\"cpu_us\":%lld}\n", (long long)rows,
           (double)(now_us(CLOCK_MONOTONIC) - began_us) / 1e6,
           (long long)(cpu_us() - began_cpu_us));
}

static inline void lone_sql(struct lone_store *store, const char *sql)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die("%s: %s", sql, sqlite3_errmsg(store->db));
}

static inline sqlite3_stmt *lone_prepare(struct lone_store *store, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK)
        die("%s: %s", sql, sqlite3_errmsg(store->db));
    return statement;
}

static inline void lone_step(struct lone_store *store, sqlite3_stmt *statement)
{
    if (sqlite3_step(statement) != SQLITE_DONE)
        die("%s: %s", sqlite3_sql(statement), sqlite3_errmsg(store->db));
    sqlite3_reset(statement);
}

static inline int lone_log_grew(void *context, sqlite3 *db, const char *schema, int pages)
{
    (void)db, (void)schema;
    ((struct lone_store *)context)->log_pages = pages;
    return SQLITE_OK;
}

/* The pragmas of src/store/sqlite/connection.c, with which a lone thread is as fast as it can be. */
static inline void lone_open(struct lone_store *store, const char *path, int checkpoint_pages,
                             int cache_kib)
{
    char sql[64];
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        die("%s cannot be opened", path);
    snprintf(sql, sizeof(sql), "PRAGMA cache_size = -%d; PRAGMA mmap_size = 0", cache_kib);
    lone_sql(store, sql);
    lone_sql(store, "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = OFF;"
                    "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = FAST;"
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                    "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864");
    sqlite3_wal_hook(store->db, lone_log_grew, store);
    store->checkpoint_pages = checkpoint_pages;
    store->begin = lone_prepare(store, "BEGIN IMMEDIATE");
    store->commit = lone_prepare(store, "COMMIT");
}

static inline void lone_close(struct lone_store *store)
{
    sqlite3_finalize(store->begin);
    sqlite3_finalize(store->commit);
    sqlite3_close(store->db);
}

static inline void lone_begin(struct lone_store *store)
{
    lone_step(store, store->begin);
}

/* Commits, and copies the log when it has grown by so much. */
static inline void lone_commit(struct lone_store *store)
{
    lone_step(store, store->commit);
    if (store->log_pages < store->log_pages_copied)
        store->log_pages_copied = 0; /* it started over */
    if (store->log_pages - store->log_pages_copied < store->checkpoint_pages)
        return;
    store->log_pages_copied = store->log_pages;
    sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

#endif
