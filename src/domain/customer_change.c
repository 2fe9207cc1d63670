#include "domain/customer_change.h"

#include "domain/number.h"
#include "domain/status.h"

/* --- names */

static const struct {
    struct str name;
    enum item_name_kind kind;
} names[] = {
    {{"whatsApp", 8}, NAME_NUMBER},     {{"sex", 3}, NAME_SEX},
    {{"tabName", 7}, NAME_ADD_TAGS},    {{"cancelTabName", 13}, NAME_REMOVE_TAGS},
    {{"agentAccount", 12}, NAME_OWNER}, {{"extensionField", 14}, NAME_EXTENSION},
    {{"createTime", 10}, NAME_SHOWN},   {{"updateTime", 10}, NAME_SHOWN},
    {{"optOut", 6}, NAME_SHOWN},
};
#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

struct item_name item_name_extended(const struct tenant *tenant, struct str name)
{
    const struct field *field = tenant ? tenant_field(tenant, name) : NULL;
    return (struct item_name){.kind = field ? NAME_EXTENDED : NAME_UNKNOWN, .extended = field};
}

struct item_name item_name_find(const struct tenant *tenant, struct str name)
{
    for (int i = 0; i < CUSTOMER_FIELD_COUNT; i++)
        if (str_eq(name, customer_field_rules[i].wire))
            return (struct item_name){.kind = NAME_BASIC, .basic = (enum customer_field)i};
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (str_eq(name, names[i].name))
            return (struct item_name){.kind = names[i].kind};
    return item_name_extended(tenant, name);
}

struct str item_name_at(size_t index)
{
    if (index < CUSTOMER_FIELD_COUNT)
        return customer_field_rules[index].wire;
    index -= CUSTOMER_FIELD_COUNT;
    return index < NAME_COUNT ? names[index].name : (struct str){0};
}

/* --- faults */

static void fault(struct item_builder *builder, struct str place, int code, const char *what)
{
    if (builder->fault.code == 0) /* the first one is told */
        builder->fault = (struct item_fault){code, place, what};
}

static void fault_form(struct item_builder *builder, struct str place, const char *what)
{
    fault(builder, place, STATUS_BAD_INPUT, what);
}

static void fault_longer(struct item_builder *builder, struct str place, size_t longest)
{
    char *what = arena_printf(builder->arena, "longer than %zu characters", longest);
    fault_form(builder, place, what ? what : "too long");
}

static void fault_extended(struct item_builder *builder, struct str place)
{
    fault(builder, place, STATUS_EXTENDED_FIELD, status_message(STATUS_EXTENDED_FIELD));
}

/* --- values */

/* True and the text when there is one to set; false when the change is complete or the value is of
 * another type. */
static bool take_text(struct item_builder *builder, struct str place, struct item_value value,
                      enum change_kind *ret_kind)
{
    if (value.kind == VALUE_NULL)
        *ret_kind = CHANGE_CLEAR;
    else if (value.kind != VALUE_TEXT)
        fault_form(builder, place, "text expected");
    return value.kind == VALUE_TEXT && value.text.len > 0;
}

static void put_basic(struct item_builder *builder, struct str place, enum customer_field field,
                      struct item_value value)
{
    const struct customer_field_rule *rule = &customer_field_rules[field];
    struct text_change *change = &builder->change->fields[field];
    if (!take_text(builder, place, value, &change->kind))
        return;
    if (rule->kind == CUSTOMER_KIND_DATE && !birthday_valid(value.text))
        fault_form(builder, place, "a day as yyyy/MM/dd expected");
    else if (utf8_count(value.text) > rule->longest)
        fault_longer(builder, place, rule->longest);
    else
        *change = (struct text_change){CHANGE_SET, value.text};
}

static void put_sex(struct item_builder *builder, struct str place, struct item_value value)
{
    struct customer_change *change = builder->change;
    if (!take_text(builder, place, value, &change->sex_change))
        return;
    if (sex_parse(value.text, &change->sex) < 0)
        fault_form(builder, place, "unknown, male or female expected");
    else
        change->sex_change = CHANGE_SET;
}

static size_t split_tags(struct item_builder *builder, struct str place, struct str text,
                         struct str **ret_tags)
{
    size_t most = 1;
    for (size_t i = 0; i < text.len; i++)
        most += text.p[i] == ',';
    if (most > CUSTOMER_MAX_TAGS)
        most = CUSTOMER_MAX_TAGS;
    struct str *tags = arena_calloc(builder->arena, most, sizeof(*tags));
    if (!tags) {
        builder->no_memory = true;
        return 0;
    }
    int count = tags_split(text, tags, most);
    if (count == ERR_TOO_LARGE)
        fault_form(builder, place, "more than 100 tags");
    else if (count < 0)
        fault_form(builder, place, "a tag longer than 64 characters");
    *ret_tags = tags;
    return count > 0 ? (size_t)count : 0;
}

static void put_add_tags(struct item_builder *builder, struct str place, struct item_value value)
{
    struct customer_change *change = builder->change;
    enum change_kind kind = CHANGE_KEEP;
    if (take_text(builder, place, value, &kind))
        change->add_tag_count = split_tags(builder, place, value.text, &change->add_tags);
    change->clear_tags = kind == CHANGE_CLEAR;
}

static void put_remove_tags(struct item_builder *builder, struct str place, struct item_value value)
{
    struct customer_change *change = builder->change;
    enum change_kind kind = CHANGE_KEEP; /* null removes none */
    if (take_text(builder, place, value, &kind))
        change->remove_tag_count = split_tags(builder, place, value.text, &change->remove_tags);
}

/* Names and numbers may be written as texts or as integers. */
static bool is_name(struct item_value value)
{
    return value.kind == VALUE_TEXT || value.kind == VALUE_INTEGER;
}

static void put_number(struct item_builder *builder, struct str place, struct item_value value)
{
    if (value.kind == VALUE_NULL)
        return;
    builder->has_number = !is_name(value) || value.text.len > 0;
    if (value.kind == VALUE_HUGE) {
        fault_form(builder, place, "number too large, send it as a string");
    } else if (!is_name(value)) {
        fault_form(builder, place, "number expected, as a text");
    } else {
        builder->number_text = value.text;
        if (value.text.len > 0 && number_parse(value.text, &builder->change->number) < 0)
            fault_form(builder, place, NUMBER_FORM);
    }
}

static void put_owner(struct item_builder *builder, struct str place, struct item_value value)
{
    if (is_name(value))
        builder->change->owner = value.text;
    else if (value.kind != VALUE_NULL)
        fault(builder, place, STATUS_USER_NAME, status_message(STATUS_USER_NAME));
}

static struct extended_change *next_extended(struct item_builder *builder)
{
    struct customer_change *change = builder->change;
    if (!change->extended) {
        /* Each at item level and in extensionField; mostly an item names only a few. */
        size_t all = builder->tenant->field_count * 2;
        builder->extended_max = builder->most < all ? builder->most : all;
        change->extended =
            arena_calloc(builder->arena, builder->extended_max, sizeof(*change->extended));
        builder->no_memory = builder->no_memory || !change->extended;
    }
    bool has_room = change->extended && change->extended_count < builder->extended_max;
    return has_room ? &change->extended[change->extended_count++] : NULL;
}

static void put_extended(struct item_builder *builder, struct str place, const struct field *field,
                         struct item_value value)
{
    bool is_null = value.kind == VALUE_NULL;
    bool is_text = value.kind == VALUE_TEXT ||
                   (value.kind == VALUE_INTEGER && field && field->type == FIELD_NUMBER);
    if (!field || (!is_null && !is_text)) {
        fault_extended(builder, place);
        return;
    }
    if (!is_null && value.text.len == 0)
        return;
    if (!is_null && !field_accepts(field, value.text)) {
        fault_extended(builder, place);
        return;
    }
    struct extended_change *change = next_extended(builder);
    if (change) {
        *change =
            (struct extended_change){field->id, {is_null ? CHANGE_CLEAR : CHANGE_SET, value.text}};
    }
}

static void put_extension(struct item_builder *builder, struct str place, struct item_value value)
{
    if (value.kind != VALUE_NULL && !(value.kind == VALUE_TEXT && value.text.len == 0))
        fault_form(builder, place, "object expected");
}

/* --- an item */

void item_begin(struct item_builder *builder, const struct tenant *tenant, struct arena *arena,
                size_t most, struct customer_change *change)
{
    memset(change, 0, sizeof(*change));
    *builder =
        (struct item_builder){.tenant = tenant, .arena = arena, .most = most, .change = change};
}

void item_put(struct item_builder *builder, struct str place, struct item_name name,
              struct item_value value)
{
    switch (name.kind) {
    case NAME_NUMBER: put_number(builder, place, value); break;
    case NAME_BASIC: put_basic(builder, place, name.basic, value); break;
    case NAME_SEX: put_sex(builder, place, value); break;
    case NAME_ADD_TAGS: put_add_tags(builder, place, value); break;
    case NAME_REMOVE_TAGS: put_remove_tags(builder, place, value); break;
    case NAME_OWNER: put_owner(builder, place, value); break;
    case NAME_UNKNOWN:
    case NAME_EXTENDED: put_extended(builder, place, name.extended, value); break;
    case NAME_EXTENSION: put_extension(builder, place, value); break;
    case NAME_SHOWN: break;
    }
}

int item_end(struct item_builder *builder)
{
    if (builder->no_memory)
        return ERR_NOMEM;
    if (!builder->has_number) {
        /* Without a number nothing else about the item matters: it is the fault that is told. */
        builder->fault = (struct item_fault){STATUS_WHATS_ID_NULL, STR("whatsApp"),
                                             status_message(STATUS_WHATS_ID_NULL)};
    }
    return 0;
}
