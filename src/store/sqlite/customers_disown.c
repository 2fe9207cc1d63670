/* Customers: taking the owners off some. */
#include "store/sqlite/customer_event.h"
#include "store/sqlite/history.h"
#include "store/sqlite/jobs.h"
#include "store/sqlite/store_sqlite.h"

/* The customer's id and the owner's name, in the command's memory; len 0: no owner, or one who is gone and
 * whose customers are being disowned already, with an entry for each. */
static int find_owner(struct store *store, const struct customers_disown *op, int64_t *number,
                      int64_t *ret_id, struct str *ret_owner)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_CUSTOMER_OWNER);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, op->tenant_id);
    int result = connection_step_number(connection, find, 2, *number, number);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    struct str owner = column_str(find, 1);
    char *copy = arena_memdup(&store->writer.arena, owner.len ? owner.p : "", owner.len);
    *ret_id = sqlite3_column_int64(find, 0);
    *ret_owner = (struct str){copy, owner.len};
    sqlite3_reset(find);
    return copy ? 0 : ERR_NOMEM;
}

static int disown(struct store *store, const struct customers_disown *op, int64_t number,
                  int64_t id, struct str owner)
{
    struct connection *connection = &store->writer.connection;
    const struct history_change entry = {.tenant_id = op->tenant_id,
                                         .number = number,
                                         .time_ms = op->now_ms,
                                         .field = HISTORY_OWNER,
                                         .from = owner,
                                         .cause = op->cause};
    sqlite3_stmt *update = connection_statement(connection, STATEMENT_CUSTOMER_DISOWN_ONE);
    if (!update)
        return ERR_STORE;
    bind_i64(update, 1, id);
    bind_i64(update, 2, op->now_ms);
    if (connection_step(connection, update) < 0 || history_add(connection, &entry) < 0)
        return ERR_STORE;
    return customer_event_put(store, op->tenant_id, number, op->now_ms, CUSTOMER_CHANGED,
                              "agentAccount");
}

static int disown_one(struct store *store, struct customers_disown *op,
                      const struct running_jobs *running, size_t index)
{
    int64_t number = op->numbers[index], id;
    struct str owner;
    int result = find_owner(store, op, &number, &id, &owner);
    op->results[index] = result == ERR_NOT_FOUND ? ERR_NOT_FOUND : 0;
    if (result == 0)
        result = jobs_spare(&store->writer.connection, running, id, number);
    if (result < 0 || owner.len == 0)
        return result == ERR_NOT_FOUND ? 0 : result;
    return disown(store, op, number, id, owner);
}

static int run_customers_disown(struct store *store, struct store_call *call)
{
    struct customers_disown *op = container_of(call, struct customers_disown, call);
    struct running_jobs running;
    int result = tenant_check(&store->writer.connection, op->tenant_id);
    if (result == 0)
        result = jobs_running(store, op->tenant_id, &running);
    for (size_t i = 0; result == 0 && i < op->count; i++) {
        (void)writer_take_row(&store->writer, call);
        result = disown_one(store, op, &running, i);
    }
    return result;
}

void store_customers_disown(struct store *store, struct customers_disown *op)
{
    writer_post(store, &op->call, op->count, run_customers_disown);
}
