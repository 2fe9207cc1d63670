/* POST /wscrm-bus-api/customer/query: customers by number (Development Guide). */
#include "api/customer_json.h"
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"
#include "domain/number.h"

#define QUERY_MAX 1000

struct query_input {
    struct input_list data;
};

static const struct input_field query_fields[] = {
    {.name = "data",
     .type = INPUT_LIST,
     .offset = offsetof(struct query_input, data),
     .longest = QUERY_MAX,
     .missing = STATUS_DATA_EMPTY,
     .longer = STATUS_DATA_SIZE},
};

static const struct input_table query_table = {query_fields, 1, sizeof(struct query_input), "data"};

struct query {
    struct customers_get get;
    struct exchange *exchange;
};

static int read_number(struct exchange *x, const struct json *item, size_t index,
                       int64_t *ret_number)
{
    if (json_type(item) != JSON_OBJECT)
        return refuse_http(x, 400, "data[%zu]: object expected", index);
    const struct json *value = json_member(item, "whatsApp");
    struct str text = {0};
    if (value && input_name(x, value, &text) < 0)
        return refuse_http(x, 400, "data[%zu].whatsApp: number expected, as a text", index);
    if (text.len == 0)
        return refuse_http(x, 400, "data[%zu].whatsApp: missing", index);
    if (number_parse(text, ret_number) < 0)
        return refuse_http(x, 400, "data[%zu].whatsApp: " NUMBER_FORM, index);
    return 0;
}

static int read_numbers(struct exchange *x)
{
    const struct query_input *input = x->input;
    struct query *query = exchange_alloc(x, 1, sizeof(*query));
    int64_t *numbers = exchange_alloc(x, input->data.count, sizeof(*numbers));
    if (!query || !numbers)
        return reply_no_memory(x);
    size_t index = 0;
    for (const struct json *item = input->data.first; item; item = json_next(item), index++) {
        int result = read_number(x, item, index, &numbers[index]);
        if (result < 0)
            return result;
    }
    query->exchange = x;
    query->get.tenant = x->tenant;
    query->get.numbers = numbers;
    query->get.count = index;
    x->state = query;
    return 0;
}

static void each(struct customers_get *get, size_t index, const struct customer *customer)
{
    (void)index;
    struct query *query = container_of(get, struct query, get);
    struct buf *b = &query->exchange->reply;
    buf_add_json_comma(b);
    customer_json(b, get->tenant, customer);
}

static void then(struct store_call *call)
{
    struct exchange *x = call->owner;
    reply_end_list(x, call->result);
    exchange_finish(x);
}

static void start(struct exchange *x)
{
    struct query *query = x->state;
    buf_add_char(reply_begin(x), '[');
    query->get.call = (struct store_call){.home = x->worker->mailbox, .done = then, .owner = x};
    query->get.each = each;
    store_customers_get(x->worker->reader, &query->get);
}

const struct handler customer_query = {&query_table, read_numbers, start};
