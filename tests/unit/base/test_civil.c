#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/civil.h"

static void days_count_from_1970(void **state)
{
    (void)state;
    /* python3: (date(y, m, d) - date(1970, 1, 1)).days; those outside years 1 to 9999 by adding
     * 146,097 days per 400 years */
    static const struct {
        int year, month, day;
        int64_t days;
    } rows[] = {
        {1970, 1, 1, 0},       {1969, 12, 31, -1},    {2000, 2, 29, 11016},
        {2000, 3, 1, 11017},   {1900, 2, 28, -25509}, {1900, 3, 1, -25508},
        {2024, 12, 31, 20088}, {1, 1, 1, -719162},    {9999, 12, 31, 2932896},
        {0, 2, 29, -719469},   {-399, 1, 1, -865259}, {999999, 12, 31, 364522971},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int year, month, day;
        assert_true(civil_days(rows[i].year, rows[i].month, rows[i].day) == rows[i].days);
        civil_from_days(rows[i].days, &year, &month, &day);
        assert_int_equal(year, rows[i].year);
        assert_int_equal(month, rows[i].month);
        assert_int_equal(day, rows[i].day);
    }
}

/* Day by day through 1,200 years with the calendar's own rules. */
static void days_and_dates_follow_the_calendar(void **state)
{
    (void)state;
    int64_t days = civil_days(1500, 1, 1);
    for (int year = 1500; year < 2700; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= civil_month_days(year, month); day++, days++) {
                int y, m, d;
                civil_from_days(days, &y, &m, &d);
                if (civil_days(year, month, day) != days || y != year || m != month || d != day)
                    fail_msg("%d-%d-%d", year, month, day);
            }
        }
    }
}

static void leap_years_are_gregorian(void **state)
{
    (void)state;
    assert_true(civil_is_leap(2024));
    assert_true(civil_is_leap(2000));
    assert_false(civil_is_leap(1900));
    assert_false(civil_is_leap(2023));
    assert_int_equal(civil_month_days(2024, 2), 29);
    assert_int_equal(civil_month_days(2023, 2), 28);
    assert_int_equal(civil_month_days(2023, 11), 30);
}

static void a_text_is_read_when_it_has_exactly_the_form(void **state)
{
    (void)state;
    struct civil c;
    assert_int_equal(civil_parse(STR("2024-02-29 23:59:58"), &c), 0);
    assert_int_equal(c.year, 2024);
    assert_int_equal(c.month, 2);
    assert_int_equal(c.day, 29);
    assert_int_equal(c.hour, 23);
    assert_int_equal(c.minute, 59);
    assert_int_equal(c.second, 58);
    assert_int_equal(civil_seconds(&c), 1709251198); /* date -u -d '2024-02-29 23:59:58' +%s */
}

static void other_texts_and_unreal_times_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2024-02-29",
        "2024-02-29 23:59",
        "2024-02-29 23:59:5",
        "2024-02-29 23:59:588",
        "2024-02-29T23:59:58",
        "2024/02/29 23:59:58",
        " 024-02-29 23:59:58",
        "+024-02-29 23:59:58",
        "-024-02-29 23:59:58",
        "2024-2-029 23:59:58",
        "2024-02-29 23.59:58",
        "2023-02-29 00:00:00",
        "1900-02-29 00:00:00",
        "2024-00-01 00:00:00",
        "2024-13-01 00:00:00",
        "2024-01-00 00:00:00",
        "2024-04-31 00:00:00",
        "2024-01-01 24:00:00",
        "2024-01-01 00:60:00",
        "2024-01-01 00:00:60",
        "2024-01-01 -1:00:00",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct civil c = {.year = 4711};
        assert_int_equal(civil_parse(str_of(bad[i]), &c), ERR_INVALID);
        assert_int_equal(c.year, 4711);
    }
    assert_false(civil_is_real(&(struct civil){.year = CIVIL_MAX_YEAR + 1, .month = 1, .day = 1}));
    assert_true(civil_is_real(&(struct civil){.year = -CIVIL_MAX_YEAR, .month = 1, .day = 1}));
}

static void a_time_is_written_as_it_is_read(void **state)
{
    (void)state;
    const char *const texts[] = {"2024-02-29 23:59:59", "0007-01-02 03:04:05",
                                 "9999-12-31 00:00:00"};
    for (size_t i = 0; i < 3; i++) {
        struct civil civil;
        char text[CIVIL_TEXT_SIZE];
        assert_int_equal(civil_parse(str_of(texts[i]), &civil), 0);
        civil_format(&civil, text);
        assert_string_equal(text, texts[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_count_from_1970),
        cmocka_unit_test(days_and_dates_follow_the_calendar),
        cmocka_unit_test(leap_years_are_gregorian),
        cmocka_unit_test(a_text_is_read_when_it_has_exactly_the_form),
        cmocka_unit_test(other_texts_and_unreal_times_are_refused),
        cmocka_unit_test(a_time_is_written_as_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
