#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/customer.h"

static void a_sex_is_read_in_any_case(void **state)
{
    (void)state;
    enum sex sex = SEX_UNKNOWN;
    assert_int_equal(sex_parse(STR("Male"), &sex), 0);
    assert_int_equal(sex, SEX_MALE);
    assert_int_equal(sex_parse(STR("FEMALE"), &sex), 0);
    assert_int_equal(sex, SEX_FEMALE);
    assert_int_equal(sex_parse(STR("unknown"), &sex), 0);
    assert_int_equal(sex, SEX_UNKNOWN);
    assert_int_equal(sex_parse(STR("x"), &sex), ERR_INVALID);
    assert_int_equal(sex_parse(STR("males"), &sex), ERR_INVALID);
}

static void a_birthday_is_a_day_that_exists(void **state)
{
    (void)state;
    static const char *const good[] = {"2020/03/08", "2020/02/29", "1900/12/31", "0001/01/01"};
    static const char *const bad[] = {"2020/02/30",
                                      "2021/02/29",
                                      "1900/02/29",
                                      "2020/3/8",
                                      "2020-03-08",
                                      "20200308",
                                      "0000/01/01",
                                      "2020/13/01",
                                      "2020/00/10",
                                      "2020/01/00",
                                      "2020/03/08 ",
                                      "+020/03/08",
                                      ""};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(birthday_valid(str_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(birthday_valid(str_of(bad[i])));
}

static void tags_are_cut_at_commas_and_trimmed(void **state)
{
    (void)state;
    struct str tags[3];
    assert_int_equal(tags_split(STR(" a ,,b b, c"), tags, 3), 3);
    assert_true(str_is(tags[0], "a"));
    assert_true(str_is(tags[1], "b b"));
    assert_true(str_is(tags[2], "c"));
    assert_int_equal(tags_split(STR(" , ,"), tags, 3), 0);
    assert_int_equal(tags_split(STR("a,b,c,d"), tags, 3), ERR_TOO_LARGE);
}

static void a_tag_has_at_most_64_characters(void **state)
{
    (void)state;
    struct str tags[1];
    char text[3 * (CUSTOMER_TAG_LONGEST + 1)];
    for (size_t i = 0; i < sizeof(text); i += 3)
        memcpy(text + i, "汉", 3);
    assert_int_equal(tags_split((struct str){text, sizeof(text) - 3}, tags, 1), 1);
    assert_int_equal(tags_split((struct str){text, sizeof(text)}, tags, 1), ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sex_is_read_in_any_case),
        cmocka_unit_test(a_birthday_is_a_day_that_exists),
        cmocka_unit_test(tags_are_cut_at_commas_and_trimmed),
        cmocka_unit_test(a_tag_has_at_most_64_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
