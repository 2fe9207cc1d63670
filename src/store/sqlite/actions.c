/* Actions, as the API sees them: made, answered, asked for; and forgotten. */
#include "store/actions.h"

#include "store/sqlite/actions.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/store_sqlite.h"

/* Rows of a piece: some 3 ms. */
#define SWEEP_ROWS 250

_Static_assert(ACTIONS_MAX <= WRITER_LIGHT_ROWS, "a call is a light command");

static void bind_id(sqlite3_stmt *statement, int index, const struct action_id *id)
{
    bind_blob_or_null(statement, index, id->bytes, sizeof(id->bytes));
}

/* --- made */

/* When the agent's next one is due. */
static int next_due(struct connection *connection, const struct actions_create *op, int64_t agent,
                    int64_t *ret_due_ms)
{
    sqlite3_stmt *last = connection_statement(connection, STATEMENT_ACTION_LAST_DUE);
    if (!last)
        return ERR_STORE;
    bind_i64(last, 1, op->tenant_id);
    bind_i64(last, 2, agent);
    if (connection_step(connection, last) != 1)
        return ERR_STORE;
    int64_t step_ms = op->interval_ms > 0 ? op->interval_ms : 1; /* they keep their order */
    bool any = sqlite3_column_type(last, 0) != SQLITE_NULL;
    int64_t next_ms = any ? sqlite3_column_int64(last, 0) + step_ms : 0;
    sqlite3_reset(last);
    *ret_due_ms = next_ms > op->now_ms ? next_ms : op->now_ms;
    return 0;
}

/* ERR_NO_AGENT: gone since the call was judged. */
static int check_agent(struct connection *connection, const struct actions_create *op,
                       int64_t agent)
{
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_ACTION_AGENT);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, agent);
    bind_i64(find, 2, op->tenant_id);
    int result = connection_step(connection, find);
    sqlite3_reset(find);
    return result < 0 ? ERR_STORE : result == 1 ? 0 : ERR_NO_AGENT;
}

static int insert(struct connection *connection, const struct actions_create *op,
                  const struct action_new *item)
{
    int64_t due_ms = 0;
    int result = check_agent(connection, op, item->agent);
    if (result == 0)
        result = next_due(connection, op, item->agent, &due_ms);
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_ACTION_INSERT);
    if (result < 0 || !insert)
        return result < 0 ? result : ERR_STORE;
    bind_id(insert, 1, &item->id);
    bind_i64(insert, 2, op->tenant_id);
    bind_i64(insert, 3, item->agent);
    bind_i64_or_null(insert, 4, item->account);
    bind_i64(insert, 5, item->number);
    bind_i64(insert, 6, item->platform);
    bind_i64(insert, 7, item->type);
    bind_str_or_null(insert, 8, item->content);
    bind_i64(insert, 9, op->now_ms);
    bind_i64(insert, 10, due_ms);
    return connection_step(connection, insert) < 0 ? ERR_STORE : 0;
}

static int check_room(struct connection *connection, const struct actions_create *op)
{
    int64_t waiting;
    int result = tenant_check(connection, op->tenant_id);
    if (result == 0 &&
        connection_look(connection, STATEMENT_ACTIONS_WAITING, op->tenant_id, &waiting) < 0)
        result = ERR_STORE;
    return result < 0 || waiting + (int64_t)op->count <= TENANT_MAX_ACTIONS ? result : ERR_FULL;
}

static int run_actions_create(struct store *store, struct store_call *call)
{
    struct actions_create *op = container_of(call, struct actions_create, call);
    struct connection *connection = &store->writer.connection;
    int result = check_room(connection, op);
    for (size_t i = 0; result == 0 && i < op->count; i++) {
        (void)writer_take_row(&store->writer, call);
        result = insert(connection, op, &op->items[i]);
    }
    return result;
}

void store_actions_create(struct store *store, struct actions_create *op)
{
    writer_post(store, &op->call, op->count, run_actions_create);
}

/* --- answered */

/* ERR_NOT_FOUND also for one of another tenant. */
static int find(struct connection *connection, int64_t tenant_id, const struct action_id *id,
                sqlite3_stmt **ret_row)
{
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_ACTION_FIND);
    if (!row)
        return ERR_STORE;
    bind_id(row, 1, id);
    int result = connection_step(connection, row);
    if (result == 1 && sqlite3_column_int64(row, 0) == tenant_id) {
        *ret_row = row;
        return 0;
    }
    sqlite3_reset(row);
    return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
}

static int end(struct connection *connection, struct action_done *op)
{
    enum action_status to = op->good ? ACTION_DONE : ACTION_FAILED;
    sqlite3_stmt *end = connection_statement(connection, STATEMENT_ACTION_END);
    if (!end)
        return ERR_STORE;
    bind_id(end, 1, &op->id);
    bind_i64(end, 2, to);
    bind_str_or_null(end, 3, op->reason);
    bind_i64(end, 4, op->now_ms);
    if (connection_step(connection, end) < 0)
        return ERR_STORE;
    op->status = to;
    return 0;
}

static int run_action_done(struct store *store, struct store_call *call)
{
    struct action_done *op = container_of(call, struct action_done, call);
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *row;
    (void)writer_take_row(&store->writer, call);
    int result = find(connection, op->tenant_id, &op->id, &row);
    if (result < 0)
        return result;
    op->status = (enum action_status)sqlite3_column_int(row, 1);
    sqlite3_reset(row);
    if (op->status == ACTION_WAITING)
        return end(connection, op);
    return op->status == (op->good ? ACTION_DONE : ACTION_FAILED) ? 0 : ERR_CONFLICT;
}

void store_action_done(struct store *store, struct action_done *op)
{
    writer_post(store, &op->call, 1, run_action_done);
}

/* --- asked for */

static int read_actions_result(struct store_reader *reader, struct store_call *call)
{
    struct actions_result *op = container_of(call, struct actions_result, call);
    for (; call->progress < op->count; call->progress++) {
        sqlite3_stmt *row;
        if (!reader_take(reader))
            return READER_MORE;
        int result = find(&reader->connection, op->tenant_id, &op->ids[call->progress], &row);
        if (result == ERR_NOT_FOUND)
            continue;
        if (result < 0)
            return result;
        op->each(op, call->progress, (enum action_status)sqlite3_column_int(row, 1),
                 column_str(row, 2));
        sqlite3_reset(row);
    }
    return 0;
}

void store_actions_result(struct store_reader *reader, struct actions_result *op)
{
    reader_ask(reader, &op->call, read_actions_result);
}

/* --- forgotten */

int actions_sweep(struct store *store)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *forget = connection_statement(connection, STATEMENT_ACTIONS_FORGET);
    if (!forget)
        return ERR_STORE;
    bind_i64(forget, 1, store->settings.clock_ms() - ACTION_KEPT_MS);
    bind_i64(forget, 2, SWEEP_ROWS);
    if (connection_step(connection, forget) < 0)
        return ERR_STORE;
    return connection_changes(connection) == SWEEP_ROWS ? WRITER_MORE : 0;
}
