/* The store's face, webhooks: URLs, the outbox, deliveries. See store/store.h for how verbs work.
 *
 * An event is written in the transaction of the change that it tells of (store/sqlite/outbox.h), with one
 * delivery for each URL of its type that is switched on. Of the deliveries of one URL and one key (a
 * conversation, a customer, an account, a task) only the first that is not over is READY; the later ones
 * WAIT for it: so order is kept in the table, through any restart. */
#ifndef WSCRM_STORE_WEBHOOKS_H
#define WSCRM_STORE_WEBHOOKS_H

#include "domain/webhook.h"
#include "store/store.h"

#define TENANT_MAX_WEBHOOKS 100
/* Deliveries that are parked, or that nobody took, are kept so long after their event; those that are done
 * settings.webhook_days. What was pending is then dropped, which is counted and logged. */
#define WEBHOOK_KEPT_DAYS 30

/* In the table: never renumber. */
enum delivery_state {
    DELIVERY_READY = 0,   /* from next_ms on */
    DELIVERY_WAITING = 1, /* for an earlier one of its key */
    DELIVERY_DONE = 2,
    DELIVERY_PARKED = 3, /* all tries failed, or given up by hand; can be replayed */
};

/* Adds the URL to the type, or changes it when the type has it. ERR_NOT_FOUND no such tenant, ERR_FULL. */
struct webhook_set {
    struct store_call call;
    int64_t tenant_id;
    enum event_type type;
    struct str url;
    int enabled;           /* 1, 0; -1: leave (1 for a new one) */
    const uint8_t *secret; /* of a new one; for one that is there: the one before stays valid for
                                 * WEBHOOK_SECRET_OVERLAP_MS beside it */
    size_t secret_len;     /* 0: leave (a new one needs one: ERR_INVALID) */
    bool
        is_made; /* the secret, for the case that the URL is new: one that is there keeps its own */
    int64_t now_ms;
    /* In `done`: */
    int64_t id;
    bool created, rotated; /* neither: the secret is not in use */
};
void store_webhook_set(struct store *store, struct webhook_set *op);

struct webhook_del {
    struct store_call call;
    int64_t tenant_id, id;
};
void store_webhook_del(struct store *store, struct webhook_del *op); /* ERR_NOT_FOUND */

struct webhook {
    int64_t id, tenant_id;
    enum event_type type;
    struct str url;
    bool enabled;
    int64_t failing_since_ms;       /* 0: it works */
    int failures;                   /* in a row */
    int64_t ready, waiting, parked; /* deliveries; counted only for webhooks_get() */
    /* For the engine only: */
    const uint8_t *secrets[2];
    size_t secret_lens[2]; /* 0: none */
    int64_t old_until_ms;  /* of the second */
    int64_t changed;       /* grows with each change that was not the engine's, and with a replay */
    bool removed;          /* it is gone, and nothing of the above is there but ids */
};
/* The tenant's URLs, ascending by id, without secrets. */
struct webhooks_get {
    struct store_call call;
    int64_t tenant_id;
    void (*each)(struct webhooks_get *op, const struct webhook *webhook);
};
void store_webhooks_get(struct store_reader *reader, struct webhooks_get *op);

/* For the engine: all tenants' URLs changed after `changed`, with secrets, ascending by it; those that
 * are gone come as `removed`. At most `limit`; result: how many. */
struct webhooks_changed {
    struct store_call call;
    int64_t changed;
    size_t limit;
    void (*each)(struct webhooks_changed *op, const struct webhook *webhook);
};
void store_webhooks_changed(struct store_reader *reader, struct webhooks_changed *op);

/* `woken` runs after each commit that wrote events or changed URLs, on the writer's thread: it is short and
 * calls no verb. NULL: nobody is told any more, and none is being told when this returns. */
void store_events_watch(struct store *store, void (*woken)(void *context), void *context);

/* --- deliveries, for the engine */

/* Which URLs have got READY deliveries since `after` (a delivery's id; 0 at first: then all URLs are to be
 * looked at anyway, and this only says where it stands): `each`, some more than once. `after` moves on;
 * `more`: ask again. What a replay makes READY again is not among them: it changes the URL. */
#define DELIVERIES_FRESH_MAX 1000
struct deliveries_fresh {
    struct store_call call;
    int64_t after;
    bool more;
    void (*each)(struct deliveries_fresh *op, int64_t webhook);
};
void store_deliveries_fresh(struct store_reader *reader, struct deliveries_fresh *op);

struct delivery {
    int64_t id; /* of the delivery */
    int64_t event, webhook, tenant_id;
    enum event_type type;
    int64_t time_ms; /* of the event */
    int tries;
    int64_t next_ms;
    struct str data; /* JSON */
};
/* READY deliveries of a URL by (next_ms, id) behind (after_ms, after_id), due up to `until_ms`; `next_ms`:
 * when the one after these is due, 0: none. */
struct deliveries_next {
    struct store_call call;
    int64_t webhook;
    int64_t until_ms, after_ms, after_id;
    size_t limit;
    int64_t next_ms;
    void (*each)(struct deliveries_next *op, const struct delivery *delivery);
};
void store_deliveries_next(struct store_reader *reader, struct deliveries_next *op);

struct delivery_result {
    int64_t delivery, webhook;
    enum delivery_state state; /* DONE, PARKED, READY (again at next_ms) */
    int64_t next_ms;
    int http_status;  /* 0: none */
    struct str error; /* at most 160 bytes; len 0: none */
    bool gone;        /* 410: the URL is switched off */
    bool unknown;     /* set before `done`: no such delivery any more */
};
/* Writes results; the next of the key becomes READY; keeps failures and failingSince of the URLs. At most
 * DELIVERIES_MAX. `woken`: a later delivery of one of these URLs is READY now. */
#define DELIVERIES_MAX 256
struct deliveries_finish {
    struct store_call call;
    struct delivery_result *results;
    size_t count;
    int64_t now_ms;
    bool woken; /* in `done` */
};
void store_deliveries_finish(struct store *store, struct deliveries_finish *op);

/* An event that no other change carries (an account online or offline). */
struct event_put {
    struct store_call call;
    int64_t tenant_id;
    enum event_type type;
    int64_t key;
    int64_t time_ms;
    struct str data;
};
void store_event_put(struct store *store, struct event_put *op);

/* --- for people */

struct delivery_entry {
    int64_t event, webhook;
    enum event_type type;
    struct str url;
    enum delivery_state state;
    int tries, last_status;
    struct str last_error;
    int64_t next_ms, time_ms;
};
/* Newest first: a walk in short transactions over what the tenant has, for a thread that has the time. */
#define DELIVERIES_PAGE_MAX 500
struct deliveries_page {
    struct store_call call;
    int64_t tenant_id;
    int64_t webhook; /* 0: any */
    int type;        /* -1: any */
    int state;       /* -1: any; READY and WAITING are one: pending */
    int64_t skip;
    size_t limit;
    int64_t deadline_us; /* by clock_mono_us(); 0: none. ERR_TIMEOUT */
    void (*each)(struct deliveries_page *op, const struct delivery_entry *entry);
    int64_t total; /* in `done`; at most DELIVERIES_COUNT_MAX: a count is a walk */
    /* The store's own. */
    int64_t at;
    size_t shown;
};
#define DELIVERIES_COUNT_MAX 100000
void store_deliveries_page(struct store_reader *reader, struct deliveries_page *op);

/* Parked and done deliveries are tried again from now on, with all their tries, in the order of their
 * events behind what is pending of their key: of these events (at URLs that are switched on), or of one URL
 * and a span of time. A long command. result: how many. */
struct deliveries_replay {
    struct store_call call;
    int64_t tenant_id;
    const int64_t *events;
    size_t count;           /* at most 1000 */
    int64_t webhook;        /* with count 0: ERR_NOT_FOUND */
    int64_t from_ms, to_ms; /* of events from the first until just before the second */
    int64_t now_ms;
    /* The store's own. */
    int64_t at, place, replayed;
};
void store_deliveries_replay(struct store *store, struct deliveries_replay *op);

#endif
