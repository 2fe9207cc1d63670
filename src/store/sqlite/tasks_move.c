/* A task goes from one state to another. */
#include "base/buf.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_row.h"

/* A name of 255 characters, and numbers. */
#define EVENT_LONGEST ((size_t)16 << 10)

/* The state that is meant. */
static enum task_status aim(const struct task_move *op, const struct task *task)
{
    bool is_early = op->to == TASK_PENDING && task->start_ms > op->now_ms;
    return is_early ? TASK_NOT_STARTED : op->to;
}

static bool may_move(const struct task *task, enum task_status to)
{
    bool is_done = task->complete && task->counts.left == 0;
    return task_may_move(task->status, to) && (to != TASK_COMPLETED || is_done);
}

static int move(struct store *store, const struct task_move *op, const struct task *task,
                enum task_status to)
{
    int64_t started_ms = task->started_ms;
    if (to == TASK_PENDING && started_ms == 0)
        started_ms = op->now_ms;
    sqlite3_stmt *move = connection_statement(&store->writer.connection, STATEMENT_TASK_MOVE);
    if (!move)
        return ERR_STORE;
    bind_i64(move, 1, task->id);
    bind_i64(move, 2, to);
    bind_i64_or_null(move, 3, started_ms);
    bind_i64_or_null(move, 4, task_is_final(to) ? op->now_ms : 0);
    bind_i64(move, 5, !task_is_final(to) || task->counts.left > 0);
    bind_i64(move, 6, op->by_engine ? task->changed : task_changed_next(store));
    return connection_step(&store->writer.connection, move) < 0 ? ERR_STORE : 0;
}

/* What the receiver may want to know of a task that is over. */
static void write_event(struct buf *b, const struct task *task)
{
    const struct message_counts *counts = &task->counts;
    buf_add_text(b, "{\"taskId\":\"");
    buf_add_i64(b, task->id);
    buf_add_char(b, '"');
    buf_add_json_text(b, "name", task->name);
    buf_add_json_i64(b, "status", task->status);
    buf_add_json_i64(b, "total", counts->total);
    buf_add_json_i64(b, "sent", counts->sent);
    buf_add_json_i64(b, "delivered", counts->delivered);
    buf_add_json_i64(b, "read", counts->read);
    buf_add_json_i64(b, "replied", counts->replied);
    buf_add_json_i64(b, "failed", counts->failed);
    buf_add_json_i64(b, "time", task->finished_ms);
    buf_add_char(b, '}');
}

static int tell(struct store *store, const struct task_move *op)
{
    struct task task;
    struct buf b;
    if (!outbox_wants(tenants_find(store->tenants, op->tenant_id), EVENT_TASK))
        return 0;
    int result = task_row_find(&store->writer.connection, op->tenant_id, op->task_id, &task);
    if (result < 0)
        return ERR_STORE;
    buf_init(&b, EVENT_LONGEST);
    write_event(&b, &task);
    task_row_done(&store->writer.connection);
    result = b.failed ? ERR_NOMEM
                      : outbox_put(store, op->tenant_id, EVENT_TASK, task.id, op->now_ms,
                                   (struct str){b.data, b.len});
    buf_free(&b);
    return result;
}

static int run_task_move(struct store *store, struct store_call *call)
{
    struct task_move *op = container_of(call, struct task_move, call);
    struct connection *connection = &store->writer.connection;
    struct task task;
    int result = task_row_look(connection, op->tenant_id, op->task_id, &task);
    if (result < 0)
        return result;
    enum task_status to = aim(op, &task);
    op->status = task.status;
    if (!may_move(&task, to))
        return ERR_CONFLICT;
    (void)writer_take_rows(&store->writer, call, 2);
    result = move(store, op, &task, to);
    if (result == 0)
        result = task_event_add(connection, task.id, op->now_ms, task.status, to, op->cause);
    if (result == 0 && task_is_final(to))
        result = tell(store, op);
    op->status = to;
    return result;
}

void store_task_move(struct store *store, struct task_move *op)
{
    writer_post(store, &op->call, 2, run_task_move);
}
