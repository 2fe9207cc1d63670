/* Hosts are numbers here, which are looked up without a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/address.h"
#include "net/host_guard.h"

static char why[512];

static int guard(const char *host, const char *networks)
{
    struct address_list *allowed;
    assert_int_equal(address_list_parse(str_of(networks), &allowed), 0);
    int result = host_guard(host, allowed, "--webhook-allow", why, sizeof(why));
    address_list_free(allowed);
    return result;
}

static void public_addresses_pass(void **state)
{
    (void)state;
    assert_int_equal(guard("8.8.8.8", ""), 0);
    assert_int_equal(guard("2606:4700:4700::1111", ""), 0);
    assert_int_equal(host_guard("8.8.8.8", NULL, "", why, sizeof(why)), 0);
}

static void others_are_refused_in_whatever_way_they_are_written(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "127.0.0.1", "127.1",           "2130706433", "0x7f.1",  "0177.0.0.1",      "0",
        "10.1.2.3",  "169.254.169.254", "::1",        "fe80::1", "::ffff:10.0.0.1", "224.0.0.1"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        assert_int_equal(guard(hosts[i], ""), ERR_INVALID);
    assert_int_equal(guard("127.1", "10.0.0.0/8"), ERR_INVALID);
    assert_string_equal(why,
                        "127.1 leads to 127.0.0.1, which is not a public address; the server's "
                        "--webhook-allow may allow it");
}

static void networks_that_are_allowed_pass(void **state)
{
    (void)state;
    assert_int_equal(guard("127.0.0.1", "10.0.0.0/8,127.0.0.0/8"), 0);
    assert_int_equal(guard("::1", "::1"), 0);
    assert_int_equal(guard("10.9.9.9", "10.0.0.0/8"), 0);
}

static void a_host_that_nobody_knows_is_said_to_be_so(void **state)
{
    (void)state;
    assert_int_equal(guard("1.2.3.4.5.invalid", ""), ERR_NOT_FOUND);
    assert_memory_equal(why, "1.2.3.4.5.invalid: ", 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_addresses_pass),
        cmocka_unit_test(others_are_refused_in_whatever_way_they_are_written),
        cmocka_unit_test(networks_that_are_allowed_pass),
        cmocka_unit_test(a_host_that_nobody_knows_is_said_to_be_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
