/* The engine as a whole: made, run, ended. */
#include "engine/engine.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/inside.h"

/* The thread looks at the clock so often, whatever is due: a clock may be set. */
#define LONGEST_WAIT_MS 1000
/* What is under way at the end may take so long to be told. */
#define SETTLE_MS 5000

static int64_t real_clock(void *context)
{
    (void)context;
    return clock_real_ms();
}

void engine_settings_default(struct engine_settings *settings)
{
    *settings = (struct engine_settings){.seed = 1, .offline_move_ms = 600000};
}

/* --- made */

static void open_wake(struct letter *letter)
{
    struct engine *engine = container_of(letter, struct engine, wake_letter);
    atomic_store(&engine->is_woken, false);
    engine->reload = true;
    queries_wake(engine->queries);
}

static void init(struct engine *engine, const struct engine_settings *settings, struct store *store)
{
    engine->settings = *settings;
    if (!engine->settings.clock_ms)
        engine->settings.clock_ms = real_clock;
    engine->store = store;
    random_init(&engine->random, settings->seed);
    pthread_mutex_init(&engine->mutex, NULL);
    pthread_cond_init(&engine->adopted, NULL);
    STAILQ_INIT(&engine->ready);
    STAILQ_INIT(&engine->dirty);
    STAILQ_INIT(&engine->leaving);
    STAILQ_INIT(&engine->untold);
    TAILQ_INIT(&engine->attention);
    LIST_INIT(&engine->taken);
    STAILQ_INIT(&engine->free_flights);
    STAILQ_INIT(&engine->made);
    STAILQ_INIT(&engine->items);
    STAILQ_INIT(&engine->limbo);
    TAILQ_INIT(&engine->contents);
    engine->limbo_alarm.ring = items_retry;
    engine->watchdog_alarm.ring = watchdog_ring;
    engine->untold_alarm.ring = account_events_ring;
    engine->wake_letter.open = open_wake;
    engine->follow_ups.unread_ms = INT64_MIN; /* none of them was read yet */
}

static int make_turns(struct engine *engine)
{
    for (size_t i = 0; i < TURNS_MAX; i++) {
        engine->turns[i] = calloc(1, sizeof(struct turn));
        if (!engine->turns[i])
            return ERR_NOMEM;
        engine->turns[i]->engine = engine;
    }
    return alarms_reserve(&engine->alarms, 8);
}

static int make_transport(struct engine *engine, char *why, size_t why_size)
{
    const struct transport_settings settings = {
        .directory = engine->settings.directory,
        .mailbox = engine->mailbox,
        .clock_ms = engine->settings.clock_ms,
        .clock_context = engine->settings.clock_context,
        .sandbox_recall = engine->settings.sandbox_recall,
    };
    const struct transport_listener listener = {.context = engine,
                                                .outcome = hand_over_outcome,
                                                .answered = queries_answered,
                                                .status = items_status,
                                                .incoming = items_incoming,
                                                .online = senders_online};
    return transport_new(&settings, &listener, &engine->transport, why, why_size);
}

static int make_parts(struct engine *engine)
{
    int result = mailbox_new(&engine->mailbox);
    if (result == 0)
        result = store_reader_new(engine->store, &engine->reader);
    if (result == 0)
        result = make_turns(engine);
    if (result == 0)
        result = queries_new(engine, &engine->queries);
    return result == 0 ? freezer_new(engine, &engine->freezer) : result;
}

static int load(struct engine *engine)
{
    engine->now_ms = engine->settings.clock_ms(engine->settings.clock_context);
    alarm_set(&engine->alarms, &engine->watchdog_alarm, engine->now_ms + WATCHDOG_MS);
    int result = senders_adopt(engine);
    if (result == 0)
        result = load_all(engine);
    if (result == 0)
        result = queries_load(engine);
    look_update(engine);
    senders_publish(engine);
    return result;
}

int engine_new(const struct engine_settings *settings, struct store *store,
               struct engine **ret_engine, char *why, size_t why_size)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (!engine) {
        snprintf(why, why_size, "the engine: %s", err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    init(engine, settings, store);
    why[0] = '\0';
    int result = make_parts(engine);
    if (result == 0)
        result = make_transport(engine, why, why_size);
    if (result == 0)
        result = load(engine);
    if (result < 0) {
        if (!why[0])
            snprintf(why, why_size, "the engine: %s",
                     result == ERR_SYSTEM ? strerror(errno) : err_text(result));
        engine_free(engine);
        return result;
    }
    *ret_engine = engine;
    return 0;
}

/* --- run */

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_due(struct engine *engine)
{
    int64_t next_ms = transport_tick(engine->transport, engine->now_ms, ALARM_NEVER);
    next_ms = earliest(next_ms, alarms_next(&engine->alarms));
    next_ms = earliest(next_ms, follow_ups_due(engine));
    next_ms = earliest(next_ms, queries_due(engine));
    bool waits = !STAILQ_EMPTY(&engine->ready) || !STAILQ_EMPTY(&engine->items);
    if (waits && engine->pause_until_ms > engine->now_ms)
        next_ms = earliest(next_ms, engine->pause_until_ms);
    return next_ms;
}

/* Follow-ups that are due have an outcome, which is on disk with the next turn. */
int64_t engine_run(struct engine *engine)
{
    engine->now_ms = engine->settings.clock_ms(engine->settings.clock_context);
    mailbox_run(engine->mailbox);
    (void)senders_adopt(engine);
    hand_over(engine);
    (void)transport_tick(engine->transport, engine->now_ms, ALARM_NEVER);
    alarms_ring(&engine->alarms, engine->now_ms, engine);
    tasks_run(engine);
    if (!atomic_load(&engine->is_stopping))
        follow_ups_run(engine);
    turns_send(engine);
    account_events_run(engine);
    queries_run(engine);
    look_update(engine);
    senders_sweep(engine);
    senders_publish(engine);
    return next_due(engine);
}

/* Nothing that it told the store or the transports to do is open. */
static bool is_settled(const struct engine *engine)
{
    return engine->turns_out == 0 && engine->task_ops == 0 && engine->account_ops == 0 &&
           !freezer_is_busy(engine->freezer) && transport_under_way(engine->transport) == 0 &&
           !queries_are_busy(engine->queries);
}

bool engine_is_idle(const struct engine *engine)
{
    bool is_pausing = engine->pause_until_ms > engine->now_ms;
    return is_settled(engine) && queries_are_idle(engine) && !engine->reload &&
           !atomic_load(&engine->is_woken) && TAILQ_EMPTY(&engine->attention) &&
           (is_pausing || (STAILQ_EMPTY(&engine->ready) && STAILQ_EMPTY(&engine->items)));
}

struct mailbox *engine_mailbox(struct engine *engine)
{
    return engine->mailbox;
}

/* --- its thread */

static void noticed(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what, (void)context; /* the loop goes on, and with it the engine */
}

static int64_t wait_of(const struct engine *engine, int64_t next_ms)
{
    int64_t now_ms = engine->settings.clock_ms(engine->settings.clock_context);
    int64_t wait_ms = next_ms <= now_ms ? 0 : next_ms - now_ms;
    return wait_ms < LONGEST_WAIT_MS ? wait_ms : LONGEST_WAIT_MS;
}

/* After engine_stop(): outcomes that are there go to disk, then it is over. */
static bool is_over(struct engine *engine)
{
    if (!atomic_load(&engine->is_stopping))
        return false;
    bool is_done = is_settled(engine) && queries_are_settled(engine->queries) &&
                   STAILQ_EMPTY(&engine->ready) && STAILQ_EMPTY(&engine->items);
    return is_done || clock_mono_ms() >= atomic_load(&engine->stop_by_ms);
}

static void loop(struct engine *engine, struct event_base *base, struct event *timer)
{
    for (;;) {
        int64_t next_ms = engine_run(engine);
        if (is_over(engine))
            return;
        int64_t wait_ms = wait_of(engine, next_ms);
        if (atomic_load(&engine->is_stopping) && wait_ms > 50)
            wait_ms = 50;
        const struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};
        evtimer_add(timer, &wait);
        event_base_loop(base, EVLOOP_ONCE);
    }
}

static void *run_thread(void *context)
{
    struct engine *engine = context;
    pthread_setname_np(pthread_self(), "engine");
    loop(engine, engine->base, engine->timer);
    return NULL;
}

static int make_loop(struct engine *engine)
{
    engine->base = event_base_new();
    if (!engine->base)
        return ERR_NOMEM;
    engine->timer = evtimer_new(engine->base, noticed, engine);
    engine->mail =
        event_new(engine->base, mailbox_fd(engine->mailbox), EV_READ | EV_PERSIST, noticed, engine);
    if (!engine->timer || !engine->mail || event_add(engine->mail, NULL) < 0)
        return ERR_NOMEM;
    return 0;
}

int engine_start(struct engine *engine)
{
    int result = make_loop(engine);
    if (result < 0)
        return result;
    int error = pthread_create(&engine->thread, NULL, run_thread, engine);
    if (error != 0) {
        errno = error;
        return ERR_SYSTEM;
    }
    engine->has_thread = true;
    return 0;
}

static void post_wake(struct engine *engine)
{
    if (!atomic_exchange(&engine->is_woken, true))
        mailbox_post(engine->mailbox, &engine->wake_letter);
}

void engine_stop(struct engine *engine, int timeout_ms)
{
    atomic_store(&engine->stop_by_ms, clock_mono_ms() + timeout_ms);
    atomic_store(&engine->is_stopping, true);
    post_wake(engine);
    if (!engine->has_thread)
        return;
    pthread_join(engine->thread, NULL);
    engine->has_thread = false;
}

/* --- ended */

/* The store answers everything; what it answers is not looked at any more. */
static void settle(struct engine *engine)
{
    atomic_store(&engine->is_stopping, true);
    freezer_stop(engine->freezer);
    while (engine->turns_out > 0 || engine->task_ops > 0 || engine->account_ops > 0 ||
           (engine->queries && queries_are_busy(engine->queries))) {
        mailbox_wait(engine->mailbox, 100);
        mailbox_run(engine->mailbox);
    }
    int64_t until_ms = clock_mono_ms() + SETTLE_MS;
    while (engine->transport && transport_under_way(engine->transport) > 0 &&
           clock_mono_ms() < until_ms) {
        (void)transport_tick(engine->transport, engine->now_ms, ALARM_NEVER);
        mailbox_wait(engine->mailbox, 50);
        mailbox_run(engine->mailbox);
    }
    mailbox_run(engine->mailbox);
}

static void free_loop(struct engine *engine)
{
    if (engine->mail)
        event_free(engine->mail);
    if (engine->timer)
        event_free(engine->timer);
    if (engine->base)
        event_base_free(engine->base);
}

static void free_parts(struct engine *engine)
{
    flights_free(engine);
    queries_free(engine->queries);
    senders_free(engine);
    freezer_free(engine->freezer);
    tasks_free(engine);
    items_free(engine);
    follow_ups_free(engine);
    contents_free(engine);
    alarms_free(&engine->alarms);
    for (size_t i = 0; i < TURNS_MAX; i++)
        free(engine->turns[i]);
    if (engine->reader)
        store_reader_free(engine->reader);
    mailbox_free(engine->mailbox);
    tenants_unref(engine->tenants);
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    engine_stop(engine, 0);
    if (engine->mailbox)
        settle(engine);
    free_loop(engine);
    if (engine->transport)
        transport_free(engine->transport);
    free_parts(engine);
    pthread_mutex_destroy(&engine->mutex);
    pthread_cond_destroy(&engine->adopted);
    free(engine);
}

/* --- any thread */

void engine_wake(struct engine *engine)
{
    post_wake(engine);
}

bool engine_is_ready(struct engine *engine)
{
    return !atomic_load(&engine->is_stuck);
}

void engine_sync(struct engine *engine, int timeout_ms)
{
    uint64_t version = store_tenants_version(engine->store);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    post_wake(engine);
    pthread_mutex_lock(&engine->mutex);
    while (engine->adopted_version < version &&
           pthread_cond_timedwait(&engine->adopted, &engine->mutex, &until) == 0)
        ;
    pthread_mutex_unlock(&engine->mutex);
}
