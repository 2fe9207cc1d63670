/* Webhooks: the URLs. What is sent to them is outbox.c's and deliveries.c's. */
#include <stdio.h>
#include <string.h>

#include "store/sqlite/outbox.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/store_sqlite.h"
#include "store/webhooks.h"

/* --- secrets */

#define SECRET_CONTEXT_MAX 48
#define SEALED_MAX         (WEBHOOK_SECRET_LONGEST + SEAL_OVERHEAD)

/* The text that binds a sealed secret to its row. */
static struct str secret_context(int64_t webhook, char buffer[SECRET_CONTEXT_MAX])
{
    int len = snprintf(buffer, SECRET_CONTEXT_MAX, "webhook:%lld:secret", (long long)webhook);
    return (struct str){buffer, (size_t)len};
}

int webhook_secret_open(struct store *store, int64_t webhook, struct str sealed,
                        uint8_t ret_secret[WEBHOOK_SECRET_LONGEST])
{
    char buffer[SECRET_CONTEXT_MAX];
    if (sealed.len < SEAL_OVERHEAD || sealed.len > SEALED_MAX)
        return ERR_CRYPTO;
    int result = secret_open(store->crypto, store->key, secret_context(webhook, buffer),
                             (const uint8_t *)sealed.p, sealed.len, (char *)ret_secret);
    return result < 0 ? result : (int)(sealed.len - SEAL_OVERHEAD);
}

static int seal(struct store *store, int64_t webhook, const struct webhook_set *op,
                uint8_t ret_sealed[SEALED_MAX])
{
    char buffer[SECRET_CONTEXT_MAX];
    struct str plain = {(const char *)op->secret, op->secret_len};
    int result =
        secret_seal(store->crypto, store->key, secret_context(webhook, buffer), plain, ret_sealed);
    return result < 0 ? ERR_STORE : 0;
}

/* --- setting */

static int write_secret(struct store *store, const struct webhook_set *op, int64_t webhook)
{
    uint8_t sealed[SEALED_MAX];
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *rotate = connection_statement(connection, STATEMENT_WEBHOOK_ROTATE);
    if (!rotate || seal(store, webhook, op, sealed) < 0)
        return ERR_STORE;
    bind_i64(rotate, 1, webhook);
    bind_blob_or_null(rotate, 2, sealed, op->secret_len + SEAL_OVERHEAD);
    bind_i64_or_null(rotate, 3, op->created ? 0 : op->now_ms + WEBHOOK_SECRET_OVERLAP_MS);
    return connection_step(connection, rotate) < 0 ? ERR_STORE : 0;
}

int webhook_touch(struct store *store, int64_t webhook)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *mark = connection_statement(connection, STATEMENT_WEBHOOK_CHANGED);
    int64_t number;
    if (!mark || outbox_number(connection, &number) < 0)
        return ERR_STORE;
    bind_i64(mark, 1, webhook);
    bind_i64(mark, 2, number);
    store->writer.events_written = true;
    return connection_step(connection, mark) < 0 ? ERR_STORE : 0;
}

static int insert_webhook(struct store *store, struct webhook_set *op)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_WEBHOOK_INSERT);
    int64_t count;
    if (!insert || connection_look(connection, STATEMENT_WEBHOOK_COUNT, op->tenant_id, &count) < 0)
        return ERR_STORE;
    if (count >= TENANT_MAX_WEBHOOKS)
        return ERR_FULL;
    if (op->secret_len == 0)
        return ERR_INVALID;
    bind_i64(insert, 1, op->tenant_id);
    bind_i64(insert, 2, op->type);
    bind_str(insert, 3, op->url);
    bind_i64(insert, 4, op->enabled != 0);
    if (connection_step(connection, insert) < 0)
        return ERR_STORE;
    op->id = sqlite3_last_insert_rowid(connection->db);
    op->created = true;
    store->writer.tenants_changed = true;
    return write_secret(store, op, op->id) < 0 ? ERR_STORE : webhook_touch(store, op->id);
}

struct found {
    int64_t id;
    bool enabled;
    bool has_secret; /* the one that is asked for */
};

static bool is_secret(struct store *store, const struct webhook_set *op, int64_t webhook,
                      struct str sealed)
{
    uint8_t secret[WEBHOOK_SECRET_LONGEST];
    int len = webhook_secret_open(store, webhook, sealed, secret);
    bool same = len >= 0 && (size_t)len == op->secret_len &&
                constant_time_eq((struct str){(const char *)secret, (size_t)len},
                                 (struct str){(const char *)op->secret, op->secret_len});
    explicit_bzero(secret, sizeof(secret));
    return same;
}

/* ERR_NOT_FOUND: the type does not have the URL. */
static int find_webhook(struct store *store, const struct webhook_set *op, struct found *ret_found)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_WEBHOOK_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, op->tenant_id);
    bind_i64(find, 2, op->type);
    bind_str(find, 3, op->url);
    int result = connection_step(connection, find);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    ret_found->id = sqlite3_column_int64(find, 0);
    ret_found->enabled = sqlite3_column_int(find, 1) != 0;
    ret_found->has_secret = is_secret(store, op, ret_found->id, column_str(find, 2));
    sqlite3_reset(find);
    return 0;
}

static int enable(struct store *store, int64_t webhook, bool enabled)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *set = connection_statement(connection, STATEMENT_WEBHOOK_ENABLE);
    if (!set)
        return ERR_STORE;
    bind_i64(set, 1, webhook);
    bind_i64(set, 2, enabled);
    store->writer.tenants_changed = true;
    return connection_step(connection, set) < 0 ? ERR_STORE : 0;
}

static int change_webhook(struct store *store, struct webhook_set *op, const struct found *found)
{
    bool turns = op->enabled >= 0 && (op->enabled != 0) != found->enabled;
    bool rotates = op->secret_len > 0 && !op->is_made && !found->has_secret;
    op->id = found->id;
    op->rotated = rotates;
    if (turns && enable(store, op->id, op->enabled != 0) < 0)
        return ERR_STORE;
    if (rotates && write_secret(store, op, op->id) < 0)
        return ERR_STORE;
    return turns || rotates ? webhook_touch(store, op->id) : 0;
}

static int run_webhook_set(struct store *store, struct store_call *call)
{
    struct webhook_set *op = container_of(call, struct webhook_set, call);
    struct found found;
    op->created = op->rotated = false;
    int result = tenant_check(&store->writer.connection, op->tenant_id);
    if (result < 0)
        return result;
    (void)writer_take_row(&store->writer, call);
    result = find_webhook(store, op, &found);
    if (result == ERR_NOT_FOUND)
        return insert_webhook(store, op);
    return result < 0 ? result : change_webhook(store, op, &found);
}

void store_webhook_set(struct store *store, struct webhook_set *op)
{
    writer_post(store, &op->call, 1, run_webhook_set);
}

/* --- removing */

static int remove_webhook(struct store *store, int64_t tenant_id, int64_t webhook)
{
    struct writer *writer = &store->writer;
    sqlite3_stmt *mark = connection_statement(&writer->connection, STATEMENT_WEBHOOK_REMOVE);
    int64_t number;
    if (!mark || outbox_number(&writer->connection, &number) < 0)
        return ERR_STORE;
    bind_i64(mark, 1, tenant_id);
    bind_i64(mark, 2, webhook);
    bind_i64(mark, 3, store->settings.clock_ms());
    bind_i64(mark, 4, number);
    if (connection_step(&writer->connection, mark) < 0)
        return ERR_STORE;
    if (connection_changes(&writer->connection) == 0)
        return ERR_NOT_FOUND;
    writer->tenants_changed = writer->events_written = true;
    /* Its deliveries: a walk that is under way begins again. */
    writer->outbox_walk.begun_ms = 0;
    writer->chores.due_us[CHORE_OUTBOX] = 0;
    return 0;
}

static int run_webhook_del(struct store *store, struct store_call *call)
{
    struct webhook_del *op = container_of(call, struct webhook_del, call);
    int result = tenant_check(&store->writer.connection, op->tenant_id);
    (void)writer_take_row(&store->writer, call);
    return result < 0 ? result : remove_webhook(store, op->tenant_id, op->id);
}

void store_webhook_del(struct store *store, struct webhook_del *op)
{
    writer_post(store, &op->call, 1, run_webhook_del);
}

int webhooks_remove(struct store *store, int64_t tenant_id)
{
    int64_t webhook;
    int result;
    while ((result = connection_look(&store->writer.connection, STATEMENT_WEBHOOK_FIRST, tenant_id,
                                     &webhook)) == 0)
        if (remove_webhook(store, tenant_id, webhook) < 0)
            return ERR_STORE;
    return result == ERR_NOT_FOUND ? 0 : result;
}

/* --- reading */

/* The columns that WEBHOOK_LIST and WEBHOOKS_CHANGED share. */
static struct webhook read_webhook(sqlite3_stmt *row)
{
    return (struct webhook){.id = sqlite3_column_int64(row, 0),
                            .tenant_id = sqlite3_column_int64(row, 1),
                            .type = (enum event_type)sqlite3_column_int(row, 2),
                            .url = column_str(row, 3),
                            .enabled = sqlite3_column_int(row, 4) != 0,
                            .failures = sqlite3_column_int(row, 5),
                            .failing_since_ms = sqlite3_column_int64(row, 6)};
}

static int count(struct connection *connection, enum statement id, const struct webhook *webhook,
                 int64_t *ret_count)
{
    sqlite3_stmt *counting = connection_statement(connection, id);
    if (!counting)
        return ERR_STORE;
    bind_i64(counting, 1, webhook->id);
    if (id == STATEMENT_DELIVERIES_PARKED)
        bind_i64(counting, 2, webhook->tenant_id);
    bind_i64(counting, 3, DELIVERIES_COUNT_MAX);
    if (connection_step(connection, counting) != 1)
        return ERR_STORE;
    *ret_count = sqlite3_column_int64(counting, 0);
    sqlite3_reset(counting);
    return 0;
}

static int show(struct store_reader *reader, struct webhooks_get *op, struct webhook *webhook)
{
    struct connection *connection = &reader->connection;
    int64_t pending;
    if (count(connection, STATEMENT_DELIVERIES_READY, webhook, &webhook->ready) < 0 ||
        count(connection, STATEMENT_DELIVERIES_PENDING, webhook, &pending) < 0 ||
        count(connection, STATEMENT_DELIVERIES_PARKED, webhook, &webhook->parked) < 0)
        return ERR_STORE;
    webhook->waiting = pending - webhook->ready;
    op->each(op, webhook);
    return 0;
}

/* One piece: a tenant has few URLs. */
static int read_webhooks_get(struct store_reader *reader, struct store_call *call)
{
    struct webhooks_get *op = container_of(call, struct webhooks_get, call);
    sqlite3_stmt *row = connection_statement(&reader->connection, STATEMENT_WEBHOOK_LIST);
    int result;
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, op->tenant_id);
    while ((result = connection_step(&reader->connection, row)) == 1) {
        struct webhook webhook = read_webhook(row);
        if (show(reader, op, &webhook) < 0) {
            sqlite3_reset(row);
            return ERR_STORE;
        }
    }
    return result < 0 ? ERR_STORE : 0;
}

void store_webhooks_get(struct store_reader *reader, struct webhooks_get *op)
{
    reader_ask(reader, &op->call, read_webhooks_get);
}

/* A secret that cannot be opened is none: the URL's deliveries fail, and `wscrm check` says why. */
static void read_secrets(struct store *store, sqlite3_stmt *row, struct webhook *webhook,
                         uint8_t room[2][WEBHOOK_SECRET_LONGEST])
{
    for (int i = 0; i < 2; i++) {
        int len = webhook_secret_open(store, webhook->id, column_str(row, 9 + i), room[i]);
        webhook->secrets[i] = room[i];
        webhook->secret_lens[i] = len > 0 ? (size_t)len : 0;
    }
    webhook->old_until_ms = sqlite3_column_int64(row, 11);
}

static int read_webhooks_changed(struct store_reader *reader, struct store_call *call)
{
    struct webhooks_changed *op = container_of(call, struct webhooks_changed, call);
    sqlite3_stmt *row = connection_statement(&reader->connection, STATEMENT_WEBHOOKS_CHANGED);
    uint8_t room[2][WEBHOOK_SECRET_LONGEST];
    int result, shown = 0;
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, op->changed);
    bind_i64(row, 2, (int64_t)op->limit);
    while ((result = connection_step(&reader->connection, row)) == 1) {
        struct webhook webhook = read_webhook(row);
        webhook.changed = sqlite3_column_int64(row, 7);
        webhook.removed = sqlite3_column_type(row, 8) != SQLITE_NULL;
        read_secrets(reader->store, row, &webhook, room);
        op->each(op, &webhook);
        shown++;
    }
    explicit_bzero(room, sizeof(room));
    return result < 0 ? ERR_STORE : shown;
}

void store_webhooks_changed(struct store_reader *reader, struct webhooks_changed *op)
{
    reader_ask(reader, &op->call, read_webhooks_changed);
}
