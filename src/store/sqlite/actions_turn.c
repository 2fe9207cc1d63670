/* Actions, as the engine sees them: due, handed out, failed; and taken over by a listener that comes again. */
#include <string.h>

#include "store/actions.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/store_sqlite.h"

_Static_assert(ACTIONS_TURN_MAX <= WRITER_LIGHT_ROWS, "a turn is a light command");

/* --- due */

static struct action_due due_of(sqlite3_stmt *row)
{
    return (struct action_due){.action = sqlite3_column_int64(row, 0),
                               .agent = sqlite3_column_int64(row, 1),
                               .due_ms = sqlite3_column_int64(row, 2),
                               .handed_ms = sqlite3_column_int64(row, 3)};
}

static int read_actions_due(struct store_reader *reader, struct store_call *call)
{
    struct actions_due *op = container_of(call, struct actions_due, call);
    sqlite3_stmt *row = connection_statement(&reader->connection, STATEMENT_ACTIONS_DUE);
    int result, shown = 0;
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, op->after_ms);
    bind_i64(row, 2, op->after_id);
    bind_i64(row, 3, op->until_ms);
    bind_i64(row, 4, (int64_t)op->limit);
    while ((result = connection_step(&reader->connection, row)) == 1) {
        struct action_due due = due_of(row);
        op->each(op, &due);
        shown++;
    }
    return result < 0 ? ERR_STORE : shown;
}

void store_actions_due(struct store_reader *reader, struct actions_due *op)
{
    reader_ask(reader, &op->call, read_actions_due);
}

static int read_fresh(struct connection *connection, struct actions_fresh *op)
{
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_ACTIONS_FRESH);
    int result, seen = 0;
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, op->after);
    bind_i64(row, 2, ACTIONS_FRESH_MAX);
    while ((result = connection_step(connection, row)) == 1) {
        struct action_due due = due_of(row);
        op->after = due.action;
        if (due.due_ms <= op->until_ms && sqlite3_column_int(row, 4) == ACTION_WAITING)
            op->each(op, &due);
        seen++;
    }
    op->more = seen == ACTIONS_FRESH_MAX;
    return result < 0 ? ERR_STORE : 0;
}

static int read_actions_fresh(struct store_reader *reader, struct store_call *call)
{
    struct actions_fresh *op = container_of(call, struct actions_fresh, call);
    op->more = false;
    if (op->after > 0)
        return read_fresh(&reader->connection, op);
    int result = connection_look(&reader->connection, STATEMENT_ACTION_NEWEST, 0, &op->after);
    return result == ERR_NOT_FOUND ? 0 : result;
}

void store_actions_fresh(struct store_reader *reader, struct actions_fresh *op)
{
    reader_ask(reader, &op->call, read_actions_fresh);
}

/* --- a turn */

/* The row's columns from `first` on; content stays in the row. */
static struct action_event event_of(sqlite3_stmt *row, int first)
{
    struct action_event event = {.account = sqlite3_column_int64(row, first + 1),
                                 .number = sqlite3_column_int64(row, first + 2),
                                 .content = column_str(row, first + 3)};
    struct str token = column_str(row, first);
    if (token.len == sizeof(event.id.bytes))
        memcpy(event.id.bytes, token.p, token.len);
    return event;
}

/* Until the turn's end a content is an offset: the text may move as it grows. */
static void keep_event(struct actions_turn *op, struct action_item *item, sqlite3_stmt *row)
{
    size_t at = op->text.len;
    item->event = event_of(row, 0);
    buf_add_str(&op->text, item->event.content);
    item->event.content = (struct str){NULL, op->text.len - at};
}

static void place_contents(struct actions_turn *op)
{
    size_t at = 0;
    for (size_t i = 0; i < op->count; i++) {
        struct str *content = &op->items[i].event.content;
        content->p = op->text.data ? op->text.data + at : NULL;
        at += content->len;
    }
}

/* Why nothing was changed. */
static int judge(struct connection *connection, struct action_item *item)
{
    int64_t status;
    int result = connection_look(connection, STATEMENT_ACTION_STATUS, item->action, &status);
    if (result < 0 && result != ERR_NOT_FOUND)
        return ERR_STORE;
    item->verdict = result == 0 && status == ACTION_WAITING ? ACTION_HELD : ACTION_OVER;
    return 0;
}

static int hand(struct connection *connection, struct actions_turn *op, struct action_item *item)
{
    sqlite3_stmt *hand = connection_statement(connection, STATEMENT_ACTION_HAND);
    if (!hand)
        return ERR_STORE;
    bind_i64(hand, 1, item->action);
    bind_i64(hand, 2, op->now_ms);
    bind_i64(hand, 3, item->listener);
    bind_i64(hand, 4, item->order);
    int result = connection_step(connection, hand);
    if (result != 1)
        return result < 0 ? ERR_STORE : judge(connection, item);
    item->verdict = ACTION_TAKEN;
    keep_event(op, item, hand);
    return connection_step(connection, hand) < 0 ? ERR_STORE : 0;
}

static int change(struct connection *connection, struct actions_turn *op, struct action_item *item)
{
    bool fails = item->step == ACTION_FAIL;
    sqlite3_stmt *change =
        connection_statement(connection, fails ? STATEMENT_ACTION_FAIL : STATEMENT_ACTION_RETURN);
    if (!change)
        return ERR_STORE;
    bind_i64(change, 1, item->action);
    if (fails) {
        bind_str_or_null(change, 2, item->reason);
        bind_i64(change, 3, op->now_ms);
    } else {
        bind_i64(change, 2, item->listener);
    }
    if (connection_step(connection, change) < 0)
        return ERR_STORE;
    item->verdict = ACTION_TAKEN;
    return connection_changes(connection) == 1 ? 0 : judge(connection, item);
}

static int run_actions_turn(struct store *store, struct store_call *call)
{
    struct actions_turn *op = container_of(call, struct actions_turn, call);
    struct connection *connection = &store->writer.connection;
    int result = 0;
    buf_clear(&op->text);
    for (size_t i = 0; result == 0 && i < op->count; i++) {
        struct action_item *item = &op->items[i];
        (void)writer_take_row(&store->writer, call);
        item->event = (struct action_event){0};
        result =
            item->step == ACTION_HAND ? hand(connection, op, item) : change(connection, op, item);
    }
    place_contents(op);
    return result == 0 && op->text.failed ? ERR_NOMEM : result;
}

void store_actions_turn(struct store *store, struct actions_turn *op)
{
    writer_post(store, &op->call, op->count, run_actions_turn);
}

/* --- a listener that comes again */

/* Who was handed the action that was seen last; *ret_behind is its place. */
static int find_session(struct connection *connection, struct actions_take *op, int64_t *ret_behind)
{
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_ACTION_LISTENER);
    if (!row)
        return ERR_STORE;
    bind_blob_or_null(row, 1, op->last.bytes, sizeof(op->last.bytes));
    bind_i64(row, 2, op->tenant_id);
    bind_i64(row, 3, op->agent);
    int result = connection_step(connection, row);
    if (result == 1) {
        *ret_behind = sqlite3_column_int64(row, 0);
        op->session = sqlite3_column_int64(row, 1) >> ACTION_STREAM_BITS;
        sqlite3_reset(row);
    }
    return result < 0 ? ERR_STORE : 0;
}

static sqlite3_stmt *begin_take(struct connection *connection, enum statement id,
                                const struct actions_take *op)
{
    sqlite3_stmt *statement = connection_statement(connection, id);
    if (!statement)
        return NULL;
    bind_i64(statement, 1, action_listener(op->session, 0));
    bind_i64(statement, 2, action_listener(op->session, ACTION_STREAM_MAX));
    bind_i64(statement, 3, op->tenant_id);
    bind_i64(statement, 4, op->agent);
    return statement;
}

static int list(struct connection *connection, struct actions_take *op, int64_t behind)
{
    sqlite3_stmt *row = begin_take(connection, STATEMENT_ACTIONS_TAKE_LIST, op);
    int result;
    if (!row)
        return ERR_STORE;
    bind_i64(row, 5, behind);
    bind_i64(row, 6, op->after_ms);
    bind_i64(row, 7, ACTIONS_TAKE_MAX);
    while ((result = connection_step(connection, row)) == 1) {
        struct action_event event = event_of(row, 0);
        op->each(op, &event);
    }
    return result < 0 ? ERR_STORE : 0;
}

static int take(struct connection *connection, const struct actions_take *op)
{
    sqlite3_stmt *take = begin_take(connection, STATEMENT_ACTIONS_TAKE, op);
    if (!take)
        return ERR_STORE;
    bind_i64(take, 5, action_listener(op->session, op->stream));
    return connection_step(connection, take) < 0 ? ERR_STORE : 0;
}

static int run_actions_take(struct store *store, struct store_call *call)
{
    struct actions_take *op = container_of(call, struct actions_take, call);
    struct connection *connection = &store->writer.connection;
    int64_t behind = 0;
    (void)writer_take_rows(&store->writer, call, ACTIONS_TAKE_MAX);
    int result = op->session == 0 ? find_session(connection, op, &behind) : 0;
    if (result < 0 || op->session == 0)
        return result;
    result = list(connection, op, behind);
    return result < 0 ? result : take(connection, op);
}

void store_actions_take(struct store *store, struct actions_take *op)
{
    writer_post(store, &op->call, ACTIONS_TAKE_MAX, run_actions_take);
}
