/* PUT  /wscrm-bus-api/customer/api/import: customers for one agent (Development Guide).
 * POST /wscrm-bus-api/customer/api/batchImport: customers, each with its agent.
 *
 * Items are judged one by one: a bad one never takes a good one down, and the good ones are durable
 * before the answer leaves. */
#include "api/customer_item.h"
#include "api/input.h"
#include "api/items_reply.h"
#include "api/reply.h"
#include "api/worker.h"

#define IMPORT_MAX 5000

struct import_input {
    struct str user_name;
    struct input_list data;
};

static const struct input_field import_fields[] = {
    {.name = "userName",
     .type = INPUT_NAME,
     .offset = offsetof(struct import_input, user_name),
     .longest = TENANT_NAME_LONGEST,
     .missing = STATUS_USER_NAME_NULL},
    {.name = "data",
     .type = INPUT_LIST,
     .offset = offsetof(struct import_input, data),
     .longest = IMPORT_MAX,
     .missing = STATUS_DATA_EMPTY,
     .longer = STATUS_DATA_SIZE},
};

/* batchImport is the same without userName, and takes a bare array too. */
static const struct input_table import_table = {import_fields, 2, sizeof(struct import_input),
                                                NULL};
static const struct input_table batch_table = {import_fields + 1, 1, sizeof(struct import_input),
                                               "data"};

struct import {
    struct customers_upsert upsert;
    size_t total;
    struct item_verdict *verdicts;   /* [total] */
    size_t *index_of;                /* item index of upsert.items[i] */
    struct customer_change *changes; /* the good items */
};

static int import_new(struct exchange *x, size_t total)
{
    struct import *import = exchange_alloc(x, 1, sizeof(*import));
    if (import) {
        x->state = import;
        import->total = total;
        import->verdicts = exchange_alloc(x, total, sizeof(*import->verdicts));
        import->index_of = exchange_alloc(x, total, sizeof(*import->index_of));
        import->changes = exchange_alloc(x, total, sizeof(*import->changes));
        import->upsert.outcomes = exchange_alloc(x, total, sizeof(*import->upsert.outcomes));
    }
    if (!import || !import->verdicts || !import->index_of || !import->changes ||
        !import->upsert.outcomes)
        return reply_no_memory(x);
    return 0;
}

/* `owner` is whose the customers become where an item does not say; len 0: it has to say. */
static int read_item(struct exchange *x, const struct json *item, size_t index, struct str owner)
{
    struct import *import = x->state;
    struct item_verdict *verdict = &import->verdicts[index];
    struct customer_change *change = &import->changes[import->upsert.count];
    if (json_type(item) != JSON_OBJECT)
        return refuse_http(x, 400, "data[%zu]: object expected", index);
    if (customer_item_read(x, item, index, change, verdict) < 0)
        return reply_no_memory(x);
    if (change->owner.len == 0)
        change->owner = owner;
    if (change->owner.len == 0) {
        item_fault(x, verdict, index, STR("agentAccount"), STATUS_USER_NAME,
                   status_message(STATUS_USER_NAME));
    }
    verdict->number = change->number;
    if (verdict->code == 0)
        import->index_of[import->upsert.count++] = index;
    return 0;
}

static int read_items(struct exchange *x, struct str owner)
{
    const struct import_input *input = x->input;
    int result = import_new(x, input->data.count);
    size_t index = 0;
    for (const struct json *item = input->data.first; result == 0 && item; item = json_next(item))
        result = read_item(x, item, index++, owner);
    return result;
}

static int read_import(struct exchange *x)
{
    const struct import_input *input = x->input;
    if (str_eq(input->user_name, x->tenant->admin))
        return refuse_with(x, STATUS_REFUSED, "Admin Cannot import data");
    if (!tenant_agent(x->tenant, input->user_name))
        return refuse(x, STATUS_USER_NAME);
    return read_items(x, input->user_name);
}

static int read_batch_import(struct exchange *x)
{
    return read_items(x, (struct str){0});
}

/* --- the answer --- */

static void judge_outcome(struct exchange *x, size_t i)
{
    struct import *import = x->state;
    const struct item_fault fault = customer_outcome_fault(&import->upsert.outcomes[i]);
    size_t index = import->index_of[i];
    if (fault.code != 0)
        item_fault(x, &import->verdicts[index], index, fault.place, fault.code, fault.what);
}

static void answer(struct exchange *x, int result)
{
    const struct import *import = x->state;
    if (result < 0) {
        (void)refuse_store(x, result);
        return;
    }
    for (size_t i = 0; i < import->upsert.count; i++)
        judge_outcome(x, i);
    items_reply(x, import->verdicts, import->total, true);
}

static void start(struct exchange *x)
{
    struct import *import = x->state;
    if (import->upsert.count == 0 && !x->idempotency) {
        items_reply(x, import->verdicts, import->total, true);
        exchange_finish(x);
        return;
    }
    exchange_write(x, &import->upsert.call, answer);
    import->upsert.tenant_id = x->tenant->id;
    import->upsert.now_ms = x->now_ms;
    import->upsert.cause = x->route->path;
    import->upsert.items = import->changes;
    store_customers_upsert(x->worker->shared->store, &import->upsert);
}

const struct handler customer_import = {&import_table, read_import, start};
const struct handler customer_batch_import = {&batch_table, read_batch_import, start};
