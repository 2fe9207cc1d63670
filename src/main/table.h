/* Lists on standard output: on a terminal aligned columns under a header; else one line per row, its
 * columns separated by a TAB, for scripts. */
#ifndef WSCRM_MAIN_TABLE_H
#define WSCRM_MAIN_TABLE_H

#include <stdint.h>
#include <stdio.h>

#include "base/text.h"

#define TABLE_MAX_COLUMNS 8

struct table {
    FILE *out;
    const char *const *headers; /* NULL at the end */
    int columns;
    char **cells; /* copies, row after row */
    size_t count, capacity;
    bool failed;
};

void table_begin(struct table *table, FILE *out, const char *const *headers);
/* Cell by cell, row by row. No control characters in it. */
void table_add(struct table *table, struct str text);
void table_add_i64(struct table *table, int64_t number);
/* Prints and frees it. 0, or ERR_NOMEM and nothing was printed. */
int table_end(struct table *table) MUST_USE;

#endif
