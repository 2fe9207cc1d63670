/* Rows of an import on their way from the file to the store: some thousands at a time, as bytes, so that
 * what goes through the server's control socket and what stays in the process is the same.
 *
 * A row is: its line (8 bytes), its number of cells (2), and each cell: its column (2), the kind of its
 * value (1), its length (4), its text. Most significant byte first. Empty cells are left out. */
#ifndef WSCRM_MAIN_IMPORT_BATCH_H
#define WSCRM_MAIN_IMPORT_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "domain/customer_change.h"

#define IMPORT_MAX_COLUMNS 1000
/* A batch ends at the first of these. 5,000 rows are what a call of the API takes; with 512 KiB even the
 * longest row behind them leaves a frame far below its maximum. */
#define BATCH_MAX_ROWS  5000
#define BATCH_MAX_BYTES ((size_t)512 << 10)
/* The longest record of a file: a cell of its own has at most 2,000 characters. */
#define RECORD_MAX_BYTES ((size_t)1 << 20)

/* Instead of a column: the row cannot be taken, and the cell says why. */
#define CELL_FAULT 0xffff

struct import_cell {
    unsigned column;
    struct item_value value;
};

/* --- writing */

struct import_batch {
    struct buf bytes;
    struct buf raw; /* of JSON Lines: the rows as they stood in the file, a line each */
    size_t rows;
    size_t row_at;     /* where the current row begins */
    unsigned cells;    /* of it */
    uint64_t end_line; /* behind the last row: its reader's to set */
};

void batch_init(struct import_batch *batch);
void batch_free(struct import_batch *batch);
void batch_clear(struct import_batch *batch);
bool batch_is_full(const struct import_batch *batch);

void batch_row_begin(struct import_batch *batch, uint64_t line);
void batch_cell(struct import_batch *batch, unsigned column, struct item_value value);
void batch_row_end(struct import_batch *batch);

/* --- reading */

struct import_row {
    uint64_t line;
    unsigned cells;
};

/* A place in bytes. What is not of the form above is ERR_PROTOCOL: it may come from another process. */
struct batch_reader {
    struct str rest;
};
/* 1 a row, whose cells are to be read next; 0 the end. */
int batch_next_row(struct batch_reader *reader, struct import_row *ret_row) MUST_USE;
int batch_next_cell(struct batch_reader *reader, struct import_cell *ret_cell) MUST_USE;

/* The parts that other messages are made of. */
void wire_add(struct buf *b, uint64_t value, unsigned bytes);
void wire_add_str(struct buf *b, struct str text);
int wire_take(struct str *rest, unsigned bytes, uint64_t *ret_value) MUST_USE;
int wire_take_str(struct str *rest, struct str *ret_text) MUST_USE; /* UTF-8 without NUL */

#endif
