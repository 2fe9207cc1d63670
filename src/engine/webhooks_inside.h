/* The deliverer's inside: what its files share. All of it belongs to its thread, but what is marked.
 *
 *   webhooks.c         the turn, the thread
 *   webhook_targets.c     the URLs: as the store has them, and which are next
 *   webhook_tries.c    one try: from the outbox to the receiver's answer
 *   webhook_request.c  what is sent
 *   webhook_results.c  outcomes, on their way to the store
 *   webhook_probes.c   test-fires */
#ifndef WSCRM_ENGINE_WEBHOOKS_INSIDE_H
#define WSCRM_ENGINE_WEBHOOKS_INSIDE_H

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "base/random.h"
#include "engine/alarms.h"
#include "engine/number_map.h"
#include "engine/webhooks.h"
#include "net/http_client.h"
#include "store/webhooks.h"

/* Tries under way and outcomes that are not on disk, of all URLs: as many wait for the disk as one command
 * takes, behind a full one that is at the writer. */
#define HANDS_MAX (WEBHOOKS_IN_FLIGHT_MAX + 2 * DELIVERIES_MAX)
/* Of one URL: 8 under way, and the outcomes of 3 times as many, since a commit may take as long as 3 answers.
 * They are looked through one by one. */
#define URL_HANDS_MAX 32
/* URLs that are looked at in one transaction. */
#define LOOKS_MAX 64
/* URLs that are read anew in one transaction. */
#define CHANGES_MAX 256
/* After a store that refused. */
#define REFUSED_PAUSE_MS 1000

struct webhook_try;
struct webhooks;

struct webhook_target {
    int64_t id, tenant_id;
    enum event_type type;
    char *text;
    bool enabled, removed;
    uint8_t secrets[2][WEBHOOK_SECRET_LONGEST];
    size_t secret_lens[2];
    int64_t old_until_ms;
    int failures;     /* in a row */
    bool has_due;     /* it may have deliveries that are due and in nobody's hand */
    bool is_queued;   /* in a ring */
    size_t in_flight; /* tries under way */
    size_t in_hand;   /* these, and those whose outcome is not on disk */
    size_t probes;    /* test-fires under way */
    TAILQ_HEAD(, webhook_try) hand;
    struct alarm alarm; /* when the next delivery is due */
    STAILQ_ENTRY(webhook_target) ring;
};
STAILQ_HEAD(ring, webhook_target);

/* What is sent but the body: texts, and the headers that point into them. */
struct webhook_request {
    char tenant[24], timestamp[24], seconds[24], token[2 * SHA256_LEN + 1], id[EVENT_ID_MAX];
    struct buf signature;
    struct http_header headers[7];
    size_t header_count;
};

struct webhook_try {
    struct http_call http;
    struct webhooks *webhooks;
    struct webhook_target *target;
    struct delivery delivery; /* its data is in `body` */
    bool failing;             /* it counts as one of a failing URL */
    struct buf body;
    struct webhook_request request;
    struct delivery_result result;
    char error[HTTP_CALL_ERROR_MAX];
    TAILQ_ENTRY(webhook_try) hand;
    STAILQ_ENTRY(webhook_try) line;
};
STAILQ_HEAD(tries, webhook_try);

/* One URL that is looked at. */
struct look {
    struct deliveries_next op;
    struct webhooks *webhooks;
    struct webhook_target *target;
    size_t share; /* how many it may start */
    size_t shown, taken;
};

struct probe_try;

struct webhooks {
    struct webhooks_settings settings;
    struct store *store;
    struct store_reader *reader;
    struct crypto *crypto;
    struct mailbox *mailbox;
    struct event_base *base;
    struct event *mail, *timer;
    struct http_client *client;
    struct tenants *tenants;
    uint64_t tenants_version;
    struct random random;
    int64_t now_ms; /* of this turn */

    struct number_map targets; /* by id */
    struct alarms alarms;
    struct ring good, failing; /* URLs to be looked at, by how their last try went */
    size_t queued;             /* in both */
    bool failing_next;         /* whose turn it is */
    int64_t changed, fresh;    /* all changes, and all new deliveries, up to these are known */
    bool reload;

    struct look looks[LOOKS_MAX];
    size_t look_count;
    struct tries made; /* read, to be started */
    size_t in_flight, failing_in_flight, in_hand;

    struct tries results; /* to be written */
    struct deliveries_finish finish;
    struct delivery_result finish_results[DELIVERIES_MAX];
    struct webhook_try *finish_tries[DELIVERIES_MAX];
    bool finishing;     /* `finish` is the store's */
    struct alarm pause; /* set: the store refused, nothing is asked of it */

    LIST_HEAD(, probe_try) probes;
    atomic_size_t probes_asked; /* and not answered: any thread */

    struct letter wake_letter;
    atomic_bool is_woken; /* the letter is in the mailbox */
    atomic_bool is_stopping;
    _Atomic int64_t stop_by_ms; /* by clock_mono_ms(); INT64_MAX: not asked to stop yet */
    pthread_t thread;
    bool has_thread;

    struct {
        _Atomic uint64_t delivered, failed, parked, started, waited_ms, in_flight, failing;
    } counts;
};

static inline void webhooks_count(_Atomic uint64_t *counter, uint64_t by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}
const struct tenant *webhooks_tenant(const struct webhooks *webhooks, int64_t id); /* or NULL */
void webhooks_pause(struct webhooks *webhooks,
                    int result); /* the store refused, or memory is used up */
static inline bool webhooks_is_paused(const struct webhooks *webhooks)
{
    return webhooks->pause.place != 0;
}

/* webhook_targets.c */
/* Reads what changed, and which URLs have something new. */
void webhook_targets_reload(struct webhooks *webhooks);
struct webhook_target *webhook_target_find(const struct webhooks *webhooks,
                                           int64_t id); /* or NULL */
/* It may have something due: it is queued as soon as it may try. */
void webhook_target_look(struct webhooks *webhooks, struct webhook_target *target);
/* Queues it, if it has something due and may try. */
void webhook_target_queue(struct webhooks *webhooks, struct webhook_target *target);
/* The next URL to look at, taken out of its ring: in turn of those that work, and, if they may have more
 * tries, of those that fail. NULL: none. */
struct webhook_target *webhook_targets_take(struct webhooks *webhooks, bool failing_too);
size_t webhook_target_room(const struct webhook_target *target); /* how many tries it may start */
/* How a try went. */
void webhook_target_told(struct webhooks *webhooks, struct webhook_target *target, bool good);
/* Not used any more: freed, if it is removed and nothing of it is in hand. */
void webhook_target_release(struct webhooks *webhooks, struct webhook_target *target);
void webhook_targets_free(struct webhooks *webhooks);

/* webhook_tries.c */
/* Starts what is due, as far as there is room. True: there may be more that could start at once. */
bool webhook_tries_start(struct webhooks *webhooks);
void webhook_try_free(struct webhook_try *try); /* in no list, not under way */
void webhook_tries_free(struct webhooks *webhooks);

/* webhook_request.c */
/* A request of that event id; 0 or an error, and what was made is to be freed either way. */
int webhook_request_make(struct webhook_request *request, const struct webhooks *webhooks,
                         const struct webhook_target *target, int64_t event,
                         struct str body) MUST_USE;
void webhook_request_free(struct webhook_request *request);
/* The call of it, without what it means: done, owner. */
struct http_call webhook_call(const struct webhooks *webhooks, const struct webhook_target *target,
                              const struct webhook_request *request, struct str body);

/* webhook_results.c */
void webhook_results_add(struct webhooks *webhooks, struct webhook_try *try);
/* Gives the store what there is. */
void webhook_results_write(struct webhooks *webhooks);

/* webhook_probes.c */
void webhook_probes_drop(struct webhooks *webhooks); /* those under way are answered ERR_CLOSED */

#endif
