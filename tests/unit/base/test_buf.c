#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"

static void assert_buf(const struct buf *b, const char *expected)
{
    assert_false(b->failed);
    assert_int_equal(b->len, strlen(expected));
    assert_memory_equal(b->data ? b->data : "", expected, b->len);
}

static void appended_bytes_stand_one_behind_the_other(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    buf_add(&b, NULL, 0);
    buf_add(&b, "ab", 2);
    buf_add_str(&b, STR("cd"));
    buf_add_text(&b, "ef");
    buf_add_char(&b, 'g');
    buf_printf(&b, "%d%s", 12, "h");
    assert_buf(&b, "abcdefg12h");
    buf_clear(&b);
    assert_buf(&b, "");
    buf_free(&b);
}

static void integers_are_decimal(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *text;
    } rows[] = {{0, "0"},
                {7, "7"},
                {-7, "-7"},
                {10, "10"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"},
                {1710936559123, "1710936559123"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b;
        buf_init(&b, 100);
        buf_add_i64(&b, rows[i].value);
        assert_buf(&b, rows[i].text);
        buf_free(&b);
    }
}

static void growth_doubles_and_ends_at_the_maximum(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    buf_add_char(&b, 'x');
    assert_int_equal(b.cap, 256);
    while (b.len < 257)
        buf_add_char(&b, 'x');
    assert_int_equal(b.cap, 512);
    while (b.len < 1000)
        buf_add_char(&b, 'x');
    assert_int_equal(b.cap, 1000);
    assert_false(b.failed);
    buf_free(&b);
}

static void beyond_the_maximum_the_failure_sticks_until_clear(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    buf_add_text(&b, "1234");
    buf_add_text(&b, "56");
    assert_true(b.failed);
    buf_add_text(&b, "5"); /* would fit */
    assert_int_equal(b.len, 4);
    assert_null(buf_reserve(&b, 1));
    buf_clear(&b);
    buf_add_text(&b, "12345");
    assert_buf(&b, "12345");
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    buf_free(&b);
}

static void a_maximum_of_zero_takes_nothing(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 0);
    buf_add(&b, "", 0);
    assert_false(b.failed);
    buf_add_char(&b, 'x');
    assert_true(b.failed);
    buf_free(&b);
}

static void reserved_room_is_committed_by_len(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    char *room = buf_reserve(&b, 10);
    memcpy(room, "xyz", 3);
    b.len += 3;
    assert_buf(&b, "xyz");
    buf_free(&b);
}

static void printf_takes_long_texts(void **state)
{
    (void)state;
    for (int len = 250; len < 260; len++) { /* around the size of its own small buffer */
        struct buf b;
        buf_init(&b, 1000);
        buf_add_char(&b, '<');
        buf_printf(&b, "%*d", len, 7);
        buf_add_char(&b, '>');
        assert_int_equal(b.len, len + 2);
        assert_int_equal(b.data[len], '7');
        assert_int_equal(b.data[len + 1], '>');
        buf_free(&b);
    }
}

static void json_strings_escape_what_they_must(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    buf_add_json_str(&b, STR("a\"b\\c\n\r\t\b\f\x01\x1f\x7f/ \xc3\xa9\xf0\x9f\x98\x80"));
    assert_buf(&b, "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\\u001f\x7f/ \xc3\xa9\xf0\x9f\x98\x80\"");
    buf_clear(&b);
    buf_add_json_str(&b, (struct str){NULL, 0});
    assert_buf(&b, "\"\"");
    buf_clear(&b);
    buf_add_json_part(&b, (struct str){"\0", 1});
    assert_buf(&b, "\\u0000");
    buf_free(&b);
}

/* The scan for escapes goes eight bytes at a time: every position in and around a word. */
static void json_escapes_are_found_at_every_position(void **state)
{
    (void)state;
    for (size_t len = 1; len < 40; len++) {
        for (size_t at = 0; at < len; at++) {
            char text[40], expected[64];
            memset(text, 0x80 | 'x', len); /* high bits must not hide it */
            text[at] = '"';
            memset(expected, 0x80 | 'x', sizeof(expected));
            memcpy(expected + at, "\\\"", 2);
            struct buf b;
            buf_init(&b, 1000);
            buf_add_json_part(&b, (struct str){text, len});
            assert_int_equal(b.len, len + 1);
            assert_memory_equal(b.data, expected, len + 1);
            buf_free(&b);
        }
    }
}

static void names_and_commas_know_where_they_stand(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    buf_add_char(&b, '{');
    buf_add_json_name(&b, "a");
    buf_add_char(&b, '[');
    for (int i = 1; i <= 3; i++) {
        buf_add_json_comma(&b);
        buf_add_i64(&b, i);
    }
    buf_add_char(&b, ']');
    buf_add_json_name(&b, "b");
    buf_add_json_comma(&b);
    buf_add_text(&b, "null}");
    assert_buf(&b, "{\"a\":[1,2,3],\"b\":null}");
    buf_clear(&b);
    buf_add_char(&b, '{');
    buf_add_json_text(&b, "a", STR("say \"hi\""));
    buf_add_json_i64(&b, "b", -7);
    assert_buf(&b, "{\"a\":\"say \\\"hi\\\"\",\"b\":-7");
    buf_clear(&b);
    buf_add_json_comma(&b);
    assert_buf(&b, "");
    buf_free(&b);
}

static void whole_members_have_their_comma(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_add_char(&b, '{');
    buf_add_json_i64(&b, "n", -7);
    buf_add_json_text(&b, "t", STR("a\"b"));
    buf_add_json_i64(&b, "m", 0);
    buf_add_char(&b, '}');
    assert_buf(&b, "{\"n\":-7,\"t\":\"a\\\"b\",\"m\":0}");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appended_bytes_stand_one_behind_the_other),
        cmocka_unit_test(integers_are_decimal),
        cmocka_unit_test(growth_doubles_and_ends_at_the_maximum),
        cmocka_unit_test(beyond_the_maximum_the_failure_sticks_until_clear),
        cmocka_unit_test(a_maximum_of_zero_takes_nothing),
        cmocka_unit_test(reserved_room_is_committed_by_len),
        cmocka_unit_test(printf_takes_long_texts),
        cmocka_unit_test(json_strings_escape_what_they_must),
        cmocka_unit_test(json_escapes_are_found_at_every_position),
        cmocka_unit_test(names_and_commas_know_where_they_stand),
        cmocka_unit_test(whole_members_have_their_comma),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
