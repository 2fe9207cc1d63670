#include "api/task_recipients.h"

#include "api/reply.h"
#include "api/segment_input.h"
#include "domain/number.h"

/* Targets of no kind are not judged as numbers: 527 is what is wrong with them. */
int task_target_type_read(struct exchange *x, const struct json *value)
{
    struct task_call *call = x->state;
    int64_t type = TASK_TO_PERSONS;
    bool is_bad = value && (str_to_i64(task_value(x, value), &type) < 0 || type < TASK_TO_PERSONS ||
                            type > TASK_TO_GROUPS);
    call->to_groups = is_bad || type == TASK_TO_GROUPS;
    return is_bad ? refuse(x, STATUS_GROUP_TYPE) : 0;
}

int task_targets_new(struct exchange *x, size_t count, struct task_target **ret_targets)
{
    struct task_draft *draft = task_draft_of(x);
    if (count > TASK_MAX_TARGETS)
        return refuse(x, STATUS_DATA_SIZE);
    *ret_targets = exchange_alloc(x, count, sizeof(**ret_targets));
    if (!*ret_targets)
        return reply_no_memory(x);
    draft->source = TASK_OF_TARGETS;
    draft->targets = *ret_targets;
    draft->target_count = count;
    return 0;
}

int task_numbers_read(struct exchange *x, const struct input_names *numbers, const char *place)
{
    struct task_target *targets;
    if (numbers->count == 0)
        return refuse(x, STATUS_WHATS_IDS_NULL);
    int result = task_targets_new(x, numbers->count, &targets);
    for (size_t i = 0; result == 0 && i < numbers->count; i++)
        if (number_parse(numbers->names[i], &targets[i].number) < 0)
            result = refuse_http(x, 400, "%s[%zu]: " NUMBER_FORM, place, i);
    return result;
}

/* --- group chats */

int task_group_read(struct exchange *x, size_t index, struct str text)
{
    struct task_call *call = x->state;
    struct task_draft *draft = task_draft_of(x);
    draft->may_move = false; /* another account need not be in the group */
    if (!call->groups.targets) {
        call->groups.targets =
            exchange_alloc(x, draft->target_count, sizeof(*call->groups.targets));
        if (!call->groups.targets)
            return reply_no_memory(x);
        call->groups.count = draft->target_count;
    }
    text = str_trim(text);
    call->groups.targets[index].text = text;
    return text.len > 0 ? 0 : refuse(x, STATUS_GROUP_NULL);
}

int task_groups_read(struct exchange *x, const struct input_names *names)
{
    struct task_target *targets;
    if (names->count == 0)
        return refuse(x, STATUS_GROUP_NULL);
    int result = task_targets_new(x, names->count, &targets);
    for (size_t i = 0; result == 0 && i < names->count; i++)
        result = task_group_read(x, i, names->names[i]);
    return result;
}

bool task_groups_take(struct exchange *x)
{
    const struct task_call *call = x->state;
    struct task_target *targets = (struct task_target *)(uintptr_t)task_draft_of(x)->targets;
    bool good = true;
    for (size_t i = 0; i < call->groups.count; i++) {
        targets[i].account = call->groups.targets[i].account;
        targets[i].number = call->groups.targets[i].chat;
        good = good && targets[i].account != 0;
    }
    return good;
}

/* --- customerGroupKey, customerGroupValue */

enum { KEY_STAGE, KEY_TAG, KEY_GROUP };

static int use_segment(struct exchange *x, const struct segment *segment)
{
    struct segment *copy = exchange_alloc(x, 1, sizeof(*copy));
    struct task_draft *draft = task_draft_of(x);
    if (!copy)
        return reply_no_memory(x);
    *copy = *segment;
    draft->source = TASK_OF_SEGMENT;
    draft->segment = copy;
    return 0;
}

static int use_tag(struct exchange *x, struct str name)
{
    struct str *tag = exchange_alloc(x, 1, sizeof(*tag));
    if (!tag)
        return reply_no_memory(x);
    *tag = str_trim(name); /* as an import takes it */
    task_look_up(x, LOOKUP_VALUE, NAME_TAG, *tag);
    return use_segment(x, &(struct segment){.tags = tag, .tag_count = 1});
}

/* Numbers with commas between, which a group of that very name goes before. False: one is none. */
static bool are_numbers(struct str text)
{
    int64_t number;
    bool good = true;
    while (good && text.p)
        good = number_parse(str_trim(str_split(&text, ',')), &number) == 0;
    return good;
}

static int use_numbers(struct exchange *x, struct str text)
{
    struct task_target *targets;
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.p[i] == ',';
    int result = task_targets_new(x, count, &targets);
    for (size_t i = 0; result == 0 && i < count; i++)
        result = number_parse(str_trim(str_split(&text, ',')), &targets[i].number);
    return result;
}

static int use_group(struct exchange *x, struct str name)
{
    struct task_draft *draft = task_draft_of(x);
    bool is_numbers = are_numbers(name);
    draft->source = TASK_OF_GROUP;
    draft->group = name;
    task_look_up(x, is_numbers ? LOOKUP_GROUP_OR_NUMBERS : LOOKUP_VALUE, NAME_GROUP, name);
    return is_numbers ? use_numbers(x, name) : 0;
}

int task_customer_group_read(struct exchange *x, const struct json *key, const struct json *value)
{
    int64_t which;
    struct str name = task_value(x, value);
    if (!key || !value)
        return refuse(x, STATUS_CUSTOMER_GROUP);
    if (str_to_i64(task_value(x, key), &which) < 0)
        return refuse(x, STATUS_GROUP_KEY);
    switch (which) {
    case KEY_STAGE:
        task_look_up(x, LOOKUP_VALUE, NAME_STAGE, name);
        return use_segment(x, &(struct segment){.stage = name});
    case KEY_TAG: return use_tag(x, name);
    case KEY_GROUP: return use_group(x, name);
    default: return refuse(x, STATUS_GROUP_KEY);
    }
}

int task_segment_read(struct exchange *x, const struct json *object, const char *place)
{
    struct segment_input input = {0};
    struct segment segment;
    const char *outer = x->place;
    if (json_type(object) != JSON_OBJECT)
        return refuse_http(x, 400, "%.*s: object expected", (int)strlen(place) - 1, place);
    int result = input_read_item(x, &segment_table, object, place, &input);
    if (result < 0)
        return result;
    x->place = place;
    result = segment_input_read(x, &input, &segment);
    x->place = outer;
    if (result < 0)
        return result;
    if (segment.group.len > 0)
        task_look_up(x, LOOKUP_VALUE, NAME_LIST, segment.group);
    return use_segment(x, &segment);
}
