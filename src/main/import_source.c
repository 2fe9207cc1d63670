#include "main/import_source.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/customer_item.h"
#include "base/csv.h"
#include "base/json.h"
#include "main/cell.h"

#define READ_BYTES    ((size_t)256 << 10)
#define BUFFER_BYTES  (RECORD_MAX_BYTES + READ_BYTES)
#define SEPARATORS    ",;\t"
#define BOM           "\xef\xbb\xbf"
#define ROW_MAX_BYTES ((size_t)8 << 20)
/* Of a line of JSON: all columns, twice. */
#define LINE_MAX_VALUES (2 * IMPORT_MAX_COLUMNS)

/* --- faults */

static int __attribute__((format(printf, 3, 4)))
fault(struct import_source *source, uint64_t line, const char *format, ...)
{
    va_list arguments;
    int len = snprintf(source->why, sizeof(source->why), "%.200s: line %" PRIu64 ": ", source->name,
                       line);
    va_start(arguments, format);
    vsnprintf(source->why + len, sizeof(source->why) - (size_t)len, format, arguments);
    va_end(arguments);
    return ERR_INVALID;
}

static int system_fault(struct import_source *source)
{
    snprintf(source->why, sizeof(source->why), "%.200s: %s", source->name, strerror(errno));
    return ERR_SYSTEM;
}

static int no_memory(struct import_source *source)
{
    snprintf(source->why, sizeof(source->why), "%.200s: out of memory", source->name);
    return ERR_NOMEM;
}

/* --- bytes */

static int wait_for_bytes(struct import_source *source)
{
    struct pollfd polled[2] = {{.fd = source->fd, .events = POLLIN},
                               {.fd = source->stop_fd, .events = POLLIN}};
    while (poll(polled, 2, -1) < 0)
        if (errno != EINTR)
            return system_fault(source);
    if (!polled[1].revents)
        return 0;
    snprintf(source->why, sizeof(source->why), "interrupted");
    return ERR_CLOSED;
}

/* Text up to the end, or to the first byte that is none. The first bytes of a code point may be all
 * that has come of it. */
static void check_text(struct import_source *source)
{
    const char *from = source->data + source->text_end;
    size_t len = source->end - source->text_end, good = utf8_prefix(from, len);
    const char *nul = good > 0 ? memchr(from, '\0', good) : NULL;
    if (nul)
        good = (size_t)(nul - from);
    source->text_end += good;
    source->is_bad = good < len && (nul || source->at_end || len - good >= 4);
}

static int read_more(struct import_source *source)
{
    int result = wait_for_bytes(source);
    if (result < 0)
        return result;
    if (source->start > 0) {
        memmove(source->data, source->data + source->start, source->end - source->start);
        source->end -= source->start;
        source->text_end -= source->start;
        source->start = 0;
    }
    size_t room = BUFFER_BYTES - source->end;
    ssize_t got =
        read(source->fd, source->data + source->end, room < READ_BYTES ? room : READ_BYTES);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : system_fault(source);
    source->at_end = got == 0;
    source->end += (size_t)got;
    if (!source->is_bad)
        check_text(source);
    return 0;
}

/* A record that reaches beyond the good text. */
static int bad_text(struct import_source *source)
{
    uint64_t line = source->line;
    for (size_t i = source->start; i < source->text_end; i++)
        line += source->data[i] == '\n';
    return fault(source, line,
                 source->data[source->text_end] == '\0'
                     ? "a zero byte (was the file saved as UTF-8?)"
                     : "not valid UTF-8 (save the file as UTF-8)");
}

/* What is known to be text, and whether nothing can follow. */
static size_t visible(const struct import_source *source, bool *ret_is_last)
{
    *ret_is_last = source->at_end && !source->is_bad;
    return source->text_end - source->start;
}

/* A record is not whole. */
static int more_for_record(struct import_source *source, const struct csv_fault *open)
{
    if (source->is_bad)
        return bad_text(source);
    if (source->end - source->start < RECORD_MAX_BYTES)
        return read_more(source);
    if (open && open->in_quote)
        return fault(source, source->line + open->line, "a quote that is not closed within 1 MiB");
    return fault(source, source->line, "longer than 1 MiB");
}

static int consume(struct import_source *source, size_t used, size_t lines)
{
    if (used > RECORD_MAX_BYTES)
        return fault(source, source->line, "longer than 1 MiB");
    source->start += used;
    source->consumed += (int64_t)used;
    source->next_line = source->line + lines;
    return 1;
}

/* --- CSV */

/* 1: source->cells; 0: the end. */
static int read_record(struct import_source *source, size_t *ret_count)
{
    struct csv_record record = {.cells = source->cells, .max = IMPORT_MAX_COLUMNS};
    source->line = source->next_line;
    for (;;) {
        struct csv_fault csv_fault = {0};
        bool is_last;
        size_t len = visible(source, &is_last);
        if (len == 0 && is_last)
            return 0;
        int result = len == 0 ? 0
                              : csv_read(source->data + source->start, len, is_last,
                                         source->separator, &record, &csv_fault);
        if (result < 0)
            return fault(source, source->line + csv_fault.line, "%s", csv_fault.what);
        if (result == 1) {
            *ret_count = record.count;
            return consume(source, record.used, record.lines);
        }
        result = more_for_record(source, &csv_fault);
        if (result < 0)
            return result;
    }
}

static void add_fault_cell(struct import_batch *batch, const char *what)
{
    batch_cell(batch, CELL_FAULT, (struct item_value){VALUE_TEXT, str_of(what)});
}

static int next_csv(struct import_source *source, struct import_batch *batch)
{
    size_t count = 0;
    int result = 1;
    while (result == 1 && count == 0)
        result = read_record(source, &count);
    if (result != 1)
        return result;
    batch_row_begin(batch, source->line);
    for (size_t i = 0; i < count; i++)
        if (source->cells[i].len > 0)
            batch_cell(batch, (unsigned)i, cell_read(source->cells[i]));
    if (count != source->column_count) {
        char what[64];
        snprintf(what, sizeof(what), "%zu cells where the header has %zu", count,
                 source->column_count);
        add_fault_cell(batch, what);
    }
    batch_row_end(batch);
    return 1;
}

/* --- columns */

bool source_has(const struct import_source *source, struct str name)
{
    for (size_t i = 0; i < source->column_count; i++)
        if (!source->columns[i].is_extension && str_eq(source->columns[i].name, name))
            return true;
    return false;
}

static int add_column(struct import_source *source, struct str name, bool is_extension)
{
    const char *copy = arena_memdup(&source->names, name.len ? name.p : "", name.len);
    if (!copy || source->column_count == IMPORT_MAX_COLUMNS)
        return ERR_TOO_LARGE;
    source->columns[source->column_count++] =
        (struct source_column){{copy, name.len}, is_extension};
    return 0;
}

static int read_header(struct import_source *source)
{
    size_t count = 0;
    int result = 1;
    while (result == 1 && count == 0)
        result = read_record(source, &count);
    if (result == 0)
        return fault(source, source->line, "nothing in it, not even a header");
    for (size_t i = 0; result == 1 && i < count; i++) {
        struct str name = str_trim(source->cells[i]);
        if (source_has(source, name)) {
            return fault(source, source->line, "the column \"%.*s\" stands there twice",
                         (int)name.len, name.len ? name.p : "");
        }
        if (add_column(source, name, false) < 0)
            return no_memory(source);
    }
    return result < 0 ? result : 0;
}

/* --- JSON Lines */

struct member_walk {
    struct import_source *source;
    struct import_batch *batch;
    size_t guess; /* members mostly come in the same order */
    unsigned cells;
    bool too_many;
};

static bool is_column(const struct source_column *column, const struct item_member *member)
{
    return column->is_extension == member->is_extension && str_eq(column->name, member->name);
}

static int find_column(struct member_walk *walk, const struct item_member *member)
{
    struct import_source *source = walk->source;
    for (size_t i = 0; i < source->column_count; i++) {
        size_t at = (walk->guess + i) % source->column_count;
        if (is_column(&source->columns[at], member)) {
            walk->guess = at + 1;
            return (int)at;
        }
    }
    walk->guess = source->column_count + 1;
    return add_column(source, member->name, member->is_extension) < 0
               ? ERR_TOO_LARGE
               : (int)source->column_count - 1;
}

static void take_member(void *context, const struct item_member *member)
{
    struct member_walk *walk = context;
    int column = find_column(walk, member);
    if (column < 0)
        walk->too_many = true;
    else if (member->value.kind != VALUE_TEXT || member->value.text.len > 0)
        batch_cell(walk->batch, (unsigned)column, member->value);
}

/* A refused line that comes again, mended: {"line":…,"reason":…,"item":{…}}. No field is an object. */
static const struct json *unwrap(const struct json *item)
{
    const struct json *inner = json_member(item, "item");
    while (inner && json_type(inner) == JSON_OBJECT) {
        item = inner;
        inner = json_member(item, "item");
    }
    return item;
}

static int take_item(struct import_source *source, const struct json *item,
                     struct import_batch *batch)
{
    struct member_walk walk = {.source = source, .batch = batch};
    batch_row_begin(batch, source->line);
    int result = customer_item_each(unwrap(item), &source->row, take_member, &walk);
    arena_reset(&source->row);
    if (result < 0)
        return no_memory(source);
    if (walk.too_many)
        add_fault_cell(batch, "too many different names in the file");
    batch_row_end(batch);
    return 1;
}

static int take_line(struct import_source *source, struct str line, struct import_batch *batch)
{
    struct json_doc *json;
    struct json_error error;
    int result = json_parse(line, LINE_MAX_VALUES, &json, &error);
    if (result == ERR_NOMEM)
        return no_memory(source);
    if (result < 0)
        return fault(source, source->line, "%s at byte %zu", error.text, error.offset + 1);
    if (json_type(json_root(json)) == JSON_OBJECT)
        result = take_item(source, json_root(json), batch);
    else
        result = fault(source, source->line, "object expected");
    json_free(json);
    buf_add_str(&batch->raw, line);
    buf_add_char(&batch->raw, '\n');
    return result;
}

/* 1: *ret_line, without its end and blanks; 0: the end. */
static int read_line(struct import_source *source, struct str *ret_line)
{
    source->line = source->next_line;
    for (;;) {
        bool is_last;
        size_t len = visible(source, &is_last);
        const char *from = source->data + source->start;
        const char *end = len > 0 ? memchr(from, '\n', len) : NULL;
        if (len == 0 && is_last)
            return 0;
        if (end || is_last) {
            size_t line_len = end ? (size_t)(end - from) : len;
            *ret_line = str_trim((struct str){from, line_len});
            return consume(source, line_len + (end != NULL), end != NULL);
        }
        int result = more_for_record(source, NULL);
        if (result < 0)
            return result;
    }
}

static int next_json(struct import_source *source, struct import_batch *batch)
{
    struct str line = {0};
    int result = 1;
    while (result == 1 && line.len == 0)
        result = read_line(source, &line);
    return result == 1 ? take_line(source, line, batch) : result;
}

int source_next(struct import_source *source, struct import_batch *batch)
{
    int result = source->format == SOURCE_CSV ? next_csv(source, batch) : next_json(source, batch);
    return result == 1 && (batch->bytes.failed || batch->raw.failed) ? no_memory(source) : result;
}

/* --- begin and end */

static struct str rest(const struct import_source *source)
{
    return (struct str){source->data + source->start, source->end - source->start};
}

/* The first line that is not blank is there, whole. */
static bool has_first_line(const struct import_source *source)
{
    struct str text = rest(source);
    size_t at = 0;
    while (at < text.len && strchr(" \t\r\n", text.p[at]))
        at++;
    return source->at_end || source->end == BUFFER_BYTES ||
           memchr(text.p + at, '\n', text.len - at);
}

static int begin_reading(struct import_source *source)
{
    source->start = source->end = source->text_end = 0;
    source->at_end = source->is_bad = false;
    source->line = source->next_line = 1;
    source->consumed = 0;
    int result = 0;
    while (result == 0 && !has_first_line(source))
        result = read_more(source);
    if (result == 0 && source->end >= 3 && memcmp(source->data, BOM, 3) == 0) {
        source->start = 3;
        source->consumed = 3;
    }
    return result;
}

/* Of the first line alone: blanks in front of it, which may be TABs, are not worth the trouble. */
static int find_format(struct import_source *source)
{
    const unsigned char *bytes = (const unsigned char *)source->data;
    if (source->end >= 2 && (bytes[0] == 0xff || bytes[0] == 0xfe) && bytes[0] + bytes[1] == 0x1fd)
        return fault(source, 1, "UTF-16: save the file as UTF-8");
    struct str text = str_trim(rest(source));
    source->format = text.len > 0 && text.p[0] == '{' ? SOURCE_JSON_LINES : SOURCE_CSV;
    source->separator = csv_separator(text, SEPARATORS);
    return source->format == SOURCE_CSV ? read_header(source) : 0;
}

static void find_size(struct import_source *source)
{
    struct stat status;
    off_t at = lseek(source->fd, 0, SEEK_CUR);
    if (at >= 0 && fstat(source->fd, &status) == 0 && S_ISREG(status.st_mode)) {
        source->begin = at;
        source->size = status.st_size - at;
    }
}

int source_open(struct import_source *source, int fd, int stop_fd, const char *name)
{
    memset(source, 0, sizeof(*source));
    source->fd = fd;
    source->stop_fd = stop_fd;
    source->name = name;
    arena_init(&source->names, ROW_MAX_BYTES);
    arena_init(&source->row, ROW_MAX_BYTES);
    source->data = malloc(BUFFER_BYTES);
    if (!source->data)
        return no_memory(source);
    find_size(source);
    int result = begin_reading(source);
    return result < 0 ? result : find_format(source);
}

int source_rewind(struct import_source *source)
{
    size_t count;
    if (lseek(source->fd, source->begin, SEEK_SET) < 0)
        return system_fault(source);
    int result = begin_reading(source);
    if (result == 0 && source->format == SOURCE_CSV)
        do {
            result = read_record(source, &count);
        } while (result == 1 && count == 0);
    return result < 0 ? result : 0;
}

void source_close(struct import_source *source)
{
    arena_free(&source->names);
    arena_free(&source->row);
    free(source->data);
    source->data = NULL;
}
