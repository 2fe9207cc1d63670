/* A segment as the tables know it: names as ids, and what SQL can judge as a condition of every statement
 * that walks over customers. */
#ifndef WSCRM_STORE_SQLITE_SEGMENT_PLAN_H
#define WSCRM_STORE_SQLITE_SEGMENT_PLAN_H

#include "base/buf.h"
#include "domain/segment.h"
#include "store/sqlite/connection.h"

struct segment_plan {
    const struct tenant *tenant;
    const struct segment *segment;
    const char *unknown; /* the wire name of what names something that the tenant does not have */
    int64_t group_id;    /* 0: none is asked for */
    struct buf where;    /* " AND stage = 3 AND …" */
    int64_t tag_ids[CUSTOMER_MAX_TAGS];
    struct buf values; /* what `extended` has to contain, one behind the other */
    size_t value_ends[TENANT_MAX_FIELDS];
};

/* Zeroed before the first use. ERR_STORE, ERR_NOMEM. */
int segment_plan_make(struct segment_plan *plan, struct connection *connection,
                      const struct tenant *tenant, const struct segment *segment) MUST_USE;
void segment_plan_free(struct segment_plan *plan);

/* SEGMENT_ROWS, `head`, the condition, `tail` as a statement with the tenant bound to ?1; the other
 * parameters are the caller's, who finalizes it. NULL: see the connection's fault. */
#define SEGMENT_ROWS "SELECT number, friend_name, tags, extended FROM customer"
sqlite3_stmt *segment_plan_prepare(const struct segment_plan *plan, struct connection *connection,
                                   const char *head, const char *tail);

/* What SQL does not judge of a row of SEGMENT_ROWS, or judges too slowly: tags, extended fields, keyword and
 * opt-out. 1, 0, ERR_STORE. */
int segment_plan_takes(const struct segment_plan *plan, struct connection *connection,
                       sqlite3_stmt *row) MUST_USE;

#endif
