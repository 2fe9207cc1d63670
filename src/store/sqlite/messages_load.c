/* What the engine reads: what was under way at its start, contents, follow-ups. */
#include "store/messages.h"
#include "store/sqlite/reader.h"

/* --- at the start */

static int show_in_flight(struct connection *connection, struct engine_load *op)
{
    int result;
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_IN_FLIGHT_ALL);
    if (!row)
        return ERR_STORE;
    while ((result = connection_step(connection, row)) == 1) {
        const struct in_flight message = {.message = sqlite3_column_int64(row, 0),
                                          .tenant_id = sqlite3_column_int64(row, 1),
                                          .account = sqlite3_column_int64(row, 2),
                                          .claimed_ms = sqlite3_column_int64(row, 3)};
        op->in_flight(op, &message);
    }
    return result < 0 ? ERR_STORE : 0;
}

static int show_paces(struct connection *connection, struct engine_load *op)
{
    int result;
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_PACES);
    if (!row)
        return ERR_STORE;
    while ((result = connection_step(connection, row)) == 1) {
        const struct account_pace pace = {.account = sqlite3_column_int64(row, 0),
                                          .due_ms = sqlite3_column_int64(row, 1),
                                          .day = sqlite3_column_int64(row, 2),
                                          .sent = sqlite3_column_int64(row, 3)};
        op->pace(op, &pace);
    }
    return result < 0 ? ERR_STORE : 0;
}

static int show_retries(struct connection *connection, struct engine_load *op)
{
    int result;
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_RETRIES);
    if (!row)
        return ERR_STORE;
    while ((result = connection_step(connection, row)) == 1)
        op->retry(op, sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1));
    return result < 0 ? ERR_STORE : 0;
}

static int show_outside(struct connection *connection, struct engine_load *op)
{
    int result;
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_QUEUED_OUTSIDE);
    if (!row)
        return ERR_STORE;
    while ((result = connection_step(connection, row)) == 1)
        op->outside(op, sqlite3_column_int64(row, 0));
    return result < 0 ? ERR_STORE : 0;
}

/* Once, at the start: as long as it takes. */
static int read_engine_load(struct store_reader *reader, struct store_call *call)
{
    struct engine_load *op = container_of(call, struct engine_load, call);
    struct connection *connection = &reader->connection;
    int result = show_in_flight(connection, op);
    if (result == 0)
        result = show_paces(connection, op);
    if (result == 0)
        result = show_retries(connection, op);
    if (result == 0)
        result = show_outside(connection, op);
    if (result == 0)
        result = connection_look(connection, STATEMENT_MESSAGE_ID, 0, &op->outside_last);
    return result < 0 ? ERR_STORE : 0;
}

void store_engine_load(struct store_reader *reader, struct engine_load *op)
{
    reader_ask(reader, &op->call, read_engine_load);
}

/* --- contents */

static int read_message_contents(struct store_reader *reader, struct store_call *call)
{
    struct message_contents *op = container_of(call, struct message_contents, call);
    for (; call->progress < op->count; call->progress++) {
        sqlite3_stmt *row = connection_statement(&reader->connection, STATEMENT_MESSAGE_CONTENT);
        if (!reader_take(reader))
            return READER_MORE;
        if (!row)
            return ERR_STORE;
        bind_i64(row, 1, op->messages[call->progress]);
        int result = connection_step(&reader->connection, row);
        if (result < 0)
            return ERR_STORE;
        op->each(op, call->progress, result == 1 ? column_str(row, 0) : (struct str){0});
        sqlite3_reset(row);
    }
    return 0;
}

void store_message_contents(struct store_reader *reader, struct message_contents *op)
{
    reader_ask(reader, &op->call, read_message_contents);
}

/* --- follow-ups */

static int read_follow_ups_next(struct store_reader *reader, struct store_call *call)
{
    struct follow_ups_next *op = container_of(call, struct follow_ups_next, call);
    struct connection *connection = &reader->connection;
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_FOLLOW_UPS);
    int result, count = 0;
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, op->after_ms);
    bind_i64(row, 2, op->after_id);
    bind_i64(row, 3, (int64_t)op->limit);
    while ((result = connection_step(connection, row)) == 1) {
        const struct follow_up follow_up = {.id = sqlite3_column_int64(row, 0),
                                            .due_ms = sqlite3_column_int64(row, 1),
                                            .account = sqlite3_column_int64(row, 2),
                                            .message = sqlite3_column_int64(row, 3),
                                            .code = sqlite3_column_int(row, 4),
                                            .text = column_str(row, 5),
                                            .number = sqlite3_column_int64(row, 6)};
        op->each(op, &follow_up);
        count++;
    }
    return result < 0 ? ERR_STORE : count;
}

void store_follow_ups_next(struct store_reader *reader, struct follow_ups_next *op)
{
    reader_ask(reader, &op->call, read_follow_ups_next);
}
