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

static int update_field(struct connection *connection, int64_t id, struct str options)
{
    sqlite3_stmt *update = connection_statement(connection, STATEMENT_FIELD_SET_OPTIONS);
    if (!update)
        return ERR_STORE;
    bind_i64(update, 1, id);
    bind_str_or_null(update, 2, options);
    return connection_step(connection, update) < 0 ? ERR_STORE : 0;
}

/* Changes the options of the field `id`; 0: makes it. */
static int write_field(struct connection *connection, const struct field_write *op, int64_t id)
{
    struct buf options;
    if (op->option_count > FIELD_MAX_OPTIONS)
        return ERR_TOO_LARGE;
    buf_init(&options, OPTIONS_MAX_LEN);
    if (op->option_count > 0) {
        buf_add_char(&options, '[');
        for (size_t i = 0; i < op->option_count; i++) {
            buf_add_json_comma(&options);
            buf_add_json_str(&options, op->options[i]);
        }
        buf_add_char(&options, ']');
    }
    struct str text = {options.data, options.len};
    int result = options.failed ? ERR_TOO_LARGE
                 : id != 0      ? update_field(connection, id, text)
                                : insert_field(connection, op, text);
    buf_free(&options);
    return result;
}

static int add_field(struct connection *connection, const struct field_write *op)
{
    int64_t count;
    if (connection_look(connection, STATEMENT_FIELD_COUNT, op->tenant_id, &count) < 0)
        return ERR_STORE;
    return count >= TENANT_MAX_FIELDS ? ERR_TOO_LARGE : write_field(connection, op, 0);
}

/* 1 and the field that has the name, 0 there is none. */
static int find_field(struct connection *connection, const struct field_write *op, int64_t *ret_id,
                      int *ret_type)
{
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_FIELD_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, op->tenant_id);
    bind_str(find, 2, op->name);
    int result = connection_step(connection, find);
    if (result != 1)
        return result < 0 ? ERR_STORE : 0;
    *ret_id = sqlite3_column_int64(find, 0);
    *ret_type = sqlite3_column_int(find, 1);
    sqlite3_reset(find);
    return 1;
}

static int set_field(struct connection *connection, const struct field_write *op)
{
    int64_t id;
    int type;
    int result = find_field(connection, op, &id, &type);
    if (result != 1)
        return result < 0 ? result : add_field(connection, op);
    return type != op->type ? ERR_EXISTS : write_field(connection, op, id);
}

/* The customers' values of the field stay in their rows, unseen, until a row is next changed: its id
 * is never given to another field. */
static int delete_field(struct connection *connection, const struct field_write *op)
{
    int64_t id;
    int type;
    int result = find_field(connection, op, &id, &type);
    sqlite3_stmt *delete = connection_statement(connection, STATEMENT_FIELD_DELETE);
    if (result < 0 || !delete)
        return ERR_STORE;
    if (result == 0)
        return ERR_NOT_FOUND;
    bind_i64(delete, 1, id);
    return connection_step(connection, delete) < 0 ? ERR_STORE : 0;
}

static int run_change(struct store *store, struct store_call *call,
                      int (*change)(struct connection *connection, const struct field_write *op))
{
    struct field_write *op = container_of(call, struct field_write, call);
    struct writer *writer = &store->writer;
    int result = tenant_check(&writer->connection, op->tenant_id);
    if (result == 0)
        result = change(&writer->connection, op);
    if (result == 0) {
        (void)writer_take_row(writer, call);
        writer->tenants_changed = true;
    }
    return result;
}

static int run_field_add(struct store *store, struct store_call *call)
{
    return run_change(store, call, add_field);
}

static int run_field_set(struct store *store, struct store_call *call)
{
    return run_change(store, call, set_field);
}

static int run_field_remove(struct store *store, struct store_call *call)
{
    return run_change(store, call, delete_field);
}

void store_field_add(struct store *store, struct field_write *op)
{
    writer_post(store, &op->call, 1, run_field_add);
}

void store_field_set(struct store *store, struct field_write *op)
{
    writer_post(store, &op->call, 1, run_field_set);
}

void store_field_remove(struct store *store, struct field_write *op)
{
    writer_post(store, &op->call, 1, run_field_remove);
}
