/* Extended fields: what a tenant keeps of its customers beside the basic fields. */
#include "base/buf.h"
#include "store/sqlite/store_sqlite.h"

/* 200 options of 1,000 characters, escaped. */
#define OPTIONS_MAX_LEN ((size_t)2 << 20)

static int insert_field(struct connection *connection, const struct field_write *op,
                        struct str options)
{
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_FIELD_INSERT);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, op->tenant_id);
    bind_str(insert, 2, op->name);
    bind_i64(insert, 3, op->type);
    bind_str_or_null(insert, 4, options);
    return connection_step(connection, insert); /* ERR_EXISTS: the tenant has one of the name */
}

static int insert_with_options(struct connection *connection, const struct field_write *op)
{
    struct buf options;
    buf_init(&options, OPTIONS_MAX_LEN);
    if (op->option_count > 0) {
        buf_add_char(&options, '[');
        for (size_t i = 0; i < op->option_count; i++) {
            buf_add_json_comma(&options);
            buf_add_json_str(&options, op->options[i]);
        }
        buf_add_char(&options, ']');
    }
    int result = options.failed
                     ? ERR_TOO_LARGE
                     : insert_field(connection, op, (struct str){options.data, options.len});
    buf_free(&options);
    return result;
}

static int run_field_add(struct store *store, struct store_call *call)
{
    struct field_write *op = container_of(call, struct field_write, call);
    struct writer *writer = &store->writer;
    int64_t count;
    int result = tenant_check(&store->writer.connection, op->tenant_id);
    if (result < 0)
        return result;
    if (connection_look(&writer->connection, STATEMENT_FIELD_COUNT, op->tenant_id, &count) < 0)
        return ERR_STORE;
    if (count >= TENANT_MAX_FIELDS || op->option_count > FIELD_MAX_OPTIONS)
        return ERR_TOO_LARGE;
    result = insert_with_options(&writer->connection, op);
    if (result == 0) {
        (void)writer_take_row(writer, call);
        writer->tenants_changed = true;
    }
    return result;
}

/* The customers' values of the field stay in their rows, unseen, until a row is next changed: its id
 * is never given to another field. */
static int run_field_remove(struct store *store, struct store_call *call)
{
    struct field_write *op = container_of(call, struct field_write, call);
    struct writer *writer = &store->writer;
    struct connection *connection = &writer->connection;
    int result = tenant_check(&store->writer.connection, op->tenant_id);
    if (result < 0)
        return result;
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_FIELD_FIND);
    sqlite3_stmt *delete = connection_statement(connection, STATEMENT_FIELD_DELETE);
    if (!find || !delete)
        return ERR_STORE;
    bind_i64(find, 1, op->tenant_id);
    bind_str(find, 2, op->name);
    result = connection_step(connection, find);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    bind_i64(delete, 1, sqlite3_column_int64(find, 0));
    sqlite3_reset(find);
    result = connection_step(connection, delete);
    if (result < 0)
        return ERR_STORE;
    (void)writer_take_row(writer, call);
    writer->tenants_changed = true;
    return 0;
}

void store_field_add(struct store *store, struct field_write *op)
{
    writer_post(store, &op->call, 1, run_field_add);
}

void store_field_remove(struct store *store, struct field_write *op)
{
    writer_post(store, &op->call, 1, run_field_remove);
}
