#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"

static void every_error_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (int err = ERR_TIMEOUT; err < 0; err++) {
        assert_string_not_equal(err_text(err), "unknown error");
        for (int other = ERR_TIMEOUT; other < err; other++)
            assert_string_not_equal(err_text(err), err_text(other));
    }
}

static void numbers_that_are_no_errors_have_a_text_too(void **state)
{
    (void)state;
    assert_string_equal(err_text(0), "no error");
    assert_string_equal(err_text(7), "no error");
    assert_string_equal(err_text(-1000), "unknown error");
    assert_string_equal(err_text(INT32_MIN), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_text_of_its_own),
        cmocka_unit_test(numbers_that_are_no_errors_have_a_text_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
