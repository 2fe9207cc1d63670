#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"

static void the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t last = clock_mono_us();
    for (int i = 0; i < 1000; i++) {
        const int64_t now = clock_mono_us();
        assert_true(now >= last);
        last = now;
    }
}

static void milliseconds_and_microseconds_are_of_one_clock(void **state)
{
    (void)state;
    const int64_t before = clock_mono_us() / 1000;
    const int64_t ms = clock_mono_ms();
    assert_in_range(ms, before, clock_mono_us() / 1000);
}

static void real_time_is_in_milliseconds(void **state)
{
    (void)state;
    assert_true(clock_real_ms() > 1700000000000); /* 2023-11-14 */
    assert_true(clock_real_ms() < 7258118400000); /* 2200-01-01 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(milliseconds_and_microseconds_are_of_one_clock),
        cmocka_unit_test(real_time_is_in_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
