/* The outbox: events are written here in the transaction of the change that they tell of, with a delivery
 * for each URL. For the store's own; the engine's side is store/webhooks.h. */
#ifndef WSCRM_STORE_SQLITE_OUTBOX_H
#define WSCRM_STORE_SQLITE_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/webhook.h"

struct connection;
struct store;
struct store_call;
struct tenant;

/* Deliveries of an event have the ids from event * 128 on. */
#define EVENT_DELIVERIES 128

/* Whether a URL of the type is switched on, as the snapshot says: whether it is worth while to make the
 * data of an event. */
bool outbox_wants(const struct tenant *tenant, enum event_type type);
/* Inside a command's transaction. `data` is a JSON object. Costs a look at the snapshot when no URL of the
 * type is switched on, else some 10 us and as many for each URL. ERR_STORE. */
int outbox_put(struct store *store, int64_t tenant_id, enum event_type type, int64_t key,
               int64_t time_ms, struct str data) MUST_USE;
/* The key of what happens between an account and a number. */
int64_t outbox_conversation(int64_t account, int64_t number);

/* The next of the numbers that grow through the store's whole life. ERR_STORE. */
int outbox_number(struct connection *connection, int64_t *ret_number) MUST_USE;
/* The first delivery of the key that waits is READY now. 1: there was one, 0: none; ERR_STORE. */
int outbox_promote(struct connection *connection, int64_t webhook, int64_t key,
                   int64_t now_ms) MUST_USE;
/* The engine looks at the URL anew. ERR_STORE. */
int webhook_touch(struct store *store, int64_t webhook) MUST_USE;
/* All URLs of a tenant go. */
int webhooks_remove(struct store *store, int64_t tenant_id) MUST_USE;

/* Opens a secret of a webhook's row. Returns its length; ERR_CRYPTO. */
int webhook_secret_open(struct store *store, int64_t webhook, struct str sealed,
                        uint8_t ret_secret[WEBHOOK_SECRET_LONGEST]) MUST_USE;

/* After a commit: see store_events_watch(). */
void events_tell(struct store *store);

/* Where the sweep is, of a walk over all events by id. */
struct outbox_walk {
    int64_t at;
    int64_t begun_ms; /* 0: none is under way */
    bool whole;       /* to the end: URLs were removed */
    uint64_t dropped;
};
/* A chore (writer_chores.c): deletes what is over its time, and what belongs to URLs that are gone. */
int outbox_sweep(struct store *store);

#endif
