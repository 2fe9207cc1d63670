/* One turn of the engine as one light command. */
#include "store/sqlite/message_event.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/task_row.h"
#include "store/sqlite/turn.h"

/* --- what the items share */

static int read_task(struct turn *turn, struct touched_task *task)
{
    sqlite3_stmt *row = connection_statement(turn->connection, STATEMENT_TURN_TASK);
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, task->id);
    int result = connection_step(turn->connection, row);
    if (result != 1)
        return result < 0 ? ERR_STORE : 0;
    task->found = true;
    task->status = (enum task_status)sqlite3_column_int(row, 0);
    task->parts = sqlite3_column_int64(row, 1);
    task->left = sqlite3_column_int64(row, 2);
    sqlite3_reset(row);
    return 0;
}

int turn_task(struct turn *turn, int64_t task_id, struct touched_task **ret_task)
{
    /* Few tasks are under way at once: the last one looked for is most often the one. */
    for (size_t i = turn->task_count; i-- > 0;) {
        if (turn->tasks[i].id == task_id) {
            *ret_task = &turn->tasks[i];
            return 0;
        }
    }
    if (turn->task_count == TURN_MAX_ITEMS)
        return ERR_FULL;
    struct touched_task *task = &turn->tasks[turn->task_count++];
    *task = (struct touched_task){.id = task_id, .parts = 1};
    int result = task_id == 0 ? 0 : read_task(turn, task);
    *ret_task = task;
    return result;
}

int message_row_find(struct connection *connection, int64_t id, struct message_row *ret_row)
{
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_MESSAGE_FIND);
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, id);
    int result = connection_step(connection, row);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    *ret_row = (struct message_row){.id = id,
                                    .tenant_id = sqlite3_column_int64(row, 0),
                                    .account = sqlite3_column_int64(row, 1),
                                    .number = sqlite3_column_int64(row, 2),
                                    .part = sqlite3_column_int64(row, 3),
                                    .status = (enum message_status)sqlite3_column_int(row, 4),
                                    .reason = (enum message_reason)sqlite3_column_int(row, 5)};
    sqlite3_reset(row);
    return 0;
}

/* Before they are failed: those that will be. */
static int tell_rest(struct turn *turn, int64_t tenant_id, int64_t id, int64_t end)
{
    struct message_row row;
    int result = 0;
    for (; id < end && result == 0 && turn_tells(turn, tenant_id, EVENT_STATUS); id++) {
        result = message_row_find(turn->connection, id, &row);
        if (result == 0 && message_is_waiting(row.status))
            result = turn_tell(turn, tenant_id, id, EVENT_STATUS);
    }
    return result == ERR_NOT_FOUND ? 0 : result;
}

int turn_fail_rest(struct turn *turn, int64_t tenant_id, struct touched_task *task, int64_t id,
                   int64_t part, enum message_reason reason)
{
    int64_t end = id + (task->id ? task->parts - part : 1);
    if (tell_rest(turn, tenant_id, id, end) < 0)
        return ERR_STORE;
    if (TASK_RUN(turn->connection, STATEMENT_MESSAGES_FAIL, id, end, reason, turn->op->now_ms) < 0)
        return ERR_STORE;
    for (int64_t i = connection_changes(turn->connection); i > 0; i--)
        message_count(&task->more, MESSAGE_WAITING, MESSAGE_FAILED);
    return 0;
}

/* --- the parts of a turn */

static int write_paces(struct turn *turn)
{
    const struct messages_turn *op = turn->op;
    int result = 0;
    for (size_t i = 0; i < op->pace_count && result == 0; i++)
        result = TASK_RUN(turn->connection, STATEMENT_PACE_SET, op->paces[i].account,
                          op->paces[i].due_ms, op->paces[i].day, op->paces[i].sent);
    for (size_t i = 0; i < op->followed_count && result == 0; i++)
        result = TASK_RUN(turn->connection, STATEMENT_FOLLOW_UP_DELETE, op->followed[i]);
    return result;
}

static bool has_changed(const struct message_counts *more)
{
    return more->sent || more->delivered || more->read || more->replied || more->failed ||
           more->left;
}

static int write_tasks(struct turn *turn)
{
    struct messages_turn *op = turn->op;
    op->task_count = 0;
    for (size_t i = 0; i < turn->task_count; i++) {
        const struct touched_task *task = &turn->tasks[i];
        if (!task->found)
            continue;
        if (has_changed(&task->more) && task_row_count(turn->connection, task->id, &task->more) < 0)
            return ERR_STORE;
        op->tasks[op->task_count++] =
            (struct turn_task){task->id, task->left + task->more.left, task->status};
    }
    return 0;
}

static size_t count_items(const struct messages_turn *op)
{
    size_t count = op->outcome_count + op->news_count + op->incoming_count + op->followed_count +
                   op->pace_count;
    for (size_t i = 0; i < op->claim_count; i++)
        count += op->claims[i].want;
    return count;
}

static int run_messages_turn(struct store *store, struct store_call *call)
{
    struct messages_turn *op = container_of(call, struct messages_turn, call);
    struct turn turn = {.store = store, .connection = &store->writer.connection, .op = op};
    int result = 0;
    (void)writer_take_rows(&store->writer, call, count_items(op));
    for (size_t i = 0; i < op->outcome_count && result == 0; i++)
        result = turn_outcome(&turn, &op->outcomes[i]);
    for (size_t i = 0; i < op->news_count && result == 0; i++)
        result = turn_news(&turn, &op->news[i]);
    for (size_t i = 0; i < op->incoming_count && result == 0; i++)
        result = turn_incoming(&turn, &op->incoming[i]);
    if (result == 0)
        result = write_paces(&turn);
    for (size_t i = 0; i < op->claim_count && result == 0; i++)
        result = turn_claim(&turn, &op->claims[i]);
    if (result == 0)
        result = turn_tell_all(&turn);
    if (result == 0)
        result = write_tasks(&turn);
    /* Without a savepoint what failed halfway takes its group with it, whatever it failed for. */
    return result < 0 ? ERR_STORE : 0;
}

void store_messages_turn(struct store *store, struct messages_turn *op)
{
    op->call.is_judged = true; /* nothing in it is refused: it needs no savepoint */
    writer_post(store, &op->call, TURN_MAX_ITEMS, run_messages_turn);
}

/* --- read, and no reply */

int messages_not_replied(struct store *store)
{
    struct connection *connection = &store->writer.connection;
    int64_t before_ms = store->settings.clock_ms() - store->settings.not_replied_ms;
    sqlite3_stmt *update = connection_statement(connection, STATEMENT_MESSAGES_NOT_REPLIED);
    int result = ERR_STORE, count = 0;
    if (!update)
        return ERR_STORE;
    bind_i64(update, 1, before_ms);
    bind_i64(update, 2, store->settings.clock_ms());
    /* RETURNING shows rows when all are changed already. */
    while ((result = connection_step(connection, update)) == 1) {
        const struct tenant *tenant = tenants_find(store->tenants, sqlite3_column_int64(update, 1));
        count++;
        if (outbox_wants(tenant, EVENT_STATUS) &&
            message_event_put(store, sqlite3_column_int64(update, 0), EVENT_STATUS) < 0) {
            sqlite3_reset(update);
            return ERR_STORE;
        }
    }
    return result < 0 ? ERR_STORE : count > 0 ? WRITER_MORE : 0;
}
