/* POST /wscrm-bus-api/open/mark/batchAdd: tasks for customers, sent by the accounts of agents. */
#include <stdio.h>

#include "api/reply.h"
#include "api/task_calls.h"
#include "api/task_recipients.h"
#include "api/task_senders.h"
#include "api/task_window.h"

struct mark_input {
    struct input_list data;
};

static const struct input_field mark_fields[] = {
    {.name = "data",
     .type = INPUT_LIST,
     .offset = offsetof(struct mark_input, data),
     .longest = TASKS_MAX,
     .missing = STATUS_DATA_EMPTY,
     .longer = STATUS_DATA_SIZE},
};
static const struct input_table mark_table = {mark_fields, 1, sizeof(struct mark_input), NULL};

/* --- one item of data */

struct mark_item {
    struct str name, content, file_name, file_url;
    struct input_integer reached, content_type, type;
    const struct json *key, *value, *segment, *start, *min, *max;
};

#define VALUE(name_, member)                                                               \
    {                                                                                      \
        .name = (name_), .type = INPUT_VALUE, .offset = offsetof(struct mark_item, member) \
    }
static const struct input_field item_fields[] = {
    {.name = "name",
     .type = INPUT_NAME,
     .offset = offsetof(struct mark_item, name),
     .longest = TASK_NAME_LONGEST},
    {.name = "content",
     .type = INPUT_NAME,
     .offset = offsetof(struct mark_item, content),
     .longest = SIZE_MAX},
    {.name = "fileName",
     .type = INPUT_NAME,
     .offset = offsetof(struct mark_item, file_name),
     .longest = CONTENT_NAME_LONGEST},
    {.name = "fileUrl",
     .type = INPUT_NAME,
     .offset = offsetof(struct mark_item, file_url),
     .longest = SIZE_MAX},
    {.name = "reachedNum",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct mark_item, reached),
     .min = 0,
     .max = TASK_MAX_MESSAGES},
    {.name = "contentType",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct mark_item, content_type),
     .min = 1,
     .max = 4},
    {.name = "type",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct mark_item, type),
     .min = 1,
     .max = 2},
    VALUE("customerGroupKey", key),
    VALUE("customerGroupValue", value),
    VALUE("segment", segment),
    VALUE("startTime", start),
    VALUE("sendTimeMin", min),
    VALUE("sendTimeMax", max),
};
#undef VALUE
static const struct input_table item_table = {
    item_fields, sizeof(item_fields) / sizeof(item_fields[0]), sizeof(struct mark_item), NULL};

struct executors {
    struct input_names list, text;
};
#define EXECUTORS(name_, member)                                                                \
    {                                                                                           \
        .name = (name_), .type = INPUT_NAMES, .offset = offsetof(struct executors, member),     \
        .longest = TASK_MAX_SENDERS, .longer = STATUS_DATA_SIZE, .wrong = STATUS_EXECUTOR_ERROR \
    }
static const struct input_field executor_fields[] = {EXECUTORS("executorList", list),
                                                     EXECUTORS("executor", text)};
#undef EXECUTORS
static const struct input_table executor_table = {executor_fields, 2, sizeof(struct executors),
                                                  NULL};

static int read_executors(struct exchange *x, const struct json *json, const char *place)
{
    struct executors executors = {0};
    int result = input_read_item(x, &executor_table, json, place, &executors);
    if (result < 0)
        return result;
    const struct input_names *names = executors.list.count ? &executors.list : &executors.text;
    return names->count ? task_senders_of_agents(x, names, 0) : refuse(x, STATUS_EXECUTOR_EMPTY);
}

static int read_recipients(struct exchange *x, const struct mark_item *item, const char *place)
{
    char segment[64];
    task_draft_of(x)->reached_max = item->reached.value;
    if (!item->segment)
        return task_customer_group_read(x, item->key, item->value);
    snprintf(segment, sizeof(segment), "%ssegment.", place);
    return task_segment_read(x, item->segment, segment);
}

static int read_content(struct exchange *x, const struct mark_item *item, const char *place)
{
    static const enum content_type types[] = {0, CONTENT_TEXT, CONTENT_IMAGE, CONTENT_VIDEO,
                                              CONTENT_FILE};
    if (!item->content_type.given)
        return refuse_http(x, 400, "%scontentType: an integer from 1 to 4 expected", place);
    struct task_contents *contents = exchange_alloc(x, 1, sizeof(*contents));
    struct content *content = exchange_alloc(x, 1, sizeof(*content));
    if (!contents || !content)
        return reply_no_memory(x);
    content->type = types[item->content_type.value];
    content->text = item->content;
    if (content->type != CONTENT_TEXT) {
        content->url = item->file_url;
        content->file_name = item->file_name;
    }
    *contents = (struct task_contents){content, 1};
    int result = task_content_check(x, content);
    return result == 0 ? task_contents_set(x, contents, 1) : result;
}

static int read_start(struct exchange *x, const struct mark_item *item, const char *place)
{
    if (!item->type.given)
        return refuse_http(x, 400, "%stype: 1 or 2 expected", place);
    return task_start_read(x, item->type.value, item->start);
}

static int read_item(struct exchange *x, const struct json *json, size_t index)
{
    char place[32];
    struct mark_item item = {0};
    snprintf(place, sizeof(place), "data[%zu].", index);
    (void)task_draft_next(x);
    if (json_type(json) != JSON_OBJECT)
        return refuse_http(x, 400, "data[%zu]: object expected", index);
    int result = input_read_item(x, &item_table, json, place, &item);
    if (result == 0)
        result = task_step(x, task_name_read(x, item.name, true, place));
    if (result == 0)
        result = task_step(x, read_executors(x, json, place));
    if (result == 0)
        result = task_step(x, read_recipients(x, &item, place));
    if (result == 0)
        result = task_step(x, read_start(x, &item, place));
    if (result == 0)
        result = task_step(x, read_content(x, &item, place));
    if (result == 0)
        result = task_step(x, task_interval_read(x, item.min, item.max, TASK_INTERVAL_REQUIRED));
    return result;
}

static int read_mark(struct exchange *x)
{
    const struct mark_input *input = x->input;
    int result = task_call_new(x, input->data.count);
    struct task_call *call = x->state;
    size_t index = 0;
    if (result < 0)
        return result;
    call->has_list = true;
    /* All of them, also behind one at fault: a wrong shape is told first. */
    for (const struct json *item = input->data.first; result == 0 && item; item = json_next(item))
        result = read_item(x, item, index++);
    return result;
}

const struct task_body task_mark_body = {&mark_table, read_mark};
const struct handler task_mark = {&mark_table, read_mark, task_call_start};
