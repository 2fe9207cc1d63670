/* POST /wscrm-bus-api/open/customer/setPrincipalAsNull: takes customers' owners off. */
#include "api/input.h"
#include "api/items_reply.h"
#include "api/reply.h"
#include "api/worker.h"
#include "domain/number.h"

struct disown_input {
    struct input_list data;
};

/* userName signs the call in the body scheme and says nothing else. */
static const struct input_field disown_fields[] = {
    {.name = "data",
     .type = INPUT_LIST,
     .offset = offsetof(struct disown_input, data),
     .longest = CUSTOMERS_DISOWN_MAX,
     .longer = STATUS_DATA_SIZE},
};

static const struct input_table disown_table = {disown_fields, 1, sizeof(struct disown_input),
                                                NULL};

struct disown {
    struct customers_disown op;
    size_t total;
    struct item_verdict verdicts[CUSTOMERS_DISOWN_MAX];
    int64_t numbers[CUSTOMERS_DISOWN_MAX]; /* those that may be some customer's … */
    size_t index_of[CUSTOMERS_DISOWN_MAX]; /* … and where they stood */
    int results[CUSTOMERS_DISOWN_MAX];
};

static int read_item(struct exchange *x, const struct json *item)
{
    struct disown *disown = x->state;
    struct item_verdict *verdict = &disown->verdicts[disown->total];
    int64_t *number = &disown->numbers[disown->op.count];
    int result = input_name(x, item, &verdict->whats_id);
    if (result == ERR_NOMEM)
        return reply_no_memory(x);
    if (result < 0)
        return refuse_http(x, 400, "data[%zu]: number expected, as a text", disown->total);
    if (number_parse(verdict->whats_id, number) < 0) {
        verdict->code = STATUS_BAD_INPUT;
    } else {
        verdict->number = *number;
        disown->index_of[disown->op.count++] = disown->total;
    }
    disown->total++;
    return 0;
}

static int read_disown(struct exchange *x)
{
    const struct disown_input *input = x->input;
    int result = 0;
    x->state = exchange_alloc(x, 1, sizeof(struct disown));
    if (!x->state)
        return reply_no_memory(x);
    for (const struct json *item = input->data.first; result == 0 && item; item = json_next(item))
        result = read_item(x, item);
    return result;
}

static void reply_disown(struct exchange *x)
{
    struct disown *disown = x->state;
    for (size_t i = 0; i < disown->op.count; i++)
        if (disown->results[i] < 0)
            disown->verdicts[disown->index_of[i]].code = STATUS_BAD_INPUT;
    items_reply(x, disown->verdicts, disown->total, false);
}

static void answer(struct exchange *x, int result)
{
    if (result < 0)
        (void)refuse_store(x, result);
    else
        reply_disown(x);
}

static void start(struct exchange *x)
{
    struct disown *disown = x->state;
    if (disown->op.count == 0) {
        reply_disown(x);
        exchange_finish(x);
        return;
    }
    exchange_write(x, &disown->op.call, answer);
    disown->op.tenant_id = x->tenant->id;
    disown->op.now_ms = x->now_ms;
    disown->op.cause = x->route->path;
    disown->op.numbers = disown->numbers;
    disown->op.results = disown->results;
    store_customers_disown(x->worker->shared->store, &disown->op);
}

const struct handler customer_disown = {&disown_table, read_disown, start};
