/* WhatsApp accounts: the numbers that a tenant writes from. Loading is tenants_load.c. */
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_row.h"

static int insert_account(struct connection *connection, const struct account_write *op,
                          int64_t agent_id)
{
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_ACCOUNT_INSERT);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, op->number);
    bind_i64(insert, 2, op->tenant_id);
    bind_i64_or_null(insert, 3, agent_id);
    bind_str(insert, 4, op->name);
    bind_str(insert, 5, op->transport);
    bind_str(insert, 6, op->platform);
    bind_str(insert, 7, op->settings.len ? op->settings : STR("{}"));
    bind_i64(insert, 8, op->now_ms);
    return connection_step(connection, insert); /* ERR_EXISTS: the number has an account */
}

static int update_account(struct connection *connection, const struct account_write *op,
                          int64_t agent_id)
{
    sqlite3_stmt *set = connection_statement(connection, STATEMENT_ACCOUNT_SET);
    if (!set)
        return ERR_STORE;
    bind_i64(set, 1, op->number);
    bind_i64_or_null(set, 2, agent_id);
    bind_str_or_keep(set, 3, op->name);
    bind_str_or_keep(set, 4, op->platform);
    bind_str_or_keep(set, 5, op->settings);
    return connection_step(connection, set) < 0 ? ERR_STORE : 0;
}

/* The agent's id, 0 when the write names none. */
static int find_agent(struct connection *connection, const struct account_write *op,
                      int64_t *ret_id)
{
    *ret_id = 0;
    if (!op->agent.p)
        return 0;
    int result = agent_find(connection, op->tenant_id, op->agent, ret_id);
    return result == ERR_NOT_FOUND ? ERR_NO_AGENT : result;
}

static int check_room(struct connection *connection, int64_t tenant_id)
{
    int64_t count;
    if (connection_look(connection, STATEMENT_ACCOUNT_COUNT, tenant_id, &count) < 0)
        return ERR_STORE;
    return count < TENANT_MAX_ACCOUNTS ? 0 : ERR_TOO_LARGE;
}

/* 0: the tenant is in use and the account is his. */
static int check_account(struct connection *connection, const struct account_write *op)
{
    int64_t tenant_id;
    int result = tenant_check(connection, op->tenant_id);
    if (result == 0)
        result = connection_look(connection, STATEMENT_ACCOUNT_FIND, op->number, &tenant_id);
    if (result < 0)
        return result;
    return tenant_id == op->tenant_id ? 0 : ERR_NOT_FOUND;
}

/* A row is about to be written: the next snapshot shows it. */
static void will_write(struct writer *writer, const struct account_write *op)
{
    (void)writer_take_row(writer, &op->call);
    writer->tenants_changed = true;
}

static int run_account_add(struct store *store, struct store_call *call)
{
    struct account_write *op = container_of(call, struct account_write, call);
    struct connection *connection = &store->writer.connection;
    int64_t agent_id;
    int result = tenant_check(connection, op->tenant_id);
    if (result == 0)
        result = check_room(connection, op->tenant_id);
    if (result == 0)
        result = find_agent(connection, op, &agent_id);
    if (result == 0 && agent_id == 0)
        result = ERR_NO_AGENT;
    if (result < 0)
        return result;
    will_write(&store->writer, op);
    return insert_account(connection, op, agent_id);
}

static int run_account_set(struct store *store, struct store_call *call)
{
    struct account_write *op = container_of(call, struct account_write, call);
    struct connection *connection = &store->writer.connection;
    int64_t agent_id;
    int result = check_account(connection, op);
    if (result == 0)
        result = find_agent(connection, op, &agent_id);
    if (result < 0)
        return result;
    will_write(&store->writer, op);
    return update_account(connection, op, agent_id);
}

/* Rows that a statement of these fails. */
#define FAIL_ROWS 250

/* 0 none of the account's messages outside tasks waits any more, WRITER_MORE. The number may become an account
 * of somebody else, who must not send them. */
static int fail_outside(struct writer *writer, const struct account_write *op)
{
    static const enum statement fails[] = {STATEMENT_OUTSIDE_FAIL, STATEMENT_OUTSIDE_FAIL_RETRIES};
    for (size_t i = 0; i < 2; i++) {
        int64_t failed = FAIL_ROWS;
        while (failed == FAIL_ROWS) {
            if (!writer_take_rows(writer, &op->call, FAIL_ROWS))
                return WRITER_MORE;
            if (TASK_RUN(&writer->connection, fails[i], op->number, op->now_ms, REASON_NO_SENDER,
                         FAIL_ROWS) < 0)
                return ERR_STORE;
            failed = connection_changes(&writer->connection);
        }
    }
    return 0;
}

static int run_account_remove(struct store *store, struct store_call *call)
{
    struct account_write *op = container_of(call, struct account_write, call);
    struct connection *connection = &store->writer.connection;
    int result = check_account(connection, op);
    if (result == 0)
        result = fail_outside(&store->writer, op);
    sqlite3_stmt *delete = connection_statement(connection, STATEMENT_ACCOUNT_DELETE);
    if (result < 0 || !delete)
        return result < 0 ? result : ERR_STORE;
    bind_i64(delete, 1, op->number);
    will_write(&store->writer, op);
    if (TASK_RUN(connection, STATEMENT_ACCOUNT_FORGET_PACE, op->number) < 0 ||
        TASK_RUN(connection, STATEMENT_ACCOUNT_FORGET_QUERY_PACE, op->number) < 0)
        return ERR_STORE;
    return connection_step(connection, delete) < 0 ? ERR_STORE : 0;
}

void store_account_add(struct store *store, struct account_write *op)
{
    writer_post(store, &op->call, 1, run_account_add);
}

void store_account_set(struct store *store, struct account_write *op)
{
    writer_post(store, &op->call, 1, run_account_set);
}

void store_account_remove(struct store *store, struct account_write *op)
{
    writer_post(store, &op->call, SIZE_MAX, run_account_remove);
}
