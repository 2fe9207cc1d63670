#include "store/sqlite/task_row.h"

#include "store/sqlite/store_sqlite.h"

static int64_t column_interval(sqlite3_stmt *row, int index)
{
    return sqlite3_column_type(row, index) == SQLITE_NULL ? -1 : sqlite3_column_int64(row, index);
}

static struct message_counts read_counts(sqlite3_stmt *row)
{
    return (struct message_counts){.total = sqlite3_column_int64(row, 17),
                                   .sent = sqlite3_column_int64(row, 18),
                                   .delivered = sqlite3_column_int64(row, 19),
                                   .read = sqlite3_column_int64(row, 20),
                                   .replied = sqlite3_column_int64(row, 21),
                                   .failed = sqlite3_column_int64(row, 22),
                                   .left = sqlite3_column_int64(row, 23)};
}

/* Everything but the texts. */
static struct task read_row(sqlite3_stmt *row)
{
    return (struct task){.id = sqlite3_column_int64(row, 0),
                         .tenant_id = sqlite3_column_int64(row, 1),
                         .status = (enum task_status)sqlite3_column_int(row, 3),
                         .source = (enum task_source)sqlite3_column_int(row, 4),
                         .created_ms = sqlite3_column_int64(row, 5),
                         .start_ms = sqlite3_column_int64(row, 6),
                         .started_ms = sqlite3_column_int64(row, 7),
                         .end_ms = sqlite3_column_int64(row, 8),
                         .finished_ms = sqlite3_column_int64(row, 9),
                         .interval_min_ms = column_interval(row, 10),
                         .interval_max_ms = column_interval(row, 11),
                         .may_move = sqlite3_column_int(row, 12) != 0,
                         .complete = sqlite3_column_int(row, 13) != 0,
                         .parts = (size_t)sqlite3_column_int64(row, 14),
                         .reached_max = sqlite3_column_int64(row, 15),
                         .position = sqlite3_column_int64(row, 16),
                         .counts = read_counts(row),
                         .changed = sqlite3_column_int64(row, 24)};
}

/* The statement that stands on the row. */
static int find(struct connection *connection, int64_t tenant_id, int64_t task_id,
                sqlite3_stmt **ret_row)
{
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_TASK_FIND);
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, task_id);
    bind_i64(row, 2, tenant_id);
    int result = connection_step(connection, row);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    *ret_row = row;
    return 0;
}

int task_row_find(struct connection *connection, int64_t tenant_id, int64_t task_id,
                  struct task *ret_task)
{
    sqlite3_stmt *row;
    int result = find(connection, tenant_id, task_id, &row);
    if (result < 0)
        return result;
    *ret_task = read_row(row);
    ret_task->name = column_str(row, 2);
    ret_task->source_json = column_str(row, 25);
    ret_task->contents = column_str(row, 26);
    return 0;
}

void task_row_done(struct connection *connection)
{
    sqlite3_reset(connection->statements[STATEMENT_TASK_FIND]);
}

int task_row_look(struct connection *connection, int64_t tenant_id, int64_t task_id,
                  struct task *ret_task)
{
    sqlite3_stmt *row;
    int result = find(connection, tenant_id, task_id, &row);
    if (result < 0)
        return result;
    *ret_task = read_row(row);
    sqlite3_reset(row);
    return 0;
}

int task_run(struct connection *connection, enum statement id, const int64_t *values, int count)
{
    sqlite3_stmt *statement = connection_statement(connection, id);
    if (!statement)
        return ERR_STORE;
    for (int i = 0; i < count; i++)
        bind_i64(statement, i + 1, values[i]);
    return connection_step(connection, statement) < 0 ? ERR_STORE : 0;
}

int task_row_count(struct connection *connection, int64_t task_id,
                   const struct message_counts *more)
{
    return TASK_RUN(connection, STATEMENT_TASK_COUNT, task_id, more->total, more->sent,
                    more->delivered, more->read, more->replied, more->failed, more->left);
}

int task_event_add(struct connection *connection, int64_t task_id, int64_t now_ms,
                   enum task_status from, enum task_status to, struct str cause)
{
    int64_t last;
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_TASK_EVENT_INSERT);
    if (!insert || connection_look(connection, STATEMENT_TASK_EVENT_LAST, task_id, &last) < 0)
        return ERR_STORE;
    const int64_t values[] = {task_id, last + 1, now_ms, (int64_t)from, (int64_t)to};
    for (int i = 0; i < 5; i++)
        bind_i64(insert, i + 1, values[i]);
    bind_str(insert, 6, cause);
    if (connection_step(connection, insert) < 0)
        return ERR_STORE;
    if (last < TASK_EVENTS_MAX)
        return 0;
    return TASK_RUN(connection, STATEMENT_TASK_EVENT_FORGET, task_id, last + 2 - TASK_EVENTS_MAX);
}

int64_t task_changed_next(struct store *store)
{
    return ++store->writer.task_changed;
}

int task_changed_begin(struct store *store)
{
    return connection_look(&store->writer.connection, STATEMENT_TASK_CHANGED, 0,
                           &store->writer.task_changed);
}
