#include "api/page_cursor.h"

/* Numbers of 16 hex digits: after, current, total, also, check. */
#define PARTS  6
#define DIGITS 16

static void write_part(uint64_t part, char *to)
{
    for (int i = DIGITS - 1; i >= 0; i--, part >>= 4)
        to[i] = "0123456789abcdef"[part & 15];
}

static int read_part(const char *from, uint64_t *ret_part)
{
    uint64_t part = 0;
    for (int i = 0; i < DIGITS; i++) {
        char c = from[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return ERR_INVALID;
        part = part << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *ret_part = part;
    return 0;
}

static uint64_t check(const uint64_t parts[PARTS], uint64_t seed)
{
    return hash_bytes(parts, (PARTS - 1) * sizeof(parts[0]), seed);
}

void page_cursor_write(const struct page_cursor *cursor, uint64_t seed,
                       char ret_text[PAGE_CURSOR_LEN])
{
    uint64_t parts[PARTS] = {(uint64_t)cursor->after, (uint64_t)cursor->current,
                             (uint64_t)cursor->total, (uint64_t)cursor->also[0],
                             (uint64_t)cursor->also[1]};
    parts[PARTS - 1] = check(parts, seed);
    for (int i = 0; i < PARTS; i++)
        write_part(parts[i], ret_text + i * DIGITS);
}

int page_cursor_read(struct str text, uint64_t seed, struct page_cursor *ret_cursor)
{
    uint64_t parts[PARTS];
    if (text.len != PAGE_CURSOR_LEN)
        return ERR_INVALID;
    for (int i = 0; i < PARTS; i++)
        if (read_part(text.p + i * DIGITS, &parts[i]) < 0)
            return ERR_INVALID;
    if (parts[PARTS - 1] != check(parts, seed))
        return ERR_INVALID;
    *ret_cursor = (struct page_cursor){.after = (int64_t)parts[0],
                                       .current = (int64_t)parts[1],
                                       .total = (int64_t)parts[2],
                                       .also = {(int64_t)parts[3], (int64_t)parts[4]}};
    return 0;
}
