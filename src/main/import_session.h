/* The end of an import that has the store: from batches of rows to outcomes. Runs in the server for a
 * command that came through the control socket, else in the command itself. */
#ifndef WSCRM_MAIN_IMPORT_SESSION_H
#define WSCRM_MAIN_IMPORT_SESSION_H

#include "main/import_batch.h"
#include "main/sync.h"

/* Batches between rows and finish: while one is read and judged, two are at the writer, which so never
 * waits for us. */
#define SESSION_MAX_BATCHES 3

/* What a column's name is, asked before anything is written. */
enum column_verdict {
    COLUMN_KNOWN,
    COLUMN_OURS,    /* made by an earlier import's list of refused rows: ignored */
    COLUMN_UNKNOWN, /* a hint may come with it */
};

/* How a row went; bits of a byte. */
enum row_status {
    ROW_UNCHANGED,
    ROW_CREATED,
    ROW_CHANGED,
    ROW_REFUSED,
    ROW_STATUS_MASK = 3,
    ROW_ODD_LENGTH = 4, /* its number has a length that is not possible in its country */
};

struct import_session;

/* The context's arguments say the tenant and the agent. Complains: EXIT_FAILED, EXIT_WRONG_USE, else
 * EXIT_GOOD. */
int import_session_new(struct context *context, struct import_session **ret_session) MUST_USE;
/* Waits for what is at the writer. */
void import_session_free(struct import_session *session);

/* More columns, numbered on from those before. `names`: each a byte (1: inside extensionField) and a
 * text. `reply`: a byte, 1 when the tenant has a field named "line" or "reason"; then each a byte, its
 * column_verdict, and a text, the hint. ERR_PROTOCOL, ERR_NOMEM. */
int import_session_columns(struct import_session *session, struct str names,
                           struct buf *reply) MUST_USE;

/* Judges the rows and hands them to the writer; fewer than SESSION_MAX_BATCHES are unfinished. The
 * bytes stay until the batch is finished. ERR_PROTOCOL, ERR_NOMEM; ERR_NOT_FOUND: the tenant is gone. */
int import_session_rows(struct import_session *session, struct str bytes) MUST_USE;

/* Waits for the oldest batch. `reply`: a byte for each row, its row_status, then for each that is
 * refused a text that says why. The store's error. */
int import_session_finish(struct import_session *session, struct buf *reply) MUST_USE;

/* Whether a number came that may be written in two forms (number_variant()); and whose import it is. */
bool import_session_twofold(const struct import_session *session, int64_t *ret_tenant_id);

#endif
