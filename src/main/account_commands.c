/* wscrm account … */
#include <inttypes.h>

#include "base/buf.h"
#include "base/clock.h"
#include "domain/number.h"
#include "domain/tenant.h"
#include "main/account_settings.h"
#include "main/arguments.h"
#include "main/sync.h"
#include "main/table.h"
#include "main/value.h"

static int take_account(struct context *context, struct account_write *write)
{
    struct str number = argument(context, "NUMBER");
    write->now_ms = clock_real_ms();
    if (argument_tenant_id(context, "tenant", &write->tenant_id) < 0)
        return ERR_INVALID;
    if (number_parse(number, &write->number) < 0) {
        complain(context, "NUMBER: %s, not \"%.*s\"", NUMBER_FORM, (int)number.len, number.p);
        return ERR_INVALID;
    }
    return 0;
}

static int take_transport(struct context *context, struct account_write *write)
{
    int64_t index;
    write->transport = argument(context, "transport");
    if (value_choice(write->transport, "sandbox|cloud|waha|evolution", &index) < 0) {
        complain(context, "--transport: sandbox expected, not \"%.*s\"", (int)write->transport.len,
                 write->transport.p);
        return ERR_INVALID;
    }
    if (index != 0) {
        complain(context, "--transport: %.*s is not in this version; sandbox is",
                 (int)write->transport.len, write->transport.p);
        return ERR_INVALID;
    }
    return 0;
}

static int take_platform(struct context *context, struct account_write *write)
{
    int64_t index;
    struct str text = argument(context, "platform");
    write->platform = text.p ? text : STR("pc");
    if (value_choice(write->platform, "pc|mobile|cloud", &index) < 0) {
        complain(context, "--platform: pc, mobile or cloud expected, not \"%.*s\"", (int)text.len,
                 text.p);
        return ERR_INVALID;
    }
    return 0;
}

static int take_settings(struct context *context, struct buf *object)
{
    size_t index = 0;
    unsigned seen = 0;
    struct str text;
    buf_add_char(object, '{');
    while (argument_next(context, "set", &index, &text)) {
        char why[ACCOUNT_SETTING_WHY_MAX];
        if (account_settings_add(object, text, &seen, why, sizeof(why)) < 0) {
            complain(context, "--set: %s", why);
            return ERR_INVALID;
        }
    }
    buf_add_char(object, '}');
    return object->failed ? ERR_NOMEM : 0;
}

static int write_account(struct context *context,
                         void (*verb)(struct store *store, struct account_write *write),
                         struct account_write *write)
{
    struct sync sync;
    sync_begin(&sync, context, &write->call);
    verb(context->store, write);
    return sync_end(&sync, &write->call);
}

static int add_outcome(struct context *context, int result, const struct account_write *write)
{
    switch (result) {
    case ERR_NOT_FOUND: complain(context, "there is no tenant %" PRId64, write->tenant_id); break;
    case ERR_NO_AGENT:
        complain(context, "tenant %" PRId64 " has no agent \"%.*s\"", write->tenant_id,
                 (int)write->agent.len, write->agent.p);
        break;
    case ERR_EXISTS:
        complain(context, "%" PRId64 " is an account already, of this tenant or another",
                 write->number);
        break;
    default: return result < 0 ? complain_store(context, result) : EXIT_GOOD;
    }
    return EXIT_FAILED;
}

int account_add(struct context *context)
{
    struct account_write write = {.agent = argument(context, "agent")};
    struct buf settings;
    int status = EXIT_WRONG_USE;
    buf_init(&settings, ACCOUNT_MAX_SETTINGS_LEN);
    if (take_account(context, &write) == 0 && take_transport(context, &write) == 0 &&
        take_platform(context, &write) == 0 && take_settings(context, &settings) == 0) {
        write.settings = (struct str){settings.data, settings.len};
        status = add_outcome(context, write_account(context, store_account_add, &write), &write);
    }
    buf_free(&settings);
    return status;
}

int account_remove(struct context *context)
{
    struct account_write write = {0};
    if (take_account(context, &write) < 0)
        return EXIT_WRONG_USE;
    int result = write_account(context, store_account_remove, &write);
    if (result == ERR_NOT_FOUND) {
        complain(context, "tenant %" PRId64 " has no account %" PRId64, write.tenant_id,
                 write.number);
        return EXIT_FAILED;
    }
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}

struct listing {
    struct table table;
    const struct tenant *tenant;
};

static void list_account(void *context, const struct account *account)
{
    struct listing *listing = context;
    const struct agent *agent = tenant_agent_by_id(listing->tenant, account->agent_id);
    table_add_i64(&listing->table, account->number);
    table_add(&listing->table, agent ? agent->user_name : STR(""));
    table_add(&listing->table, account->transport);
    table_add(&listing->table, account->platform);
    table_add(&listing->table, account->settings);
}

int account_list(struct context *context)
{
    static const char *const headers[] = {"NUMBER",   "AGENT",    "TRANSPORT",
                                          "PLATFORM", "SETTINGS", NULL};
    struct tenants *tenants;
    struct listing listing;
    int status = context_tenant(context, "tenant", &tenants, &listing.tenant);
    if (status != EXIT_GOOD)
        return status;
    table_begin(&listing.table, context->out, headers);
    int result = store_accounts_each(context->store, listing.tenant->id, list_account, &listing);
    tenants_unref(tenants);
    /* A failed read must not look like an empty list. */
    listing.table.failed = listing.table.failed || result < 0;
    int printed = table_end(&listing.table);
    result = result < 0 ? result : printed;
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}
