#include "api/page.h"

#include "api/reply.h"

int64_t page_current(const struct page_input *page)
{
    return page->current.given ? page->current.value : 1;
}

size_t page_size(const struct page_input *page)
{
    return page->size.given ? (size_t)page->size.value : PAGE_DEFAULT_SIZE;
}

int64_t page_offset(const struct page_input *page)
{
    return (page_current(page) - 1) * (int64_t)page_size(page);
}

struct buf *page_begin(struct exchange *x, const struct page_input *page, int64_t total)
{
    struct buf *b = reply_begin(x);
    int64_t size = (int64_t)page_size(page);
    buf_add_char(b, '{');
    buf_add_json_i64(b, "total", total);
    buf_add_json_i64(b, "size", size);
    buf_add_json_i64(b, "current", page_current(page));
    buf_add_json_i64(b, "pages", (total + size - 1) / size);
    buf_add_json_name(b, "records");
    buf_add_char(b, '[');
    return b;
}

void page_end(struct exchange *x, struct str next_cursor)
{
    struct buf *b = &x->reply;
    buf_add_char(b, ']');
    if (next_cursor.p)
        buf_add_json_text(b, "nextCursor", next_cursor);
    buf_add_char(b, '}');
    reply_end(x);
}
