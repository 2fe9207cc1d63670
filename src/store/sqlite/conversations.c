/* Conversations: pages of them, newest first, and that one was read. */
#include <stdlib.h>

#include "base/clock.h"
#include "domain/number.h"
#include "store/conversations.h"
#include "store/sqlite/message_show.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_row.h"

/* Rows that are looked at in one transaction: 0.8 ms. */
#define LOOK_PIECE 2000

/* The newest of many: what was collected is sorted and cut when there is twice as much as is wanted. */
struct newest {
    size_t most, count;
    struct conversation_key keys[];
};

/* Newest first. */
static int compare(const void *a_, const void *b_)
{
    const struct conversation_key *a = a_, *b = b_;
    if (a->last_ms != b->last_ms)
        return a->last_ms < b->last_ms ? 1 : -1;
    if (a->number != b->number)
        return a->number < b->number ? 1 : -1;
    return (a->account < b->account) - (a->account > b->account);
}

static void cut(struct newest *newest)
{
    qsort(newest->keys, newest->count, sizeof(newest->keys[0]), compare);
    if (newest->count > newest->most)
        newest->count = newest->most;
}

static void add(struct newest *newest, const struct conversation_key *key)
{
    if (newest->count == newest->most * 2)
        cut(newest);
    newest->keys[newest->count++] = *key;
}

/* The reader's, as its segment walk is. One more than is shown tells whether that is all. */
static int begin(struct store_reader *reader, const struct conversations_page *op)
{
    size_t most = (size_t)op->skip + op->limit + 1;
    struct newest *newest =
        realloc(reader->newest, sizeof(*newest) + 2 * most * sizeof(newest->keys[0]));
    if (!newest)
        return ERR_NOMEM;
    newest->most = most;
    newest->count = 0;
    reader->newest = newest;
    return 0;
}

static void look_at(struct conversations_page *op, struct newest *newest, sqlite3_stmt *row)
{
    const struct conversation_key key = {sqlite3_column_int64(row, 2), sqlite3_column_int64(row, 0),
                                         sqlite3_column_int64(row, 1)};
    op->at_number = key.number;
    op->at_account = key.account;
    if (op->unread && sqlite3_column_int64(row, 3) == 0)
        return;
    if (op->by_account && !is_of_accounts(op->accounts, op->account_count, key.account))
        return;
    op->total++;
    if (op->after.number == 0 || compare(&op->after, &key) < 0)
        add(newest, &key);
}

/* 0 all were looked at, READER_MORE, ERR_TOO_LARGE. */
static int look(struct store_reader *reader, struct conversations_page *op)
{
    struct connection *connection = &reader->connection;
    sqlite3_stmt *rows = connection_statement(connection, STATEMENT_CONVERSATIONS);
    int result, count = 0;
    if (!rows)
        return ERR_STORE;
    bind_i64(rows, 1, op->tenant_id);
    bind_i64(rows, 2, op->at_number);
    bind_i64(rows, 3, op->at_account);
    bind_i64(rows, 4, LOOK_PIECE);
    while ((result = connection_step(connection, rows)) == 1) {
        look_at(op, reader->newest, rows);
        count++;
    }
    op->looked_at += (size_t)count;
    if (result < 0)
        return ERR_STORE;
    if (count < LOOK_PIECE)
        return 0;
    return op->look_max && op->looked_at >= op->look_max ? ERR_TOO_LARGE : READER_MORE;
}

static void end_look(struct conversations_page *op, struct newest *newest)
{
    size_t end = (size_t)op->skip + op->limit;
    cut(newest);
    op->shown = (size_t)op->skip;
    op->more = newest->count > end;
    if (op->more)
        newest->count = end;
    if (newest->count > op->shown)
        op->last = newest->keys[newest->count - 1];
}

/* One that is gone meanwhile is left out. */
static int show(struct connection *connection, struct conversations_page *op,
                const struct conversation_key *key)
{
    struct shown_texts texts = {0};
    struct conversation shown = {
        .number = key->number, .account = key->account, .last_ms = key->last_ms};
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_CONVERSATION_SHOW);
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, op->tenant_id);
    bind_i64(row, 2, key->number);
    bind_i64(row, 3, key->account);
    int result = connection_step(connection, row);
    if (result != 1)
        return result < 0 ? ERR_STORE : 0;
    int64_t message = sqlite3_column_int64(row, 0);
    shown.unread = sqlite3_column_int64(row, 1);
    sqlite3_reset(row);
    result = message_content(connection, message, &texts, &shown.content);
    if (result == 0)
        result = friend_name(connection, op->tenant_id, key->number, &texts, &shown.friend_name);
    if (result == 0)
        op->each(op, &shown);
    message_show_done(&texts);
    return result;
}

static int read_conversations_page(struct store_reader *reader, struct store_call *call)
{
    struct conversations_page *op = container_of(call, struct conversations_page, call);
    if (op->deadline_us != 0 && clock_mono_us() > op->deadline_us)
        return ERR_TIMEOUT;
    int result = op->looked_at == 0 ? begin(reader, op) : 0;
    if (result == 0 && call->progress == 0)
        result = look(reader, op);
    if (result != 0)
        return result;
    if (call->progress == 0)
        end_look(op, reader->newest);
    call->progress = 1;
    for (; result == 0 && op->shown < reader->newest->count; op->shown++) {
        if (!reader_take(reader))
            return READER_MORE;
        result = show(&reader->connection, op, &reader->newest->keys[op->shown]);
    }
    return result;
}

void store_conversations_page(struct store_reader *reader, struct conversations_page *op)
{
    op->total = op->at_number = op->at_account = 0;
    op->last = op->after;
    op->more = false;
    op->looked_at = op->shown = 0;
    reader_ask(reader, &op->call, read_conversations_page);
}

/* --- read */

static int run_conversation_read(struct store *store, struct store_call *call)
{
    struct conversation_read *op = container_of(call, struct conversation_read, call);
    struct connection *connection = &store->writer.connection;
    int64_t variant = 0;
    (void)writer_take_row(&store->writer, call);
    if (TASK_RUN(connection, STATEMENT_CONVERSATION_READ, op->tenant_id, op->number, op->account) <
        0)
        return ERR_STORE;
    int64_t changed = connection_changes(connection);
    if (!number_variant(op->number, &variant))
        return changed > 0 ? 0 : ERR_NOT_FOUND;
    if (TASK_RUN(connection, STATEMENT_CONVERSATION_READ, op->tenant_id, variant, op->account) < 0)
        return ERR_STORE;
    return changed + connection_changes(connection) > 0 ? 0 : ERR_NOT_FOUND;
}

void store_conversation_read(struct store *store, struct conversation_read *op)
{
    writer_post(store, &op->call, 2, run_conversation_read);
}
