#include "store/sqlite/history.h"

#include "domain/number.h"
#include "store/sqlite/reader.h"
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

/* --- reading */

static const char *const field_names[] = {
    [HISTORY_OWNER] = "agentAccount",
    [HISTORY_STAGE] = "stage",
    [HISTORY_OPT_OUT] = "optOut",
};

/* The number and its other form; 0, which no number is, where there is none. */
static void bind_forms(sqlite3_stmt *statement, const struct history_page *op)
{
    int64_t variant = 0;
    (void)number_variant(op->number, &variant);
    bind_i64(statement, 1, op->tenant_id);
    bind_i64(statement, 2, op->number);
    bind_i64(statement, 3, variant);
}

static int read_total(struct connection *connection, struct history_page *op)
{
    sqlite3_stmt *count = connection_statement(connection, STATEMENT_HISTORY_COUNT);
    if (!count)
        return ERR_STORE;
    bind_forms(count, op);
    bind_i64(count, 4, HISTORY_MAX);
    if (connection_step(connection, count) != 1)
        return ERR_STORE;
    op->total = sqlite3_column_int64(count, 0);
    sqlite3_reset(count);
    return 0;
}

static void show(struct history_page *op, sqlite3_stmt *row)
{
    const struct history_entry entry = {.time_ms = sqlite3_column_int64(row, 0),
                                        .field = field_names[sqlite3_column_int(row, 1)],
                                        .from = column_str(row, 2),
                                        .to = column_str(row, 3),
                                        .cause = column_str(row, 4)};
    op->each(op, &entry);
}

static int read_entries(struct connection *connection, struct history_page *op)
{
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_HISTORY_PAGE);
    int64_t left = op->total - op->offset;
    int result;
    if (!row)
        return ERR_STORE;
    bind_forms(row, op);
    bind_i64(row, 4, left < (int64_t)op->limit ? left : (int64_t)op->limit);
    bind_i64(row, 5, op->offset);
    while ((result = connection_step(connection, row)) == 1)
        show(op, row);
    return result < 0 ? ERR_STORE : 0;
}

/* One piece: total and entries are of one moment. */
static int read_history_page(struct store_reader *reader, struct store_call *call)
{
    struct history_page *op = container_of(call, struct history_page, call);
    int result = read_total(&reader->connection, op);
    if (result == 0 && op->offset < op->total)
        result = read_entries(&reader->connection, op);
    return result;
}

void store_history_page(struct store_reader *reader, struct history_page *op)
{
    reader_ask(reader, &op->call, read_history_page);
}
