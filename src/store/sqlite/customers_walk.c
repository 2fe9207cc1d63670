/* Customers: walks over all of a tenant, by number, in short transactions. */
#include "domain/number.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/store_sqlite.h"

int customers_show_behind(struct store_reader *reader, const struct tenant *tenant, int64_t *after,
                          size_t *left,
                          void (*each)(void *context, const struct customer *customer),
                          void *context)
{
    sqlite3_stmt *walk = connection_statement(&reader->connection, STATEMENT_CUSTOMER_WALK);
    int result = walk ? 1 : ERR_STORE;
    if (walk) {
        bind_i64(walk, 1, tenant->id);
        bind_i64(walk, 2, *after);
        bind_i64(walk, 3, (int64_t)*left);
    }
    while (result == 1 && *left > 0) {
        if (!reader_take(reader)) {
            result = READER_MORE;
            break;
        }
        result = connection_step(&reader->connection, walk);
        if (result == 1) {
            int64_t number = sqlite3_column_int64(walk, COLUMN_NUMBER);
            int shown = customer_show(reader, tenant, number, walk, each, context);
            result = shown < 0 ? shown : 1;
            *after = number;
            --*left;
        }
    }
    sqlite3_reset(walk);
    return result;
}

static void show_walked(void *context, const struct customer *customer)
{
    struct customers_walk *op = context;
    op->each(op, customer);
}

static int read_customers_walk(struct store_reader *reader, struct store_call *call)
{
    struct customers_walk *op = container_of(call, struct customers_walk, call);
    size_t left = op->limit - call->progress;
    int result = customers_show_behind(reader, op->tenant, &op->after, &left, show_walked, op);
    call->progress = op->limit - left;
    return result < 0 ? result : (int)call->progress;
}

void store_customers_walk(struct store_reader *reader, struct customers_walk *op)
{
    reader_ask(reader, &op->call, read_customers_walk);
}

/* --- both forms of one number */

/* Numbers alone come from the index: such a piece takes some 2 ms. */
#define TWINS_PIECE 5000

struct twins {
    struct connection connection;
    void (*each)(void *context, int64_t tenant_id, int64_t number, int64_t other);
    void *context;
    int count;
};

/* Each pair is told once, by its smaller number. */
static int look_for_other(struct twins *twins, int64_t tenant_id, int64_t number)
{
    int64_t other;
    if (!number_variant(number, &other) || other < number)
        return 0;
    sqlite3_stmt *exists = connection_statement(&twins->connection, STATEMENT_CUSTOMER_EXISTS);
    if (!exists)
        return ERR_STORE;
    bind_i64(exists, 1, tenant_id);
    bind_i64(exists, 2, other);
    int result = connection_step(&twins->connection, exists);
    if (result == 1) {
        twins->count++;
        twins->each(twins->context, tenant_id, number, other);
        sqlite3_reset(exists);
    }
    return result < 0 ? result : 0;
}

/* 0 was the last piece, 1 there are more. */
static int look_at_piece(struct twins *twins, int64_t tenant_id, int64_t *after)
{
    sqlite3_stmt *numbers = connection_statement(&twins->connection, STATEMENT_CUSTOMER_NUMBERS);
    int result = numbers ? 1 : ERR_STORE, rows = 0;
    if (numbers) {
        bind_i64(numbers, 1, tenant_id);
        bind_i64(numbers, 2, *after);
        bind_i64(numbers, 3, TWINS_PIECE);
    }
    while (result == 1 && (result = connection_step(&twins->connection, numbers)) == 1) {
        rows++;
        *after = sqlite3_column_int64(numbers, 0);
        int looked = look_for_other(twins, tenant_id, *after);
        result = looked < 0 ? looked : result;
    }
    sqlite3_reset(numbers);
    return result < 0 ? ERR_STORE : rows == TWINS_PIECE;
}

static int look_at_tenant(struct twins *twins, int64_t tenant_id)
{
    int64_t after = 0;
    int result = 1;
    while (result == 1)
        result = look_at_piece(twins, tenant_id, &after);
    return result;
}

int store_twins(struct store *store, int64_t tenant_id,
                void (*each)(void *context, int64_t tenant_id, int64_t number, int64_t other),
                void *context)
{
    struct twins twins = {.each = each, .context = context};
    if (store_connect(store, &twins.connection) < 0)
        return ERR_STORE;
    struct tenants *tenants = store_tenants(store);
    int result = 0;
    for (size_t i = 0; result == 0 && i < tenants_count(tenants); i++)
        if (tenant_id == 0 || tenants_at(tenants, i)->id == tenant_id)
            result = look_at_tenant(&twins, tenants_at(tenants, i)->id);
    tenants_unref(tenants);
    connection_close(&twins.connection);
    return result < 0 ? result : twins.count;
}
