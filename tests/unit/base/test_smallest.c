#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/smallest.h"

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void the_smallest_of_all_that_was_added_are_left_in_order(void **state)
{
    (void)state;
    struct smallest smallest = {0};
    unsigned seed = 1;
    for (int round = 0; round < 300; round++) {
        int64_t all[200];
        size_t count = (size_t)rand_r(&seed) % 200, most = (size_t)rand_r(&seed) % 40;
        assert_int_equal(smallest_begin(&smallest, most), 0);
        for (size_t i = 0; i < count; i++) {
            all[i] = rand_r(&seed) % 500 - 250;
            smallest_add(&smallest, all[i]);
        }
        qsort(all, count, sizeof(all[0]), compare);
        smallest_sort(&smallest);
        assert_int_equal(smallest.count, count < most ? count : most);
        for (size_t i = 0; i < smallest.count; i++)
            assert_int_equal(smallest.numbers[i], all[i]);
    }
    smallest_free(&smallest);
}

static void it_wants_what_it_would_keep(void **state)
{
    (void)state;
    struct smallest smallest = {0};
    assert_int_equal(smallest_begin(&smallest, 0), 0);
    assert_false(smallest_wants(&smallest, INT64_MIN));
    assert_int_equal(smallest_begin(&smallest, 2), 0);
    smallest_add(&smallest, 5);
    assert_true(smallest_wants(&smallest, 9));
    smallest_add(&smallest, 7);
    assert_false(smallest_wants(&smallest, 7));
    assert_true(smallest_wants(&smallest, 6));
    smallest_free(&smallest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_of_all_that_was_added_are_left_in_order),
        cmocka_unit_test(it_wants_what_it_would_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
