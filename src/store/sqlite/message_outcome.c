/* What became of a message: the outcome of its hand-over, and what is told about it later. */
#include "store/sqlite/message_event.h"
#include "store/sqlite/task_row.h"
#include "store/sqlite/turn.h"

int turn_follow_up(struct turn *turn, const struct follow_up *follow_up)
{
    if (follow_up->code == 0)
        return 0;
    sqlite3_stmt *insert = connection_statement(turn->connection, STATEMENT_FOLLOW_UP_INSERT);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, follow_up->due_ms);
    bind_i64(insert, 2, follow_up->account);
    bind_i64(insert, 3, follow_up->message);
    bind_i64(insert, 4, follow_up->code);
    bind_str_or_null(insert, 5, follow_up->text);
    return connection_step(turn->connection, insert) < 0 ? ERR_STORE : 0;
}

/* --- the row */

static void bind_outcome(sqlite3_stmt *update, int64_t id, const struct message_news *news,
                         enum message_status status, int64_t now_ms)
{
    bind_i64(update, 1, id);
    bind_i64(update, 2, status);
    bind_i64_or_null(update, 3, news->time_ms);
    bind_i64(update, 4, news->time_ms ? news->time_ms : now_ms);
    bind_i64_or_null(update, 5, news->reason);
    bind_i64_or_null(update, 6, news->code);
    bind_str_or_null(update, 7, news->reason_text);
}

static bool is_handed_over(enum message_status status)
{
    return status >= MESSAGE_SENT && status != MESSAGE_RETRY;
}

/* A provider's id that another message of the account has is left out: it would tell nothing. */
static int step_with_provider(struct turn *turn, sqlite3_stmt *update, int at,
                              struct str provider_id)
{
    bind_str_or_null(update, at, provider_id);
    int result = connection_step(turn->connection, update);
    if (result == ERR_EXISTS) {
        bind_str_or_null(update, at, (struct str){0});
        result = connection_step(turn->connection, update);
    }
    return result < 0 ? ERR_STORE : 0;
}

static int write_outcome(struct turn *turn, int64_t id, const struct message_news *news,
                         enum message_status status)
{
    sqlite3_stmt *update = connection_statement(turn->connection, STATEMENT_MESSAGE_OUTCOME);
    if (!update)
        return ERR_STORE;
    bind_outcome(update, id, news, status, turn->op->now_ms);
    if (status == MESSAGE_RETRY)
        bind_i64(update, 8, news->retry_ms);
    else
        bind_i64_or_null(update, 8, 0);
    bind_i64(update, 10, news->rendered.len > 0);
    return step_with_provider(turn, update, 9, news->provider_id);
}

/* News were faster, and say more: of the outcome, when and as what it left is kept. */
static int write_late(struct turn *turn, int64_t id, const struct message_news *news)
{
    sqlite3_stmt *update = connection_statement(turn->connection, STATEMENT_MESSAGE_OUTCOME_LATE);
    if (!update)
        return ERR_STORE;
    bind_i64(update, 1, id);
    bind_i64_or_null(update, 2, is_handed_over(news->status) ? news->time_ms : 0);
    bind_i64(update, 4, news->rendered.len > 0);
    return step_with_provider(turn, update, 3, news->provider_id);
}

static int write_rendered(struct turn *turn, int64_t id, struct str rendered)
{
    sqlite3_stmt *insert = connection_statement(turn->connection, STATEMENT_MESSAGE_CONTENT_SET);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, id);
    bind_str(insert, 2, rendered);
    return connection_step(turn->connection, insert) < 0 ? ERR_STORE : 0;
}

static int talk(struct turn *turn, const struct message_row *row, int64_t time_ms)
{
    return TASK_RUN(turn->connection, STATEMENT_CONVERSATION_SENT, row->tenant_id, row->number,
                    row->account, time_ms, row->id);
}

/* --- outcomes */

/* The next content of the recipient has its turn now, or will never have it. */
static int go_on(struct turn *turn, struct touched_task *task, const struct message_row *row,
                 enum message_status to, enum message_reason reason)
{
    if (to == MESSAGE_RETRY || task->id == 0 || row->part + 1 >= task->parts)
        return 0;
    if (to == MESSAGE_FAILED)
        return turn_fail_rest(turn, row->tenant_id, task, row->id + 1, row->part + 1, reason);
    if (!task->found || task_is_final(task->status))
        return turn_fail_rest(turn, row->tenant_id, task, row->id + 1, row->part + 1,
                              REASON_TASK_STOPPED);
    return TASK_RUN(turn->connection, STATEMENT_MESSAGE_QUEUE, row->id + 1);
}

/* News have overtaken the outcome. */
static bool is_late(const struct message_row *row, const struct message_news *news)
{
    return row->status != MESSAGE_SENDING &&
           !message_may_become(row->status, row->reason, news->status);
}

/* What it is afterwards. */
static enum message_status settle(const struct touched_task *task, const struct message_row *row,
                                  struct message_news *news)
{
    if (is_late(row, news))
        return row->status;
    if (news->status == MESSAGE_RETRY && task->found && task_is_final(task->status)) {
        news->reason = REASON_TASK_STOPPED;
        return MESSAGE_FAILED;
    }
    return news->status;
}

/* What left is told of as a message, and every change as a status. */
static int tell(struct turn *turn, const struct message_row *row, enum message_status to,
                bool leaves)
{
    int result = 0;
    if (leaves && is_handed_over(to))
        result = turn_tell(turn, row->tenant_id, row->id, EVENT_MESSAGE);
    if (result == 0 && to != row->status && to != MESSAGE_RETRY)
        result = turn_tell(turn, row->tenant_id, row->id, EVENT_STATUS);
    return result;
}

static int write_first(struct turn *turn, const struct message_row *row, struct message_news *news)
{
    struct touched_task *task;
    if (turn_task(turn, MESSAGE_TASK(row->id), &task) < 0)
        return ERR_STORE;
    bool late = is_late(row, news);
    enum message_status to = settle(task, row, news);
    int result = late ? write_late(turn, row->id, news) : write_outcome(turn, row->id, news, to);
    if (result == 0 && news->rendered.len > 0)
        result = write_rendered(turn, row->id, news->rendered);
    if (result == 0 && is_handed_over(to))
        result = talk(turn, row, news->time_ms);
    if (result == 0)
        result = tell(turn, row, to, true);
    if (result == 0)
        result = go_on(turn, task, row, to, late ? row->reason : news->reason);
    message_count(&task->more, row->status, to);
    news->changed = !late;
    return result == 0 ? turn_follow_up(turn, &news->follow_up) : result;
}

static int write_news(struct turn *turn, const struct message_row *row, struct message_news *news);

int turn_outcome(struct turn *turn, struct message_news *news)
{
    struct message_row row;
    int result = message_row_find(turn->connection, news->message, &row);
    news->changed = false;
    news->unknown = result == ERR_NOT_FOUND;
    if (result < 0)
        return news->unknown ? 0 : result;
    if (TASK_RUN(turn->connection, STATEMENT_IN_FLIGHT_END, row.id) < 0)
        return ERR_STORE;
    if (connection_changes(turn->connection) > 0)
        return write_first(turn, &row, news);
    /* Told before: what a repeated turn says changes nothing, unless it says more. */
    return news->status == MESSAGE_RETRY ? 0 : write_news(turn, &row, news);
}

/* --- news */

static int update_news(struct turn *turn, const struct message_row *row,
                       const struct message_news *news)
{
    bool was_sent = row->status >= MESSAGE_SENT && row->status != MESSAGE_RETRY;
    sqlite3_stmt *update = connection_statement(
        turn->connection, was_sent ? STATEMENT_MESSAGE_NEWS : STATEMENT_MESSAGE_FIRST_NEWS);
    if (!update)
        return ERR_STORE;
    bind_outcome(update, row->id, news, news->status, turn->op->now_ms);
    return connection_step(turn->connection, update) < 0 ? ERR_STORE : 0;
}

static int write_news(struct turn *turn, const struct message_row *row, struct message_news *news)
{
    struct touched_task *task;
    if (!message_may_become(row->status, row->reason, news->status))
        return turn_follow_up(turn, &news->follow_up);
    if (turn_task(turn, MESSAGE_TASK(row->id), &task) < 0 || update_news(turn, row, news) < 0)
        return ERR_STORE;
    message_count(&task->more, row->status, news->status);
    news->changed = true;
    /* No outcome comes after these, to begin the conversation and to queue the next content. */
    bool waits = row->status == MESSAGE_QUEUED || row->status == MESSAGE_RETRY;
    bool leaves = waits || row->status == MESSAGE_FAILED;
    int result = 0;
    /* A reply comes with a conversation that has newer messages. */
    if (leaves && is_handed_over(news->status) && news->status != MESSAGE_REPLIED)
        result = talk(turn, row, news->time_ms);
    if (result == 0)
        result = tell(turn, row, news->status, leaves);
    if (result == 0 && waits)
        result = go_on(turn, task, row, news->status, news->reason);
    return result == 0 ? turn_follow_up(turn, &news->follow_up) : result;
}

static int find_by_provider(struct turn *turn, const struct message_news *news, int64_t *ret_id)
{
    sqlite3_stmt *row = connection_statement(turn->connection, STATEMENT_MESSAGE_OF_PROVIDER);
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, news->account);
    bind_str(row, 2, news->provider_id);
    int result = connection_step(turn->connection, row);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    *ret_id = sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
    return 0;
}

int turn_news(struct turn *turn, struct message_news *news)
{
    struct message_row row;
    int64_t id = news->message;
    int result = id ? 0 : find_by_provider(turn, news, &id);
    if (result == 0)
        result = message_row_find(turn->connection, id, &row);
    news->changed = false;
    /* An account tells of its own messages, and of no others. */
    news->unknown = result == ERR_NOT_FOUND || (result == 0 && row.account != news->account);
    if (news->unknown)
        return 0;
    return result < 0 ? result : write_news(turn, &row, news);
}

int turn_replied(struct turn *turn, int64_t message, int64_t time_ms)
{
    struct touched_task *task;
    struct message_row row;
    int result = message_row_find(turn->connection, message, &row);
    if (result == 0)
        result = turn_task(turn, MESSAGE_TASK(message), &task);
    if (result < 0)
        return result == ERR_NOT_FOUND ? 0 : result;
    /* Later contents of the same recipient may still be on their way. */
    int64_t first = row.part > 0 && task->id ? message - row.part : message;
    for (int64_t id = first; id <= message && result == 0; id++) {
        struct message_news news = {.status = MESSAGE_REPLIED, .time_ms = time_ms};
        result = message_row_find(turn->connection, id, &row);
        if (result == 0 && (row.status == MESSAGE_FAILED || row.status >= MESSAGE_SENT))
            result = write_news(turn, &row, &news);
    }
    return result == ERR_NOT_FOUND ? 0 : result;
}
