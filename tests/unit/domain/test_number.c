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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_normalised_to_its_digits),
        cmocka_unit_test(what_cannot_be_a_number_is_refused),
        cmocka_unit_test(a_number_is_written_as_its_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
