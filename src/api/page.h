/* Answers in pages: what a call is asked for by `current` and `pageSize`, and the shape that it answers,
 * {"total","size","current","pages","records":[…]}. */
#ifndef WSCRM_API_PAGE_H
#define WSCRM_API_PAGE_H

#include "api/input.h"

#define PAGE_DEFAULT_SIZE 10
#define PAGE_MAX_SIZE     500
/* As many pages of the largest size as the largest integer of JSON counts records, and more than any
 * table has: no product of the two overflows. */
#define PAGE_MAX_CURRENT (JSON_MAX_INTEGER / PAGE_MAX_SIZE)

struct page_input {
    struct input_integer current, size; /* after the checks; see page_current(), page_size() */
};

/* The two rows of a handler's field table; `page` is the struct page_input in its struct `input`. */
#define PAGE_FIELDS(input, page)                                                                   \
    {.name = "current",                                                                            \
     .type = INPUT_INTEGER,                                                                        \
     .offset = offsetof(input, page.current),                                                      \
     .min = 1,                                                                                     \
     .max = PAGE_MAX_CURRENT},                                                                     \
    {                                                                                              \
        .name = "pageSize", .type = INPUT_INTEGER, .offset = offsetof(input, page.size), .min = 1, \
        .max = PAGE_MAX_SIZE                                                                       \
    }

/* What was asked for, or its default. */
int64_t page_current(const struct page_input *page); /* from 1 */
size_t page_size(const struct page_input *page);
/* How many records stand before the page. */
int64_t page_offset(const struct page_input *page);

/* A good answer up to `"records":[`; append the records, buf_add_json_comma() before each, then
 * page_end(). */
struct buf *page_begin(struct exchange *x, const struct page_input *page, int64_t total);
/* `next_cursor` becomes the member nextCursor; p NULL: the page has no such member. */
void page_end(struct exchange *x, struct str next_cursor);

#endif
