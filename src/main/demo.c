#include "main/demo.h"

#include "base/clock.h"
#include "domain/customer.h"
#include "domain/tenant.h"
#include "main/sync.h"

#define DEMO_TENANT 1

struct demo_agent {
    struct str user_name, nickname;
    int64_t account;
    struct str account_name;
};

static const struct demo_agent agents[] = {
    {{"kubrick101", 10}, {"Kubrick", 7}, INT64_C(8618217331411), {"Sales", 5}},
    {{"lsl001", 6}, {"Lsl", 3}, INT64_C(8618217331412), {"Support", 7}},
};
#define AGENT_COUNT (sizeof(agents) / sizeof(agents[0]))

static int make_tenant(struct context *context)
{
    char zone[128];
    struct sync sync;
    zone_system_name(zone, sizeof(zone));
    /* The guide's sample signs with a fixed date: no token window. */
    struct tenant_write write = {.id = DEMO_TENANT,
                                 .name = STR("Demo"),
                                 .admin = STR("WhatsApp"),
                                 .api_key = STR("QOEAcPj6Tb8XRhwFvYih"),
                                 .time_zone = str_of(zone),
                                 .edition = EDITION_PROFESSIONAL,
                                 .rate_limit = TENANT_DEFAULT_RATE,
                                 .token_window_s = 0,
                                 .now_ms = clock_real_ms()};
    sync_begin(&sync, context, &write.call);
    store_tenant_add(context->store, &write);
    return sync_end(&sync, &write.call);
}

static int make_agent(struct context *context, const struct demo_agent *agent)
{
    struct sync sync;
    struct agent_write write = {.tenant_id = DEMO_TENANT,
                                .user_name = agent->user_name,
                                .nickname = agent->nickname,
                                .now_ms = clock_real_ms()};
    sync_begin(&sync, context, &write.call);
    store_agent_add(context->store, &write);
    return sync_end(&sync, &write.call);
}

static int make_account(struct context *context, const struct demo_agent *agent)
{
    struct sync sync;
    struct account_write write = {.tenant_id = DEMO_TENANT,
                                  .number = agent->account,
                                  .agent = agent->user_name,
                                  .name = agent->account_name,
                                  .transport = STR("sandbox"),
                                  .platform = STR("pc"),
                                  .settings = STR("{}"),
                                  .now_ms = clock_real_ms()};
    sync_begin(&sync, context, &write.call);
    store_account_add(context->store, &write);
    return sync_end(&sync, &write.call);
}

static void set_text(struct customer_change *change, enum customer_field field, struct str text)
{
    change->fields[field] = (struct text_change){CHANGE_SET, text};
}

/* The customer of the guide's import sample. */
static int make_customer(struct context *context)
{
    struct str tag = STR("GoodMan");
    struct customer_change item = {.number = INT64_C(15266667779),
                                   .sex_change = CHANGE_SET,
                                   .sex = SEX_MALE,
                                   .add_tags = &tag,
                                   .add_tag_count = 1,
                                   .owner = agents[0].user_name};
    set_text(&item, CUSTOMER_FRIEND_NAME, STR("lee"));
    set_text(&item, CUSTOMER_BIRTHDAY, STR("2020/03/08"));
    set_text(&item, CUSTOMER_ADDRESS, STR("beijing"));
    set_text(&item, CUSTOMER_EMAIL, STR("223@gmail.com"));
    set_text(&item, CUSTOMER_PROFESSION, STR("good day"));
    set_text(&item, CUSTOMER_INCOME, STR("100$"));
    set_text(&item, CUSTOMER_STAGE, STR("New Customer"));
    set_text(&item, CUSTOMER_SOURCE, STR("System"));
    set_text(&item, CUSTOMER_LANGUAGE_TAG, STR("Auto"));
    set_text(&item, CUSTOMER_WELCOME, STR("hello"));
    struct sync sync;
    struct customer_outcome outcome = {0};
    struct customers_upsert upsert = {.tenant_id = DEMO_TENANT,
                                      .now_ms = clock_real_ms(),
                                      .items = &item,
                                      .count = 1,
                                      .outcomes = &outcome};
    sync_begin(&sync, context, &upsert.call);
    store_customers_upsert(context->store, &upsert);
    int result = sync_end(&sync, &upsert.call);
    return result < 0 ? result : outcome.result;
}

static bool store_is_empty(struct store *store)
{
    struct tenants *tenants = store_tenants(store);
    bool empty = tenants_count(tenants) == 0;
    tenants_unref(tenants);
    return empty;
}

int demo_make(struct context *context, bool *ret_made)
{
    bool empty = store_is_empty(context->store);
    int result = empty ? make_tenant(context) : 0;
    for (size_t i = 0; empty && result == 0 && i < AGENT_COUNT; i++) {
        result = make_agent(context, &agents[i]);
        if (result == 0)
            result = make_account(context, &agents[i]);
    }
    if (empty && result == 0)
        result = make_customer(context);
    if (result < 0)
        return result;
    *ret_made = empty;
    return 0;
}
