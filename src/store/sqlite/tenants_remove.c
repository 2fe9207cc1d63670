/* Removing a tenant: first it is marked, which takes it out of the snapshot; then its rows go in
 * short pieces, its own row last. Until then its id stays taken. */
#include <stdlib.h>

#include "store/sqlite/customers_delete.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_remove.h"

/* So many rows a statement, so that a piece can end in time. Of answers, which have up to 512 pages
 * each, and of events, each with its deliveries, fewer. */
#define DELETE_ROWS    250
#define DELETE_ANSWERS 4
#define DELETE_EVENTS  50
/* 160 KB of numbers each. */
#define DELETE_SCREENINGS 4

static const struct rows {
    enum statement delete;
    int step;
} tables[] = {
    {STATEMENT_TENANT_DELETE_CONVERSATIONS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_ACTIONS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_PACES, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_SPARED, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_JOBS, DELETE_ROWS},
    /* Answers that come meanwhile write what comes later here only while the earlier is there. */
    {STATEMENT_TENANT_DELETE_GROUP_JOINS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_GROUP_LINKS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_ACCOUNT_GROUPS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_GROUP_CHATS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_SCREENING_ANSWERS, DELETE_SCREENINGS},
    {STATEMENT_TENANT_DELETE_SCREENINGS, DELETE_SCREENINGS},
    {STATEMENT_TENANT_DELETE_NUMBER_CHECKS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_QUERY_PACES, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_LABELS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_AGENTS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_ACCOUNTS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_FIELDS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_OPT_OUTS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_MEMBERS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_GROUPS, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_HISTORY, DELETE_ROWS},
    {STATEMENT_TENANT_DELETE_ANSWERS, DELETE_ANSWERS},
    {STATEMENT_TENANT_DELETE_EVENTS, DELETE_EVENTS},
};
#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

/* Deletes at most table->step rows; returns how many. */
static int delete_some(struct connection *connection, const struct rows *table, int64_t tenant_id)
{
    sqlite3_stmt *statement = connection_statement(connection, table->delete);
    if (!statement)
        return ERR_STORE;
    bind_i64(statement, 1, tenant_id);
    bind_i64(statement, 2, table->step);
    if (connection_step(connection, statement) < 0)
        return ERR_STORE;
    return (int)connection_changes(connection);
}

static int tenant_statement(struct connection *connection, enum statement id, int64_t tenant_id)
{
    sqlite3_stmt *statement = connection_statement(connection, id);
    if (!statement)
        return ERR_STORE;
    bind_i64(statement, 1, tenant_id);
    return connection_step(connection, statement) < 0 ? ERR_STORE : 0;
}

/* The customers first: they are the many. */
static int remove_customers(struct store *store, const struct tenant_write *op)
{
    struct customer_range range = {.tenant_id = op->id, .last_id = INT64_MAX};
    int step = customers_remove_step(store, &range), result = step < 0 ? step : 0;
    while (result >= 0 && range.to < INT64_MAX) {
        if (!writer_take_rows(&store->writer, &op->call, (size_t)step))
            return WRITER_MORE;
        result = customers_cut(store, &range, step);
        if (result == 0)
            result = customers_remove(store, &range);
    }
    return result < 0 ? result : 0;
}

/* One piece; call->progress is what it works on: steps of the tasks, then tables. */
static int remove_piece(struct store *store, struct tenant_write *op)
{
    struct writer *writer = &store->writer;
    int result = remove_customers(store, op);
    if (result == 0)
        result = tasks_remove_piece(store, op);
    if (result < 0)
        return result;
    while (op->call.progress < TASKS_REMOVE_STEPS + TABLE_COUNT) {
        const struct rows *table = &tables[op->call.progress - TASKS_REMOVE_STEPS];
        if (!writer_take_rows(writer, &op->call, (size_t)table->step))
            return WRITER_MORE;
        int deleted = delete_some(&writer->connection, table, op->id);
        if (deleted < 0)
            return deleted;
        if (deleted < table->step)
            op->call.progress++;
    }
    labels_forget(&writer->labels);
    return tenant_statement(&writer->connection, STATEMENT_TENANT_DELETE, op->id);
}

static int run_tenant_remove(struct store *store, struct store_call *call)
{
    struct tenant_write *op = container_of(call, struct tenant_write, call);
    struct writer *writer = &store->writer;
    int removed = tenant_state(&writer->connection, op->id);
    if (removed == 1)
        return remove_piece(store, op);
    if (call->begun) {
        /* Another removal of the same tenant was done first, and perhaps the id is in use again. */
        return removed < 0 && removed != ERR_NOT_FOUND ? removed : 0;
    }
    if (removed < 0)
        return removed;
    if (tenant_statement(&writer->connection, STATEMENT_TENANT_MARK_REMOVED, op->id) < 0 ||
        webhooks_remove(store, op->id) < 0)
        return ERR_STORE;
    (void)writer_take_row(writer, call);
    writer->tenants_changed = true;
    return WRITER_MORE;
}

void store_tenant_remove(struct store *store, struct tenant_write *op)
{
    writer_post(store, &op->call, SIZE_MAX, run_tenant_remove);
}

static void resumed_done(struct store_call *call)
{
    /* A failure was logged with its group; the next start tries again. */
    free(container_of(call, struct tenant_write, call));
}

int tenants_resume_removals(struct store *store)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *marked =
        connection_prepare(connection, "SELECT id FROM tenant WHERE removed <> 0");
    if (!marked)
        return ERR_STORE;
    int result;
    while ((result = connection_step(connection, marked)) == 1) {
        struct tenant_write *op = calloc(1, sizeof(*op));
        if (!op) {
            result = ERR_NOMEM;
            break;
        }
        op->id = sqlite3_column_int64(marked, 0);
        op->call.done = resumed_done; /* home NULL: runs on the writer's thread */
        store_tenant_remove(store, op);
    }
    sqlite3_finalize(marked);
    return result;
}
