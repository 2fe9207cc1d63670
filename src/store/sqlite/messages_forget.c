/* Forgetting messages that are older than the store's settings say. */
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_remove.h"
#include "store/sqlite/task_row.h"
#include "store/sqlite/turn.h"

#define DAY_MS INT64_C(86400000)
/* OUTSIDE_OLDEST shows so many. */
#define PIECE_ROWS 250

/* --- tasks: what is over for long becomes one that was never made, which the sweep of those takes away */

/* 0 there are no more, WRITER_MORE. */
static int unmake(struct connection *connection, int64_t before_ms)
{
    int64_t id;
    int result = connection_look(connection, STATEMENT_TASK_EXPIRED, before_ms, &id);
    if (result < 0)
        return result == ERR_NOT_FOUND ? 0 : result;
    return TASK_RUN(connection, STATEMENT_TASK_UNMAKE, id) < 0 ? ERR_STORE : WRITER_MORE;
}

/* --- messages outside tasks: ids ascend with time, so that only the front is looked at */

struct piece {
    int64_t ids[PIECE_ROWS];
    bool goes[PIECE_ROWS];
    size_t count;
    bool is_last; /* behind it nothing is old */
};

/* What waits to be sent, or is under way, stays whatever its age. */
static bool is_over(int status)
{
    return status == MESSAGE_FAILED || (status >= MESSAGE_SENT && status != MESSAGE_RETRY);
}

static int list(struct connection *connection, int64_t after, int64_t before_ms,
                struct piece *piece)
{
    sqlite3_stmt *oldest = connection_statement(connection, STATEMENT_OUTSIDE_OLDEST);
    int result = ERR_STORE;
    if (!oldest)
        return ERR_STORE;
    bind_i64(oldest, 1, after);
    while ((result = connection_step(connection, oldest)) == 1 &&
           sqlite3_column_int64(oldest, 2) < before_ms) {
        piece->ids[piece->count] = sqlite3_column_int64(oldest, 0);
        piece->goes[piece->count++] = is_over(sqlite3_column_int(oldest, 1));
    }
    sqlite3_reset(oldest);
    piece->is_last = piece->count < PIECE_ROWS;
    return result < 0 ? ERR_STORE : 0;
}

/* In runs of those that go. Returns how many went. */
static int delete_runs(struct connection *connection, const struct piece *piece)
{
    int deleted = 0;
    for (size_t i = 0, end; i < piece->count; i = end) {
        for (end = i + 1; end < piece->count && piece->goes[end] == piece->goes[i]; end++)
            continue;
        int result = piece->goes[i]
                         ? messages_delete(connection, piece->ids[i], piece->ids[end - 1] + 1)
                         : 0;
        if (result < 0)
            return result;
        deleted += result;
    }
    return deleted;
}

static int forget_outside(struct writer *writer, int64_t before_ms)
{
    struct piece piece = {.count = 0};
    int result = list(&writer->connection, writer->forgotten_to, before_ms, &piece);
    if (result == 0)
        result = delete_runs(&writer->connection, &piece);
    if (result < 0)
        return result;
    writer->group_rows += piece.count;
    atomic_fetch_add(&writer->messages_forgotten, (uint64_t)result);
    writer->forgotten_to = piece.is_last ? 0 : piece.ids[piece.count - 1];
    return piece.is_last ? 0 : WRITER_MORE;
}

int messages_forget(struct store *store)
{
    struct writer *writer = &store->writer;
    int64_t before_ms = store->settings.clock_ms() - store->settings.message_days * DAY_MS;
    if (store->settings.message_days == 0)
        return 0;
    int result = tasks_sweep(store);
    if (result == 0)
        result = unmake(&writer->connection, before_ms);
    return result == 0 ? forget_outside(writer, before_ms) : result;
}
