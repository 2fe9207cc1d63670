#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/page_cursor.h"

static void what_was_written_is_read(void **state)
{
    (void)state;
    static const struct page_cursor cursors[] = {
        {0, {0, 0}, 1, 0},
        {8618217331411, {-1, 7}, 1000, 10000000},
        {INT64_MAX, {INT64_MAX, INT64_MIN}, INT64_MAX, INT64_MAX}};
    for (size_t i = 0; i < sizeof(cursors) / sizeof(cursors[0]); i++) {
        char text[PAGE_CURSOR_LEN];
        struct page_cursor read;
        page_cursor_write(&cursors[i], i, text);
        assert_int_equal(page_cursor_read((struct str){text, sizeof(text)}, i, &read), 0);
        assert_memory_equal(&read, &cursors[i], sizeof(read));
    }
}

static void what_was_not_written_so_is_refused(void **state)
{
    (void)state;
    const struct page_cursor cursor = {8618217331411, {0, 5}, 2, 10}, untouched = {1, {2, 3}, 4, 5};
    char text[PAGE_CURSOR_LEN + 1];
    struct page_cursor read = untouched;
    page_cursor_write(&cursor, 7, text);
    assert_int_equal(page_cursor_read((struct str){text, PAGE_CURSOR_LEN}, 8, &read), ERR_INVALID);
    assert_int_equal(page_cursor_read((struct str){text, PAGE_CURSOR_LEN - 1}, 7, &read),
                     ERR_INVALID);
    text[PAGE_CURSOR_LEN] = '0';
    assert_int_equal(page_cursor_read((struct str){text, PAGE_CURSOR_LEN + 1}, 7, &read),
                     ERR_INVALID);
    assert_int_equal(page_cursor_read((struct str){NULL, 0}, 7, &read), ERR_INVALID);
    for (size_t i = 0; i < PAGE_CURSOR_LEN; i++) {
        char kept = text[i];
        text[i] = kept == '0' ? '1' : '0';
        assert_int_equal(page_cursor_read((struct str){text, PAGE_CURSOR_LEN}, 7, &read),
                         ERR_INVALID);
        text[i] = 'A';
        assert_int_equal(page_cursor_read((struct str){text, PAGE_CURSOR_LEN}, 7, &read),
                         ERR_INVALID);
        text[i] = kept;
    }
    assert_memory_equal(&read, &untouched, sizeof(read));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(what_was_not_written_so_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
