/* The refused rows of an import, with line and reason, in a file of the same format: to be mended and
 * imported again. CSV: the same columns, then the line, the reason, and what was too much in the row.
 * JSON Lines: {"line":…,"reason":…,"item":the line as it was}. */
#ifndef WSCRM_MAIN_IMPORT_REJECTS_H
#define WSCRM_MAIN_IMPORT_REJECTS_H

#include <stdio.h>

#include "main/import_source.h"

struct import_rejects {
    char path[4200];
    FILE *file;    /* NULL: not open */
    bool is_fresh; /* the file was not there before */
    const struct import_source *source;
    bool is_ours[IMPORT_MAX_COLUMNS]; /* columns that an earlier list added: left out */
    const char *line_name, *reason_name;
    struct buf text;
    uint64_t count;
};

/* Opens `path` (len 0: the source's name and a suffix), which stays as it is until the first row is
 * refused. ERR_SYSTEM with errno, ERR_TOO_LARGE. */
int rejects_open(struct import_rejects *rejects, struct str path,
                 const struct import_source *source) MUST_USE;
/* Before the first row: whether the tenant has fields named "line" or "reason". */
void rejects_name(struct import_rejects *rejects, bool are_taken);
/* `raw`: the row as it stood in a file of JSON Lines. */
void rejects_add(struct import_rejects *rejects, const struct import_row *row,
                 struct batch_reader *cells, struct str raw, struct str reason);
/* Removes the file when nothing was refused, `is_done` says that all rows were seen; without it a file of
 * before stays. ERR_SYSTEM: not all of it could be written. */
int rejects_close(struct import_rejects *rejects, bool is_done) MUST_USE;

#endif
