/* wscrm import: customers from a file of CSV or JSON Lines.
 *
 * A file that can be read twice is first read to its end, so that what is wrong with all of it is told
 * before anything is written. Then batches of rows go to the port, which has up to three at a time: one is
 * being read while others are judged and written. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "main/arguments.h"
#include "main/frame.h"
#include "main/import_port.h"
#include "main/import_progress.h"
#include "main/import_rejects.h"
#include "main/session.h"
#include "main/signals.h"

#define NAMES_MAX_BYTES ((size_t)2 << 20)

struct import {
    struct context *context;
    struct import_source source;
    struct import_rejects rejects;
    struct import_progress progress;
    struct import_port port;
    struct import_batch batches[SESSION_MAX_BATCHES]; /* a ring */
    size_t oldest, waiting;
    size_t columns; /* of the source's, those that the port knows */
    struct buf names, reply;
    bool is_begun;       /* the columns are good */
    uint64_t first_left; /* all lines before it are in the store */
};

/* --- columns */

static void add_name(struct buf *names, struct str name, bool is_extension)
{
    wire_add(names, is_extension, 1);
    wire_add_str(names, name);
}

static void complain_column(struct import *import, struct str name, struct str hint)
{
    if (name.len == 0) {
        complain(import->context, "%s: a column without a name", import->source.name);
        return;
    }
    complain(import->context, "%s: unknown column \"%.*s\"%s%.*s%s", import->source.name,
             (int)name.len, name.p, hint.len ? " (did you mean \"" : "", (int)hint.len, hint.p,
             hint.len ? "\"?)" : "");
}

/* Takes the port's verdict on each column it was told of. Returns how many are unknown. */
static int take_verdicts(struct import *import, bool is_strict)
{
    struct str rest = {import->reply.data, import->reply.len};
    uint64_t are_taken;
    int unknown = 0;
    if (wire_take(&rest, 1, &are_taken) < 0)
        return ERR_PROTOCOL;
    rejects_name(&import->rejects, are_taken);
    for (; import->columns < import->source.column_count; import->columns++) {
        const struct source_column *column = &import->source.columns[import->columns];
        uint64_t verdict;
        struct str hint;
        if (wire_take(&rest, 1, &verdict) < 0 || wire_take_str(&rest, &hint) < 0)
            return ERR_PROTOCOL;
        import->rejects.is_ours[import->columns] = verdict == COLUMN_OURS;
        if (verdict == COLUMN_UNKNOWN && is_strict) {
            complain_column(import, column->name, hint);
            unknown++;
        }
    }
    return unknown;
}

static int announce(struct import *import, bool is_strict)
{
    if (import->columns == import->source.column_count)
        return 0;
    buf_clear(&import->names);
    for (size_t i = import->columns; i < import->source.column_count; i++)
        add_name(&import->names, import->source.columns[i].name,
                 import->source.columns[i].is_extension);
    int result = port_columns(&import->port, (struct str){import->names.data, import->names.len},
                              &import->reply);
    return result < 0 ? result : take_verdicts(import, is_strict);
}

/* Before anything is written. */
static int check_columns(struct import *import)
{
    struct context *context = import->context;
    bool is_strict = !argument(context, "ignore-unknown").p;
    int unknown = announce(import, is_strict);
    if (unknown > 0)
        complain(context, "nothing was imported; --ignore-unknown leaves such columns out");
    if (unknown != 0)
        return ERR_INVALID;
    if (!source_has(&import->source, STR("whatsApp"))) {
        complain(context, "%s: no column whatsApp, the customers' numbers", import->source.name);
        return ERR_INVALID;
    }
    if (!argument(context, "agent").p && !source_has(&import->source, STR("agentAccount"))) {
        complain(context, "%s: no column agentAccount: --agent says whose the customers become",
                 import->source.name);
        return ERR_INVALID;
    }
    return 0;
}

/* --- outcomes */

static struct str next_line(struct str *raw)
{
    return raw->p ? str_split(raw, '\n') : (struct str){0};
}

static void skip_cells(struct batch_reader *reader, unsigned cells)
{
    struct import_cell cell;
    while (cells > 0 && batch_next_cell(reader, &cell) == 0)
        cells--;
}

static void count_row(struct import *import, const struct import_row *row, uint64_t status)
{
    struct import_progress *progress = &import->progress;
    progress->rows++;
    switch (status & ROW_STATUS_MASK) {
    case ROW_CREATED: progress->created++; break;
    case ROW_CHANGED: progress->changed++; break;
    case ROW_UNCHANGED: progress->unchanged++; break;
    default: progress->refused++;
    }
    if ((status & ROW_ODD_LENGTH) && progress->odd++ == 0)
        progress->odd_line = row->line;
}

static int take_outcomes(struct import *import, const struct import_batch *batch)
{
    struct batch_reader reader = {{batch->bytes.data, batch->bytes.len}};
    struct str raw = {batch->raw.data, batch->raw.len}, reasons;
    struct str statuses = {import->reply.data, import->reply.len};
    struct import_row row;
    if (statuses.len < batch->rows)
        return ERR_PROTOCOL;
    reasons = (struct str){statuses.p + batch->rows, statuses.len - batch->rows};
    for (size_t i = 0; batch_next_row(&reader, &row) == 1; i++) {
        struct str line = next_line(&raw), reason;
        uint64_t status = (uint8_t)statuses.p[i];
        struct batch_reader cells = reader;
        skip_cells(&reader, row.cells);
        count_row(import, &row, status);
        if ((status & ROW_STATUS_MASK) != ROW_REFUSED)
            continue;
        if (wire_take_str(&reasons, &reason) < 0)
            return ERR_PROTOCOL;
        rejects_add(&import->rejects, &row, &cells, line, reason);
    }
    return 0;
}

static int finish_oldest(struct import *import)
{
    struct import_batch *batch = &import->batches[import->oldest];
    int result = port_finish(&import->port, &import->reply);
    if (result < 0)
        return result;
    import->oldest = (import->oldest + 1) % SESSION_MAX_BATCHES;
    import->waiting--;
    import->first_left = batch->end_line;
    result = take_outcomes(import, batch);
    if (result < 0)
        complain(import->context, "outcomes: %s", err_text(result));
    return result;
}

/* --- rows */

static void show(struct import *import, const char *what)
{
    progress_show(&import->progress, what, import->source.consumed, import->source.size);
}

/* 1: there may be more; 0: that was the end of the file. Errors leave in the batch what was read. */
static int fill(struct import *import, struct import_batch *batch)
{
    int result = 1;
    batch_clear(batch);
    while (result == 1 && !batch_is_full(batch))
        result = source_next(&import->source, batch);
    batch->end_line = import->source.next_line;
    return result;
}

static int send_batch(struct import *import, struct import_batch *batch)
{
    int result = announce(import, false);
    if (result == 0)
        result = port_rows(&import->port, (struct str){batch->bytes.data, batch->bytes.len});
    if (result < 0)
        return result;
    import->waiting++;
    return import->waiting == SESSION_MAX_BATCHES ? finish_oldest(import) : 0;
}

static struct import_batch *free_batch(struct import *import)
{
    return &import->batches[(import->oldest + import->waiting) % SESSION_MAX_BATCHES];
}

/* What was read before a fault in the file goes in, unless the user breaks off. */
static int send_all(struct import *import, int *ret_fault)
{
    int filled = 1, result = 0;
    *ret_fault = 0;
    while (result == 0 && filled == 1) {
        struct import_batch *batch = free_batch(import);
        filled = fill(import, batch);
        if (filled < 0)
            *ret_fault = filled;
        /* Columns of JSON Lines are those that were met: in all of it, or, when it cannot be read
         * twice, in the first batch. */
        if (!import->is_begun && filled >= 0) {
            result = check_columns(import);
            import->is_begun = result == 0;
        }
        if (result == 0 && filled != ERR_CLOSED && import->is_begun && batch->rows > 0)
            result = send_batch(import, batch);
        show(import, "importing");
    }
    while (result == 0 && import->waiting > 0)
        result = finish_oldest(import);
    return result;
}

/* Reads all of it, for what it says against being read. */
static int read_through(struct import *import)
{
    int result = 1;
    while (result == 1) {
        result = fill(import, &import->batches[0]);
        show(import, "checking");
    }
    return result < 0 ? result : source_rewind(&import->source);
}

/* --- the whole of it */

static int complain_source(struct import *import)
{
    progress_clear(&import->progress);
    complain(import->context, "%s", import->source.why);
    return EXIT_FAILED;
}

static void say_how_far(struct import *import)
{
    if (import->progress.rows == 0) {
        complain(import->context, "nothing was imported");
        return;
    }
    complain(import->context,
             "broken off: the lines before %" PRIu64
             " are imported; to import the file again is safe, and goes on",
             import->first_left);
}

static int end(struct import *import, int result, int fault)
{
    progress_clear(&import->progress);
    if (fault < 0)
        complain(import->context, "%s", import->source.why);
    int status = result < 0 || fault < 0 ? EXIT_FAILED : EXIT_GOOD;
    if (result == 0 && import->is_begun) {
        int ended = port_end(&import->port);
        status = ended != EXIT_GOOD ? ended : status;
    }
    if (import->is_begun)
        progress_summary(&import->progress, import->context->out, import->context->err);
    if (import->rejects.count > 0) {
        complain(import->context, "refused rows, and why: %s", import->rejects.path);
        status = EXIT_FAILED;
    }
    if (result < 0 || fault < 0)
        say_how_far(import);
    return status;
}

static int work(struct context *context)
{
    struct import *import = context->work;
    int fault = 0;
    int status = port_open(&import->port, context, import->source.stop_fd);
    if (status == EXIT_GOOD && import->source.size > 0 && read_through(import) < 0)
        status = complain_source(import);
    if (status == EXIT_GOOD) {
        int result = send_all(import, &fault);
        status = end(import, result, fault);
        if (rejects_close(&import->rejects, result == 0 && fault == 0) < 0) {
            complain(context, "%s: not all refused rows could be written", import->rejects.path);
            status = EXIT_FAILED;
        }
    }
    port_close(&import->port);
    return status;
}

/* --- files, before privileges are dropped */

static int open_rejects(struct import *import)
{
    int result =
        rejects_open(&import->rejects, argument(import->context, "rejected"), &import->source);
    if (result < 0) {
        complain(import->context, "%s: %s (--rejected names another place)", import->rejects.path,
                 result == ERR_SYSTEM ? strerror(errno) : err_text(result));
        return EXIT_FAILED;
    }
    return EXIT_GOOD;
}

static int run_opened(struct import *import, int fd, int signal_fd, const char *name)
{
    if (source_open(&import->source, fd, signal_fd, name) < 0)
        return complain_source(import);
    int status = open_rejects(import);
    if (status != EXIT_GOOD)
        return status;
    import->context->work = import;
    status = session_stream(import->context, work);
    if (rejects_close(&import->rejects, false) < 0)
        status = EXIT_FAILED;
    return status;
}

static int run_file(struct import *import, struct str path)
{
    char name[4096];
    int signal_fd = -1;
    bool is_stdin = str_is(path, "-");
    snprintf(name, sizeof(name), "%.*s", (int)path.len, is_stdin ? "stdin" : path.p);
    if (is_stdin)
        snprintf(name, sizeof(name), "stdin");
    int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || signals_open(&signal_fd) < 0) {
        complain(import->context, "%s: %s", name, strerror(errno));
        return EXIT_FAILED;
    }
    int status = run_opened(import, fd, signal_fd, name);
    source_close(&import->source);
    close(signal_fd);
    if (!is_stdin)
        close(fd);
    return status;
}

int import_run(struct context *context)
{
    if (context->channel)
        return import_serve(context);
    struct import *import = calloc(1, sizeof(*import));
    if (!import)
        return complain_store(context, ERR_NOMEM);
    import->context = context;
    progress_init(&import->progress, context->err);
    buf_init(&import->names, NAMES_MAX_BYTES);
    buf_init(&import->reply, FRAME_MAX);
    for (size_t i = 0; i < SESSION_MAX_BATCHES; i++)
        batch_init(&import->batches[i]);
    int status = run_file(import, argument(context, "FILE"));
    for (size_t i = 0; i < SESSION_MAX_BATCHES; i++)
        batch_free(&import->batches[i]);
    buf_free(&import->names);
    buf_free(&import->reply);
    free(import);
    return status;
}
