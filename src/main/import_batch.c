#include "main/import_batch.h"

#include "main/frame.h"

/* --- numbers and texts */

void wire_add(struct buf *b, uint64_t value, unsigned bytes)
{
    char text[8];
    for (unsigned i = 0; i < bytes; i++)
        text[i] = (char)(value >> (8 * (bytes - 1 - i)) & 0xff);
    buf_add(b, text, bytes);
}

void wire_add_str(struct buf *b, struct str text)
{
    wire_add(b, text.len, 4);
    buf_add_str(b, text);
}

int wire_take(struct str *rest, unsigned bytes, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (rest->len < bytes)
        return ERR_PROTOCOL;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | (uint8_t)rest->p[i];
    *rest = (struct str){rest->p + bytes, rest->len - bytes};
    *ret_value = value;
    return 0;
}

int wire_take_str(struct str *rest, struct str *ret_text)
{
    uint64_t len;
    if (wire_take(rest, 4, &len) < 0 || len > rest->len || !utf8_valid(rest->p, (size_t)len) ||
        (len > 0 && memchr(rest->p, '\0', (size_t)len)))
        return ERR_PROTOCOL;
    *ret_text = (struct str){rest->p, (size_t)len};
    *rest = (struct str){rest->p + len, rest->len - (size_t)len};
    return 0;
}

/* --- writing */

void batch_init(struct import_batch *batch)
{
    *batch = (struct import_batch){.rows = 0};
    buf_init(&batch->bytes, FRAME_MAX);
    buf_init(&batch->raw, FRAME_MAX);
}

void batch_free(struct import_batch *batch)
{
    buf_free(&batch->bytes);
    buf_free(&batch->raw);
}

void batch_clear(struct import_batch *batch)
{
    buf_clear(&batch->bytes);
    buf_clear(&batch->raw);
    batch->rows = 0;
}

bool batch_is_full(const struct import_batch *batch)
{
    return batch->rows == BATCH_MAX_ROWS || batch->bytes.len >= BATCH_MAX_BYTES;
}

void batch_row_begin(struct import_batch *batch, uint64_t line)
{
    wire_add(&batch->bytes, line, 8);
    batch->row_at = batch->bytes.len;
    batch->cells = 0;
    wire_add(&batch->bytes, 0, 2);
}

void batch_cell(struct import_batch *batch, unsigned column, struct item_value value)
{
    wire_add(&batch->bytes, column, 2);
    wire_add(&batch->bytes, (uint64_t)value.kind, 1);
    wire_add_str(&batch->bytes, value.text);
    batch->cells++;
}

void batch_row_end(struct import_batch *batch)
{
    if (!batch->bytes.failed) {
        batch->bytes.data[batch->row_at] = (char)(batch->cells >> 8 & 0xff);
        batch->bytes.data[batch->row_at + 1] = (char)(batch->cells & 0xff);
    }
    batch->rows++;
}

/* --- reading */

int batch_next_row(struct batch_reader *reader, struct import_row *ret_row)
{
    uint64_t line, cells;
    if (reader->rest.len == 0)
        return 0;
    if (wire_take(&reader->rest, 8, &line) < 0 || wire_take(&reader->rest, 2, &cells) < 0)
        return ERR_PROTOCOL;
    *ret_row = (struct import_row){line, (unsigned)cells};
    return 1;
}

int batch_next_cell(struct batch_reader *reader, struct import_cell *ret_cell)
{
    uint64_t column, kind;
    struct str text;
    if (wire_take(&reader->rest, 2, &column) < 0 || wire_take(&reader->rest, 1, &kind) < 0 ||
        kind > VALUE_OTHER || wire_take_str(&reader->rest, &text) < 0)
        return ERR_PROTOCOL;
    *ret_cell = (struct import_cell){(unsigned)column, {(enum item_value_kind)kind, text}};
    return 0;
}
