/* One page of a segment: which rows are looked at, in which order, and which are kept. */
#ifndef WSCRM_STORE_SQLITE_SEGMENT_WALK_H
#define WSCRM_STORE_SQLITE_SEGMENT_WALK_H

#include "base/smallest.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/search.h"
#include "store/sqlite/segment_plan.h"

/* Where rows come from. Looking one up by number or id costs as much as LOOKUP_ROWS rows read in the order
 * in which they lie in the table (measured at a million customers: 2.5 us and 0.1 us). So a few are looked
 * up, many are scanned for. */
#define LOOKUP_ROWS 20
enum walk_source {
    WALK_NUMBERS,    /* by number, until enough are found or the budget is used up */
    WALK_MEMBERS,    /* the numbers of a group */
    WALK_CANDIDATES, /* what the search index finds */
    WALK_TODO,       /* what it knows by an old name */
    WALK_SCAN,       /* in the order of the table */
    WALK_SHOW,       /* all are found: the page's are shown */
};

/* Customers renamed and not indexed yet: with more of them keywords are not looked up but scanned for. */
#define WALK_TODO_MAX 5000

struct segment_walk {
    struct customers_page *op; /* whose page it is */
    struct segment_plan plan;
    struct smallest kept;
    int64_t after, skip; /* of this pass: see segment_walk.c */
    bool counting;       /* in this pass */
    int64_t matches;

    enum walk_source source;
    sqlite3_stmt *statement; /* of the source */
    int64_t at, end;         /* numbers or ids: how far it is, how far it goes */
    int64_t budget;          /* rows that it may still look up; of candidates: in all */
    int64_t looked_up;       /* candidates */
    int64_t newest;          /* the newest customer's id: how many rows there are at most */
    int64_t customers;       /* of the tenant */

    bool indexed; /* the keyword is one for the search index */
    struct buf match;
    struct search_state search;
    int64_t todo[WALK_TODO_MAX + 1];
    size_t todo_count;
};

/* Of a verb: works on the page's next piece. 0 done, READER_MORE, ERR_STORE. */
int segment_walk_piece(struct store_reader *reader, struct customers_page *op) MUST_USE;
void segment_walk_free(struct segment_walk *walk);

/* --- segment_sources.c */

/* One piece of the source. 0 it is at its end, READER_MORE, ERR_RANGE its budget is used up (the walk goes
 * over to another source), ERR_STORE. */
int segment_source_piece(struct store_reader *reader, struct segment_walk *walk) MUST_USE;

#endif
