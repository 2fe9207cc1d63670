/* A growable byte buffer that is only appended to, and the JSON writer on top of it.
 *
 * Errors are sticky: when memory or the maximum is used up, `failed` is set, later appends do
 * nothing, and the one who sends the buffer checks once at the end (curl's dynbuf habit). */
#ifndef WSCRM_BASE_BUF_H
#define WSCRM_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct buf {
    char *data; /* NULL while empty; not NUL-terminated */
    size_t len, cap, max;
    bool failed;
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);  /* also leaves it ready for use */
void buf_clear(struct buf *b); /* len = 0, failed = false, memory kept */

char *buf_grow(struct buf *b, size_t len); /* the slow part of buf_reserve() */

/* Room for `len` more bytes at the end, or NULL (then `failed`); commit with b->len += used. */
static inline char *buf_reserve(struct buf *b, size_t len)
{
    return b->data && !b->failed && len <= b->cap - b->len ? b->data + b->len : buf_grow(b, len);
}

static inline void buf_add(struct buf *b, const void *data, size_t len)
{
    char *room = len ? buf_reserve(b, len) : NULL; /* data may be NULL when len is 0 */
    if (room) {
        memcpy(room, data, len);
        b->len += len;
    }
}

void buf_add_str(struct buf *b, struct str s);
void buf_add_text(struct buf *b, const char *text); /* NUL-terminated */
void buf_add_char(struct buf *b, char c);
void buf_add_i64(struct buf *b, int64_t value); /* decimal */
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* JSON out (RFC 8259). `s` must be valid UTF-8, which every text that came through json_parse() or
 * out of the store is. Escaped are `"`, `\`, and U+0000 to U+001F; all else goes out as it is. */
void buf_add_json_str(struct buf *b, struct str s);  /* with the quotes */
void buf_add_json_part(struct buf *b, struct str s); /* without the quotes: part of a string */
/* `"name":` with a comma before it unless the byte before is `{` or `[`. The name needs no escape.*/
void buf_add_json_name(struct buf *b, const char *name);
/* Whole members, a comma before them in the same way. */
void buf_add_json_text(struct buf *b, const char *name, struct str text);
void buf_add_json_i64(struct buf *b, const char *name, int64_t value);
/* A comma unless the byte before is `{`, `[`, or `:`. For array items. */
void buf_add_json_comma(struct buf *b);

#endif
