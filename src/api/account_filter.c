#include "api/account_filter.h"

#include "api/reply.h"
#include "domain/number.h"

static int of_number(struct exchange *x, int64_t number, struct account_filter *filter)
{
    int64_t *forms = exchange_alloc(x, 2, sizeof(*forms)), variant;
    if (!forms)
        return reply_no_memory(x);
    forms[filter->count++] = number;
    if (number_variant(number, &variant)) {
        forms[filter->count++] = variant;
        if (variant < number) {
            forms[0] = variant;
            forms[1] = number;
        }
    }
    filter->accounts = forms;
    return 0;
}

/* Of `whats_id`, when it is not 0, in either form. */
static int of_agent(struct exchange *x, const struct agent *agent, int64_t whats_id,
                    struct account_filter *filter)
{
    const struct account *const *accounts = NULL;
    size_t count = tenant_accounts_of(x->tenant, agent->id, &accounts);
    int64_t variant = 0, *numbers = exchange_alloc(x, count, sizeof(*numbers));
    if (!numbers)
        return reply_no_memory(x);
    (void)number_variant(whats_id, &variant);
    for (size_t i = 0; i < count; i++) {
        int64_t number = accounts[i]->number;
        if (whats_id == 0 || number == whats_id || number == variant)
            numbers[filter->count++] = number;
    }
    filter->accounts = numbers;
    return 0;
}

int account_filter_read(struct exchange *x, int64_t whats_id, struct str agent_name,
                        struct account_filter *ret_filter)
{
    const struct agent *agent = NULL;
    *ret_filter = (struct account_filter){.given = whats_id != 0 || agent_name.len > 0};
    if (agent_name.len > 0 && !(agent = tenant_agent(x->tenant, agent_name)))
        return refuse(x, STATUS_USER_NAME);
    if (agent)
        return of_agent(x, agent, whats_id, ret_filter);
    return whats_id ? of_number(x, whats_id, ret_filter) : 0;
}

struct str account_user_name(const struct tenant *tenant, int64_t number)
{
    const struct account *account = tenant_account(tenant, number);
    return account ? tenant_agent_name(tenant, account->agent_id) : (struct str){0};
}
