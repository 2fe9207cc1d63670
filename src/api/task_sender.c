/* POST /wscrm-bus-api/open/sender/batchAdd: a task for numbers, sent by an account or all of an agent's. */
#include "api/reply.h"
#include "api/task_calls.h"
#include "api/task_recipients.h"
#include "api/task_senders.h"
#include "api/task_window.h"

#define DEFAULT_INTERVAL_MS 1000

struct sender_input {
    struct str agent, user_name, whats_id;
    const struct json *task_type, *friends, *min, *max, *send_data;
};

#define VALUE(name_, member)                            \
    {                                                   \
        .name = "info." name_, .type = INPUT_VALUE,     \
        .offset = offsetof(struct sender_input, member) \
    }
#define NAME(name_, member)                                                              \
    {                                                                                    \
        .name = "info." name_, .type = INPUT_NAME,                                       \
        .offset = offsetof(struct sender_input, member), .longest = TENANT_NAME_LONGEST, \
        .longer = STATUS_NO_USER_NAME                                                    \
    }
static const struct input_field info_fields[] = {
    NAME("agentAccount", agent),  NAME("userName", user_name),      NAME("whatsId", whats_id),
    VALUE("taskType", task_type), VALUE("friendWhatsIds", friends), VALUE("startInterval", min),
    VALUE("endInterval", max),    VALUE("sendData", send_data),
};
#undef NAME
#undef VALUE
static const struct input_table info_table = {
    .fields = info_fields, .count = sizeof(info_fields) / sizeof(info_fields[0])};
static const struct input_field sender_fields[] = {
    {.name = "info", .type = INPUT_OBJECT, .members = &info_table},
};
static const struct input_table sender_table = {sender_fields, 1, sizeof(struct sender_input),
                                                NULL};

static const struct input_field friends_fields[] = {
    {.name = "info.friendWhatsIds",
     .type = INPUT_NAMES,
     .longest = TASK_MAX_TARGETS,
     .longer = STATUS_DATA_SIZE},
};
static const struct input_table friends_table = {friends_fields, 1, sizeof(struct input_names),
                                                 NULL};

static int read_friends(struct exchange *x)
{
    const struct json *info = json_member(x->body, "info");
    struct input_names numbers = {0};
    int result = input_read_item(x, &friends_table, info, "info.", &numbers);
    if (result < 0)
        return result;
    return ((const struct task_call *)x->state)->to_groups
               ? task_groups_read(x, &numbers)
               : task_numbers_read(x, &numbers, "info.friendWhatsIds");
}

static int read_contents(struct exchange *x, const struct sender_input *input)
{
    struct task_contents *contents = exchange_alloc(x, 1, sizeof(*contents));
    if (!contents)
        return reply_no_memory(x);
    int result = task_send_data_read(x, input->send_data, "info.sendData", contents);
    return result == 0 ? task_contents_set(x, contents, 1) : result;
}

static int read_info(struct exchange *x, const struct sender_input *input)
{
    struct str agent = input->agent.len ? input->agent : input->user_name;
    task_draft_next(x)->status = TASK_PENDING;
    int type = task_target_type_read(x, input->task_type);
    bool has_type = type == 0;
    int result = task_step(x, type);
    if (result == 0)
        result = task_step(x, task_senders_read(x, input->whats_id, agent, 0));
    if (result == 0)
        result = task_step(x, read_contents(x, input));
    if (result == 0)
        result = task_step(x, task_interval_read(x, input->min, input->max, DEFAULT_INTERVAL_MS));
    if (result == 0 && has_type)
        result = task_step(x, read_friends(x));
    return result;
}

static int read_sender(struct exchange *x)
{
    if (!x->body || !json_member(x->body, "info"))
        return refuse_http(x, 400, "info: object expected");
    int result = task_call_new(x, 1);
    return result == 0 ? read_info(x, x->input) : result;
}

const struct task_body task_sender_body = {&sender_table, read_sender};
const struct handler task_sender = {&sender_table, read_sender, task_call_start};
