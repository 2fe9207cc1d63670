#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "main/account_settings.h"

static char why[ACCOUNT_SETTING_WHY_MAX];

static int add(const char *text)
{
    struct buf object;
    unsigned seen = 0;
    buf_init(&object, 4096);
    buf_add_char(&object, '{');
    why[0] = '\0';
    int result = account_settings_add(&object, str_of(text), &seen, why, sizeof(why));
    buf_free(&object);
    return result;
}

static void settings_become_an_object_of_texts(void **state)
{
    (void)state;
    struct buf object;
    unsigned seen = 0;
    buf_init(&object, 4096);
    buf_add_char(&object, '{');
    assert_int_equal(account_settings_add(&object, STR("speed=0"), &seen, why, sizeof(why)), 0);
    assert_int_equal(
        account_settings_add(&object, STR("quiet_hours=22:00-08:00"), &seen, why, sizeof(why)), 0);
    assert_int_equal(account_settings_add(&object, STR("speed=1"), &seen, why, sizeof(why)),
                     ERR_INVALID);
    assert_string_equal(why, "speed: given twice");
    buf_add_char(&object, '}');
    buf_add_char(&object, '\0');
    assert_string_equal(object.data, "{\"speed\":\"0\",\"quiet_hours\":\"22:00-08:00\"}");
    buf_free(&object);
}

static void values_have_a_form(void **state)
{
    (void)state;
    static const char *const good[] = {"speed=0.25",
                                       "speed=1000",
                                       "in_flight=256",
                                       "seed=0",
                                       "daily_cap=0",
                                       "check_interval_ms=1000",
                                       "quiet_hours=00:00-23:59"};
    static const char *const bad[] = {"speed=",
                                      "speed=-1",
                                      "speed=1000.5",
                                      "speed=1e3",
                                      "speed=.5",
                                      "speed=1.-5",
                                      "in_flight=0",
                                      "in_flight=2.5",
                                      "seed=x",
                                      "quiet_hours=22",
                                      "quiet_hours=24:00-08:00",
                                      "quiet_hours=22:00-22:00"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(add(good[i]), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(add(bad[i]), ERR_INVALID);
}

static void a_change_takes_a_key_out_by_an_empty_value(void **state)
{
    (void)state;
    struct buf object;
    unsigned seen = 0;
    buf_init(&object, 4096);
    buf_add_char(&object, '{');
    assert_int_equal(account_settings_change(&object, STR("speed="), &seen, why, sizeof(why)), 0);
    assert_int_equal(account_settings_change(&object, STR("seed=7"), &seen, why, sizeof(why)), 0);
    assert_int_equal(account_settings_change(&object, STR("speed=1"), &seen, why, sizeof(why)),
                     ERR_INVALID);
    assert_string_equal(why, "speed: given twice");
    assert_int_equal(account_settings_change(&object, STR("sped="), &seen, why, sizeof(why)),
                     ERR_INVALID);
    assert_int_equal(account_settings_change(&object, STR("in_flight=0"), &seen, why, sizeof(why)),
                     ERR_INVALID);
    buf_add_char(&object, '}');
    buf_add_char(&object, '\0');
    assert_string_equal(object.data, "{\"speed\":null,\"seed\":\"7\"}");
    buf_free(&object);
}

static void an_unknown_key_is_told_with_a_hint(void **state)
{
    (void)state;
    assert_int_equal(add("sped=1"), ERR_INVALID);
    assert_string_equal(why, "unknown setting \"sped\" (did you mean speed?)");
    assert_int_equal(add("speed"), ERR_INVALID);
    assert_string_equal(why, "KEY=VALUE expected, not \"speed\"");
    assert_int_equal(add(""), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_become_an_object_of_texts),
        cmocka_unit_test(values_have_a_form),
        cmocka_unit_test(a_change_takes_a_key_out_by_an_empty_value),
        cmocka_unit_test(an_unknown_key_is_told_with_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
