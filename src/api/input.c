#include "api/input.h"

#include <stdio.h>

#include "api/reply.h"
#include "domain/number.h"

const struct input_table input_nothing = {0};

/* What a fault is told of: "info.stage", or the member of an item, "data[3].name". */
static const char *place_of(struct exchange *x, const struct input_field *field)
{
    const char *dot = strrchr(field->name, '.');
    if (!x->place)
        return field->name;
    const char *place =
        arena_printf(&x->http->arena, "%s%s", x->place, dot ? dot + 1 : field->name);
    return place ? place : field->name;
}

static int is_not(struct exchange *x, const struct input_field *field, const char *expected)
{
    if (field->wrong)
        return refuse(x, field->wrong);
    return refuse_http(x, 400, "%s: %s expected", place_of(x, field), expected);
}

static int is_too_large(struct exchange *x, const struct input_field *field)
{
    if (field->wrong)
        return refuse(x, field->wrong);
    return refuse_http(x, 400, "%s: number too large, send it as a string", place_of(x, field));
}

int input_name(struct exchange *x, const struct json *value, struct str *ret_text)
{
    if (json_type(value) == JSON_STRING) {
        *ret_text = json_text(value);
        return 0;
    }
    int64_t integer;
    if (json_type(value) != JSON_NUMBER)
        return ERR_INVALID;
    int result = json_integer(value, &integer);
    if (result < 0)
        return result;
    char *text = arena_printf(&x->http->arena, "%lld", (long long)integer);
    if (!text)
        return ERR_NOMEM;
    *ret_text = str_of(text);
    return 0;
}

static int check_length(struct exchange *x, const struct input_field *field, size_t length)
{
    if (length <= field->longest)
        return 0;
    if (field->longer)
        return refuse(x, field->longer);
    return refuse_http(x, 400, "%s: longer than %zu", place_of(x, field), field->longest);
}

static int take_text(struct exchange *x, const struct input_field *field, struct str text,
                     struct str *ret_text)
{
    int result = check_length(x, field, utf8_count(text));
    if (result == 0)
        *ret_text = text;
    return result;
}

static int read_text(struct exchange *x, const struct input_field *field, const struct json *value,
                     struct str *ret_text)
{
    struct str text;
    if (field->type == INPUT_TEXT && json_type(value) != JSON_STRING)
        return is_not(x, field, "text");
    int result = input_name(x, value, &text);
    if (result == ERR_NOMEM)
        return reply_no_memory(x);
    if (result == ERR_RANGE)
        return is_too_large(x, field);
    if (result < 0)
        return is_not(x, field, "text");
    return take_text(x, field, text, ret_text);
}

/* `result` is that of reading `value`. */
static int take_integer(struct exchange *x, const struct input_field *field, int result,
                        int64_t value, struct input_integer *ret_integer)
{
    char expected[80];
    if (result == 0 && value >= field->min && value <= field->max) {
        *ret_integer = (struct input_integer){value, true};
        return 0;
    }
    snprintf(expected, sizeof(expected), "an integer from %lld to %lld", (long long)field->min,
             (long long)field->max);
    return is_not(x, field, expected);
}

static int read_integer(struct exchange *x, const struct input_field *field,
                        const struct json *value, struct input_integer *ret_integer)
{
    int64_t integer = 0;
    int result = ERR_INVALID;
    if (json_type(value) == JSON_STRING)
        result = str_to_i64(json_text(value), &integer);
    else if (json_type(value) == JSON_NUMBER)
        result = json_integer(value, &integer);
    return take_integer(x, field, result, integer, ret_integer);
}

/* `text` is the value as a text, when `result` is good. */
static int take_bool(struct exchange *x, const struct input_field *field, int result,
                     struct str text, struct input_bool *ret_bool)
{
    bool yes = result == 0 && (str_is(text, "true") || str_is(text, "1"));
    bool no = result == 0 && (str_is(text, "false") || str_is(text, "0"));
    if (!yes && !no)
        return is_not(x, field, "true or false");
    *ret_bool = (struct input_bool){yes, true};
    return 0;
}

static int read_bool(struct exchange *x, const struct input_field *field, const struct json *value,
                     struct input_bool *ret_bool)
{
    struct str text = json_type(value) == JSON_TRUE ? STR("true") : STR("false");
    int result = 0;
    if (json_type(value) != JSON_TRUE && json_type(value) != JSON_FALSE)
        result = input_name(x, value, &text);
    return result == ERR_NOMEM ? reply_no_memory(x) : take_bool(x, field, result, text, ret_bool);
}

static int read_list(struct exchange *x, const struct input_field *field, const struct json *value,
                     struct input_list *ret_list)
{
    if (json_type(value) != JSON_ARRAY)
        return is_not(x, field, "array");
    struct input_list list = {json_first(value), json_count(value)};
    int result = check_length(x, field, list.count);
    if (result == 0)
        *ret_list = list;
    return result;
}

static int take_number(struct exchange *x, const struct input_field *field, int result,
                       struct str text, int64_t *ret_number)
{
    if (result == 0 && (number_parse(text, ret_number) == 0 ||
                        (field->groups && group_id_parse(text, ret_number) == 0)))
        return 0;
    return field->wrong ? refuse(x, field->wrong)
                        : refuse_http(x, 400, "%s: " NUMBER_FORM, place_of(x, field));
}

static int read_number(struct exchange *x, const struct input_field *field,
                       const struct json *value, int64_t *ret_number)
{
    struct str text = {0};
    int result = input_name(x, value, &text);
    return result == ERR_NOMEM ? reply_no_memory(x)
                               : take_number(x, field, result, text, ret_number);
}

static int read_numbers(struct exchange *x, const struct input_field *field,
                        const struct json *value, struct input_numbers *ret_numbers)
{
    struct input_list list = {0};
    int result = read_list(x, field, value, &list);
    if (result < 0)
        return result;
    struct input_numbers numbers = {exchange_alloc(x, list.count, sizeof(int64_t)), 0};
    if (!numbers.items)
        return reply_no_memory(x);
    for (const struct json *item = list.first; item; item = json_next(item), numbers.count++) {
        struct str text;
        result = input_name(x, item, &text);
        if (result == ERR_NOMEM)
            return reply_no_memory(x);
        if (result < 0 || number_parse(text, &numbers.items[numbers.count]) < 0)
            return refuse_http(x, 400, "%s[%zu]: " NUMBER_FORM, place_of(x, field), numbers.count);
    }
    *ret_numbers = numbers;
    return 0;
}

/* --- names */

static int read_array(struct exchange *x, const struct input_field *field, const struct json *value,
                      struct input_names *ret_names)
{
    struct input_names names = {.count = json_count(value)};
    int result = check_length(x, field, names.count);
    if (result < 0)
        return result;
    names.names = exchange_alloc(x, names.count, sizeof(*names.names));
    if (!names.names)
        return reply_no_memory(x);
    size_t index = 0;
    for (const struct json *item = json_first(value); item; item = json_next(item), index++) {
        result = input_name(x, item, &names.names[index]);
        if (result == ERR_NOMEM)
            return reply_no_memory(x);
        if (result < 0 && field->wrong)
            return refuse(x, field->wrong);
        if (result < 0) {
            return refuse_http(x, 400, "%s[%zu]: %s", place_of(x, field), index,
                               result == ERR_RANGE ? "number too large, send it as a string"
                                                   : "text expected");
        }
    }
    *ret_names = names;
    return 0;
}

/* Blanks around names, and empty ones, are nobody's. */
static int split_names(struct exchange *x, const struct input_field *field, struct str text,
                       struct input_names *ret_names)
{
    struct input_names names = {0};
    size_t most = 1;
    text = str_trim(text);
    if (text.len >= 2 && text.p[0] == '[' && text.p[text.len - 1] == ']')
        text = (struct str){text.p + 1, text.len - 2};
    for (size_t i = 0; i < text.len; i++)
        most += text.p[i] == ',';
    int result = check_length(x, field, most);
    if (result < 0)
        return result;
    names.names = exchange_alloc(x, most, sizeof(*names.names));
    if (!names.names)
        return reply_no_memory(x);
    while (text.p) {
        struct str name = str_trim(str_split(&text, ','));
        if (name.len > 0)
            names.names[names.count++] = name;
    }
    *ret_names = names;
    return 0;
}

static int read_names(struct exchange *x, const struct input_field *field, const struct json *value,
                      struct input_names *ret_names)
{
    struct str text;
    if (json_type(value) == JSON_ARRAY)
        return read_array(x, field, value, ret_names);
    int result = input_name(x, value, &text);
    if (result == ERR_NOMEM)
        return reply_no_memory(x);
    if (result == ERR_RANGE)
        return is_too_large(x, field);
    return result < 0 ? is_not(x, field, "array") : split_names(x, field, text, ret_names);
}

static int read_members(struct exchange *x, const struct input_table *table,
                        const struct json *object, void *base);

static int read_object(struct exchange *x, const struct input_field *field,
                       const struct json *value, void *base)
{
    if (json_type(value) != JSON_OBJECT)
        return is_not(x, field, "object");
    return read_members(x, field->members, value, base);
}

static int read_value(const struct json *value, const struct json **ret_value)
{
    *ret_value = value;
    return 0;
}

/* `base` is the struct that the offsets count in. */
static int read_field(struct exchange *x, const struct input_field *field, const struct json *value,
                      void *base)
{
    void *target = (char *)base + field->offset;
    if (json_type(value) == JSON_NULL ||
        (json_type(value) == JSON_STRING && json_text(value).len == 0))
        return 0; /* absent */
    switch (field->type) {
    case INPUT_LIST: return read_list(x, field, value, target);
    case INPUT_NAMES: return read_names(x, field, value, target);
    case INPUT_NUMBERS: return read_numbers(x, field, value, target);
    case INPUT_NUMBER: return read_number(x, field, value, target);
    case INPUT_INTEGER: return read_integer(x, field, value, target);
    case INPUT_BOOL: return read_bool(x, field, value, target);
    case INPUT_OBJECT: return read_object(x, field, value, base);
    case INPUT_VALUE: return read_value(value, target);
    default: return read_text(x, field, value, target);
    }
}

static const struct input_field *find_field(const struct input_table *table, struct str name)
{
    for (size_t i = 0; i < table->count; i++) {
        const char *dot = strrchr(table->fields[i].name, '.');
        if (str_is(name, dot ? dot + 1 : table->fields[i].name))
            return &table->fields[i];
    }
    return NULL;
}

static bool is_empty(const void *base, const struct input_field *field)
{
    const void *target = (const char *)base + field->offset;
    switch (field->type) {
    case INPUT_INTEGER: return !((const struct input_integer *)target)->given;
    case INPUT_BOOL: return !((const struct input_bool *)target)->given;
    case INPUT_LIST: return ((const struct input_list *)target)->count == 0;
    case INPUT_NUMBERS: return ((const struct input_numbers *)target)->count == 0;
    case INPUT_NUMBER: return *(const int64_t *)target == 0;
    case INPUT_NAMES: return ((const struct input_names *)target)->count == 0;
    case INPUT_OBJECT: return false; /* its members say what they need */
    case INPUT_VALUE: return !*(const struct json *const *)target;
    default: return ((const struct str *)target)->len == 0;
    }
}

static int read_members(struct exchange *x, const struct input_table *table,
                        const struct json *object, void *base)
{
    for (const struct json *m = object ? json_first(object) : NULL; m; m = json_next(m)) {
        const struct input_field *field = find_field(table, json_name(m));
        int result = field ? read_field(x, field, m, base) : 0;
        if (result < 0)
            return result;
    }
    return 0;
}

static int check_missing(struct exchange *x, const struct input_table *table, const void *base)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->fields[i].missing && is_empty(base, &table->fields[i]))
            return refuse(x, table->fields[i].missing);
    return 0;
}

int input_read_item(struct exchange *x, const struct input_table *table, const struct json *object,
                    const char *place, void *ret_item)
{
    const char *outer = x->place;
    x->place = place;
    int result = read_members(x, table, object, ret_item);
    if (result == 0)
        result = check_missing(x, table, ret_item);
    x->place = outer;
    return result;
}

static int read_body(struct exchange *x, const struct input_table *table)
{
    enum json_type type = x->body ? json_type(x->body) : JSON_OBJECT;
    if (type == JSON_OBJECT)
        return read_members(x, table, x->body, x->input);
    if (type == JSON_ARRAY && table->array_is)
        return read_field(x, find_field(table, str_of(table->array_is)), x->body, x->input);
    return refuse_http(x, 400, "body: object%s expected", table->array_is ? " or array" : "");
}

/* The value of a query's parameter; len 0: absent. */
static int decode_parameter(struct exchange *x, const struct input_field *field,
                            struct str *ret_text)
{
    struct str raw = http_query_value(x->http->head.query, field->name);
    *ret_text = (struct str){0};
    if (raw.len == 0)
        return 0;
    char *text = arena_alloc(&x->http->arena, raw.len);
    if (!text)
        return reply_no_memory(x);
    long len = http_query_decode(raw, text);
    if (len < 0 || !utf8_valid(text, (size_t)len))
        return refuse_http(x, 400, "%s: percent-encoded UTF-8 expected", field->name);
    *ret_text = (struct str){text, (size_t)len};
    return 0;
}

static int read_parameter(struct exchange *x, const struct input_field *field)
{
    void *target = (char *)x->input + field->offset;
    struct str text;
    int64_t integer = 0;
    int result = decode_parameter(x, field, &text);
    if (result < 0 || text.len == 0)
        return result;
    switch (field->type) {
    case INPUT_LIST:
    case INPUT_NUMBERS: return is_not(x, field, "array");
    case INPUT_OBJECT:
    case INPUT_VALUE: return is_not(x, field, "object");
    case INPUT_NUMBER: return take_number(x, field, 0, text, target);
    case INPUT_INTEGER:
        result = str_to_i64(text, &integer);
        return take_integer(x, field, result, integer, target);
    case INPUT_BOOL: return take_bool(x, field, 0, text, target);
    default: return take_text(x, field, text, target);
    }
}

static int read_query(struct exchange *x, const struct input_table *table)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < table->count; i++)
        result = read_parameter(x, &table->fields[i]);
    return result;
}

int input_read(struct exchange *x, const struct input_table *table)
{
    x->input = exchange_alloc(x, 1, table->size);
    if (!x->input)
        return reply_no_memory(x);
    int result = x->route->method == HTTP_GET ? read_query(x, table) : read_body(x, table);
    return result == 0 ? check_missing(x, table, x->input) : result;
}
