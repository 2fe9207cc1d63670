#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/account.h"

static void a_platform_is_known_by_its_name_alone(void **state)
{
    (void)state;
    enum platform platform;
    assert_int_equal(platform_parse(STR("pc"), &platform), 0);
    assert_int_equal(platform, 1); /* the numbers are the wire's */
    assert_int_equal(platform_parse(STR("mobile"), &platform), 0);
    assert_int_equal(platform, 2);
    assert_int_equal(platform_parse(STR("cloud"), &platform), 0);
    assert_int_equal(platform, 3);
    assert_string_equal(platform_name(platform), "cloud");
    assert_int_equal(platform_parse(STR("PC"), &platform), ERR_INVALID);
    assert_int_equal(platform_parse(STR(""), &platform), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_platform_is_known_by_its_name_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
