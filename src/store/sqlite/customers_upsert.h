/* The inside of an import: one item on its way from what it asks for to the row that is written. */
#ifndef WSCRM_STORE_SQLITE_CUSTOMERS_UPSERT_H
#define WSCRM_STORE_SQLITE_CUSTOMERS_UPSERT_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/sqlite/customer_row.h"
#include "store/sqlite/jobs.h"
#include "store/sqlite/labels.h"
#include "store/store.h"

/* What an item says about labels: the ids of those that exist, the names of those that do not. */
struct label_plan {
    int64_t stage_id, source_id; /* 0: to be made, when named */
    bool sets_stage, sets_source, sets_tags;
    int64_t tag_ids[CUSTOMER_MAX_TAGS]; /* -1 - n: the n-th of new_tags */
    size_t tag_count;
    struct str new_tags[CUSTOMER_MAX_TAGS];
    size_t new_tag_count;
};

struct row {
    int64_t id; /* 0: there is none yet */
    int64_t number;
    struct str texts[CUSTOMER_FIELD_COUNT];
    int64_t stage_id, source_id, sex, owner_id; /* 0: none */
    struct str tags, extended;
};

/* One piece of an import. */
struct upsert {
    struct store *store;
    struct connection *connection;
    struct labels *labels;
    struct arena *arena; /* of the item */
    const struct tenant *tenant;
    int64_t now_ms;
    struct str cause;
    size_t created;              /* customers */
    struct running_jobs running; /* deletions that have to spare what is named here */
    sqlite3_stmt *find, *insert, *update;
    struct buf extended;
    bool tells;            /* a webhook wants to hear of it */
    struct buf event;      /* of the item; see customer_event.h */
    struct str owner_name; /* the last one looked up: mostly all items name the same */
    int64_t owner_id;
    struct row old, row;
    struct label_plan plan;
    char tags_text[TAG_IDS_LONGEST(CUSTOMER_MAX_TAGS)];
};

/* What a step of an item says: go on, or the item is refused (outcome->result says why). Negative: the
 * store failed, the command is over. */
enum { GO_ON = 0, REFUSED = 1 };

/* Judges an item against the tenant and the row that is there (up->old), reading only, so that one
 * that is refused leaves nothing behind, not even a label. Fills up->plan and up->row.owner_id. */
int upsert_judge(struct upsert *up, const struct customer_change *item,
                 struct customer_outcome *outcome) MUST_USE;

#endif
