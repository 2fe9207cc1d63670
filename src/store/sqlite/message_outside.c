/* Messages outside tasks: single sends, answers, and what comes in. */
#include "store/conversations.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/turn.h"

/* --- one row */

static int next_id(struct connection *connection, int64_t *ret_id)
{
    if (connection_run(connection, STATEMENT_MESSAGE_ID_TAKE) < 0)
        return ERR_STORE;
    return connection_look(connection, STATEMENT_MESSAGE_ID, 0, ret_id) < 0 ? ERR_STORE : 0;
}

int message_outside_add(struct connection *connection, int64_t now_ms,
                        const struct message_outside *outside, int64_t *ret_id)
{
    int64_t id;
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_MESSAGE_INSERT);
    if (!row || next_id(connection, &id) < 0)
        return ERR_STORE;
    const int64_t values[] = {id,
                              outside->tenant_id,
                              outside->account,
                              outside->number,
                              outside->part,
                              outside->status,
                              outside->incoming};
    for (int i = 0; i < 7; i++)
        bind_i64(row, i + 1, values[i]);
    bind_i64_or_null(row, 8, outside->time_ms);
    bind_i64(row, 9, now_ms);
    bind_str_or_null(row, 10, outside->provider_id);
    int result = connection_step(connection, row);
    if (result < 0)
        return result;
    sqlite3_stmt *content = connection_statement(connection, STATEMENT_MESSAGE_CONTENT_SET);
    if (!content)
        return ERR_STORE;
    bind_i64(content, 1, id);
    bind_str(content, 2, outside->content);
    *ret_id = id;
    return connection_step(connection, content) < 0 ? ERR_STORE : 0;
}

/* --- single sends */

static int check_send(struct connection *connection, struct messages_send *op)
{
    int64_t tenant_id;
    op->waiting = 0;
    int result = connection_look(connection, STATEMENT_ACCOUNT_FIND, op->account, &tenant_id);
    if (result == ERR_STORE)
        return result;
    if (result < 0 || tenant_id != op->tenant_id)
        return ERR_NO_AGENT;
    if (connection_look(connection, STATEMENT_OUTSIDE_WAITING, op->account, &op->waiting) < 0)
        return ERR_STORE;
    return op->waiting + (int64_t)op->count > ACCOUNT_MAX_OUTSIDE ? ERR_FULL : 0;
}

static int run_messages_send(struct store *store, struct store_call *call)
{
    struct messages_send *op = container_of(call, struct messages_send, call);
    struct connection *connection = &store->writer.connection;
    struct message_outside outside = {.tenant_id = op->tenant_id,
                                      .account = op->account,
                                      .number = op->number,
                                      .status = MESSAGE_QUEUED};
    (void)writer_take_rows(&store->writer, call, 2 * op->count);
    int result = check_send(connection, op);
    for (size_t i = 0; i < op->count && result == 0; i++) {
        outside.content = op->contents[i];
        result = message_outside_add(connection, op->now_ms, &outside, &op->ids[i]);
    }
    return result;
}

void store_messages_send(struct store *store, struct messages_send *op)
{
    op->waiting = 0;
    writer_post(store, &op->call, 2 * op->count, run_messages_send);
}

/* --- for the engine: what was queued since */

#define LOOK_PIECE 2000

static int read_outside_queued(struct store_reader *reader, struct store_call *call)
{
    struct outside_queued *op = container_of(call, struct outside_queued, call);
    struct connection *connection = &reader->connection;
    sqlite3_stmt *rows = connection_statement(connection, STATEMENT_OUTSIDE_BEHIND);
    int result, count = 0;
    if (!rows)
        return ERR_STORE;
    bind_i64(rows, 1, op->after);
    bind_i64(rows, 2, LOOK_PIECE);
    while ((result = connection_step(connection, rows)) == 1) {
        op->after = sqlite3_column_int64(rows, 0);
        if (sqlite3_column_int(rows, 2) == MESSAGE_QUEUED)
            op->each(op, sqlite3_column_int64(rows, 1));
        count++;
    }
    if (result < 0)
        return ERR_STORE;
    return count == LOOK_PIECE ? READER_MORE : 0;
}

void store_outside_queued(struct store_reader *reader, struct outside_queued *op)
{
    reader_ask(reader, &op->call, read_outside_queued);
}
