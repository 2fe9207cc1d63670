/* POST /wscrm-bus-api/open/customer/del: all customers, those of agents, or those of a list. */
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"
#include "domain/number.h"

struct delete_input {
    struct input_integer type;
    struct input_names item;
};

static const struct input_field delete_fields[] = {
    {.name = "type",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct delete_input, type),
     .min = CUSTOMERS_ALL,
     .max = CUSTOMERS_BY_NUMBER},
    {.name = "item",
     .type = INPUT_NAMES,
     .offset = offsetof(struct delete_input, item),
     .longest = CUSTOMERS_DELETE_MAX,
     .longer = STATUS_DATA_SIZE},
};

static const struct input_table delete_table = {delete_fields, 2, sizeof(struct delete_input),
                                                NULL};

/* Agents as ids, so that one who is removed and made anew meanwhile is another. */
static int read_agent(struct exchange *x, struct str name, int64_t *ret_id)
{
    const struct agent *agent = tenant_agent(x->tenant, name);
    if (!agent)
        return refuse(x, STATUS_USER_NAME);
    *ret_id = agent->id;
    return 0;
}

static int read_number(struct exchange *x, struct str text, size_t index, int64_t *ret_number)
{
    if (number_parse(text, ret_number) < 0)
        return refuse_http(x, 400, "item[%zu]: " NUMBER_FORM, index);
    return 0;
}

static int read_items(struct exchange *x, struct customers_delete *op)
{
    const struct delete_input *input = x->input;
    if (input->item.count == 0)
        return refuse(x, STATUS_DATA_EMPTY);
    int64_t *items = exchange_alloc(x, input->item.count, sizeof(*items));
    if (!items)
        return reply_no_memory(x);
    for (size_t i = 0; i < input->item.count; i++) {
        struct str name = input->item.names[i];
        int result = op->which == CUSTOMERS_OF_AGENTS ? read_agent(x, name, &items[i])
                                                      : read_number(x, name, i, &items[i]);
        if (result < 0)
            return result;
    }
    op->items = items;
    op->count = input->item.count;
    return 0;
}

static int read_delete(struct exchange *x)
{
    const struct delete_input *input = x->input;
    struct customers_delete *op = exchange_alloc(x, 1, sizeof(*op));
    if (!op)
        return reply_no_memory(x);
    if (!input->type.given)
        return refuse_http(x, 400, "type: 1 (all), 2 (by agents) or 3 (by customers) expected");
    op->tenant_id = x->tenant->id;
    op->which = (enum customers_of)input->type.value;
    x->state = op;
    return op->which == CUSTOMERS_ALL ? 0 : read_items(x, op);
}

static void answer(struct exchange *x, int result)
{
    if (result == ERR_FULL) {
        (void)refuse_http(x, 503, "too many deletions are under way, try again later");
    } else if (result < 0) {
        (void)refuse_store(x, result);
    } else {
        buf_add_i64(reply_begin(x), result);
        reply_end(x);
    }
}

static void start(struct exchange *x)
{
    struct customers_delete *op = x->state;
    exchange_write(x, &op->call, answer);
    store_customers_delete(x->worker->shared->store, op);
}

const struct handler customer_delete = {&delete_table, read_delete, start};
