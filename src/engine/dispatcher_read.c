/* What is read from the store: all that is due within the window, and what was made since. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/dispatcher_inside.h"

void dispatcher_pause(struct dispatcher *d, int result)
{
    log_line(LOG_WARNING, "actions: the store: %s", err_text(result));
    d->pause_until_ms = d->now_ms + REFUSED_PAUSE_MS;
}

bool dispatcher_is_full(const struct dispatcher *d)
{
    return d->held.count + READ_ROWS > DISPATCHER_ACTIONS_MAX;
}

static struct held *new_held(struct dispatcher *d, const struct action_due *due)
{
    struct held *held = calloc(1, sizeof(*held));
    if (!held)
        return NULL;
    *held = (struct held){.action = due->action,
                          .agent = due->agent,
                          .due_ms = due->due_ms,
                          .alarm = {.ring = held_ring}};
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
        held_wait_answer(d, held, due->handed_ms);
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
        dispatcher_pause(d, call->result);
    return call->result;
}

/* Those that were made since. The first time it only looks where the end is, and what is there before it is
 * read by its time. */
static int read_fresh(struct dispatcher *d)
{
    bool is_first = d->fresh.after == 0;
    d->fresh.call = (struct store_call){.home = d->mailbox, .done = read_done};
    d->fresh.until_ms = d->due.until_ms;
    d->fresh.each = take_fresh;
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
    d->due.each = take_due;
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

void dispatcher_read(struct dispatcher *d)
{
    if (atomic_exchange(&d->made, false))
        d->reads_fresh = true;
    if (d->now_ms < d->pause_until_ms || dispatcher_is_full(d))
        return;
    if (d->reads_fresh && read_fresh(d) < 0)
        return;
    move_window(d);
    if (d->reads_due && !dispatcher_is_full(d))
        (void)read_due(d);
}
