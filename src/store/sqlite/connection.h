/* One SQLite connection with its prepared statements. Belongs to one thread at a time. */
#ifndef WSCRM_STORE_SQLITE_CONNECTION_H
#define WSCRM_STORE_SQLITE_CONNECTION_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "store/store.h"

/* Written into the file's header ("wscr"), so that `file` and we know it. */
#define STORE_APPLICATION_ID 0x77736372

enum statement {
#define STATEMENT(id, sql) STATEMENT_##id,
#include "store/sqlite/statements.def"
#undef STATEMENT
    STATEMENT_COUNT,
};

struct mapped_file;

struct connection {
    sqlite3 *db;                /* NULL: not open */
    struct mapped_file *mapped; /* see file_map.h; NULL: it reads by calls */
    sqlite3_stmt *statements[STATEMENT_COUNT];
    /* The last SQLite error that was more than one statement's own affair (disk full, I/O, memory,
     * locks, corruption): the transaction is lost. 0: none since the last connection_clear(). */
    int fault;
    char fault_text[160];
};

enum connection_kind { CONNECTION_READ, CONNECTION_WRITE };

/* The file must exist (an empty one becomes a database). `ret_connection` need not be initialised;
 * on failure it is closed, and its fault_text says why. ERR_STORE. */
int connection_open(const char *path, enum connection_kind kind,
                    const struct store_settings *settings,
                    struct connection *ret_connection) MUST_USE;
void connection_close(struct connection *connection);
void connection_clear(struct connection *connection); /* forgets the fault */
/* Notes a fault (an SQLite code): the transaction is lost. Returns ERR_STORE. */
int connection_fault(struct connection *connection, int code);

/* SQL texts without parameters, without rows. ERR_STORE. */
int connection_exec(struct connection *connection, const char *sql) MUST_USE;
/* The first column of the first row of an SQL text. ERR_NOT_FOUND without a row, ERR_STORE. */
int connection_ask(struct connection *connection, const char *sql, int64_t *ret_value) MUST_USE;
/* A statement for one use: the caller finalizes it. NULL: see fault. */
sqlite3_stmt *connection_prepare(struct connection *connection, const char *sql);

/* The prepared statement, reset. NULL: see fault. */
sqlite3_stmt *connection_statement(struct connection *connection, enum statement id);
/* 1 a row, 0 done (the statement is reset), ERR_EXISTS a constraint refused it (reset), ERR_STORE
 * anything else (reset, fault is set). */
int connection_step(struct connection *connection, sqlite3_stmt *statement) MUST_USE;
/* Steps with the number bound at ?`index`; when there is no row, once more with its other form
 * (number_variant()). As connection_step(); *ret_number is the form that the row was found by. */
int connection_step_number(struct connection *connection, sqlite3_stmt *statement, int index,
                           int64_t number, int64_t *ret_number) MUST_USE;
/* For statements without parameters and rows. */
int connection_run(struct connection *connection, enum statement id) MUST_USE;
/* The first column of the first row, of a statement with no parameter or with this one. ERR_NOT_FOUND
 * without a row, ERR_STORE. */
int connection_look(struct connection *connection, enum statement id, int64_t parameter,
                    int64_t *ret_value) MUST_USE;
/* Rows that the last INSERT, UPDATE or DELETE changed. */
int64_t connection_changes(const struct connection *connection);

/* Binding fails only on a wrong index, which is a mistake of ours that every test would show: the
 * result is not looked at. Texts are borrowed until the statement is reset. */
void bind_i64(sqlite3_stmt *statement, int index, int64_t value);
void bind_i64_or_null(sqlite3_stmt *statement, int index, int64_t value);   /* 0 is NULL */
void bind_str(sqlite3_stmt *statement, int index, struct str text);         /* len 0 is "" */
void bind_str_or_null(sqlite3_stmt *statement, int index, struct str text); /* len 0 is NULL */
void bind_str_or_keep(sqlite3_stmt *statement, int index, struct str text); /* p NULL is NULL */
void bind_blob_or_null(sqlite3_stmt *statement, int index, const void *data, size_t len);
/* Valid until the statement moves on. NULL is len 0. */
struct str column_str(sqlite3_stmt *statement, int index);

#endif
