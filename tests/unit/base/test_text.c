#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"

static void texts_compare_by_bytes(void **state)
{
    (void)state;
    assert_true(str_eq(STR("abc"), str_of("abc")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_true(str_eq((struct str){NULL, 0}, STR("")));
    assert_true(str_is(STR("x"), "x"));
    assert_true(str_is(str_of(NULL), ""));
}

static void only_ascii_letters_have_two_cases(void **state)
{
    (void)state;
    assert_true(str_eq_nocase(STR("Content-LENGTH"), STR("content-length")));
    assert_false(str_eq_nocase(STR("a"), STR("ab")));
    assert_false(str_eq_nocase(STR("["), STR("{"))); /* differ by the same bit as letters do */
    assert_false(str_eq_nocase(STR("@"), STR("`")));
    assert_false(str_eq_nocase(STR("\xC3\x84"), STR("\xC3\xA4")));
}

static void trim_takes_blanks_off_both_ends(void **state)
{
    (void)state;
    assert_true(str_is(str_trim(STR(" \t\r\n a b \n")), "a b"));
    assert_true(str_is(str_trim(STR("   ")), ""));
    assert_true(str_is(str_trim((struct str){NULL, 0}), ""));
}

static void split_gives_every_part_also_empty_ones(void **state)
{
    (void)state;
    struct str rest = STR("a,,b,");
    const char *const expected[] = {"a", "", "b", ""};
    size_t n = 0;
    while (rest.p) {
        assert_true(n < 4);
        assert_true(str_is(str_split(&rest, ','), expected[n++]));
    }
    assert_int_equal(n, 4);
    assert_true(str_is(str_split(&rest, ','), "")); /* behind the end */
}

static void integers_are_digits_with_at_most_a_minus(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result;
        int64_t value;
    } rows[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"0012", 0, 12},
        {"-42", 0, -42},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775808", ERR_RANGE, 0},
        {"-9223372036854775809", ERR_RANGE, 0},
        {"99999999999999999999999999", ERR_RANGE, 0},
        {"99999999999999999999999999x", ERR_INVALID, 0},
        {"", ERR_INVALID, 0},
        {"-", ERR_INVALID, 0},
        {"+1", ERR_INVALID, 0},
        {" 1", ERR_INVALID, 0},
        {"1 ", ERR_INVALID, 0},
        {"--1", ERR_INVALID, 0},
        {"1.0", ERR_INVALID, 0},
        {"0x1", ERR_INVALID, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t value = 4711;
        assert_int_equal(str_to_i64(str_of(rows[i].text), &value), rows[i].result);
        assert_int_equal(value, rows[i].result == 0 ? rows[i].value : 4711);
    }
}

/* The table 3-7 of the Unicode standard: the edges of each row, and what lies just outside. */
static void utf8_is_judged_as_the_standard_says(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\x7f",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xEC\xBF\xBF",
                                       "\xED\x80\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80",
                                       "\xF3\xBF\xBF\xBF",
                                       "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xC2\x7F",
                                      "\xC2\xC0",
                                      "\xE0\x9F\xBF",
                                      "\xE0\xA0",
                                      "\xE1\x80\x7F",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF0\x90\x80",
                                      "\xF0\x90\x80\xC0",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
        assert_int_equal(utf8_next(bad[i], strlen(bad[i])), 0);
    }
    assert_true(utf8_valid(NULL, 0));
    assert_int_equal(utf8_next(NULL, 0), 0);
    assert_int_equal(utf8_next("\xF0\x9F\x98\x80z", 5), 4);
}

static void bad_utf8_is_found_at_every_position(void **state)
{
    (void)state;
    for (size_t len = 1; len < 40; len++) {
        for (size_t at = 0; at < len; at++) {
            char text[40];
            memset(text, 'x', len);
            text[at] = (char)0xFF;
            assert_int_equal(utf8_prefix(text, len), at);
        }
    }
}

static void code_points_are_counted(void **state)
{
    (void)state;
    assert_int_equal(utf8_count((struct str){NULL, 0}), 0);
    assert_int_equal(utf8_count(STR("abc")), 3);
    assert_int_equal(utf8_count(STR("\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80")), 3);
    char text[300];
    for (size_t n = 0; n < 100; n++) {
        memcpy(text + 3 * n, "\xE4\xB8\xAD", 3);
        assert_int_equal(utf8_count((struct str){text, 3 * n + 3}), n + 1);
    }
}

/* Against the rule, byte by byte, on bytes of a fixed generator. */
static void plain_json_ends_at_the_first_byte_to_escape(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int run = 0; run < 20000; run++) {
        unsigned char text[24];
        size_t expected = sizeof(text);
        for (size_t i = sizeof(text); i-- > 0;) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            text[i] = (unsigned char)(seed >> 56);
            if (text[i] < 0x20 || text[i] == '"' || text[i] == '\\')
                expected = i;
        }
        assert_int_equal(json_plain_len((const char *)text, sizeof(text)), expected);
    }
}

static void hashes_depend_on_every_byte_the_length_and_the_seed(void **state)
{
    (void)state;
    unsigned char text[64] = {0};
    for (size_t len = 0; len <= sizeof(text); len++) {
        const uint64_t hash = hash_bytes(text, len, 1);
        assert_true(hash != hash_bytes(text, len, 2));
        assert_true(len == 0 || hash != hash_bytes(text, len - 1, 1));
        for (size_t i = 0; i < len; i++) {
            text[i] ^= 1;
            assert_true(hash != hash_bytes(text, len, 1));
            text[i] ^= 1;
        }
        assert_true(hash == hash_bytes(text, len, 1));
    }
}

/* Consecutive numbers, as tenants and customers have them, in a table of 2^16 places: a random
 * function leaves 1/e of the places empty (24,109 of 65,536). */
static void hashes_of_consecutive_numbers_spread(void **state)
{
    (void)state;
    static unsigned char used[2][65536];
    int empty[2] = {65536, 65536};
    for (uint64_t i = 0; i < 65536; i++) {
        const size_t low = hash_u64(i, 7) & 0xFFFF, high = hash_bytes(&i, 8, 7) >> 48;
        empty[0] -= !used[0][low]++;
        empty[1] -= !used[1][high]++;
    }
    assert_in_range(empty[0], 23000, 25200);
    assert_in_range(empty[1], 23000, 25200);
    assert_true(hash_u64(5, 1) != hash_u64(5, 2));
}

static void control_characters_are_found_at_every_position(void **state)
{
    (void)state;
    char text[] = "abc \xc3\xa9~";
    assert_false(str_has_control(STR("")));
    assert_false(str_has_control(str_of(text)));
    for (size_t i = 0; text[i]; i++) {
        char before = text[i];
        text[i] = i % 2 ? 0x1f : 0x7f;
        assert_true(str_has_control((struct str){text, sizeof(text) - 1}));
        text[i] = before;
    }
}

static void bytes_are_read_from_pairs_of_digits_and_nothing_else(void **state)
{
    (void)state;
    uint8_t bytes[3] = {9, 9, 9};
    assert_int_equal(hex_read(STR("00aFc"), bytes, 3), ERR_INVALID);
    assert_int_equal(hex_read(STR("00aFc4e"), bytes, 3), ERR_INVALID);
    assert_int_equal(hex_read(STR("00aFcg"), bytes, 3), ERR_INVALID);
    assert_int_equal(bytes[0], 9);
    assert_int_equal(hex_read(STR("00aFc4"), bytes, 3), 0);
    assert_memory_equal(bytes, "\x00\xaf\xc4", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_compare_by_bytes),
        cmocka_unit_test(only_ascii_letters_have_two_cases),
        cmocka_unit_test(trim_takes_blanks_off_both_ends),
        cmocka_unit_test(split_gives_every_part_also_empty_ones),
        cmocka_unit_test(integers_are_digits_with_at_most_a_minus),
        cmocka_unit_test(utf8_is_judged_as_the_standard_says),
        cmocka_unit_test(bad_utf8_is_found_at_every_position),
        cmocka_unit_test(code_points_are_counted),
        cmocka_unit_test(control_characters_are_found_at_every_position),
        cmocka_unit_test(plain_json_ends_at_the_first_byte_to_escape),
        cmocka_unit_test(hashes_depend_on_every_byte_the_length_and_the_seed),
        cmocka_unit_test(hashes_of_consecutive_numbers_spread),
        cmocka_unit_test(bytes_are_read_from_pairs_of_digits_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
