/* What the files about questions share. */
#ifndef WSCRM_STORE_SQLITE_QUERIES_H
#define WSCRM_STORE_SQLITE_QUERIES_H

#include "store/queries.h"
#include "store/sqlite/store_sqlite.h"

/* A turn while it runs in the writer's transaction. */
struct query_turn {
    struct store *store;
    struct connection *connection;
    struct queries_turn *op;
    size_t known; /* checks that were looked up */
};

/* One outcome, one claim. ERR_STORE, ERR_NOMEM. */
int group_link_outcome(struct query_turn *turn, const struct query_outcome *outcome) MUST_USE;
int group_link_claim(struct query_turn *turn, struct query_claim *claim) MUST_USE;
int group_join_outcome(struct query_turn *turn, const struct query_outcome *outcome) MUST_USE;
int group_join_claim(struct query_turn *turn, struct query_claim *claim) MUST_USE;
int screening_outcome(struct query_turn *turn, const struct query_outcome *outcome) MUST_USE;
int screening_claim(struct query_turn *turn, struct query_claim *claim) MUST_USE;

/* What is known of a chat now. */
int group_chat_set(struct connection *connection, int64_t tenant_id,
                   const struct query_answer *answer) MUST_USE;

/* Adds a subject to the claim. */
static inline struct query_subject *query_claim_add(const struct query_turn *turn,
                                                    struct query_claim *claim, int64_t id)
{
    struct query_subject *subject = &claim->subjects[claim->count++];
    *subject = (struct query_subject){.kind = claim->kind,
                                      .tenant_id = claim->tenant_id,
                                      .account = claim->account,
                                      .id = id,
                                      .asked_ms = turn->op->now_ms};
    return subject;
}
/* A code that is in the row. */
void query_code(struct query_subject *subject, struct str code);

/* The chore. */
int screenings_sweep(struct store *store);

#endif
