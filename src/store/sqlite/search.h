/* The index that keywords are looked up in: SQLite's FTS5, with the grams of domain/keyword.h as words.
 *
 * It is behind: a chore fills it when imports leave time, so that they never pay for it. What it does not
 * hold yet is known exactly – customers above indexed_to, and those in search_todo – and is looked at row by
 * row; what it finds is a candidate, whose row is looked at too, for its tenant as for its name. So a search is right whatever the index's
 * state is. One that is damaged, or was made by other rules, is emptied in pieces and begun anew. */
#ifndef WSCRM_STORE_SQLITE_SEARCH_H
#define WSCRM_STORE_SQLITE_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "domain/keyword.h"
#include "store/sqlite/connection.h"

struct store;

struct search_state {
    int64_t generation;
    int64_t indexed_to;
    bool usable; /* false: it holds nothing that can be relied on */
    int64_t rules;
    bool emptying;
};
/* ERR_STORE. */
int search_state_read(struct connection *connection, struct search_state *ret_state) MUST_USE;

/* What search_candidates() is asked for: customers with all grams of the text, or all of the
 * digits. At most MATCH_MAX_LEN bytes. */
#define MATCH_MAX_LEN 1024
void search_match(struct buf *out, const struct keyword_grams *grams);
/* The next candidates behind `after`, up to id `to`, ascending. Returns how many; ERR_STORE; ERR_INVALID:
 * the index is damaged, which the chore gets to know. */
int search_candidates(struct store *store, struct connection *connection, struct str match,
                      int64_t after, int64_t to, int64_t *ret_ids, size_t max) MUST_USE;
/* Ids of customers up to indexed_to whose names it does not know. Returns how many, at most `max`. */
int search_todo(struct connection *connection, int64_t *ret_ids, size_t max) MUST_USE;

/* For whoever changes a name, in the same transaction. ERR_STORE. */
int search_rename(struct connection *connection, int64_t customer_id, int64_t number,
                  struct str old_name) MUST_USE;

/* A chore (writer_chores.c). */
int search_index(struct store *store);

/* For store_check(): 1 the index finds the customer by his name (without one by his number), or knows that it
 * does not hold him yet; 0; ERR_INVALID it is damaged; ERR_STORE. */
int search_knows(struct connection *connection, int64_t customer_id, int64_t number,
                 struct str name) MUST_USE;

#endif
