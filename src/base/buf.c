#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CAP_MIN ((size_t)256)

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_free(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
}

/* Doubling: the bytes copied over all growth stay below twice the final length. */
static size_t next_cap(const struct buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : CAP_MIN;
    while (cap < need && cap <= b->max / 2)
        cap *= 2;
    return cap < need || cap > b->max ? b->max : cap;
}

char *buf_grow(struct buf *b, size_t len)
{
    if (b->failed)
        return NULL;
    b->failed = true;
    if (len > b->max - b->len)
        return NULL;
    if (!b->data || len > b->cap - b->len) {
        const size_t cap = next_cap(b, b->len + len);
        char *data = realloc(b->data, cap ? cap : 1);
        if (!data)
            return NULL;
        b->data = data;
        b->cap = cap;
    }
    b->failed = false;
    return b->data + b->len;
}

void buf_add_str(struct buf *b, struct str s)
{
    buf_add(b, s.p, s.len);
}

void buf_add_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_add_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_add_i64(struct buf *b, int64_t value)
{
    char text[20]; /* "-9223372036854775808" */
    char *p = text + sizeof(text);
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--p = '-';
    buf_add(b, p, (size_t)(text + sizeof(text) - p));
}

void buf_printf(struct buf *b, const char *format, ...)
{
    char small[256]; /* most texts: no NUL to find room for at the end of a full buffer */
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int len = vsnprintf(small, sizeof(small), format, args);
    if (len < 0) {
        b->failed = true;
    } else if ((size_t)len < sizeof(small)) {
        buf_add(b, small, (size_t)len);
    } else if (buf_reserve(b, (size_t)len + 1)) {
        vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
        b->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

/* The letter behind the backslash, or 0 for \u00XX. */
static char short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\': return c;
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\b': return 'b';
    case '\f': return 'f';
    default: return 0;
    }
}

static void add_escaped(struct buf *b, char c)
{
    const char letter = short_escape(c);
    if (letter) {
        buf_add(b, (char[]){'\\', letter}, 2);
        return;
    }
    const unsigned byte = (unsigned char)c; /* below 0x20 */
    buf_add(b,
            (char[]){'\\', 'u', '0', '0', (char)('0' + byte / 16), "0123456789abcdef"[byte % 16]},
            6);
}

void buf_add_json_part(struct buf *b, struct str s)
{
    size_t at = 0;
    while (at < s.len && !b->failed) {
        const size_t plain = json_plain_len(s.p + at, s.len - at);
        buf_add(b, s.p + at, plain);
        at += plain;
        if (at < s.len)
            add_escaped(b, s.p[at++]);
    }
}

void buf_add_json_str(struct buf *b, struct str s)
{
    buf_add_char(b, '"');
    buf_add_json_part(b, s);
    buf_add_char(b, '"');
}

void buf_add_json_name(struct buf *b, const char *name)
{
    const char last = b->len ? b->data[b->len - 1] : '{';
    if (last != '{' && last != '[')
        buf_add_char(b, ',');
    buf_add_char(b, '"');
    buf_add_text(b, name);
    buf_add(b, "\":", 2);
}

void buf_add_json_comma(struct buf *b)
{
    const char last = b->len ? b->data[b->len - 1] : '[';
    if (last != '{' && last != '[' && last != ':')
        buf_add_char(b, ',');
}

void buf_add_json_text(struct buf *b, const char *name, struct str text)
{
    buf_add_json_name(b, name);
    buf_add_json_str(b, text);
}

void buf_add_json_i64(struct buf *b, const char *name, int64_t value)
{
    buf_add_json_name(b, name);
    buf_add_i64(b, value);
}
