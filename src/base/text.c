#include "base/text.h"

/* One bit of each byte of a word: eight bytes are judged by a few operations on 64 bits. */
#define LOW_BITS  UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

static uint64_t load_u64(const unsigned char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    return word;
}

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower((unsigned char)a.p[i]) != lower((unsigned char)b.p[i]))
            return false;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
    while (s.len && is_blank(s.p[s.len - 1]))
        s.len--;
    while (s.len && is_blank(s.p[0])) {
        s.p++;
        s.len--;
    }
    return s;
}

struct str str_split(struct str *rest, char sep)
{
    struct str part = *rest;
    const char *found = rest->len ? memchr(rest->p, sep, rest->len) : NULL;
    if (!found) {
        *rest = (struct str){NULL, 0};
        return part;
    }
    part.len = (size_t)(found - part.p);
    *rest = (struct str){found + 1, rest->len - part.len - 1};
    return part;
}

int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_read(struct str text, uint8_t *ret_bytes, size_t len)
{
    if (text.len != 2 * len)
        return ERR_INVALID;
    for (size_t i = 0; i < text.len; i++)
        if (hex_value(text.p[i]) < 0)
            return ERR_INVALID;
    for (size_t i = 0; i < len; i++)
        ret_bytes[i] = (uint8_t)(hex_value(text.p[2 * i]) << 4 | hex_value(text.p[2 * i + 1]));
    return 0;
}

int str_to_i64(struct str s, int64_t *ret_value)
{
    const bool negative = s.len && s.p[0] == '-';
    /* Gathered below zero: there the range is one larger, so INT64_MIN needs no case of its own. */
    int64_t value = 0;
    if (s.len == (negative ? 1 : 0))
        return ERR_INVALID;
    bool over = false;
    for (size_t i = negative ? 1 : 0; i < s.len; i++) {
        const unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';
        if (digit > 9)
            return ERR_INVALID; /* even behind too many digits */
        over = over || __builtin_mul_overflow(value, 10, &value) ||
               __builtin_sub_overflow(value, (int64_t)digit, &value);
    }
    if (over || (!negative && value == INT64_MIN))
        return ERR_RANGE;
    *ret_value = negative ? value : -value;
    return 0;
}

static bool is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* The second byte decides about overlong forms, surrogates and what is beyond U+10FFFF (RFC 3629,
 * section 4). */
static bool second_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0: return second >= 0xA0;
    case 0xED: return second <= 0x9F;
    case 0xF0: return second >= 0x90;
    case 0xF4: return second <= 0x8F;
    default: return true;
    }
}

size_t utf8_next(const void *data, size_t len)
{
    const unsigned char *p = data;
    if (len && p[0] < 0x80)
        return 1;
    if (len < 2 || p[0] < 0xC2 || p[0] > 0xF4 || !is_tail(p[1]) || !second_fits(p[0], p[1]))
        return 0;
    if (p[0] < 0xE0)
        return 2;
    if (len < 3 || !is_tail(p[2]))
        return 0;
    if (p[0] < 0xF0)
        return 3;
    return len >= 4 && is_tail(p[3]) ? 4 : 0;
}

size_t utf8_prefix(const void *data, size_t len)
{
    const unsigned char *p = data;
    size_t at = 0;
    while (at < len) {
        while (len - at >= 8 && !(load_u64(p + at) & HIGH_BITS))
            at += 8;
        if (at == len)
            break;
        const size_t step = utf8_next(p + at, len - at);
        if (!step)
            break;
        at += step;
    }
    return at;
}

bool utf8_valid(const void *data, size_t len)
{
    return utf8_prefix(data, len) == len;
}

bool str_has_control(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

size_t utf8_count(struct str s)
{
    /* All bytes less those of the form 10xxxxxx. */
    const unsigned char *p = (const unsigned char *)s.p;
    size_t count = s.len, at = 0;
    for (; s.len - at >= 8; at += 8) {
        const uint64_t word = load_u64(p + at);
        count -= (size_t)__builtin_popcountll((word >> 7) & (~word >> 6) & LOW_BITS);
    }
    for (; at < s.len; at++)
        count -= is_tail(p[at]);
    return count;
}

/* High bits of the bytes that are below 0x20, '"' or '\\'. A borrow can mark a byte above a marked
 * one too many, never one too few, and the caller looks at the bytes then. (x - 1) has its high bit
 * set for x = 0, and ~x keeps the bytes from 0x80 on out of it. */
static uint64_t needs_escape(uint64_t word)
{
    const uint64_t quote = word ^ (LOW_BITS * '"');
    const uint64_t backslash = word ^ (LOW_BITS * '\\');
    return (((word - LOW_BITS * 0x20) & ~word) | ((quote - LOW_BITS) & ~quote) |
            ((backslash - LOW_BITS) & ~backslash)) &
           HIGH_BITS;
}

size_t json_plain_len(const char *data, size_t len)
{
    const unsigned char *p = (const unsigned char *)data;
    size_t at = 0;
    while (len - at >= 8 && !needs_escape(load_u64(p + at)))
        at += 8;
    while (at < len && p[at] >= 0x20 && p[at] != '"' && p[at] != '\\')
        at++;
    return at;
}

/* Odd numbers without a pattern: the fractional parts of sqrt(2), sqrt(3) and sqrt(5). */
#define HASH_A UINT64_C(0x6A09E667F3BCC909)
#define HASH_B UINT64_C(0xBB67AE8584CAA73B)
#define HASH_C UINT64_C(0x3C6EF372FE94F82B)

/* The halves of the 128-bit product, folded: each bit of the result depends on all bits of both. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t hash_bytes(const void *data, size_t len, uint64_t seed)
{
    const unsigned char *p = data;
    uint64_t hash = mix(seed ^ HASH_A, (uint64_t)len ^ HASH_B);
    size_t left = len;
    for (; left >= 8; left -= 8, p += 8)
        hash = mix(hash ^ load_u64(p), HASH_C);
    uint64_t tail = 0;
    if (left)
        memcpy(&tail, p, left);
    return mix(hash ^ tail ^ HASH_A, HASH_B);
}

uint64_t hash_u64(uint64_t value, uint64_t seed)
{
    return mix(mix(value ^ HASH_A, HASH_C) ^ seed, HASH_B);
}
