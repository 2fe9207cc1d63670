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
/* A text that may hold NUL, and its length. */
#define BYTES(literal) (literal), sizeof(literal) - 1

struct decoded {
    struct http_chunked state;
    char content[20000];
    size_t len, used;
    int result;
    const char *why;
};

/* One piece, in memory of exactly its size: AddressSanitizer sees a read or write behind it. */
static void feed(struct decoded *d, const char *text, size_t len)
{
    size_t content = 0, used = 0;
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    d->result = http_chunked_feed(&d->state, copy, len, &content, &used, &d->why);
    if (d->result == 0) {
        assert_true(content <= used && used <= len);
        assert_true(used == len || d->state.done);
        assert_true(d->len + content <= sizeof(d->content));
        memcpy(d->content + d->len, copy, content);
        d->len += content;
        d->used += used;
    }
    free(copy);
}

/* In pieces that end at `first`, at `second`, and every `step` bytes behind it. */
static void decode(struct decoded *d, const char *text, size_t len, size_t first, size_t second,
                   size_t step)
{
    size_t at = 0;
    *d = (struct decoded){.why = "good"};
    while (at < len && d->result == 0 && !d->state.done) {
        size_t end = at < first ? first : at < second ? second : at + step;
        end = end < len ? end : len;
        feed(d, text + at, end - at);
        at = end;
    }
}

static void assert_alike(const struct decoded *a, const struct decoded *b)
{
    assert_int_equal(a->result, b->result);
    assert_string_equal(a->why, b->why);
    if (a->result < 0)
        return;
    assert_int_equal(a->state.done, b->state.done);
    assert_int_equal(a->used, b->used);
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->content, b->content, a->len);
}

/* Whole, byte by byte, and in three pieces with every two points of cutting. */
static void decode_in_every_way(struct decoded *whole, const char *text, size_t len)
{
    static struct decoded pieces;
    decode(whole, text, len, len, len, len);
    decode(&pieces, text, len, 0, 0, 1);
    assert_alike(whole, &pieces);
    for (size_t first = 0; first <= len; first++) {
        for (size_t second = first; second <= len; second++) {
            decode(&pieces, text, len, first, second, len);
            assert_alike(whole, &pieces);
        }
    }
}

static struct decoded d;

static void a_body_comes_out_alike_wherever_it_is_cut(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *content;
    } rows[] = {
        {BYTES("0\r\n\r\n"), ""},
        {BYTES("000\r\n\r\n"), ""},
        {BYTES("1\r\na\r\n0\r\n\r\n"), "a"},
        {BYTES("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), "hello world"},
        {BYTES("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), "01234567890123456789"},
        {BYTES("0000000000000005\r\n\r\n0\r\n\r\n0\r\n\r\n"), "\r\n0\r\n"},
        {BYTES("3;a=b\r\nabc\r\n0;c\r\n\r\n"), "abc"},
        {BYTES("3;\r\nabc\r\n1; x = \"y;\t\x80\"\r\nd\r\n0\r\n\r\n"), "abcd"},
        {BYTES("3\r\nabc\r\n0\r\nExpires: never\r\nX:\r\n\r\n"), "abc"},
        {BYTES("0\r\nX:\ty z\x80\r\n\r\n"), ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        decode_in_every_way(&d, rows[i].text, rows[i].len);
        assert_int_equal(d.result, 0);
        assert_true(d.state.done);
        assert_int_equal(d.used, rows[i].len);
        assert_int_equal(d.len, strlen(rows[i].content));
        assert_memory_equal(d.content, rows[i].content, d.len);
    }
}

static void what_follows_a_body_is_left(void **state)
{
    (void)state;
    decode_in_every_way(&d, BYTES("2\r\nab\r\n0\r\n\r\nGET / HTTP/1.1\r\n"));
    assert_int_equal(d.result, 0);
    assert_true(d.state.done);
    assert_int_equal(d.used, strlen("2\r\nab\r\n0\r\n\r\n"));
    assert_int_equal(d.len, 2);
}

static void a_body_is_done_with_its_last_byte_and_not_before(void **state)
{
    (void)state;
    static const char text[] = "2;a\r\nab\r\n0\r\nX: y\r\n\r\n";
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        decode_in_every_way(&d, text, len);
        assert_int_equal(d.result, 0);
        assert_false(d.state.done);
        assert_int_equal(d.used, len);
    }
}

static void bytes_that_are_not_text_are_content_too(void **state)
{
    (void)state;
    char text[300] = "100\r\n";
    for (int i = 0; i < 256; i++)
        text[5 + i] = (char)i;
    memcpy(text + 261, "\r\n0\r\n\r\n", 7);
    decode(&d, text, 268, 0, 0, 1);
    assert_true(d.state.done);
    assert_int_equal(d.len, 256);
    assert_memory_equal(d.content, text + 5, 256);
}

static void an_odd_chunk_size_is_refused(void **state)
{
    (void)state;
    static const char malformed[] = "malformed chunk size";
    static const struct {
        const char *why, *text;
        size_t len;
    } rows[] = {
        {malformed, BYTES("\r\n")},
        {malformed, BYTES(";a\r\n")},
        {malformed, BYTES("0x5\r\nhello\r\n")},
        {malformed, BYTES("+5\r\nhello\r\n")},
        {malformed, BYTES("-1\r\n")},
        {malformed, BYTES(" 5\r\nhello\r\n")},
        {malformed, BYTES("5 \r\nhello\r\n")},
        {malformed, BYTES("5\t;a\r\nhello\r\n")},
        {malformed, BYTES("5 ;a\r\nhello\r\n")},
        {malformed, BYTES("5\nhello\n")},
        {malformed, BYTES("5,\r\nhello\r\n")},
        {malformed, BYTES("5\0\r\nhello\r\n")},
        {malformed, BYTES("g\r\n")},
        {malformed, BYTES("5g\r\n")},
        {malformed, BYTES("1\r\na\r\n\r\n")},
        {malformed, BYTES("\xEF\xBC\x95\r\nhello\r\n")}, /* a fullwidth five */
        {"a chunk size of too many digits", BYTES("00000000000000005\r\nhello\r\n")},
        {"a chunk size of too many digits", BYTES("10000000000000005\r\nhello\r\n")},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        decode_in_every_way(&d, rows[i].text, rows[i].len);
        if (d.result != -400 || strcmp(d.why, rows[i].why) != 0)
            fail_msg("%s: %d, %s", rows[i].text, d.result, d.why);
    }
}

static void a_malformed_frame_is_refused(void **state)
{
    (void)state;
    static const char control[] = "a control character in a chunk extension";
    static const char *const chunk = "malformed chunk", *const trailer = "malformed trailer";
    const struct {
        const char *why, *text;
        size_t len;
    } rows[] = {
        {chunk, BYTES("1\rxa\r\n")},
        {chunk, BYTES("1;a\rx")},
        {chunk, BYTES("1\r\rX")},
        {chunk, BYTES("1\r\nab\r\n")},
        {chunk, BYTES("1\r\na\n0\r\n\r\n")},
        {chunk, BYTES("1\r\na0\r\n\r\n")},
        {chunk, BYTES("1\r\na\r0")},
        {chunk, BYTES("0\r\n\rX")},
        {chunk, BYTES("0\r\nX: y\rz")},
        {control, BYTES("1;a\nb\r\n")},
        {control, BYTES("1;a\0b\r\n")},
        {control, BYTES("1;\x7f\r\n")},
        {trailer, BYTES("0\r\n\n")},
        {trailer, BYTES("0\r\n x\r\n\r\n")},
        {trailer, BYTES("0\r\n: x\r\n\r\n")},
        {trailer, BYTES("0\r\nX : y\r\n\r\n")},
        {trailer, BYTES("0\r\nX\r\n\r\n")},
        {trailer, BYTES("0\r\nX: y\n\r\n")},
        {trailer, BYTES("0\r\nX: y\0\r\n\r\n")},
        {trailer, BYTES("0\r\nX: y\r\n z\r\n\r\n")},
        {trailer, BYTES("0\r\nGET / HTTP/1.1\r\n\r\n")},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        decode_in_every_way(&d, rows[i].text, rows[i].len);
        if (d.result != -400 || strcmp(d.why, rows[i].why) != 0)
            fail_msg("%s: %d, %s", rows[i].text, d.result, d.why);
    }
}

static void a_size_of_sixteen_digits_counts_in_full(void **state)
{
    (void)state;
    decode(&d, BYTES("ffffffffFFFFFFFF\r\nabc"), 0, 0, 1);
    assert_int_equal(d.result, 0);
    assert_int_equal(d.len, 3);
    assert_true(d.state.left == UINT64_MAX - 3);
}

/* `lead`, `count` times 'x', `tail`; with pieces of `step` bytes. */
static int decode_long(const char *lead, size_t count, const char *tail, size_t step)
{
    static char text[20000];
    size_t at = strlen(lead), tail_len = strlen(tail);
    memcpy(text, lead, at);
    memset(text + at, 'x', count);
    memcpy(text + at + count, tail, tail_len);
    decode(&d, text, at + count + tail_len, 0, 0, step);
    return d.result;
}

static void extensions_of_a_kibibyte_are_read_over_and_no_longer_ones(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 7, 20000};
    for (size_t i = 0; i < COUNT(steps); i++) {
        assert_int_equal(decode_long("3;", 1000, "\r\nabc\r\n0\r\n\r\n", steps[i]), 0);
        assert_true(d.state.done);
        assert_int_equal(decode_long("3;", 1030, "\r\nabc\r\n0\r\n\r\n", steps[i]), -400);
        assert_string_equal(d.why, "a chunk extension that is too long");
        assert_int_equal(decode_long("3;", 19000, "", steps[i]), -400);
    }
}

static void the_limit_of_extensions_is_for_each_line(void **state)
{
    (void)state;
    char text[3000];
    size_t at = 0;
    for (int i = 0; i < 2; i++) {
        memcpy(text + at, "1;", 2);
        memset(text + at + 2, 'x', 1000);
        memcpy(text + at + 1002, "\r\na\r\n", 5);
        at += 1007;
    }
    memcpy(text + at, "0\r\n\r\n", 5);
    decode(&d, text, at + 5, 0, 0, 1);
    assert_int_equal(d.result, 0);
    assert_true(d.state.done);
}

static void trailers_of_eight_kibibytes_are_read_over_and_no_longer_ones(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 7, 20000};
    for (size_t i = 0; i < COUNT(steps); i++) {
        assert_int_equal(decode_long("0\r\nX:", 8000, "\r\n\r\n", steps[i]), 0);
        assert_true(d.state.done);
        assert_int_equal(d.len, 0);
        assert_int_equal(decode_long("0\r\nX:", 8192, "\r\n\r\n", steps[i]), -400);
        assert_string_equal(d.why, "trailers that are too long");
        assert_int_equal(decode_long("0\r\n", 8192, ":\r\n\r\n", steps[i]), -400);
    }
}

static void the_limit_of_trailers_is_for_all_lines_together(void **state)
{
    (void)state;
    static char text[20000];
    size_t at = 3;
    memcpy(text, "0\r\n", at);
    for (int i = 0; i < 2000; i++, at += 5)
        memcpy(text + at, "A:b\r\n", 5);
    decode(&d, text, at, 0, 0, 1);
    assert_int_equal(d.result, -400);
    assert_string_equal(d.why, "trailers that are too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_comes_out_alike_wherever_it_is_cut),
        cmocka_unit_test(what_follows_a_body_is_left),
        cmocka_unit_test(a_body_is_done_with_its_last_byte_and_not_before),
        cmocka_unit_test(bytes_that_are_not_text_are_content_too),
        cmocka_unit_test(an_odd_chunk_size_is_refused),
        cmocka_unit_test(a_malformed_frame_is_refused),
        cmocka_unit_test(a_size_of_sixteen_digits_counts_in_full),
        cmocka_unit_test(extensions_of_a_kibibyte_are_read_over_and_no_longer_ones),
        cmocka_unit_test(the_limit_of_extensions_is_for_each_line),
        cmocka_unit_test(trailers_of_eight_kibibytes_are_read_over_and_no_longer_ones),
        cmocka_unit_test(the_limit_of_trailers_is_for_all_lines_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
