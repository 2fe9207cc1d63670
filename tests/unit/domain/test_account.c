#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/account.h"

#define START INT64_C(1700000000000)

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

static void a_sandbox_account_is_online_from_the_servers_start_or_its_own_on(void **state)
{
    (void)state;
    int64_t since_ms;
    struct account account = {.transport = STR("sandbox"), .created_ms = START - 1};
    assert_true(account_online(&account, START, &since_ms));
    assert_true(since_ms == START);
    account.created_ms = START + 1;
    assert_true(account_online(&account, START, &since_ms));
    assert_true(since_ms == START + 1);
}

static void an_account_of_another_transport_is_not_online(void **state)
{
    (void)state;
    int64_t since_ms;
    struct account account = {.transport = STR("cloud"), .created_ms = START - 1};
    assert_false(account_online(&account, START, &since_ms));
    assert_true(since_ms == START);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_platform_is_known_by_its_name_alone),
        cmocka_unit_test(a_sandbox_account_is_online_from_the_servers_start_or_its_own_on),
        cmocka_unit_test(an_account_of_another_transport_is_not_online),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
