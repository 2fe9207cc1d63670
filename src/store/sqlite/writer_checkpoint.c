/* When the write-ahead log is copied into the database. SQLite would do it inside a COMMIT, every
 * 1,000 pages; here it is done between groups, so that no answer waits for it. */
#include "base/log.h"
#include "store/sqlite/writer.h"

/* 16 MiB: a copy then takes some 20 ms, and most pages of a busy table are copied once instead of
 * many times. PASSIVE takes what no reader is in the way of and never waits. */
#define PASSIVE_PAGES 8000
/* 64 MiB: readers were in the way each time. RESTART waits for those who read an old state (a read
 * lasts 2 ms), so that the log starts over. When it could not, the next attempt is 4 MiB later. */
#define RESTART_PAGES    32768
#define RESTART_RETRY    2048
#define RESTART_BUSY_MS  50
#define ORDINARY_BUSY_MS 2000

static int log_grew(void *context, sqlite3 *db, const char *schema, int pages)
{
    (void)db, (void)schema;
    ((struct writer *)context)->log_pages = pages;
    return SQLITE_OK;
}

void checkpoint_watch(struct writer *writer)
{
    sqlite3_wal_hook(writer->connection.db, log_grew, writer);
    writer->log_pages_copied = 0;
}

static int checkpoint(struct writer *writer, int mode)
{
    sqlite3 *db = writer->connection.db;
    int pages = 0, copied = 0;
    sqlite3_busy_timeout(db, RESTART_BUSY_MS);
    int code = sqlite3_wal_checkpoint_v2(db, NULL, mode, &pages, &copied);
    sqlite3_busy_timeout(db, ORDINARY_BUSY_MS);
    atomic_fetch_add_explicit(&writer->checkpoints, 1, memory_order_relaxed);
    bool failed = code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY;
    if (failed && !writer->checkpoint_fails)
        log_line(LOG_ERROR, "store: checkpoint failed: %s (%d)", sqlite3_errmsg(db), code);
    writer->checkpoint_fails = failed;
    return code;
}

void checkpoint_if_due(struct writer *writer)
{
    if (writer->log_pages < writer->log_pages_copied)
        writer->log_pages_copied = 0; /* it started over */
    int fresh = writer->log_pages - writer->log_pages_copied;
    if (writer->log_pages >= RESTART_PAGES && fresh >= RESTART_RETRY) {
        writer->log_pages_copied = writer->log_pages;
        if (checkpoint(writer, SQLITE_CHECKPOINT_RESTART) == SQLITE_OK)
            writer->log_pages = writer->log_pages_copied = 0;
    } else if (fresh >= PASSIVE_PAGES) {
        writer->log_pages_copied = writer->log_pages;
        (void)checkpoint(writer, SQLITE_CHECKPOINT_PASSIVE);
    }
}

int checkpoint_all(struct writer *writer)
{
    int code = checkpoint(writer, SQLITE_CHECKPOINT_TRUNCATE);
    if (code == SQLITE_OK)
        writer->log_pages = writer->log_pages_copied = 0;
    /* Busy: somebody reads. What is in his way is synced all the same. */
    return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY ? 0 : ERR_STORE;
}
