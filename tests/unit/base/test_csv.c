#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/csv.h"

#define MAX_CELLS 8

struct reading {
    char data[256];
    size_t len;
    struct str cells[MAX_CELLS];
    struct csv_record record;
    struct csv_fault fault;
    char text[256]; /* the cells in brackets */
};

static int read_text(struct reading *reading, const char *text, bool is_last)
{
    reading->len = strlen(text);
    memcpy(reading->data, text, reading->len);
    reading->record = (struct csv_record){.cells = reading->cells, .max = MAX_CELLS};
    int result =
        csv_read(reading->data, reading->len, is_last, ',', &reading->record, &reading->fault);
    size_t at = 0;
    reading->text[0] = '\0';
    for (size_t i = 0; i < reading->record.count; i++) {
        const struct str *cell = &reading->cells[i];
        at += (size_t)snprintf(reading->text + at, sizeof(reading->text) - at, "[%.*s]",
                               (int)cell->len, cell->len ? cell->p : "");
    }
    return result;
}

static void a_record_is_cut_into_cells(void **state)
{
    (void)state;
    static const struct {
        const char *text, *cells;
        size_t used, lines;
    } rows[] = {
        {"a,b\nc", "[a][b]", 4, 1},
        {"a,b\r\nc", "[a][b]", 5, 1},
        {"a,\n", "[a][]", 3, 1},
        {",\n", "[][]", 2, 1},
        {"\n", "", 1, 1},
        {"\r\n", "", 2, 1},
        {"\"a\",\"b\"\n", "[a][b]", 8, 1},
        {"\"a,b\",\"\"\r\n", "[a,b][]", 10, 1},
        {"\"say \"\"hi\"\"\",x\n", "[say \"hi\"][x]", 15, 1},
        {"\"two\r\nlines\",x\n", "[two\r\nlines][x]", 15, 2},
        {"6\" pipe,x\n", "[6\" pipe][x]", 10, 1},
        {"\"\"\n", "[]", 3, 1},
        {" \"a\",b\n", "[ \"a\"][b]", 7, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reading reading;
        assert_int_equal(read_text(&reading, rows[i].text, false), 1);
        assert_string_equal(reading.text, rows[i].cells);
        assert_int_equal(reading.record.used, rows[i].used);
        assert_int_equal(reading.record.lines, rows[i].lines);
    }
}

static void the_last_line_needs_no_end(void **state)
{
    (void)state;
    struct reading reading;
    assert_int_equal(read_text(&reading, "a,\"b\"", true), 1);
    assert_string_equal(reading.text, "[a][b]");
    assert_int_equal(reading.record.used, 5);
    assert_int_equal(reading.record.lines, 0);
}

static void a_record_that_is_not_whole_waits_untouched(void **state)
{
    (void)state;
    static const char *const texts[] = {"",        "a",         "a,\"b", "a,\"b\n",
                                        "a,\"b\"", "a,\"b\"\"", "a,b\r"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct reading reading;
        assert_int_equal(read_text(&reading, texts[i], false), 0);
        assert_memory_equal(reading.data, texts[i], strlen(texts[i]));
    }
}

static void a_fault_names_its_line(void **state)
{
    (void)state;
    struct reading reading;
    assert_int_equal(read_text(&reading, "a,\"b\nc\",\"d\ne\n", true), ERR_INVALID);
    assert_int_equal(reading.fault.line, 1);
    assert_string_equal(reading.fault.what, "a quote that is not closed");
    assert_int_equal(read_text(&reading, "a,\"b\nc\"d\n", true), ERR_INVALID);
    assert_int_equal(reading.fault.line, 1);
    assert_string_equal(reading.fault.what, "text behind a closing quote");
    assert_int_equal(read_text(&reading, "1,2,3,4,5,6,7,8,9\n", true), ERR_INVALID);
    assert_string_equal(reading.fault.what, "too many cells");
}

static void an_unfinished_record_says_whether_a_quote_is_open(void **state)
{
    (void)state;
    struct reading reading;
    assert_int_equal(read_text(&reading, "a\n", false), 1);
    assert_int_equal(read_text(&reading, "a,\"b\n\n", false), 0);
    assert_true(reading.fault.in_quote);
    assert_int_equal(read_text(&reading, "a,b", false), 0);
    assert_false(reading.fault.in_quote);
}

static void the_separator_is_the_one_that_is_met_most(void **state)
{
    (void)state;
    assert_int_equal(csv_separator(STR("a,b,c;d\n;;;;"), ",;\t"), ',');
    assert_int_equal(csv_separator(STR("a;b;c,d"), ",;\t"), ';');
    assert_int_equal(csv_separator(STR("a\tb"), ",;\t"), '\t');
    assert_int_equal(csv_separator(STR("\"a;;;;b\",c"), ",;\t"), ',');
    assert_int_equal(csv_separator(STR("whatsApp"), ",;\t"), ',');
}

static void a_cell_is_written_so_that_it_reads_the_same(void **state)
{
    (void)state;
    static const char *const cells[] = {"plain", "",           "a,b", "a;b",
                                        "a\tb",  "say \"hi\"", "\"",  "two\nlines",
                                        "=1+1",  " blanks ",   "\r"};
    for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        struct reading reading;
        struct buf text;
        buf_init(&text, 256);
        buf_add_csv(&text, str_of(cells[i]));
        buf_add(&text, ",x\n\0", 4);
        assert_int_equal(read_text(&reading, text.data, true), 1);
        assert_int_equal(reading.record.count, 2);
        assert_true(str_is(reading.cells[0], cells[i]));
        buf_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_cut_into_cells),
        cmocka_unit_test(the_last_line_needs_no_end),
        cmocka_unit_test(a_record_that_is_not_whole_waits_untouched),
        cmocka_unit_test(a_fault_names_its_line),
        cmocka_unit_test(an_unfinished_record_says_whether_a_quote_is_open),
        cmocka_unit_test(the_separator_is_the_one_that_is_met_most),
        cmocka_unit_test(a_cell_is_written_so_that_it_reads_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
