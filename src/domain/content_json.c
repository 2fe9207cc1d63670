#include "domain/content.h"

/* The texts of a content, by the name they are stored under. */
static const struct text_member {
    const char *name;
    size_t offset;
} text_members[] = {
    {"text", offsetof(struct content, text)},          {"url", offsetof(struct content, url)},
    {"fileName", offsetof(struct content, file_name)}, {"title", offsetof(struct content, title)},
    {"desc", offsetof(struct content, desc)},          {"link", offsetof(struct content, link)},
    {"transId", offsetof(struct content, trans_id)},
};
#define TEXT_MEMBERS (sizeof(text_members) / sizeof(text_members[0]))

static void write_routes(struct buf *b, const struct content *content)
{
    buf_add_json_name(b, "routes");
    buf_add_char(b, '[');
    for (size_t i = 0; i < content->route_count; i++) {
        buf_add_json_comma(b);
        buf_add_json_str(b, content->routes[i]);
    }
    buf_add_char(b, ']');
}

static void write_inserts(struct buf *b, const struct content *content)
{
    buf_add_json_name(b, "inserts");
    buf_add_char(b, '[');
    for (size_t i = 0; i < content->insert_count; i++) {
        const struct content_insert *insert = &content->inserts[i];
        buf_add_json_comma(b);
        buf_add_char(b, '{');
        buf_add_json_i64(b, "index", (int64_t)insert->index);
        buf_add_json_i64(b, "extended", insert->extended);
        buf_add_json_text(b, "field", insert->field);
        buf_add_char(b, '}');
    }
    buf_add_char(b, ']');
}

void content_write(struct buf *b, const struct content *content)
{
    buf_add_char(b, '{');
    buf_add_json_i64(b, "type", content->type);
    for (size_t i = 0; i < TEXT_MEMBERS; i++) {
        const struct str *text = (const void *)((const char *)content + text_members[i].offset);
        if (text->len > 0)
            buf_add_json_text(b, text_members[i].name, *text);
    }
    if (content->route_type != 0)
        buf_add_json_i64(b, "routeType", content->route_type);
    if (content->route_count > 0)
        write_routes(b, content);
    if (content->insert_count > 0)
        write_inserts(b, content);
    buf_add_char(b, '}');
}

static int read_text(const struct json *value, struct str *ret_text)
{
    if (json_type(value) != JSON_STRING)
        return ERR_INVALID;
    *ret_text = json_text(value);
    return 0;
}

static int read_integer(const struct json *value, int64_t max, int64_t *ret_value)
{
    int64_t number;
    if (!value || json_type(value) != JSON_NUMBER || json_integer(value, &number) < 0 ||
        number < 0 || number > max)
        return ERR_INVALID;
    *ret_value = number;
    return 0;
}

static int read_type(const struct json *value, enum content_type *ret_type)
{
    int64_t type;
    if (read_integer(value, CONTENT_ROUTING_LINK, &type) < 0 || type < CONTENT_TEXT ||
        (type > CONTENT_CONTACT && type < CONTENT_CARD_LINK))
        return ERR_INVALID;
    *ret_type = (enum content_type)type;
    return 0;
}

static int read_routes(const struct json *value, struct arena *arena, struct content *content)
{
    size_t count = json_count(value);
    if (json_type(value) != JSON_ARRAY || count > CONTENT_MAX_ROUTES)
        return ERR_INVALID;
    struct str *routes = arena_calloc(arena, count, sizeof(*routes));
    if (!routes)
        return ERR_NOMEM;
    content->routes = routes;
    for (value = json_first(value); value; value = json_next(value))
        if (read_text(value, &routes[content->route_count++]) < 0)
            return ERR_INVALID;
    return 0;
}

static int read_insert(const struct json *value, size_t least, struct content_insert *ret_insert)
{
    const struct json *field = json_member(value, "field");
    int64_t index, extended;
    if (json_type(value) != JSON_OBJECT ||
        read_integer(json_member(value, "index"), JSON_MAX_INTEGER, &index) < 0 ||
        read_integer(json_member(value, "extended"), 1, &extended) < 0 || !field ||
        read_text(field, &ret_insert->field) < 0 || (size_t)index < least)
        return ERR_INVALID;
    ret_insert->index = (size_t)index;
    ret_insert->extended = extended != 0;
    return 0;
}

static int read_inserts(const struct json *value, struct arena *arena, struct content *content)
{
    size_t count = json_count(value), least = 0;
    if (json_type(value) != JSON_ARRAY || count > CONTENT_MAX_INSERTS)
        return ERR_INVALID;
    struct content_insert *inserts = arena_calloc(arena, count, sizeof(*inserts));
    if (!inserts)
        return ERR_NOMEM;
    content->inserts = inserts;
    for (value = json_first(value); value; value = json_next(value)) {
        struct content_insert *insert = &inserts[content->insert_count++];
        if (read_insert(value, least, insert) < 0)
            return ERR_INVALID;
        least = insert->index;
    }
    return 0;
}

static int read_member(const struct json *value, struct arena *arena, struct content *content)
{
    struct str name = json_name(value);
    int64_t route_type = 0;
    for (size_t i = 0; i < TEXT_MEMBERS; i++)
        if (str_is(name, text_members[i].name))
            return read_text(value, (void *)((char *)content + text_members[i].offset));
    if (str_is(name, "type"))
        return read_type(value, &content->type);
    if (str_is(name, "routes"))
        return read_routes(value, arena, content);
    if (str_is(name, "inserts"))
        return read_inserts(value, arena, content);
    if (!str_is(name, "routeType") || read_integer(value, 3, &route_type) < 0)
        return ERR_INVALID;
    content->route_type = (int)route_type;
    return 0;
}

int content_read(const struct json *json, struct arena *arena, struct content *ret_content)
{
    struct content content = {0};
    int result = json_type(json) == JSON_OBJECT && json_member(json, "type") ? 0 : ERR_INVALID;
    for (json = json_first(json); json && result == 0; json = json_next(json))
        result = read_member(json, arena, &content);
    if (result == 0)
        *ret_content = content;
    return result;
}
