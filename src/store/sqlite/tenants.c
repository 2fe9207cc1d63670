/* Tenants: adding and changing. Loading is tenants_load.c, removing tenants_remove.c. */
#include <string.h>

#include "base/zone.h"
#include "store/sqlite/store_sqlite.h"

/* A zone that this machine does not know would make the next snapshot, and the next start, fail. */
static int check_zone(struct store *store, struct str name)
{
    if (name.len == 0)
        return 0;
    char *text = arena_memdup(&store->writer.arena, name.p, name.len);
    struct zone *zone;
    if (!text)
        return ERR_NOMEM;
    int result = zone_load(text, &zone);
    if (result == 0) {
        zone_free(zone);
        return 0;
    }
    return result == ERR_NOMEM ? ERR_NOMEM : ERR_INVALID;
}

static int seal_api_key(struct store *store, const struct tenant_write *op, uint8_t **ret_sealed,
                        size_t *ret_len)
{
    char context[API_KEY_CONTEXT_MAX];
    *ret_len = 0;
    if (op->api_key.len == 0)
        return 0;
    uint8_t *sealed = arena_alloc(&store->writer.arena, op->api_key.len + SEAL_OVERHEAD);
    if (!sealed)
        return ERR_NOMEM;
    if (secret_seal(store->crypto, store->key, tenant_key_context(op->id, context), op->api_key,
                    sealed) < 0)
        return ERR_STORE;
    *ret_sealed = sealed;
    *ret_len = op->api_key.len + SEAL_OVERHEAD;
    return 0;
}

int tenant_state(struct connection *connection, int64_t tenant_id)
{
    int64_t removed;
    int result = connection_look(connection, STATEMENT_TENANT_FIND, tenant_id, &removed);
    return result < 0 ? result : removed != 0;
}

int tenant_check(struct connection *connection, int64_t tenant_id)
{
    int state = tenant_state(connection, tenant_id);
    return state == 1 ? ERR_NOT_FOUND : state;
}

static int insert_tenant(struct store *store, const struct tenant_write *op)
{
    struct connection *connection = &store->writer.connection;
    uint8_t *sealed = NULL;
    size_t sealed_len;
    int result = seal_api_key(store, op, &sealed, &sealed_len);
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_TENANT_INSERT);
    if (result < 0 || !insert)
        return result < 0 ? result : ERR_STORE;
    bind_i64(insert, 1, op->id);
    bind_str(insert, 2, op->name);
    bind_str(insert, 3, op->admin);
    bind_blob_or_null(insert, 4, sealed, sealed_len);
    bind_i64(insert, 5, op->edition < 0 ? EDITION_STANDARD : op->edition);
    bind_i64(insert, 6, op->rate_limit < 0 ? TENANT_DEFAULT_RATE : op->rate_limit);
    bind_i64(insert, 7, op->token_window_s < 0 ? TENANT_DEFAULT_WINDOW_S : op->token_window_s);
    bind_str(insert, 8, op->time_zone);
    bind_i64(insert, 9, op->now_ms);
    return connection_step(connection, insert) < 0 ? ERR_STORE : 0;
}

static int run_tenant_add(struct store *store, struct store_call *call)
{
    struct tenant_write *op = container_of(call, struct tenant_write, call);
    struct writer *writer = &store->writer;
    int64_t count;
    int result = tenant_state(&writer->connection, op->id);
    if (result != ERR_NOT_FOUND)
        return result < 0 ? result : ERR_EXISTS;
    if (connection_look(&writer->connection, STATEMENT_TENANT_COUNT, 0, &count) < 0)
        return ERR_STORE;
    if (count >= TENANTS_MAX)
        return ERR_TOO_LARGE;
    result = check_zone(store, op->time_zone);
    if (result == 0)
        result = insert_tenant(store, op);
    if (result == 0) {
        (void)writer_take_row(writer, call);
        writer->tenants_changed = true;
    }
    return result;
}

static void bind_number_or_keep(sqlite3_stmt *statement, int index, int value)
{
    if (value < 0)
        (void)sqlite3_bind_null(statement, index);
    else
        bind_i64(statement, index, value);
}

static int update_tenant(struct store *store, const struct tenant_write *op)
{
    struct connection *connection = &store->writer.connection;
    uint8_t *sealed = NULL;
    size_t sealed_len;
    int result = seal_api_key(store, op, &sealed, &sealed_len);
    sqlite3_stmt *set = connection_statement(connection, STATEMENT_TENANT_SET);
    if (result < 0 || !set)
        return result < 0 ? result : ERR_STORE;
    bind_i64(set, 1, op->id);
    bind_str_or_null(set, 2, op->name);
    bind_str_or_null(set, 3, op->admin);
    bind_blob_or_null(set, 4, sealed, sealed_len);
    bind_number_or_keep(set, 5, op->edition);
    bind_number_or_keep(set, 6, op->rate_limit);
    bind_number_or_keep(set, 7, op->token_window_s);
    bind_str_or_null(set, 8, op->time_zone);
    bind_str_or_keep(set, 9, op->stop_words);
    bind_str_or_keep(set, 10, op->stop_reply);
    return connection_step(connection, set) < 0 ? ERR_STORE : 0;
}

static int run_tenant_set(struct store *store, struct store_call *call)
{
    struct tenant_write *op = container_of(call, struct tenant_write, call);
    struct writer *writer = &store->writer;
    int result = tenant_check(&writer->connection, op->id);
    if (result < 0)
        return result;
    if (op->admin.len > 0) {
        /* A user name is either the admin's or an agent's. */
        int64_t agent_id;
        result = agent_find(&writer->connection, op->id, op->admin, &agent_id);
        if (result != ERR_NOT_FOUND)
            return result < 0 ? result : ERR_EXISTS;
    }
    result = check_zone(store, op->time_zone);
    if (result == 0)
        result = update_tenant(store, op);
    if (result == 0) {
        (void)writer_take_row(writer, call);
        writer->tenants_changed = true;
    }
    return result;
}

void store_tenant_add(struct store *store, struct tenant_write *op)
{
    writer_post(store, &op->call, 1, run_tenant_add);
}

void store_tenant_set(struct store *store, struct tenant_write *op)
{
    writer_post(store, &op->call, 1, run_tenant_set);
}
