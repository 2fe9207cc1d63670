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
}

void journal_flush(struct sandbox_journal *journal)
{
    struct batch *batch = journal->filling;
    journal->wanted = batch->first && journal->busy;
    if (!batch->first || journal->busy)
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
    bool written = batch->written;
    batch_clear(batch);
    journal->busy = false;
    if (journal->wanted)
        journal_flush(journal);
    journal->settings.told(journal->settings.context, sends, written);
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

int journal_add(struct sandbox_journal *journal, struct transport_send *send)
{
    struct batch *batch = journal->filling;
    size_t before = batch->lines.len;
    add_line(&batch->lines, send);
    if (batch->lines.failed) {
        batch->lines.failed = false;
        batch->lines.len = before;
        return ERR_FULL;
    }
    send->next = NULL;
    *batch->last = send;
    batch->last = &send->next;
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

/* --- recalling */

static int compare(const void *a, const void *b)
{
    const struct transport_recall *left = a, *right = b;
    return (left->message > right->message) - (left->message < right->message);
}

/* The number behind `name`, which is written with its quotes; 0: not there. A text cannot contain it:
 * quotes within it are escaped. */
static int64_t member(struct str line, struct str name)
{
    const char *found = memmem(line.p, line.len, name.p, name.len);
    int64_t number = 0;
    if (!found)
        return 0;
    struct str rest = {found + name.len, line.len - name.len - (size_t)(found - line.p)};
    return str_to_i64(str_split(&rest, '"'), &number) == 0 ? number : 0;
}

static void judge_line(struct str line, struct transport_recall *messages, size_t count)
{
    struct json_error error; /* a torn line, which a later start has ended, is no JSON */
    struct transport_recall wanted = {.message = member(line, STR("\"msgId\":\""))};
    struct transport_recall *found = bsearch(&wanted, messages, count, sizeof(*messages), compare);
    if (found && member(line, STR("\"from\":\"")) == found->account &&
        memmem(line.p, line.len, "\"kind\":\"message\"", 16) && json_scan(line, 16, &error) == 0)
        found->left = 1;
}

/* A line: 1,024 characters, each escaped as \u001f at worst, and 200 bytes around them. What is longer is
 * none of ours, and a line without its end is none. */
struct scan {
    char line[8192];
    size_t len;
};

static void scan_block(struct scan *scan, struct str block, struct transport_recall *messages,
                       size_t count)
{
    while (block.len > 0) {
        const char *end = memchr(block.p, '\n', block.len);
        size_t len = end ? (size_t)(end - block.p) : block.len;
        size_t room = sizeof(scan->line) - scan->len;
        memcpy(scan->line + scan->len, block.p, len < room ? len : room);
        scan->len += len < room ? len : room;
        if (end) {
            judge_line((struct str){scan->line, scan->len}, messages, count);
            scan->len = 0;
            len++;
        }
        block.p += len;
        block.len -= len;
    }
}

void journal_recall(struct sandbox_journal *journal, struct transport_recall *messages,
                    size_t count)
{
    enum { BLOCK = 65536 };
    char *block = malloc(BLOCK);
    struct scan scan = {.len = 0};
    off_t at = 0;
    ssize_t len = -1;
    qsort(messages, count, sizeof(*messages), compare);
    while (block && (len = pread(journal->fd, block, BLOCK, at)) > 0) {
        scan_block(&scan, (struct str){block, (size_t)len}, messages, count);
        at += len;
    }
    free(block);
    if (len < 0)
        log_line(LOG_ERROR, "sandbox: %s: cannot be read: nobody knows what left", journal->path);
    for (size_t i = 0; i < count && len == 0; i++)
        messages[i].left = messages[i].left == 1;
}
