/* One action in memory: what it waits for. */
#include <stdlib.h>

#include "engine/dispatcher_inside.h"

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

void held_drop(struct dispatcher *d, struct held *held)
{
    leave_line(d, held);
    alarm_set(&d->alarms, &held->alarm, ALARM_NEVER);
    number_map_remove(&d->held, held->action);
    free(held);
}

void held_queue(struct dispatcher *d, struct held *held, enum action_step step)
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

void held_wait_listener(struct dispatcher *d, struct held *held)
{
    held->state = STATE_OVERDUE;
    alarm_set(&d->alarms, &held->alarm, patience_end(d, held->due_ms));
    held->line = line_of(d, held->agent);
    if (held->line)
        TAILQ_INSERT_TAIL(&held->line->actions, held, overdue);
}

void held_wait_answer(struct dispatcher *d, struct held *held, int64_t handed_ms)
{
    held->state = STATE_HANDED;
    alarm_set(&d->alarms, &held->alarm, patience_end(d, handed_ms));
}

void held_offer(struct dispatcher *d, struct held *held)
{
    held->listener = d->settings.find ? d->settings.find(d->settings.listeners, held->agent) : 0;
    if (held->listener != 0)
        held_queue(d, held, ACTION_HAND);
    else if (held->state != STATE_OVERDUE)
        held_wait_listener(d, held);
}

static void fail(struct dispatcher *d, struct held *held, const char *reason)
{
    held->reason = reason;
    held_queue(d, held, ACTION_FAIL);
}

void held_ring(void *context, struct alarm *alarm)
{
    struct dispatcher *d = context;
    struct held *held = container_of(alarm, struct held, alarm);
    switch (held->state) {
    case STATE_EARLY: held_offer(d, held); break;
    case STATE_OVERDUE: fail(d, held, "no listener"); break;
    case STATE_HANDED: fail(d, held, "no answer"); break;
    case STATE_QUEUED: break;
    }
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
        held_offer(d, held);
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

void dispatcher_look_who_came(struct dispatcher *d)
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
