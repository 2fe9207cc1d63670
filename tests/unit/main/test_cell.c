#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "main/cell.h"

static void backslash_n_alone_is_null(void **state)
{
    (void)state;
    static const struct {
        const char *cell;
        enum item_value_kind kind;
        const char *text;
    } rows[] = {
        {"\\N", VALUE_NULL, ""},
        {"\\\\N", VALUE_TEXT, "\\N"},
        {"\\\\\\N", VALUE_TEXT, "\\\\N"},
        {"N", VALUE_TEXT, "N"},
        {"\\", VALUE_TEXT, "\\"},
        {"\\n", VALUE_TEXT, "\\n"},
        {"\\NN", VALUE_TEXT, "\\NN"},
        {"a\\N", VALUE_TEXT, "a\\N"},
        {"", VALUE_TEXT, ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct item_value value = cell_read(str_of(rows[i].cell));
        assert_int_equal(value.kind, rows[i].kind);
        assert_true(str_is(value.text, rows[i].text));
    }
}

static void any_text_comes_back_as_itself(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "N", "\\", "\\N", "\\\\N", "\\\\\\\\N", "\\\\", "x\\N"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct buf b;
        buf_init(&b, 64);
        cell_write(&b, (struct item_value){VALUE_TEXT, str_of(texts[i])});
        struct item_value value = cell_read((struct str){b.data, b.len});
        assert_int_equal(value.kind, VALUE_TEXT);
        assert_true(str_is(value.text, texts[i]));
        buf_clear(&b);
        cell_write(&b, (struct item_value){.kind = VALUE_NULL});
        assert_true(str_is((struct str){b.data, b.len}, "\\N"));
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backslash_n_alone_is_null),
        cmocka_unit_test(any_text_comes_back_as_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
