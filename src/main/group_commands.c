/* wscrm group … */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "domain/number.h"
#include "domain/tenant.h"
#include "main/arguments.h"
#include "main/sync.h"
#include "main/table.h"

static int write_group(struct context *context,
                       void (*verb)(struct store *store, struct group_write *op),
                       struct group_write *op)
{
    struct sync sync;
    op->now_ms = clock_real_ms();
    sync_begin(&sync, context, &op->call);
    verb(context->store, op);
    return sync_end(&sync, &op->call);
}

static int complain_missing(struct context *context, int64_t tenant_id, struct str name)
{
    complain(context, "tenant %" PRId64 " has no group \"%.*s\"", tenant_id, (int)name.len, name.p);
    return EXIT_FAILED;
}

static int save(struct context *context, struct group_write *op)
{
    int result = write_group(context, store_group_save, op);
    switch (result) {
    case ERR_NOT_FOUND: complain(context, "there is no tenant %" PRId64, op->tenant_id); break;
    case ERR_TOO_LARGE:
        complain(context, "the tenant has %d groups: no more", TENANT_MAX_GROUPS);
        break;
    default: return result < 0 ? complain_store(context, result) : EXIT_GOOD;
    }
    return EXIT_FAILED;
}

int group_save(struct context *context)
{
    struct group_write op = {.name = argument(context, "NAME")};
    int64_t *numbers;
    if (!user_name_allowed(op.name)) {
        complain(context, "NAME: 1 to %d characters without commas expected", TENANT_NAME_LONGEST);
        return EXIT_WRONG_USE;
    }
    if (argument_tenant_id(context, "tenant", &op.tenant_id) < 0 ||
        argument_whatsapp_numbers(context, "NUMBER", GROUP_MAX_NUMBERS, &numbers, &op.count) < 0)
        return EXIT_WRONG_USE;
    op.count = numbers_unique(numbers, op.count);
    op.numbers = numbers;
    int status = save(context, &op);
    free(numbers);
    return status;
}

int group_remove(struct context *context)
{
    struct group_write op = {.name = argument(context, "NAME")};
    if (argument_tenant_id(context, "tenant", &op.tenant_id) < 0)
        return EXIT_WRONG_USE;
    int result = write_group(context, store_group_remove, &op);
    if (result == ERR_NOT_FOUND)
        return complain_missing(context, op.tenant_id, op.name);
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}

/* --- reading */

struct reading {
    struct groups_get get;
    struct table table;
};

static void list_group(struct groups_get *get, struct str name, int64_t size)
{
    struct reading *reading = container_of(get, struct reading, get);
    table_add(&reading->table, name);
    if (get->rule.len > 0)
        table_add(&reading->table, STR("by rule"));
    else
        table_add_i64(&reading->table, size);
}

static void skip_group(struct groups_get *get, struct str name, int64_t size)
{
    (void)get, (void)name, (void)size;
}

static void list_number(struct groups_get *get, int64_t number)
{
    table_add_i64(&container_of(get, struct reading, get)->table, number);
}

static int read_groups(struct context *context, struct reading *reading, const char *const *headers)
{
    struct sync sync;
    struct store_reader *reader;
    int result = sync_read_begin(&sync, context, &reading->get.call, &reader);
    if (result < 0)
        return result;
    table_begin(&reading->table, context->out, headers);
    store_groups_get(reader, &reading->get);
    result = sync_read_end(&sync, reader, &reading->get.call);
    /* A group that is not there must not look like an empty one. */
    reading->table.failed = reading->table.failed || result < 0;
    int printed = table_end(&reading->table);
    return result < 0 ? result : printed;
}

/* --tenant's id, when there is such a tenant. */
static int take_tenant(struct context *context, int64_t *ret_id)
{
    struct tenants *tenants;
    const struct tenant *tenant;
    int status = context_tenant(context, "tenant", &tenants, &tenant);
    if (status == EXIT_GOOD) {
        *ret_id = tenant->id;
        tenants_unref(tenants);
    }
    return status;
}

int group_list(struct context *context)
{
    static const char *const headers[] = {"NAME", "SIZE", NULL};
    struct reading reading = {.get = {.group = list_group}};
    int status = take_tenant(context, &reading.get.tenant_id);
    if (status != EXIT_GOOD)
        return status;
    int result = read_groups(context, &reading, headers);
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}

int group_show(struct context *context)
{
    static const char *const headers[] = {"NUMBER", NULL};
    struct reading reading = {
        .get = {.name = argument(context, "NAME"), .group = skip_group, .number = list_number}};
    int status = take_tenant(context, &reading.get.tenant_id);
    if (status != EXIT_GOOD)
        return status;
    int result = read_groups(context, &reading, headers);
    if (result == ERR_NOT_FOUND)
        return complain_missing(context, reading.get.tenant_id, reading.get.name);
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}
