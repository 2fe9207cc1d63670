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
    enum platform platform;
    struct str text = argument(context, "platform");
    if (text.p && platform_parse(text, &platform) < 0) {
        complain(context, "--platform: pc, mobile or cloud expected, not \"%.*s\"", (int)text.len,
                 text.p);
        return ERR_INVALID;
    }
    write->platform = text;
    return 0;
}

typedef int take_setting(struct buf *object, struct str text, unsigned *seen, char *why,
                         size_t why_size);

static int take_settings(struct context *context, take_setting *take, struct buf *object)
{
    size_t index = 0;
    unsigned seen = 0;
    struct str text;
    buf_add_char(object, '{');
    while (argument_next(context, "set", &index, &text)) {
        char why[ACCOUNT_SETTING_WHY_MAX];
        if (take(object, text, &seen, why, sizeof(why)) < 0) {
            complain(context, "--set: %s", why);
            return ERR_INVALID;
        }
    }
    buf_add_char(object, '}');
    return object->failed ? ERR_NOMEM : 0;
}

/* What `account add` and `account set` have in common. */
static int take_options(struct context *context, take_setting *take, struct buf *settings,
                        struct account_write *write)
{
    write->agent = argument(context, "agent");
    if (take_account(context, write) < 0 ||
        argument_text(context, "name", TENANT_NAME_LONGEST, &write->name) < 0 ||
        take_platform(context, write) < 0 || take_settings(context, take, settings) < 0)
        return ERR_INVALID;
    write->settings = (struct str){settings->data, settings->len};
    return 0;
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

static int no_tenant(struct context *context, const struct account_write *write)
{
    complain(context, "there is no tenant %" PRId64, write->tenant_id);
    return EXIT_FAILED;
}

static int outcome(struct context *context, int result, const struct account_write *write)
{
    switch (result) {
    case ERR_NO_AGENT:
        complain(context, "tenant %" PRId64 " has no agent \"%.*s\"", write->tenant_id,
                 (int)write->agent.len, write->agent.p);
        break;
    case ERR_EXISTS:
        complain(context, "%" PRId64 " is an account already, of this tenant or another",
                 write->number);
        break;
    case ERR_TOO_LARGE:
        complain(context, "the tenant has %d accounts: no more", TENANT_MAX_ACCOUNTS);
        break;
    default: return result < 0 ? complain_store(context, result) : EXIT_GOOD;
    }
    return EXIT_FAILED;
}

int account_add(struct context *context)
{
    struct account_write write = {0};
    struct buf settings;
    int status = EXIT_WRONG_USE;
    buf_init(&settings, ACCOUNT_MAX_SETTINGS_LEN);
    if (take_options(context, account_settings_add, &settings, &write) == 0 &&
        take_transport(context, &write) == 0) {
        write.platform = write.platform.p ? write.platform : STR("pc");
        int result = write_account(context, store_account_add, &write);
        status =
            result == ERR_NOT_FOUND ? no_tenant(context, &write) : outcome(context, result, &write);
    }
    buf_free(&settings);
    return status;
}

/* The outcome of a verb on an account that is there. */
static int outcome_of_own(struct context *context, int result, const struct account_write *write)
{
    if (result != ERR_NOT_FOUND)
        return outcome(context, result, write);
    complain(context, "tenant %" PRId64 " has no account %" PRId64, write->tenant_id,
             write->number);
    return EXIT_FAILED;
}

int account_set(struct context *context)
{
    struct account_write write = {0};
    struct buf settings;
    int status = EXIT_WRONG_USE;
    buf_init(&settings, ACCOUNT_MAX_SETTINGS_LEN);
    if (context->arguments->count == 2)
        complain(context, "nothing to set; `wscrm account set --help` lists what can be");
    else if (take_options(context, account_settings_change, &settings, &write) == 0)
        status = outcome_of_own(context, write_account(context, store_account_set, &write), &write);
    buf_free(&settings);
    return status;
}

int account_remove(struct context *context)
{
    struct account_write write = {0};
    if (take_account(context, &write) < 0)
        return EXIT_WRONG_USE;
    return outcome_of_own(context, write_account(context, store_account_remove, &write), &write);
}

int account_list(struct context *context)
{
    static const char *const headers[] = {"NUMBER",   "NAME",     "AGENT", "TRANSPORT",
                                          "PLATFORM", "SETTINGS", NULL};
    struct tenants *tenants;
    const struct tenant *tenant;
    struct table table;
    int status = context_tenant(context, "tenant", &tenants, &tenant);
    if (status != EXIT_GOOD)
        return status;
    table_begin(&table, context->out, headers);
    for (size_t i = 0; i < tenant->account_count; i++) {
        const struct account *account = &tenant->accounts[i];
        table_add_i64(&table, account->number);
        table_add(&table, account->name);
        table_add(&table, tenant_agent_name(tenant, account->agent_id));
        table_add(&table, account->transport);
        table_add(&table, str_of(platform_name(account->platform)));
        table_add(&table, account->settings);
    }
    tenants_unref(tenants);
    int result = table_end(&table);
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}
