#include "store/sqlite/customer_row.h"

#include <string.h>

/* Digits up to the first other byte; an id of at most 18 digits. Returns their number, 0: none. */
static size_t read_id(const char *p, const char *end, int64_t *ret_id)
{
    int64_t id = 0;
    size_t len = 0;
    while (p + len < end && p[len] >= '0' && p[len] <= '9' && len < 18)
        id = id * 10 + (p[len++] - '0');
    *ret_id = id;
    return id > 0 ? len : 0;
}

int tag_ids_parse(struct str text, int64_t *ret_ids, size_t max)
{
    if (text.len == 0)
        return 0;
    const char *p = text.p, *end = text.p + text.len;
    size_t count = 0;
    if (*p++ != '[')
        return ERR_INVALID;
    while (count < max) {
        size_t len = read_id(p, end, &ret_ids[count++]);
        p += len;
        if (len == 0 || p == end)
            return ERR_INVALID;
        if (*p == ']')
            return p + 1 == end ? (int)count : ERR_INVALID;
        if (*p++ != ',')
            return ERR_INVALID;
    }
    return ERR_INVALID;
}

size_t tag_ids_format(const int64_t *ids, size_t count, char *ret_text)
{
    char *at = ret_text;
    for (size_t i = 0; i < count; i++) {
        char digits[20];
        size_t len = 0;
        for (int64_t id = ids[i]; len == 0 || id > 0; id /= 10)
            digits[len++] = (char)('0' + id % 10);
        *at++ = i == 0 ? '[' : ',';
        while (len > 0)
            *at++ = digits[--len];
    }
    *at++ = ']';
    return (size_t)(at - ret_text);
}

/* The end of an escaped text: its closing quote. NULL when there is none. */
static const char *closing_quote(const char *p, const char *end)
{
    for (; p < end && *p != '"'; p++)
        if (*p == '\\' && ++p == end)
            return NULL;
    return p < end ? p : NULL;
}

static const char *expect(const char *p, const char *end, const char *text)
{
    size_t len = strlen(text);
    return p && (size_t)(end - p) >= len && memcmp(p, text, len) == 0 ? p + len : NULL;
}

/* `"12":"text"`. Returns what is behind it, NULL when it is not of the form. */
static const char *extended_read(const char *p, const char *end, struct extended_raw *ret_value)
{
    p = expect(p, end, "\"");
    if (!p)
        return NULL;
    size_t digits = read_id(p, end, &ret_value->field_id);
    p = digits > 0 ? expect(p + digits, end, "\":\"") : NULL;
    const char *quote = p ? closing_quote(p, end) : NULL;
    if (!quote)
        return NULL;
    ret_value->escaped = (struct str){p, (size_t)(quote - p)};
    return quote + 1;
}

int extended_parse(struct str text, struct extended_raw *ret_values, size_t max)
{
    if (text.len == 0)
        return 0;
    const char *end = text.p + text.len;
    const char *p = expect(text.p, end, "{");
    size_t count = 0;
    while (p && count < max) {
        p = extended_read(p, end, &ret_values[count++]);
        if (p && p + 1 == end && *p == '}')
            return (int)count;
        p = expect(p, end, ",");
    }
    return ERR_INVALID;
}

/* The byte that an escape of buf_add_json_part() stands for; *ret_len is the escape's length behind
 * the backslash. It writes \u only for control characters. */
static int unescape_one(const char *p, size_t left, size_t *ret_len)
{
    static const char letters[] = "\"\\nrtbf", bytes[] = "\"\\\n\r\t\b\f";
    const char *letter = left > 0 && *p ? strchr(letters, *p) : NULL;
    if (letter) {
        *ret_len = 1;
        return bytes[letter - letters];
    }
    if (left < 5 || memcmp(p, "u00", 3) != 0 || hex_value(p[3]) < 0 || hex_value(p[4]) < 0)
        return ERR_INVALID;
    *ret_len = 5;
    return hex_value(p[3]) * 16 + hex_value(p[4]);
}

int extended_unescape(struct arena *arena, struct str escaped, struct str *ret_text)
{
    if (escaped.len == 0 || !memchr(escaped.p, '\\', escaped.len)) {
        *ret_text = escaped;
        return 0;
    }
    char *text = arena_alloc(arena, escaped.len);
    size_t len = 0;
    if (!text)
        return ERR_NOMEM;
    for (size_t i = 0; i < escaped.len; i++) {
        if (escaped.p[i] == '\\') {
            size_t skip = 0;
            int byte = unescape_one(escaped.p + i + 1, escaped.len - i - 1, &skip);
            if (byte < 0)
                return ERR_INVALID;
            text[len++] = (char)byte;
            i += skip;
        } else {
            text[len++] = escaped.p[i];
        }
    }
    *ret_text = (struct str){text, len};
    return 0;
}
