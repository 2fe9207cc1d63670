#include "main/cell.h"

#include "base/csv.h"

/* The number of backslashes when the text is backslashes and an N; else 0. */
static size_t backslashes(struct str text)
{
    size_t count = 0;
    while (count < text.len && text.p[count] == '\\')
        count++;
    return count + 1 == text.len && text.p[count] == 'N' ? count : 0;
}

struct item_value cell_read(struct str cell)
{
    size_t count = backslashes(cell);
    if (count == 1)
        return (struct item_value){.kind = VALUE_NULL};
    size_t skipped = count > 1;
    return (struct item_value){VALUE_TEXT, {cell.p + skipped, cell.len - skipped}};
}

void cell_write(struct buf *b, struct item_value value)
{
    if (value.kind == VALUE_NULL) {
        buf_add_text(b, "\\N");
        return;
    }
    if (backslashes(value.text) > 0)
        buf_add_char(b, '\\'); /* such a text needs no quotes */
    buf_add_csv(b, value.text);
}
