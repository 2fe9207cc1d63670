#include "base/csv.h"

#include <string.h>

static int fault(struct csv_fault *fault, size_t line, const char *what)
{
    *fault = (struct csv_fault){.line = line, .what = what};
    return ERR_INVALID;
}

/* --- where the record ends: at the first line end outside quotes */

struct end {
    size_t at;         /* of the line end, or the buffer's end */
    size_t lines;      /* inside the record */
    size_t quote_line; /* where the last quote was opened */
    bool found, in_quote;
};

/* `at` is behind an opening quote. Returns the place behind the closing one; sets in_quote when there is
 * none. */
static size_t skip_quoted(const char *data, size_t len, size_t at, struct end *end)
{
    end->quote_line = end->lines;
    for (; at < len; at++) {
        if (data[at] == '\n')
            end->lines++;
        if (data[at] != '"')
            continue;
        if (at + 1 == len || data[at + 1] != '"')
            return at + 1;
        at++;
    }
    end->in_quote = true;
    return len;
}

static struct end find_end_slowly(const char *data, size_t len, char separator)
{
    struct end end = {.at = 0};
    bool is_start = true;
    while (end.at < len) {
        char c = data[end.at++];
        if (c == '"' && is_start) {
            end.at = skip_quoted(data, len, end.at, &end);
        } else if (c == '\n') {
            end.at--;
            end.found = true;
            return end;
        }
        is_start = c == separator;
    }
    return end;
}

static struct end find_end(const char *data, size_t len, char separator, bool *ret_has_quotes)
{
    const char *line_end = memchr(data, '\n', len);
    size_t line_len = line_end ? (size_t)(line_end - data) : len;
    *ret_has_quotes = memchr(data, '"', line_len) != NULL;
    if (*ret_has_quotes)
        return find_end_slowly(data, len, separator);
    return (struct end){.at = line_len, .found = line_end != NULL};
}

/* --- cells */

static int add_cell(struct csv_record *record, struct str cell, size_t line,
                    struct csv_fault *ret_fault)
{
    if (record->count == record->max)
        return fault(ret_fault, line, "too many cells");
    record->cells[record->count++] = cell;
    return 0;
}

/* text[0] is the opening quote. Takes quotes off; *ret_used reaches behind the closing one. */
static struct str unquote(char *text, size_t len, size_t *line, size_t *ret_used)
{
    size_t from = 1, to = 0;
    while (from < len) {
        if (text[from] == '"') {
            if (from + 1 == len || text[from + 1] != '"')
                break;
            from++;
        }
        *line += text[from] == '\n';
        text[to++] = text[from++];
    }
    *ret_used = from + 1;
    return (struct str){text, to};
}

/* One cell and the separator behind it; `at` moves. 1: it was the last. */
static int take_cell(char *text, size_t len, char separator, size_t *at, size_t *line,
                     struct csv_record *record, struct csv_fault *ret_fault)
{
    struct str cell;
    if (*at < len && text[*at] == '"') {
        size_t used;
        cell = unquote(text + *at, len - *at, line, &used);
        *at += used;
        if (*at < len && text[*at] != separator)
            return fault(ret_fault, *line, "text behind a closing quote");
    } else {
        const char *end = memchr(text + *at, separator, len - *at);
        size_t cell_len = end ? (size_t)(end - text) - *at : len - *at;
        cell = (struct str){text + *at, cell_len};
        *at += cell_len;
    }
    int result = add_cell(record, cell, *line, ret_fault);
    if (result < 0)
        return result;
    return (*at)++ == len;
}

static int split(char *text, size_t len, char separator, struct csv_record *record,
                 struct csv_fault *ret_fault)
{
    size_t at = 0, line = 0;
    int result = len == 0;
    while (result == 0)
        result = take_cell(text, len, separator, &at, &line, record, ret_fault);
    return result;
}

int csv_read(char *data, size_t len, bool is_last, char separator, struct csv_record *record,
             struct csv_fault *ret_fault)
{
    bool has_quotes;
    struct end end = find_end(data, len, separator, &has_quotes);
    *ret_fault = (struct csv_fault){.line = end.quote_line, .in_quote = end.in_quote};
    record->count = 0;
    if (!end.found && !is_last)
        return 0;
    if (end.in_quote)
        return fault(ret_fault, end.quote_line, "a quote that is not closed");
    size_t text_len = end.at;
    if (text_len > 0 && data[text_len - 1] == '\r')
        text_len--;
    record->used = end.at + end.found;
    record->lines = end.lines + end.found;
    return split(data, text_len, separator, record, ret_fault);
}

char csv_separator(struct str text, const char *candidates)
{
    char best = candidates[0];
    size_t most = 0;
    for (const char *candidate = candidates; *candidate; candidate++) {
        bool quoted = false;
        size_t count = 0;
        for (size_t i = 0; i < text.len && (quoted || text.p[i] != '\n'); i++) {
            quoted ^= text.p[i] == '"';
            count += !quoted && text.p[i] == *candidate;
        }
        if (count > most) {
            most = count;
            best = *candidate;
        }
    }
    return best;
}

/* Every separator that csv_separator() may find, so that it finds the right one. */
static bool is_special(char c)
{
    return c == '"' || c == ',' || c == ';' || c == '\t' || c == '\n' || c == '\r';
}

void buf_add_csv(struct buf *b, struct str cell)
{
    bool needs_quotes = false;
    for (size_t i = 0; i < cell.len && !needs_quotes; i++)
        needs_quotes = is_special(cell.p[i]);
    if (!needs_quotes) {
        buf_add_str(b, cell);
        return;
    }
    buf_add_char(b, '"');
    while (cell.p) {
        struct str part = str_split(&cell, '"');
        buf_add_str(b, part);
        buf_add_text(b, cell.p ? "\"\"" : "\"");
    }
}
