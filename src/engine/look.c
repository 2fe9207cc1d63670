/* What is shown to other threads: a copy of each account, under the mutex. */
#include <stdlib.h>

#include "engine/inside.h"

#define MINUTE_MS (RATE_SLOTS * RATE_SLOT_MS)

/* Forgets slots that are older than a minute. */
static void advance(struct sender *sender, int64_t now_ms)
{
    int64_t slot = now_ms / RATE_SLOT_MS;
    int64_t from = sender->rate_slot + 1;
    if (from < slot - RATE_SLOTS + 1)
        from = slot - RATE_SLOTS + 1;
    for (; from <= slot; from++)
        sender->rate[from % RATE_SLOTS] = 0;
    if (slot > sender->rate_slot)
        sender->rate_slot = slot;
}

void look_count(struct sender *sender, int64_t time_ms)
{
    advance(sender, time_ms);
    sender->rate[sender->rate_slot % RATE_SLOTS]++;
    sender->handed_over++;
}

static void show(struct sender *sender)
{
    struct engine_account *shown = &sender->shown;
    *shown = (struct engine_account){.tenant_id = sender->tenant_id,
                                     .number = sender->number,
                                     .online = sender->online,
                                     .since_ms = sender->since_ms,
                                     .task_id = sender->last_task,
                                     .due_ms = sender->due_ms,
                                     .handed_over = sender->handed_over,
                                     .in_flight = sender->in_flight,
                                     .lanes = sender->lanes.count,
                                     .waits_for = sender->waits_for,
                                     .last_error_ms = sender->last_error_ms};
    memcpy(shown->last_error, sender->last_error, sizeof(shown->last_error));
    memcpy(sender->shown_rate, sender->rate, sizeof(sender->rate));
    sender->shown_slot = sender->rate_slot;
}

void look_update(struct engine *engine)
{
    if (STAILQ_EMPTY(&engine->dirty))
        return;
    pthread_mutex_lock(&engine->mutex);
    for (struct sender *sender; (sender = STAILQ_FIRST(&engine->dirty));) {
        STAILQ_REMOVE_HEAD(&engine->dirty, dirty);
        sender->is_dirty = false;
        show(sender);
    }
    pthread_mutex_unlock(&engine->mutex);
}

/* --- any thread */

bool engine_account_online(struct engine *engine, int64_t number, int64_t *ret_since_ms)
{
    pthread_mutex_lock(&engine->mutex);
    const struct sender *sender = number_map_find(&engine->senders, number);
    bool online = sender && sender->shown.online;
    *ret_since_ms = sender ? sender->shown.since_ms : 0;
    pthread_mutex_unlock(&engine->mutex);
    return online;
}

static double rate_of(const struct sender *sender, int64_t now_ms)
{
    int64_t slot = now_ms / RATE_SLOT_MS;
    uint32_t count = 0;
    for (int64_t i = sender->shown_slot;
         i > slot - RATE_SLOTS && i > sender->shown_slot - RATE_SLOTS && i >= 0; i--)
        count += sender->shown_rate[i % RATE_SLOTS];
    return (double)count * 60000.0 / (double)MINUTE_MS;
}

static int by_tenant(const void *a_, const void *b_)
{
    const struct engine_account *a = a_, *b = b_;
    if (a->tenant_id != b->tenant_id)
        return a->tenant_id < b->tenant_id ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

static size_t copy(struct engine *engine, int64_t now_ms, struct engine_account *accounts,
                   size_t room)
{
    size_t at = 0, count = 0;
    for (const struct sender *sender;
         count < room && (sender = number_map_next(&engine->senders, &at));) {
        accounts[count] = sender->shown;
        accounts[count++].rate = rate_of(sender, now_ms);
    }
    return count;
}

void engine_look(struct engine *engine,
                 void (*each)(void *context, const struct engine_account *account), void *context)
{
    int64_t now_ms = engine->settings.clock_ms(engine->settings.clock_context);
    pthread_mutex_lock(&engine->mutex);
    size_t room = engine->senders.count, count = 0;
    struct engine_account *accounts = malloc((room + 1) * sizeof(*accounts));
    if (accounts)
        count = copy(engine, now_ms, accounts, room);
    pthread_mutex_unlock(&engine->mutex);
    if (count > 0)
        qsort(accounts, count, sizeof(*accounts), by_tenant);
    for (size_t i = 0; i < count; i++)
        each(context, &accounts[i]);
    free(accounts);
}
