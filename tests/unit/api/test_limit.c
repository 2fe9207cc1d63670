#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "api/limit.h"

static _Atomic int64_t now_us;

static int64_t virtual_clock(void)
{
    return now_us;
}

static struct limit_table *make(size_t max_bytes)
{
    struct limit_table *table;
    now_us = 5000000;
    assert_int_equal(limit_table_new(max_bytes, virtual_clock, &table), 0);
    return table;
}

static bool call(struct limit_table *table, int64_t tenant, size_t route)
{
    struct rate_verdict verdict;
    assert_int_equal(limit_call(table, tenant, route, 50, &verdict), 0);
    return verdict.accepted;
}

static void the_51st_call_of_a_tenant_and_endpoint_is_refused_and_no_other(void **state)
{
    (void)state;
    struct limit_table *table = make(1 << 20);
    for (int i = 0; i < 50; i++)
        assert_true(call(table, 1, 0));
    assert_false(call(table, 1, 0));
    assert_true(call(table, 2, 0)); /* another tenant */
    assert_true(call(table, 1, 1)); /* another endpoint */
    now_us += 1000000;
    assert_true(call(table, 1, 0));
    limit_table_free(table);
}

static void what_is_idle_is_dropped_by_the_sweep(void **state)
{
    (void)state;
    struct limit_table *table = make(1 << 20);
    for (int64_t tenant = 0; tenant < 1000; tenant++)
        assert_true(call(table, tenant, 0));
    assert_true(limit_table_bytes(table) > 1000 * 8);
    now_us += 500000;
    assert_true(call(table, 7, 0));
    now_us += 500000;
    limit_sweep(table);
    size_t one = limit_table_bytes(table);
    assert_true(one > 0 && one < 1000);
    now_us += 500000;
    limit_sweep(table);
    assert_int_equal(limit_table_bytes(table), 0);
    limit_table_free(table);
}

static void the_table_has_a_hard_maximum(void **state)
{
    (void)state;
    struct limit_table *table = make(4096);
    struct rate_verdict verdict;
    int result = 0;
    int64_t tenant = 0;
    while (result == 0 && tenant < 1000)
        result = limit_call(table, tenant++, 0, 50, &verdict);
    assert_int_equal(result, ERR_NOMEM);
    assert_true(limit_table_bytes(table) < 4096 + 256);
    assert_true(call(table, 0, 0)); /* who is in it already goes on */
    now_us += 1000000;
    limit_sweep(table);
    assert_true(call(table, 12345, 0));
    limit_table_free(table);
}

static void more_than_100_failures_a_second_from_one_address_are_told(void **state)
{
    (void)state;
    struct limit_table *table = make(1 << 20);
    for (int i = 0; i < 100; i++)
        assert_false(limit_failure(table, STR("192.0.2.1")));
    assert_true(limit_failure(table, STR("192.0.2.1")));
    assert_false(limit_failure(table, STR("192.0.2.2")));
    assert_false(limit_failure(table, STR("2001:db8::1")));
    assert_false(limit_failure(table, STR("unix")));
    now_us += 1000000;
    assert_false(limit_failure(table, STR("192.0.2.1")));
    limit_table_free(table);
}

#define THREADS    4
#define CALLS_EACH 1000

static atomic_int accepted;

static void *hammer(void *table)
{
    for (int i = 0; i < CALLS_EACH; i++) {
        struct rate_verdict verdict;
        if (limit_call(table, 1, 0, 50, &verdict) == 0 && verdict.accepted)
            accepted++;
        limit_sweep(table);
    }
    return NULL;
}

static void threads_together_get_exactly_the_limit(void **state)
{
    (void)state;
    struct limit_table *table = make(1 << 20);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, table), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(accepted, 50);
    limit_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_51st_call_of_a_tenant_and_endpoint_is_refused_and_no_other),
        cmocka_unit_test(what_is_idle_is_dropped_by_the_sweep),
        cmocka_unit_test(the_table_has_a_hard_maximum),
        cmocka_unit_test(more_than_100_failures_a_second_from_one_address_are_told),
        cmocka_unit_test(threads_together_get_exactly_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
