#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "engine/alarms.h"
#include "engine/number_map.h"

#define COUNT 500

static int64_t last_ms;
static size_t rung;

static void ring(void *context, struct alarm *alarm)
{
    (void)context;
    assert_true(alarm->at_ms >= last_ms);
    assert_int_equal(alarm->place, 0);
    last_ms = alarm->at_ms;
    rung++;
}

static void alarms_ring_in_the_order_of_their_times_however_they_were_set(void **state)
{
    (void)state;
    struct alarms alarms = {0};
    static struct alarm all[COUNT];
    struct random random;
    random_init(&random, 7);
    assert_int_equal(alarms_reserve(&alarms, COUNT), 0);
    for (int round = 0; round < 5; round++)
        for (size_t i = 0; i < COUNT; i++) {
            all[i].ring = ring;
            bool out = random_between(&random, 0, 9) == 0;
            alarm_set(&alarms, &all[i], out ? ALARM_NEVER : random_between(&random, 1, 100));
        }
    size_t set = 0;
    for (size_t i = 0; i < COUNT; i++)
        set += all[i].place > 0;
    assert_int_equal(alarms.count, set);
    alarms_ring(&alarms, 50, NULL);
    assert_true(alarms_next(&alarms) > 50);
    alarms_ring(&alarms, 100, NULL);
    assert_int_equal(rung, set);
    assert_true(alarms_next(&alarms) == ALARM_NEVER);
    alarms_free(&alarms);
}

static void a_map_finds_what_was_added_and_not_what_was_removed(void **state)
{
    (void)state;
    struct number_map map = {0};
    static int values[2000];
    struct random random;
    random_init(&random, 7);
    size_t there = 0;
    for (int i = 0; i < 20000; i++) {
        int64_t key = random_between(&random, 0, 1999);
        if (number_map_find(&map, key)) {
            number_map_remove(&map, key);
            values[key] = 0;
            there--;
        } else {
            assert_int_equal(number_map_add(&map, key, &values[key]), 0);
            values[key] = 1;
            there++;
        }
    }
    assert_int_equal(map.count, there);
    for (int64_t key = 0; key < 2000; key++)
        assert_ptr_equal(number_map_find(&map, key), values[key] ? &values[key] : NULL);
    size_t at = 0, seen = 0;
    while (number_map_next(&map, &at))
        seen++;
    assert_int_equal(seen, there);
    number_map_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alarms_ring_in_the_order_of_their_times_however_they_were_set),
        cmocka_unit_test(a_map_finds_what_was_added_and_not_what_was_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
