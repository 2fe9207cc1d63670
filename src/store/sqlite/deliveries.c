/* Deliveries, for the engine: which are due, and what became of them. */
#include "store/sqlite/outbox.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/store_sqlite.h"
#include "store/webhooks.h"

/* --- reading */

static int read_fresh(struct connection *connection, struct deliveries_fresh *op)
{
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_DELIVERIES_FRESH);
    int result, seen = 0;
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, op->after);
    bind_i64(row, 2, DELIVERIES_FRESH_MAX);
    while ((result = connection_step(connection, row)) == 1) {
        op->after = sqlite3_column_int64(row, 0);
        if (sqlite3_column_int(row, 2) == DELIVERY_READY)
            op->each(op, sqlite3_column_int64(row, 1));
        seen++;
    }
    op->more = seen == DELIVERIES_FRESH_MAX;
    return result < 0 ? ERR_STORE : 0;
}

static int read_deliveries_fresh(struct store_reader *reader, struct store_call *call)
{
    struct deliveries_fresh *op = container_of(call, struct deliveries_fresh, call);
    op->more = false;
    return op->after > 0
               ? read_fresh(&reader->connection, op)
               : connection_look(&reader->connection, STATEMENT_DELIVERY_NEWEST, 0, &op->after);
}

void store_deliveries_fresh(struct store_reader *reader, struct deliveries_fresh *op)
{
    reader_ask(reader, &op->call, read_deliveries_fresh);
}

static void show_next(struct deliveries_next *op, sqlite3_stmt *row)
{
    const struct delivery delivery = {.id = sqlite3_column_int64(row, 0),
                                      .event = sqlite3_column_int64(row, 3),
                                      .webhook = op->webhook,
                                      .tenant_id = sqlite3_column_int64(row, 4),
                                      .type = (enum event_type)sqlite3_column_int(row, 5),
                                      .time_ms = sqlite3_column_int64(row, 6),
                                      .tries = sqlite3_column_int(row, 2),
                                      .next_ms = sqlite3_column_int64(row, 1),
                                      .data = column_str(row, 7)};
    op->each(op, &delivery);
}

/* One piece: `limit` is small. */
static int read_deliveries_next(struct store_reader *reader, struct store_call *call)
{
    struct deliveries_next *op = container_of(call, struct deliveries_next, call);
    sqlite3_stmt *row = connection_statement(&reader->connection, STATEMENT_DELIVERIES_NEXT);
    size_t shown = 0;
    int result;
    op->next_ms = 0;
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, op->webhook);
    bind_i64(row, 2, op->after_ms);
    bind_i64(row, 3, op->after_id);
    bind_i64(row, 4, (int64_t)op->limit + 1);
    while ((result = connection_step(&reader->connection, row)) == 1) {
        if (shown == op->limit || sqlite3_column_int64(row, 1) > op->until_ms) {
            op->next_ms = sqlite3_column_int64(row, 1);
            break;
        }
        show_next(op, row);
        shown++;
    }
    sqlite3_reset(row);
    return result < 0 ? ERR_STORE : (int)shown;
}

void store_deliveries_next(struct store_reader *reader, struct deliveries_next *op)
{
    reader_ask(reader, &op->call, read_deliveries_next);
}

/* --- what became of them */

/* The key of a delivery of the URL that is READY; ERR_NOT_FOUND: it is no longer so. */
static int find_key(struct connection *connection, const struct delivery_result *result,
                    int64_t *ret_key)
{
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_DELIVERY_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, result->delivery);
    int found = connection_step(connection, find);
    if (found < 0)
        return ERR_STORE;
    bool good = found == 1 && sqlite3_column_int64(find, 0) == result->webhook &&
                sqlite3_column_int(find, 2) == DELIVERY_READY;
    *ret_key = good ? sqlite3_column_int64(find, 1) : 0;
    sqlite3_reset(find);
    return good ? 0 : ERR_NOT_FOUND;
}

static int write_result(struct connection *connection, const struct delivery_result *result)
{
    sqlite3_stmt *tried = connection_statement(connection, STATEMENT_DELIVERY_TRIED);
    if (!tried)
        return ERR_STORE;
    bind_i64(tried, 1, result->delivery);
    bind_i64(tried, 2, result->state);
    bind_i64(tried, 3, result->next_ms);
    bind_i64_or_null(tried, 4, result->http_status);
    bind_str_or_null(tried, 5, result->error);
    return connection_step(connection, tried) < 0 ? ERR_STORE : 0;
}

static int write_webhook(struct connection *connection, enum statement id, int64_t webhook,
                         int64_t now_ms)
{
    sqlite3_stmt *statement = connection_statement(connection, id);
    if (!statement)
        return ERR_STORE;
    bind_i64(statement, 1, webhook);
    if (id == STATEMENT_WEBHOOK_FAILS)
        bind_i64(statement, 2, now_ms);
    return connection_step(connection, statement) < 0 ? ERR_STORE : 0;
}

/* The URL's state: what it answered last. */
static int note_webhook(struct store *store, const struct delivery_result *result, int64_t now_ms)
{
    struct connection *connection = &store->writer.connection;
    enum statement id =
        result->state == DELIVERY_DONE ? STATEMENT_WEBHOOK_WORKS : STATEMENT_WEBHOOK_FAILS;
    if (write_webhook(connection, id, result->webhook, now_ms) < 0)
        return ERR_STORE;
    if (!result->gone)
        return 0;
    store->writer.tenants_changed = true;
    return write_webhook(connection, STATEMENT_WEBHOOK_OFF, result->webhook, now_ms);
}

static int finish_one(struct store *store, struct deliveries_finish *op,
                      struct delivery_result *result)
{
    struct connection *connection = &store->writer.connection;
    int64_t key;
    int found = find_key(connection, result, &key);
    result->unknown = found == ERR_NOT_FOUND;
    if (found < 0)
        return found == ERR_NOT_FOUND ? 0 : found;
    if (write_result(connection, result) < 0 || note_webhook(store, result, op->now_ms) < 0)
        return ERR_STORE;
    if (result->state == DELIVERY_READY)
        return 0;
    int woken = outbox_promote(connection, result->webhook, key, op->now_ms);
    op->woken = op->woken || woken == 1;
    return woken < 0 ? woken : 0;
}

static int run_deliveries_finish(struct store *store, struct store_call *call)
{
    struct deliveries_finish *op = container_of(call, struct deliveries_finish, call);
    int result = 0;
    op->woken = false;
    for (size_t i = 0; result == 0 && i < op->count; i++) {
        (void)writer_take_row(&store->writer, call);
        result = finish_one(store, op, &op->results[i]);
    }
    return result;
}

void store_deliveries_finish(struct store *store, struct deliveries_finish *op)
{
    writer_post(store, &op->call, op->count, run_deliveries_finish);
}
