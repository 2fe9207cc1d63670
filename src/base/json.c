#include "base/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* cJSON copies at most 63 bytes of a number and would parse the rest as something else. */
#define MAX_NUMBER_LEN 63

/* ---- the scan: a state machine over the bytes, its nesting a bit per level ---- */

struct scan {
    const char *start, *at, *end;
    size_t values, max_values;
    uint64_t objects; /* bit n: level n is an object; JSON_MAX_DEPTH fits */
    unsigned depth;
    struct json_error *error;
};

/* What a step found; negative: an enum err. */
enum step {
    STEP_DONE, /* a whole value, or the end of the text */
    STEP_VALUE /* a value has to follow */
};

__attribute__((format(printf, 3, 4))) static int fail(struct scan *s, int err, const char *format,
                                                      ...)
{
    va_list args;
    va_start(args, format);
    s->error->offset = (size_t)(s->at - s->start);
    vsnprintf(s->error->text, sizeof(s->error->text), format, args);
    va_end(args);
    return err;
}

static void skip_blanks(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
        s->at++;
}

/* The byte at hand; 0, which no grammar rule takes, at the end. */
static char peek(const struct scan *s)
{
    return s->at < s->end ? *s->at : '\0';
}

/* Four hex digits at p, or -1. */
static int hex_unit(const struct scan *s, const char *p)
{
    int unit = 0;
    if (s->end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const int digit = hex_value(p[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_low_surrogate(int unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* At the backslash of \uXXXX: moves behind it, or behind the pair when it is one of surrogates. */
static int scan_unicode_escape(struct scan *s)
{
    const int unit = hex_unit(s, s->at + 2);
    if (unit < 0)
        return fail(s, ERR_INVALID, "\\u without four hex digits");
    if (unit == 0)
        return fail(s, ERR_INVALID, "\\u0000 in a string");
    if (is_low_surrogate(unit))
        return fail(s, ERR_INVALID, "lone surrogate in a \\u escape");
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        const char *low = s->at + 6;
        if (s->end - low < 6 || low[0] != '\\' || low[1] != 'u' ||
            !is_low_surrogate(hex_unit(s, low + 2)))
            return fail(s, ERR_INVALID, "lone surrogate in a \\u escape");
        s->at += 6;
    }
    s->at += 6;
    return 0;
}

static int scan_escape(struct scan *s)
{
    const char c = s->end - s->at > 1 ? s->at[1] : '\0';
    if (c == 'u')
        return scan_unicode_escape(s);
    if (c == '\0' || !strchr("\"\\/bfnrt", c))
        return fail(s, ERR_INVALID, "unknown escape in a string");
    s->at += 2;
    return 0;
}

/* At the opening quote; moves behind the closing one. */
static int scan_string(struct scan *s)
{
    const char *const open = s->at++;
    for (;;) {
        s->at += json_plain_len(s->at, (size_t)(s->end - s->at));
        const char c = peek(s);
        if (s->at == s->end) {
            s->at = open;
            return fail(s, ERR_INVALID, "string without an end");
        }
        if (c == '"')
            break;
        if (c != '\\')
            return fail(s, ERR_INVALID, "control character in a string");
        const int err = scan_escape(s);
        if (err < 0)
            return err;
    }
    s->at++;
    return 0;
}

/* Moves over digits; false when there is none. */
static bool skip_digits(struct scan *s)
{
    const char *const first = s->at;
    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return s->at > first;
}

static int scan_number(struct scan *s)
{
    const char *const first = s->at;
    if (peek(s) == '-')
        s->at++;
    if (peek(s) == '0')
        s->at++; /* and no digit behind it: the caller finds one out of place */
    else if (!skip_digits(s))
        return fail(s, ERR_INVALID, "expected a digit");
    if (peek(s) == '.') {
        s->at++;
        if (!skip_digits(s))
            return fail(s, ERR_INVALID, "expected a digit behind '.'");
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (!skip_digits(s))
            return fail(s, ERR_INVALID, "expected a digit in the exponent");
    }
    if (s->at - first > MAX_NUMBER_LEN) {
        s->at = first;
        return fail(s, ERR_INVALID, "number too long (send it as a string)");
    }
    return STEP_DONE;
}

static int scan_literal(struct scan *s, struct str literal)
{
    if ((size_t)(s->end - s->at) < literal.len || memcmp(s->at, literal.p, literal.len) != 0)
        return fail(s, ERR_INVALID, "expected a value");
    s->at += literal.len;
    return STEP_DONE;
}

/* A member's name and its colon. */
static int scan_name(struct scan *s)
{
    skip_blanks(s);
    if (peek(s) != '"')
        return fail(s, ERR_INVALID, "expected a name in quotes");
    const int err = scan_string(s);
    if (err < 0)
        return err;
    skip_blanks(s);
    if (peek(s) != ':')
        return fail(s, ERR_INVALID, "expected ':'");
    s->at++;
    return STEP_VALUE;
}

static bool in_object(const struct scan *s)
{
    return s->objects >> (s->depth - 1) & 1;
}

/* At '{' or '['. An empty one is a whole value. */
static int scan_open(struct scan *s)
{
    const bool object = *s->at == '{';
    if (s->depth == JSON_MAX_DEPTH)
        return fail(s, ERR_TOO_LARGE, "nesting deeper than %d", JSON_MAX_DEPTH);
    s->at++;
    skip_blanks(s);
    if (peek(s) == (object ? '}' : ']')) {
        s->at++;
        return STEP_DONE;
    }
    const uint64_t bit = UINT64_C(1) << s->depth++;
    s->objects = object ? s->objects | bit : s->objects & ~bit;
    return object ? scan_name(s) : STEP_VALUE;
}

static int scan_value(struct scan *s)
{
    skip_blanks(s);
    if (s->at < s->end && s->values++ == s->max_values)
        return fail(s, ERR_TOO_LARGE, "more than %zu values", s->max_values);
    switch (peek(s)) {
    case '{':
    case '[': return scan_open(s);
    case '"': return scan_string(s);
    case 't': return scan_literal(s, STR("true"));
    case 'f': return scan_literal(s, STR("false"));
    case 'n': return scan_literal(s, STR("null"));
    default: break;
    }
    if (peek(s) == '-' || (peek(s) >= '0' && peek(s) <= '9'))
        return scan_number(s);
    return fail(s, ERR_INVALID, "expected a value");
}

/* Behind a whole value: closes what ends here; then a comma, or the end of the text. */
static int scan_after(struct scan *s)
{
    for (;; s->depth--, s->at++) {
        skip_blanks(s);
        if (s->depth == 0)
            break;
        const bool object = in_object(s);
        if (peek(s) == ',') {
            s->at++;
            return object ? scan_name(s) : STEP_VALUE;
        }
        if (peek(s) != (object ? '}' : ']'))
            return fail(s, ERR_INVALID, "expected ',' or '%c'", object ? '}' : ']');
    }
    if (s->at < s->end)
        return fail(s, ERR_INVALID, "something behind the value");
    return STEP_DONE;
}

/* What concerns the text as a whole, before its grammar. */
static int scan_encoding(struct scan *s)
{
    const size_t len = (size_t)(s->end - s->start);
    if (len >= 3 && memcmp(s->start, "\xEF\xBB\xBF", 3) == 0)
        return fail(s, ERR_INVALID, "byte order mark at the start (send JSON without one)");
    s->at = s->start + utf8_prefix(s->start, len);
    if (s->at < s->end)
        return fail(s, ERR_INVALID, "not UTF-8");
    s->at = s->start;
    skip_blanks(s);
    if (s->at == s->end)
        return fail(s, ERR_INVALID, "empty");
    return 0;
}

int json_scan(struct str text, size_t max_values, struct json_error *error)
{
    const char *const start = text.len ? text.p : "";
    struct scan s = {.start = start,
                     .at = start,
                     .end = start + text.len,
                     .max_values = max_values,
                     .error = error};
    int step = scan_encoding(&s);
    if (step < 0)
        return step;
    do {
        step = scan_value(&s);
        if (step == STEP_DONE)
            step = scan_after(&s);
    } while (step == STEP_VALUE);
    return step;
}

/* ---- the tree: cJSON behind our names; struct json is a cJSON, struct json_doc the root ---- */

static const cJSON *node(const struct json *value)
{
    return (const cJSON *)value;
}

/* A member's name with its hash: unequal names are told apart without looking at them. */
struct name {
    uint64_t hash;
    const char *text;
};

static int name_order(const void *left, const void *right)
{
    const struct name *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return strcmp(a->text, b->text);
}

/* Up to here comparing all pairs is faster than sorting, and needs no memory. */
#define FEW_NAMES 16

static const char *duplicate_of_few(const char *const *names, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            if (names[i][0] == names[j][0] && strcmp(names[i], names[j]) == 0)
                return names[i];
    }
    return NULL;
}

/* Sorting keeps n log n even for names made so that their hashes are equal. */
static int duplicate_of_many(const cJSON *object, size_t count, const char **ret_name)
{
    struct name *names = malloc(count * sizeof(*names));
    if (!names)
        return ERR_NOMEM;
    size_t n = 0;
    for (const cJSON *child = object->child; child; child = child->next)
        names[n++] =
            (struct name){hash_bytes(child->string, strlen(child->string), 0), child->string};
    qsort(names, n, sizeof(*names), name_order);
    for (size_t i = 1; i < n; i++)
        if (name_order(&names[i - 1], &names[i]) == 0)
            *ret_name = names[i].text;
    free(names);
    return 0;
}

/* 0 with *ret_name set when `object` names a member twice. */
static int find_duplicate(const cJSON *object, const char **ret_name)
{
    const char *names[FEW_NAMES];
    size_t count = 0;
    for (const cJSON *child = object->child; child; child = child->next, count++)
        if (count < FEW_NAMES)
            names[count] = child->string;
    if (count > FEW_NAMES)
        return duplicate_of_many(object, count, ret_name);
    const char *found = duplicate_of_few(names, count);
    if (found)
        *ret_name = found;
    return 0;
}

/* The text goes into a reply: a long name is cut between two code points. */
static int fail_duplicate(const char *name, struct json_error *error)
{
    size_t len = 0, step;
    const size_t full = strlen(name), room = 48;
    while (len < full && (step = utf8_next(name + len, full - len)) && len + step <= room)
        len += step;
    error->offset = 0;
    snprintf(error->text, sizeof(error->text), "duplicate member \"%.*s%s\"", (int)len, name,
             len < full ? "..." : "");
    return ERR_INVALID;
}

/* Recursion is bounded by the scan: JSON_MAX_DEPTH. */
static int check_members(const cJSON *value, struct json_error *error)
{
    const char *duplicate = NULL;
    int err = cJSON_IsObject(value) ? find_duplicate(value, &duplicate) : 0;
    if (err == 0 && duplicate)
        err = fail_duplicate(duplicate, error);
    for (const cJSON *child = value->child; child && err == 0; child = child->next)
        if (child->child)
            err = check_members(child, error);
    return err;
}

int json_parse(struct str text, size_t max_values, struct json_doc **ret_doc,
               struct json_error *error)
{
    int err = json_scan(text, max_values, error);
    if (err < 0)
        return err;
    cJSON *root = cJSON_ParseWithLengthOpts(text.p, text.len, NULL, 0);
    /* What passed the scan is refused for want of memory only. */
    err = root ? check_members(root, error) : ERR_NOMEM;
    if (err == ERR_NOMEM)
        *error = (struct json_error){.offset = 0, .text = "out of memory"};
    if (err < 0) {
        cJSON_Delete(root);
        return err;
    }
    *ret_doc = (struct json_doc *)root;
    return 0;
}

void json_free(struct json_doc *doc)
{
    cJSON_Delete((cJSON *)doc);
}

const struct json *json_root(const struct json_doc *doc)
{
    return (const struct json *)doc;
}

enum json_type json_type(const struct json *value)
{
    switch (node(value)->type & 0xFF) {
    case cJSON_False: return JSON_FALSE;
    case cJSON_True: return JSON_TRUE;
    case cJSON_Number: return JSON_NUMBER;
    case cJSON_String: return JSON_STRING;
    case cJSON_Array: return JSON_ARRAY;
    case cJSON_Object: return JSON_OBJECT;
    default: return JSON_NULL;
    }
}

struct str json_text(const struct json *value)
{
    return str_of(node(value)->valuestring);
}

double json_number(const struct json *value)
{
    return node(value)->valuedouble;
}

int json_integer(const struct json *value, int64_t *ret_value)
{
    const double number = json_number(value);
    if (!(fabs(number) <= (double)JSON_MAX_INTEGER)) /* 1e999 is infinite */
        return ERR_RANGE;
    if (number != floor(number))
        return ERR_INVALID;
    *ret_value = (int64_t)number;
    return 0;
}

const struct json *json_first(const struct json *value)
{
    return (const struct json *)node(value)->child;
}

const struct json *json_next(const struct json *child)
{
    return (const struct json *)node(child)->next;
}

struct str json_name(const struct json *child)
{
    return str_of(node(child)->string);
}

size_t json_count(const struct json *value)
{
    size_t count = 0;
    for (const cJSON *child = node(value)->child; child; child = child->next)
        count++;
    return count;
}

const struct json *json_member(const struct json *object, const char *name)
{
    if (!cJSON_IsObject(node(object)))
        return NULL;
    for (const cJSON *child = node(object)->child; child; child = child->next)
        if (strcmp(child->string, name) == 0)
            return (const struct json *)child;
    return NULL;
}
