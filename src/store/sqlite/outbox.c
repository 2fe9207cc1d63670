#include "store/sqlite/outbox.h"

#include "store/sqlite/store_sqlite.h"
#include "store/webhooks.h"

_Static_assert(TENANT_MAX_WEBHOOKS <= EVENT_DELIVERIES, "each URL of a tenant has its delivery");

bool outbox_wants(const struct tenant *tenant, enum event_type type)
{
    return tenant && (tenant->webhook_types >> type & 1);
}

int64_t outbox_conversation(int64_t account, int64_t number)
{
    return (int64_t)hash_u64((uint64_t)number, (uint64_t)account);
}

int outbox_number(struct connection *connection, int64_t *ret_number)
{
    sqlite3_stmt *next = connection_statement(connection, STATEMENT_OUTBOX_NUMBER);
    if (!next || connection_step(connection, next) != 1)
        return ERR_STORE;
    *ret_number = sqlite3_column_int64(next, 0);
    sqlite3_reset(next);
    return 0;
}

/* --- putting */

/* Returns how many. */
static int list_urls(struct connection *connection, int64_t tenant_id, enum event_type type,
                     int64_t ret_webhooks[EVENT_DELIVERIES])
{
    sqlite3_stmt *urls = connection_statement(connection, STATEMENT_EVENT_URLS);
    int result, count = 0;
    if (!urls)
        return ERR_STORE;
    bind_i64(urls, 1, tenant_id);
    bind_i64(urls, 2, type);
    while ((result = connection_step(connection, urls)) == 1 && count < EVENT_DELIVERIES)
        ret_webhooks[count++] = sqlite3_column_int64(urls, 0);
    sqlite3_reset(urls);
    return result < 0 ? ERR_STORE : count;
}

static int insert_event(struct connection *connection, int64_t tenant_id, enum event_type type,
                        int64_t time_ms, struct str data)
{
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_EVENT_INSERT);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, tenant_id);
    bind_i64(insert, 2, type);
    bind_i64(insert, 3, time_ms);
    bind_str(insert, 4, data);
    return connection_step(connection, insert) < 0 ? ERR_STORE : 0;
}

static int insert_delivery(struct connection *connection, int64_t id, int64_t webhook,
                           int64_t tenant_id, int64_t key, int64_t time_ms)
{
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_DELIVERY_INSERT);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, id);
    bind_i64(insert, 2, webhook);
    bind_i64(insert, 3, tenant_id);
    bind_i64(insert, 4, key);
    bind_i64(insert, 5, time_ms);
    return connection_step(connection, insert) < 0 ? ERR_STORE : 0;
}

int outbox_put(struct store *store, int64_t tenant_id, enum event_type type, int64_t key,
               int64_t time_ms, struct str data)
{
    struct connection *connection = &store->writer.connection;
    int64_t webhooks[EVENT_DELIVERIES];
    if (!outbox_wants(tenants_find(store->tenants, tenant_id), type))
        return 0;
    int count = list_urls(connection, tenant_id, type, webhooks);
    if (count <= 0)
        return count;
    int result = insert_event(connection, tenant_id, type, time_ms, data);
    int64_t id = sqlite3_last_insert_rowid(connection->db) * EVENT_DELIVERIES;
    for (int i = 0; result == 0 && i < count; i++)
        result = insert_delivery(connection, id + i, webhooks[i], tenant_id, key, time_ms);
    store->writer.group_rows += 1 + (size_t)count;
    store->writer.events_written = true;
    return result;
}

int outbox_promote(struct connection *connection, int64_t webhook, int64_t key, int64_t now_ms)
{
    sqlite3_stmt *promote = connection_statement(connection, STATEMENT_DELIVERY_PROMOTE);
    if (!promote)
        return ERR_STORE;
    bind_i64(promote, 1, webhook);
    bind_i64(promote, 2, key);
    bind_i64(promote, 3, now_ms);
    if (connection_step(connection, promote) < 0)
        return ERR_STORE;
    return connection_changes(connection) > 0;
}

/* --- the verb */

static int run_event_put(struct store *store, struct store_call *call)
{
    struct event_put *op = container_of(call, struct event_put, call);
    int result = tenant_check(&store->writer.connection, op->tenant_id);
    return result < 0 ? result
                      : outbox_put(store, op->tenant_id, op->type, op->key, op->time_ms, op->data);
}

void store_event_put(struct store *store, struct event_put *op)
{
    writer_post(store, &op->call, 1, run_event_put);
}

/* --- whoever watches */

void store_events_watch(struct store *store, void (*woken)(void *context), void *context)
{
    pthread_mutex_lock(&store->watch_lock);
    store->watch = woken;
    store->watch_context = context;
    pthread_mutex_unlock(&store->watch_lock);
}

void events_tell(struct store *store)
{
    pthread_mutex_lock(&store->watch_lock);
    if (store->watch)
        store->watch(store->watch_context);
    pthread_mutex_unlock(&store->watch_lock);
}
