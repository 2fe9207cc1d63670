/* Makes the snapshot of all tenants from the tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/zone.h"
#include "store/sqlite/store_sqlite.h"

#define TIME_ZONE_NAME_MAX 256

struct loader;
struct rows;

/* What a table's rows become: structs of `size` bytes, each filled by `load` from the row. */
struct kind {
    const char *sql; /* ascending by tenant, its first column, and by id */
    size_t size;
    int (*load)(struct loader *loader, const struct rows *rows, void *item);
};

/* The rows of one table, taken as the tenants come. */
struct rows {
    const struct kind *kind;
    sqlite3_stmt *statement;
    bool row;    /* the statement stands on one */
    char *items; /* the structs of the current tenant; grows, and is used again for the next */
    size_t capacity;
};

struct loader {
    struct store *store;
    struct connection *connection;
    struct tenants *tenants;
    struct arena *arena;
    struct rows tenant_rows, agent_rows, account_rows, field_rows;
    char *why;
    size_t why_size;
};

struct str tenant_key_context(int64_t tenant_id, char buffer[API_KEY_CONTEXT_MAX])
{
    int len = snprintf(buffer, API_KEY_CONTEXT_MAX, "tenant:%lld:api_key", (long long)tenant_id);
    return (struct str){buffer, (size_t)len};
}

static int rows_next(struct loader *loader, struct rows *rows)
{
    int result = connection_step(loader->connection, rows->statement);
    rows->row = result == 1;
    return result < 0 ? result : 0;
}

static int rows_open(struct loader *loader, struct rows *rows, const struct kind *kind)
{
    rows->kind = kind;
    rows->statement = connection_prepare(loader->connection, kind->sql);
    return rows->statement ? rows_next(loader, rows) : ERR_STORE;
}

static void rows_close(struct rows *rows)
{
    sqlite3_finalize(rows->statement);
    free(rows->items);
}

/* Goes to the first row of the tenant; passes those of tenants that are being removed. */
static int rows_seek(struct loader *loader, struct rows *rows, int64_t tenant_id)
{
    int result = 0;
    while (result == 0 && rows->row && sqlite3_column_int64(rows->statement, 0) < tenant_id)
        result = rows_next(loader, rows);
    return result;
}

static bool rows_of(const struct rows *rows, int64_t tenant_id)
{
    return rows->row && sqlite3_column_int64(rows->statement, 0) == tenant_id;
}

static int load_text(struct loader *loader, const struct rows *rows, int column,
                     struct str *ret_text)
{
    struct str text = column_str(rows->statement, column);
    const char *copy = arena_memdup(loader->arena, text.len ? text.p : "", text.len);
    if (!copy)
        return ERR_NOMEM;
    *ret_text = (struct str){copy, text.len};
    return 0;
}

/* Makes the struct of the row that the statement stands on, behind `count` of them. */
static int rows_take(struct loader *loader, struct rows *rows, size_t count)
{
    size_t size = rows->kind->size;
    if (count == rows->capacity) {
        size_t capacity = count ? count * 2 : 64;
        char *items = realloc(rows->items, capacity * size);
        if (!items)
            return ERR_NOMEM;
        rows->items = items;
        rows->capacity = capacity;
    }
    memset(rows->items + count * size, 0, size);
    return rows->kind->load(loader, rows, rows->items + count * size);
}

/* All of a tenant's rows as an array in the snapshot. */
static int rows_load(struct loader *loader, struct rows *rows, int64_t tenant_id, void **ret_items,
                     size_t *ret_count)
{
    size_t count = 0;
    int result = rows_seek(loader, rows, tenant_id);
    while (result == 0 && rows_of(rows, tenant_id)) {
        result = rows_take(loader, rows, count++);
        if (result == 0)
            result = rows_next(loader, rows);
    }
    if (result < 0)
        return result;
    void *copy = arena_calloc(loader->arena, count, rows->kind->size);
    if (!copy)
        return ERR_NOMEM;
    if (count > 0)
        memcpy(copy, rows->items, count * rows->kind->size);
    *ret_items = copy;
    *ret_count = count;
    return 0;
}

static int load_agent(struct loader *loader, const struct rows *rows, void *item)
{
    struct agent *agent = item;
    agent->id = sqlite3_column_int64(rows->statement, 1);
    int result = load_text(loader, rows, 2, &agent->user_name);
    return result < 0 ? result : load_text(loader, rows, 3, &agent->nickname);
}

static int load_agents(struct loader *loader, struct tenant *tenant)
{
    void *items;
    int result = rows_load(loader, &loader->agent_rows, tenant->id, &items, &tenant->agent_count);
    if (result == 0)
        tenant->agents = items;
    return result;
}

static int load_account(struct loader *loader, const struct rows *rows, void *item)
{
    struct account *account = item;
    account->number = sqlite3_column_int64(rows->statement, 1);
    account->agent_id = sqlite3_column_int64(rows->statement, 2);
    account->created_ms = sqlite3_column_int64(rows->statement, 7);
    if (platform_parse(column_str(rows->statement, 5), &account->platform) < 0)
        return ERR_INVALID;
    int result = load_text(loader, rows, 3, &account->name);
    if (result == 0)
        result = load_text(loader, rows, 4, &account->transport);
    return result < 0 ? result : load_text(loader, rows, 6, &account->settings);
}

static int load_accounts(struct loader *loader, struct tenant *tenant)
{
    void *items;
    int result =
        rows_load(loader, &loader->account_rows, tenant->id, &items, &tenant->account_count);
    if (result == 0)
        tenant->accounts = items;
    return result;
}

static int copy_options(struct loader *loader, const struct json *array, struct field *field)
{
    struct str *options = arena_calloc(loader->arena, json_count(array), sizeof(*options));
    if (!options)
        return ERR_NOMEM;
    size_t count = 0;
    for (const struct json *option = json_first(array); option; option = json_next(option)) {
        struct str text = json_text(option);
        const char *copy = arena_memdup(loader->arena, text.len ? text.p : "", text.len);
        if (!copy)
            return ERR_NOMEM;
        options[count++] = (struct str){copy, text.len};
    }
    field->options = options;
    field->option_count = count;
    return 0;
}

static int load_options(struct loader *loader, struct str text, struct field *field)
{
    struct json_doc *doc;
    struct json_error error;
    if (text.len == 0)
        return 0;
    if (json_parse(text, FIELD_MAX_OPTIONS + 1, &doc, &error) < 0)
        return ERR_STORE;
    int result = copy_options(loader, json_root(doc), field);
    json_free(doc);
    return result;
}

static int load_field(struct loader *loader, const struct rows *rows, void *item)
{
    struct field *field = item;
    field->id = sqlite3_column_int64(rows->statement, 1);
    field->type = (enum field_type)sqlite3_column_int(rows->statement, 3);
    int result = load_text(loader, rows, 2, &field->name);
    return result < 0 ? result : load_options(loader, column_str(rows->statement, 4), field);
}

static int load_fields(struct loader *loader, struct tenant *tenant)
{
    void *items;
    int result = rows_load(loader, &loader->field_rows, tenant->id, &items, &tenant->field_count);
    if (result == 0)
        tenant->fields = items;
    return result;
}

static int load_api_key(struct loader *loader, struct tenant *tenant)
{
    sqlite3_stmt *statement = loader->tenant_rows.statement;
    const void *sealed = sqlite3_column_blob(statement, 3);
    size_t len = (size_t)sqlite3_column_bytes(statement, 3);
    if (!sealed)
        return 0;
    if (len < SEAL_OVERHEAD)
        return ERR_CRYPTO;
    char buffer[API_KEY_CONTEXT_MAX];
    char *plain = arena_alloc(loader->arena, len - SEAL_OVERHEAD + 1);
    if (!plain)
        return ERR_NOMEM;
    int result = secret_open(loader->store->crypto, loader->store->key,
                             tenant_key_context(tenant->id, buffer), sealed, len, plain);
    if (result < 0)
        return result;
    plain[len - SEAL_OVERHEAD] = '\0';
    tenant->api_key = (struct str){plain, len - SEAL_OVERHEAD};
    return 0;
}

/* "" in the table is the server's own zone, which may change with the machine. */
static int load_zone(struct loader *loader, struct tenant *tenant)
{
    char name[TIME_ZONE_NAME_MAX];
    struct str text = column_str(loader->tenant_rows.statement, 7);
    if (text.len >= sizeof(name))
        return ERR_INVALID;
    if (text.len > 0) {
        memcpy(name, text.p, text.len);
        name[text.len] = '\0';
    } else {
        zone_system_name(name, sizeof(name));
    }
    int result = tenants_zone(loader->tenants, name, &tenant->zone);
    if (result < 0 && text.len == 0) {
        strcpy(name, "UTC"); /* a machine without zone files has no zone of its own */
        result = tenants_zone(loader->tenants, name, &tenant->zone);
    }
    if (result < 0)
        return result;
    const char *copy = arena_strdup(loader->arena, name);
    tenant->time_zone = str_of(copy);
    return copy ? 0 : ERR_NOMEM;
}

static int loader_refuse(struct loader *loader, int64_t tenant_id, const char *what, int result)
{
    snprintf(loader->why, loader->why_size, "tenant %lld: %s: %s", (long long)tenant_id, what,
             result == ERR_STORE && loader->connection->fault ? loader->connection->fault_text
                                                              : err_text(result));
    return result;
}

static int load_tenant(struct loader *loader)
{
    sqlite3_stmt *statement = loader->tenant_rows.statement;
    struct tenant tenant = {
        .id = sqlite3_column_int64(statement, 0),
        .edition = (enum edition)sqlite3_column_int(statement, 4),
        .rate_limit = sqlite3_column_int(statement, 5),
        .token_window_s = sqlite3_column_int(statement, 6),
        .has_opt_outs = sqlite3_column_int64(statement, 8) > 0,
        .webhook_types = (unsigned)sqlite3_column_int(statement, 9),
    };
    int result = load_text(loader, &loader->tenant_rows, 1, &tenant.name);
    if (result == 0)
        result = load_text(loader, &loader->tenant_rows, 2, &tenant.admin);
    if (result == 0)
        result = load_text(loader, &loader->tenant_rows, 10, &tenant.stop_words);
    if (result == 0)
        result = load_text(loader, &loader->tenant_rows, 11, &tenant.stop_reply);
    if (result < 0)
        return loader_refuse(loader, tenant.id, "texts", result);
    if ((result = load_api_key(loader, &tenant)) < 0)
        return loader_refuse(loader, tenant.id, "ApiKey", result);
    if ((result = load_zone(loader, &tenant)) < 0)
        return loader_refuse(loader, tenant.id, "time zone (is tzdata installed?)", result);
    if ((result = load_agents(loader, &tenant)) < 0)
        return loader_refuse(loader, tenant.id, "agents", result);
    if ((result = load_accounts(loader, &tenant)) < 0)
        return loader_refuse(loader, tenant.id, "WhatsApp accounts", result);
    if ((result = load_fields(loader, &tenant)) < 0)
        return loader_refuse(loader, tenant.id, "extended fields", result);
    result = tenants_add(loader->tenants, &tenant);
    return result < 0 ? loader_refuse(loader, tenant.id, "snapshot", result) : 0;
}

/* Tenants are taken one by one, so they have no `load`. */
static const struct kind tenant_kind = {
    .sql = "SELECT id, name, admin, api_key, edition, rate_limit, token_window_s, time_zone,"
           " opt_outs, (SELECT total(DISTINCT 1 << type) FROM webhook WHERE tenant = tenant.id"
           " AND enabled = 1 AND removed_ms IS NULL), stop_words, stop_reply"
           " FROM tenant WHERE removed = 0 ORDER BY id",
};
static const struct kind agent_kind = {
    "SELECT tenant, id, user_name, nickname FROM agent ORDER BY tenant, id",
    sizeof(struct agent),
    load_agent,
};
static const struct kind account_kind = {
    "SELECT tenant, number, agent, name, transport, platform, settings, created_ms FROM account"
    " ORDER BY tenant, number",
    sizeof(struct account),
    load_account,
};
static const struct kind field_kind = {
    "SELECT tenant, id, name, type, options FROM field ORDER BY tenant, id",
    sizeof(struct field),
    load_field,
};

static int load_all(struct loader *loader)
{
    if (rows_open(loader, &loader->tenant_rows, &tenant_kind) < 0 ||
        rows_open(loader, &loader->agent_rows, &agent_kind) < 0 ||
        rows_open(loader, &loader->account_rows, &account_kind) < 0 ||
        rows_open(loader, &loader->field_rows, &field_kind) < 0) {
        snprintf(loader->why, loader->why_size, "tenants: %s", loader->connection->fault_text);
        return ERR_STORE;
    }
    int result = 0;
    while (result == 0 && loader->tenant_rows.row) {
        result = load_tenant(loader);
        if (result == 0)
            result = rows_next(loader, &loader->tenant_rows);
    }
    return result < 0 ? result : tenants_seal(loader->tenants);
}

int tenants_load(struct store *store, struct connection *connection, struct tenants **ret_tenants,
                 char *why, size_t why_size)
{
    struct loader loader = {
        .store = store, .connection = connection, .why = why, .why_size = why_size};
    snprintf(why, why_size, "tenants: out of memory");
    int result = tenants_new(&loader.tenants);
    if (result < 0)
        return result;
    loader.arena = tenants_arena(loader.tenants);
    result = load_all(&loader);
    rows_close(&loader.tenant_rows);
    rows_close(&loader.agent_rows);
    rows_close(&loader.account_rows);
    rows_close(&loader.field_rows);
    if (result < 0) {
        tenants_unref(loader.tenants);
        return result;
    }
    *ret_tenants = loader.tenants;
    return 0;
}

void tenants_publish(struct store *store, struct tenants *tenants)
{
    pthread_mutex_lock(&store->tenants_lock);
    struct tenants *before = store->tenants;
    store->tenants = tenants;
    /* Under the lock: who sees the new version gets the new snapshot. */
    atomic_fetch_add(&store->tenants_version, 1);
    pthread_mutex_unlock(&store->tenants_lock);
    tenants_unref(before);
}
