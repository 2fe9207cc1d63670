/* csv_read() on any bytes. Beyond not crashing: all that is given at once reads like all that comes byte
 * by byte, and what is read, written and read again is the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())
#define MAX_CELLS        64

/* The record at the beginning of a copy of the bytes, with `visible` of them there at first. */
static int read_growing(const uint8_t *data, size_t size, size_t visible, char *copy,
                        struct csv_record *record)
{
    struct csv_fault fault;
    int result = 0;
    memcpy(copy, data, size);
    for (; result == 0 && visible < size; visible++)
        result = csv_read(copy, visible, false, ',', record, &fault);
    return result == 0 ? csv_read(copy, size, true, ',', record, &fault) : result;
}

static void check_equal(const struct csv_record *a, const struct csv_record *b)
{
    CHECK(a->count == b->count);
    for (size_t i = 0; i < a->count; i++)
        CHECK(str_eq(a->cells[i], b->cells[i]));
}

static void check_written(const struct csv_record *record)
{
    struct str cells[MAX_CELLS];
    struct csv_record again = {.cells = cells, .max = MAX_CELLS};
    struct csv_fault fault;
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < record->count; i++) {
        if (i > 0)
            buf_add_char(&text, ',');
        buf_add_csv(&text, record->cells[i]);
    }
    buf_add_char(&text, '\n');
    /* A cell that is nothing alone is a blank line. */
    if (text.len > 1) {
        CHECK(csv_read(text.data, text.len, false, ',', &again, &fault) == 1);
        CHECK(again.used == text.len);
        check_equal(record, &again);
    }
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str cells[MAX_CELLS], other_cells[MAX_CELLS];
    struct csv_record record = {.cells = cells, .max = MAX_CELLS};
    struct csv_record other = {.cells = other_cells, .max = MAX_CELLS};
    char *copy = malloc(size + 1), *other_copy = malloc(size + 1);
    while (size > 0 && copy && other_copy) {
        int result = read_growing(data, size, size, copy, &record);
        CHECK(result == read_growing(data, size, size < 200 ? 0 : size - 1, other_copy, &other));
        if (result < 0)
            break;
        CHECK(record.used > 0 && record.used <= size && record.used == other.used);
        check_equal(&record, &other);
        if (record.count > 0)
            check_written(&record);
        data += record.used;
        size -= record.used;
    }
    csv_separator((struct str){(const char *)data, size}, ",;\t");
    free(copy);
    free(other_copy);
    return 0;
}
