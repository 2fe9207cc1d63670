/* What `nextCursor` says: where the next page begins. The client hands it back; nothing is kept for it, so
 * it is good for ever and in every process. It is of use only for what it was made for: the seed, a hash of
 * whatever has to be the same, goes into its check. It is no secret, and no right: whoever makes one up gets
 * another page of his own. */
#ifndef WSCRM_API_PAGE_CURSOR_H
#define WSCRM_API_PAGE_CURSOR_H

#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

#define PAGE_CURSOR_LEN 96

struct page_cursor {
    int64_t after;   /* the last record's key */
    int64_t also[2]; /* what else belongs to it */
    int64_t current; /* the number of the page that it begins */
    int64_t total;
};

void page_cursor_write(const struct page_cursor *cursor, uint64_t seed,
                       char ret_text[PAGE_CURSOR_LEN]);
/* ERR_INVALID: not one of ours, or made with another seed. */
int page_cursor_read(struct str text, uint64_t seed, struct page_cursor *ret_cursor) MUST_USE;

#endif
