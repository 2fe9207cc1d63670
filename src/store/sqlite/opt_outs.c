/* Opt-outs: who wants no messages. They belong to the tenant and the number, not to the customer. */
#include "store/sqlite/opt_outs.h"

#include "store/sqlite/customer_event.h"
#include "store/sqlite/history.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/store_sqlite.h"

/* Rows in one transaction of a list: short enough not to keep the log from starting over. */
#define LIST_ROWS 5000

/* Puts OPT_OUT_FIND on the number's row: 1 and the statement, 0 there is none. */
static int find(struct connection *connection, int64_t tenant_id, int64_t number,
                sqlite3_stmt **ret_row, int64_t *ret_number)
{
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_OPT_OUT_FIND);
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, tenant_id);
    int result = connection_step_number(connection, row, 2, number, ret_number);
    *ret_row = row;
    return result < 0 ? ERR_STORE : result;
}

int opt_out_look(struct connection *connection, int64_t tenant_id, int64_t number,
                 bool *ret_opt_out)
{
    sqlite3_stmt *row;
    int result = find(connection, tenant_id, number, &row, &number);
    if (result == 1)
        sqlite3_reset(row);
    if (result >= 0)
        *ret_opt_out = result == 1;
    return result < 0 ? result : 0;
}

/* --- writing */

static int write_row(struct connection *connection, const struct opt_outs_set *op,
                     enum statement id, int64_t number)
{
    sqlite3_stmt *statement = connection_statement(connection, id);
    if (!statement)
        return ERR_STORE;
    bind_i64(statement, 1, op->tenant_id);
    bind_i64(statement, 2, number);
    if (id == STATEMENT_OPT_OUT_INSERT) {
        bind_i64(statement, 3, op->now_ms);
        bind_str(statement, 4, op->reason);
    } else if (id == STATEMENT_OPT_OUT_REASON) {
        bind_str(statement, 3, op->reason);
    }
    return connection_step(connection, statement) < 0 ? ERR_STORE : 0;
}

static int change(struct store *store, const struct opt_outs_set *op, int64_t number)
{
    struct connection *connection = &store->writer.connection;
    const struct history_change entry = {.tenant_id = op->tenant_id,
                                         .number = number,
                                         .time_ms = op->now_ms,
                                         .field = HISTORY_OPT_OUT,
                                         .from = op->opt_out ? STR("false") : STR("true"),
                                         .to = op->opt_out ? STR("true") : STR("false"),
                                         .cause = op->cause};
    int result = write_row(
        connection, op, op->opt_out ? STATEMENT_OPT_OUT_INSERT : STATEMENT_OPT_OUT_DELETE, number);
    if (result == 0)
        result = history_add(connection, &entry);
    return result < 0 ? result
                      : customer_event_put(store, op->tenant_id, number, op->now_ms,
                                           CUSTOMER_CHANGED, "optOut");
}

/* Adds to *balance how many opt-outs there are more. */
static int set_one(struct store *store, const struct opt_outs_set *op, int64_t number,
                   int64_t *balance)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *row;
    int result = find(connection, op->tenant_id, number, &row, &number);
    if (result < 0)
        return result;
    if (result == 1)
        sqlite3_reset(row); /* an open cursor on the table makes its change dearer */
    bool is_set = result == 1;
    if (is_set != op->opt_out) {
        *balance += op->opt_out ? 1 : -1;
        return change(store, op, number);
    }
    return is_set && op->reason.len > 0
               ? write_row(connection, op, STATEMENT_OPT_OUT_REASON, number)
               : 0;
}

/* A tenant's first opt-out makes a new snapshot, which says that they are to be looked for. The last
 * one's end does not: looking in vain harms nobody, and a client who sets and clears all day would have
 * every tenant loaded each time. */
static int count_balance(struct store *store, const struct opt_outs_set *op, int64_t balance)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *count = connection_statement(connection, STATEMENT_TENANT_COUNT_OPT_OUTS);
    const struct tenant *tenant = tenants_find(store->tenants, op->tenant_id);
    if (!count || balance == 0)
        return count ? 0 : ERR_STORE;
    if (balance > 0 && tenant && !tenant->has_opt_outs)
        store->writer.tenants_changed = true;
    bind_i64(count, 1, op->tenant_id);
    bind_i64(count, 2, balance);
    return connection_step(connection, count) < 0 ? ERR_STORE : 0;
}

/* Looked at once, before the first: numbers that have opted out already count as if they had not. */
static int check_room(struct connection *connection, const struct opt_outs_set *op)
{
    int64_t count;
    if (!op->opt_out || op->call.progress > 0)
        return 0;
    if (connection_look(connection, STATEMENT_TENANT_OPT_OUTS, op->tenant_id, &count) < 0)
        return ERR_STORE;
    return count + (int64_t)op->count > TENANT_MAX_OPT_OUTS ? ERR_TOO_LARGE : 0;
}

static int run_opt_outs_set(struct store *store, struct store_call *call)
{
    struct opt_outs_set *op = container_of(call, struct opt_outs_set, call);
    struct connection *connection = &store->writer.connection;
    int64_t balance = 0;
    int result = tenant_check(connection, op->tenant_id);
    if (result == 0)
        result = check_room(connection, op);
    while (result == 0 && call->progress < op->count)
        if (writer_take_row(&store->writer, call))
            result = set_one(store, op, op->numbers[call->progress++], &balance);
        else
            result = WRITER_MORE;
    if (result != 0 && result != WRITER_MORE)
        return result;
    return count_balance(store, op, balance) < 0 ? ERR_STORE : result;
}

int opt_out_add(struct store *store, const struct opt_outs_set *op, bool *ret_new)
{
    int64_t balance = 0;
    int result = set_one(store, op, op->numbers[0], &balance);
    *ret_new = balance > 0;
    return result == 0 ? count_balance(store, op, balance) : result;
}

void store_opt_outs_set(struct store *store, struct opt_outs_set *op)
{
    writer_post(store, &op->call, op->count, run_opt_outs_set);
}

/* --- reading */

static struct opt_out read_row(sqlite3_stmt *row, int column, int64_t number)
{
    return (struct opt_out){.number = number,
                            .since_ms = sqlite3_column_int64(row, column),
                            .reason = column_str(row, column + 1)};
}

static int read_opt_outs_get(struct store_reader *reader, struct store_call *call)
{
    struct opt_outs_get *op = container_of(call, struct opt_outs_get, call);
    for (; call->progress < op->count; call->progress++) {
        sqlite3_stmt *row;
        int64_t number = op->numbers[call->progress];
        if (!reader_take(reader))
            return READER_MORE;
        int result = find(&reader->connection, op->tenant_id, number, &row, &number);
        if (result < 0)
            return result;
        if (result == 1) {
            const struct opt_out opt_out = read_row(row, 0, number);
            op->each(op, call->progress, &opt_out);
            sqlite3_reset(row);
        }
    }
    return 0;
}

void store_opt_outs_get(struct store_reader *reader, struct opt_outs_get *op)
{
    reader_ask(reader, &op->call, read_opt_outs_get);
}

/* One transaction. The number of rows shown, the last of them in *last. */
static int list_piece(struct connection *connection, int64_t tenant_id, int64_t *last,
                      void (*each)(void *context, const struct opt_out *opt_out), void *context)
{
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_OPT_OUT_LIST);
    int result, count = 0;
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, tenant_id);
    bind_i64(row, 2, *last);
    bind_i64(row, 3, LIST_ROWS);
    while ((result = connection_step(connection, row)) == 1) {
        *last = sqlite3_column_int64(row, 0);
        const struct opt_out opt_out = read_row(row, 1, *last);
        each(context, &opt_out);
        count++;
    }
    return result < 0 ? ERR_STORE : count;
}

int store_opt_outs_each(struct store *store, int64_t tenant_id,
                        void (*each)(void *context, const struct opt_out *opt_out), void *context)
{
    struct connection connection;
    int64_t last = 0;
    int result = store_connect(store, &connection);
    if (result < 0)
        return result;
    do
        result = list_piece(&connection, tenant_id, &last, each, context);
    while (result == LIST_ROWS);
    connection_close(&connection);
    return result < 0 ? result : 0;
}
