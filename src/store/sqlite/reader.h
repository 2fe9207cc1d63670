/* A reader's inside: what the reading verbs share. */
#ifndef WSCRM_STORE_SQLITE_READER_H
#define WSCRM_STORE_SQLITE_READER_H

#include "base/arena.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/customer_row.h"
#include "store/sqlite/labels.h"
#include "store/store.h"

/* A transaction ends at the first of these; both keep the log's copying going, see writer_checkpoint.c. */
#define READS_MAX    256
#define READS_MAX_US 2000

/* What a verb's read returns to go on in the next transaction: it kept its place in call->progress. */
#define READER_MORE INT32_MIN

struct newest;
struct segment_walk;

struct store_reader {
    struct store *store;
    struct connection connection; /* closed after a fault, until the next run */
    struct store_call *first, *last;
    size_t waiting;
    bool failing; /* said once */
    size_t reads; /* of the running transaction */
    int64_t start_us;

    struct segment_walk *walk; /* of the call that is at work; NULL before the first */
    struct newest *newest;     /* the same, see conversations.c */
    struct label_names labels;
    struct arena arena; /* of the customer that is shown */
    struct str tags[CUSTOMER_MAX_TAGS];
    struct extended_value extended[EXTENDED_RAW_MAX];
};

/* For the verbs. */
void reader_ask(struct store_reader *reader, struct store_call *call,
                int (*read)(struct store_reader *reader, struct store_call *call));
/* The row that `statement` stands on, whose columns are those of customer_row.h, into a zeroed customer.
 * The texts stay in the row, the labels in the reader's cache, what had to be unescaped in its arena:
 * nothing else is copied. ERR_STORE, ERR_NOMEM. */
int customer_read(struct store_reader *reader, const struct tenant *tenant, int64_t number,
                  sqlite3_stmt *statement, struct customer *customer) MUST_USE;
/* Reads the row and hands it to `each`. */
int customer_show(struct store_reader *reader, const struct tenant *tenant, int64_t number,
                  sqlite3_stmt *statement,
                  void (*each)(void *context, const struct customer *customer),
                  void *context) MUST_USE;
/* Shows customers by number from the one behind *after on, which becomes the last that was shown, until
 * *left is 0. Returns 1 then, 0 when there are no more, READER_MORE when the transaction is over. */
int customers_show_behind(struct store_reader *reader, const struct tenant *tenant, int64_t *after,
                          size_t *left,
                          void (*each)(void *context, const struct customer *customer),
                          void *context) MUST_USE;
/* Counts a read. False: the transaction is over, return READER_MORE before this one. */
bool reader_take(struct store_reader *reader);

#endif
