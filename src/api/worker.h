/* A worker: one thread with its event loop, HTTP server, store reader and mailbox. Everything in it is
 * for its own thread, but what is marked. */
#ifndef WSCRM_API_WORKER_H
#define WSCRM_API_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/action_streams.h"
#include "api/api.h"
#include "api/helpers.h"
#include "api/limit.h"
#include "api/routes.h"
#include "api/slow_reads.h"
#include "base/buf.h"
#include "base/mailbox.h"
#include "base/zone.h"

struct event_base;
struct event;

/* What all workers share; made by api_start(), outlives them. */
struct shared {
    struct store *store;
    struct crypto *crypto;
    struct limit_table *limits;
    struct helpers *helpers;
    struct slow_reads *slow_reads;
    struct zone *zone; /* the server's own */
    struct http_shared http;
    struct api_settings settings; /* as started */
    int64_t start_ms;             /* real time */
    _Atomic(enum request_log) request_log;
    struct worker *workers;
    size_t worker_count;
};

/* Counted by the worker, read by /metrics from any thread. */
struct counters {
    atomic_uint_fast64_t requests[ROUTE_COUNT];
    atomic_uint_fast64_t refused[ROUTE_COUNT]; /* of those: `code` other than 200 */
    atomic_uint_fast64_t errors;               /* HTTP errors answered without a route */
};

struct worker {
    pthread_t thread;
    struct shared *shared;
    struct event_base *base;
    struct http_server *server;
    struct store_reader *reader;
    struct mailbox *mailbox;
    struct digest *digest;
    struct event *mail_event;
    struct event *sweep_event; /* of the first worker only */
    struct event *beat_event;
    TAILQ_HEAD(, action_stream) streams; /* its own, by the time of their heartbeat */
    atomic_size_t told;                  /* letters of api/action_streams.h on their way to it */
    struct tenants *tenants;             /* the current snapshot, as this worker last saw it */
    uint64_t tenants_version;
    size_t exchanges; /* that are not finished */
    struct buf log;   /* the access log of this turn */
    int64_t last_request_ms;
    uint64_t id_prefix, id_count; /* of the request ids it makes */
    struct letter drain_letter;
    bool draining;
    int64_t drain_until_ms; /* monotonic */
    struct counters counters;
};

/* Makes all of it, listening on `listen_fd`, which is taken over; the thread is not started. */
int worker_init(struct worker *worker, struct shared *shared, int listen_fd) MUST_USE;
int worker_start(struct worker *worker) MUST_USE;
/* Any thread: the worker drains, ends, and can be joined with worker_join(), which also frees it. */
void worker_drain(struct worker *worker, int timeout_ms);
void worker_join(struct worker *worker);
void worker_free(struct worker *worker); /* one that was not started or has ended */

/* Whether the WhatsApp account is online, and since when; 0: not known. */
bool worker_account_online(const struct worker *worker, int64_t number, int64_t *ret_since_ms);

/* The current snapshot, with a reference for the caller. */
struct tenants *worker_tenants(struct worker *worker);

#endif
