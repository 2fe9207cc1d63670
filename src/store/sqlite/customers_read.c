/* Customers: looking them up. */
#include "store/sqlite/opt_outs.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/store_sqlite.h"

static int read_tags(struct store_reader *reader, struct str text, struct customer *customer)
{
    int64_t ids[CUSTOMER_MAX_TAGS];
    int count = tag_ids_parse(text, ids, CUSTOMER_MAX_TAGS);
    if (count < 0)
        return ERR_STORE;
    for (int i = 0; i < count; i++) {
        struct str *tag = &reader->tags[customer->tag_count];
        int result = label_names_get(&reader->labels, &reader->connection, ids[i], tag);
        if (result < 0)
            return result;
        customer->tag_count += tag->len > 0;
    }
    customer->tags = reader->tags;
    return 0;
}

/* Values of fields that the tenant no longer has are not shown. */
static int read_extended(struct store_reader *reader, const struct tenant *tenant, struct str text,
                         struct customer *customer)
{
    struct extended_raw raw[EXTENDED_RAW_MAX];
    int count = extended_parse(text, raw, EXTENDED_RAW_MAX);
    if (count < 0)
        return ERR_STORE;
    for (int i = 0; i < count; i++) {
        struct extended_value *value = &reader->extended[customer->extended_count];
        if (!tenant_field_by_id(tenant, raw[i].field_id))
            continue;
        if (extended_unescape(&reader->arena, raw[i].escaped, &value->text) < 0)
            return ERR_STORE;
        value->field_id = raw[i].field_id;
        customer->extended_count++;
    }
    customer->extended = reader->extended;
    return 0;
}

static int read_label(struct store_reader *reader, int64_t id, struct str *ret_name)
{
    return id == 0 ? 0 : label_names_get(&reader->labels, &reader->connection, id, ret_name);
}

static int read_lists(struct store_reader *reader, const struct tenant *tenant,
                      sqlite3_stmt *statement, struct customer *customer)
{
    struct str tags = column_str(statement, COLUMN_TAGS);
    struct str extended = column_str(statement, COLUMN_EXTENDED);
    int result = tags.len > 0 ? read_tags(reader, tags, customer) : 0;
    if (result == 0 && extended.len > 0)
        result = read_extended(reader, tenant, extended, customer);
    return result;
}

int customer_read(struct store_reader *reader, const struct tenant *tenant, int64_t number,
                  sqlite3_stmt *statement, struct customer *customer)
{
    customer->id = sqlite3_column_int64(statement, COLUMN_ID);
    customer->number = number;
    for (int i = 0; i < CUSTOMER_FIELD_COUNT; i++)
        if (customer_field_rules[i].kind != CUSTOMER_KIND_LABEL)
            customer->fields[i] = column_str(statement, COLUMN_FIELDS + i);
    customer->sex = (enum sex)sqlite3_column_int(statement, COLUMN_SEX);
    customer->created_ms = sqlite3_column_int64(statement, COLUMN_CREATED);
    customer->updated_ms = sqlite3_column_int64(statement, COLUMN_UPDATED);
    int64_t owner_id = sqlite3_column_int64(statement, COLUMN_OWNER);
    /* See run_agent_remove(): an owner who is gone is none. */
    customer->owner_id = owner_id != 0 && tenant_agent_by_id(tenant, owner_id) ? owner_id : 0;

    /* Room first: a cache that forgets would take names along that are shown already. */
    int result = label_names_reserve(&reader->labels, 2 + CUSTOMER_MAX_TAGS);
    if (result == 0) {
        result = read_label(reader, sqlite3_column_int64(statement, COLUMN_FIELDS + CUSTOMER_STAGE),
                            &customer->fields[CUSTOMER_STAGE]);
    }
    if (result == 0) {
        result =
            read_label(reader, sqlite3_column_int64(statement, COLUMN_FIELDS + CUSTOMER_SOURCE),
                       &customer->fields[CUSTOMER_SOURCE]);
    }
    if (result == 0)
        result = read_lists(reader, tenant, statement, customer);
    if (result == 0 && tenant->has_opt_outs)
        result = opt_out_look(&reader->connection, tenant->id, number, &customer->opt_out);
    return result;
}

int customer_show(struct store_reader *reader, const struct tenant *tenant, int64_t number,
                  sqlite3_stmt *statement,
                  void (*each)(void *context, const struct customer *customer), void *context)
{
    struct customer customer = {0};
    int result = customer_read(reader, tenant, number, statement, &customer);
    if (result == 0)
        each(context, &customer);
    if (customer.extended_count > 0)
        arena_reset(&reader->arena);
    return result;
}

static void show_found(void *context, const struct customer *customer)
{
    struct customers_get *op = context;
    op->each(op, op->call.progress, customer);
}

static int get_one(struct store_reader *reader, struct customers_get *op, sqlite3_stmt *find)
{
    int64_t number;
    int result = connection_step_number(&reader->connection, find, 2,
                                        op->numbers[op->call.progress], &number);
    if (result != 1)
        return result < 0 ? ERR_STORE : 0;
    result = customer_show(reader, op->tenant, number, find, show_found, op);
    sqlite3_reset(find);
    return result;
}

static int read_customers_get(struct store_reader *reader, struct store_call *call)
{
    struct customers_get *op = container_of(call, struct customers_get, call);
    sqlite3_stmt *find = connection_statement(&reader->connection, STATEMENT_CUSTOMER_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, op->tenant->id);
    for (; call->progress < op->count; call->progress++) {
        if (!reader_take(reader))
            return READER_MORE;
        int result = get_one(reader, op, find);
        if (result < 0)
            return result;
    }
    return 0;
}

void store_customers_get(struct store_reader *reader, struct customers_get *op)
{
    reader_ask(reader, &op->call, read_customers_get);
}
