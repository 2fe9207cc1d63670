/* WhatsApp accounts: the numbers that a tenant writes from. */
#include "store/sqlite/store_sqlite.h"

static int insert_account(struct connection *connection, const struct account_write *op,
                          int64_t agent_id)
{
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_ACCOUNT_INSERT);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, op->number);
    bind_i64(insert, 2, op->tenant_id);
    bind_i64_or_null(insert, 3, agent_id);
    bind_str(insert, 4, op->transport);
    bind_str(insert, 5, op->platform);
    bind_str(insert, 6, op->settings.len ? op->settings : STR("{}"));
    bind_i64(insert, 7, op->now_ms);
    return connection_step(connection, insert); /* ERR_EXISTS: the number has an account */
}

static int run_account_add(struct store *store, struct store_call *call)
{
    struct account_write *op = container_of(call, struct account_write, call);
    struct connection *connection = &store->writer.connection;
    int64_t agent_id = 0;
    int result = tenant_check(&store->writer.connection, op->tenant_id);
    if (result < 0)
        return result;
    if (op->settings.len > ACCOUNT_MAX_SETTINGS_LEN)
        return ERR_TOO_LARGE;
    result = agent_find(connection, op->tenant_id, op->agent, &agent_id);
    if (result < 0)
        return result == ERR_NOT_FOUND ? ERR_NO_AGENT : result;
    (void)writer_take_row(&store->writer, call);
    return insert_account(connection, op, agent_id);
}

static int run_account_remove(struct store *store, struct store_call *call)
{
    struct account_write *op = container_of(call, struct account_write, call);
    struct connection *connection = &store->writer.connection;
    int64_t tenant_id;
    int result = tenant_check(&store->writer.connection, op->tenant_id);
    if (result < 0)
        return result;
    result = connection_look(connection, STATEMENT_ACCOUNT_FIND, op->number, &tenant_id);
    if (result < 0)
        return result;
    sqlite3_stmt *delete = connection_statement(connection, STATEMENT_ACCOUNT_DELETE);
    if (tenant_id != op->tenant_id || !delete)
        return delete ? ERR_NOT_FOUND : ERR_STORE;
    bind_i64(delete, 1, op->number);
    (void)writer_take_row(&store->writer, call);
    return connection_step(connection, delete) < 0 ? ERR_STORE : 0;
}

void store_account_add(struct store *store, struct account_write *op)
{
    writer_post(store, &op->call, 1, run_account_add);
}

void store_account_remove(struct store *store, struct account_write *op)
{
    writer_post(store, &op->call, 1, run_account_remove);
}

static int each_account(struct connection *connection, int64_t tenant_id,
                        void (*each)(void *context, const struct account *account), void *context)
{
    sqlite3_stmt *list = connection_statement(connection, STATEMENT_ACCOUNT_LIST);
    if (!list)
        return ERR_STORE;
    int result;
    bind_i64(list, 1, tenant_id);
    while ((result = connection_step(connection, list)) == 1) {
        struct account account = {
            .number = sqlite3_column_int64(list, 0),
            .agent_id = sqlite3_column_int64(list, 1),
            .transport = column_str(list, 2),
            .platform = column_str(list, 3),
            .settings = column_str(list, 4),
            .created_ms = sqlite3_column_int64(list, 5),
        };
        each(context, &account);
    }
    return result < 0 ? ERR_STORE : 0;
}

int store_accounts_each(struct store *store, int64_t tenant_id,
                        void (*each)(void *context, const struct account *account), void *context)
{
    struct connection connection;
    int result = store_connect(store, &connection);
    if (result < 0)
        return result;
    result = each_account(&connection, tenant_id, each, context);
    connection_close(&connection);
    return result;
}
