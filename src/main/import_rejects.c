#include "main/import_rejects.h"

#include <unistd.h>

#include "base/csv.h"
#include "main/cell.h"
#include "main/file.h"

/* A row, its reason, and what quoting adds at worst. */
#define ROW_TEXT_MAX (4 * RECORD_MAX_BYTES)

static const char *suffix(const struct import_source *source)
{
    return source->format == SOURCE_CSV ? "csv" : "jsonl";
}

static int find_path(struct import_rejects *rejects, struct str path)
{
    const char *name = rejects->source->name;
    int len = path.len > 0
                  ? snprintf(rejects->path, sizeof(rejects->path), "%.*s", (int)path.len, path.p)
                  : snprintf(rejects->path, sizeof(rejects->path), "%s.rejected.%s", name,
                             suffix(rejects->source));
    return len < (int)sizeof(rejects->path) ? 0 : ERR_TOO_LARGE;
}

int rejects_open(struct import_rejects *rejects, struct str path,
                 const struct import_source *source)
{
    *rejects = (struct import_rejects){.source = source};
    buf_init(&rejects->text, ROW_TEXT_MAX);
    rejects_name(rejects, false);
    int result = find_path(rejects, path);
    if (result < 0)
        return result;
    int fd;
    result = file_open(rejects->path, &fd, &rejects->is_fresh);
    if (result < 0)
        return result;
    rejects->file = fdopen(fd, "w");
    if (!rejects->file)
        close(fd);
    return rejects->file ? 0 : ERR_SYSTEM;
}

void rejects_name(struct import_rejects *rejects, bool are_taken)
{
    rejects->line_name = are_taken ? "rejectedLine" : "line";
    rejects->reason_name = are_taken ? "rejectedReason" : "reason";
}

/* --- CSV */

static void end_cell(struct import_rejects *rejects)
{
    buf_add_char(&rejects->text, rejects->source->separator);
}

static void add_header(struct import_rejects *rejects)
{
    const struct import_source *source = rejects->source;
    for (size_t i = 0; i < source->column_count; i++) {
        if (!rejects->is_ours[i]) {
            buf_add_csv(&rejects->text, source->columns[i].name);
            end_cell(rejects);
        }
    }
    buf_add_text(&rejects->text, rejects->line_name);
    end_cell(rejects);
    buf_add_text(&rejects->text, rejects->reason_name);
    buf_add_char(&rejects->text, '\n');
}

/* Cells come in the order of the columns; those that are empty do not come. */
static void add_cells(struct import_rejects *rejects, const struct import_row *row,
                      struct batch_reader *cells, size_t from, size_t end)
{
    struct import_cell cell = {.column = CELL_FAULT};
    unsigned left = row->cells;
    bool has_cell = false;
    for (size_t column = from; column < end; column++) {
        while (left > 0 && (!has_cell || cell.column < column)) {
            has_cell = batch_next_cell(cells, &cell) == 0;
            left = has_cell ? left - 1 : 0;
        }
        if (column < rejects->source->column_count && rejects->is_ours[column])
            continue;
        if (has_cell && cell.column == column)
            cell_write(&rejects->text, cell.value);
        end_cell(rejects);
    }
}

static size_t last_column(const struct import_row *row, struct batch_reader cells)
{
    struct import_cell cell;
    size_t last = 0;
    for (unsigned i = 0; i < row->cells && batch_next_cell(&cells, &cell) == 0; i++)
        if (cell.column != CELL_FAULT)
            last = cell.column + 1;
    return last;
}

static void add_csv(struct import_rejects *rejects, const struct import_row *row,
                    struct batch_reader *cells, struct str reason)
{
    size_t columns = rejects->source->column_count, last = last_column(row, *cells);
    struct batch_reader again = *cells;
    if (rejects->count == 0)
        add_header(rejects);
    add_cells(rejects, row, cells, 0, columns);
    buf_add_i64(&rejects->text, (int64_t)row->line);
    end_cell(rejects);
    buf_add_csv(&rejects->text, reason);
    if (last > columns) {
        end_cell(rejects);
        add_cells(rejects, row, &again, columns, last);
        if (!rejects->text.failed)
            rejects->text.len--; /* the separator behind the last */
    }
    buf_add_char(&rejects->text, '\n');
}

/* --- JSON Lines */

static void add_json(struct import_rejects *rejects, const struct import_row *row, struct str raw,
                     struct str reason)
{
    buf_add_text(&rejects->text, "{\"line\":");
    buf_add_i64(&rejects->text, (int64_t)row->line);
    buf_add_json_name(&rejects->text, "reason");
    buf_add_json_str(&rejects->text, reason);
    buf_add_json_name(&rejects->text, "item");
    buf_add_str(&rejects->text, raw);
    buf_add_text(&rejects->text, "}\n");
}

void rejects_add(struct import_rejects *rejects, const struct import_row *row,
                 struct batch_reader *cells, struct str raw, struct str reason)
{
    buf_clear(&rejects->text);
    if (rejects->source->format == SOURCE_CSV)
        add_csv(rejects, row, cells, reason);
    else
        add_json(rejects, row, raw, reason);
    if (rejects->count++ == 0 && ftruncate(fileno(rejects->file), 0) < 0) {
        /* A pipe or a device: nothing of before is in it. */
    }
    fwrite(rejects->text.data, 1, rejects->text.len, rejects->file);
}

int rejects_close(struct import_rejects *rejects, bool is_done)
{
    int result = 0;
    if (rejects->file) {
        bool failed = ferror(rejects->file) || rejects->text.failed;
        if (rejects->count == 0 && (is_done || rejects->is_fresh))
            file_remove(fileno(rejects->file), rejects->path);
        result = fclose(rejects->file) != 0 || failed ? ERR_SYSTEM : 0;
    }
    rejects->file = NULL;
    buf_free(&rejects->text);
    return result;
}
