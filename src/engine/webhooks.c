/* The deliverer: its turn, its thread. */
#include "engine/webhooks.h"

#include <stdlib.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/webhooks_inside.h"
#include "net/public_address.h"

/* The loop waits no longer, whatever the alarms say: they go by a clock that may jump. */
#define WAIT_MAX_MS 1000
/* The same while it stops: about so much later than asked it gives up. */
#define STOP_WAIT_MAX_MS 50

static int64_t real_ms(void *context)
{
    (void)context;
    return clock_real_ms();
}

void webhooks_settings_default(struct webhooks_settings *settings)
{
    *settings = (struct webhooks_settings){.seed = (uint64_t)clock_mono_us(),
                                           .timeout_ms = WEBHOOK_TIMEOUT_MS,
                                           .retry_percent = 100,
                                           .clock_ms = real_ms};
}

const struct tenant *webhooks_tenant(const struct webhooks *webhooks, int64_t id)
{
    return webhooks->tenants ? tenants_find(webhooks->tenants, id) : NULL;
}

static void ring_pause(void *context, struct alarm *alarm)
{
    (void)context;
    (void)alarm; /* that it is not set any more is all */
}

void webhooks_pause(struct webhooks *webhooks, int result)
{
    log_line(LOG_WARNING, "webhooks: the store: %s", err_text(result));
    alarm_set(&webhooks->alarms, &webhooks->pause, webhooks->now_ms + REFUSED_PAUSE_MS);
}

/* --- the turn */

static void adopt_tenants(struct webhooks *webhooks)
{
    uint64_t version = store_tenants_version(webhooks->store);
    if (webhooks->tenants && version == webhooks->tenants_version)
        return;
    tenants_unref(webhooks->tenants);
    webhooks->tenants = store_tenants(webhooks->store);
    webhooks->tenants_version = version;
}

/* True: there is more to do at once. */
static bool turn(struct webhooks *webhooks)
{
    webhooks->now_ms = webhooks->settings.clock_ms(webhooks->settings.clock_context);
    adopt_tenants(webhooks);
    mailbox_run(webhooks->mailbox);
    alarms_ring(&webhooks->alarms, webhooks->now_ms, webhooks);
    if (webhooks->reload && !webhooks_is_paused(webhooks))
        webhook_targets_reload(webhooks);
    bool is_stopping = atomic_load(&webhooks->is_stopping);
    if (is_stopping)
        webhook_probes_drop(webhooks);
    bool more = !is_stopping && webhook_tries_start(webhooks);
    webhook_results_write(webhooks);
    return more;
}

/* EVLOOP_ONCE with it, for the mailbox stays readable until the next turn: without, libevent would go on
 * as long as something is. */
int64_t webhooks_run(struct webhooks *webhooks)
{
    turn(webhooks);
    event_base_loop(webhooks->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    return alarms_next(&webhooks->alarms);
}

bool webhooks_is_idle(const struct webhooks *webhooks)
{
    return webhooks->in_hand == 0 && atomic_load(&webhooks->probes_asked) == 0 &&
           webhooks->queued == 0 && !webhooks->finishing && !webhooks->reload &&
           !atomic_load(&webhooks->is_woken);
}

/* --- its thread */

static void set_timer(struct webhooks *webhooks)
{
    int64_t wait_ms = alarms_next(&webhooks->alarms);
    int64_t most_ms = atomic_load(&webhooks->is_stopping) ? STOP_WAIT_MAX_MS : WAIT_MAX_MS;
    wait_ms = wait_ms > webhooks->now_ms + most_ms ? most_ms : wait_ms - webhooks->now_ms;
    wait_ms = wait_ms < 0 ? 0 : wait_ms;
    struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};
    evtimer_add(webhooks->timer, &wait);
}

/* Not before webhooks_stop(), nor before test-fires that are being asked for are answered. */
static bool is_over(const struct webhooks *webhooks)
{
    int64_t stop_by_ms = atomic_load(&webhooks->stop_by_ms);
    return stop_by_ms != INT64_MAX && atomic_load(&webhooks->probes_asked) == 0 &&
           (webhooks->in_hand == 0 || clock_mono_ms() >= stop_by_ms);
}

static void *run(void *context)
{
    struct webhooks *webhooks = context;
    prctl(PR_SET_NAME, "webhooks");
    while (!is_over(webhooks)) {
        bool more = turn(webhooks);
        set_timer(webhooks);
        event_base_loop(webhooks->base, EVLOOP_ONCE | (more ? EVLOOP_NONBLOCK : 0));
    }
    return NULL;
}

int webhooks_start(struct webhooks *webhooks)
{
    if (pthread_create(&webhooks->thread, NULL, run, webhooks) != 0)
        return ERR_SYSTEM;
    webhooks->has_thread = true;
    return 0;
}

/* Any thread: the writer's, after each commit with events. */
static void wake(void *context)
{
    struct webhooks *webhooks = context;
    if (!atomic_exchange(&webhooks->is_woken, true))
        mailbox_post(webhooks->mailbox, &webhooks->wake_letter);
}

static void on_wake(struct letter *letter)
{
    struct webhooks *webhooks = container_of(letter, struct webhooks, wake_letter);
    webhooks->reload = true;
    atomic_store(&webhooks->is_woken, false);
}

void webhooks_drain(struct webhooks *webhooks)
{
    atomic_store(&webhooks->is_stopping, true);
    wake(webhooks);
}

void webhooks_stop(struct webhooks *webhooks, int timeout_ms)
{
    atomic_store(&webhooks->stop_by_ms, clock_mono_ms() + timeout_ms);
    webhooks_drain(webhooks);
    if (webhooks->has_thread)
        pthread_join(webhooks->thread, NULL);
    webhooks->has_thread = false;
}

/* --- making it */

static bool may_dial(void *context, const struct address *address)
{
    const struct webhooks *webhooks = context;
    return address_is_public(address) || address_list_holds(webhooks->settings.allow, address);
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context; /* the next turn reads the letters */
}

static int open_loop(struct webhooks *webhooks)
{
    const struct http_client_settings client = {
        .connections_max = WEBHOOKS_IN_FLIGHT_MAX + WEBHOOKS_PROBES_MAX,
        .user_agent = "wscrm/" WSCRM_VERSION,
        .may_dial = may_dial,
        .context = webhooks,
    };
    webhooks->base = event_base_new();
    if (!webhooks->base)
        return ERR_NOMEM;
    webhooks->timer = evtimer_new(webhooks->base, on_event, webhooks);
    webhooks->mail = event_new(webhooks->base, mailbox_fd(webhooks->mailbox), EV_READ | EV_PERSIST,
                               on_event, webhooks);
    if (!webhooks->timer || !webhooks->mail || event_add(webhooks->mail, NULL) < 0)
        return ERR_NOMEM;
    return http_client_new(webhooks->base, &client, &webhooks->client);
}

static int open_all(struct webhooks *webhooks)
{
    int result = mailbox_new(&webhooks->mailbox);
    if (result == 0)
        result = alarms_reserve(&webhooks->alarms, 1);
    if (result == 0)
        result = store_reader_new(webhooks->store, &webhooks->reader);
    return result < 0 ? result : open_loop(webhooks);
}

int webhooks_new(const struct webhooks_settings *settings, struct store *store,
                 struct crypto *crypto, struct webhooks **ret_webhooks)
{
    struct webhooks *webhooks = calloc(1, sizeof(*webhooks));
    if (!webhooks)
        return ERR_NOMEM;
    webhooks->settings = *settings;
    if (!webhooks->settings.clock_ms)
        webhooks->settings.clock_ms = real_ms;
    webhooks->store = store;
    webhooks->crypto = crypto;
    webhooks->reload = true;
    webhooks->wake_letter.open = on_wake;
    webhooks->stop_by_ms = INT64_MAX;
    webhooks->pause.ring = ring_pause;
    random_init(&webhooks->random, settings->seed);
    STAILQ_INIT(&webhooks->good);
    STAILQ_INIT(&webhooks->failing);
    STAILQ_INIT(&webhooks->made);
    STAILQ_INIT(&webhooks->results);
    LIST_INIT(&webhooks->probes);
    int result = open_all(webhooks);
    if (result < 0) {
        webhooks_free(webhooks);
        return result;
    }
    store_events_watch(store, wake, webhooks);
    *ret_webhooks = webhooks;
    return 0;
}

/* What the store has of ours comes back; whoever asked for a test-fire is told. */
static void wait_for_letters(struct webhooks *webhooks)
{
    atomic_store(&webhooks->is_stopping, true);
    webhook_probes_drop(webhooks);
    mailbox_run(webhooks->mailbox);
    while (webhooks->finishing) {
        mailbox_wait(webhooks->mailbox, -1);
        mailbox_run(webhooks->mailbox);
    }
}

void webhooks_free(struct webhooks *webhooks)
{
    if (!webhooks)
        return;
    store_events_watch(webhooks->store, NULL, NULL);
    if (webhooks->mailbox)
        wait_for_letters(webhooks);
    http_client_free(webhooks->client);
    webhook_tries_free(webhooks);
    webhook_targets_free(webhooks);
    alarms_free(&webhooks->alarms);
    if (webhooks->timer)
        event_free(webhooks->timer);
    if (webhooks->mail)
        event_free(webhooks->mail);
    if (webhooks->base)
        event_base_free(webhooks->base);
    if (webhooks->reader)
        store_reader_free(webhooks->reader);
    tenants_unref(webhooks->tenants);
    mailbox_free(webhooks->mailbox);
    free(webhooks);
}

void webhooks_metrics(const struct webhooks *webhooks, struct webhooks_metrics *ret_metrics)
{
    ret_metrics->delivered = atomic_load(&webhooks->counts.delivered);
    ret_metrics->failed = atomic_load(&webhooks->counts.failed);
    ret_metrics->parked = atomic_load(&webhooks->counts.parked);
    ret_metrics->started = atomic_load(&webhooks->counts.started);
    ret_metrics->waited_ms = atomic_load(&webhooks->counts.waited_ms);
    ret_metrics->in_flight = atomic_load(&webhooks->counts.in_flight);
    ret_metrics->failing = atomic_load(&webhooks->counts.failing);
}
