/* GET /group-dispatch-api/whatsapp/queryWhatsAppStatus: one WhatsApp account, and whether it is online. */
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"

struct status_input {
    int64_t number;
};

static const struct input_field status_fields[] = {
    {.name = "whatsapp",
     .type = INPUT_NUMBER,
     .offset = offsetof(struct status_input, number),
     .missing = STATUS_WHATS_ID_NULL},
};

static const struct input_table status_table = {status_fields, 1, sizeof(struct status_input),
                                                NULL};

static void reply_account(struct exchange *x, const struct account *account)
{
    int64_t since_ms;
    bool online = worker_account_online(x->worker, account->number, &since_ms);
    struct buf *b = reply_begin(x);
    buf_add_text(b, "{\"whatsApp\":");
    reply_add_number(b, account->number);
    buf_add_json_text(b, "name", account->name);
    buf_add_json_text(b, "agentAccount", tenant_agent_name(x->tenant, account->agent_id));
    buf_printf(b, ",\"source\":\"%d\",\"online\":%s,\"since\":%lld}", (int)account->platform,
               online ? "true" : "false", (long long)since_ms);
    reply_end(x);
}

static void start(struct exchange *x)
{
    const struct status_input *input = x->input;
    const struct account *account = tenant_account(x->tenant, input->number);
    if (account)
        reply_account(x, account);
    else
        (void)refuse(x, STATUS_NO_USER_NAME);
    exchange_finish(x);
}

const struct handler account_status = {&status_table, NULL, start};
