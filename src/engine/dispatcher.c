/* The dispatcher as a whole: made, run, ended. */
#include "engine/dispatcher.h"

#include <stdlib.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "engine/dispatcher_inside.h"

/* The thread looks at the clock so often, whatever is due: a clock may be set. */
#define LONGEST_WAIT_MS 1000

static int64_t real_ms(void *context)
{
    (void)context;
    return clock_real_ms();
}

void dispatcher_settings_default(struct dispatcher_settings *settings)
{
    *settings = (struct dispatcher_settings){.patience_ms = 60000, .clock_ms = real_ms};
}

/* --- run */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_due(const struct dispatcher *d)
{
    bool waits = !STAILQ_EMPTY(&d->queue) || d->reads_due || d->reads_fresh;
    int64_t next_ms = earlier(alarms_next(&d->alarms), d->due.until_ms - AHEAD_MS);
    if (atomic_load(&d->is_stopping))
        return ALARM_NEVER;
    if (dispatcher_is_full(d))
        return earlier(alarms_next(&d->alarms), d->now_ms + REFUSED_PAUSE_MS);
    if (waits && d->pause_until_ms > d->now_ms)
        return d->pause_until_ms;
    return d->reads_due || d->reads_fresh ? d->now_ms : next_ms;
}

int64_t dispatcher_run(struct dispatcher *d)
{
    d->now_ms = d->settings.clock_ms(d->settings.clock_context);
    mailbox_run(d->mailbox);
    if (!atomic_load(&d->is_stopping)) {
        dispatcher_read(d);
        dispatcher_look_who_came(d);
        alarms_ring(&d->alarms, d->now_ms, d);
    }
    dispatcher_send(d);
    return next_due(d);
}

bool dispatcher_is_idle(const struct dispatcher *d)
{
    bool is_pausing = d->pause_until_ms > d->now_ms;
    return !d->turn_out && !atomic_load(&d->is_woken) &&
           (is_pausing || (STAILQ_EMPTY(&d->queue) && !d->reads_due && !d->reads_fresh));
}

struct mailbox *dispatcher_mailbox(struct dispatcher *d)
{
    return d->mailbox;
}

static bool has_returns(const struct dispatcher *d)
{
    const struct held *held;
    STAILQ_FOREACH(held, &d->queue, queue)
    if (held->step == ACTION_RETURN)
        return true;
    return false;
}

static bool is_over(const struct dispatcher *d)
{
    bool is_pausing = d->pause_until_ms > d->now_ms;
    return atomic_load(&d->is_stopping) && !d->turn_out && (is_pausing || !has_returns(d));
}

static void *run(void *context)
{
    struct dispatcher *d = context;
    prctl(PR_SET_NAME, "dispatcher");
    for (;;) {
        int64_t next_ms = dispatcher_run(d);
        if (is_over(d))
            return NULL;
        int64_t wait_ms = next_ms - d->settings.clock_ms(d->settings.clock_context);
        if (wait_ms > 0)
            mailbox_wait(d->mailbox, (int)earlier(wait_ms, LONGEST_WAIT_MS));
    }
}

int dispatcher_start(struct dispatcher *d)
{
    if (pthread_create(&d->thread, NULL, run, d) != 0)
        return ERR_SYSTEM;
    d->has_thread = true;
    return 0;
}

/* --- any thread */

static void on_wake(struct letter *letter)
{
    atomic_store(&container_of(letter, struct dispatcher, wake_letter)->is_woken, false);
}

static void wake(struct dispatcher *d)
{
    if (!atomic_exchange(&d->is_woken, true))
        mailbox_post(d->mailbox, &d->wake_letter);
}

void dispatcher_wake(struct dispatcher *d)
{
    atomic_store(&d->made, true);
    wake(d);
}

void dispatcher_listener_came(struct dispatcher *d, int64_t agent)
{
    pthread_mutex_lock(&d->mutex);
    if (d->came_count < CAME_MAX)
        d->came[d->came_count++] = agent;
    else
        d->came_many = true;
    pthread_mutex_unlock(&d->mutex);
    wake(d);
}

/* --- made and ended */

int dispatcher_new(const struct dispatcher_settings *settings, struct store *store,
                   struct dispatcher **ret_dispatcher)
{
    struct dispatcher *d = calloc(1, sizeof(*d));
    if (!d)
        return ERR_NOMEM;
    d->settings = *settings;
    if (!d->settings.clock_ms)
        d->settings.clock_ms = real_ms;
    d->store = store;
    d->start_ms = d->settings.clock_ms(d->settings.clock_context);
    d->due.until_ms = d->start_ms + WINDOW_MS;
    d->due.limit = READ_ROWS;
    d->reads_fresh = true;
    d->wake_letter.open = on_wake;
    STAILQ_INIT(&d->queue);
    pthread_mutex_init(&d->mutex, NULL);
    int result = mailbox_new(&d->mailbox);
    if (result == 0)
        result = alarms_reserve(&d->alarms, 1);
    if (result == 0)
        result = store_reader_new(store, &d->reader);
    if (result < 0) {
        dispatcher_free(d);
        return result;
    }
    *ret_dispatcher = d;
    return 0;
}

void dispatcher_stop(struct dispatcher *d)
{
    atomic_store(&d->is_stopping, true);
    wake(d);
    if (d->has_thread)
        pthread_join(d->thread, NULL);
    d->has_thread = false;
}

static void free_held(struct dispatcher *d)
{
    struct held *held;
    struct agent_line *line;
    for (size_t at = 0; (held = number_map_next(&d->held, &at));)
        free(held);
    for (size_t at = 0; (line = number_map_next(&d->lines, &at));)
        free(line);
    number_map_free(&d->held);
    number_map_free(&d->lines);
    alarms_free(&d->alarms);
}

void dispatcher_free(struct dispatcher *d)
{
    if (!d)
        return;
    atomic_store(&d->is_stopping, true);
    if (d->mailbox)
        mailbox_run(d->mailbox);
    while (d->turn_out) { /* the store answers everything */
        mailbox_wait(d->mailbox, -1);
        mailbox_run(d->mailbox);
    }
    free_held(d);
    if (d->reader)
        store_reader_free(d->reader);
    mailbox_free(d->mailbox);
    pthread_mutex_destroy(&d->mutex);
    free(d);
}
