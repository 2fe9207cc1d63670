#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

#define MIB ((size_t)1 << 20)

static void an_arena_takes_no_memory_before_it_is_used(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MIB);
    assert_int_equal(a.total, 0);
    arena_reset(&a);
    arena_free(&a);
    assert_int_equal(a.total, 0);
}

static void allocations_are_aligned_and_do_not_overlap(void **state)
{
    (void)state;
    struct arena a;
    unsigned char *parts[200];
    arena_init(&a, MIB);
    for (size_t i = 0; i < 200; i++) {
        parts[i] = arena_alloc(&a, i * 7);
        assert_non_null(parts[i]);
        assert_int_equal((uintptr_t)parts[i] % 16, 0);
        memset(parts[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t j = 0; j < i * 7; j++)
            assert_int_equal(parts[i][j], i);
    arena_free(&a);
}

static void size_zero_gives_a_pointer(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MIB);
    assert_non_null(arena_alloc(&a, 0));
    assert_non_null(arena_calloc(&a, 0, 8));
    arena_free(&a);
}

static void the_maximum_holds_and_what_was_given_stays(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 10000);
    char *kept = arena_strdup(&a, "kept");
    const volatile size_t huge = SIZE_MAX; /* volatile: the compiler would refuse it */
    assert_null(arena_alloc(&a, 10000));
    assert_null(arena_alloc(&a, huge));
    assert_null(arena_alloc(&a, huge - 8));
    assert_null(arena_alloc(&a, huge / 2));
    size_t given = 0;
    while (arena_alloc(&a, 100))
        given += 100;
    assert_in_range(given, 7000, 10000); /* under AddressSanitizer there are gaps */
    assert_true(a.total <= 10000);
    assert_string_equal(kept, "kept");
    arena_free(&a);
}

static void the_last_block_takes_what_the_maximum_leaves(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1000); /* less than the smallest block */
    assert_non_null(arena_alloc(&a, 500));
    assert_int_equal(a.total, 1000);
    arena_free(&a);
}

static void a_large_allocation_leaves_the_newest_block_in_use(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MIB);
    char *first = arena_alloc(&a, 16);
    char *large = arena_alloc(&a, 100000);
    memset(large, 1, 100000);
    char *second = arena_alloc(&a, 16);
    assert_true(second > first && second - first <= 64);
    arena_free(&a);
}

static void a_large_allocation_may_be_the_first(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MIB);
    memset(arena_alloc(&a, 100000), 1, 100000);
    memset(arena_alloc(&a, 100), 2, 100);
    arena_reset(&a);
    assert_int_equal(a.total, 0); /* both blocks are larger than what is kept */
    arena_free(&a);
}

static void reset_keeps_one_block_of_at_most_16_kib(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MIB);
    for (int i = 0; i < 1000; i++)
        assert_non_null(arena_alloc(&a, 300));
    assert_true(a.total > 100000);
    arena_reset(&a);
    assert_int_equal(a.total, 16384);
    char *p = arena_alloc(&a, 300);
    assert_non_null(p);
    assert_int_equal(a.total, 16384);
    arena_free(&a);
}

static void calloc_zeroes_and_checks_for_overflow(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MIB);
    memset(arena_alloc(&a, 1000), 0xFF, 1000);
    arena_reset(&a);
    const unsigned char *p = arena_calloc(&a, 10, 50);
    for (size_t i = 0; i < 500; i++)
        assert_int_equal(p[i], 0);
    assert_null(arena_calloc(&a, SIZE_MAX / 2, 3));
    arena_free(&a);
}

static void copies_end_with_nul(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MIB);
    assert_memory_equal(arena_memdup(&a, "a\0bc", 3), "a\0b", 4);
    assert_string_equal(arena_memdup(&a, NULL, 0), "");
    assert_string_equal(arena_strdup(&a, "text"), "text");
    assert_null(arena_memdup(&a, "", SIZE_MAX));
    arena_free(&a);
}

static void printf_formats_texts_of_any_length(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, MIB);
    assert_string_equal(arena_printf(&a, "%s-%d", "x", 42), "x-42");
    const char *wide = arena_printf(&a, "%*d", 50000, 7);
    assert_int_equal(strlen(wide), 50000);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_takes_no_memory_before_it_is_used),
        cmocka_unit_test(allocations_are_aligned_and_do_not_overlap),
        cmocka_unit_test(size_zero_gives_a_pointer),
        cmocka_unit_test(the_maximum_holds_and_what_was_given_stays),
        cmocka_unit_test(the_last_block_takes_what_the_maximum_leaves),
        cmocka_unit_test(a_large_allocation_leaves_the_newest_block_in_use),
        cmocka_unit_test(a_large_allocation_may_be_the_first),
        cmocka_unit_test(reset_keeps_one_block_of_at_most_16_kib),
        cmocka_unit_test(calloc_zeroes_and_checks_for_overflow),
        cmocka_unit_test(copies_end_with_nul),
        cmocka_unit_test(printf_formats_texts_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
