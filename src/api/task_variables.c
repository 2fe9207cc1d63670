#include "api/task_variables.h"

#include <stdio.h>

#include "api/reply.h"

enum { FIELD_TYPE_BASIC, FIELD_TYPE_EXTENDED };

struct variable {
    struct input_integer index, type;
    struct str name;
};

static const struct input_field fields[] = {
    {.name = "index",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct variable, index),
     .max = CONTENT_TEXT_LONGEST},
    {.name = "fieldType",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct variable, type),
     .max = FIELD_TYPE_EXTENDED},
    {.name = "fieldName",
     .type = INPUT_NAME,
     .offset = offsetof(struct variable, name),
     .longest = TENANT_NAME_LONGEST,
     .missing = STATUS_EXTENDED_FIELD,
     .longer = STATUS_EXTENDED_FIELD},
};
static const struct input_table table = {fields, 3, sizeof(struct variable), NULL};

static int check_field(struct exchange *x, const struct content_insert *insert)
{
    bool is_known = insert->extended ? tenant_field(x->tenant, insert->field) != NULL
                                     : content_field_is_basic(insert->field);
    return is_known ? 0 : refuse(x, STATUS_EXTENDED_FIELD);
}

/* Those at one place stay in the order they were named. */
static void put(struct content_insert *inserts, size_t count, struct content_insert insert)
{
    size_t at = count;
    for (; at > 0 && inserts[at - 1].index > insert.index; at--)
        inserts[at] = inserts[at - 1];
    inserts[at] = insert;
}

static int read_object(struct exchange *x, const struct json *item, const char *place,
                       struct content *content, struct content_insert *inserts)
{
    struct variable variable = {0};
    char prefix[160];
    snprintf(prefix, sizeof(prefix), "%s[%zu].", place, content->insert_count);
    int result = input_read_item(x, &table, item, prefix, &variable);
    if (result < 0)
        return result;
    size_t length = utf8_count(content->text);
    if (!variable.index.given || (size_t)variable.index.value > length)
        return refuse_http(x, 400, "%sindex: an integer from 0 to %zu expected", prefix, length);
    const struct content_insert insert = {.index = (size_t)variable.index.value,
                                          .extended = variable.type.value == FIELD_TYPE_EXTENDED,
                                          .field = variable.name};
    put(inserts, content->insert_count++, insert);
    return check_field(x, &insert);
}

/* Takes the first `{}` at or behind *at out of the text; *at is then where it stood. False: there is none. */
static bool take_braces(char *text, size_t *len, size_t *at)
{
    char *braces = *len > *at ? memmem(text + *at, *len - *at, "{}", 2) : NULL;
    if (!braces)
        return false;
    *at = (size_t)(braces - text);
    *len -= 2;
    memmove(braces, braces + 2, *len - *at);
    return true;
}

static int read_names(struct exchange *x, const struct json *list, const char *place,
                      struct content *content, struct content_insert *inserts)
{
    struct str given = content->text.len ? content->text : STR("");
    char *text = arena_memdup(&x->http->arena, given.p, given.len);
    size_t len = given.len, at = 0;
    if (!text)
        return reply_no_memory(x);
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        struct content_insert *insert = &inserts[content->insert_count];
        if (json_type(item) == JSON_OBJECT || input_name(x, item, &insert->field) < 0)
            return refuse_http(x, 400, "%s[%zu]: a name as before it expected", place,
                               content->insert_count);
        if (!take_braces(text, &len, &at))
            return refuse_http(x, 400, "%s[%zu]: the text has no {} for it", place,
                               content->insert_count);
        insert->index = utf8_count((struct str){text, at});
        insert->extended = !content_field_is_basic(insert->field);
        content->insert_count++;
        int result = check_field(x, insert);
        if (result < 0)
            return result;
    }
    content->text = (struct str){text, len};
    return 0;
}

static int read_objects(struct exchange *x, const struct json *list, const char *place,
                        struct content *content, struct content_insert *inserts)
{
    int result = 0;
    for (const struct json *item = json_first(list); result == 0 && item; item = json_next(item)) {
        if (json_type(item) != JSON_OBJECT)
            return refuse_http(x, 400, "%s[%zu]: object expected", place, content->insert_count);
        result = read_object(x, item, place, content, inserts);
    }
    return result;
}

int task_variables_read(struct exchange *x, const struct json *list, const char *place,
                        struct content *content)
{
    size_t count = list ? json_count(list) : 0;
    if (list && json_type(list) != JSON_ARRAY)
        return refuse_http(x, 400, "%s: array expected", place);
    if (count == 0)
        return 0;
    if (count > CONTENT_MAX_INSERTS)
        return refuse(x, STATUS_DATA_SIZE);
    struct content_insert *inserts = exchange_alloc(x, count, sizeof(*inserts));
    if (!inserts)
        return reply_no_memory(x);
    content->inserts = inserts;
    bool is_objects = json_type(json_first(list)) == JSON_OBJECT;
    return is_objects ? read_objects(x, list, place, content, inserts)
                      : read_names(x, list, place, content, inserts);
}
