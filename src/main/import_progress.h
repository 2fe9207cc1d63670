/* What an import counts, how it shows that on a terminal while it runs, and its summary. */
#ifndef WSCRM_MAIN_IMPORT_PROGRESS_H
#define WSCRM_MAIN_IMPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct import_progress {
    FILE *terminal; /* NULL: nobody looks */
    int64_t begin_ms, shown_ms;
    bool is_shown;
    uint64_t rows, created, changed, unchanged, refused;
    uint64_t odd;      /* numbers of a length that is not possible in their country */
    uint64_t odd_line; /* the first of them */
};

/* Shows it on `err` when that is a terminal. */
void progress_init(struct import_progress *progress, FILE *err);
/* At most five times a second. `done` of `size` bytes; size 0: not known. */
void progress_show(struct import_progress *progress, const char *what, int64_t done, int64_t size);
/* Takes it off the terminal. */
void progress_clear(struct import_progress *progress);
void progress_summary(const struct import_progress *progress, FILE *out, FILE *err);

#endif
