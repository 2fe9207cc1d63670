/* Makes the snapshot of all tenants from the tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/zone.h"
#include "store/sqlite/store_sqlite.h"

#define TIME_ZONE_NAME_MAX 256

/* The rows of one table, ascending by tenant, taken as the tenants come. */
struct rows {
    sqlite3_stmt *statement;
    bool row; /* the statement stands on one */
};

struct loader {
    struct store *store;
    struct connection *connection;
    struct tenants *tenants;
    struct arena *arena;
    struct rows tenant_rows, agent_rows, field_rows;
    struct agent *agents; /* of the current tenant; grows */
    size_t agent_capacity;
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

static int rows_open(struct loader *loader, struct rows *rows, const char *sql)
{
    rows->statement = connection_prepare(loader->connection, sql);
    return rows->statement ? rows_next(loader, rows) : ERR_STORE;
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

static int load_agent(struct loader *loader, size_t count)
{
    if (count == loader->agent_capacity) {
        size_t capacity = count ? count * 2 : 64;
        struct agent *agents = realloc(loader->agents, capacity * sizeof(*agents));
        if (!agents)
            return ERR_NOMEM;
        loader->agents = agents;
        loader->agent_capacity = capacity;
    }
    struct agent *agent = &loader->agents[count];
    agent->id = sqlite3_column_int64(loader->agent_rows.statement, 1);
    int result = load_text(loader, &loader->agent_rows, 2, &agent->user_name);
    return result < 0 ? result : load_text(loader, &loader->agent_rows, 3, &agent->nickname);
}

static int load_agents(struct loader *loader, struct tenant *tenant)
{
    size_t count = 0;
    int result = rows_seek(loader, &loader->agent_rows, tenant->id);
    while (result == 0 && rows_of(&loader->agent_rows, tenant->id)) {
        result = load_agent(loader, count++);
        if (result == 0)
            result = rows_next(loader, &loader->agent_rows);
    }
    if (result < 0)
        return result;
    tenant->agents = arena_calloc(loader->arena, count, sizeof(*tenant->agents));
    if (!tenant->agents)
        return ERR_NOMEM;
    if (count > 0)
        memcpy(tenant->agents, loader->agents, count * sizeof(*tenant->agents));
    tenant->agent_count = count;
    return 0;
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

static int load_field(struct loader *loader, struct field *field)
{
    sqlite3_stmt *statement = loader->field_rows.statement;
    memset(field, 0, sizeof(*field));
    field->id = sqlite3_column_int64(statement, 1);
    field->type = (enum field_type)sqlite3_column_int(statement, 3);
    int result = load_text(loader, &loader->field_rows, 2, &field->name);
    return result < 0 ? result : load_options(loader, column_str(statement, 4), field);
}

static int load_fields(struct loader *loader, struct tenant *tenant)
{
    struct field fields[TENANT_MAX_FIELDS];
    size_t count = 0;
    int result = rows_seek(loader, &loader->field_rows, tenant->id);
    while (result == 0 && rows_of(&loader->field_rows, tenant->id)) {
        if (count == TENANT_MAX_FIELDS)
            return ERR_STORE;
        result = load_field(loader, &fields[count++]);
        if (result == 0)
            result = rows_next(loader, &loader->field_rows);
    }
    if (result < 0)
        return result;
    tenant->fields = arena_calloc(loader->arena, count, sizeof(*tenant->fields));
    if (!tenant->fields)
        return ERR_NOMEM;
    if (count > 0)
        memcpy(tenant->fields, fields, count * sizeof(*tenant->fields));
    tenant->field_count = count;
    return 0;
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
    };
    int result = load_text(loader, &loader->tenant_rows, 1, &tenant.name);
    if (result == 0)
        result = load_text(loader, &loader->tenant_rows, 2, &tenant.admin);
    if (result < 0)
        return loader_refuse(loader, tenant.id, "names", result);
    if ((result = load_api_key(loader, &tenant)) < 0)
        return loader_refuse(loader, tenant.id, "ApiKey", result);
    if ((result = load_zone(loader, &tenant)) < 0)
        return loader_refuse(loader, tenant.id, "time zone (is tzdata installed?)", result);
    if ((result = load_agents(loader, &tenant)) < 0)
        return loader_refuse(loader, tenant.id, "agents", result);
    if ((result = load_fields(loader, &tenant)) < 0)
        return loader_refuse(loader, tenant.id, "extended fields", result);
    result = tenants_add(loader->tenants, &tenant);
    return result < 0 ? loader_refuse(loader, tenant.id, "snapshot", result) : 0;
}

static int load_all(struct loader *loader)
{
    if (rows_open(loader, &loader->tenant_rows,
                  "SELECT id, name, admin, api_key, edition, rate_limit, token_window_s, time_zone"
                  " FROM tenant WHERE removed = 0 ORDER BY id") < 0 ||
        rows_open(loader, &loader->agent_rows,
                  "SELECT tenant, id, user_name, nickname FROM agent ORDER BY tenant, id") < 0 ||
        rows_open(loader, &loader->field_rows,
                  "SELECT tenant, id, name, type, options FROM field ORDER BY tenant, id") < 0) {
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
    sqlite3_finalize(loader.tenant_rows.statement);
    sqlite3_finalize(loader.agent_rows.statement);
    sqlite3_finalize(loader.field_rows.statement);
    free(loader.agents);
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
