/* Agents: user accounts of a tenant, who own customers and work with WhatsApp accounts. */
#include "store/sqlite/customer_event.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/store_sqlite.h"

/* Customers looked at per statement of a sweep: some 3 ms. */
#define SWEEP_ROWS 2000
/* When webhooks are told of each. */
#define SWEEP_TOLD 50

int agent_find(struct connection *connection, int64_t tenant_id, struct str user_name,
               int64_t *ret_id)
{
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_AGENT_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, tenant_id);
    bind_str(find, 2, user_name);
    int result = connection_step(connection, find);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    *ret_id = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    return 0;
}

/* 1 when the name is the admin's, 0 not, ERR_NOT_FOUND no such tenant. */
static int is_admin(struct connection *connection, int64_t tenant_id, struct str user_name)
{
    int result = tenant_check(connection, tenant_id);
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_TENANT_FIND);
    if (result < 0 || !find)
        return result < 0 ? result : ERR_STORE;
    bind_i64(find, 1, tenant_id);
    if (connection_step(connection, find) != 1)
        return ERR_STORE;
    result = str_eq(column_str(find, 1), user_name);
    sqlite3_reset(find);
    return result;
}

static int insert_agent(struct connection *connection, const struct agent_write *op)
{
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_AGENT_INSERT);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, op->tenant_id);
    bind_str(insert, 2, op->user_name);
    bind_str(insert, 3, op->nickname);
    bind_str_or_null(insert, 4, op->password_hash);
    bind_i64(insert, 5, op->now_ms);
    return connection_step(connection, insert); /* ERR_EXISTS: the name is another agent's */
}

static int run_agent_add(struct store *store, struct store_call *call)
{
    struct agent_write *op = container_of(call, struct agent_write, call);
    struct writer *writer = &store->writer;
    int64_t count;
    int result = is_admin(&writer->connection, op->tenant_id, op->user_name);
    if (result != 0)
        return result < 0 ? result : ERR_EXISTS;
    if (connection_look(&writer->connection, STATEMENT_AGENT_COUNT, op->tenant_id, &count) < 0)
        return ERR_STORE;
    if (count >= TENANT_MAX_AGENTS)
        return ERR_TOO_LARGE;
    result = insert_agent(&writer->connection, op);
    if (result == 0) {
        (void)writer_take_row(writer, call);
        writer->tenants_changed = true;
    }
    return result;
}

static int run_agent_set(struct store *store, struct store_call *call)
{
    struct agent_write *op = container_of(call, struct agent_write, call);
    struct connection *connection = &store->writer.connection;
    int64_t agent_id = 0;
    int result = tenant_check(connection, op->tenant_id);
    if (result == 0)
        result = agent_find(connection, op->tenant_id, op->user_name, &agent_id);
    sqlite3_stmt *set = connection_statement(connection, STATEMENT_AGENT_SET);
    if (result < 0 || !set)
        return result < 0 ? result : ERR_STORE;
    bind_i64(set, 1, agent_id);
    bind_str_or_keep(set, 2, op->nickname);
    bind_str_or_null(set, 3, op->password_hash);
    (void)writer_take_row(&store->writer, call);
    store->writer.tenants_changed = true;
    return connection_step(connection, set) < 0 ? ERR_STORE : 0;
}

static int agent_statement(struct connection *connection, enum statement id, int64_t first,
                           int64_t second)
{
    sqlite3_stmt *statement = connection_statement(connection, id);
    if (!statement)
        return ERR_STORE;
    bind_i64(statement, 1, first);
    if (second != 0)
        bind_i64(statement, 2, second);
    return connection_step(connection, statement) < 0 ? ERR_STORE : 0;
}

/* The agent himself goes first. */
static int remove_agent(struct store *store, struct agent_write *op)
{
    struct writer *writer = &store->writer;
    int64_t agent_id = 0;
    int result = tenant_check(&writer->connection, op->tenant_id);
    if (result == 0)
        result = agent_find(&writer->connection, op->tenant_id, op->user_name, &agent_id);
    if (result < 0)
        return result;
    if (agent_statement(&writer->connection, STATEMENT_AGENT_DELETE, agent_id, 0) < 0 ||
        agent_statement(&writer->connection, STATEMENT_ACCOUNT_DISOWN, op->tenant_id, agent_id) < 0)
        return ERR_STORE;
    (void)writer_take_row(writer, &op->call);
    writer->tenants_changed = true;
    op->call.subject = agent_id;
    return WRITER_MORE;
}

/* RETURNING shows rows when all are changed already. */
static int disown_some(struct store *store, const struct agent_write *op, sqlite3_stmt *disown)
{
    int result;
    while ((result = connection_step(&store->writer.connection, disown)) == 1) {
        if (customer_event_put(store, op->tenant_id, sqlite3_column_int64(disown, 0), op->now_ms,
                               CUSTOMER_CHANGED, "agentAccount") < 0) {
            sqlite3_reset(disown);
            return ERR_STORE;
        }
    }
    return result < 0 ? ERR_STORE : 0;
}

/* The next SWEEP_ROWS customers behind call->progress, which is a number. *ret_end: 0 at the end. */
static int sweep_piece(struct store *store, const struct agent_write *op, int64_t *ret_end)
{
    struct connection *connection = &store->writer.connection;
    int64_t from = (int64_t)op->call.progress, to = INT64_MAX;
    bool tells = outbox_wants(tenants_find(store->tenants, op->tenant_id), EVENT_CUSTOMER);
    sqlite3_stmt *piece = connection_statement(connection, STATEMENT_CUSTOMER_PIECE);
    sqlite3_stmt *history = connection_statement(connection, STATEMENT_CUSTOMER_DISOWN_HISTORY);
    sqlite3_stmt *disown = connection_statement(connection, STATEMENT_CUSTOMER_DISOWN);
    if (!piece || !history || !disown)
        return ERR_STORE;
    bind_i64(piece, 1, op->tenant_id);
    bind_i64(piece, 2, from);
    bind_i64(piece, 3, tells ? SWEEP_TOLD - 1 : SWEEP_ROWS - 1);
    int result = connection_step(connection, piece);
    if (result < 0)
        return ERR_STORE;
    *ret_end = 0;
    if (result == 1) {
        *ret_end = to = sqlite3_column_int64(piece, 0);
        sqlite3_reset(piece);
    }
    sqlite3_stmt *both[] = {history, disown};
    for (size_t i = 0; i < 2; i++) {
        bind_i64(both[i], 1, op->tenant_id);
        bind_i64(both[i], 2, from);
        bind_i64(both[i], 3, to);
        bind_i64(both[i], 4, op->call.subject);
        bind_i64(both[i], 5, op->now_ms);
    }
    bind_str(history, 6, op->user_name);
    bind_str(history, 7, op->cause);
    return connection_step(connection, history) < 0 ? ERR_STORE : disown_some(store, op, disown);
}

/* His customers are found by a walk over the tenant's, not by an index on the owner, which every
 * import would pay for and only this needs. A crash in between does no harm: the id of a removed
 * agent is never given to another, and an owner who does not exist is read as none. */
static int run_agent_remove(struct store *store, struct store_call *call)
{
    struct agent_write *op = container_of(call, struct agent_write, call);
    struct writer *writer = &store->writer;
    if (!call->begun)
        return remove_agent(store, op);
    for (;;) {
        int64_t end;
        if (!writer_take_rows(writer, call, SWEEP_ROWS))
            return WRITER_MORE;
        int result = sweep_piece(store, op, &end);
        if (result < 0 || end == 0)
            return result;
        call->progress = (size_t)end;
    }
}

void store_agent_add(struct store *store, struct agent_write *op)
{
    writer_post(store, &op->call, 1, run_agent_add);
}

void store_agent_set(struct store *store, struct agent_write *op)
{
    writer_post(store, &op->call, 1, run_agent_set);
}

void store_agent_remove(struct store *store, struct agent_write *op)
{
    writer_post(store, &op->call, SIZE_MAX, run_agent_remove);
}
