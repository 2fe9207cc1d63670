#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "main/value.h"

static int64_t size(const char *text)
{
    int64_t bytes;
    int result = value_size(str_of(text), &bytes);
    return result < 0 ? result : bytes;
}

static int64_t duration(const char *text)
{
    int64_t ms;
    int result = value_duration(str_of(text), &ms);
    return result < 0 ? result : ms;
}

static void a_size_is_bytes_or_has_a_letter(void **state)
{
    (void)state;
    assert_int_equal(size("0"), 0);
    assert_int_equal(size("65536"), 65536);
    assert_int_equal(size("64K"), 65536);
    assert_int_equal(size("16m"), 16 << 20);
    assert_int_equal(size("2G"), INT64_C(2) << 30);
}

static void a_duration_is_seconds_unless_it_says_ms(void **state)
{
    (void)state;
    assert_int_equal(duration("10"), 10000);
    assert_int_equal(duration("10s"), 10000);
    assert_int_equal(duration("500ms"), 500);
}

static void what_is_no_number_with_a_unit_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "K", "-1",   "-1K", "1 K",
                                      "1KB", "x", "1.5M", "+1",  "0x10"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(size(bad[i]), ERR_INVALID);
        assert_int_equal(duration(bad[i]), ERR_INVALID);
    }
    assert_int_equal(size("9999999999999G"), ERR_RANGE);
    assert_int_equal(size("99999999999999999999"), ERR_RANGE);
}

static void a_choice_is_one_of_the_words_whole(void **state)
{
    (void)state;
    int64_t index = -1;
    assert_int_equal(value_choice(STR("errors"), "none|errors|all", &index), 0);
    assert_int_equal(index, 1);
    assert_int_equal(value_choice(STR("error"), "none|errors|all", &index), ERR_INVALID);
    assert_int_equal(value_choice(STR(""), "none|errors|all", &index), ERR_INVALID);
    assert_int_equal(value_choice(STR("none|errors"), "none|errors|all", &index), ERR_INVALID);
    assert_int_equal(index, 1);
}

static void numbers_are_shown_in_the_largest_unit_that_divides_them(void **state)
{
    (void)state;
    char text[VALUE_TEXT_MAX];
    value_size_text(0, text);
    assert_string_equal(text, "0");
    value_size_text(1536, text);
    assert_string_equal(text, "1536");
    value_size_text(INT64_C(1) << 40, text);
    assert_string_equal(text, "1024G");
    value_duration_text(1500, text);
    assert_string_equal(text, "1500ms");
    value_duration_text(75000, text);
    assert_string_equal(text, "75s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_size_is_bytes_or_has_a_letter),
        cmocka_unit_test(a_duration_is_seconds_unless_it_says_ms),
        cmocka_unit_test(what_is_no_number_with_a_unit_is_refused),
        cmocka_unit_test(a_choice_is_one_of_the_words_whole),
        cmocka_unit_test(numbers_are_shown_in_the_largest_unit_that_divides_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
