/* The sandbox's journal: what left, one JSON line each, `sandbox.journal` in the data directory. It is
 * only appended to and grows without limit, for it is the witness of all that was ever handed over.
 *
 * Lines are gathered and written by a thread of the journal's own: one write and one fdatasync for all
 * that came while the last ones were written. */
#ifndef WSCRM_TRANSPORT_SANDBOX_JOURNAL_H
#define WSCRM_TRANSPORT_SANDBOX_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "transport/transport.h"

/* Of the lines that wait for the disk together: 2,500 of the longest texts (4 KiB and the rest of the
 * line, nothing escaped). A send that does not fit is told to come again. */
#define JOURNAL_BATCH_MAX (16 << 20)

struct sandbox_journal;

/* `told` gets the sends of a batch, in order, as a list through `next`, from a letter in `home`, and
 * `told_queries` the questions; `written` says whether their lines are on disk. */
struct sandbox_journal_settings {
    const char *directory;
    struct mailbox *home;
    void *context;
    void (*told)(void *context, struct transport_send *sends, bool written);
    void (*told_queries)(void *context, struct transport_queries *queries, bool written);
};
int journal_open(const struct sandbox_journal_settings *settings,
                 struct sandbox_journal **ret_journal, char *why, size_t why_size) MUST_USE;
/* What is being written is waited for and told; what waits behind it is not told any more. */
void journal_close(struct sandbox_journal *journal);

/* A line for the next batch. ERR_FULL: it does not fit. */
int journal_add(struct sandbox_journal *journal, struct transport_send *send) MUST_USE;
int journal_add_query(struct sandbox_journal *journal, struct transport_query *query) MUST_USE;
/* Lets the batch go, or when one is being written: as soon as that one is told. */
void journal_flush(struct sandbox_journal *journal);

/* All lines that are there, from the first on, 64 KiB at a time; a line without its end, or longer than any
 * of ours, is none. ERR_SYSTEM it cannot be read, ERR_NOMEM. */
int journal_scan(struct sandbox_journal *journal, void (*each)(void *context, struct str line),
                 void *context) MUST_USE;

#endif
