#include "store/sqlite/task_remove.h"

#include "base/clock.h"
#include "domain/number.h"
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_row.h"
#include "store/sqlite/tasks_create.h"

/* Messages a statement, which is also what a task's end may come to: its senders and events. */
#define REMOVE_ROWS 250
/* How long a piece of the sweep goes on, as that of groups.c. */
#define SWEEP_US 8000
/* Rows outside tasks that are looked at in a step. */
#define LOOK_ROWS 2000

/* --- one task */

/* Conversations whose last message is one of these; a conversation may be under the other form of the number. */
static int forget_conversations(struct connection *connection, int64_t from, int64_t to)
{
    sqlite3_stmt *rows = connection_statement(connection, STATEMENT_MESSAGES_TALK);
    int result = ERR_STORE;
    if (!rows)
        return ERR_STORE;
    bind_i64(rows, 1, from);
    bind_i64(rows, 2, to);
    while ((result = connection_step(connection, rows)) == 1) {
        int64_t number = sqlite3_column_int64(rows, 1), variant = number;
        (void)number_variant(number, &variant);
        if (TASK_RUN(connection, STATEMENT_CONVERSATION_FORGET, sqlite3_column_int64(rows, 0),
                     number, variant, sqlite3_column_int64(rows, 2), from, to) < 0) {
            sqlite3_reset(rows);
            return ERR_STORE;
        }
    }
    return result < 0 ? ERR_STORE : 0;
}

int messages_delete(struct connection *connection, int64_t from, int64_t to)
{
    int result = TASK_RUN(connection, STATEMENT_MESSAGE_CONTENTS_DELETE, from, to);
    if (result == 0)
        result = forget_conversations(connection, from, to);
    if (result == 0)
        result = TASK_RUN(connection, STATEMENT_IN_FLIGHT_DELETE, from, to);
    if (result == 0)
        result = TASK_RUN(connection, STATEMENT_MESSAGES_DELETE, from, to);
    return result < 0 ? result : (int)connection_changes(connection);
}

/* The first message in [from, to), 0: there is none. */
static int find_first(struct connection *connection, int64_t from, int64_t to, int64_t *ret_id)
{
    sqlite3_stmt *first = connection_statement(connection, STATEMENT_MESSAGE_FIRST);
    if (!first)
        return ERR_STORE;
    bind_i64(first, 1, from);
    bind_i64(first, 2, to);
    if (connection_step(connection, first) != 1)
        return ERR_STORE;
    *ret_id = sqlite3_column_int64(first, 0);
    sqlite3_reset(first);
    return 0;
}

static int delete_task(struct connection *connection, int64_t task_id)
{
    int result = TASK_RUN(connection, STATEMENT_TASK_SENDERS_DELETE, task_id);
    if (result == 0)
        result = TASK_RUN(connection, STATEMENT_TASK_EVENTS_DELETE, task_id);
    return result == 0 ? TASK_RUN(connection, STATEMENT_TASK_DELETE, task_id) : result;
}

/* REMOVE_ROWS messages of a task, or what is left of it without any. Returns how many messages. */
static int remove_some(struct connection *connection, int64_t task_id)
{
    int64_t first, to = TASK_MESSAGE(task_id + 1, 0);
    int result = find_first(connection, TASK_MESSAGE(task_id, 0), to, &first);
    if (result < 0)
        return result;
    if (first == 0)
        return delete_task(connection, task_id);
    return messages_delete(connection, first, first + REMOVE_ROWS < to ? first + REMOVE_ROWS : to);
}

/* --- the sweep */

int tasks_sweep(struct store *store)
{
    struct writer *writer = &store->writer;
    int64_t id, until_us = clock_mono_us() + SWEEP_US;
    do {
        int result = tasks_find_unmade(writer, &id);
        if (result == 0)
            result = remove_some(&writer->connection, id);
        if (result < 0)
            return result == ERR_NOT_FOUND ? 0 : result;
        atomic_fetch_add(&writer->messages_forgotten, (uint64_t)result);
        writer->group_rows += REMOVE_ROWS;
    } while (clock_mono_us() < until_us);
    return WRITER_MORE;
}

/* --- a tenant's */

/* ERR_NOT_FOUND: it has none any more. */
static int remove_of_tenant(struct connection *connection, int64_t tenant_id)
{
    int64_t id;
    if (connection_look(connection, STATEMENT_TASK_OF_TENANT, tenant_id, &id) < 0)
        return ERR_STORE;
    return id == 0 ? ERR_NOT_FOUND : remove_some(connection, id);
}

/* Where a piece of `rows` rows behind `from` ends; INT64_MAX: at the last. */
static int find_end(struct connection *connection, enum statement id, int64_t from, int64_t *ret_to)
{
    sqlite3_stmt *piece = connection_statement(connection, id);
    if (!piece)
        return ERR_STORE;
    bind_i64(piece, 1, from);
    bind_i64(piece, 2, LOOK_ROWS);
    int result = connection_step(connection, piece);
    *ret_to = result == 1 ? sqlite3_column_int64(piece, 0) : INT64_MAX;
    sqlite3_reset(piece);
    return result < 0 ? ERR_STORE : 0;
}

/* What has no index on the tenant: read in the order of its ids, which costs 0.1 us a row. */
static const struct walk {
    enum statement piece, deletes[3];
    int count;
} walks[] = {
    {STATEMENT_MESSAGE_PIECE,
     {STATEMENT_TENANT_DELETE_CONTENTS, STATEMENT_TENANT_DELETE_IN_FLIGHT,
      STATEMENT_TENANT_DELETE_MESSAGES},
     3},
    {STATEMENT_FOLLOW_UP_PIECE, {STATEMENT_TENANT_DELETE_FOLLOW_UPS}, 1},
};

/* 0 it is through, WRITER_MORE. call->subject is how far it is. */
static int walk_some(struct writer *writer, struct tenant_write *op, const struct walk *walk)
{
    struct connection *connection = &writer->connection;
    int64_t to = 0;
    while (to < INT64_MAX) {
        if (!writer_take_rows(writer, &op->call, REMOVE_ROWS))
            return WRITER_MORE;
        if (find_end(connection, walk->piece, op->call.subject, &to) < 0)
            return ERR_STORE;
        for (int i = 0; i < walk->count; i++)
            if (TASK_RUN(connection, walk->deletes[i], op->id, op->call.subject, to) < 0)
                return ERR_STORE;
        op->call.subject = to;
    }
    op->call.subject = 0;
    return 0;
}

/* call->progress counts: 0 the tasks, then the walks, then done. */
int tasks_remove_piece(struct store *store, struct tenant_write *op)
{
    struct writer *writer = &store->writer;
    while (op->call.progress < TASKS_REMOVE_STEPS) {
        int result = 0;
        if (op->call.progress > 0)
            result = walk_some(writer, op, &walks[op->call.progress - 1]);
        else if (!writer_take_rows(writer, &op->call, REMOVE_ROWS))
            result = WRITER_MORE;
        else
            result = remove_of_tenant(&writer->connection, op->id);
        if (result < 0 && result != ERR_NOT_FOUND)
            return result;
        if (op->call.progress > 0 || result == ERR_NOT_FOUND)
            op->call.progress++;
    }
    return 0;
}
