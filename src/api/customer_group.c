/* POST /wscrm-bus-api/open/customerGroup/save, …/del, …/query: named lists of numbers, customers or not. */
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"
#include "domain/number.h"
#include "domain/tenant.h"

struct group_input {
    struct str name;
    struct input_numbers whats_ids;
};

#define NAME_FIELD(when_missing)                                                          \
    {                                                                                     \
        .name = "name", .type = INPUT_NAME, .offset = offsetof(struct group_input, name), \
        .longest = TENANT_NAME_LONGEST, .missing = (when_missing)                         \
    }

/* del has the name only. */
static const struct input_field save_fields[] = {
    NAME_FIELD(STATUS_NAME_EMPTY),
    {.name = "whatsIds",
     .type = INPUT_NUMBERS,
     .offset = offsetof(struct group_input, whats_ids),
     .longest = GROUP_MAX_NUMBERS,
     .missing = STATUS_WHATS_IDS_NULL,
     .longer = STATUS_DATA_SIZE},
};
static const struct input_field query_fields[] = {NAME_FIELD(0)};
static const struct input_table save_table = {save_fields, 2, sizeof(struct group_input), NULL};
static const struct input_table del_table = {save_fields, 1, sizeof(struct group_input), NULL};
static const struct input_table query_table = {query_fields, 1, sizeof(struct group_input), NULL};

static void add_group(struct buf *b, struct str name, int64_t size)
{
    buf_add_char(b, '{');
    buf_add_json_text(b, "name", name);
    buf_add_json_i64(b, "size", size);
}

/* --- save, del --- */

static int read_write(struct exchange *x)
{
    x->state = exchange_alloc(x, 1, sizeof(struct group_write));
    return x->state ? 0 : reply_no_memory(x);
}

static int read_save(struct exchange *x)
{
    struct group_input *input = x->input;
    if (!user_name_allowed(input->name))
        return refuse_http(x, 400, "name: no control characters, commas or blanks at its ends");
    input->whats_ids.count = numbers_unique(input->whats_ids.items, input->whats_ids.count);
    return read_write(x);
}

static void refuse_group(struct exchange *x, int result)
{
    switch (result) {
    case ERR_TOO_LARGE: (void)refuse_with(x, STATUS_REFUSED, "more than 1000 groups"); break;
    case ERR_BUSY: (void)refuse_http(x, 503, "too much to write or to sweep, try again"); break;
    default: (void)refuse_store(x, result);
    }
}

static void answer_save(struct exchange *x, int result)
{
    const struct group_input *input = x->input;
    if (result < 0) {
        refuse_group(x, result);
        return;
    }
    struct buf *b = reply_begin(x);
    add_group(b, input->name, (int64_t)input->whats_ids.count);
    buf_add_char(b, '}');
    reply_end(x);
}

static void start_save(struct exchange *x)
{
    const struct group_input *input = x->input;
    struct group_write *op = x->state;
    *op = (struct group_write){
        .tenant_id = x->tenant->id,
        .now_ms = x->now_ms,
        .name = input->name,
        .numbers = input->whats_ids.items,
        .count = input->whats_ids.count,
    };
    exchange_write(x, &op->call, answer_save);
    store_group_save(x->worker->shared->store, op);
}

const struct handler customer_group_save = {&save_table, read_save, start_save};

static void answer_del(struct exchange *x, int result)
{
    if (result == ERR_NOT_FOUND)
        (void)refuse(x, STATUS_GROUP_VALUE);
    else if (result < 0)
        refuse_group(x, result);
    else
        reply_nothing(x);
}

static void start_del(struct exchange *x)
{
    const struct group_input *input = x->input;
    struct group_write *op = x->state;
    *op = (struct group_write){
        .tenant_id = x->tenant->id,
        .name = input->name,
    };
    exchange_write(x, &op->call, answer_del);
    store_group_remove(x->worker->shared->store, op);
}

const struct handler customer_group_del = {&del_table, read_write, start_del};

/* --- query --- */

struct query {
    struct groups_get get;
    struct exchange *exchange;
};

static int read_query(struct exchange *x)
{
    x->state = exchange_alloc(x, 1, sizeof(struct query));
    return x->state ? 0 : reply_no_memory(x);
}

static void show_group(struct groups_get *get, struct str name, int64_t size)
{
    struct buf *b = &container_of(get, struct query, get)->exchange->reply;
    buf_add_json_comma(b);
    add_group(b, name, size);
    if (get->name.p) {
        buf_add_json_name(b, "whatsIds");
        buf_add_char(b, '['); /* then_query() closes it and the object */
    } else {
        buf_add_char(b, '}');
    }
}

static void show_number(struct groups_get *get, int64_t number)
{
    struct buf *b = &container_of(get, struct query, get)->exchange->reply;
    buf_add_json_comma(b);
    reply_add_number(b, number);
}

static void then_query(struct store_call *call)
{
    struct exchange *x = call->owner;
    struct query *query = x->state;
    if (call->result < 0) {
        buf_free(&x->reply);
        if (call->result == ERR_NOT_FOUND)
            (void)refuse(x, STATUS_GROUP_VALUE);
        else
            refuse_group(x, call->result);
    } else {
        buf_add_text(&x->reply, query->get.name.p ? "]}]" : "]");
        reply_end(x);
    }
    exchange_finish(x);
}

static void start_query(struct exchange *x)
{
    const struct group_input *input = x->input;
    struct query *query = x->state;
    query->exchange = x;
    query->get = (struct groups_get){
        .call = {.home = x->worker->mailbox, .done = then_query, .owner = x},
        .tenant_id = x->tenant->id,
        .name = input->name,
        .group = show_group,
        .number = show_number,
    };
    buf_add_char(reply_begin(x), '[');
    store_groups_get(x->worker->reader, &query->get);
}

const struct handler customer_group_query = {&query_table, read_query, start_query};
