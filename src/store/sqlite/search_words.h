/* The search index's inside: what search.c and search_index.c share. */
#ifndef WSCRM_STORE_SQLITE_SEARCH_WORDS_H
#define WSCRM_STORE_SQLITE_SEARCH_WORDS_H

#include "base/buf.h"
#include "store/sqlite/connection.h"

/* Letters and digits, which FTS5's `ascii` leaves as one word each. */
#define WORD_LEN 6
void word_of_gram(uint32_t gram, char ret_word[WORD_LEN]);
/* All that a customer is found by. */
void search_words(struct buf *out, int64_t number, struct str name);

/* As connection_step(), but what says that the index is damaged is ERR_INVALID and no fault of the
 * connection. `statement` NULL: it could not be prepared. */
int search_step(struct connection *connection, sqlite3_stmt *statement) MUST_USE;

#endif
