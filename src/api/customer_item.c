#include "api/customer_item.h"

#include "api/input.h"
#include "domain/number.h"

#define NOT_TEXT "text expected"

/* What a walk over one item needs at hand. */
struct walk {
    struct exchange *x;
    size_t index;
    struct customer_change *change;
    struct item_verdict *verdict;
    bool has_number; /* something stands in whatsApp */
    bool no_memory;
};

void item_fault(struct exchange *x, struct item_verdict *verdict, size_t index, struct str place,
                int code, const char *what)
{
    if (verdict->code != 0)
        return; /* the first fault is told */
    verdict->code = code;
    verdict->message =
        arena_printf(&x->http->arena, "data[%zu].%.*s: %s", index, (int)place.len, place.p, what);
    if (!verdict->message)
        verdict->message = what;
}

static void fault(struct walk *walk, struct str place, const char *what)
{
    item_fault(walk->x, walk->verdict, walk->index, place, STATUS_BAD_INPUT, what);
}

static void fault_longer(struct walk *walk, struct str place, size_t longest)
{
    char *what = arena_printf(&walk->x->http->arena, "longer than %zu characters", longest);
    fault(walk, place, what ? what : "too long");
}

/* A missing key and an empty text leave a field alone, null clears it. Returns true and the text when
 * there is one to set; false when the change is complete or the value is of another type. */
static bool read_text(struct walk *walk, const struct json *value, enum change_kind *ret_kind,
                      struct str *ret_text)
{
    if (json_type(value) == JSON_NULL) {
        *ret_kind = CHANGE_CLEAR;
        return false;
    }
    if (json_type(value) != JSON_STRING) {
        fault(walk, json_name(value), NOT_TEXT);
        return false;
    }
    *ret_text = json_text(value);
    return ret_text->len > 0;
}

static void read_basic(struct walk *walk, const struct json *value, enum customer_field field)
{
    const struct customer_field_rule *rule = &customer_field_rules[field];
    struct text_change *change = &walk->change->fields[field];
    struct str text;
    if (!read_text(walk, value, &change->kind, &text))
        return;
    if (rule->kind == CUSTOMER_KIND_DATE && !birthday_valid(text))
        fault(walk, json_name(value), "a day as yyyy/MM/dd expected");
    else if (utf8_count(text) > rule->longest)
        fault_longer(walk, json_name(value), rule->longest);
    else
        *change = (struct text_change){CHANGE_SET, text};
}

static void read_sex(struct walk *walk, const struct json *value)
{
    struct str text;
    if (!read_text(walk, value, &walk->change->sex_change, &text))
        return;
    if (sex_parse(text, &walk->change->sex) < 0)
        fault(walk, json_name(value), "unknown, male or female expected");
    else
        walk->change->sex_change = CHANGE_SET;
}

static size_t read_tags(struct walk *walk, struct str place, struct str text, struct str **ret_tags)
{
    size_t most = 1;
    for (size_t i = 0; i < text.len; i++)
        most += text.p[i] == ',';
    if (most > CUSTOMER_MAX_TAGS)
        most = CUSTOMER_MAX_TAGS;
    struct str *tags = exchange_alloc(walk->x, most, sizeof(*tags));
    if (!tags) {
        walk->no_memory = true;
        return 0;
    }
    int count = tags_split(text, tags, most);
    if (count == ERR_TOO_LARGE)
        fault(walk, place, "more than 100 tags");
    else if (count < 0)
        fault(walk, place, "a tag longer than 64 characters");
    *ret_tags = tags;
    return count > 0 ? (size_t)count : 0;
}

static void read_add_tags(struct walk *walk, const struct json *value)
{
    enum change_kind kind = CHANGE_KEEP;
    struct str text;
    if (read_text(walk, value, &kind, &text)) {
        walk->change->add_tag_count =
            read_tags(walk, json_name(value), text, &walk->change->add_tags);
    }
    walk->change->clear_tags = kind == CHANGE_CLEAR;
}

static void read_remove_tags(struct walk *walk, const struct json *value)
{
    enum change_kind kind = CHANGE_KEEP; /* null removes none */
    struct str text;
    if (read_text(walk, value, &kind, &text)) {
        walk->change->remove_tag_count =
            read_tags(walk, json_name(value), text, &walk->change->remove_tags);
    }
}

static void read_number(struct walk *walk, const struct json *value)
{
    struct str text = {0};
    if (json_type(value) == JSON_NULL)
        return;
    int result = input_name(walk->x, value, &text);
    walk->has_number = result < 0 || text.len > 0;
    if (result == ERR_RANGE) {
        fault(walk, json_name(value), "number too large, send it as a string");
    } else if (result < 0) {
        fault(walk, json_name(value), "number expected, as a text");
    } else {
        walk->verdict->whats_id = text;
        if (text.len > 0 && number_parse(text, &walk->change->number) < 0)
            fault(walk, json_name(value), NUMBER_FORM);
    }
}

static void read_owner(struct walk *walk, const struct json *value)
{
    if (json_type(value) != JSON_NULL && input_name(walk->x, value, &walk->change->owner) < 0) {
        item_fault(walk->x, walk->verdict, walk->index, json_name(value), STATUS_USER_NAME,
                   status_message(STATUS_USER_NAME));
    }
}

static void fault_extended(struct walk *walk, struct str place)
{
    item_fault(walk->x, walk->verdict, walk->index, place, STATUS_EXTENDED_FIELD,
               status_message(STATUS_EXTENDED_FIELD));
}

static struct extended_change *next_extended(struct walk *walk)
{
    struct customer_change *change = walk->change;
    if (!change->extended) {
        size_t most = walk->x->tenant->field_count * 2; /* at item level and in extensionField */
        change->extended = exchange_alloc(walk->x, most, sizeof(*change->extended));
        if (!change->extended) {
            walk->no_memory = true;
            return NULL;
        }
    }
    return &change->extended[change->extended_count];
}

static void read_extended(struct walk *walk, const struct json *value)
{
    struct str place = json_name(value), text = {0};
    const struct field *field = tenant_field(walk->x->tenant, place);
    if (!field) {
        fault_extended(walk, place);
        return;
    }
    bool is_null = json_type(value) == JSON_NULL;
    bool is_text = json_type(value) == JSON_STRING ||
                   (json_type(value) == JSON_NUMBER && field->type == FIELD_NUMBER);
    if (!is_null && (!is_text || input_name(walk->x, value, &text) < 0)) {
        fault_extended(walk, place);
        return;
    }
    if (!is_null && text.len == 0)
        return;
    if (!is_null && !field_accepts(field, text)) {
        fault_extended(walk, place);
        return;
    }
    struct extended_change *change = next_extended(walk);
    if (change) {
        *change = (struct extended_change){field->id, {is_null ? CHANGE_CLEAR : CHANGE_SET, text}};
        walk->change->extended_count++;
    }
}

static void read_extension(struct walk *walk, const struct json *value)
{
    if (json_type(value) == JSON_OBJECT)
        for (const struct json *m = json_first(value); m; m = json_next(m))
            read_extended(walk, m);
    else if (json_type(value) != JSON_NULL &&
             !(json_type(value) == JSON_STRING && json_text(value).len == 0))
        fault(walk, json_name(value), "object expected");
}

/* What customers show but nobody writes: taken and ignored, so that an answer can be sent back. */
static void read_nothing(struct walk *walk, const struct json *value)
{
    (void)walk;
    (void)value;
}

/* The members of an item beside the basic fields. */
static const struct member {
    struct str name;
    void (*read)(struct walk *walk, const struct json *value);
} members[] = {
    {{"whatsApp", 8}, read_number},     {{"sex", 3}, read_sex},
    {{"tabName", 7}, read_add_tags},    {{"cancelTabName", 13}, read_remove_tags},
    {{"agentAccount", 12}, read_owner}, {{"extensionField", 14}, read_extension},
    {{"createTime", 10}, read_nothing}, {{"updateTime", 10}, read_nothing},
    {{"optOut", 6}, read_nothing},
};

static void read_member(struct walk *walk, const struct json *value)
{
    struct str name = json_name(value);
    for (size_t i = 0; i < CUSTOMER_FIELD_COUNT; i++) {
        if (str_eq(name, customer_field_rules[i].wire)) {
            read_basic(walk, value, (enum customer_field)i);
            return;
        }
    }
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (str_eq(name, members[i].name)) {
            members[i].read(walk, value);
            return;
        }
    }
    read_extended(walk, value);
}

int customer_item_read(struct exchange *x, const struct json *item, size_t index,
                       struct customer_change *ret_change, struct item_verdict *ret_verdict)
{
    struct walk walk = {.x = x, .index = index, .change = ret_change, .verdict = ret_verdict};
    for (const struct json *m = json_first(item); m; m = json_next(m))
        read_member(&walk, m);
    if (walk.no_memory)
        return ERR_NOMEM;
    if (!walk.has_number) {
        /* Without a number nothing else about the item matters: it is the fault that is told. */
        ret_verdict->code = 0;
        item_fault(x, ret_verdict, index, STR("whatsApp"), STATUS_WHATS_ID_NULL,
                   status_message(STATUS_WHATS_ID_NULL));
    }
    return 0;
}
