/* GET /metrics: counters and gauges in the Prometheus text format (version 0.0.4). */
#include "api/reply.h"
#include "api/worker.h"

void api_metric(struct buf *b, const char *name, const char *type, const char *help, uint64_t value)
{
    buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
               (unsigned long long)value);
}

static void add_store(struct buf *b, const struct store_metrics *store)
{
    api_metric(b, "wscrm_store_groups_total", "counter", "Transactions committed.", store->groups);
    api_metric(b, "wscrm_store_commands_total", "counter", "Write commands in them.",
               store->commands);
    api_metric(b, "wscrm_store_rows_total", "counter", "Rows written by them.", store->rows);
    api_metric(b, "wscrm_store_failed_groups_total", "counter", "Transactions that failed.",
               store->failed_groups);
    api_metric(b, "wscrm_store_checkpoints_total", "counter", "Checkpoints of the write-ahead log.",
               store->checkpoints);
    api_metric(b, "wscrm_store_queue", "gauge", "Write commands that wait.", store->queue_depth);
    api_metric(b, "wscrm_store_wal_bytes", "gauge", "Size of the write-ahead log.",
               store->wal_bytes);
    api_metric(b, "wscrm_search_behind", "gauge",
               "Customers that the search index has not come to.", store->search_behind);
    api_metric(b, "wscrm_webhook_events_dropped_total", "counter",
               "Webhook deliveries that were over their time before anybody took them.",
               store->events_dropped);
    api_metric(b, "wscrm_messages_forgotten_total", "counter", "Messages older than message-days.",
               store->messages_forgotten);
    api_metric(b, "wscrm_store_healthy", "gauge", "1 when the last commit went well.",
               store->healthy);
}

/* `offset` is that of one of the arrays in struct counters. */
static void add_by_route(struct buf *b, const struct shared *shared, const char *name,
                         const char *help, size_t offset)
{
    buf_printf(b, "# HELP %s %s\n# TYPE %s counter\n", name, help, name);
    for (size_t route = 0; route < ROUTE_COUNT; route++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < shared->worker_count; i++) {
            const char *counters = (const char *)&shared->workers[i].counters;
            const atomic_uint_fast64_t *array = (const void *)(counters + offset);
            sum += atomic_load_explicit(&array[route], memory_order_relaxed);
        }
        buf_printf(b, "%s{path=\"%s\"} %llu\n", name, route_at(route)->path.p,
                   (unsigned long long)sum);
    }
}

static uint64_t errors(const struct shared *shared)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < shared->worker_count; i++)
        sum += atomic_load_explicit(&shared->workers[i].counters.errors, memory_order_relaxed);
    return sum;
}

static void start(struct exchange *x)
{
    const struct shared *shared = x->worker->shared;
    struct store_metrics store;
    store_metrics(shared->store, &store);
    buf_init(&x->reply, (size_t)1 << 20);
    x->http_status = 200;
    x->code = STATUS_OK;
    struct buf *b = &x->reply;
    add_by_route(b, shared, "wscrm_requests_total", "Requests answered.",
                 offsetof(struct counters, requests));
    add_by_route(b, shared, "wscrm_requests_refused_total", "Of those: code other than 200.",
                 offsetof(struct counters, refused));
    api_metric(b, "wscrm_http_errors_total", "counter", "HTTP errors without an endpoint.",
               errors(shared));
    api_metric(b, "wscrm_http_connections", "gauge", "Open connections.",
               (uint64_t)atomic_load(&shared->http.connections));
    api_metric(b, "wscrm_http_body_bytes", "gauge", "Memory of bodies in flight.",
               atomic_load(&shared->http.body_bytes));
    api_metric(b, "wscrm_action_streams", "gauge", "Open streams of actions.",
               action_streams_count(shared->settings.action_streams));
    api_metric(b, "wscrm_rate_table_bytes", "gauge", "Memory of the rate limit.",
               limit_table_bytes(shared->limits));
    add_store(b, &store);
    if (shared->settings.add_metrics)
        shared->settings.add_metrics(shared->settings.metrics_context, b);
    exchange_finish(x);
}

const struct handler metrics = {.start = start};
