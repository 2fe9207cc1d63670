#include "api/task_senders.h"

#include "api/reply.h"
#include "domain/number.h"

/* Adds the agent's accounts behind those that are there. */
static int add_accounts(struct exchange *x, struct str name, int64_t source, int64_t *senders,
                        size_t *count)
{
    const struct agent *agent = tenant_agent(x->tenant, name);
    const struct account *const *accounts = NULL;
    size_t found = agent ? tenant_accounts_of(x->tenant, agent->id, &accounts) : 0;
    size_t before = *count;
    for (size_t i = 0; i < found; i++) {
        if (source != 0 && accounts[i]->platform != (enum platform)source)
            continue;
        if (*count == TASK_MAX_SENDERS)
            return refuse(x, STATUS_DATA_SIZE);
        senders[(*count)++] = accounts[i]->number;
    }
    return *count > before ? 0 : refuse(x, STATUS_NO_USER_NAME);
}

static bool is_named_before(const struct input_names *names, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (str_eq(names->names[i], names->names[index]))
            return true;
    return false;
}

int task_senders_of_agents(struct exchange *x, const struct input_names *agents, int64_t source)
{
    struct task_draft *draft = task_draft_of(x);
    int64_t *senders = exchange_alloc(x, TASK_MAX_SENDERS, sizeof(*senders));
    if (!senders)
        return reply_no_memory(x);
    size_t count = 0;
    int result = 0;
    for (size_t i = 0; result == 0 && i < agents->count; i++)
        if (!is_named_before(agents, i))
            result = add_accounts(x, agents->names[i], source, senders, &count);
    draft->senders = senders;
    draft->sender_count = count;
    draft->may_move = true;
    return result;
}

int task_sender_find(struct exchange *x, struct str number, struct str agent_name,
                     int64_t *ret_account)
{
    const struct agent *agent = tenant_agent(x->tenant, agent_name);
    const struct account *account = NULL;
    int64_t value, variant;
    if (number_parse(number, &value) == 0) {
        account = tenant_account(x->tenant, value);
        if (!account && number_variant(value, &variant))
            account = tenant_account(x->tenant, variant);
    }
    if (!account || (agent_name.len > 0 && (!agent || account->agent_id != agent->id)))
        return refuse(x, STATUS_NO_USER_NAME);
    *ret_account = account->number;
    return 0;
}

int task_senders_read(struct exchange *x, struct str number, struct str agent, int64_t source)
{
    struct task_draft *draft = task_draft_of(x);
    if (number.len == 0)
        return task_senders_of_agents(x, &(struct input_names){&agent, 1}, source);
    int64_t *sender = exchange_alloc(x, 1, sizeof(*sender));
    if (!sender)
        return reply_no_memory(x);
    draft->senders = sender;
    draft->sender_count = 1;
    return task_sender_find(x, number, agent, sender);
}
