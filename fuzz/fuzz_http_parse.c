/* http_parse_head() on any bytes, and http_chunked_feed() on what follows the head, or on all of them.
 * Beyond not crashing: the verdict does not depend on where the network has cut the bytes, a head that
 * is taken looks the same to the most lenient of readers, and nothing points out of it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_parse.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())
#define MAX_HEAD         ((size_t)16 << 10)
#define SHORT_HEAD       ((size_t)200)

static char *copy_of(const void *data, size_t len)
{
    char *copy = malloc(len ? len : 1);
    CHECK(copy);
    memcpy(copy, data, len);
    return copy;
}

/* From memory of exactly that size. */
static long verdict_of(const char *data, size_t len, size_t max_len)
{
    static struct http_head head;
    const char *why = NULL;
    char *copy = copy_of(data, len);
    long verdict = http_parse_head(copy, len, max_len, &head, &why);
    CHECK(verdict >= 0 ? verdict <= (long)len
                       : verdict == -400 || verdict == -431 || verdict == -505);
    CHECK(verdict >= 0 || (why && *why));
    free(copy);
    return verdict;
}

/* All cuts of what is short, some of what is long. */
static void check_cuts(const char *data, size_t len, size_t max_len)
{
    long last = verdict_of(data, len, max_len), before = 0;
    size_t step = 1 + len / 128;
    for (size_t cut = 0; cut < len; cut += step) {
        long verdict = verdict_of(data, cut, max_len);
        CHECK(verdict == 0 ? before == 0 : verdict == last);
        CHECK(last <= 0 || verdict == (cut < (size_t)last ? 0 : last));
        before = verdict;
    }
    CHECK(before == 0 || before == last);
}

static bool is_within(struct str s, const char *data, size_t len)
{
    return s.p >= data && s.len <= len && s.p + s.len <= data + len;
}

static bool has_any(struct str s, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (s.len && memchr(s.p, bytes[i], s.len))
            return true;
    return false;
}

static void check_header(const struct http_header *header, const char *data, size_t len)
{
    struct str name = header->name, value = header->value;
    CHECK(is_within(name, data, len) && is_within(value, data, len));
    CHECK(name.len && name.p[name.len] == ':' && !has_any(name, "\0\r\n\t :", 6));
    CHECK(!has_any(value, "\0\r\n\x7f", 4));
    CHECK(str_eq(value, str_trim(value)));
}

/* Who splits at each LF, whatever stands before it, sees the same lines. */
static void check_lines(const struct http_head *head, const char *data, size_t len)
{
    size_t lines = 0;
    for (struct str rest = {data, len}; rest.p && rest.len; lines++) {
        struct str line = str_split(&rest, '\n');
        CHECK(line.len && line.p[line.len - 1] == '\r');
        CHECK(!memchr(line.p, '\r', line.len - 1) && !memchr(line.p, '\0', line.len));
        lines -= line.len == 1 && rest.len; /* an empty line before the request */
    }
    CHECK(lines == head->header_count + 2);
}

/* What the head says about itself, read again from its headers. */
static void check_meaning(const struct http_head *head)
{
    struct str length = http_header(head, "content-length"), host = http_header(head, "HOST");
    struct str encoding = http_header(head, "Transfer-Encoding");
    int64_t number = 0;
    CHECK(head->minor_version == 0 || head->minor_version == 1);
    CHECK(head->has_length == (length.p != NULL) && head->chunked == (encoding.p != NULL));
    CHECK(!head->chunked || (!head->has_length && head->minor_version == 1));
    CHECK(!head->chunked || str_eq_nocase(encoding, STR("chunked")));
    CHECK(host.p || head->minor_version == 0);
    CHECK(!has_any(host, " \t/?#@\"\\", 7));
    if (!head->has_length)
        CHECK(head->content_length == 0);
    else if (str_to_i64(length, &number) == 0)
        CHECK(length.p[0] != '-' && head->content_length == (uint64_t)number);
    else
        CHECK(length.len == 19 && head->content_length > INT64_MAX);
}

static void check_target(const struct http_head *head, const char *data, size_t len)
{
    CHECK(is_within(head->method_text, data, len) && head->method_text.len);
    CHECK(is_within(head->target, data, len) && is_within(head->path, data, len));
    CHECK(!has_any(head->target, "\0\r\n\t #", 6));
    CHECK(head->path.len && (head->path.p[0] == '/' || str_is(head->path, "*")));
    CHECK(!has_any(head->path, "?", 1));
    CHECK(!head->query.p || (is_within(head->query, data, len) && head->query.p[-1] == '?'));
}

static void check_head(const struct http_head *head, const char *data, size_t len)
{
    CHECK(head->header_count <= HTTP_MAX_HEADERS);
    check_target(head, data, len);
    for (size_t i = 0; i < head->header_count; i++)
        check_header(&head->headers[i], data, len);
    check_lines(head, data, len);
    check_meaning(head);
}

/* Returns the bytes of the head, 0 without one. */
static size_t try_head(const char *data, size_t len)
{
    static struct http_head head;
    const char *why;
    check_cuts(data, len, MAX_HEAD);
    check_cuts(data, len, SHORT_HEAD);
    long verdict = http_parse_head(data, len, MAX_HEAD, &head, &why);
    if (verdict <= 0)
        return 0;
    check_head(&head, data, (size_t)verdict);
    char *moved = copy_of(data, (size_t)verdict);
    http_head_move(&head, data, moved);
    check_head(&head, moved, (size_t)verdict);
    free(moved);
    return (size_t)verdict;
}

/* --- chunks */

struct decoded {
    struct http_chunked state;
    char *content;
    size_t len, used;
    int result;
};

static void feed(struct decoded *d, const char *data, size_t len)
{
    size_t content = 0, used = 0;
    const char *why = NULL;
    char *copy = copy_of(data, len);
    d->result = http_chunked_feed(&d->state, copy, len, &content, &used, &why);
    CHECK(d->result == 0 || (d->result == -400 && why && *why));
    if (d->result == 0) {
        CHECK(content <= used && used <= len && (used == len || d->state.done));
        memcpy(d->content + d->len, copy, content);
        d->len += content;
        d->used += used;
    }
    free(copy);
}

/* In pieces of `step` bytes, the first of `first`. */
static struct decoded decode(const char *data, size_t len, size_t first, size_t step)
{
    struct decoded d = {.content = malloc(len ? len : 1)};
    size_t at = 0, piece = first;
    while (at < len && d.result == 0 && !d.state.done) {
        piece = piece < len - at ? piece : len - at;
        feed(&d, data + at, piece);
        at += piece;
        piece = step;
    }
    return d;
}

static void check_alike(const struct decoded *whole, const char *data, size_t len, size_t first,
                        size_t step)
{
    struct decoded d = decode(data, len, first, step);
    CHECK(d.result == whole->result);
    if (d.result == 0) {
        CHECK(d.state.done == whole->state.done && d.used == whole->used && d.len == whole->len);
        CHECK(memcmp(d.content, whole->content, d.len) == 0);
    }
    free(d.content);
}

static void try_chunks(const char *data, size_t len)
{
    struct decoded whole = decode(data, len, len, len);
    CHECK(whole.result < 0 || whole.state.done || whole.used == len);
    if (whole.result == 0 && whole.state.done)
        CHECK(whole.used >= 5 && !memcmp(data + whole.used - 2, "\r\n", 2));
    size_t step = 1 + len / 32;
    for (size_t first = 0; first < len; first += step)
        check_alike(&whole, data, len, first, len);
    check_alike(&whole, data, len, 1, 1);
    check_alike(&whole, data, len, 2, 3);
    free(whole.content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t used = size ? try_head(text, size) : 0;
    try_chunks(text + used, size - used);
    return 0;
}
