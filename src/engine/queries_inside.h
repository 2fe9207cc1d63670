/* What the files about questions share. */
#ifndef WSCRM_ENGINE_QUERIES_INSIDE_H
#define WSCRM_ENGINE_QUERIES_INSIDE_H

#include "engine/inside.h"
#include "store/queries.h"

/* Under way together: some 2 KiB each. */
#define QUERIES_MAX 4096
/* Of an account and a kind. With less than a millisecond between two it is what the journal's sync allows. */
#define QUERIES_OF_SENDER 32
/* What an account without an interval claims at a time. */
#define QUERIES_AT_ONCE 16
/* Unanswered for so long it is given up, at speed 1; a link is asked for again, after a minute first, then
 * after twice the time each, an hour at most, until its day is over. */
#define QUERY_PATIENCE_MS   30000
#define QUERY_RETRY_MS      60000
#define QUERY_RETRY_MOST_MS INT64_C(3600000)
/* Of a tenant with many accounts, one of which is due at any moment, not all are looked at again sooner. */
#define QUERY_MANY_ACCOUNTS 100
#define QUERY_MANY_PAUSE_MS 50

/* One under way, from its claim until its answer is on disk. */
struct query {
    struct transport_query ask;
    struct query_subject subject;
    struct sender *sender; /* NULL: its account is gone */
    int64_t retry_ms;
    struct alarm timeout;
    STAILQ_ENTRY(query) next; /* answered */
    LIST_ENTRY(query) all;
};

/* A tenant, or for joins an account, that has something to be asked. */
struct query_work {
    enum query_kind kind;
    int64_t tenant_id, key; /* the tenant, or the account */
    bool is_ready, in_turn;
    bool is_dry;   /* nothing was found */
    bool is_woken; /* something came while it was in a turn */
    struct alarm alarm;
    TAILQ_ENTRY(query_work) ready;
};

struct queries {
    struct engine *engine;
    struct number_map works[QUERY_KINDS]; /* by key */
    struct alarms alarms;
    TAILQ_HEAD(, query_work) ready;
    LIST_HEAD(, query) all;
    STAILQ_HEAD(, query) answered;
    size_t count;
    bool unread;  /* who waits is to be read */
    bool unsure;  /* what was claimed is to be read */
    bool expires; /* links are over their time */
    struct alarm expiry;
    int64_t pause_until_ms;
    /* The turn at the writer, one at a time. */
    bool busy;
    struct queries_turn op;
    struct query_outcome outcomes[QUERIES_TURN_MAX];
    struct query *told[QUERIES_TURN_MAX];
    struct query_claim claims[QUERIES_TURN_MAX];
    struct query_work *claimers[QUERIES_TURN_MAX];
    struct query_subject subjects[QUERIES_TURN_MAX];
    size_t wanted;
};

/* queries.c */
struct query *query_take(struct engine *engine, const struct query_subject *subject); /* NULL */
void query_ask(struct engine *engine, struct query *query);
void query_drop(struct queries *queries, struct query *query); /* its answer is on disk */
int queries_read_asked(struct engine *engine,
                       void (*asked)(struct queries_load *op, const struct query_subject *subject),
                       void (*pace)(struct queries_load *op, int64_t account, enum query_kind kind,
                                    int64_t due_ms)) MUST_USE;

/* query_works.c */
int query_works_read(struct engine *engine) MUST_USE; /* who waits */
struct query_work *query_work_find(const struct queries *queries, enum query_kind kind,
                                   int64_t key); /* NULL */
void query_work_ready(struct queries *queries, struct query_work *work);
void query_works_claim(struct engine *engine);              /* fills the turn */
void query_works_told(struct engine *engine, bool is_done); /* the turn's end */
void query_works_free(struct queries *queries);

#endif
