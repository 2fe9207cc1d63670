#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/token.h"

static struct crypto *crypto;
static struct digest *digest;

static int set_up(void **state)
{
    (void)state;
    const char *why;
    assert_int_equal(crypto_new(&crypto, &why), 0);
    return digest_new(crypto, &digest);
}

static int tear_down(void **state)
{
    (void)state;
    digest_free(digest);
    crypto_free(crypto);
    return 0;
}

/* printf %s 1 1710936559123 QOEAcPj6Tb8XRhwFvYih | md5sum */
static void the_header_token_is_the_md5_of_tenant_timestamp_and_key(void **state)
{
    (void)state;
    char hex[MD5_HEX_LEN];
    assert_int_equal(
        token_header(digest, STR("1"), STR("1710936559123"), STR("QOEAcPj6Tb8XRhwFvYih"), hex), 0);
    assert_memory_equal(hex, "e1aa29e0985905cfb15a84e71a2a6cc1", MD5_HEX_LEN);
}

/* printf %s 1 WhatsApp '2023-06-01 12:12:12' QOEAcPj6Tb8XRhwFvYih | md5sum */
static void the_body_token_is_the_md5_of_tenant_user_time_and_key(void **state)
{
    (void)state;
    char hex[MD5_HEX_LEN];
    assert_int_equal(token_body(digest, STR("1"), STR("WhatsApp"), STR("2023-06-01 12:12:12"),
                                STR("QOEAcPj6Tb8XRhwFvYih"), hex),
                     0);
    assert_memory_equal(hex, "d5b3aedbd8fad73eb71016d2dc5450eb", MD5_HEX_LEN);
}

static void a_timestamp_is_fresh_within_the_window_at_both_ends(void **state)
{
    (void)state;
    const int64_t now = 1710936559123;
    assert_true(token_fresh(now, now - 300000, 300));
    assert_false(token_fresh(now, now - 300001, 300));
    assert_true(token_fresh(now, now + 300000, 300));
    assert_false(token_fresh(now, now + 300001, 300));
    assert_true(token_fresh(now, 0, 0));
    assert_false(token_fresh(now, INT64_MIN, 300));
    assert_false(token_fresh(now, INT64_MAX, 300));
}

static void an_hour_that_occurs_twice_is_fresh_in_either_reading(void **state)
{
    (void)state;
    struct zone *berlin;
    assert_int_equal(zone_load("Europe/Berlin", &berlin), 0);
    /* 2023-10-29 02:30 in Berlin is 00:30 and 01:30 UTC. */
    const struct civil local = {2023, 10, 29, 2, 30, 0};
    const int64_t first = INT64_C(1698539400000), second = first + 3600000;
    assert_true(token_fresh_local(first, &local, berlin, 60));
    assert_true(token_fresh_local(second, &local, berlin, 60));
    assert_false(token_fresh_local(first + 1800000, &local, berlin, 60));
    zone_free(berlin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_token_is_the_md5_of_tenant_timestamp_and_key),
        cmocka_unit_test(the_body_token_is_the_md5_of_tenant_user_time_and_key),
        cmocka_unit_test(a_timestamp_is_fresh_within_the_window_at_both_ends),
        cmocka_unit_test(an_hour_that_occurs_twice_is_fresh_in_either_reading),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
