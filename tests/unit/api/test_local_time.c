/* Times without a zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/local_time.h"

static int64_t at(const struct zone *zone, const char *text)
{
    int64_t ms = -12345;
    if (local_time_parse(zone, str_of(text), &ms) < 0)
        assert_int_equal(ms, -12345);
    return ms;
}

static void a_time_has_three_forms(void **state)
{
    (void)state;
    struct zone *zone;
    assert_int_equal(zone_load("Asia/Shanghai", &zone), 0);
    assert_int_equal(at(zone, "2024-03-01"), INT64_C(1709222400000));
    assert_int_equal(at(zone, "2024-03-01 09:30"), INT64_C(1709256600000));
    assert_int_equal(at(zone, "2024-03-01 09:30:15"), INT64_C(1709256615000));
    static const char *const bad[] = {"",
                                      "2024-03-01 ",
                                      "2024-03-01 9:30",
                                      "2024-02-30",
                                      "2024-03-01T09:30",
                                      "2024-03-01 24:00",
                                      "2024-03-01 09:30:15 ",
                                      "2024/03/01"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(at(zone, bad[i]), -12345);
    zone_free(zone);
}

static void of_a_time_that_occurs_twice_the_first_is_meant(void **state)
{
    (void)state;
    struct zone *zone;
    assert_int_equal(zone_load("Europe/Berlin", &zone), 0);
    assert_int_equal(at(zone, "2024-10-27 02:30"), INT64_C(1729989000000));
    zone_free(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_has_three_forms),
        cmocka_unit_test(of_a_time_that_occurs_twice_the_first_is_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
