/* POST /group-dispatch-api/gsTask/assign/soCreate: one target.
 * POST /group-dispatch-api/gsTask/assign/moscCreate: many targets, one content list.
 * POST /group-dispatch-api/gsTask/assign/momcCreate: many targets, each with its own. */
#include <stdio.h>

#include "api/reply.h"
#include "api/task_calls.h"
#include "api/task_recipients.h"
#include "api/task_senders.h"
#include "api/task_window.h"
#include "domain/number.h"

struct assign_input {
    struct str name, agent;
    struct input_integer source, send_type;
    struct input_list targets;
    const struct json *start, *end, *min, *max, *target_type, *content;
    const struct json *sender, *friend; /* of soCreate */
};

#define VALUE(name_, member)                                                                  \
    {                                                                                         \
        .name = (name_), .type = INPUT_VALUE, .offset = offsetof(struct assign_input, member) \
    }
#define SOURCE(name_, member)                                                                    \
    {                                                                                            \
        .name = (name_), .type = INPUT_INTEGER, .offset = offsetof(struct assign_input, member), \
        .min = PLATFORM_PC, .max = PLATFORM_CLOUD                                                \
    }
static const struct input_field assign_fields[] = {
    {.name = "name",
     .type = INPUT_NAME,
     .offset = offsetof(struct assign_input, name),
     .longest = TASK_NAME_LONGEST},
    {.name = "agentAccount",
     .type = INPUT_NAME,
     .offset = offsetof(struct assign_input, agent),
     .longest = TENANT_NAME_LONGEST,
     .longer = STATUS_NO_USER_NAME},
    SOURCE("source", source),
    SOURCE("sendType", send_type),
    VALUE("startTaskTime", start),
    VALUE("endTaskTime", end),
    VALUE("startInterval", min),
    VALUE("endInterval", max),
    VALUE("targetType", target_type),
    VALUE("content", content),
    VALUE("sendWhatsApp", sender),
    VALUE("friendWhatsApp", friend),
    {.name = "sendInfos",
     .type = INPUT_LIST,
     .offset = offsetof(struct assign_input, targets),
     .longest = TASK_MAX_TARGETS,
     .longer = STATUS_DATA_SIZE},
};
#undef SOURCE
#undef VALUE
static const struct input_table assign_table = {assign_fields,
                                                sizeof(assign_fields) / sizeof(assign_fields[0]),
                                                sizeof(struct assign_input), NULL};

/* --- one target */

struct target_item {
    const struct json *sender, *friend, *content;
};

#define VALUE(name_, member)                                                                 \
    {                                                                                        \
        .name = (name_), .type = INPUT_VALUE, .offset = offsetof(struct target_item, member) \
    }
static const struct input_field target_fields[] = {
    VALUE("sendWhatsApp", sender),
    VALUE("friendWhatsApp", friend),
    VALUE("content", content),
};
#undef VALUE
static const struct input_table target_table = {target_fields, 3, sizeof(struct target_item), NULL};

/* Without an account of its own a target is one of the agent's. */
static int read_account(struct exchange *x, const struct json *sender, struct task_target *target)
{
    const struct assign_input *input = x->input;
    struct str number = task_value(x, sender);
    if (number.len > 0)
        return task_sender_find(x, number, input->agent, &target->account);
    const struct task_draft *draft = task_draft_of(x);
    if (draft->senders) /* they were looked for already */
        return draft->sender_count > 0 ? 0 : refuse(x, STATUS_NO_USER_NAME);
    int64_t source = input->source.given ? input->source.value : input->send_type.value;
    return task_senders_read(x, number, input->agent, source);
}

static int read_friend(struct exchange *x, const struct json *friend, const char *place,
                       struct task_target *target)
{
    if (((const struct task_call *)x->state)->to_groups)
        return task_group_read(x, (size_t)(target - task_draft_of(x)->targets),
                               task_value(x, friend));
    if (!friend)
        return refuse(x, STATUS_WHATS_ID_NULL);
    if (number_parse(task_value(x, friend), &target->number) < 0)
        return refuse_http(x, 400, "%sfriendWhatsApp: " NUMBER_FORM, place);
    return 0;
}

static int read_target(struct exchange *x, const struct target_item *item, const char *place,
                       struct task_target *target)
{
    int result = task_step(x, read_account(x, item->sender, target));
    return result == 0 ? task_step(x, read_friend(x, item->friend, place, target)) : result;
}

/* --- what all three have */

static int read_window(struct exchange *x)
{
    const struct assign_input *input = x->input;
    int result = task_step(x, task_name_read(x, input->name, false, ""));
    if (result == 0)
        result = task_step(x, task_window_read(x, input->start, input->end));
    if (result == 0) {
        result =
            task_step(x, task_interval_read(x, input->min, input->max, TASK_INTERVAL_OF_ACCOUNT));
    }
    return result == 0 ? task_step(x, task_target_type_read(x, input->target_type)) : result;
}

static int begin(struct exchange *x)
{
    int result = task_call_new(x, 1);
    if (result < 0)
        return result;
    (void)task_draft_next(x);
    return read_window(x);
}

static int read_content(struct exchange *x)
{
    const struct assign_input *input = x->input;
    struct task_contents *contents = exchange_alloc(x, 1, sizeof(*contents));
    if (!contents)
        return reply_no_memory(x);
    int result = task_content_read(x, input->content, "content", contents);
    return result == 0 ? task_contents_set(x, contents, 1) : result;
}

/* --- soCreate */

static int read_single(struct exchange *x)
{
    const struct assign_input *input = x->input;
    const struct target_item item = {.sender = input->sender, .friend = input->friend};
    struct task_target *target = NULL;
    int result = begin(x);
    if (result == 0)
        result = task_targets_new(x, 1, &target);
    if (result == 0)
        result = read_target(x, &item, "", target);
    return result == 0 ? task_step(x, read_content(x)) : result;
}

const struct task_body task_single_body = {&assign_table, read_single};
const struct handler task_assign_single = {&assign_table, read_single, task_call_start};

/* --- moscCreate, momcCreate */

/* The contents of each target become those of the task in its place. */
static int read_own(struct exchange *x, const struct json *list, size_t index,
                    struct task_contents *contents)
{
    char place[64];
    snprintf(place, sizeof(place), "sendInfos[%zu].content", index);
    int result = task_content_read(x, list, place, &contents[index]);
    if (result == 0 && contents[index].count != contents[0].count && contents[0].count > 0)
        result = refuse_http(x, 400, "%s: %zu contents expected, as the first target has", place,
                             contents[0].count);
    return result;
}

/* `contents` NULL: the targets have none of their own. */
static int read_item(struct exchange *x, const struct json *json, size_t index,
                     struct task_target *target, struct task_contents *contents)
{
    char place[32];
    struct target_item item = {0};
    snprintf(place, sizeof(place), "sendInfos[%zu].", index);
    if (json_type(json) != JSON_OBJECT)
        return refuse_http(x, 400, "sendInfos[%zu]: object expected", index);
    int result = input_read_item(x, &target_table, json, place, &item);
    if (result == 0)
        result = read_target(x, &item, place, target);
    if (result < 0 || !contents)
        return result;
    target->contents = index;
    return task_step(x, read_own(x, item.content, index, contents));
}

static int read_items(struct exchange *x, struct task_contents *contents)
{
    const struct assign_input *input = x->input;
    struct task_target *targets = NULL;
    size_t index = 0;
    if (input->targets.count == 0)
        return task_step(x, refuse(x, STATUS_WHATS_ID_NULL));
    int result = task_targets_new(x, input->targets.count, &targets);
    for (const struct json *item = input->targets.first; result == 0 && item;
         item = json_next(item), index++)
        result = read_item(x, item, index, &targets[index], contents);
    return result;
}

static int read_many(struct exchange *x)
{
    int result = begin(x);
    if (result == 0)
        result = read_items(x, NULL);
    return result == 0 ? task_step(x, read_content(x)) : result;
}

const struct task_body task_many_body = {&assign_table, read_many};
const struct handler task_assign_many = {&assign_table, read_many, task_call_start};

static int read_many_own(struct exchange *x)
{
    const struct assign_input *input = x->input;
    struct task_contents *contents = exchange_alloc(x, input->targets.count + 1, sizeof(*contents));
    if (!contents)
        return reply_no_memory(x);
    int result = begin(x);
    if (result == 0)
        result = read_items(x, contents);
    const struct task_call *call = x->state;
    if (result < 0 || call->fault != 0)
        return result;
    return task_step(x, task_contents_set(x, contents, input->targets.count));
}

const struct task_body task_own_body = {&assign_table, read_many_own};
const struct handler task_assign_own = {&assign_table, read_many_own, task_call_start};
