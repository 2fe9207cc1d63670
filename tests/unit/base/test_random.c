#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"

static void a_seed_has_its_numbers(void **state)
{
    (void)state;
    struct random random;
    /* The reference implementation's, of seed 1234567. */
    const uint64_t expected[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                 UINT64_C(9817491932198370423)};
    random_init(&random, 1234567);
    for (size_t i = 0; i < 3; i++)
        assert_true(random_next(&random) == expected[i]);
}

static void numbers_are_drawn_evenly_from_both_ends_on(void **state)
{
    (void)state;
    struct random random;
    int counts[7] = {0};
    random_init(&random, 1);
    for (int i = 0; i < 70000; i++) {
        int64_t drawn = random_between(&random, -3, 3);
        assert_true(drawn >= -3 && drawn <= 3);
        counts[drawn + 3]++;
    }
    for (int i = 0; i < 7; i++) /* 10,000 are to be expected; 5 deviations of 93 */
        assert_true(abs(counts[i] - 10000) < 463);
}

static void the_widest_and_the_narrowest_range_work(void **state)
{
    (void)state;
    struct random random;
    random_init(&random, 1);
    assert_int_equal(random_between(&random, 5, 5), 5);
    assert_int_equal(random_between(&random, INT64_MAX, INT64_MAX), INT64_MAX);
    int64_t first = random_between(&random, INT64_MIN, INT64_MAX);
    assert_true(first != random_between(&random, INT64_MIN, INT64_MAX));
    /* Half of what is drawn lies above so large a range and is drawn again. */
    for (int i = 0; i < 1000; i++)
        assert_true(random_between(&random, INT64_MIN, 0) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_has_its_numbers),
        cmocka_unit_test(numbers_are_drawn_evenly_from_both_ends_on),
        cmocka_unit_test(the_widest_and_the_narrowest_range_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
