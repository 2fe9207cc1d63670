#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/number.h"

static void a_number_is_normalised_to_its_digits(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t number;
    } rows[] = {
        {"8618217331411", 8618217331411},
        {"86182217331411", 86182217331411}, /* the Development Guide's own, 14 digits */
        {"15266667779", 15266667779},
        {"+86 182-1733-1411", 8618217331411},
        {"008618217331411", 8618217331411},
        {"+00 (86) 18217331411", 8618217331411},
        {"8618217331411@c.us", 8618217331411},
        {"8618217331411@s.whatsapp.net", 8618217331411},
        {"1234567", 1234567},
        {"123456789012345", 123456789012345},
        {"00123456789012345", 123456789012345},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t number = 0;
        assert_int_equal(number_parse(str_of(rows[i].text), &number), 0);
        assert_int_equal(number, rows[i].number);
    }
}

static void what_cannot_be_a_number_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "123456",           /* 6 digits */
        "1234567890123456", /* 16 digits */
        "0182217331411",    /* a leading 0 is no country code */
        "000123456789",     /* 00 and another 0 */
        "86182x17331411",
        "861821733+1411", /* a + in the middle */
        "120363040468224422@g.us",
        "8618217331411@",
        "８618217331411", /* a full-width digit */
        "-",
        "1234567890123456789012345678901234567890",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t number = -7;
        assert_int_equal(number_parse(str_of(rows[i]), &number), ERR_INVALID);
        assert_int_equal(number, -7);
    }
}

static void a_number_is_written_as_its_digits(void **state)
{
    (void)state;
    char digits[NUMBER_MAX_DIGITS + 4];
    assert_int_equal(number_format(999999999999999, digits), 15);
    assert_memory_equal(digits, "999999999999999", 15);
    assert_int_equal(number_format(1000000, digits), 7);
    assert_memory_equal(digits, "1000000", 7);
}

static void a_line_that_is_written_in_two_ways_is_found_by_both(void **state)
{
    (void)state;
    static const struct {
        int64_t one, other;
    } rows[] = {
        {551187654321, 5511987654321}, /* São Paulo, before and after the ninth digit */
        {559966543210, 5599966543210},
        {541123456789, 5491123456789}, /* Buenos Aires */
        {525512345678, 5215512345678}, /* Mexico City */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t variant = 0;
        assert_true(number_variant(rows[i].one, &variant));
        assert_int_equal(variant, rows[i].other);
        assert_true(number_variant(rows[i].other, &variant));
        assert_int_equal(variant, rows[i].one);
    }
}

static void all_other_numbers_have_one_form(void **state)
{
    (void)state;
    static const int64_t rows[] = {
        8618217331411,  86182217331411,  15266667779,
        861821371272,   551132345678, /* a Brazilian landline: 3 */
        5511932345678,                /* nine digits, but no mobile of old: 3 behind the 9 */
        5511887654321,                /* nine digits that do not start with 9 */
        550187654321,                 /* no area begins with 0 */
        55118765432,                  /* too short */
        55119876543210,               /* too long */
        54112345678,                  /* Argentina, nine digits */
        5481123456789,                /* neither plain nor marked */
        540123456789,                 /* no area begins with 0 */
        52551234567,    525123456789012, 5225512345678,
        1234567,        999999999999999,
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t variant = -7;
        if (number_variant(rows[i], &variant))
            fail_msg("%lld has %lld", (long long)rows[i], (long long)variant);
        assert_int_equal(variant, -7);
    }
}

static void the_variant_of_a_variant_is_the_number_itself(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 3000000; i++) {
        int64_t number = (52 + i % 4) * 10000000000 + i * 7919 * 1234567 % 10000000000, other, back;
        number = i % 2 ? number * 10 + i % 7 : number;
        if (number_variant(number, &other)) {
            assert_true(number_variant(other, &back));
            assert_int_equal(back, number);
        }
    }
}

static void a_list_of_numbers_has_each_line_once_ascending(void **state)
{
    (void)state;
    int64_t numbers[] = {5215512345678, 30,           10, 20,          10, 525512345678,
                         5521987654321, 552187654321, 30, 551187654321};
    const int64_t expected[] = {10, 20, 30, 525512345678, 551187654321, 552187654321};
    assert_int_equal(numbers_unique(numbers, 10), 6);
    assert_memory_equal(numbers, expected, sizeof(expected));
    assert_int_equal(numbers_unique(numbers, 0), 0);
    int64_t one[] = {5215512345678};
    assert_int_equal(numbers_unique(one, 1), 1);
    assert_int_equal(one[0], 5215512345678);
}

static void a_number_is_plausible_when_its_country_has_such_lengths(void **state)
{
    (void)state;
    static const int64_t good[] = {8618217331411, 86182217331411, 15266667779, 861821371272,
                                   919161506154,  390612345678,   80012345678, 5215512345678};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(number_plausible(good[i]));
    static const int64_t bad[] = {
        152666677790,    /* North America: ten digits, no more */
        1526666777,      /* and no fewer */
        861821733141112, /* China: at most twelve */
        2101234567,      /* no country has 210 */
        9999999,
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(number_plausible(bad[i]));
}

static void a_number_is_plausible_in_either_form(void **state)
{
    (void)state;
    assert_true(number_plausible(525512345678));
    assert_true(number_plausible(5215512345678)); /* the form of before 2019 */
    assert_true(number_plausible(551187654321));
    assert_true(number_plausible(5511987654321));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_plausible_when_its_country_has_such_lengths),
        cmocka_unit_test(a_number_is_plausible_in_either_form),
        cmocka_unit_test(a_number_is_normalised_to_its_digits),
        cmocka_unit_test(what_cannot_be_a_number_is_refused),
        cmocka_unit_test(a_number_is_written_as_its_digits),
        cmocka_unit_test(a_line_that_is_written_in_two_ways_is_found_by_both),
        cmocka_unit_test(all_other_numbers_have_one_form),
        cmocka_unit_test(the_variant_of_a_variant_is_the_number_itself),
        cmocka_unit_test(a_list_of_numbers_has_each_line_once_ascending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
