/* wscrm optout … */
#include <inttypes.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/clock.h"
#include "domain/tenant.h"
#include "main/arguments.h"
#include "main/sync.h"
#include "main/table.h"

/* As many as a customer group may have. */
#define NUMBERS_MAX GROUP_MAX_NUMBERS

static int write_opt_outs(struct context *context, struct opt_outs_set *op)
{
    struct sync sync;
    sync_begin(&sync, context, &op->call);
    store_opt_outs_set(context->store, op);
    int result = sync_end(&sync, &op->call);
    switch (result) {
    case ERR_NOT_FOUND: complain(context, "there is no tenant %" PRId64, op->tenant_id); break;
    case ERR_TOO_LARGE:
        complain(context, "the tenant has %" PRId64 " opt-outs: no more", TENANT_MAX_OPT_OUTS);
        break;
    default: return result < 0 ? complain_store(context, result) : EXIT_GOOD;
    }
    return EXIT_FAILED;
}

static int change(struct context *context, struct opt_outs_set *op)
{
    int64_t *numbers;
    if (argument_tenant_id(context, "tenant", &op->tenant_id) < 0 ||
        argument_whatsapp_numbers(context, "NUMBER", NUMBERS_MAX, &numbers, &op->count) < 0)
        return EXIT_WRONG_USE;
    op->numbers = numbers;
    op->now_ms = clock_real_ms();
    int status = write_opt_outs(context, op);
    free(numbers);
    return status;
}

int optout_set(struct context *context)
{
    struct opt_outs_set op = {.cause = STR("wscrm optout set"), .opt_out = true};
    if (argument_text(context, "reason", OPT_OUT_REASON_LONGEST, &op.reason) < 0)
        return EXIT_WRONG_USE;
    return change(context, &op);
}

int optout_clear(struct context *context)
{
    struct opt_outs_set op = {.cause = STR("wscrm optout clear")};
    return change(context, &op);
}

struct listing {
    struct table table;
    const struct tenant *tenant;
};

static void list_one(void *context, const struct opt_out *opt_out)
{
    struct listing *listing = context;
    struct civil since = zone_civil(listing->tenant->zone, opt_out->since_ms);
    char text[CIVIL_TEXT_SIZE];
    civil_format(&since, text);
    table_add_i64(&listing->table, opt_out->number);
    table_add(&listing->table, str_of(text));
    table_add(&listing->table, opt_out->reason);
}

int optout_list(struct context *context)
{
    static const char *const headers[] = {"NUMBER", "SINCE", "REASON", NULL};
    struct tenants *tenants;
    struct listing listing;
    int status = context_tenant(context, "tenant", &tenants, &listing.tenant);
    if (status != EXIT_GOOD)
        return status;
    table_begin(&listing.table, context->out, headers);
    int result = store_opt_outs_each(context->store, listing.tenant->id, list_one, &listing);
    tenants_unref(tenants);
    /* A failed read must not look like an empty list. */
    listing.table.failed = listing.table.failed || result < 0;
    int printed = table_end(&listing.table);
    result = result < 0 ? result : printed;
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}
