#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domain/rate_window.h"

#define PATTERNS 10000
#define CALLS    200

/* A xorshift generator: the patterns are the same in every run. */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* The rule as the contract words it, by counting all accepted calls each time. */
static bool oracle_accepts(const int64_t *accepted, size_t count, int64_t now_us, uint32_t limit)
{
    uint32_t before = 0;
    for (size_t i = 0; i < count; i++)
        before += accepted[i] > now_us - 1000000 && accepted[i] <= now_us;
    return before < limit;
}

/* Gaps of a pattern: dense bursts, an even pace near the limit, long rests, and exact milliseconds
 * that fall on the window's edge. */
static int64_t next_gap(uint64_t *seed, uint64_t kind)
{
    switch (kind % 4) {
    case 0: return (int64_t)(next_random(seed) % 3000);
    case 1: return (int64_t)(next_random(seed) % 40000);
    case 2: return next_random(seed) % 10 ? 0 : (int64_t)(next_random(seed) % 2000000);
    default: return 1000 * (int64_t)(next_random(seed) % 50);
    }
}

static void run_pattern(uint64_t *seed)
{
    struct rate_window window = {0};
    int64_t accepted[CALLS], now_us = (int64_t)(next_random(seed) % 1000000000);
    uint32_t limit = next_random(seed) % 4 ? 50 : (uint32_t)(1 + next_random(seed) % 80);
    uint64_t kind = next_random(seed);
    size_t count = 0;
    for (int i = 0; i < CALLS; i++) {
        now_us += next_gap(seed, kind);
        struct rate_verdict verdict;
        size_t grown;
        assert_int_equal(rate_window_call(&window, now_us, limit, &verdict, &grown), 0);
        assert_int_equal(verdict.accepted, oracle_accepts(accepted, count, now_us, limit));
        if (verdict.accepted)
            accepted[count++] = now_us;
        assert_true(window.capacity <= limit);
    }
    rate_window_free(&window);
}

static void ten_thousand_random_patterns_are_judged_as_a_naive_oracle_judges_them(void **state)
{
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15;
    for (int i = 0; i < PATTERNS; i++)
        run_pattern(&seed);
}

static void the_verdict_says_how_many_are_left_and_for_how_long(void **state)
{
    (void)state;
    struct rate_window window = {0};
    struct rate_verdict verdict;
    size_t grown;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(rate_window_call(&window, 1000 * i, 50, &verdict, &grown), 0);
        assert_true(verdict.accepted);
        assert_int_equal(verdict.left, 49 - i);
        assert_int_equal(verdict.reset_us, 1000000 - 1000 * i);
    }
    assert_int_equal(rate_window_call(&window, 999999, 50, &verdict, &grown), 0);
    assert_false(verdict.accepted);
    assert_int_equal(verdict.reset_us, 1);
    assert_int_equal(rate_window_call(&window, 1000000, 50, &verdict, &grown), 0);
    assert_true(verdict.accepted);
    rate_window_free(&window);
}

static void a_limit_that_changes_holds_from_the_next_call(void **state)
{
    (void)state;
    struct rate_window window = {0};
    struct rate_verdict verdict;
    size_t grown;
    for (int i = 0; i < 20; i++)
        assert_int_equal(rate_window_call(&window, i, 20, &verdict, &grown), 0);
    assert_int_equal(rate_window_call(&window, 30, 10, &verdict, &grown), 0);
    assert_false(verdict.accepted);
    assert_int_equal(rate_window_call(&window, 40, 21, &verdict, &grown), 0);
    assert_true(verdict.accepted);
    assert_int_equal(verdict.left, 0);
    rate_window_free(&window);
}

static void a_window_is_idle_when_its_last_call_has_left(void **state)
{
    (void)state;
    struct rate_window window = {0};
    struct rate_verdict verdict;
    size_t grown;
    assert_true(rate_window_idle(&window, 0));
    assert_int_equal(rate_window_call(&window, 5, 50, &verdict, &grown), 0);
    assert_false(rate_window_idle(&window, 1000004));
    assert_true(rate_window_idle(&window, 1000005));
    rate_window_free(&window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_random_patterns_are_judged_as_a_naive_oracle_judges_them),
        cmocka_unit_test(the_verdict_says_how_many_are_left_and_for_how_long),
        cmocka_unit_test(a_limit_that_changes_holds_from_the_next_call),
        cmocka_unit_test(a_window_is_idle_when_its_last_call_has_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
