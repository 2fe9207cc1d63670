/* Pages of deliveries, for people: a walk over what a tenant has, from the newest on. */
#include "base/clock.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/store_sqlite.h"
#include "store/webhooks.h"

/* Rows looked at in one transaction, some 1 us each. */
#define PIECE_ROWS 1000

static bool is_wanted(const struct deliveries_page *op, sqlite3_stmt *row)
{
    int state = sqlite3_column_int(row, 4);
    if (state == DELIVERY_WAITING)
        state = DELIVERY_READY;
    return (op->webhook == 0 || sqlite3_column_int64(row, 1) == op->webhook) &&
           (op->type < 0 || sqlite3_column_int(row, 2) == op->type) &&
           (op->state < 0 || state == op->state);
}

static void show(struct deliveries_page *op, sqlite3_stmt *row)
{
    const struct delivery_entry entry = {.event = op->at / EVENT_DELIVERIES,
                                         .webhook = sqlite3_column_int64(row, 1),
                                         .type = (enum event_type)sqlite3_column_int(row, 2),
                                         .url = column_str(row, 3),
                                         .state = (enum delivery_state)sqlite3_column_int(row, 4),
                                         .tries = sqlite3_column_int(row, 5),
                                         .last_status = sqlite3_column_int(row, 6),
                                         .last_error = column_str(row, 7),
                                         .next_ms = sqlite3_column_int64(row, 8),
                                         .time_ms = sqlite3_column_int64(row, 9)};
    op->each(op, &entry);
    op->shown++;
}

/* How many rows there were; those that are wanted are counted, and shown when they are the page's. */
static int read_piece(struct connection *connection, struct deliveries_page *op)
{
    sqlite3_stmt *row = connection_statement(connection, op->state == DELIVERY_PARKED
                                                             ? STATEMENT_DELIVERY_WALK_PARKED
                                                             : STATEMENT_DELIVERY_WALK);
    int result, seen = 0;
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, op->tenant_id);
    bind_i64(row, 2, op->at);
    bind_i64(row, 3, PIECE_ROWS);
    while ((result = connection_step(connection, row)) == 1) {
        op->at = sqlite3_column_int64(row, 0);
        seen++;
        if (!is_wanted(op, row) || op->total == DELIVERIES_COUNT_MAX)
            continue;
        if (op->total++ >= op->skip && op->shown < op->limit)
            show(op, row);
    }
    return result < 0 ? ERR_STORE : seen;
}

static int read_deliveries_page(struct store_reader *reader, struct store_call *call)
{
    struct deliveries_page *op = container_of(call, struct deliveries_page, call);
    if (call->progress == 0) {
        op->at = INT64_MAX;
        op->total = 0;
        op->shown = 0;
    }
    call->progress++;
    int seen = read_piece(&reader->connection, op);
    if (seen < PIECE_ROWS || op->total == DELIVERIES_COUNT_MAX)
        return seen < 0 ? seen : 0;
    bool late = op->deadline_us != 0 && clock_mono_us() > op->deadline_us;
    return late ? ERR_TIMEOUT : READER_MORE;
}

void store_deliveries_page(struct store_reader *reader, struct deliveries_page *op)
{
    reader_ask(reader, &op->call, read_deliveries_page);
}
