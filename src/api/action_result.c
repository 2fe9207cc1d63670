/* POST /wscrm-bus-api/open/action/callbackResult: what became of actions.
 * POST /wscrm-bus-api/open/action/done: a listener's answer. */
#include "api/action_id.h"
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"

/* --- callbackResult --- */

struct result_input {
    struct input_names data;
};
static const struct input_field result_fields[] = {
    {.name = "data",
     .type = INPUT_NAMES,
     .offset = offsetof(struct result_input, data),
     .longest = ACTIONS_RESULT_MAX,
     .missing = STATUS_DATA_EMPTY,
     .longer = STATUS_DATA_SIZE},
};
static const struct input_table result_table = {result_fields, 1, sizeof(struct result_input),
                                                "data"};

struct asking {
    struct actions_result get;
    struct exchange *exchange;
};

/* What is no id is nobody's: it is left out, as an id that is not known. */
static int read_result(struct exchange *x)
{
    const struct result_input *input = x->input;
    struct asking *asking = exchange_alloc(x, 1, sizeof(*asking));
    struct action_id *ids = exchange_alloc(x, input->data.count, sizeof(*ids));
    if (!asking || !ids)
        return reply_no_memory(x);
    size_t count = 0;
    for (size_t i = 0; i < input->data.count; i++)
        count += action_id_parse(input->data.names[i], &ids[count]) == 0;
    asking->get.ids = ids;
    asking->get.count = count;
    x->state = asking;
    return 0;
}

static void each(struct actions_result *get, size_t index, enum action_status status,
                 struct str reason)
{
    struct buf *b = &container_of(get, struct asking, get)->exchange->reply;
    buf_add_json_comma(b);
    buf_add_char(b, '{');
    buf_add_json_name(b, "id");
    action_id_add(b, &get->ids[index]);
    buf_add_json_i64(b, "tenantId", get->tenant_id);
    buf_add_json_i64(b, "status", status);
    buf_add_json_text(b, "reason", reason);
    buf_add_char(b, '}');
}

static void then_result(struct store_call *call)
{
    struct exchange *x = call->owner;
    reply_end_list(x, call->result);
    exchange_finish(x);
}

static void start_result(struct exchange *x)
{
    struct asking *asking = x->state;
    struct actions_result *get = &asking->get;
    asking->exchange = x;
    get->call = (struct store_call){.home = x->worker->mailbox, .done = then_result, .owner = x};
    get->tenant_id = x->tenant->id;
    get->each = each;
    buf_add_char(reply_begin(x), '[');
    store_actions_result(x->worker->reader, get);
}

const struct handler action_result = {&result_table, read_result, start_result};

/* --- done --- */

struct done_input {
    struct str id, reason;
    struct input_bool ok;
};
static const struct input_field done_fields[] = {
    {.name = "id",
     .type = INPUT_TEXT,
     .offset = offsetof(struct done_input, id),
     .longest = 64,
     .missing = STATUS_DATA_EMPTY},
    {.name = "ok", .type = INPUT_BOOL, .offset = offsetof(struct done_input, ok)},
    {.name = "reason",
     .type = INPUT_TEXT,
     .offset = offsetof(struct done_input, reason),
     .longest = ACTION_REASON_LONGEST},
};
static const struct input_table done_table = {done_fields, 3, sizeof(struct done_input), NULL};

static int refuse_unknown(struct exchange *x)
{
    return refuse_with(x, STATUS_REFUSED, "no such action");
}

/* Whether it went well is never guessed. */
static int read_done(struct exchange *x)
{
    const struct done_input *input = x->input;
    struct action_done *op = exchange_alloc(x, 1, sizeof(*op));
    if (!op)
        return reply_no_memory(x);
    x->state = op;
    if (!input->ok.given)
        return refuse_http(x, 400, "ok: true or false expected");
    return action_id_parse(input->id, &op->id) < 0 ? refuse_unknown(x) : 0;
}

static void answer_done(struct exchange *x, int result)
{
    const struct action_done *op = x->state;
    if (result == ERR_NOT_FOUND)
        (void)refuse_unknown(x);
    else if (result == ERR_CONFLICT)
        (void)refuse_with(x, STATUS_REFUSED,
                          op->status == ACTION_DONE ? "the action is done"
                                                    : "the action has failed");
    else if (result < 0)
        (void)refuse_store(x, result);
    else
        reply_nothing(x);
}

static void start_done(struct exchange *x)
{
    const struct done_input *input = x->input;
    struct action_done *op = x->state;
    op->tenant_id = x->tenant->id;
    op->now_ms = x->now_ms;
    op->good = input->ok.value;
    op->reason = input->reason;
    exchange_write(x, &op->call, answer_done);
    store_action_done(x->worker->shared->store, op);
}

const struct handler action_done = {&done_table, read_done, start_done};
