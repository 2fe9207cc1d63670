/* The store's face, questions: what the engine asks WhatsApp for besides sending. See store/store.h for how
 * verbs work.
 *
 * What is to be asked waits in its own place: links to be parsed, joins, numbers of screenings. A claim, on
 * disk before anything is asked, takes it from there; an answer ends it, or puts it back. What was claimed and
 * has no answer is found by a start. */
#ifndef WSCRM_STORE_QUERIES_H
#define WSCRM_STORE_QUERIES_H

#include "domain/query.h"
#include "store/store.h"

#define GROUP_LINK_PATIENCE_MS INT64_C(86400000)       /* what is not parsed by then is invalid */
#define NUMBER_CHECK_KEPT_MS   (7 * INT64_C(86400000)) /* answers, and screenings that are over */

struct query_subject {
    enum query_kind kind;
    int64_t tenant_id, account;
    int64_t id;                        /* of the link or the join; of a check its number */
    char code[GROUP_CODE_LONGEST + 1]; /* of info and join */
    int64_t asked_ms;
    int tries; /* of an info, this one included */
};

struct query_outcome {
    const struct query_subject *subject;
    const struct query_answer *answer;
    int64_t retry_ms; /* of an info that is to be asked again: not before */
};

/* Up to `want` subjects for an account: of the tenant's links, its screenings in their order, or the account's
 * own joins. A check that was answered within the week is answered from there, at most CLAIM_KNOWN a turn. */
#define CLAIM_KNOWN 400
struct query_claim {
    enum query_kind kind;
    int64_t tenant_id, account;
    size_t want;
    int64_t interval_ms;            /* the account's; kept as its pace when something is found */
    struct query_subject *subjects; /* [want], the caller's */
    /* Set before `done`: */
    size_t count;
    bool more;       /* with count < want: not all was looked at, ask again */
    int64_t next_ms; /* with count < want: when there is something again by itself; 0: never */
};

/* Outcomes, then claims, one transaction. */
#define QUERIES_TURN_MAX 128 /* outcomes, and what claims want, together */
struct queries_turn {
    struct store_call call;
    int64_t now_ms;
    const struct query_outcome *outcomes;
    size_t outcome_count;
    struct query_claim *claims;
    size_t claim_count;
    bool
        expires; /* links that were not parsed within GROUP_LINK_PATIENCE_MS become invalid, 100 at most */
};
void store_queries_turn(struct store *store, struct queries_turn *op);

/* Who has something to be asked: `waits` of (CHECK or INFO, tenant, 0) and (JOIN, tenant, account).
 * oldest_link_ms: when the oldest link came that is not parsed; 0: there is none. */
struct queries_waiting {
    struct store_call call;
    void (*waits)(struct queries_waiting *op, enum query_kind kind, int64_t tenant_id,
                  int64_t account);
    int64_t oldest_link_ms;
};
void store_queries_waiting(struct store_reader *reader, struct queries_waiting *op);

/* At a start: what was under way, and the paces of accounts. */
struct queries_load {
    struct store_call call;
    void (*asked)(struct queries_load *op, const struct query_subject *subject);
    void (*pace)(struct queries_load *op, int64_t account, enum query_kind kind, int64_t due_ms);
};
void store_queries_load(struct store_reader *reader, struct queries_load *op);

#endif
