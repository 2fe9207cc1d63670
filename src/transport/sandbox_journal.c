#include "transport/sandbox_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "domain/number.h"

/* A batch's memory above this is given back when it is told. */
#define BATCH_KEPT (1 << 20)

struct batch {
    struct letter letter; /* to the thread, and home again */
    struct sandbox_journal *journal;
    struct buf lines;
    struct transport_send *first, **last;
    struct transport_queries queries;
    bool written;
};

struct sandbox_journal {
    struct sandbox_journal_settings settings;
    char *path;
    /* The engine's. */
    struct batch batches[2], *filling;
    bool busy;   /* the other one is being written */
    bool wanted; /* the one that is filled was let go meanwhile */
    /* The thread's. */
    struct mailbox *inbox;
    struct letter stop;
    pthread_t thread;
    int fd;
    off_t length; /* of what is known to be on disk */
    bool cut_due; /* what is behind `length` could not be cut off */
    bool failing; /* and the log knows it */
};

/* --- the thread */

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, data, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data += written;
        len -= (size_t)written;
    }
    return true;
}

/* Takes away what was written of a batch that failed: its sends are told that nothing left. Until that
 * is on disk no other batch is written. */
static bool cut(struct sandbox_journal *journal)
{
    journal->cut_due = ftruncate(journal->fd, journal->length) < 0 || fdatasync(journal->fd) < 0;
    return !journal->cut_due;
}

static void note(struct sandbox_journal *journal, bool written, int error)
{
    if (!written && !journal->failing)
        log_line(LOG_ERROR, "sandbox: %s: %s: messages are handed over again later", journal->path,
                 strerror(error));
    else if (written && journal->failing)
        log_line(LOG_INFO, "sandbox: %s: can be written again", journal->path);
    journal->failing = !written;
}

static bool write_batch(struct sandbox_journal *journal, const struct buf *lines)
{
    bool written = (!journal->cut_due || cut(journal)) &&
                   write_all(journal->fd, lines->data, lines->len) && fdatasync(journal->fd) == 0;
    int error = errno;
    if (written)
        journal->length += (off_t)lines->len;
    else
        cut(journal);
    note(journal, written, error);
    return written;
}

static void batch_told(struct letter *letter);

static void *journal_thread(void *context)
{
    struct sandbox_journal *journal = context;
    for (;;) {
        mailbox_wait(journal->inbox, -1);
        for (struct letter *letter = mailbox_take(journal->inbox), *next; letter; letter = next) {
            next = letter->next;
            if (letter == &journal->stop)
                return NULL;
            struct batch *batch = container_of(letter, struct batch, letter);
            batch->written = write_batch(journal, &batch->lines);
            batch->letter.open = batch_told;
            mailbox_post(journal->settings.home, &batch->letter);
        }
    }
}

/* --- the engine's side */

static void batch_clear(struct batch *batch)
{
    if (batch->lines.cap > BATCH_KEPT)
        buf_free(&batch->lines);
    buf_clear(&batch->lines);
    batch->first = NULL;
    batch->last = &batch->first;
    TAILQ_INIT(&batch->queries);
}

void journal_flush(struct sandbox_journal *journal)
{
    struct batch *batch = journal->filling;
    bool is_empty = !batch->first && TAILQ_EMPTY(&batch->queries);
    journal->wanted = !is_empty && journal->busy;
    if (is_empty || journal->busy)
        return;
    journal->busy = true;
    journal->filling = &journal->batches[batch == journal->batches];
    mailbox_post(journal->inbox, &batch->letter);
}

static void batch_told(struct letter *letter)
{
    struct batch *batch = container_of(letter, struct batch, letter);
    struct sandbox_journal *journal = batch->journal;
    struct transport_send *sends = batch->first;
    struct transport_queries queries = TAILQ_HEAD_INITIALIZER(queries);
    bool written = batch->written;
    TAILQ_CONCAT(&queries, &batch->queries, next);
    batch_clear(batch);
    journal->busy = false;
    if (journal->wanted)
        journal_flush(journal);
    journal->settings.told(journal->settings.context, sends, written);
    journal->settings.told_queries(journal->settings.context, &queries, written);
}

static void add_number(struct buf *b, const char *name, int64_t number)
{
    char digits[NUMBER_MAX_DIGITS + 4];
    buf_add_json_text(b, name, (struct str){digits, number_format(number, digits)});
}

static void add_line(struct buf *b, const struct transport_send *send)
{
    char id[24];
    buf_add_char(b, '{');
    buf_add_json_i64(b, "time", send->time_ms);
    buf_add_json_i64(b, "tenant", send->tenant_id);
    buf_add_json_text(b, "kind", STR("message"));
    add_number(b, "from", send->account);
    add_number(b, "to", send->to);
    snprintf(id, sizeof(id), "%lld", (long long)send->message);
    buf_add_json_text(b, "msgId", str_of(id));
    buf_add_json_text(b, "text", send->text);
    buf_add_text(b, "}\n");
}

/* False: it does not fit, and is taken back. */
static bool keeps_line(struct batch *batch, size_t before)
{
    if (!batch->lines.failed)
        return true;
    batch->lines.failed = false;
    batch->lines.len = before;
    return false;
}

int journal_add(struct sandbox_journal *journal, struct transport_send *send)
{
    struct batch *batch = journal->filling;
    size_t before = batch->lines.len;
    add_line(&batch->lines, send);
    if (!keeps_line(batch, before))
        return ERR_FULL;
    send->next = NULL;
    *batch->last = send;
    batch->last = &send->next;
    return 0;
}

static void add_query_line(struct buf *b, const struct transport_query *query)
{
    static const char *const kinds[QUERY_KINDS] = {"check", "info", "join"};
    buf_add_char(b, '{');
    buf_add_json_i64(b, "time", query->answer.time_ms);
    buf_add_json_i64(b, "tenant", query->tenant_id);
    buf_add_json_text(b, "kind", str_of(kinds[query->kind]));
    add_number(b, "from", query->account);
    if (query->kind == QUERY_CHECK)
        add_number(b, "to", query->number);
    else
        buf_add_json_text(b, "to", str_of(query->code));
    buf_add_text(b, "}\n");
}

int journal_add_query(struct sandbox_journal *journal, struct transport_query *query)
{
    struct batch *batch = journal->filling;
    size_t before = batch->lines.len;
    add_query_line(&batch->lines, query);
    if (!keeps_line(batch, before))
        return ERR_FULL;
    TAILQ_INSERT_TAIL(&batch->queries, query, next);
    return 0;
}

/* --- opening */

/* A power cut may have torn the last line: it is left as it is, and ended. */
static int end_last_line(struct sandbox_journal *journal)
{
    struct stat stat;
    char last = '\n';
    if (fstat(journal->fd, &stat) < 0 ||
        (stat.st_size > 0 && pread(journal->fd, &last, 1, stat.st_size - 1) != 1) ||
        (last != '\n' && !write_all(journal->fd, "\n", 1)) || fdatasync(journal->fd) < 0)
        return ERR_SYSTEM;
    journal->length = stat.st_size + (last != '\n');
    return 0;
}

/* So that a power cut does not take the name of a new file. */
static int sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = fd >= 0 && fsync(fd) == 0 ? 0 : ERR_SYSTEM;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return result;
}

static int open_file(struct sandbox_journal *journal)
{
    journal->fd = open(journal->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    return journal->fd < 0 || end_last_line(journal) < 0 ||
                   sync_directory(journal->settings.directory) < 0
               ? ERR_SYSTEM
               : 0;
}

static int start(struct sandbox_journal *journal)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals belong to main's thread */
    int error = pthread_create(&journal->thread, NULL, journal_thread, journal);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return error == 0 ? 0 : ERR_SYSTEM;
}

static void journal_free(struct sandbox_journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    mailbox_free(journal->inbox);
    for (int i = 0; i < 2; i++)
        buf_free(&journal->batches[i].lines);
    free(journal->path);
    free(journal);
}

static struct sandbox_journal *journal_new(const struct sandbox_journal_settings *settings)
{
    struct sandbox_journal *journal = calloc(1, sizeof(*journal));
    if (!journal)
        return NULL;
    journal->settings = *settings;
    journal->fd = -1;
    for (int i = 0; i < 2; i++) {
        journal->batches[i].journal = journal;
        buf_init(&journal->batches[i].lines, JOURNAL_BATCH_MAX);
        batch_clear(&journal->batches[i]);
    }
    journal->filling = journal->batches;
    if (asprintf(&journal->path, "%s/sandbox.journal", settings->directory) < 0)
        journal->path = NULL;
    if (!journal->path || mailbox_new(&journal->inbox) < 0) {
        journal_free(journal);
        return NULL;
    }
    return journal;
}

int journal_open(const struct sandbox_journal_settings *settings,
                 struct sandbox_journal **ret_journal, char *why, size_t why_size)
{
    struct sandbox_journal *journal = journal_new(settings);
    if (!journal) {
        snprintf(why, why_size, "%s/sandbox.journal: %s", settings->directory, err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    int result = open_file(journal);
    if (result == 0)
        result = start(journal);
    if (result < 0) {
        snprintf(why, why_size, "%s: %s", journal->path, strerror(errno));
        journal_free(journal);
        return result;
    }
    journal->settings.directory = NULL; /* the caller's; the path holds it */
    *ret_journal = journal;
    return 0;
}

void journal_close(struct sandbox_journal *journal)
{
    mailbox_post(journal->inbox, &journal->stop);
    pthread_join(journal->thread, NULL);
    journal->wanted = false;
    if (journal->busy) /* its letter is in the mailbox, and in the journal's memory */
        mailbox_run(journal->settings.home);
    journal_free(journal);
}

/* --- reading */

/* A line: 1,024 characters, each escaped as \u001f at worst, and 200 bytes around them. What is longer is
 * none of ours, and a line without its end is none. */
struct scan {
    char line[8192];
    size_t len;
    void (*each)(void *context, struct str line);
    void *context;
};

static void scan_block(struct scan *scan, struct str block)
{
    while (block.len > 0) {
        const char *end = memchr(block.p, '\n', block.len);
        size_t len = end ? (size_t)(end - block.p) : block.len;
        size_t room = sizeof(scan->line) - scan->len;
        memcpy(scan->line + scan->len, block.p, len < room ? len : room);
        scan->len += len < room ? len : room;
        if (end) {
            scan->each(scan->context, (struct str){scan->line, scan->len});
            scan->len = 0;
            len++;
        }
        block.p += len;
        block.len -= len;
    }
}

int journal_scan(struct sandbox_journal *journal, void (*each)(void *context, struct str line),
                 void *context)
{
    enum { BLOCK = 65536 };
    char *block = malloc(BLOCK);
    struct scan scan = {.len = 0, .each = each, .context = context};
    off_t at = 0;
    ssize_t len = 0;
    while (block && (len = pread(journal->fd, block, BLOCK, at)) > 0) {
        scan_block(&scan, (struct str){block, (size_t)len});
        at += len;
    }
    bool is_read = block != NULL;
    free(block);
    if (len < 0)
        log_line(LOG_ERROR, "sandbox: %s: cannot be read: nobody knows what left", journal->path);
    return len < 0 ? ERR_SYSTEM : is_read ? 0 : ERR_NOMEM;
}
