#include "store/sqlite/history.h"

#include "store/sqlite/store_sqlite.h"

#define DAY_MS INT64_C(86400000)
/* HISTORY_OLDEST shows so many. */
#define SWEEP_ROWS 250

int history_add(struct connection *connection, const struct history_change *change)
{
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_HISTORY_INSERT);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, change->tenant_id);
    bind_i64(insert, 2, change->number);
    bind_i64(insert, 3, change->time_ms);
    bind_i64(insert, 4, change->field);
    bind_str(insert, 5, change->from);
    bind_str(insert, 6, change->to);
    bind_str(insert, 7, change->cause);
    return connection_step(connection, insert) < 0 ? ERR_STORE : 0;
}

/* The last of the oldest rows that is over its time; 0: none. *ret_count: how many are. */
static int last_expired(struct connection *connection, int64_t before_ms, int64_t *ret_id,
                        size_t *ret_count)
{
    sqlite3_stmt *oldest = connection_statement(connection, STATEMENT_HISTORY_OLDEST);
    int result = ERR_STORE;
    *ret_id = 0;
    *ret_count = 0;
    while (oldest && (result = connection_step(connection, oldest)) == 1 &&
           sqlite3_column_int64(oldest, 1) < before_ms) {
        *ret_id = sqlite3_column_int64(oldest, 0);
        ++*ret_count;
    }
    sqlite3_reset(oldest);
    return result < 0 ? ERR_STORE : 0;
}

/* Ids ascend with time: only the front is looked at. */
int history_sweep(struct store *store)
{
    struct connection *connection = &store->writer.connection;
    int64_t id, before_ms = store->settings.clock_ms() - store->settings.history_days * DAY_MS;
    size_t count;
    if (store->settings.history_days == 0)
        return 0;
    int result = last_expired(connection, before_ms, &id, &count);
    if (result < 0 || id == 0)
        return result;
    sqlite3_stmt *forget = connection_statement(connection, STATEMENT_HISTORY_FORGET);
    if (!forget)
        return ERR_STORE;
    bind_i64(forget, 1, id);
    if (connection_step(connection, forget) < 0)
        return ERR_STORE;
    store->writer.group_rows += count;
    return count == SWEEP_ROWS ? WRITER_MORE : 0;
}
