/* wscrm field … */
#include <inttypes.h>

#include "base/buf.h"
#include "base/clock.h"
#include "domain/customer.h"
#include "domain/tenant.h"
#include "main/arguments.h"
#include "main/sync.h"
#include "main/table.h"

static int take_field(struct context *context, struct field_write *write)
{
    write->now_ms = clock_real_ms();
    write->name = argument(context, "NAME");
    return argument_tenant_id(context, "tenant", &write->tenant_id);
}

static int take_type(struct context *context, struct field_write *write)
{
    enum field_type type = FIELD_TEXT;
    struct str text = argument(context, "type");
    if (text.p && field_type_parse(text, &type) < 0) {
        complain(context, "--type: text, number, date or option expected, not \"%.*s\"",
                 (int)text.len, text.p);
        return ERR_INVALID;
    }
    write->type = (int)type;
    return 0;
}

static int take_options(struct context *context, struct str options[FIELD_MAX_OPTIONS],
                        struct field_write *write)
{
    size_t index = 0;
    struct str text;
    while (argument_next(context, "option", &index, &text)) {
        if (write->option_count == FIELD_MAX_OPTIONS) {
            complain(context, "--option: at most %d", FIELD_MAX_OPTIONS);
            return ERR_INVALID;
        }
        if (!field_option_allowed(text, options, write->option_count)) {
            complain(context,
                     "--option: 1 to %d characters, none of them a control character, and each "
                     "option once",
                     CUSTOMER_EXTENDED_LONGEST);
            return ERR_INVALID;
        }
        options[write->option_count++] = text;
    }
    write->options = options;
    if ((write->option_count > 0) != (write->type == FIELD_OPTION)) {
        complain(context, write->option_count > 0
                              ? "--option: only for --type option"
                              : "--type option: it needs at least one --option");
        return ERR_INVALID;
    }
    return 0;
}

static int write_field(struct context *context,
                       void (*verb)(struct store *store, struct field_write *write),
                       struct field_write *write)
{
    struct sync sync;
    sync_begin(&sync, context, &write->call);
    verb(context->store, write);
    return sync_end(&sync, &write->call);
}

int field_add(struct context *context)
{
    struct str options[FIELD_MAX_OPTIONS];
    struct field_write write = {0};
    if (take_field(context, &write) < 0 || take_type(context, &write) < 0 ||
        take_options(context, options, &write) < 0)
        return EXIT_WRONG_USE;
    if (!field_name_allowed(write.name)) {
        complain(context,
                 "NAME: 1 to %d characters expected, and no name that customers have already",
                 TENANT_NAME_LONGEST);
        return EXIT_WRONG_USE;
    }
    int result = write_field(context, store_field_add, &write);
    switch (result) {
    case ERR_NOT_FOUND: complain(context, "there is no tenant %" PRId64, write.tenant_id); break;
    case ERR_EXISTS:
        complain(context, "the tenant has a field \"%.*s\" already", (int)write.name.len,
                 write.name.p);
        break;
    case ERR_TOO_LARGE:
        complain(context, "the tenant has %d fields: no more", TENANT_MAX_FIELDS);
        break;
    default: return result < 0 ? complain_store(context, result) : EXIT_GOOD;
    }
    return EXIT_FAILED;
}

int field_remove(struct context *context)
{
    struct field_write write = {0};
    if (take_field(context, &write) < 0)
        return EXIT_WRONG_USE;
    int result = write_field(context, store_field_remove, &write);
    if (result == ERR_NOT_FOUND) {
        complain(context, "tenant %" PRId64 " has no field \"%.*s\"", write.tenant_id,
                 (int)write.name.len, write.name.p);
        return EXIT_FAILED;
    }
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}

/* Options may hold any sign but control characters, so a JSON array it is. */
static void add_options(struct table *table, const struct field *field)
{
    struct buf text;
    buf_init(&text, (size_t)1 << 20);
    for (size_t i = 0; i < field->option_count; i++) {
        buf_add_char(&text, i == 0 ? '[' : ',');
        buf_add_json_str(&text, field->options[i]);
    }
    if (field->option_count > 0)
        buf_add_char(&text, ']');
    table_add(table, (struct str){text.data, text.len});
    buf_free(&text);
}

int field_list(struct context *context)
{
    static const char *const headers[] = {"NAME", "TYPE", "OPTIONS", NULL};
    struct tenants *tenants;
    const struct tenant *tenant;
    struct table table;
    int status = context_tenant(context, "tenant", &tenants, &tenant);
    if (status != EXIT_GOOD)
        return status;
    table_begin(&table, context->out, headers);
    for (size_t i = 0; i < tenant->field_count; i++) {
        table_add(&table, tenant->fields[i].name);
        table_add(&table, str_of(field_type_name(tenant->fields[i].type)));
        add_options(&table, &tenant->fields[i]);
    }
    tenants_unref(tenants);
    int result = table_end(&table);
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}
