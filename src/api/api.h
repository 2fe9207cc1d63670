/* The Open API's front: worker threads, each with its own event loop, listener, reader and caches.
 *
 * Made, started and stopped by main; everything else in api/ is behind it. */
#ifndef WSCRM_API_API_H
#define WSCRM_API_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "net/http_server.h"
#include "store/store.h"

struct action_streams;
struct api;
struct webhook_probe;

enum request_log { REQUEST_LOG_NONE, REQUEST_LOG_ERRORS, REQUEST_LOG_ALL };

struct api_settings {
    const char *listen; /* HOST:PORT; port 0 picks one */
    int workers;        /* 0: one per core the process may use */
    int helpers;        /* threads for large bodies and passwords; 2 */
    struct http_settings http;
    size_t max_body_small, max_body_large, max_body_import; /* 64 KiB, 4 MiB, 16 MiB */
    size_t rate_table_max; /* bytes of the rate limit's table; 64 MiB */
    enum request_log request_log;
    const char *time_zone; /* the server's own, for the log and defaults */
    /* Something was written that time acts on: tasks. Any thread; NULL: nobody is told. */
    void (*wake)(void *context);
    void *wake_context;
    /* Whether a WhatsApp account is online, and since when; whether what time causes happens. Any thread; both
     * are given wake_context. NULL: none is, and it does. */
    bool (*account_online)(void *context, int64_t number, int64_t *ret_since_ms);
    bool (*engine_ready)(void *context);
    const struct address_list
        *webhook_allow; /* networks that webhooks may lead to; NULL: public ones only */
    /* Has a webhook's receiver called once, on the engine; an error: it will not. NULL: there is none. */
    int (*probe)(void *context, struct webhook_probe *probe);
    void *probe_context;
    /* Appends what others count to /metrics, with api_metric(). Any thread; NULL: nothing. */
    void (*add_metrics)(void *context, struct buf *b);
    void *metrics_context;
    struct action_streams *action_streams; /* outlives the API */
    int64_t action_interval_ms;            /* between two actions of an agent; 10,000 */
    int64_t action_heartbeat_ms;           /* 15,000 */
    /* Actions were made; somebody listens for the agent. Any thread; NULL: nobody is told. */
    void (*actions_made)(void *context);
    void (*listener_came)(void *context, int64_t agent);
    void *actions_context;
};
void api_settings_default(struct api_settings *settings);

/* Binds (an occupied port is ERR_EXISTS) and starts the threads; requests are answered when it
 * returns. On failure why[] names the place and the cause and nothing runs. */
int api_start(const struct api_settings *settings, struct store *store, struct crypto *crypto,
              struct api **ret_api, char *why, size_t why_size) MUST_USE;

int api_port(const struct api *api); /* the port bound */

/* A counter or a gauge in Prometheus' text format; `type` says which. */
void api_metric(struct buf *b, const char *name, const char *type, const char *help,
                uint64_t value);

/* The settings that may change while it runs (SIGHUP): request_log. */
void api_reconfigure(struct api *api, const struct api_settings *settings);

/* No new connections, running requests finish (at most timeout_ms), threads end, all is freed. The
 * store must outlive this call. */
void api_stop(struct api *api, int timeout_ms);

#endif
