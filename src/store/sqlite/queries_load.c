/* What the engine reads about questions. */
#include "store/sqlite/queries.h"
#include "store/sqlite/reader.h"

/* --- who waits: one look for each tenant or account that does */

static int show_waiting(struct connection *connection, struct queries_waiting *op,
                        enum statement id, enum query_kind kind)
{
    int64_t last = 0;
    for (;;) {
        sqlite3_stmt *next = connection_statement(connection, id);
        if (!next)
            return ERR_STORE;
        bind_i64(next, 1, last);
        int result = connection_step(connection, next);
        if (result != 1)
            return result < 0 ? ERR_STORE : 0;
        last = sqlite3_column_int64(next, 0);
        int64_t tenant_id = kind == QUERY_JOIN ? sqlite3_column_int64(next, 1) : last;
        sqlite3_reset(next);
        op->waits(op, kind, tenant_id, kind == QUERY_JOIN ? last : 0);
    }
}

static int read_waiting(struct store_reader *reader, struct store_call *call)
{
    struct queries_waiting *op = container_of(call, struct queries_waiting, call);
    struct connection *connection = &reader->connection;
    op->oldest_link_ms = 0;
    int result = show_waiting(connection, op, STATEMENT_GROUP_LINK_TENANT, QUERY_INFO);
    if (result == 0)
        result = show_waiting(connection, op, STATEMENT_SCREENING_TENANT, QUERY_CHECK);
    if (result == 0)
        result = show_waiting(connection, op, STATEMENT_GROUP_JOIN_ACCOUNT, QUERY_JOIN);
    if (result == 0)
        result = connection_look(connection, STATEMENT_GROUP_LINK_OLDEST, 0, &op->oldest_link_ms);
    return result == ERR_NOT_FOUND ? 0 : result;
}

void store_queries_waiting(struct store_reader *reader, struct queries_waiting *op)
{
    reader_ask(reader, &op->call, read_waiting);
}

/* --- a start */

static int show_asked(struct connection *connection, struct queries_load *op, enum statement id,
                      enum query_kind kind)
{
    sqlite3_stmt *rows = connection_statement(connection, id);
    int result;
    if (!rows)
        return ERR_STORE;
    while ((result = connection_step(connection, rows)) == 1) {
        bool is_check = kind == QUERY_CHECK;
        struct query_subject subject = {.kind = kind,
                                        .tenant_id = sqlite3_column_int64(rows, 0),
                                        .account = sqlite3_column_int64(rows, 1),
                                        .id = sqlite3_column_int64(rows, 2),
                                        .asked_ms = sqlite3_column_int64(rows, is_check ? 3 : 4),
                                        .tries =
                                            kind == QUERY_INFO ? sqlite3_column_int(rows, 5) : 0};
        if (!is_check)
            query_code(&subject, column_str(rows, 3));
        op->asked(op, &subject);
    }
    return result;
}

static int show_paces(struct connection *connection, struct queries_load *op)
{
    sqlite3_stmt *rows = connection_statement(connection, STATEMENT_QUERY_PACES);
    int result;
    if (!rows)
        return ERR_STORE;
    while ((result = connection_step(connection, rows)) == 1) {
        int kind = sqlite3_column_int(rows, 1);
        if (kind >= 0 && kind < QUERY_KINDS)
            op->pace(op, sqlite3_column_int64(rows, 0), (enum query_kind)kind,
                     sqlite3_column_int64(rows, 2));
    }
    return result;
}

static int read_load(struct store_reader *reader, struct store_call *call)
{
    struct queries_load *op = container_of(call, struct queries_load, call);
    struct connection *connection = &reader->connection;
    int result = show_paces(connection, op);
    if (result == 0)
        result = show_asked(connection, op, STATEMENT_GROUP_LINKS_ASKED, QUERY_INFO);
    if (result == 0)
        result = show_asked(connection, op, STATEMENT_GROUP_JOINS_ASKED, QUERY_JOIN);
    if (result == 0)
        result = show_asked(connection, op, STATEMENT_NUMBER_CHECKS_ASKED, QUERY_CHECK);
    return result;
}

void store_queries_load(struct store_reader *reader, struct queries_load *op)
{
    reader_ask(reader, &op->call, read_load);
}
