/* The deliverer of webhooks: takes what is due from the outbox to the URLs. A thread of its own, with a
 * loop of its own: the handshakes of 256 receivers never come between an account and its pace.
 *
 * Nothing that counts is kept in memory: a delivery is READY in the store until its outcome is on disk, so
 * what a crash interrupts is tried again, and what waits behind it waits. */
#ifndef WSCRM_ENGINE_WEBHOOKS_H
#define WSCRM_ENGINE_WEBHOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"
#include "domain/webhook.h"
#include "net/address.h"
#include "store/store.h"

/* Tries under way, of all URLs. Each is a connection, a receiver's answer of at most 64 KiB, and the event
 * that is sent: some 20 MiB when all answers are as long as they may be. */
#define WEBHOOKS_IN_FLIGHT_MAX 256
/* Of these, how many may be of URLs whose last try failed: however many are dead, the others have half. */
#define WEBHOOKS_FAILING_MAX 128
/* Test-fires under way. */
#define WEBHOOKS_PROBES_MAX 32

struct webhooks;

struct webhooks_settings {
    uint64_t seed;                    /* of the waits between tries */
    const struct address_list *allow; /* may be called beside public addresses; outlives this */
    int timeout_ms;    /* WEBHOOK_TIMEOUT_MS; of the real clock, whatever clock_ms says */
    int retry_percent; /* of the waits between tries; 100 */
    /* The time, which tests make up; NULL: clock_real_ms(). */
    int64_t (*clock_ms)(void *context);
    void *clock_context;
};
void webhooks_settings_default(struct webhooks_settings *settings);

int webhooks_new(const struct webhooks_settings *settings, struct store *store,
                 struct crypto *crypto, struct webhooks **ret_webhooks) MUST_USE;
/* The thread. Without it the caller is the deliverer's thread and calls webhooks_run(). */
int webhooks_start(struct webhooks *webhooks) MUST_USE;
/* From now on nothing is begun, and test-fires are answered ERR_CLOSED. Returns at once; any thread. */
void webhooks_drain(struct webhooks *webhooks);
/* The same; then what is under way gets its outcome (at most timeout_ms), and the thread ends. */
void webhooks_stop(struct webhooks *webhooks, int timeout_ms);
void webhooks_free(
    struct webhooks *webhooks); /* stopped, before the store is closed; NULL is fine */

/* Does what is due now and what came in, without waiting; returns the time of the next thing that is due by
 * itself (INT64_MAX: none). */
int64_t webhooks_run(struct webhooks *webhooks);
/* Whether it waits for nothing but time: no try under way, no command at the store, no letter. */
bool webhooks_is_idle(const struct webhooks *webhooks);

/* --- any thread */

/* A test-fire of a URL, whether it is switched on or not: `probe->done` runs on the thread of probe->home.
 * ERR_BUSY, ERR_CLOSED: it will not. */
int webhooks_probe(struct webhooks *webhooks, struct webhook_probe *probe) MUST_USE;

struct webhooks_metrics {
    uint64_t delivered, failed, parked; /* outcomes of tries; a parked one has failed, too */
    uint64_t started;
    uint64_t waited_ms; /* of all started: from when each was due to its start */
    uint64_t in_flight; /* now */
    uint64_t failing;   /* URLs whose last try failed, of those that are switched on */
};
void webhooks_metrics(const struct webhooks *webhooks, struct webhooks_metrics *ret_metrics);

#endif
