#include "api/task_content_input.h"

#include <stdio.h>

#include "api/reply.h"
#include "api/task_variables.h"
#include "domain/task.h"

#define PLACE_MAX    128 /* "data[99].sendInfos[4999].content[9].variableFields" and more */
#define SORT_MAX     1000000
#define DESC_LONGEST 1024 /* characters */

/* --- rules for each type */

static bool is_url(struct str text)
{
    static const struct str schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < 2; i++) {
        if (text.len > schemes[i].len &&
            str_eq_nocase((struct str){text.p, schemes[i].len}, schemes[i]))
            return text.len <= CONTENT_URL_LONGEST && !str_has_control(text) &&
                   !memchr(text.p, ' ', text.len);
    }
    return false;
}

static bool is_file(enum content_type type)
{
    return type == CONTENT_IMAGE || type == CONTENT_AUDIO || type == CONTENT_FILE ||
           type == CONTENT_VIDEO;
}

/* Whether there is what a content of this type is at least. */
static bool has_content(const struct content *content)
{
    switch (content->type) {
    case CONTENT_TEXT:
    case CONTENT_CONTACT: return content->text.len > 0 || content->insert_count > 0;
    case CONTENT_CARD_LINK: return content->link.len > 0 || content->url.len > 0;
    case CONTENT_ROUTING_LINK: return content->link.len > 0 || content->route_count > 0;
    default: return true;
    }
}

int task_content_check(struct exchange *x, const struct content *content)
{
    if (utf8_count(content->text) > CONTENT_TEXT_LONGEST || !has_content(content) ||
        (content->link.len > 0 && !is_url(content->link)))
        return refuse(x, STATUS_CONTENT_NULL);
    bool has_url = is_file(content->type) || content->url.len > 0;
    return has_url && !is_url(content->url) ? refuse(x, STATUS_FILE_NULL) : 0;
}

/* --- lists of contents in an order of their own */

struct entry {
    struct content content;
    int64_t order;
};

/* Reads one item of a list, which stands at `place`, "info.sendData[1]". */
typedef int read_entry(struct exchange *x, const struct json *item, const char *place,
                       struct entry *entry);

/* Equal orders stay as they came. */
static void put(struct content *contents, int64_t *orders, size_t count, const struct entry *entry)
{
    size_t at = count;
    for (; at > 0 && orders[at - 1] > entry->order; at--) {
        orders[at] = orders[at - 1];
        contents[at] = contents[at - 1];
    }
    orders[at] = entry->order;
    contents[at] = entry->content;
}

static int check_list(struct exchange *x, const struct json *list, const char *place)
{
    if (list && json_type(list) != JSON_ARRAY)
        return refuse_http(x, 400, "%s: array expected", place);
    if (!list || json_count(list) == 0)
        return refuse(x, STATUS_CONTENT_NULL);
    return json_count(list) > TASK_MAX_PARTS ? refuse(x, STATUS_DATA_SIZE) : 0;
}

static int read_list(struct exchange *x, const struct json *list, const char *place,
                     read_entry *read, struct task_contents *ret_contents)
{
    int64_t orders[TASK_MAX_PARTS];
    struct task_contents contents = {NULL, 0};
    int result = check_list(x, list, place);
    if (result < 0)
        return result;
    contents.items = exchange_alloc(x, json_count(list), sizeof(*contents.items));
    if (!contents.items)
        return reply_no_memory(x);
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        char at[PLACE_MAX];
        struct entry entry = {.order = (int64_t)contents.count};
        snprintf(at, sizeof(at), "%s[%zu]", place, contents.count);
        if (json_type(item) != JSON_OBJECT)
            return refuse_http(x, 400, "%s: object expected", at);
        result = read(x, item, at, &entry);
        if (result < 0)
            return result;
        put(contents.items, orders, contents.count++, &entry);
    }
    *ret_contents = contents;
    return 0;
}

static int read_variables(struct exchange *x, const struct json *list, const char *place,
                          const char *member, struct content *content)
{
    char at[PLACE_MAX];
    snprintf(at, sizeof(at), "%s.%s", place, member);
    return task_variables_read(x, list, at, content);
}

/* A text that is too long has to be told of before a place in it. */
static int check_text(struct exchange *x, struct str text)
{
    return utf8_count(text) > CONTENT_TEXT_LONGEST ? refuse(x, STATUS_CONTENT_NULL) : 0;
}

/* --- content[] of the assign calls */

struct assign_item {
    struct input_integer type, sort, route_type;
    struct str text, url, file_name, title, desc, link, trans_id;
    struct input_names routes;
    const struct json *variables;
};

#define TEXT(name_, member, longest_)                                                        \
    {                                                                                        \
        .name = (name_), .type = INPUT_NAME, .offset = offsetof(struct assign_item, member), \
        .longest = (longest_),                                                               \
    }
static const struct input_field assign_fields[] = {
    {.name = "type",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct assign_item, type),
     .min = CONTENT_TEXT,
     .max = CONTENT_ROUTING_LINK},
    {.name = "sort",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct assign_item, sort),
     .min = -SORT_MAX,
     .max = SORT_MAX},
    {.name = "routeType",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct assign_item, route_type),
     .min = 0,
     .max = 3},
    TEXT("text", text, SIZE_MAX),
    TEXT("url", url, SIZE_MAX),
    TEXT("link", link, SIZE_MAX),
    TEXT("fileName", file_name, CONTENT_NAME_LONGEST),
    TEXT("title", title, CONTENT_NAME_LONGEST),
    TEXT("desc", desc, DESC_LONGEST),
    TEXT("transId", trans_id, CONTENT_NAME_LONGEST),
    {.name = "routeList",
     .type = INPUT_NAMES,
     .offset = offsetof(struct assign_item, routes),
     .longest = CONTENT_MAX_ROUTES,
     .longer = STATUS_DATA_SIZE},
    {.name = "variableFields",
     .type = INPUT_VALUE,
     .offset = offsetof(struct assign_item, variables)},
};
#undef TEXT
static const struct input_table assign_table = {assign_fields,
                                                sizeof(assign_fields) / sizeof(assign_fields[0]),
                                                sizeof(struct assign_item), NULL};

static int check_assign_type(struct exchange *x, const struct input_integer *type,
                             const char *place)
{
    bool is_type =
        type->given && (type->value <= CONTENT_CONTACT || type->value >= CONTENT_CARD_LINK);
    return is_type ? 0 : refuse_http(x, 400, "%s.type: 1 to 6, 10 or 11 expected", place);
}

static int check_routes(struct exchange *x, const struct assign_item *item, const char *place)
{
    if (item->routes.count > 0 && item->route_type.value == 0)
        return refuse_http(x, 400, "%s.routeType: an integer from 1 to 3 expected", place);
    for (size_t i = 0; i < item->routes.count; i++)
        if (utf8_count(item->routes.names[i]) > TENANT_NAME_LONGEST)
            return refuse_http(x, 400, "%s.routeList[%zu]: longer than %d", place, i,
                               TENANT_NAME_LONGEST);
    return 0;
}

static struct content assign_content(const struct assign_item *item)
{
    return (struct content){.type = (enum content_type)item->type.value,
                            .text = item->text,
                            .url = item->url,
                            .file_name = item->file_name,
                            .title = item->title,
                            .desc = item->desc,
                            .link = item->link,
                            .trans_id = item->trans_id,
                            .route_type = (int)item->route_type.value,
                            .routes = item->routes.names,
                            .route_count = item->routes.count};
}

static int read_assign(struct exchange *x, const struct json *json, const char *place,
                       struct entry *entry)
{
    struct assign_item item = {0};
    char prefix[PLACE_MAX];
    snprintf(prefix, sizeof(prefix), "%s.", place);
    int result = input_read_item(x, &assign_table, json, prefix, &item);
    if (result == 0)
        result = check_assign_type(x, &item.type, place);
    if (result == 0)
        result = check_routes(x, &item, place);
    if (result == 0)
        result = check_text(x, item.text);
    if (result < 0)
        return result;
    entry->content = assign_content(&item);
    entry->order = item.sort.given ? item.sort.value : entry->order;
    result = read_variables(x, item.variables, place, "variableFields", &entry->content);
    return result == 0 ? task_content_check(x, &entry->content) : result;
}

int task_content_read(struct exchange *x, const struct json *list, const char *place,
                      struct task_contents *ret_contents)
{
    return read_list(x, list, place, read_assign, ret_contents);
}

/* --- sendData[] of sender/batchAdd */

enum { SEND_CONTENT = 1, SEND_FILE = 2 };
#define FILE_OTHER (-1)

struct send_item {
    struct input_integer index, type, file_type;
    struct str content, file_url, file_name;
    const struct json *variables;
};

static const struct input_field file_fields[] = {
    {.name = "file.fileUrl",
     .type = INPUT_TEXT,
     .offset = offsetof(struct send_item, file_url),
     .longest = SIZE_MAX},
    {.name = "file.fileType",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct send_item, file_type),
     .min = FILE_OTHER,
     .max = CONTENT_VIDEO},
    {.name = "file.fileName",
     .type = INPUT_NAME,
     .offset = offsetof(struct send_item, file_name),
     .longest = CONTENT_NAME_LONGEST},
};
static const struct input_table file_table = {.fields = file_fields, .count = 3};
static const struct input_field send_fields[] = {
    {.name = "sendIndex",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct send_item, index),
     .max = TASK_MAX_PARTS - 1},
    {.name = "sendType",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct send_item, type),
     .min = SEND_CONTENT,
     .max = SEND_FILE},
    {.name = "content",
     .type = INPUT_NAME,
     .offset = offsetof(struct send_item, content),
     .longest = SIZE_MAX},
    {.name = "contentIndexField",
     .type = INPUT_VALUE,
     .offset = offsetof(struct send_item, variables)},
    {.name = "file", .type = INPUT_OBJECT, .members = &file_table},
};
static const struct input_table send_table = {send_fields, 5, sizeof(struct send_item), NULL};

/* The file types are those of the contents, but that -1 is any other and 1 is none. */
static int send_type(struct exchange *x, const struct send_item *item, const char *place,
                     enum content_type *ret_type)
{
    int64_t type = item->file_type.given ? item->file_type.value : FILE_OTHER;
    if (!item->type.given)
        return refuse_http(x, 400, "%s.sendType: 1 or 2 expected", place);
    if (item->type.value == SEND_CONTENT)
        *ret_type = CONTENT_TEXT;
    else if (type == FILE_OTHER)
        *ret_type = CONTENT_FILE;
    else if (is_file((enum content_type)type))
        *ret_type = (enum content_type)type;
    else
        return refuse_http(x, 400, "%s.file.fileType: -1 or 2 to 5 expected", place);
    return 0;
}

static int read_send(struct exchange *x, const struct json *json, const char *place,
                     struct entry *entry)
{
    struct send_item item = {0};
    struct content *content = &entry->content;
    char prefix[PLACE_MAX];
    snprintf(prefix, sizeof(prefix), "%s.", place);
    int result = input_read_item(x, &send_table, json, prefix, &item);
    if (result == 0)
        result = send_type(x, &item, place, &content->type);
    if (result == 0)
        result = check_text(x, item.content);
    if (result < 0)
        return result;
    content->text = item.content;
    if (content->type != CONTENT_TEXT) {
        content->url = item.file_url;
        content->file_name = item.file_name;
    }
    entry->order = item.index.given ? item.index.value : entry->order;
    result = read_variables(x, item.variables, place, "contentIndexField", content);
    return result == 0 ? task_content_check(x, content) : result;
}

int task_send_data_read(struct exchange *x, const struct json *list, const char *place,
                        struct task_contents *ret_contents)
{
    return read_list(x, list, place, read_send, ret_contents);
}
