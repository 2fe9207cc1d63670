#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domain/account_settings.h"

static struct account_settings read_good(const char *json)
{
    struct account_settings settings = {0};
    assert_int_equal(account_settings_read(str_of(json), &settings), 0);
    return settings;
}

static void what_is_not_there_has_its_default(void **state)
{
    (void)state;
    static const char *const none[] = {"", "{}", "{\"of a newer program\":\"x\"}"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        struct account_settings settings = read_good(none[i]);
        assert_true(settings.speed == 1);
        assert_int_equal(settings.in_flight, 1);
        assert_int_equal(settings.seed, 0);
        assert_int_equal(settings.interval_min_ms, 1000);
        assert_int_equal(settings.interval_max_ms, 3000);
        assert_int_equal(settings.check_interval_ms, 1000);
        assert_int_equal(settings.info_interval_ms, 1000);
        assert_int_equal(settings.join_interval_ms, 30000);
        assert_int_equal(settings.daily_cap, 0);
        assert_int_equal(settings.quiet_from_min, settings.quiet_to_min);
    }
}

static void every_setting_has_its_place(void **state)
{
    (void)state;
    struct account_settings settings = read_good(
        "{\"speed\":\"0.25\",\"in_flight\":\"256\",\"seed\":\"7\",\"interval_min\":\"2\","
        "\"interval_max\":\"5\",\"check_interval_ms\":\"11\",\"info_interval_ms\":\"12\","
        "\"join_interval_ms\":\"13\",\"daily_cap\":\"250\",\"quiet_hours\":\"22:30-08:01\"}");
    assert_true(settings.speed == 0.25);
    assert_int_equal(settings.in_flight, 256);
    assert_int_equal(settings.seed, 7);
    assert_int_equal(settings.interval_min_ms, 2000);
    assert_int_equal(settings.interval_max_ms, 5000);
    assert_int_equal(settings.check_interval_ms, 11);
    assert_int_equal(settings.info_interval_ms, 12);
    assert_int_equal(settings.join_interval_ms, 13);
    assert_int_equal(settings.daily_cap, 250);
    assert_int_equal(settings.quiet_from_min, 22 * 60 + 30);
    assert_int_equal(settings.quiet_to_min, 8 * 60 + 1);
}

static void an_interval_that_is_not_there_follows_the_other(void **state)
{
    (void)state;
    struct account_settings settings = read_good("{\"interval_min\":\"10\"}");
    assert_int_equal(settings.interval_min_ms, 10000);
    assert_int_equal(settings.interval_max_ms, 10000);
    settings = read_good("{\"interval_max\":\"0\"}");
    assert_int_equal(settings.interval_min_ms, 0);
    assert_int_equal(settings.interval_max_ms, 0);
    settings = read_good("{\"interval_max\":\"60\"}");
    assert_int_equal(settings.interval_min_ms, 1000);
    assert_int_equal(settings.interval_max_ms, 60000);
}

static void what_is_not_of_its_form_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"x",
                                      "[]",
                                      "{\"speed\":1}",
                                      "{\"speed\":\"\"}",
                                      "{\"speed\":\"1001\"}",
                                      "{\"speed\":\"0.1234567890123456789012\"}",
                                      "{\"in_flight\":\"0\"}",
                                      "{\"seed\":\"-1\"}",
                                      "{\"quiet_hours\":\"22:00-24:00\"}"};
    struct account_settings settings = {.seed = 99};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(account_settings_read(str_of(bad[i]), &settings), ERR_INVALID);
    assert_int_equal(settings.seed, 99);
}

static void every_default_is_allowed(void **state)
{
    (void)state;
    for (int id = 0; id < ACCOUNT_SETTING_COUNT; id++) {
        const struct account_setting *row = &account_setting_rows[id];
        if (row->standard[0])
            assert_true(account_setting_allowed(row, str_of(row->standard)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_has_its_default),
        cmocka_unit_test(every_setting_has_its_place),
        cmocka_unit_test(an_interval_that_is_not_there_follows_the_other),
        cmocka_unit_test(what_is_not_of_its_form_is_refused),
        cmocka_unit_test(every_default_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
