/* POST /wscrm-bus-api/open/conversation/read: somebody has read what came in. */
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"
#include "domain/number.h"
#include "store/conversations.h"

struct read_input {
    int64_t whats_id, friend_whats_id;
};

static const struct input_field read_fields[] = {
    {.name = "whatsId",
     .type = INPUT_NUMBER,
     .offset = offsetof(struct read_input, whats_id),
     .missing = STATUS_NO_USER_NAME},
    {.name = "friendWhatsId",
     .type = INPUT_NUMBER,
     .offset = offsetof(struct read_input, friend_whats_id),
     .groups = true,
     .missing = STATUS_WHATS_ID_NULL},
};
static const struct input_table read_table = {read_fields, 2, sizeof(struct read_input), NULL};

static void answer(struct exchange *x, int result)
{
    if (result == ERR_NOT_FOUND)
        (void)refuse_with(x, STATUS_REFUSED, "no such conversation");
    else if (result < 0)
        (void)refuse_store(x, result);
    else
        reply_nothing(x);
}

/* An account is known by both forms of its number, until it is gone. */
static int64_t account_of(const struct exchange *x, int64_t number)
{
    int64_t variant;
    bool is_other = !tenant_account(x->tenant, number) && number_variant(number, &variant) &&
                    tenant_account(x->tenant, variant);
    return is_other ? variant : number;
}

static int read_call(struct exchange *x)
{
    x->state = exchange_alloc(x, 1, sizeof(struct conversation_read));
    return x->state ? 0 : reply_no_memory(x);
}

static void start(struct exchange *x)
{
    const struct read_input *input = x->input;
    struct conversation_read *op = x->state;
    op->tenant_id = x->tenant->id;
    op->account = account_of(x, input->whats_id);
    op->number = input->friend_whats_id;
    exchange_write(x, &op->call, answer);
    store_conversation_read(x->worker->shared->store, op);
}

const struct handler conversation_read = {&read_table, read_call, start};
