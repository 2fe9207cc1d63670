/* POST /wscrm-bus-api/open/action/batchAdd: has conversations opened on the screens of agents. All or
 * none: the first item at fault says why. */
#include <stdio.h>

#include "api/action_id.h"
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"

struct add_input {
    struct input_list data;
};
static const struct input_field add_fields[] = {
    {.name = "data",
     .type = INPUT_LIST,
     .offset = offsetof(struct add_input, data),
     .longest = ACTIONS_MAX,
     .missing = STATUS_DATA_EMPTY,
     .longer = STATUS_DATA_SIZE},
};
static const struct input_table add_table = {add_fields, 1, sizeof(struct add_input), NULL};

struct add_item {
    struct str agent, user_name, content;
    int64_t whats_id, friend_whats_id;
    struct input_integer platform, type;
};
static const struct input_field item_fields[] = {
    {.name = "agentAccount",
     .type = INPUT_NAME,
     .offset = offsetof(struct add_item, agent),
     .longest = TENANT_NAME_LONGEST,
     .longer = STATUS_ACTION_USER},
    {.name = "userName",
     .type = INPUT_NAME,
     .offset = offsetof(struct add_item, user_name),
     .longest = TENANT_NAME_LONGEST,
     .longer = STATUS_ACTION_USER},
    {.name = "whatsId", .type = INPUT_NUMBER, .offset = offsetof(struct add_item, whats_id)},
    {.name = "friendWhatsId",
     .type = INPUT_NUMBER,
     .offset = offsetof(struct add_item, friend_whats_id)},
    {.name = "platformType",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct add_item, platform),
     .min = 1,
     .max = 2},
    {.name = "content",
     .type = INPUT_TEXT,
     .offset = offsetof(struct add_item, content),
     .longest = ACTION_CONTENT_LONGEST,
     .longer = STATUS_CONTENT_NULL},
    {.name = "type",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct add_item, type),
     .min = 1,
     .max = 1},
};
static const struct input_table item_table = {
    item_fields, sizeof(item_fields) / sizeof(item_fields[0]), sizeof(struct add_item), NULL};

struct adding {
    struct actions_create create;
    struct action_new *items;
};

static int read_agent(struct exchange *x, const struct add_item *item,
                      const struct agent **ret_agent)
{
    struct str name = item->agent.len ? item->agent : item->user_name;
    if (name.len == 0)
        return refuse(x, STATUS_USER_NAME);
    *ret_agent = tenant_agent(x->tenant, name);
    return *ret_agent ? 0 : refuse(x, STATUS_ACTION_USER);
}

/* The agent's own account, or none. */
static int check_account(struct exchange *x, const struct agent *agent, int64_t *number)
{
    if (*number == 0)
        return 0;
    const struct account *account = tenant_account(x->tenant, *number);
    if (!account || account->agent_id != agent->id)
        return refuse(x, STATUS_NO_USER_NAME);
    *number = account->number; /* in the form that is known */
    return 0;
}

static int read_item(struct exchange *x, const struct json *json, size_t index,
                     struct action_new *ret_item)
{
    struct add_item item = {0};
    const struct agent *agent = NULL;
    char place[32];
    snprintf(place, sizeof(place), "data[%zu].", index);
    if (json_type(json) != JSON_OBJECT)
        return refuse_http(x, 400, "data[%zu]: object expected", index);
    int result = input_read_item(x, &item_table, json, place, &item);
    if (result == 0)
        result = read_agent(x, &item, &agent);
    if (result == 0)
        result = check_account(x, agent, &item.whats_id);
    if (result == 0 && item.friend_whats_id == 0)
        result = refuse(x, STATUS_WHATS_ID_NULL);
    if (result == 0 && random_bytes(&ret_item->id, sizeof(ret_item->id)) < 0)
        result = refuse_http(x, 503, "no random numbers, try again");
    if (result < 0)
        return result;
    ret_item->agent = agent->id;
    ret_item->account = item.whats_id;
    ret_item->number = item.friend_whats_id;
    ret_item->platform = item.platform.given ? (int)item.platform.value : 1;
    ret_item->type = 1;
    ret_item->content = item.content;
    return 0;
}

static int read_add(struct exchange *x)
{
    const struct add_input *input = x->input;
    struct adding *adding = exchange_alloc(x, 1, sizeof(*adding));
    struct action_new *items = exchange_alloc(x, input->data.count, sizeof(*items));
    if (!adding || !items)
        return reply_no_memory(x);
    adding->items = items;
    x->state = adding;
    size_t index = 0;
    int result = 0;
    for (const struct json *item = input->data.first; result == 0 && item; item = json_next(item)) {
        result = read_item(x, item, index, &items[index]);
        index++;
    }
    return result;
}

static void answer(struct exchange *x, int result)
{
    const struct actions_create *op = &((struct adding *)x->state)->create;
    if (result == ERR_NO_AGENT) {
        (void)refuse(x, STATUS_ACTION_USER);
    } else if (result == ERR_FULL) {
        (void)refuse_with(x, STATUS_REFUSED, "more than 100000 actions of the tenant would wait");
    } else if (result < 0) {
        (void)refuse_store(x, result);
    } else {
        struct buf *b = reply_begin(x);
        buf_add_char(b, '[');
        for (size_t i = 0; i < op->count; i++)
            action_id_add(b, &op->items[i].id);
        buf_add_char(b, ']');
        reply_end(x);
    }
}

static void start_add(struct exchange *x)
{
    const struct add_input *input = x->input;
    struct adding *adding = x->state;
    adding->create = (struct actions_create){
        .tenant_id = x->tenant->id,
        .now_ms = x->now_ms,
        .interval_ms = x->worker->shared->settings.action_interval_ms,
        .items = adding->items,
        .count = input->data.count,
    };
    exchange_write(x, &adding->create.call, answer);
    x->makes_actions = true;
    store_actions_create(x->worker->shared->store, &adding->create);
}

const struct handler action_add = {&add_table, read_add, start_add};
