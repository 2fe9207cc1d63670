#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domain/keyword.h"

static bool matches(const char *text, const char *name, int64_t number)
{
    struct keyword keyword;
    assert_int_equal(keyword_parse(str_of(text), &keyword), 0);
    return keyword_matches(&keyword, str_of(name), number);
}

static void letters_of_all_cases_are_the_same(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"WANG Xiaoming 7", "wang xiaoming 7"},
        {"ÀÉÎÕÜÞ×ß", "àéîõüþ×ß"},
        {"ŁÓDŹ Ÿİı", "łódź Ÿİı"},
        {"ΑΣΩ", "ασω"},
        {"ИВАН ЁЖ Ђ", "иван ёж ђ"},
        {"ẠẼ", "ạẽ"},
        {"ＡＺ", "ａｚ"},
        {"王小明 カナ 한글 😀", "王小明 カナ 한글 😀"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char folded[128] = "";
        text_fold(str_of(pairs[i][0]), folded);
        assert_string_equal(folded, pairs[i][1]);
        text_fold(str_of(pairs[i][1]), folded);
        assert_string_equal(folded, pairs[i][1]); /* once is enough */
    }
}

static void every_character_keeps_its_length(void **state)
{
    (void)state;
    for (uint32_t code = 0x80; code < 0x11000; code++) {
        char text[5] = "", folded[5] = "";
        if (code >= 0xd800 && code < 0xe000)
            continue;
        size_t len = 0;
        if (code < 0x800) {
            text[len++] = (char)(0xc0 | code >> 6);
        } else if (code < 0x10000) {
            text[len++] = (char)(0xe0 | code >> 12);
            text[len++] = (char)(0x80 | (code >> 6 & 0x3f));
        } else {
            text[len++] = (char)(0xf0 | code >> 18);
            text[len++] = (char)(0x80 | (code >> 12 & 0x3f));
            text[len++] = (char)(0x80 | (code >> 6 & 0x3f));
        }
        text[len++] = (char)(0x80 | (code & 0x3f));
        text_fold((struct str){text, len}, folded);
        assert_true(utf8_valid(folded, len));
        assert_int_equal(utf8_next(folded, len), len);
    }
}

static void a_name_matches_by_a_part_and_a_number_by_some_of_its_digits(void **state)
{
    (void)state;
    assert_true(matches("", "", 15266667779));
    assert_true(matches("xiao", "Wang Xiaoming", 15266667779));
    assert_true(matches("G X", "Wang Xiaoming", 15266667779));
    assert_false(matches("xiaoming wang", "Wang Xiaoming", 15266667779));
    assert_true(matches("明", "王小明", 15266667779));
    assert_true(matches("6667", "", 15266667779));
    assert_true(matches("+1 (526) 666-77", "", 15266667779));
    assert_false(matches("6668", "", 15266667779));
    assert_true(matches("138", "shop 138", 15266667779));
    assert_false(matches("1 38", "shop 138", 15266667779));
    assert_true(matches("-", "a-b", 15266667779));
    assert_false(matches("-", "ab", 15266667779));
    assert_false(matches("1526666777915266667779", "x", 15266667779));
    assert_false(matches("5266a", "", 15266667779));
}

static void a_keyword_has_a_longest_length_in_characters(void **state)
{
    (void)state;
    char text[3 * KEYWORD_LONGEST + 4] = "";
    struct keyword keyword;
    for (size_t i = 0; i < KEYWORD_LONGEST; i++)
        memcpy(text + 3 * i, "明", 3);
    assert_int_equal(keyword_parse(str_of(text), &keyword), 0);
    memcpy(text + 3 * KEYWORD_LONGEST, "x", 2);
    assert_int_equal(keyword_parse(str_of(text), &keyword), ERR_TOO_LARGE);
}

static bool has_all(const uint32_t *some, size_t some_count, const uint32_t *all, size_t count)
{
    for (size_t i = 0; i < some_count; i++) {
        size_t at = 0;
        while (at < count && all[at] != some[i])
            at++;
        if (at == count)
            return false;
    }
    return true;
}

static const char *const pieces[] = {"wang", " ", "W",  "王", "小明", "é",
                                     "138",  "0", "Li", "-",  "ъ"};
#define PIECE_COUNT (sizeof(pieces) / sizeof(pieces[0]))

static void compose(unsigned *seed, char *text, int count)
{
    text[0] = '\0';
    for (int i = 0; i < count; i++)
        strcat(text, pieces[(size_t)rand_r(seed) % PIECE_COUNT]);
}

/* What the index relies on: no row that matches is without a gram of the keyword. */
static void whatever_matches_has_all_grams_of_the_keyword(void **state)
{
    (void)state;
    unsigned seed = 5;
    int matched = 0;
    for (int i = 0; i < 200000; i++) {
        char name[64], text[64];
        uint32_t of_name[NAME_GRAMS_MAX], of_number[NUMBER_GRAMS_MAX];
        struct keyword keyword;
        struct keyword_grams grams;
        int64_t number = INT64_C(8613800000000) + rand_r(&seed) % 2000;
        compose(&seed, name, rand_r(&seed) % 7);
        compose(&seed, text, 1 + rand_r(&seed) % 3);
        assert_int_equal(keyword_parse(str_of(text), &keyword), 0);
        if (!keyword_matches(&keyword, str_of(name), number) || !keyword_to_grams(&keyword, &grams))
            continue;
        size_t names = name_grams(str_of(name), of_name);
        size_t numbers = number_grams(number, of_number);
        bool by_name = has_all(grams.text, grams.text_count, of_name, names);
        bool by_number =
            grams.digits_count > 0 && has_all(grams.digits, grams.digits_count, of_number, numbers);
        assert_true(by_name || by_number);
        matched++;
    }
    assert_true(matched > 1000);
}

static void keywords_too_short_for_an_index_are_told(void **state)
{
    (void)state;
    static const char *const shorts[] = {"", "a", "ab", "138", "1", "-", "- 1"};
    static const char *const enough[] = {"abc", "王", "小明", "1380", "a王", "+86 13", "12a"};
    struct keyword keyword;
    struct keyword_grams grams;
    for (size_t i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++) {
        assert_int_equal(keyword_parse(str_of(shorts[i]), &keyword), 0);
        assert_false(keyword_to_grams(&keyword, &grams));
    }
    for (size_t i = 0; i < sizeof(enough) / sizeof(enough[0]); i++) {
        assert_int_equal(keyword_parse(str_of(enough[i]), &keyword), 0);
        assert_true(keyword_to_grams(&keyword, &grams));
    }
}

/* A change of these numbers is a change of KEYWORD_RULES: indexes on disk have the old ones. */
static void grams_are_what_they_were(void **state)
{
    (void)state;
    uint32_t grams[NAME_GRAMS_MAX];
    assert_int_equal(KEYWORD_RULES, 1);
    assert_int_equal(name_grams(STR("Li 王é1a"), grams), 3);
    assert_int_equal(grams[0], 603444096);
    assert_int_equal(grams[1], 783302098);
    assert_int_equal(grams[2], 638988305);
    assert_int_equal(number_grams(1526666, grams), 4);
    assert_int_equal(grams[0], 855544131);
    assert_int_equal(grams[3], 402255195);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_of_all_cases_are_the_same),
        cmocka_unit_test(every_character_keeps_its_length),
        cmocka_unit_test(a_name_matches_by_a_part_and_a_number_by_some_of_its_digits),
        cmocka_unit_test(a_keyword_has_a_longest_length_in_characters),
        cmocka_unit_test(whatever_matches_has_all_grams_of_the_keyword),
        cmocka_unit_test(keywords_too_short_for_an_index_are_told),
        cmocka_unit_test(grams_are_what_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
