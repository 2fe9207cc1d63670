/* Replays: deliveries that are over are tried again, behind what is pending of their key. */
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/outbox.h"
#include "store/sqlite/store_sqlite.h"
#include "store/webhooks.h"

/* Events looked at by one statement. Each may have a delivery that is written. */
#define STEP_EVENTS 50

struct replayed {
    int64_t id, webhook, key;
};

/* The deliveries that `list` names, into the arena: what is read and written at once is the same table. */
static int list_rows(struct store *store, sqlite3_stmt *list, struct replayed **ret_rows)
{
    struct connection *connection = &store->writer.connection;
    struct replayed *rows =
        arena_calloc(&store->writer.arena, EVENT_DELIVERIES, sizeof(struct replayed));
    int result, count = 0;
    while (rows && (result = connection_step(connection, list)) == 1 && count < EVENT_DELIVERIES)
        rows[count++] = (struct replayed){.id = sqlite3_column_int64(list, 0),
                                          .webhook = sqlite3_column_int64(list, 1),
                                          .key = sqlite3_column_int64(list, 2)};
    sqlite3_reset(list);
    if (!rows)
        return ERR_NOMEM;
    *ret_rows = rows;
    return result < 0 ? ERR_STORE : count;
}

_Static_assert(STEP_EVENTS <= EVENT_DELIVERIES, "a step's deliveries have room");

static int replay_one(struct store *store, const struct deliveries_replay *op,
                      const struct replayed *row)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *replay = connection_statement(connection, STATEMENT_DELIVERY_REPLAY);
    if (!replay)
        return ERR_STORE;
    bind_i64(replay, 1, row->id);
    bind_i64(replay, 2, op->place);
    bind_i64(replay, 3, op->now_ms);
    bind_i64(replay, 4, row->webhook);
    bind_i64(replay, 5, row->key);
    return connection_step(connection, replay) < 0 ? ERR_STORE : 0;
}

static int replay_rows(struct store *store, struct deliveries_replay *op, sqlite3_stmt *list)
{
    struct replayed *rows;
    int64_t woken = 0;
    int result = 0, count = list_rows(store, list, &rows);
    for (int i = 0; result == 0 && i < count; i++) {
        result = replay_one(store, op, &rows[i]);
        if (result == 0 && rows[i].webhook != woken)
            result = webhook_touch(store, rows[i].webhook);
        woken = rows[i].webhook;
    }
    op->replayed += count > 0 ? count : 0;
    return count < 0 ? count : result;
}

/* --- events by their ids */

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int replay_event(struct store *store, struct deliveries_replay *op, int64_t event)
{
    sqlite3_stmt *list = connection_statement(&store->writer.connection, STATEMENT_REPLAY_EVENT);
    if (!list)
        return ERR_STORE;
    bind_i64(list, 1, op->tenant_id);
    bind_i64(list, 2, event);
    return replay_rows(store, op, list);
}

/* Ascending, so that the first of a key is the oldest. */
static int replay_events(struct store *store, struct deliveries_replay *op)
{
    struct store_call *call = &op->call;
    int64_t *events = arena_calloc(&store->writer.arena, op->count, sizeof(*events));
    int result = events ? 0 : ERR_NOMEM;
    if (events) {
        memcpy(events, op->events, op->count * sizeof(*events));
        qsort(events, op->count, sizeof(*events), by_number);
    }
    while (result == 0 && call->progress < op->count) {
        if (!writer_take_rows(&store->writer, call, 2))
            return WRITER_MORE;
        size_t at = call->progress++;
        if (at == 0 || events[at] != events[at - 1])
            result = replay_event(store, op, events[at]);
    }
    return result;
}

/* --- a span of time */

/* The last event of the step behind `from`; INT64_MAX: that is the end. */
static int cut_step(struct connection *connection, const struct deliveries_replay *op,
                    int64_t *ret_to)
{
    sqlite3_stmt *piece = connection_statement(connection, STATEMENT_EVENT_PIECE);
    if (!piece)
        return ERR_STORE;
    bind_i64(piece, 1, op->tenant_id);
    bind_i64(piece, 2, op->at);
    bind_i64(piece, 3, STEP_EVENTS - 1);
    int result = connection_step(connection, piece);
    *ret_to = result == 1 ? sqlite3_column_int64(piece, 0) : INT64_MAX;
    sqlite3_reset(piece);
    return result < 0 ? ERR_STORE : 0;
}

static int replay_step(struct store *store, struct deliveries_replay *op)
{
    int64_t to;
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *list = connection_statement(connection, STATEMENT_REPLAY_SPAN);
    if (!list || cut_step(connection, op, &to) < 0)
        return ERR_STORE;
    bind_i64(list, 1, op->tenant_id);
    bind_i64(list, 2, op->at);
    bind_i64(list, 3, to);
    bind_i64(list, 4, op->from_ms);
    bind_i64(list, 5, op->to_ms);
    bind_i64(list, 6, op->webhook);
    op->at = to;
    return replay_rows(store, op, list);
}

static int find_webhook(struct connection *connection, const struct deliveries_replay *op)
{
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_WEBHOOK_EXISTS);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, op->tenant_id);
    bind_i64(find, 2, op->webhook);
    int result = connection_step(connection, find);
    sqlite3_reset(find);
    return result < 0 ? ERR_STORE : result == 1 ? 0 : ERR_NOT_FOUND;
}

static int replay_span(struct store *store, struct deliveries_replay *op)
{
    struct writer *writer = &store->writer;
    int result = find_webhook(&writer->connection, op);
    while (result == 0 && op->at < INT64_MAX) {
        if (!writer_take_rows(writer, &op->call, STEP_EVENTS))
            return WRITER_MORE;
        result = replay_step(store, op);
    }
    return result;
}

/* --- the verb */

/* All of it goes behind what is there when it begins, in the order of the events. */
static int begin(struct store *store, struct deliveries_replay *op)
{
    int64_t number;
    op->at = 0;
    op->replayed = 0;
    int result = tenant_check(&store->writer.connection, op->tenant_id);
    if (result == 0)
        result = outbox_number(&store->writer.connection, &number);
    if (result == 0)
        op->place = number * EVENT_DELIVERIES;
    return result;
}

static int run_deliveries_replay(struct store *store, struct store_call *call)
{
    struct deliveries_replay *op = container_of(call, struct deliveries_replay, call);
    int result = call->begun ? 0 : begin(store, op);
    if (result == 0)
        result = op->count > 0 ? replay_events(store, op) : replay_span(store, op);
    return result == 0 ? (int)op->replayed : result;
}

void store_deliveries_replay(struct store *store, struct deliveries_replay *op)
{
    writer_post(store, &op->call, SIZE_MAX, run_deliveries_replay);
}
