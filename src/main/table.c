#include "main/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "main/value.h"

/* Rows in memory at once. */
#define PIECE_ROWS 1000

void table_begin(struct table *table, FILE *out, const char *const *headers)
{
    *table = (struct table){.out = out, .headers = headers};
    while (headers[table->columns])
        table->columns++;
}

static int width_of(const char *text)
{
    return (int)utf8_count(str_of(text));
}

static void measure(const struct table *table, int widths[TABLE_MAX_COLUMNS])
{
    for (int column = 0; column < table->columns; column++)
        widths[column] = width_of(table->headers[column]);
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % (size_t)table->columns;
        int width = width_of(table->cells[i]);
        widths[column] = width > widths[column] ? width : widths[column];
    }
}

static void print_aligned(const struct table *table, const char *const *cells,
                          const int widths[TABLE_MAX_COLUMNS])
{
    for (int column = 0; column < table->columns; column++) {
        bool last = column == table->columns - 1;
        fprintf(table->out, "%s%*s", cells[column],
                last ? 0 : widths[column] - width_of(cells[column]) + 2, "");
    }
    fputc('\n', table->out);
}

static void print_plain(const struct table *table, const char *const *cells)
{
    for (int column = 0; column < table->columns; column++)
        fprintf(table->out, "%s%c", cells[column], column == table->columns - 1 ? '\n' : '\t');
}

static void print(struct table *table)
{
    int widths[TABLE_MAX_COLUMNS] = {0};
    bool terminal = fileno(table->out) >= 0 && isatty(fileno(table->out));
    measure(table, widths);
    if (terminal && !table->headed)
        print_aligned(table, table->headers, widths);
    for (size_t i = 0; i < table->count; i += (size_t)table->columns) {
        const char *const *cells = (const char *const *)&table->cells[i];
        if (terminal)
            print_aligned(table, cells, widths);
        else
            print_plain(table, cells);
    }
}

static void print_piece(struct table *table)
{
    if (!table->failed)
        print(table);
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    table->count = 0;
    table->headed = true;
}

static void blank_controls(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
}

void table_add(struct table *table, struct str text)
{
    if (table->count == PIECE_ROWS * (size_t)table->columns)
        print_piece(table);
    if (table->count == table->capacity && !table->failed) {
        size_t capacity = table->capacity ? table->capacity * 2 : 256;
        char **cells = realloc(table->cells, capacity * sizeof(*cells));
        table->failed = !cells;
        table->cells = cells ? cells : table->cells;
        table->capacity = cells ? capacity : table->capacity;
    }
    char *copy = table->failed ? NULL : value_copy(text);
    table->failed = !copy;
    if (copy) {
        blank_controls(copy);
        table->cells[table->count++] = copy;
    }
}

void table_add_i64(struct table *table, int64_t number)
{
    char text[32];
    snprintf(text, sizeof(text), "%" PRId64, number);
    table_add(table, str_of(text));
}

int table_end(struct table *table)
{
    int result = table->failed ? ERR_NOMEM : 0;
    print_piece(table);
    free(table->cells);
    return result;
}
