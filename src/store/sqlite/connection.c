#include "store/sqlite/connection.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/number.h"
#include "store/sqlite/log_vfs.h"
#include "store/sqlite/page_cache.h"

/* FULL: a commit is on disk before it is acknowledged. With a group of commands per commit it costs
 * no more than NORMAL (measured: 64,000 commands/s with either at 1,000 outstanding). */
#define STORE_SYNCHRONOUS "FULL"

/* How long another process may hold the write lock before a group fails (nobody should: the data
 * directory has a lock of its own), and how long a reader waits for another's recovery. */
#define WRITE_BUSY_MS 2000
#define READ_BUSY_MS  100

static const char *const statement_sql[STATEMENT_COUNT] = {
#define STATEMENT(id, sql) [STATEMENT_##id] = sql,
#include "store/sqlite/statements.def"
#undef STATEMENT
};

static void configure_sqlite(void)
{
    /* SQLite's own memory statistics are one mutex around every malloc of all threads. Refused when
     * somebody initialised the library before: then it is only slower. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    page_cache_configure();
    (void)sqlite3_initialize();
}

int connection_fault(struct connection *connection, int code)
{
    connection->fault = code;
    snprintf(connection->fault_text, sizeof(connection->fault_text), "%s (%d)",
             connection->db ? sqlite3_errmsg(connection->db) : sqlite3_errstr(code), code);
    return ERR_STORE;
}

int connection_exec(struct connection *connection, const char *sql)
{
    int code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : connection_fault(connection, code);
}

sqlite3_stmt *connection_prepare(struct connection *connection, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);
    if (code != SQLITE_OK) {
        (void)connection_fault(connection, code);
        return NULL;
    }
    return statement;
}

int connection_ask(struct connection *connection, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *statement = connection_prepare(connection, sql);
    if (!statement)
        return ERR_STORE;
    int result = connection_step(connection, statement);
    if (result == 1)
        *ret_value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return result == 1 ? 0 : result == 0 ? ERR_NOT_FOUND : ERR_STORE;
}

/* The writer's page cache, in those of readers: the index of a million numbers fits, so that an import
 * finds its place without reading. */
#define WRITER_CACHES 4

/* Debian's SQLite has secure_delete on: a deleted row is overwritten with zeros, and freed pages are
 * written once more for it. FAST overwrites where the page is written anyway, which costs our writes
 * nothing measurable, and leaves less of a deleted person in the file than OFF. Foreign keys are not
 * declared: they cost a look-up per row and column on the import's hot path; the writer is the only
 * one who writes, and store_check() looks. Sub-journals of savepoints and sorts stay in memory: a
 * group bounds them. */
static int configure_common(struct connection *connection, enum connection_kind kind,
                            const struct store_settings *settings)
{
    char sql[512];
    snprintf(sql, sizeof(sql),
             "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY;"
             "PRAGMA cache_size = -%zu; PRAGMA mmap_size = 0;",
             kind == CONNECTION_WRITE ? settings->cache_kib * WRITER_CACHES : settings->cache_kib);
    return connection_exec(connection, sql);
}

/* Pages of 2 KiB (for a new file; an old one keeps its own): an import touches a page of the number's
 * index at random, and the log, its sync and the copying back cost by the byte. Against pages of 4 KiB
 * an import takes a tenth less CPU, alone and by the thousand; a query takes the same.
 * The store copies the log itself (writer_checkpoint.c); journal_size_limit makes a log that grew
 * shrink again when it starts over. */
static int configure_writer(struct connection *connection)
{
    return connection_exec(connection,
                           "PRAGMA secure_delete = FAST; PRAGMA page_size = 2048;"
                           "PRAGMA journal_mode = WAL;"
                           "PRAGMA synchronous = " STORE_SYNCHRONOUS ";"
                           "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;");
}

int connection_open(const char *path, enum connection_kind kind,
                    const struct store_settings *settings, struct connection *ret_connection)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_sqlite);

    memset(ret_connection, 0, sizeof(*ret_connection));
    bool writes = kind == CONNECTION_WRITE;
    /* NOMUTEX: one thread at a time uses a connection. */
    int code = sqlite3_open_v2(path, &ret_connection->db,
                               (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                                   SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                               writes ? log_vfs_name() : NULL);
    int result = code == SQLITE_OK ? 0 : connection_fault(ret_connection, code);
    if (result == 0) {
        sqlite3_busy_timeout(ret_connection->db, writes ? WRITE_BUSY_MS : READ_BUSY_MS);
        result = configure_common(ret_connection, kind, settings);
    }
    if (result == 0 && writes)
        result = configure_writer(ret_connection);
    if (result < 0)
        connection_close(ret_connection);
    return result;
}

void connection_close(struct connection *connection)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(connection->statements[i]);
        connection->statements[i] = NULL;
    }
    sqlite3_close_v2(connection->db);
    connection->db = NULL;
    free(connection->mapped); /* of its file, which is closed now */
    connection->mapped = NULL;
}

void connection_clear(struct connection *connection)
{
    connection->fault = 0;
}

sqlite3_stmt *connection_statement(struct connection *connection, enum statement id)
{
    sqlite3_stmt *statement = connection->statements[id];
    if (statement)
        return statement;
    int code = sqlite3_prepare_v3(connection->db, statement_sql[id], -1, SQLITE_PREPARE_PERSISTENT,
                                  &statement, NULL);
    if (code != SQLITE_OK) {
        (void)connection_fault(connection, code);
        return NULL;
    }
    connection->statements[id] = statement;
    return statement;
}

int connection_step(struct connection *connection, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return 1;
    int result = 0;
    if (code != SQLITE_DONE) {
        result =
            (code & 0xff) == SQLITE_CONSTRAINT ? ERR_EXISTS : connection_fault(connection, code);
    }
    sqlite3_reset(statement);
    return result;
}

int connection_step_number(struct connection *connection, sqlite3_stmt *statement, int index,
                           int64_t number, int64_t *ret_number)
{
    bind_i64(statement, index, number);
    int result = connection_step(connection, statement);
    if (result == 0 && number_variant(number, &number)) {
        bind_i64(statement, index, number);
        result = connection_step(connection, statement);
    }
    if (result == 1)
        *ret_number = number;
    return result;
}

int connection_run(struct connection *connection, enum statement id)
{
    sqlite3_stmt *statement = connection_statement(connection, id);
    if (!statement)
        return ERR_STORE;
    return connection_step(connection, statement);
}

int connection_look(struct connection *connection, enum statement id, int64_t parameter,
                    int64_t *ret_value)
{
    sqlite3_stmt *statement = connection_statement(connection, id);
    if (!statement)
        return ERR_STORE;
    if (sqlite3_bind_parameter_count(statement) > 0)
        bind_i64(statement, 1, parameter);
    int result = connection_step(connection, statement);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    *ret_value = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return 0;
}

int64_t connection_changes(const struct connection *connection)
{
    return sqlite3_changes64(connection->db);
}

void bind_i64(sqlite3_stmt *statement, int index, int64_t value)
{
    (void)sqlite3_bind_int64(statement, index, value);
}

void bind_i64_or_null(sqlite3_stmt *statement, int index, int64_t value)
{
    if (value == 0)
        (void)sqlite3_bind_null(statement, index);
    else
        (void)sqlite3_bind_int64(statement, index, value);
}

void bind_str(sqlite3_stmt *statement, int index, struct str text)
{
    (void)sqlite3_bind_text64(statement, index, text.len ? text.p : "", text.len, SQLITE_STATIC,
                              SQLITE_UTF8);
}

void bind_str_or_null(sqlite3_stmt *statement, int index, struct str text)
{
    if (text.len == 0)
        (void)sqlite3_bind_null(statement, index);
    else
        (void)sqlite3_bind_text64(statement, index, text.p, text.len, SQLITE_STATIC, SQLITE_UTF8);
}

void bind_str_or_keep(sqlite3_stmt *statement, int index, struct str text)
{
    if (text.p)
        bind_str(statement, index, text);
    else
        (void)sqlite3_bind_null(statement, index);
}

void bind_blob_or_null(sqlite3_stmt *statement, int index, const void *data, size_t len)
{
    if (len == 0)
        (void)sqlite3_bind_null(statement, index);
    else
        (void)sqlite3_bind_blob64(statement, index, data, len, SQLITE_STATIC);
}

struct str column_str(sqlite3_stmt *statement, int index)
{
    /* The blob of a text is its bytes as they are, without the copy that a closing NUL can cost. */
    const char *p = sqlite3_column_blob(statement, index);
    return (struct str){p, p ? (size_t)sqlite3_column_bytes(statement, index) : 0};
}
