/* CSV (RFC 4180), record by record, out of a buffer that its reader keeps filled; and cells out.
 *
 * Beyond the RFC: the separator may be another byte, lines may end in LF alone, the last line needs no
 * end, and a quote inside a cell that did not begin with one is a plain character. */
#ifndef WSCRM_BASE_CSV_H
#define WSCRM_BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

struct csv_record {
    struct str *cells; /* [max], the caller's; texts lie in the buffer */
    size_t max, count; /* count 0: a blank line */
    size_t used;       /* bytes of the buffer */
    size_t lines;      /* line ends among them, those inside cells too */
};

struct csv_fault {
    size_t line; /* how many lines below the record's first */
    const char *what;
    bool in_quote; /* of an unfinished record: a quote is open at the buffer's end */
};

/* The record at the beginning of data[]. Quotes are taken off in place, so the bytes used are spent.
 * 1: there is one; 0: it is not whole, more bytes are needed (never when is_last), nothing was
 * touched; ERR_INVALID with a fault. `separator` is neither a quote nor a line end. */
int csv_read(char *data, size_t len, bool is_last, char separator, struct csv_record *record,
             struct csv_fault *ret_fault) MUST_USE;

/* Which of `candidates` is met most in the first line, outside quotes; the first one when none is. */
char csv_separator(struct str text, const char *candidates);

/* A cell, in quotes when it needs them: when `,`, `;`, a TAB, a quote, CR or LF is in it. */
void buf_add_csv(struct buf *b, struct str cell);

#endif
