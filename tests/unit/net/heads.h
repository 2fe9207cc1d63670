/* Reading heads in tests: from memory of exactly their size, and at each point where the network may
 * have cut them. */
#ifndef WSCRM_TESTS_UNIT_NET_HEADS_H
#define WSCRM_TESTS_UNIT_NET_HEADS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/http_parse.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define MAX_HEAD    ((size_t)16 << 10)
#define HOST        "Host: h\r\n"
#define GET         "GET / HTTP/1.1\r\n" HOST
#define POST        "POST / HTTP/1.1\r\n" HOST
/* A text that may hold NUL, and its length. */
#define BYTES(literal) (literal), sizeof(literal) - 1

/* Exactly `len` bytes on the heap: AddressSanitizer sees a read behind them. */
static inline long verdict_of(const char *text, size_t len, size_t max_len, const char **ret_why)
{
    static struct http_head head;
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    long verdict = http_parse_head(copy, len, max_len, &head, ret_why);
    free(copy);
    return verdict;
}

/* However much of the text has come: the verdict is "more" until it is the final one, and then stays.
 * A head that is good is taken with its last byte. Returns the final verdict. */
static inline long verdict_at_each_cut(const char *text, size_t len, size_t max_len,
                                       const char **ret_why)
{
    long last = verdict_of(text, len, max_len, ret_why);
    bool decided = false;
    for (size_t cut = 0; cut < len; cut++) {
        const char *why = NULL;
        long verdict = verdict_of(text, cut, max_len, &why);
        if (last > 0)
            assert_int_equal(verdict, cut < (size_t)last ? 0 : last);
        if (verdict == 0 && !decided)
            continue;
        decided = true;
        assert_int_equal(verdict, last);
        assert_true(last > 0 || !strcmp(why, *ret_why));
    }
    return last;
}

/* Reads a head that is good; it points into `text`. */
static inline void read_head(const char *text, struct http_head *ret_head)
{
    const char *why = "more bytes needed";
    memset(ret_head, 0xa5, sizeof(*ret_head)); /* nothing of before is relied on */
    if (http_parse_head(text, strlen(text), MAX_HEAD, ret_head, &why) <= 0)
        fail_msg("%s: %s", text, why);
}

static inline void assert_text(struct str actual, const char *expected)
{
    if (!expected) {
        assert_null(actual.p);
        return;
    }
    assert_non_null(actual.p);
    if (!str_is(actual, expected))
        fail_msg("\"%.*s\" is not \"%s\"", (int)actual.len, actual.p, expected);
}

#endif
