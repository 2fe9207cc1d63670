/* Pages of messages: one walk over an index counts, leaves out and collects; then the page is shown. */
#include "base/clock.h"
#include "domain/number.h"
#include "domain/task.h"
#include "store/sqlite/message_show.h"
#include "store/sqlite/reader.h"

/* Entries of the index that are looked at in one transaction: 0.8 ms on a worker, which asks with look_max,
 * and up to 4 ms elsewhere, also when each is looked up for its type. */
#define WALK_SHORT 2000
#define WALK_LONG  10000
#define WALK_TYPES 1000

/* --- one entry */

static int read_type(struct connection *connection, enum statement id, int64_t key, int64_t part,
                     int *ret_type)
{
    sqlite3_stmt *row = connection_statement(connection, id);
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, key);
    if (id == STATEMENT_TASK_PART_TYPE)
        bind_i64(row, 2, part);
    int result = connection_step(connection, row);
    *ret_type = result == 1 ? sqlite3_column_int(row, 0) : 0;
    sqlite3_reset(row);
    return result < 0 ? ERR_STORE : 0;
}

/* Messages of a task stand together: the type is most often that of the last one. */
static int type_of(struct connection *connection, struct messages_page *op, int64_t id,
                   int *ret_type)
{
    bool own = false;
    int64_t part = 0, task = MESSAGE_TASK(id);
    int result = message_parts(connection, id, &own, &part);
    *ret_type = 0;
    if (result < 0)
        return result == ERR_NOT_FOUND ? 0 : result;
    if (own)
        return read_type(connection, STATEMENT_MESSAGE_TYPE, id, 0, ret_type);
    if (op->task != task || op->part != part) {
        if (read_type(connection, STATEMENT_TASK_PART_TYPE, task, part, &op->task_type) < 0)
            return ERR_STORE;
        op->task = task;
        op->part = part;
    }
    *ret_type = op->task_type;
    return 0;
}

static bool is_number(const struct messages_page *op, int64_t number)
{
    return number == op->wanted.number || (op->variant && number == op->variant);
}

/* 1 it is wanted, 0 it is not, ERR_STORE. */
static int judge(struct connection *connection, struct messages_page *op, sqlite3_stmt *row)
{
    const struct messages_wanted *wanted = &op->wanted;
    bool incoming = sqlite3_column_int(row, 3) != 0;
    int type;
    if (wanted->direction != MESSAGES_ALL && incoming != (wanted->direction == MESSAGES_RECEIVED))
        return 0;
    if (wanted->by_account &&
        !is_of_accounts(wanted->accounts, wanted->account_count, sqlite3_column_int64(row, 2)))
        return 0;
    if (wanted->number && !is_number(op, sqlite3_column_int64(row, 4)))
        return 0;
    if (wanted->chat != CHAT_ANY && wanted->chat != message_chat(sqlite3_column_int64(row, 4)))
        return 0;
    if (wanted->type == 0)
        return 1;
    int result = type_of(connection, op, op->at_id, &type);
    return result < 0 ? result : type == wanted->type;
}

static void take(struct messages_page *op)
{
    if (op->total++ < op->skip)
        return;
    if (op->found < op->limit) {
        op->ids[op->found++] = op->at_id;
        op->last_ms = op->at_ms;
        op->last_id = op->at_id;
    } else {
        op->more = true;
    }
}

/* Nothing but the span of time is asked for. */
static bool is_plain(const struct messages_page *op)
{
    const struct messages_wanted *wanted = &op->wanted;
    return !wanted->number && wanted->chat == CHAT_ANY && !wanted->by_account &&
           wanted->direction == MESSAGES_ALL && wanted->type == 0;
}

/* The rest, if it counts, is left to leap(). */
static bool is_full(const struct messages_page *op)
{
    return op->more && (!op->counts || is_plain(op));
}

/* --- the walk */

static int piece_of(const struct messages_page *op)
{
    if (op->wanted.type != 0)
        return WALK_TYPES;
    return op->look_max ? WALK_SHORT : WALK_LONG;
}

static sqlite3_stmt *begin_behind(struct connection *connection, enum statement id,
                                  const struct messages_page *op, int64_t count)
{
    sqlite3_stmt *rows = connection_statement(connection, id);
    if (!rows)
        return NULL;
    bind_i64(rows, 1, op->tenant_id);
    bind_i64(rows, 2, op->at_ms);
    bind_i64(rows, 3, op->at_id);
    bind_i64(rows, 4, op->wanted.to_ms);
    bind_i64(rows, 5, count);
    return rows;
}

static int go_on(struct messages_page *op, int64_t count)
{
    op->looked_at += (size_t)count;
    return op->look_max && op->looked_at >= op->look_max ? ERR_TOO_LARGE : READER_MORE;
}

/* 0 it is through, READER_MORE, ERR_TOO_LARGE. */
static int walk(struct store_reader *reader, struct messages_page *op)
{
    struct connection *connection = &reader->connection;
    sqlite3_stmt *rows = begin_behind(connection, STATEMENT_MESSAGES_BY_TIME, op, piece_of(op));
    int result = ERR_STORE, count = 0, wanted = 0;
    while (rows && wanted >= 0 && !is_full(op) &&
           (result = connection_step(connection, rows)) == 1) {
        op->at_ms = sqlite3_column_int64(rows, 0);
        op->at_id = sqlite3_column_int64(rows, 1);
        count++;
        wanted = judge(connection, op, rows);
        if (wanted == 1)
            take(op);
    }
    if (result == 1)
        sqlite3_reset(rows);
    if (result < 0 || wanted < 0)
        return ERR_STORE;
    bool is_through = is_full(op) ? !op->counts : count < piece_of(op);
    return is_through ? 0 : go_on(op, count);
}

/* Counts without looking, 0.15 us each: what is left out, and what comes behind the page. */
static int leap(struct store_reader *reader, struct messages_page *op)
{
    struct connection *connection = &reader->connection;
    int64_t left = op->skip - op->total, want = op->look_max ? WALK_SHORT : WALK_LONG;
    want = left > 0 && left < want ? left : want;
    sqlite3_stmt *row = begin_behind(connection, STATEMENT_MESSAGES_COUNT, op, want);
    if (!row || connection_step(connection, row) != 1)
        return ERR_STORE;
    int64_t count = sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
    op->total += count;
    if (count < want)
        return 0;
    row = begin_behind(connection, STATEMENT_MESSAGES_PIECE, op, want - 1);
    if (!row || connection_step(connection, row) != 1)
        return ERR_STORE;
    op->at_ms = sqlite3_column_int64(row, 0);
    op->at_id = sqlite3_column_int64(row, 1);
    sqlite3_reset(row);
    return go_on(op, count);
}

static int look(struct store_reader *reader, struct messages_page *op)
{
    bool leaps = op->counts && is_plain(op) && (op->total < op->skip || op->more);
    return leaps ? leap(reader, op) : walk(reader, op);
}

/* --- the page */

static int read_row(struct connection *connection, int64_t id, struct message_shown *ret_message)
{
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_MESSAGE_SHOW);
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, id);
    int result = connection_step(connection, row);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    *ret_message = (struct message_shown){.id = id,
                                          .account = sqlite3_column_int64(row, 0),
                                          .number = sqlite3_column_int64(row, 1),
                                          .incoming = sqlite3_column_int(row, 2) != 0,
                                          .status = (enum message_status)sqlite3_column_int(row, 3),
                                          .reason = (enum message_reason)sqlite3_column_int(row, 4),
                                          .time_ms = sqlite3_column_int64(row, 5)};
    sqlite3_reset(row);
    return 0;
}

/* One that is gone meanwhile is left out. */
static int show(struct connection *connection, struct messages_page *op, int64_t id)
{
    struct message_shown message;
    struct shown_texts texts = {0};
    int result = read_row(connection, id, &message);
    if (result < 0)
        return result == ERR_NOT_FOUND ? 0 : result;
    result = message_content(connection, id, &texts, &message.content);
    if (result == 0)
        result =
            friend_name(connection, op->tenant_id, message.number, &texts, &message.friend_name);
    if (result == 0)
        op->each(op, &message);
    message_show_done(&texts);
    return result;
}

static int read_messages_page(struct store_reader *reader, struct store_call *call)
{
    struct messages_page *op = container_of(call, struct messages_page, call);
    int result = 0;
    if (op->deadline_us != 0 && clock_mono_us() > op->deadline_us)
        return ERR_TIMEOUT;
    if (call->progress == 0)
        result = look(reader, op);
    if (result != 0)
        return result;
    call->progress = 1;
    for (; result == 0 && op->shown < op->found; op->shown++) {
        if (!reader_take(reader))
            return READER_MORE;
        result = show(&reader->connection, op, op->ids[op->shown]);
    }
    return result;
}

void store_messages_page(struct store_reader *reader, struct messages_page *op)
{
    bool is_first = op->after_id == 0;
    op->at_ms = is_first ? op->wanted.from_ms : op->after_ms;
    op->at_id = op->after_id;
    op->last_ms = op->after_ms;
    op->last_id = op->after_id;
    op->total = op->task = op->variant = 0;
    (void)number_variant(op->wanted.number, &op->variant);
    op->part = -1;
    op->more = false;
    op->looked_at = op->found = op->shown = 0;
    reader_ask(reader, &op->call, read_messages_page);
}
