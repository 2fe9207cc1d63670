/* Tasks for whoever reads them: the engine's open ones, one with its messages, pages of a tenant's. */
#include <limits.h>

#include "store/sqlite/reader.h"
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_row.h"

/* --- what the engine has to work on */

static int show_senders(struct store_reader *reader, struct tasks_open *op, const struct task *task)
{
    struct connection *connection = &reader->connection;
    sqlite3_stmt *waiting = connection_statement(connection, STATEMENT_TASK_SENDERS_WAITING);
    int result;
    if (!waiting)
        return ERR_STORE;
    bind_i64(waiting, 1, task->id);
    bind_i64(waiting, 2, TASK_MESSAGE(task->id, 0));
    bind_i64(waiting, 3, TASK_MESSAGE(task->id + 1, 0));
    while ((result = connection_step(connection, waiting)) == 1)
        op->sender(op, task, sqlite3_column_int64(waiting, 0));
    return result;
}

/* The next one behind call.subject. 1 there was one. */
static int find_open(struct store_reader *reader, const struct tasks_open *op, int64_t *ret_id,
                     int64_t *ret_tenant_id)
{
    struct connection *connection = &reader->connection;
    sqlite3_stmt *open = connection_statement(connection, STATEMENT_TASK_OPEN);
    if (!open)
        return ERR_STORE;
    bind_i64(open, 1, op->call.subject);
    int result = connection_step(connection, open);
    if (result == 1) {
        *ret_id = sqlite3_column_int64(open, 0);
        *ret_tenant_id = sqlite3_column_int64(open, 1);
        sqlite3_reset(open);
    }
    return result;
}

static int show_open(struct store_reader *reader, struct tasks_open *op, int64_t tenant_id,
                     int64_t id)
{
    struct task task;
    if (task_row_find(&reader->connection, tenant_id, id, &task) < 0)
        return ERR_STORE; /* it stands there in the same transaction */
    op->call.subject = task.changed;
    op->each(op, &task);
    int result = op->sender ? show_senders(reader, op, &task) : 0;
    task_row_done(&reader->connection);
    return result;
}

static int read_tasks_open(struct store_reader *reader, struct store_call *call)
{
    struct tasks_open *op = container_of(call, struct tasks_open, call);
    int result = 1;
    for (; result == 1 && call->progress < op->limit; call->progress++) {
        int64_t id, tenant_id;
        if (!reader_take(reader))
            return READER_MORE;
        result = find_open(reader, op, &id, &tenant_id);
        if (result == 1 && show_open(reader, op, tenant_id, id) < 0)
            result = ERR_STORE;
    }
    return result < 0 ? result : 0;
}

void store_tasks_open(struct store_reader *reader, struct tasks_open *op)
{
    op->call.subject = op->changed;
    reader_ask(reader, &op->call, read_tasks_open);
}

static int read_task_senders(struct store_reader *reader, struct store_call *call)
{
    struct task_senders_get *op = container_of(call, struct task_senders_get, call);
    struct connection *connection = &reader->connection;
    sqlite3_stmt *rows = connection_statement(connection, STATEMENT_TASK_SENDER_ACCOUNTS);
    int result;
    if (!rows)
        return ERR_STORE;
    bind_i64(rows, 1, op->task_id);
    bind_i64(rows, 2, op->tenant_id);
    while ((result = connection_step(connection, rows)) == 1)
        op->each(op, sqlite3_column_int64(rows, 0));
    return result;
}

void store_task_senders_get(struct store_reader *reader, struct task_senders_get *op)
{
    reader_ask(reader, &op->call, read_task_senders);
}

/* --- one task */

static int show_task(struct store_reader *reader, struct task_get *op)
{
    struct task task;
    int result = task_row_find(&reader->connection, op->tenant_id, op->task_id, &task);
    if (result < 0)
        return result;
    if (task.source == TASK_OF_SEGMENT)
        task.source_json.len = 0; /* it is the store's own form */
    op->task(op, &task);
    task_row_done(&reader->connection);
    return 0;
}

static int show_events(struct store_reader *reader, struct task_get *op)
{
    struct connection *connection = &reader->connection;
    sqlite3_stmt *events = connection_statement(connection, STATEMENT_TASK_EVENTS);
    int result;
    if (!events)
        return ERR_STORE;
    bind_i64(events, 1, op->task_id);
    while ((result = connection_step(connection, events)) == 1) {
        struct task_event event = {.time_ms = sqlite3_column_int64(events, 0),
                                   .from = (enum task_status)sqlite3_column_int(events, 1),
                                   .to = (enum task_status)sqlite3_column_int(events, 2),
                                   .cause = column_str(events, 3)};
        op->event(op, &event);
    }
    return result;
}

/* The caller's ids of the task's own contents, in the reader's arena. */
static int read_trans_ids(struct store_reader *reader, int64_t task_id, struct str *ids)
{
    struct connection *connection = &reader->connection;
    sqlite3_stmt *rows = connection_statement(connection, STATEMENT_TASK_TRANS_IDS);
    int result;
    if (!rows)
        return ERR_STORE;
    bind_i64(rows, 1, task_id);
    while ((result = connection_step(connection, rows)) == 1) {
        int64_t part = sqlite3_column_int64(rows, 0);
        struct str id = column_str(rows, 1);
        if (part >= 0 && part < TASK_MAX_PARTS && id.len > 0) {
            ids[part].p = arena_memdup(&reader->arena, id.p, id.len);
            ids[part].len = ids[part].p ? id.len : 0;
        }
    }
    return result;
}

static struct task_message read_message(sqlite3_stmt *row, const struct str *trans_ids)
{
    struct task_message message = {.id = sqlite3_column_int64(row, 0),
                                   .account = sqlite3_column_int64(row, 1),
                                   .number = sqlite3_column_int64(row, 2),
                                   .status = (enum message_status)sqlite3_column_int(row, 3),
                                   .reason = (enum message_reason)sqlite3_column_int(row, 4),
                                   .code = sqlite3_column_int(row, 5),
                                   .reason_text = column_str(row, 6),
                                   .time_ms = sqlite3_column_int64(row, 7),
                                   .trans_id = column_str(row, 9)};
    int64_t part = sqlite3_column_int64(row, 8);
    if (message.trans_id.len == 0 && part >= 0 && part < TASK_MAX_PARTS)
        message.trans_id = trans_ids[part];
    return message;
}

/* They are numbered one by one: a page is a range of ids. */
static int show_messages(struct store_reader *reader, struct task_get *op,
                         const struct str *trans_ids)
{
    struct connection *connection = &reader->connection;
    sqlite3_stmt *rows = connection_statement(connection, STATEMENT_TASK_MESSAGES);
    int result;
    if (!rows)
        return ERR_STORE;
    int64_t skip = op->skip < TASK_MAX_MESSAGES ? op->skip : TASK_MAX_MESSAGES;
    bind_i64(rows, 1, TASK_MESSAGE(op->task_id, skip));
    bind_i64(rows, 2, TASK_MESSAGE(op->task_id + 1, 0));
    bind_i64(rows, 3, (int64_t)op->limit);
    while ((result = connection_step(connection, rows)) == 1) {
        struct task_message message = read_message(rows, trans_ids);
        op->message(op, &message);
    }
    return result;
}

/* One piece: TASK_MAX_TARGETS messages take some 5 ms, and are those of one moment with the counts. */
static int read_task_get(struct store_reader *reader, struct store_call *call)
{
    struct task_get *op = container_of(call, struct task_get, call);
    struct str trans_ids[TASK_MAX_PARTS] = {{0}};
    int result = show_task(reader, op);
    if (result == 0 && op->event)
        result = show_events(reader, op);
    if (result == 0 && op->limit > 0)
        result = read_trans_ids(reader, op->task_id, trans_ids);
    if (result == 0 && op->limit > 0)
        result = show_messages(reader, op, trans_ids);
    arena_reset(&reader->arena);
    return result;
}

void store_task_get(struct store_reader *reader, struct task_get *op)
{
    reader_ask(reader, &op->call, read_task_get);
}

/* --- pages */

/* Names that are looked at in one transaction, 0.16 us each. */
#define LOOK_PIECE 5000

bool tasks_page_is_short(const struct tasks_page *op)
{
    return op->status == 0 && op->name.len == 0;
}

/* All tasks: the index counts and skips 30 ns each, 6 ms at most. */
static int count_all(struct store_reader *reader, struct tasks_page *op)
{
    struct connection *connection = &reader->connection;
    sqlite3_stmt *total = connection_statement(connection, STATEMENT_TASK_TOTAL);
    if (!total)
        return ERR_STORE;
    bind_i64(total, 1, op->tenant_id);
    bind_i64(total, 2, TASKS_SHOWN_MAX);
    if (connection_step(connection, total) != 1)
        return ERR_STORE;
    op->total = sqlite3_column_int64(total, 0);
    sqlite3_reset(total);
    return 0;
}

static int find_all(struct store_reader *reader, struct tasks_page *op)
{
    struct connection *connection = &reader->connection;
    sqlite3_stmt *ids = connection_statement(connection, STATEMENT_TASK_IDS_BEHIND);
    if (!ids || count_all(reader, op) < 0)
        return ERR_STORE;
    int64_t left = op->total - op->skip, limit = (int64_t)op->limit;
    if (left <= 0)
        return 0;
    limit = limit < TASKS_PAGE_MAX ? limit : TASKS_PAGE_MAX;
    bind_i64(ids, 1, op->tenant_id);
    bind_i64(ids, 2, limit < left ? limit : left);
    bind_i64(ids, 3, op->skip);
    int result;
    while ((result = connection_step(connection, ids)) == 1)
        op->ids[op->found++] = sqlite3_column_int64(ids, 0);
    return result;
}

static bool is_wanted(const struct tasks_page *op, sqlite3_stmt *row)
{
    int status = sqlite3_column_int(row, 1);
    struct str name = column_str(row, 2);
    if (status == 0 || (op->status != 0 && op->status != status))
        return false;
    return op->name.len == 0 ||
           (name.len >= op->name.len && memmem(name.p, name.len, op->name.p, op->name.len));
}

static void look_at(struct tasks_page *op, sqlite3_stmt *row)
{
    op->at = sqlite3_column_int64(row, 0);
    op->looked_at++;
    if (!is_wanted(op, row))
        return;
    if (op->total >= op->skip && op->found < op->limit && op->found < TASKS_PAGE_MAX)
        op->ids[op->found++] = op->at;
    op->total++;
}

/* 0 all were looked at, READER_MORE. */
static int look(struct store_reader *reader, struct tasks_page *op)
{
    struct connection *connection = &reader->connection;
    sqlite3_stmt *rows = connection_statement(connection, STATEMENT_TASK_IDS);
    size_t before = op->looked_at, most = TASKS_SHOWN_MAX - before;
    int result;
    if (!rows)
        return ERR_STORE;
    bind_i64(rows, 1, op->tenant_id);
    bind_i64(rows, 2, op->at);
    bind_i64(rows, 3, (int64_t)(most < LOOK_PIECE ? most : LOOK_PIECE));
    while ((result = connection_step(connection, rows)) == 1)
        look_at(op, rows);
    if (result < 0)
        return ERR_STORE;
    return op->looked_at - before == LOOK_PIECE && op->looked_at < TASKS_SHOWN_MAX ? READER_MORE
                                                                                   : 0;
}

/* A task that is gone meanwhile is left out. */
static int show_one(struct store_reader *reader, struct tasks_page *op, int64_t id)
{
    struct task task;
    int result = task_row_find(&reader->connection, op->tenant_id, id, &task);
    if (result < 0)
        return result == ERR_NOT_FOUND ? 0 : result;
    task.contents = task.source_json = (struct str){0};
    op->each(op, &task);
    task_row_done(&reader->connection);
    return 0;
}

static int read_tasks_page(struct store_reader *reader, struct store_call *call)
{
    struct tasks_page *op = container_of(call, struct tasks_page, call);
    int result = 0;
    if (call->progress == 0)
        result = tasks_page_is_short(op) ? find_all(reader, op) : look(reader, op);
    if (result != 0)
        return result;
    call->progress = 1;
    for (; result == 0 && op->shown < op->found; op->shown++) {
        if (!reader_take(reader))
            return READER_MORE;
        result = show_one(reader, op, op->ids[op->shown]);
    }
    return result;
}

void store_tasks_page(struct store_reader *reader, struct tasks_page *op)
{
    op->at = INT64_MAX;
    op->total = 0;
    op->looked_at = op->found = op->shown = 0;
    reader_ask(reader, &op->call, read_tasks_page);
}
