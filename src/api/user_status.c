/* POST /group-dispatch-api/user/queryUserStatus: the agents who are online.
 * POST /group-dispatch-api/user/queryAllOlWhatsAppInfo: the same by source, for the whole tenant.
 *
 * An agent is online when a WhatsApp account of his is. */
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"

struct status_input {
    struct input_integer user_id, source;
    struct str user_name;
};

static const struct input_field status_fields[] = {
    {.name = "userId",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct status_input, user_id),
     .min = 0,
     .max = INT64_MAX},
    {.name = "userName",
     .type = INPUT_NAME,
     .offset = offsetof(struct status_input, user_name),
     .longest = TENANT_NAME_LONGEST},
    {.name = "source",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct status_input, source),
     .min = PLATFORM_PC,
     .max = PLATFORM_CLOUD},
};

static const struct input_table status_table = {status_fields, 3, sizeof(struct status_input),
                                                NULL};

#define ANY_SOURCE 0

/* The accounts of one agent. */
struct run {
    const struct account **first;
    size_t count;
};

/* Goes through tenant->accounts_by_agent; start with a zeroed one. */
static bool next_run(const struct tenant *tenant, struct run *run)
{
    const struct account **end = tenant->accounts_by_agent + tenant->account_count;
    run->first = run->first ? run->first + run->count : tenant->accounts_by_agent;
    run->count = 0;
    while (run->first + run->count < end &&
           run->first[run->count]->agent_id == run->first[0]->agent_id)
        run->count++;
    return run->count > 0;
}

static bool is_shown(const struct exchange *x, const struct account *account, int64_t source)
{
    int64_t since_ms;
    return (source == ANY_SOURCE || source == (int64_t)account->platform) &&
           worker_account_online(x->worker, account->number, &since_ms);
}

static bool is_online(const struct exchange *x, const struct run *run, int64_t source)
{
    for (size_t i = 0; i < run->count; i++)
        if (is_shown(x, run->first[i], source))
            return true;
    return false;
}

static void add_accounts(struct buf *b, const struct exchange *x, const struct run *run,
                         int64_t source)
{
    buf_add_json_name(b, "whatsAppList");
    buf_add_char(b, '[');
    for (size_t i = 0; i < run->count; i++) {
        if (!is_shown(x, run->first[i], source))
            continue;
        buf_add_json_comma(b);
        buf_add_text(b, "{\"whatsApp\":");
        reply_add_number(b, run->first[i]->number);
        buf_add_json_text(b, "name", run->first[i]->name);
        buf_add_char(b, '}');
    }
    buf_add_char(b, ']');
}

/* --- queryUserStatus */

/* The admin's name is nobody's in particular: in the body scheme it is who signs. */
static bool is_asked_for(const struct tenant *tenant, const struct agent *agent,
                         const struct status_input *input)
{
    return (!input->user_id.given || input->user_id.value == agent->id) &&
           (input->user_name.len == 0 || str_eq(input->user_name, tenant->admin) ||
            str_eq(input->user_name, agent->user_name));
}

static void start_status(struct exchange *x)
{
    const struct status_input *input = x->input;
    struct buf *b = reply_begin(x);
    struct run run = {0};
    buf_add_char(b, '[');
    while (next_run(x->tenant, &run)) {
        const struct agent *agent = tenant_agent_by_id(x->tenant, run.first[0]->agent_id);
        if (!agent || !is_asked_for(x->tenant, agent, input) ||
            !is_online(x, &run, input->source.value))
            continue;
        buf_add_json_comma(b);
        buf_add_char(b, '{');
        buf_add_json_i64(b, "userId", agent->id);
        buf_add_json_text(b, "agentAccount", agent->user_name);
        add_accounts(b, x, &run, input->source.value);
        buf_add_char(b, '}');
    }
    buf_add_char(b, ']');
    reply_end(x);
    exchange_finish(x);
}

/* --- queryAllOlWhatsAppInfo */

/* Accounts that no agent works with stand under an empty name. */
static void add_agent(struct buf *b, const struct exchange *x, const struct run *run,
                      int64_t source)
{
    struct str name = tenant_agent_name(x->tenant, run->first[0]->agent_id);
    buf_add_json_comma(b);
    buf_add_char(b, '{');
    buf_add_json_text(b, "agentAccount", name);
    buf_add_json_text(b, "userName", name);
    add_accounts(b, x, run, source);
    buf_add_char(b, '}');
}

static void add_source(struct buf *b, const struct exchange *x, int64_t source)
{
    struct run run = {0};
    bool begun = false;
    while (next_run(x->tenant, &run)) {
        if (!is_online(x, &run, source))
            continue;
        if (!begun) {
            buf_add_json_comma(b);
            buf_printf(b, "{\"source\":\"%d\",\"list\":[", (int)source);
            begun = true;
        }
        add_agent(b, x, &run, source);
    }
    if (begun)
        buf_add_text(b, "]}");
}

static void start_all(struct exchange *x)
{
    struct buf *b = reply_begin(x);
    buf_add_char(b, '[');
    for (int64_t source = PLATFORM_PC; source <= PLATFORM_CLOUD; source++)
        add_source(b, x, source);
    buf_add_char(b, ']');
    reply_end(x);
    exchange_finish(x);
}

const struct handler user_status = {&status_table, NULL, start_status};
const struct handler online_accounts = {&input_nothing, NULL, start_all};
