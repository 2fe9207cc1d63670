#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/hours.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)

static struct zone *berlin;

static int load(void **state)
{
    (void)state;
    return zone_load("Europe/Berlin", &berlin);
}

static int unload(void **state)
{
    (void)state;
    zone_free(berlin);
    return 0;
}

/* The instant of a local time; the first one when there are two. */
static int64_t at(int year, int month, int day, int hour, int minute)
{
    int64_t instants[2];
    const struct civil local = {year, month, day, hour, minute, 0};
    assert_true(zone_instants(berlin, &local, instants) > 0);
    return instants[0];
}

static int64_t quiet_end(int from_hour, int until_hour, int64_t now_ms)
{
    return hours_quiet_end(berlin, from_hour * 60, until_hour * 60, now_ms);
}

static void hours_of_one_day_have_their_first_minute_and_not_their_last(void **state)
{
    (void)state;
    int64_t noon = at(2026, 5, 4, 12, 0);
    assert_true(quiet_end(12, 14, noon - 1) == noon - 1);
    assert_true(quiet_end(12, 14, noon) == noon + 2 * HOUR);
    assert_true(quiet_end(12, 14, noon + 2 * HOUR - 1) == noon + 2 * HOUR);
    assert_true(quiet_end(12, 14, noon + 2 * HOUR) == noon + 2 * HOUR);
}

static void hours_over_midnight_end_on_the_next_day(void **state)
{
    (void)state;
    int64_t end = at(2026, 5, 5, 8, 0);
    assert_true(quiet_end(22, 8, at(2026, 5, 4, 22, 0)) == end);
    assert_true(quiet_end(22, 8, at(2026, 5, 5, 0, 0)) == end);
    assert_true(quiet_end(22, 8, end - 1) == end);
    assert_true(quiet_end(22, 8, end) == end);
    assert_true(quiet_end(22, 8, at(2026, 5, 4, 21, 59)) == at(2026, 5, 4, 21, 59));
}

static void a_night_with_a_change_of_clocks_is_an_hour_shorter_or_longer(void **state)
{
    (void)state;
    int64_t spring = at(2026, 3, 28, 22, 0), autumn = at(2026, 10, 24, 22, 0);
    assert_true(quiet_end(22, 8, spring) == spring + 9 * HOUR);
    assert_true(quiet_end(22, 8, autumn) == autumn + 11 * HOUR);
}

/* 02:00 to 03:00 on 2026-03-29 does not exist. */
static void an_end_in_the_gap_is_the_instant_after_it(void **state)
{
    (void)state;
    int64_t end = at(2026, 3, 29, 3, 0);
    assert_true(hours_quiet_end(berlin, 22 * 60, 2 * 60 + 30, at(2026, 3, 29, 1, 59)) == end);
    assert_true(hours_quiet_end(berlin, 22 * 60, 2 * 60 + 30, end) == end);
}

/* 02:00 to 03:00 on 2026-10-25 occurs twice. */
static void an_end_that_occurs_twice_is_the_second(void **state)
{
    (void)state;
    int64_t first = at(2026, 10, 25, 2, 30);
    assert_true(hours_quiet_end(berlin, 22 * 60, 2 * 60 + 30, first - 1) == first + HOUR);
    assert_true(hours_quiet_end(berlin, 22 * 60, 2 * 60 + 30, first + MINUTE) == first + HOUR);
}

static void days_begin_at_midnight_on_the_wall(void **state)
{
    (void)state;
    int64_t day = civil_days(2026, 3, 29);
    assert_true(hours_day(berlin, at(2026, 3, 29, 0, 0)) == day);
    assert_true(hours_day(berlin, at(2026, 3, 29, 0, 0) - 1) == day - 1);
    assert_true(hours_day_start(berlin, day + 1) - hours_day_start(berlin, day) == 23 * HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_of_one_day_have_their_first_minute_and_not_their_last),
        cmocka_unit_test(hours_over_midnight_end_on_the_next_day),
        cmocka_unit_test(a_night_with_a_change_of_clocks_is_an_hour_shorter_or_longer),
        cmocka_unit_test(an_end_in_the_gap_is_the_instant_after_it),
        cmocka_unit_test(an_end_that_occurs_twice_is_the_second),
        cmocka_unit_test(days_begin_at_midnight_on_the_wall),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
