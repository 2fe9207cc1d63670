/* Text as pointer and length, and the small rules on bytes that everything needs. */
#ifndef WSCRM_BASE_TEXT_H
#define WSCRM_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

/* Borrowed bytes: whoever made the str says how long they live. p may be NULL when len is 0. */
struct str {
    const char *p;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

static inline struct str str_of(const char *s)
{
    return (struct str){s, s ? strlen(s) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool str_is(struct str a, const char *s)
{
    return str_eq(a, str_of(s));
}

/* ASCII only, as HTTP header names and the API's keywords need it. */
bool str_eq_nocase(struct str a, struct str b);

/* Without ASCII blanks (space, tab, CR, LF) at both ends. */
struct str str_trim(struct str s);

/* Splits at the first `sep`: returns the part before, *rest becomes the part behind (or empty with
 * p == NULL when there was no `sep`). Loop: while (rest.p) { part = str_split(&rest, ','); … } */
struct str str_split(struct str *rest, char sep);

/* A decimal integer: an optional '-', then digits, nothing else. ERR_INVALID when it is not one,
 * ERR_RANGE when it does not fit. */
int str_to_i64(struct str s, int64_t *ret_value) MUST_USE;

/* The value of a hexadecimal digit of either case, -1 for any other byte. */
int hex_value(char c);

/* `len` bytes from as many pairs of hexadecimal digits and nothing else. ERR_INVALID. */
int hex_read(struct str text, uint8_t *ret_bytes, size_t len) MUST_USE;

/* True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
bool utf8_valid(const void *data, size_t len);

/* Number of bytes at the start that are well-formed UTF-8: len when all are. */
size_t utf8_prefix(const void *data, size_t len);

/* Length of the first code point (1 to 4), or 0 when the bytes do not start with a well-formed one. */
size_t utf8_next(const void *data, size_t len);

/* Number of bytes at the start that stand in a JSON string as they are: none of them is a control
 * character, a quote or a backslash. */
size_t json_plain_len(const char *data, size_t len);

/* True when an ASCII control character is in it: such a text does not go into a line of a list. */
bool str_has_control(struct str s);

/* Number of code points of valid UTF-8. */
size_t utf8_count(struct str s);

/* A 64-bit hash for tables inside the process; not for strangers' keys without `seed` being random. */
uint64_t hash_bytes(const void *data, size_t len, uint64_t seed);
uint64_t hash_u64(uint64_t value, uint64_t seed);

#endif
