/* One account: when it may claim, and what an outcome means for it. */
#include <stdio.h>

#include "engine/hours.h"
#include "engine/inside.h"

/* --- its pace */

static int64_t longest_interval(const struct sender *sender, int64_t task_max_ms)
{
    return task_max_ms >= 0 ? task_max_ms : sender->settings.interval_max_ms;
}

bool sender_is_paced(const struct sender *sender, const struct open_task *task)
{
    return longest_interval(sender, task->interval_max_ms) > 0;
}

bool sender_keeps_pace(const struct sender *sender, int64_t interval_max_ms)
{
    return interval_max_ms > 0 || sender->settings.daily_cap > 0;
}

static bool is_paced(const struct sender *sender)
{
    return sender->lanes.paced > 0 || (sender->retry_ms && sender->retry_paced) ||
           (sender->outside && sender->settings.interval_max_ms > 0);
}

static int64_t sent_on(const struct sender *sender, int64_t day)
{
    return sender->pace.day == day ? sender->pace.sent : 0;
}

/* The first time from `when_ms` on that quiet hours and the daily cap allow. */
static int64_t allowed_from(struct sender *sender, int64_t when_ms)
{
    const struct account_settings *settings = &sender->settings;
    for (int tries = 0; tries < 4; tries++) {
        int64_t next_ms = when_ms;
        if (settings->quiet_from_min != settings->quiet_to_min)
            next_ms = hours_quiet_end(sender->zone, settings->quiet_from_min,
                                      settings->quiet_to_min, when_ms);
        if (next_ms > when_ms)
            sender->waits_for = "quiet hours";
        int64_t day = settings->daily_cap > 0 ? hours_day(sender->zone, next_ms) : 0;
        if (settings->daily_cap > 0 && sent_on(sender, day) >= settings->daily_cap) {
            next_ms = hours_day_start(sender->zone, day + 1);
            sender->waits_for = "daily cap";
        }
        if (next_ms == when_ms)
            break;
        when_ms = next_ms;
    }
    return when_ms;
}

static bool has_work(const struct sender *sender)
{
    return sender->lanes.awake > 0 || sender->outside || sender->retry_ms;
}

/* What keeps it from claiming that is no matter of time. */
static bool is_held_up(const struct engine *engine, struct sender *sender)
{
    if (!has_work(sender) || atomic_load(&engine->is_stopping))
        return true;
    if (!sender->known || !sender->online || sender->gone)
        sender->waits_for = "offline";
    else if (sender->pauses > 0)
        sender->waits_for = "stopped";
    return *sender->waits_for;
}

/* How many more may be under way. */
static size_t room_of(const struct engine *engine, const struct sender *sender)
{
    size_t max =
        is_paced(sender) ? 1 : (size_t)transport_in_flight_max(engine->transport, sender->number);
    return sender->in_flight < max ? max - sender->in_flight : 0;
}

/* When it may claim again; ALARM_NEVER: when something happens. */
static int64_t next_ms(struct engine *engine, struct sender *sender)
{
    sender->waits_for = "";
    if (is_held_up(engine, sender) || room_of(engine, sender) == 0)
        return ALARM_NEVER;
    int64_t when_ms = engine->now_ms;
    if (sender->lanes.awake == 0 && !sender->outside && sender->retry_ms > when_ms)
        when_ms = sender->retry_ms;
    if (sender->pace.due_ms > when_ms) {
        when_ms = sender->pace.due_ms;
        sender->waits_for = "pace";
    }
    return allowed_from(sender, when_ms);
}

size_t sender_may_claim(struct engine *engine, struct sender *sender)
{
    int64_t at_ms = next_ms(engine, sender);
    sender->due_ms = at_ms == ALARM_NEVER ? 0 : at_ms;
    if (at_ms > engine->now_ms) {
        alarm_set(&engine->alarms, &sender->alarm, at_ms);
        return 0;
    }
    alarm_set(&engine->alarms, &sender->alarm, ALARM_NEVER);
    size_t want = room_of(engine, sender);
    if (sender->settings.daily_cap > 0) {
        int64_t sent = sent_on(sender, hours_day(sender->zone, engine->now_ms));
        int64_t left = sender->settings.daily_cap - sent - (int64_t)sender->in_flight;
        want = left <= 0 ? 0 : left < (int64_t)want ? (size_t)left : want;
    }
    return want;
}

void sender_touch(struct engine *engine, struct sender *sender)
{
    sender_dirty(engine, sender);
    if (sender->in_turn || sender->is_ready)
        return;
    if (STAILQ_EMPTY(&sender->outcomes) && sender_may_claim(engine, sender) == 0)
        return;
    STAILQ_INSERT_TAIL(&engine->ready, sender, ready);
    sender->is_ready = true;
}

void sender_ring(void *context, struct alarm *alarm)
{
    sender_touch(context, container_of(alarm, struct sender, alarm));
}

void sender_dirty(struct engine *engine, struct sender *sender)
{
    if (sender->is_dirty)
        return;
    STAILQ_INSERT_TAIL(&engine->dirty, sender, dirty);
    sender->is_dirty = true;
}

void sender_failed(struct engine *engine, struct sender *sender, const char *why)
{
    snprintf(sender->last_error, sizeof(sender->last_error), "%s", why);
    sender->last_error_ms = engine->now_ms;
    sender_dirty(engine, sender);
}

/* --- outcomes */

/* "again": at the driver's wish, or 2^tries times 5 s, a fifth more or less, at most 5 min. */
#define BACK_OFF_MS     5000
#define BACK_OFF_MAX_MS 300000

static void judge_retry(struct engine *engine, struct flight *flight)
{
    struct transport_send *send = &flight->send;
    if (send->tries >= MESSAGE_MAX_TRIES) {
        send->status = MESSAGE_FAILED;
        send->reason = REASON_TRIES_USED_UP;
        return;
    }
    int64_t wait_ms = send->retry_after_ms;
    if (wait_ms <= 0) {
        wait_ms = (INT64_C(1) << send->tries) * BACK_OFF_MS;
        wait_ms = wait_ms * random_between(&engine->random, 80, 120) / 100;
        wait_ms = wait_ms < BACK_OFF_MAX_MS ? wait_ms : BACK_OFF_MAX_MS;
    }
    flight->retry_ms = engine->now_ms + wait_ms;
}

static int64_t draw(struct engine *engine, const struct flight *flight)
{
    int64_t interval_ms =
        random_between(&engine->random, flight->interval_min_ms, flight->interval_max_ms);
    if (engine->settings.drawn)
        engine->settings.drawn(engine->settings.drawn_context, flight->send.account,
                               flight->send.time_ms, interval_ms);
    return interval_ms;
}

/* It was handed over: the next one waits, from then on. */
static void keep_pace(struct engine *engine, struct sender *sender, const struct flight *flight)
{
    int64_t time_ms = flight->send.time_ms;
    if (flight->interval_max_ms > 0) {
        int64_t due_ms = flight->is_recovered ? engine->now_ms + flight->interval_max_ms
                                              : time_ms + draw(engine, flight);
        if (due_ms > sender->pace.due_ms)
            sender->pace.due_ms = due_ms;
    }
    if (sender->zone && sender_keeps_pace(sender, flight->interval_max_ms)) {
        int64_t day = hours_day(sender->zone, time_ms);
        sender->pace.sent = sent_on(sender, day) + 1;
        sender->pace.day = day;
    }
    look_count(sender, time_ms);
}

static void pause_task(struct engine *engine, struct sender *sender, struct open_task *task)
{
    if (!task || task->pause || !task_is_active(task))
        return;
    task->pause = sender;
    sender->pauses++;
    tasks_attend(engine, task);
}

/* It cannot send any more: somebody has to look at it. */
static void stop(struct engine *engine, struct sender *sender, const struct flight *flight)
{
    pause_task(engine, sender, tasks_find(engine, flight->task_id));
    for (size_t i = 0; i < sender->lanes.count; i++)
        pause_task(engine, sender, sender->lanes.lanes[i].task);
}

static void note_error(struct engine *engine, struct sender *sender,
                       const struct transport_send *send)
{
    char why[sizeof(sender->last_error)];
    const char *text = send->reason_text[0] ? send->reason_text : message_reason_text(send->reason);
    if (send->code)
        snprintf(why, sizeof(why), "%.100s (%d)", text, send->code);
    else
        snprintf(why, sizeof(why), "%.120s", text);
    sender_failed(engine, sender, why);
}

void sender_told(struct engine *engine, struct flight *flight)
{
    struct sender *sender = flight->sender;
    struct transport_send *send = &flight->send;
    sender->in_flight--;
    if (send->status == MESSAGE_RETRY)
        judge_retry(engine, flight);
    if (send->left)
        keep_pace(engine, sender, flight);
    if (send->status == MESSAGE_FAILED || send->account_stopped)
        note_error(engine, sender, send);
    if (send->account_stopped)
        stop(engine, sender, flight);
    STAILQ_INSERT_TAIL(&sender->outcomes, flight, next);
    sender_touch(engine, sender);
}
