/* Lists on standard output: on a terminal aligned columns under a header; else one line per row, its
 * columns separated by a TAB, for scripts. A long list is printed as it comes, in pieces that are aligned
 * each by itself. */
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
    bool headed; /* the header is printed */
    bool failed;
};

void table_begin(struct table *table, FILE *out, const char *const *headers);
/* Cell by cell, row by row. A control character in it is shown as a blank. */
void table_add(struct table *table, struct str text);
void table_add_i64(struct table *table, int64_t number);
/* Prints what is left and frees it. 0, or ERR_NOMEM and the end of the list is missing. */
int table_end(struct table *table) MUST_USE;

#endif
