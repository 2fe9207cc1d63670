/* POST /wscrm-bus-api/open/optOut/set: says of numbers that they want no messages, or no longer so.
 * POST /wscrm-bus-api/open/optOut/query: who wants none, since when and why. */
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"

#define NUMBERS_MAX 5000

struct opt_out_input {
    struct input_numbers whats_ids;
    struct input_bool opt_out;
    struct str reason;
};

/* The query has the first only. */
static const struct input_field opt_out_fields[] = {
    {.name = "whatsIds",
     .type = INPUT_NUMBERS,
     .offset = offsetof(struct opt_out_input, whats_ids),
     .longest = NUMBERS_MAX,
     .missing = STATUS_WHATS_IDS_NULL,
     .longer = STATUS_DATA_SIZE},
    {.name = "optOut", .type = INPUT_BOOL, .offset = offsetof(struct opt_out_input, opt_out)},
    {.name = "reason",
     .type = INPUT_TEXT,
     .offset = offsetof(struct opt_out_input, reason),
     .longest = OPT_OUT_REASON_LONGEST},
};
static const struct input_table set_table = {opt_out_fields, 3, sizeof(struct opt_out_input), NULL};
static const struct input_table query_table = {opt_out_fields, 1, sizeof(struct opt_out_input),
                                               NULL};

/* --- set --- */

static void answer_set(struct exchange *x, int result)
{
    if (result == ERR_TOO_LARGE)
        (void)refuse_with(x, STATUS_REFUSED, "more than 10000000 opt-outs of the tenant");
    else if (result < 0)
        (void)refuse_store(x, result);
    else
        reply_nothing(x);
}

/* Whether to opt out or in is never guessed. */
static int read_set(struct exchange *x)
{
    const struct opt_out_input *input = x->input;
    if (!input->opt_out.given)
        return refuse_http(x, 400, "optOut: true or false expected");
    x->state = exchange_alloc(x, 1, sizeof(struct opt_outs_set));
    return x->state ? 0 : reply_no_memory(x);
}

static void start_set(struct exchange *x)
{
    const struct opt_out_input *input = x->input;
    struct opt_outs_set *op = x->state;
    *op = (struct opt_outs_set){
        .tenant_id = x->tenant->id,
        .now_ms = x->now_ms,
        .cause = x->route->path,
        .numbers = input->whats_ids.items,
        .count = input->whats_ids.count,
        .opt_out = input->opt_out.value,
        .reason = input->reason,
    };
    exchange_write(x, &op->call, answer_set);
    store_opt_outs_set(x->worker->shared->store, op);
}

const struct handler opt_out_set = {&set_table, read_set, start_set};

/* --- query --- */

struct query {
    struct opt_outs_get get;
    struct exchange *exchange;
    size_t shown;
};

static int read_query(struct exchange *x)
{
    x->state = exchange_alloc(x, 1, sizeof(struct query));
    return x->state ? 0 : reply_no_memory(x);
}

/* The next number of those asked for; NULL: it has not opted out. */
static void show(struct query *query, const struct opt_out *opt_out)
{
    struct buf *b = &query->exchange->reply;
    buf_add_json_comma(b);
    buf_add_char(b, '{');
    buf_add_json_name(b, "whatsId");
    reply_add_number(b, query->get.numbers[query->shown++]);
    buf_add_json_name(b, "optOut");
    buf_add_text(b, opt_out ? "true" : "false");
    buf_add_json_text(b, "reason", opt_out ? opt_out->reason : (struct str){0});
    buf_add_json_i64(b, "time", opt_out ? opt_out->since_ms : 0);
    buf_add_char(b, '}');
}

static void each(struct opt_outs_get *get, size_t index, const struct opt_out *opt_out)
{
    struct query *query = container_of(get, struct query, get);
    while (query->shown < index)
        show(query, NULL);
    show(query, opt_out);
}

static void then_query(struct store_call *call)
{
    struct exchange *x = call->owner;
    struct query *query = x->state;
    if (call->result < 0) {
        buf_free(&x->reply);
        (void)refuse_store(x, call->result);
    } else {
        while (query->shown < query->get.count)
            show(query, NULL);
        buf_add_char(&x->reply, ']');
        reply_end(x);
    }
    exchange_finish(x);
}

static void start_query(struct exchange *x)
{
    const struct opt_out_input *input = x->input;
    struct query *query = x->state;
    query->exchange = x;
    query->get = (struct opt_outs_get){
        .call = {.home = x->worker->mailbox, .done = then_query, .owner = x},
        .tenant_id = x->tenant->id,
        .numbers = input->whats_ids.items,
        .count = input->whats_ids.count,
        .each = each,
    };
    buf_add_char(reply_begin(x), '[');
    store_opt_outs_get(x->worker->reader, &query->get);
}

const struct handler opt_out_query = {&query_table, read_query, start_query};
