#include "api/worker.h"

#include <event2/event.h>
#include <string.h>
#include <sys/prctl.h>

#include "api/pipeline.h"
#include "base/clock.h"
#include "base/log.h"

/* An access log line is some 200 bytes; beyond this a turn's log is written in parts. */
#define LOG_BUFFER     ((size_t)256 << 10)
#define DRAIN_CHECK_MS 20

struct tenants *worker_tenants(struct worker *worker)
{
    uint64_t version = store_tenants_version(worker->shared->store);
    if (version != worker->tenants_version || !worker->tenants) {
        tenants_unref(worker->tenants);
        worker->tenants = store_tenants(worker->shared->store);
        worker->tenants_version = version;
    }
    return tenants_ref(worker->tenants);
}

static void on_mail(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    mailbox_run(((struct worker *)context)->mailbox);
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    limit_sweep(((struct worker *)context)->shared->limits);
}

static void on_beat(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    action_streams_beat(context);
}

/* Heartbeats are on time within a tenth. */
static int add_beat(struct worker *worker)
{
    int64_t us = worker->shared->settings.action_heartbeat_ms * 100;
    struct timeval period = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
    worker->beat_event = event_new(worker->base, -1, EV_PERSIST, on_beat, worker);
    return worker->beat_event && event_add(worker->beat_event, &period) == 0 ? 0 : ERR_NOMEM;
}

static int add_events(struct worker *worker)
{
    worker->mail_event =
        event_new(worker->base, mailbox_fd(worker->mailbox), EV_READ | EV_PERSIST, on_mail, worker);
    if (!worker->mail_event || event_add(worker->mail_event, NULL) != 0)
        return ERR_NOMEM;
    if (add_beat(worker) < 0)
        return ERR_NOMEM;
    if (worker != worker->shared->workers)
        return 0; /* one sweeper is enough */
    struct timeval second = {.tv_sec = 1};
    worker->sweep_event = event_new(worker->base, -1, EV_PERSIST, on_sweep, worker);
    if (!worker->sweep_event || event_add(worker->sweep_event, &second) != 0)
        return ERR_NOMEM;
    return 0;
}

static int make_parts(struct worker *worker)
{
    struct shared *shared = worker->shared;
    struct http_handlers handlers = pipeline_handlers(worker);
    int result = mailbox_new(&worker->mailbox);
    if (result == 0)
        result = digest_new(shared->crypto, &worker->digest);
    if (result == 0)
        result = store_reader_new(shared->store, &worker->reader);
    if (result == 0) {
        result = http_server_new(worker->base, &shared->settings.http, &handlers, &shared->http,
                                 &worker->server);
    }
    if (result == 0)
        result = random_bytes(&worker->id_prefix, sizeof(worker->id_prefix));
    return result == 0 ? add_events(worker) : result;
}

int worker_init(struct worker *worker, struct shared *shared, int listen_fd)
{
    worker->shared = shared;
    TAILQ_INIT(&worker->streams);
    buf_init(&worker->log, LOG_BUFFER);
    worker->base = event_base_new();
    int result = worker->base ? make_parts(worker) : ERR_NOMEM;
    if (result == 0)
        result = http_server_listen(worker->server, listen_fd);
    if (result < 0)
        worker_free(worker);
    return result;
}

/* Whether the drain is over: nothing is out with the store, a helper or the engine, and the clients have their
 * answers or the time for them is up. */
static bool is_drained(const struct worker *worker)
{
    return worker->draining && worker->exchanges == 0 && atomic_load(&worker->told) == 0 &&
           (http_server_idle(worker->server) || clock_mono_ms() >= worker->drain_until_ms);
}

static void turn(struct worker *worker)
{
    int flags = EVLOOP_ONCE;
    if (store_reads_waiting(worker->reader) > 0)
        flags |= EVLOOP_NONBLOCK; /* reads that reads asked for */
    struct timeval check = {.tv_usec = DRAIN_CHECK_MS * 1000};
    if (worker->draining)
        event_base_loopexit(worker->base, &check);
    event_base_loop(worker->base, flags);
    store_reads_run(worker->reader);
    http_server_flush(worker->server);
    log_flush(&worker->log);
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    prctl(PR_SET_NAME, "worker");
    while (!is_drained(worker))
        turn(worker);
    return NULL;
}

int worker_start(struct worker *worker)
{
    return pthread_create(&worker->thread, NULL, run, worker) == 0 ? 0 : ERR_SYSTEM;
}

static void on_drain(struct letter *letter)
{
    struct worker *worker = container_of(letter, struct worker, drain_letter);
    worker->draining = true;
    http_server_drain(worker->server);
}

void worker_drain(struct worker *worker, int timeout_ms)
{
    worker->drain_until_ms = clock_mono_ms() + timeout_ms;
    worker->drain_letter.open = on_drain;
    mailbox_post(worker->mailbox, &worker->drain_letter);
}

void worker_join(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
    worker_free(worker);
}

void worker_free(struct worker *worker)
{
    if (worker->server)
        http_server_free(worker->server);
    if (worker->mail_event)
        event_free(worker->mail_event);
    if (worker->sweep_event)
        event_free(worker->sweep_event);
    if (worker->beat_event)
        event_free(worker->beat_event);
    if (worker->reader)
        store_reader_free(worker->reader);
    if (worker->base)
        event_base_free(worker->base);
    if (worker->mailbox)
        mailbox_free(worker->mailbox);
    digest_free(worker->digest);
    tenants_unref(worker->tenants);
    buf_free(&worker->log);
    memset(worker, 0, sizeof(*worker));
}

bool worker_account_online(const struct worker *worker, int64_t number, int64_t *ret_since_ms)
{
    const struct api_settings *settings = &worker->shared->settings;
    *ret_since_ms = 0;
    return settings->account_online &&
           settings->account_online(settings->wake_context, number, ret_since_ms);
}
