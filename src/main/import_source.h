/* The file of an import: CSV or JSON Lines, found out by itself, read record by record. */
#ifndef WSCRM_MAIN_IMPORT_SOURCE_H
#define WSCRM_MAIN_IMPORT_SOURCE_H

#include "base/arena.h"
#include "main/import_batch.h"

enum source_format { SOURCE_CSV, SOURCE_JSON_LINES };

struct source_column {
    struct str name;
    bool is_extension; /* a member of extensionField */
};

struct import_source {
    int fd, stop_fd;
    const char *name; /* for messages */
    int64_t size;     /* bytes from where it began; 0: not known, it cannot be read twice */
    int64_t begin;
    enum source_format format;
    char separator;

    struct source_column columns[IMPORT_MAX_COLUMNS]; /* CSV: all; JSON Lines: those met so far */
    size_t column_count;
    struct arena names;

    /* The part that is in memory: data[start] to data[end]. */
    char *data;
    size_t start, end;
    size_t text_end; /* up to here it is UTF-8 without NUL */
    bool at_end, is_bad;
    uint64_t line, next_line; /* of the last record, of the next */
    int64_t consumed;         /* bytes of the records so far */
    struct arena row;
    struct str cells[IMPORT_MAX_COLUMNS];
    char why[320];
};

/* Reads as far as the header (CSV). `fd` and `stop_fd` (readable: break off) stay the caller's. In any
 * case source_close(). ERR_INVALID, ERR_SYSTEM, ERR_NOMEM with why[]; ERR_CLOSED: broken off. */
int source_open(struct import_source *source, int fd, int stop_fd, const char *name) MUST_USE;
void source_close(struct import_source *source);
/* Back to the first row, when size is known; the columns stay. Errors as above. */
int source_rewind(struct import_source *source) MUST_USE;

/* The next row into the batch: 1; 0: that was the last. Errors as above; ERR_INVALID is a fault after
 * which nothing can be read. */
int source_next(struct import_source *source, struct import_batch *batch) MUST_USE;

bool source_has(const struct import_source *source, struct str name);

#endif
