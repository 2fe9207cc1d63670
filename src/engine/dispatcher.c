#include "engine/dispatcher.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/alarms.h"
#include "engine/number_map.h"

/* How far ahead is held in memory, and how long before its end more is read. */
#define WINDOW_MS INT64_C(60000)
#define AHEAD_MS  INT64_C(30000)
/* Rows that one run reads: some 5 ms. */
#define READ_ROWS 1000
/* After a store that refused. */
#define REFUSED_PAUSE_MS 1000
/* The thread looks at the clock so often, whatever is due: a clock may be set. */
#define LONGEST_WAIT_MS 1000
/* Agents that somebody listens for since the last look; one more, and all that wait are looked at. */
#define CAME_MAX 256
/* Contents of a turn, with room to spare. */
#define TEXT_MAX ((size_t)4 << 20)

enum state {
    STATE_EARLY,   /* its time has not come */
    STATE_OVERDUE, /* nobody listens */
    STATE_QUEUED,  /* a step of it is to be written, or is at the writer */
    STATE_HANDED,  /* the answer is waited for */
};

struct held {
    int64_t action, agent, due_ms, listener;
    enum state state;
    enum action_step step;
    const char *reason;
    struct alarm alarm;
    struct agent_line *line;
    STAILQ_ENTRY(held) queue;
    TAILQ_ENTRY(held) overdue;
};

/* The overdue actions of an agent, in order. */
struct agent_line {
    int64_t agent;
    TAILQ_HEAD(, held) actions;
};

struct dispatcher {
    struct dispatcher_settings settings;
    struct store *store;
    struct store_reader *reader;
    struct mailbox *mailbox;
    int64_t now_ms, start_ms;
    int64_t
        order; /* of the last that was handed: by the clock, so that it grows through restarts */

    struct number_map held;  /* by action */
    struct number_map lines; /* by agent */
    struct alarms alarms;
    struct actions_due due;     /* where the reading ahead is; until_ms: as far as it goes */
    struct actions_fresh fresh; /* where the reading of new ones is */
    bool reads_due, reads_fresh;
    int64_t pause_until_ms;

    STAILQ_HEAD(queue, held) queue;
    struct actions_turn turn;
    struct action_item items[ACTIONS_TURN_MAX];
    struct held *in_turn[ACTIONS_TURN_MAX];
    bool turn_out;

    struct letter wake_letter;
    atomic_bool is_woken, is_stopping, made;
    pthread_mutex_t mutex; /* over the agents that came */
    int64_t came[CAME_MAX];
    size_t came_count;
    bool came_many;
    pthread_t thread;
    bool has_thread;
};

static int64_t real_ms(void *context)
{
    (void)context;
    return clock_real_ms();
}

void dispatcher_settings_default(struct dispatcher_settings *settings)
{
    *settings = (struct dispatcher_settings){.patience_ms = 60000, .clock_ms = real_ms};
}

/* --- one action */

static void leave_line(struct dispatcher *d, struct held *held)
{
    struct agent_line *line = held->line;
    if (!line)
        return;
    TAILQ_REMOVE(&line->actions, held, overdue);
    held->line = NULL;
    if (TAILQ_EMPTY(&line->actions)) {
        number_map_remove(&d->lines, line->agent);
        free(line);
    }
}

static void drop(struct dispatcher *d, struct held *held)
{
    leave_line(d, held);
    alarm_set(&d->alarms, &held->alarm, ALARM_NEVER);
    number_map_remove(&d->held, held->action);
    free(held);
}

static void queue(struct dispatcher *d, struct held *held, enum action_step step)
{
    leave_line(d, held);
    alarm_set(&d->alarms, &held->alarm, ALARM_NEVER);
    held->state = STATE_QUEUED;
    held->step = step;
    STAILQ_INSERT_TAIL(&d->queue, held, queue);
}

/* NULL: no memory; then it is only not found by whoever comes, and fails at its time. */
static struct agent_line *line_of(struct dispatcher *d, int64_t agent)
{
    struct agent_line *line = number_map_find(&d->lines, agent);
    if (line)
        return line;
    line = calloc(1, sizeof(*line));
    if (!line)
        return NULL;
    line->agent = agent;
    TAILQ_INIT(&line->actions);
    if (number_map_add(&d->lines, agent, line) < 0) {
        free(line);
        return NULL;
    }
    return line;
}

/* A minute without a listener; of the server's own absence none counts. */
static int64_t patience_end(const struct dispatcher *d, int64_t since_ms)
{
    return (since_ms > d->start_ms ? since_ms : d->start_ms) + d->settings.patience_ms;
}

static void wait_for_listener(struct dispatcher *d, struct held *held)
{
    held->state = STATE_OVERDUE;
    alarm_set(&d->alarms, &held->alarm, patience_end(d, held->due_ms));
    held->line = line_of(d, held->agent);
    if (held->line)
        TAILQ_INSERT_TAIL(&held->line->actions, held, overdue);
}

static void wait_for_answer(struct dispatcher *d, struct held *held, int64_t handed_ms)
{
    held->state = STATE_HANDED;
    alarm_set(&d->alarms, &held->alarm, patience_end(d, handed_ms));
}

static void offer(struct dispatcher *d, struct held *held)
{
    held->listener = d->settings.find ? d->settings.find(d->settings.listeners, held->agent) : 0;
    if (held->listener != 0)
        queue(d, held, ACTION_HAND);
    else if (held->state != STATE_OVERDUE)
        wait_for_listener(d, held);
}

static void fail(struct dispatcher *d, struct held *held, const char *reason)
{
    held->reason = reason;
    queue(d, held, ACTION_FAIL);
}

static void ring(void *context, struct alarm *alarm)
{
    struct dispatcher *d = context;
    struct held *held = container_of(alarm, struct held, alarm);
    switch (held->state) {
    case STATE_EARLY: offer(d, held); break;
    case STATE_OVERDUE: fail(d, held, "no listener"); break;
    case STATE_HANDED: fail(d, held, "no answer"); break;
    case STATE_QUEUED: break;
    }
}

/* --- read from the store */

static void pause_store(struct dispatcher *d, int result)
{
    log_line(LOG_WARNING, "actions: the store: %s", err_text(result));
    d->pause_until_ms = d->now_ms + REFUSED_PAUSE_MS;
}

static bool is_full(const struct dispatcher *d)
{
    return d->held.count + READ_ROWS > DISPATCHER_ACTIONS_MAX;
}

static struct held *new_held(struct dispatcher *d, const struct action_due *due)
{
    struct held *held = calloc(1, sizeof(*held));
    if (!held)
        return NULL;
    *held = (struct held){
        .action = due->action, .agent = due->agent, .due_ms = due->due_ms, .alarm = {.ring = ring}};
    if (alarms_reserve(&d->alarms, d->held.count + 1) < 0 ||
        number_map_add(&d->held, due->action, held) < 0) {
        free(held);
        return NULL;
    }
    return held;
}

/* One that finds no memory is read again after the next start; the log says so. */
static void take(struct dispatcher *d, const struct action_due *due)
{
    if (number_map_find(&d->held, due->action))
        return;
    struct held *held = new_held(d, due);
    if (!held)
        log_line(LOG_ERROR, "actions: out of memory: one is not handed over");
    else if (due->handed_ms != 0)
        wait_for_answer(d, held, due->handed_ms);
    else
        alarm_set(&d->alarms, &held->alarm, due->due_ms);
}

static void take_due(struct actions_due *op, const struct action_due *due)
{
    take(container_of(op, struct dispatcher, due), due);
    op->after_ms = due->due_ms;
    op->after_id = due->action;
}

static void take_fresh(struct actions_fresh *op, const struct action_due *due)
{
    take(container_of(op, struct dispatcher, fresh), due);
}

static void read_done(struct store_call *call)
{
    (void)call;
}

/* Runs what was asked of the reader to its end. */
static int wait_read(struct dispatcher *d, const struct store_call *call)
{
    while (store_reads_waiting(d->reader) > 0)
        store_reads_run(d->reader);
    if (call->result < 0)
        pause_store(d, call->result);
    return call->result;
}

/* Those that were made since. The first time it only looks where the end is, and what is there before it is
 * read by its time. */
static int read_fresh(struct dispatcher *d)
{
    bool is_first = d->fresh.after == 0;
    d->fresh.call = (struct store_call){.home = d->mailbox, .done = read_done};
    d->fresh.until_ms = d->due.until_ms;
    store_actions_fresh(d->reader, &d->fresh);
    int result = wait_read(d, &d->fresh.call);
    if (result < 0)
        return result;
    d->reads_fresh = d->fresh.more;
    d->reads_due = d->reads_due || is_first;
    return 0;
}

static int read_due(struct dispatcher *d)
{
    d->due.call = (struct store_call){.home = d->mailbox, .done = read_done};
    store_actions_due(d->reader, &d->due);
    int result = wait_read(d, &d->due.call);
    if (result < 0)
        return result;
    d->reads_due = result == READ_ROWS;
    return 0;
}

/* The window moves on: behind all that was due in the old one, whatever its number. */
static void move_window(struct dispatcher *d)
{
    if (d->reads_due || d->due.until_ms - AHEAD_MS > d->now_ms)
        return;
    if (d->fresh.after > 0) {
        d->due.after_ms = d->due.until_ms;
        d->due.after_id = INT64_MAX;
    }
    d->due.until_ms = d->now_ms + WINDOW_MS;
    d->reads_due = true;
}

static void read_store(struct dispatcher *d)
{
    if (atomic_exchange(&d->made, false))
        d->reads_fresh = true;
    if (d->now_ms < d->pause_until_ms || is_full(d))
        return;
    if (d->reads_fresh && read_fresh(d) < 0)
        return;
    move_window(d);
    if (d->reads_due && !is_full(d))
        (void)read_due(d);
}

/* --- who came */

static void offer_line(struct dispatcher *d, int64_t agent)
{
    struct agent_line *line = number_map_find(&d->lines, agent);
    if (!line || !d->settings.find || d->settings.find(d->settings.listeners, agent) == 0)
        return;
    struct held *held = TAILQ_FIRST(&line->actions), *next;
    for (; held; held = next) {
        next = TAILQ_NEXT(held, overdue); /* with the last one the line goes */
        offer(d, held);
    }
}

static void offer_all(struct dispatcher *d)
{
    int64_t agents[CAME_MAX];
    const struct agent_line *line;
    size_t count, at = 0;
    do { /* offering takes lines out of the map */
        for (count = 0; count < CAME_MAX && (line = number_map_next(&d->lines, &at));)
            agents[count++] = line->agent;
        for (size_t i = 0; i < count; i++)
            offer_line(d, agents[i]);
    } while (count == CAME_MAX);
}

static void look_who_came(struct dispatcher *d)
{
    int64_t came[CAME_MAX];
    pthread_mutex_lock(&d->mutex);
    size_t count = d->came_count;
    bool many = d->came_many;
    for (size_t i = 0; i < count; i++)
        came[i] = d->came[i];
    d->came_count = 0;
    d->came_many = false;
    pthread_mutex_unlock(&d->mutex);
    if (many)
        offer_all(d);
    for (size_t i = 0; i < count && !many; i++)
        offer_line(d, came[i]);
}

/* --- steps are written */

static void go_on_handed(struct dispatcher *d, struct held *held, const struct action_item *item)
{
    if (item->verdict == ACTION_TAKEN &&
        !d->settings.deliver(d->settings.listeners, held->agent, held->listener, &item->event))
        queue(d, held, ACTION_RETURN);
    else
        wait_for_answer(d, held, d->now_ms);
}

/* A listener that is still there cannot take it now, and would not at once either. */
static void go_on_returned(struct dispatcher *d, struct held *held)
{
    int64_t listener = d->settings.find(d->settings.listeners, held->agent);
    if (listener == held->listener || atomic_load(&d->is_stopping))
        wait_for_listener(d, held);
    else
        offer(d, held);
}

static void go_on(struct dispatcher *d, struct held *held, const struct action_item *item)
{
    if (item->verdict == ACTION_OVER || item->step == ACTION_FAIL)
        drop(d, held);
    else if (item->step == ACTION_HAND)
        go_on_handed(d, held, item);
    else if (item->verdict == ACTION_HELD) /* its session came again, and has it */
        wait_for_answer(d, held, d->now_ms);
    else
        go_on_returned(d, held);
}

static void turn_done(struct store_call *call)
{
    struct dispatcher *d = call->owner;
    struct held *held;
    d->turn_out = false;
    if (call->result < 0) {
        pause_store(d, call->result);
        for (size_t i = d->turn.count; i-- > 0;) {
            held = d->in_turn[i];
            STAILQ_INSERT_HEAD(&d->queue, held, queue);
        }
    } else {
        for (size_t i = 0; i < d->turn.count; i++)
            go_on(d, d->in_turn[i], &d->items[i]);
    }
    buf_free(&d->turn.text);
}

/* While it stops only what goes back is written. */
static bool may_begin(const struct dispatcher *d, const struct held *held)
{
    return !atomic_load(&d->is_stopping) || held->step == ACTION_RETURN;
}

static int64_t next_order(struct dispatcher *d)
{
    int64_t by_clock = d->now_ms << 16;
    d->order = d->order < by_clock ? by_clock : d->order + 1;
    return d->order;
}

static void fill_turn(struct dispatcher *d)
{
    struct held *held, *next;
    size_t count = 0;
    for (held = STAILQ_FIRST(&d->queue); held && count < ACTIONS_TURN_MAX; held = next) {
        next = STAILQ_NEXT(held, queue);
        if (!may_begin(d, held))
            continue;
        STAILQ_REMOVE(&d->queue, held, held, queue);
        d->in_turn[count] = held;
        d->items[count++] = (struct action_item){.action = held->action,
                                                 .step = held->step,
                                                 .listener = held->listener,
                                                 .order = next_order(d),
                                                 .reason = str_of(held->reason)};
    }
    d->turn.count = count;
}

static void send_turn(struct dispatcher *d)
{
    if (d->turn_out || STAILQ_EMPTY(&d->queue) || d->now_ms < d->pause_until_ms)
        return;
    fill_turn(d);
    if (d->turn.count == 0)
        return;
    d->turn.call = (struct store_call){.home = d->mailbox, .done = turn_done, .owner = d};
    d->turn.now_ms = d->now_ms;
    d->turn.items = d->items;
    buf_init(&d->turn.text, TEXT_MAX);
    d->turn_out = true;
    store_actions_turn(d->store, &d->turn);
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
    if (is_full(d))
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
        read_store(d);
        look_who_came(d);
        alarms_ring(&d->alarms, d->now_ms, d);
    }
    send_turn(d);
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
    d->due.each = take_due;
    d->fresh.each = take_fresh;
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
