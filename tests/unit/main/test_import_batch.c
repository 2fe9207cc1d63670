#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "main/import_batch.h"

static void fill(struct import_batch *batch)
{
    batch_init(batch);
    batch_row_begin(batch, 2);
    batch_cell(batch, 0, (struct item_value){VALUE_TEXT, STR("8613800000000")});
    batch_cell(batch, 999, (struct item_value){.kind = VALUE_NULL});
    batch_row_end(batch);
    batch_row_begin(batch, UINT64_C(5000000000));
    batch_row_end(batch);
}

static void rows_are_read_as_they_were_written(void **state)
{
    (void)state;
    struct import_batch batch;
    struct import_row row;
    struct import_cell cell;
    fill(&batch);
    struct batch_reader reader = {{batch.bytes.data, batch.bytes.len}};
    assert_int_equal(batch_next_row(&reader, &row), 1);
    assert_int_equal(row.line, 2);
    assert_int_equal(row.cells, 2);
    assert_int_equal(batch_next_cell(&reader, &cell), 0);
    assert_int_equal(cell.column, 0);
    assert_int_equal(cell.value.kind, VALUE_TEXT);
    assert_true(str_is(cell.value.text, "8613800000000"));
    assert_int_equal(batch_next_cell(&reader, &cell), 0);
    assert_int_equal(cell.column, 999);
    assert_int_equal(cell.value.kind, VALUE_NULL);
    assert_int_equal(batch_next_row(&reader, &row), 1);
    assert_int_equal(row.line, INT64_C(5000000000));
    assert_int_equal(row.cells, 0);
    assert_int_equal(batch_next_row(&reader, &row), 0);
    assert_int_equal(batch.rows, 2);
    batch_free(&batch);
}

/* All rows and cells; the first error. */
static int read_all(struct str bytes)
{
    struct batch_reader reader = {bytes};
    struct import_row row;
    struct import_cell cell;
    int result;
    while ((result = batch_next_row(&reader, &row)) == 1) {
        for (unsigned i = 0; result == 1 && i < row.cells; i++)
            result = batch_next_cell(&reader, &cell) < 0 ? ERR_PROTOCOL : 1;
        if (result < 0)
            return result;
    }
    return result;
}

static void bytes_that_are_cut_anywhere_break_the_protocol(void **state)
{
    (void)state;
    struct import_batch batch;
    fill(&batch);
    size_t first_row = 8 + 2 + (2 + 1 + 4 + 13) + (2 + 1 + 4);
    for (size_t len = 1; len < batch.bytes.len; len++) {
        int result = read_all((struct str){batch.bytes.data, len});
        assert_int_equal(result, len == first_row ? 0 : ERR_PROTOCOL);
    }
    batch_free(&batch);
}

static void texts_that_are_not_utf_8_and_unknown_kinds_break_the_protocol(void **state)
{
    (void)state;
    struct import_batch batch;
    fill(&batch);
    batch.bytes.data[8 + 2 + 2] = 77;
    assert_int_equal(read_all((struct str){batch.bytes.data, batch.bytes.len}), ERR_PROTOCOL);
    batch.bytes.data[8 + 2 + 2] = VALUE_TEXT;
    assert_int_equal(read_all((struct str){batch.bytes.data, batch.bytes.len}), 0);
    batch.bytes.data[8 + 2 + 2 + 1 + 4] = '\xff';
    assert_int_equal(read_all((struct str){batch.bytes.data, batch.bytes.len}), ERR_PROTOCOL);
    batch_free(&batch);
}

static void a_batch_is_full_by_rows_or_by_bytes(void **state)
{
    (void)state;
    static char text[BATCH_MAX_BYTES];
    struct import_batch batch;
    batch_init(&batch);
    for (size_t i = 0; i < BATCH_MAX_ROWS; i++) {
        assert_false(batch_is_full(&batch));
        batch_row_begin(&batch, i);
        batch_row_end(&batch);
    }
    assert_true(batch_is_full(&batch));
    batch_clear(&batch);
    assert_false(batch_is_full(&batch));
    memset(text, 'x', sizeof(text));
    batch_row_begin(&batch, 1);
    batch_cell(&batch, 1, (struct item_value){VALUE_TEXT, {text, sizeof(text)}});
    batch_row_end(&batch);
    assert_true(batch_is_full(&batch));
    batch_free(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read_as_they_were_written),
        cmocka_unit_test(bytes_that_are_cut_anywhere_break_the_protocol),
        cmocka_unit_test(texts_that_are_not_utf_8_and_unknown_kinds_break_the_protocol),
        cmocka_unit_test(a_batch_is_full_by_rows_or_by_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
