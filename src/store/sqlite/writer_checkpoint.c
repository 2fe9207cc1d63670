/* When the write-ahead log is copied into the database. SQLite would do it inside a COMMIT, every
 * 1,000 pages. Here a thread of its own does it, on a connection of its own, beside the writer: pages
 * that lie all over a large table take 50 to 100 ms to write and sync, which no command should wait for.
 *
 * With nothing left to copy and nobody reading, SQLite starts the log over by itself. Where writing
 * never pauses, the writer does it, when so little is left that nobody notices. */
#include "base/log.h"
#include "store/sqlite/store_sqlite.h"

/* 16 MiB: most pages of a busy table are copied once instead of many times. PASSIVE takes what no
 * reader is in the way of and never waits. */
#define COPY_PAGES 8000
/* 64 MiB: from here on heavy commands wait while it is copied, and that is done again and again until
 * less than 1 MiB is left, some 10 ms; then RESTART takes that, and waits for those who read an old
 * state (a read lasts 2 ms). When it could not start over, the next attempt is 4 MiB later. */
#define RESTART_PAGES    32768
#define REST_PAGES       500
#define RESTART_RETRY    2048
#define RESTART_BUSY_MS  50
#define ORDINARY_BUSY_MS 2000
/* 96 MiB: the copying does not keep up, and the writer waits for it. */
#define WAIT_PAGES 49152

static int log_grew(void *context, sqlite3 *db, const char *schema, int pages)
{
    (void)db, (void)schema;
    ((struct writer *)context)->log_pages = pages;
    return SQLITE_OK;
}

void checkpoint_watch(struct writer *writer)
{
    sqlite3_wal_hook(writer->connection.db, log_grew, writer);
    writer->log_pages_copied = writer->log_pages_retry = 0;
}

/* Under copier.mutex. */
static int checkpoint(struct writer *writer, sqlite3 *db, int mode)
{
    int pages = 0, copied = 0;
    sqlite3_busy_timeout(db, RESTART_BUSY_MS);
    int code = sqlite3_wal_checkpoint_v2(db, NULL, mode, &pages, &copied);
    sqlite3_busy_timeout(db, ORDINARY_BUSY_MS);
    atomic_fetch_add_explicit(&writer->checkpoints, 1, memory_order_relaxed);
    bool failed = code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY;
    if (failed && !writer->copier.fails)
        log_line(LOG_ERROR, "store: checkpoint failed: %s (%d)", sqlite3_errmsg(db), code);
    writer->copier.fails = failed;
    return code;
}

/* On the writer's connection, when the copier is done. */
static int checkpoint_here(struct writer *writer, int mode)
{
    pthread_mutex_lock(&writer->copier.mutex);
    int code = checkpoint(writer, writer->connection.db, mode);
    pthread_mutex_unlock(&writer->copier.mutex);
    if (code == SQLITE_OK && mode != SQLITE_CHECKPOINT_PASSIVE)
        writer->log_pages = writer->log_pages_copied = writer->log_pages_retry = 0;
    return code;
}

/* --- the copier */

/* Where the log has grown meanwhile, SQLite leaves the database unsynced for the next checkpoint to do;
 * the next may be the writer's. Not needed for safety: a failure only makes that one take longer. */
static void sync_database(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(db, NULL, SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK && file &&
        file->pMethods)
        (void)file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

/* A new connection each time: whatever a fault did to the last one, nothing of it stays. */
static void copy(struct store *store)
{
    struct writer *writer = &store->writer;
    struct connection connection;
    pthread_mutex_lock(&writer->copier.mutex);
    if (connection_open(store->database_path, CONNECTION_WRITE, &store->settings, &connection) ==
        0) {
        if (checkpoint(writer, connection.db, SQLITE_CHECKPOINT_PASSIVE) == SQLITE_OK)
            sync_database(connection.db);
        connection_close(&connection);
    }
    pthread_mutex_unlock(&writer->copier.mutex);
}

static void *copier_thread(void *argument)
{
    struct store *store = argument;
    struct copier *copier = &store->writer.copier;
    for (;;) {
        struct letter *letter = mailbox_take(copier->inbox);
        while (letter) {
            struct letter *next = letter->next; /* once it is done, the letter is posted anew */
            if (letter == &copier->stop)
                return NULL;
            copy(store);
            mailbox_post(store->writer.inbox, &copier->done);
            letter = next;
        }
        mailbox_wait(copier->inbox, -1);
    }
}

int copier_init(struct copier *copier)
{
    pthread_mutex_init(&copier->mutex, NULL);
    return mailbox_new(&copier->inbox);
}

int copier_start(struct store *store)
{
    struct copier *copier = &store->writer.copier;
    copier->started = pthread_create(&copier->thread, NULL, copier_thread, store) == 0;
    return copier->started ? 0 : ERR_SYSTEM;
}

void copier_stop(struct copier *copier)
{
    if (copier->started) {
        mailbox_post(copier->inbox, &copier->stop);
        pthread_join(copier->thread, NULL);
        copier->started = false;
    }
}

void copier_free(struct copier *copier)
{
    if (copier->inbox)
        mailbox_free(copier->inbox);
    copier->inbox = NULL;
    pthread_mutex_destroy(&copier->mutex);
}

/* --- the writer's side */

static void ask_copier(struct writer *writer)
{
    writer->log_pages_copied = writer->log_pages;
    writer->copier.busy = true;
    mailbox_post(writer->copier.inbox, &writer->copier.work);
}

static void start_over(struct writer *writer)
{
    if (checkpoint_here(writer, SQLITE_CHECKPOINT_RESTART) != SQLITE_OK)
        writer->log_pages_retry = writer->log_pages + RESTART_RETRY;
}

bool checkpoint_holds(const struct writer *writer)
{
    return writer->copier.busy && writer->log_pages >= RESTART_PAGES;
}

void checkpoint_if_due(struct writer *writer)
{
    bool busy = writer->copier.busy;
    if (writer->log_pages < writer->log_pages_copied)
        writer->log_pages_copied = writer->log_pages_retry = 0; /* it started over */
    int fresh = writer->log_pages - writer->log_pages_copied;
    bool is_long = writer->log_pages >= RESTART_PAGES;
    bool may_restart = is_long && writer->log_pages >= writer->log_pages_retry;
    if (may_restart && (writer->log_pages >= WAIT_PAGES || (!busy && fresh < REST_PAGES)))
        start_over(writer);
    else if (!busy && fresh >= (is_long ? REST_PAGES : COPY_PAGES))
        ask_copier(writer);
}

int checkpoint_all(struct writer *writer)
{
    int code = checkpoint_here(writer, SQLITE_CHECKPOINT_TRUNCATE);
    /* Busy: somebody reads. What is in his way is synced all the same. */
    return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY ? 0 : ERR_STORE;
}
