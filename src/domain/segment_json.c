#include "domain/segment_json.h"

#include <stddef.h>

#include "domain/tenant.h"

static const struct member {
    const char *name;
    enum { TEXT, NUMBER } type;
    size_t offset;
} members[] = {
    {"stage", TEXT, offsetof(struct segment, stage)},
    {"source", TEXT, offsetof(struct segment, source)},
    {"group", TEXT, offsetof(struct segment, group)},
    {"owner", NUMBER, offsetof(struct segment, owner_id)},
    {"createdFrom", NUMBER, offsetof(struct segment, created_from_ms)},
    {"createdBefore", NUMBER, offsetof(struct segment, created_before_ms)},
    {"updatedFrom", NUMBER, offsetof(struct segment, updated_from_ms)},
    {"updatedBefore", NUMBER, offsetof(struct segment, updated_before_ms)},
};
#define MEMBER_COUNT (sizeof(members) / sizeof(members[0]))

static const char *const choices[] = {
    [SEGMENT_ANY] = "any", [SEGMENT_ONLY] = "only", [SEGMENT_NONE] = "none"};

/* --- writing */

static void write_member(struct buf *b, const struct segment *segment, const struct member *member)
{
    const char *at = (const char *)segment + member->offset;
    if (member->type == TEXT) {
        const struct str *text = (const struct str *)at;
        if (text->len > 0)
            buf_add_json_text(b, member->name, *text);
    } else {
        const int64_t *number = (const int64_t *)at;
        if (*number != 0)
            buf_add_json_i64(b, member->name, *number);
    }
}

static void write_tags(struct buf *b, const struct segment *segment)
{
    buf_add_json_name(b, "tags");
    buf_add_char(b, '[');
    for (size_t i = 0; i < segment->tag_count; i++) {
        buf_add_json_comma(b);
        buf_add_json_str(b, segment->tags[i]);
    }
    buf_add_char(b, ']');
}

static void write_extended(struct buf *b, const struct segment *segment)
{
    buf_add_json_name(b, "extended");
    buf_add_char(b, '[');
    for (size_t i = 0; i < segment->extended_count; i++) {
        buf_add_json_comma(b);
        buf_add_char(b, '{');
        buf_add_json_i64(b, "field", segment->extended[i].field_id);
        buf_add_json_text(b, "text", segment->extended[i].text);
        buf_add_char(b, '}');
    }
    buf_add_char(b, ']');
}

void segment_write(struct buf *b, const struct segment *segment)
{
    buf_add_char(b, '{');
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        write_member(b, segment, &members[i]);
    if (segment->tag_count > 0)
        write_tags(b, segment);
    if (segment->extended_count > 0)
        write_extended(b, segment);
    if (segment->opt_out != SEGMENT_ANY)
        buf_add_json_text(b, "optOut", str_of(choices[segment->opt_out]));
    if (segment->keyword.len > 0) /* folded; folding it again changes nothing */
        buf_add_json_text(b, "keyword", (struct str){segment->keyword.text, segment->keyword.len});
    buf_add_char(b, '}');
}

/* --- reading */

static int read_text(const struct json *json, struct str *ret_text)
{
    if (json_type(json) != JSON_STRING)
        return ERR_INVALID;
    *ret_text = json_text(json);
    return 0;
}

static int read_number(const struct json *json, int64_t *ret_number)
{
    return json_type(json) == JSON_NUMBER && json_integer(json, ret_number) == 0 ? 0 : ERR_INVALID;
}

static int read_tags(const struct json *json, struct arena *arena, struct segment *segment)
{
    size_t count = json_count(json);
    struct str *tags = arena_calloc(arena, count, sizeof(*tags));
    if (json_type(json) != JSON_ARRAY || count > CUSTOMER_MAX_TAGS || !tags)
        return tags ? ERR_INVALID : ERR_NOMEM;
    segment->tags = tags;
    for (const struct json *item = json_first(json); item; item = json_next(item))
        if (read_text(item, &tags[segment->tag_count++]) < 0)
            return ERR_INVALID;
    return 0;
}

static int read_value(const struct json *json, struct extended_value *value)
{
    const struct json *field = json_member(json, "field"), *text = json_member(json, "text");
    if (!field || !text || read_number(field, &value->field_id) < 0)
        return ERR_INVALID;
    return read_text(text, &value->text);
}

static int read_extended(const struct json *json, struct arena *arena, struct segment *segment)
{
    size_t count = json_count(json);
    struct extended_value *values = arena_calloc(arena, count, sizeof(*values));
    if (json_type(json) != JSON_ARRAY || count > TENANT_MAX_FIELDS || !values)
        return values ? ERR_INVALID : ERR_NOMEM;
    segment->extended = values;
    for (const struct json *item = json_first(json); item; item = json_next(item))
        if (read_value(item, &values[segment->extended_count++]) < 0)
            return ERR_INVALID;
    return 0;
}

static int read_opt_out(const struct json *json, struct segment *segment)
{
    for (int i = SEGMENT_ONLY; i <= SEGMENT_NONE; i++) {
        if (json_type(json) == JSON_STRING && str_is(json_text(json), choices[i])) {
            segment->opt_out = (enum segment_choice)i;
            return 0;
        }
    }
    return ERR_INVALID;
}

static int read_keyword(const struct json *json, struct segment *segment)
{
    struct str text;
    int result = read_text(json, &text);
    return result < 0 || keyword_parse(text, &segment->keyword) < 0 ? ERR_INVALID : 0;
}

static int read_member(const struct json *json, struct arena *arena, struct segment *segment)
{
    struct str name = json_name(json);
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        char *at = (char *)segment + members[i].offset;
        if (str_is(name, members[i].name))
            return members[i].type == TEXT ? read_text(json, (struct str *)at)
                                           : read_number(json, (int64_t *)at);
    }
    if (str_is(name, "tags"))
        return read_tags(json, arena, segment);
    if (str_is(name, "extended"))
        return read_extended(json, arena, segment);
    if (str_is(name, "optOut"))
        return read_opt_out(json, segment);
    return str_is(name, "keyword") ? read_keyword(json, segment) : ERR_INVALID;
}

int segment_read(const struct json *json, struct arena *arena, struct segment *ret_segment)
{
    struct segment segment = {0};
    if (json_type(json) != JSON_OBJECT)
        return ERR_INVALID;
    for (const struct json *member = json_first(json); member; member = json_next(member)) {
        int result = read_member(member, arena, &segment);
        if (result < 0)
            return result;
    }
    *ret_segment = segment;
    return 0;
}
