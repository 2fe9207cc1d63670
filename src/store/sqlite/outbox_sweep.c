/* The sweep of the outbox: a walk over all events from the oldest on, in pieces, as far as they may be over
 * their time; to the end when URLs were removed, whose deliveries may be anywhere. */
#include "base/log.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/store_sqlite.h"
#include "store/webhooks.h"

#define DAY_MS  INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
/* Events of a piece, and of their deliveries so many at most: some 3 ms. */
#define PIECE_EVENTS     250
#define PIECE_DELIVERIES 500

struct swept {
    int64_t id, webhook, key;
    bool promotes; /* it was pending at a URL that is there */
};

struct piece {
    int64_t from, to; /* events behind the first, up to the second */
    bool last;        /* of the walk */
    bool has_old;     /* events that may be over their time */
    struct swept rows[PIECE_DELIVERIES];
    size_t count;
};

static bool is_over(const struct store *store, enum delivery_state state, int64_t time_ms)
{
    int64_t days = state == DELIVERY_DONE ? store->settings.webhook_days : WEBHOOK_KEPT_DAYS;
    return time_ms < store->settings.clock_ms() - days * DAY_MS;
}

static void judge_row(struct store *store, struct piece *piece, sqlite3_stmt *row)
{
    enum delivery_state state = (enum delivery_state)sqlite3_column_int(row, 3);
    int64_t time_ms = sqlite3_column_int64(row, 4);
    bool gone = sqlite3_column_type(row, 5) == SQLITE_NULL;
    piece->has_old = piece->has_old || is_over(store, DELIVERY_DONE, time_ms);
    if (!gone && !is_over(store, state, time_ms))
        return;
    piece->rows[piece->count++] = (struct swept){
        .id = sqlite3_column_int64(row, 0),
        .webhook = sqlite3_column_int64(row, 1),
        .key = sqlite3_column_int64(row, 2),
        .promotes = !gone && state <= DELIVERY_WAITING,
    };
}

static int cut_piece(struct connection *connection, struct piece *piece)
{
    sqlite3_stmt *cut = connection_statement(connection, STATEMENT_SWEEP_PIECE);
    if (!cut)
        return ERR_STORE;
    bind_i64(cut, 1, piece->from);
    bind_i64(cut, 2, PIECE_EVENTS - 1);
    int result = connection_step(connection, cut);
    piece->last = result == 0;
    piece->to = result == 1 ? sqlite3_column_int64(cut, 0) : INT64_MAX;
    sqlite3_reset(cut);
    return result < 0 ? ERR_STORE : 0;
}

/* Fills piece->rows. When there are more deliveries than it takes, the piece ends before the event that it
 * did not see whole. */
static int list_piece(struct store *store, struct piece *piece)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *list = connection_statement(connection, STATEMENT_SWEEP_LIST);
    int64_t id = 0;
    int result, seen = 0;
    if (!list)
        return ERR_STORE;
    bind_i64(list, 1, piece->from);
    bind_i64(list, 2, piece->to);
    bind_i64(list, 3, PIECE_DELIVERIES);
    while ((result = connection_step(connection, list)) == 1) {
        id = sqlite3_column_int64(list, 0);
        judge_row(store, piece, list);
        seen++;
    }
    if (seen == PIECE_DELIVERIES) {
        piece->to = id / EVENT_DELIVERIES - 1;
        piece->last = false;
        while (piece->count > 0 && piece->rows[piece->count - 1].id / EVENT_DELIVERIES > piece->to)
            piece->count--;
    }
    return result < 0 ? ERR_STORE : 0;
}

_Static_assert(PIECE_DELIVERIES > 2 * EVENT_DELIVERIES, "each piece gets somewhere");

/* --- deleting */

static int delete_row(struct store *store, const struct swept *row)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *delete = connection_statement(connection, STATEMENT_SWEEP_DELIVERY);
    if (!delete)
        return ERR_STORE;
    bind_i64(delete, 1, row->id);
    if (connection_step(connection, delete) < 0)
        return ERR_STORE;
    store->writer.group_rows++;
    if (!row->promotes)
        return 0;
    store->writer.outbox_walk.dropped++;
    return outbox_promote(connection, row->webhook, row->key, store->settings.clock_ms());
}

static int delete_piece(struct store *store, const struct piece *piece)
{
    struct connection *connection = &store->writer.connection;
    int result = 0;
    for (size_t i = 0; result >= 0 && i < piece->count; i++)
        result = delete_row(store, &piece->rows[i]);
    sqlite3_stmt *events = connection_statement(connection, STATEMENT_SWEEP_EVENTS);
    if (result < 0 || piece->count == 0 || !events)
        return result < 0 || events ? result : ERR_STORE;
    bind_i64(events, 1, piece->from);
    bind_i64(events, 2, piece->to);
    return connection_step(connection, events) < 0 ? ERR_STORE : 0;
}

/* --- the walk */

static int begin_walk(struct store *store)
{
    struct outbox_walk *walk = &store->writer.outbox_walk;
    int64_t removed;
    if (connection_look(&store->writer.connection, STATEMENT_SWEEP_REMOVED, 0, &removed) < 0)
        return ERR_STORE;
    *walk = (struct outbox_walk){.begun_ms = store->settings.clock_ms(), .whole = removed != 0};
    return 0;
}

/* The engine has heard of URLs that went an hour ago, and nothing of theirs is left. */
static int end_walk(struct store *store)
{
    struct connection *connection = &store->writer.connection;
    struct outbox_walk *walk = &store->writer.outbox_walk;
    sqlite3_stmt *forget = connection_statement(connection, STATEMENT_SWEEP_WEBHOOKS);
    int64_t before_ms = walk->begun_ms - HOUR_MS;
    walk->begun_ms = 0;
    if (walk->dropped > 0) {
        atomic_fetch_add(&store->writer.events_dropped, walk->dropped);
        log_line(LOG_WARNING, "webhooks: %llu deliveries dropped: pending for more than %d days",
                 (unsigned long long)walk->dropped, WEBHOOK_KEPT_DAYS);
    }
    if (!forget || !walk->whole)
        return forget ? 0 : ERR_STORE;
    bind_i64(forget, 1, before_ms);
    return connection_step(connection, forget) < 0 ? ERR_STORE : 0;
}

int outbox_sweep(struct store *store)
{
    struct outbox_walk *walk = &store->writer.outbox_walk;
    struct piece *piece = arena_calloc(&store->writer.arena, 1, sizeof(*piece));
    if (!piece || (walk->begun_ms == 0 && begin_walk(store) < 0))
        return piece ? ERR_STORE : ERR_NOMEM;
    piece->from = walk->at;
    int result = cut_piece(&store->writer.connection, piece);
    if (result == 0)
        result = list_piece(store, piece);
    if (result == 0)
        result = delete_piece(store, piece);
    if (result < 0)
        return result;
    walk->at = piece->to;
    if (!piece->last && (walk->whole || piece->has_old))
        return WRITER_MORE;
    return end_walk(store);
}
