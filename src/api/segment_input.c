#include "api/segment_input.h"

#include "api/local_time.h"
#include "api/reply.h"

/* Wide enough for a time with blanks around it; what is longer is none. */
#define TIME_LONGEST 64
#define TAGS_LONGEST (CUSTOMER_MAX_TAGS * (CUSTOMER_TAG_LONGEST + 2))

#define TEXT(name_, member, longest_)                                            \
    {                                                                            \
        .name = "info." name_, .type = INPUT_NAME,                               \
        .offset = offsetof(struct segment_input, member), .longest = (longest_), \
    }
#define TIME(name_, member)                                                        \
    {                                                                              \
        .name = "info." name_, .type = INPUT_NAME,                                 \
        .offset = offsetof(struct segment_input, member), .longest = TIME_LONGEST, \
        .longer = STATUS_TIMESTAMP, .wrong = STATUS_TIMESTAMP,                     \
    }

static const struct input_field fields[] = {
    TEXT("stage", stage, 255),
    TEXT("source", source, 255),
    TEXT("tabName", tags, TAGS_LONGEST),
    TEXT("agentAccount", agent, TENANT_NAME_LONGEST),
    TEXT("group", group, TENANT_NAME_LONGEST),
    TEXT("keyword", keyword, KEYWORD_LONGEST),
    TIME("createdAfter", created_after),
    TIME("createdBefore", created_before),
    TIME("updatedAfter", updated_after),
    TIME("updatedBefore", updated_before),
    {.name = "info.extensionField",
     .type = INPUT_VALUE,
     .offset = offsetof(struct segment_input, extended)},
    {.name = "info.optOut", .type = INPUT_BOOL, .offset = offsetof(struct segment_input, opt_out)},
};
const struct input_table segment_table = {.fields = fields,
                                          .count = sizeof(fields) / sizeof(fields[0])};

/* Where the members stand. */
static const char *place(const struct exchange *x)
{
    return x->place ? x->place : "info.";
}

/* --- times --- */

/* Milliseconds since 1970, or as local_time_parse() takes it in the tenant's time zone. */
static int read_time(struct exchange *x, struct str text, int64_t *ret_ms)
{
    int64_t ms;
    if (text.len == 0)
        return 0;
    if (str_to_i64(text, &ms) < 0 && local_time_parse(x->tenant->zone, text, &ms) < 0)
        return refuse(x, STATUS_TIMESTAMP);
    *ret_ms = ms > 0 ? ms : 1; /* 0 says "any"; no customer is from before 1970 */
    return 0;
}

static int read_times(struct exchange *x, const struct segment_input *input,
                      struct segment *segment)
{
    int result = read_time(x, input->created_after, &segment->created_from_ms);
    if (result == 0)
        result = read_time(x, input->created_before, &segment->created_before_ms);
    if (result == 0)
        result = read_time(x, input->updated_after, &segment->updated_from_ms);
    return result == 0 ? read_time(x, input->updated_before, &segment->updated_before_ms) : result;
}

/* --- lists --- */

static int read_tags(struct exchange *x, struct str text, struct segment *segment)
{
    if (text.len == 0)
        return 0;
    struct str *tags = exchange_alloc(x, CUSTOMER_MAX_TAGS, sizeof(*tags));
    if (!tags)
        return reply_no_memory(x);
    int count = tags_split(text, tags, CUSTOMER_MAX_TAGS);
    if (count == ERR_TOO_LARGE)
        return refuse_http(x, 400, "%stabName: more than %d tags", place(x), CUSTOMER_MAX_TAGS);
    if (count < 0)
        return refuse_http(x, 400, "%stabName: a tag longer than %d characters", place(x),
                           CUSTOMER_TAG_LONGEST);
    segment->tags = tags;
    segment->tag_count = (size_t)count;
    return 0;
}

/* 1 there is a value to look for, 0 it is empty. */
static int read_value(struct exchange *x, const struct json *value,
                      struct extended_value *ret_value)
{
    const struct field *field = tenant_field(x->tenant, json_name(value));
    bool is_text = json_type(value) == JSON_STRING ||
                   (json_type(value) == JSON_NUMBER && field && field->type == FIELD_NUMBER);
    if (field && json_type(value) == JSON_NULL)
        return 0;
    if (!field || !is_text || input_name(x, value, &ret_value->text) < 0)
        return refuse(x, STATUS_EXTENDED_FIELD);
    if (ret_value->text.len > 0 && !field_accepts(field, ret_value->text))
        return refuse(x, STATUS_EXTENDED_FIELD);
    ret_value->field_id = field->id;
    return ret_value->text.len > 0;
}

static int read_extended(struct exchange *x, const struct json *object, struct segment *segment)
{
    if (!object)
        return 0;
    if (json_type(object) != JSON_OBJECT)
        return refuse_http(x, 400, "%sextensionField: object expected", place(x));
    /* A member twice was refused with the body: there are no more than the tenant has fields. */
    struct extended_value *values = exchange_alloc(x, x->tenant->field_count, sizeof(*values));
    if (!values)
        return reply_no_memory(x);
    for (const struct json *m = json_first(object); m; m = json_next(m)) {
        struct extended_value value = {0};
        int result = read_value(x, m, &value);
        if (result < 0)
            return result;
        if (result == 1)
            values[segment->extended_count++] = value;
    }
    segment->extended = values;
    return 0;
}

int segment_input_read(struct exchange *x, const struct segment_input *input,
                       struct segment *ret_segment)
{
    const struct agent *agent = NULL;
    *ret_segment =
        (struct segment){.stage = input->stage, .source = input->source, .group = input->group};
    if (input->agent.len > 0 && !(agent = tenant_agent(x->tenant, input->agent)))
        return refuse(x, STATUS_USER_NAME);
    if (agent)
        ret_segment->owner_id = agent->id;
    if (input->opt_out.given)
        ret_segment->opt_out = input->opt_out.value ? SEGMENT_ONLY : SEGMENT_NONE;
    if (keyword_parse(input->keyword, &ret_segment->keyword) < 0)
        return refuse_http(x, 400, "%skeyword: longer than %d", place(x), KEYWORD_LONGEST);
    int result = read_times(x, input, ret_segment);
    if (result == 0)
        result = read_tags(x, input->tags, ret_segment);
    return result == 0 ? read_extended(x, input->extended, ret_segment) : result;
}

/* --- as it was sent --- */

static void write_texts(struct buf *b, const char *name, const struct json *object)
{
    buf_add_json_name(b, name);
    buf_add_char(b, '{');
    for (const struct json *value = json_first(object); value; value = json_next(value)) {
        buf_add_json_comma(b);
        buf_add_json_str(b, json_name(value));
        buf_add_char(b, ':');
        buf_add_json_str(b, json_type(value) == JSON_STRING ? json_text(value) : (struct str){0});
    }
    buf_add_char(b, '}');
}

void segment_input_write(struct buf *b, const struct segment_input *input)
{
    buf_add_char(b, '{');
    for (size_t i = 0; i < segment_table.count; i++) {
        const struct input_field *field = &fields[i];
        const struct str *text = (const void *)((const char *)input + field->offset);
        if (field->type == INPUT_NAME && text->len > 0)
            buf_add_json_text(b, field->name + strlen("info."), *text);
    }
    if (input->extended)
        write_texts(b, "extensionField", input->extended);
    if (input->opt_out.given) {
        buf_add_json_name(b, "optOut");
        buf_add_text(b, input->opt_out.value ? "true" : "false");
    }
    buf_add_char(b, '}');
}
