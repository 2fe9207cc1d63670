/* Takes the recipients of an account in a task from it. */
#include "store/sqlite/message_event.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_row.h"

/* Recipients that are looked up at a time: their index entries change on the way. */
#define DRAIN_ROWS 100

struct draining {
    struct store *store;
    struct writer *writer;
    bool tells; /* a webhook wants to hear of statuses */
    struct task_drain *op;
    struct task task;
    int64_t failed; /* messages, in this piece */
};

/* The first messages that are queued or to be retried, of at most DRAIN_ROWS recipients. */
static int find_some(const struct draining *draining, enum statement id, int64_t *ret_ids)
{
    struct connection *connection = &draining->writer->connection;
    sqlite3_stmt *some = connection_statement(connection, id);
    int result, count = 0;
    if (!some)
        return ERR_STORE;
    bind_i64(some, 1, draining->op->account);
    bind_i64(some, 2, TASK_MESSAGE(draining->task.id, 0));
    bind_i64(some, 3, TASK_MESSAGE(draining->task.id + 1, 0));
    bind_i64(some, 4, DRAIN_ROWS);
    while ((result = connection_step(connection, some)) == 1)
        ret_ids[count++] = sqlite3_column_int64(some, 0);
    return result < 0 ? ERR_STORE : count;
}

/* The same when webhooks are told of each. */
static int fail_told(struct draining *draining, int64_t id, int64_t end)
{
    struct connection *connection = &draining->writer->connection;
    int result = 0;
    for (; id < end && result == 0; id++) {
        result = TASK_RUN(connection, STATEMENT_MESSAGES_FAIL, id, id + 1, draining->op->reason,
                          draining->op->now_ms);
        if (result < 0 || connection_changes(connection) == 0)
            continue;
        draining->failed++;
        result = message_event_put(draining->store, id, EVENT_STATUS);
    }
    return result;
}

/* The messages of the recipient from this one on, but those that are with the transport or were. */
static int fail_recipient(struct draining *draining, int64_t id, int64_t end)
{
    struct connection *connection = &draining->writer->connection;
    if (draining->tells)
        return fail_told(draining, id, end);
    if (TASK_RUN(connection, STATEMENT_MESSAGES_FAIL, id, end, draining->op->reason,
                 draining->op->now_ms) < 0)
        return ERR_STORE;
    draining->failed += connection_changes(connection);
    return 0;
}

static int move_recipient(struct draining *draining, int64_t id, int64_t end)
{
    const struct task_drain *op = draining->op;
    struct connection *connection = &draining->writer->connection;
    int64_t to = op->to[op->call.progress % op->to_count];
    int result = TASK_RUN(connection, STATEMENT_MESSAGES_MOVE, id, end, to);
    if (result == 0)
        result = TASK_RUN(connection, STATEMENT_TASK_SENDER_ADD, op->task_id, op->account, -1);
    return result == 0 ? TASK_RUN(connection, STATEMENT_TASK_SENDER_ADD, op->task_id, to, 1)
                       : result;
}

static int drain_recipient(struct draining *draining, int64_t id)
{
    int64_t parts = (int64_t)draining->task.parts, first = TASK_MESSAGE(draining->task.id, 0);
    int64_t end = first + ((id - first) / parts + 1) * parts;
    int result = draining->op->to_count > 0 ? move_recipient(draining, id, end)
                                            : fail_recipient(draining, id, end);
    draining->op->call.progress++;
    return result;
}

static int drain_all(struct draining *draining, enum statement id)
{
    int64_t ids[DRAIN_ROWS];
    int count;
    do {
        count = find_some(draining, id, ids);
        for (int i = 0; i < count; i++) {
            if (!writer_take_rows(draining->writer, &draining->op->call, draining->task.parts))
                return WRITER_MORE;
            if (drain_recipient(draining, ids[i]) < 0)
                return ERR_STORE;
        }
    } while (count == DRAIN_ROWS);
    return count < 0 ? count : 0;
}

static int save(struct draining *draining)
{
    struct message_counts more = {0};
    for (int64_t i = 0; i < draining->failed; i++)
        message_count(&more, MESSAGE_QUEUED, MESSAGE_FAILED);
    draining->op->left = draining->task.counts.left + more.left;
    return draining->failed == 0
               ? 0
               : task_row_count(&draining->writer->connection, draining->task.id, &more);
}

/* To itself there is nothing to move, and no end of it. */
static bool moves_to_itself(const struct task_drain *op)
{
    for (size_t i = 0; i < op->to_count; i++)
        if (op->to[i] == op->account)
            return true;
    return false;
}

static int run_task_drain(struct store *store, struct store_call *call)
{
    struct task_drain *op = container_of(call, struct task_drain, call);
    bool tells = outbox_wants(tenants_find(store->tenants, op->tenant_id), EVENT_STATUS);
    struct draining draining = {.store = store, .writer = &store->writer, .tells = tells, .op = op};
    if (moves_to_itself(op))
        return ERR_INVALID;
    int result =
        task_row_look(&store->writer.connection, op->tenant_id, op->task_id, &draining.task);
    if (result == 0)
        result = drain_all(&draining, STATEMENT_TASK_QUEUED);
    if (result == 0)
        result = drain_all(&draining, STATEMENT_TASK_RETRIED);
    if (result < 0 && result != WRITER_MORE)
        return result;
    if (save(&draining) < 0)
        return ERR_STORE;
    return result == 0 ? (int)call->progress : result;
}

void store_task_drain(struct store *store, struct task_drain *op)
{
    writer_post(store, &op->call, SIZE_MAX, run_task_drain);
}
