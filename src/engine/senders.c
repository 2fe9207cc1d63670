/* All WhatsApp accounts, as the tenants' snapshot has them. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/inside.h"

struct sender *senders_find(const struct engine *engine, int64_t number)
{
    return number_map_find(&engine->senders, number);
}

/* --- away and back */

/* Offline for long: tasks that may move their recipients are looked at, again and again, for the others may
 * be away too. */
static void ring_away(void *context, struct alarm *alarm)
{
    struct engine *engine = context;
    struct sender *sender = container_of(alarm, struct sender, away);
    for (size_t i = 0; i < sender->lanes.count; i++) {
        struct open_task *task = sender->lanes.lanes[i].task;
        if (!task->may_move)
            continue;
        task->look = true;
        tasks_attend(engine, task);
    }
    alarm_set(&engine->alarms, alarm, engine->now_ms + engine->settings.offline_move_ms);
}

void senders_online(void *context, int64_t account, bool online, int64_t since_ms, const char *why)
{
    struct engine *engine = context;
    struct sender *sender = senders_find(engine, account);
    if (!sender)
        return;
    sender->online = online;
    sender->since_ms = since_ms;
    if (why && *why)
        sender_failed(engine, sender, why);
    alarm_set(&engine->alarms, &sender->away,
              online ? ALARM_NEVER : since_ms + engine->settings.offline_move_ms);
    account_events_note(engine, sender);
    queries_touch(engine, sender);
    sender_touch(engine, sender);
}

/* --- coming */

static struct sender *make(struct engine *engine, const struct account *account)
{
    struct sender *sender = calloc(1, sizeof(*sender));
    if (!sender || alarms_reserve(&engine->alarms,
                                  2 * (engine->senders.count + 1) + engine->tasks.count + 8) < 0) {
        free(sender);
        return NULL;
    }
    *sender = (struct sender){.number = account->number,
                              .since_ms = engine->now_ms,
                              .waits_for = "",
                              .alarm.ring = sender_ring,
                              .away.ring = ring_away};
    STAILQ_INIT(&sender->outcomes);
    STAILQ_INIT(&sender->held);
    pthread_mutex_lock(&engine->mutex);
    int result = number_map_add(&engine->senders, account->number, sender);
    pthread_mutex_unlock(&engine->mutex);
    if (result < 0) {
        free(sender);
        return NULL;
    }
    alarm_set(&engine->alarms, &sender->away, engine->now_ms + engine->settings.offline_move_ms);
    return sender;
}

static void apply(struct engine *engine, struct sender *sender, const struct tenant *tenant,
                  const struct account *account)
{
    int result = account_settings_read(account->settings, &sender->settings);
    if (result == 0)
        result = transport_account_set(engine->transport, tenant->id, account);
    sender->known = result == 0;
    if (result < 0)
        sender_failed(engine, sender,
                      result == ERR_NOT_FOUND ? "no such transport in this program"
                                              : err_text(result));
    lanes_repace(sender);
    queries_touch(engine, sender);
    sender_touch(engine, sender);
}

static int adopt(struct engine *engine, const struct tenant *tenant, const struct account *account)
{
    uint64_t hash = hash_bytes(account->transport.p, account->transport.len, (uint64_t)tenant->id);
    hash = hash_bytes(account->settings.p, account->settings.len, hash);
    struct sender *sender = senders_find(engine, account->number);
    bool is_new = !sender;
    if (is_new)
        sender = make(engine, account);
    if (!sender)
        return ERR_NOMEM;
    bool changed = is_new || sender->hash != hash || sender->tenant_id != tenant->id;
    sender->hash = hash;
    sender->tenant_id = tenant->id;
    sender->seen = engine->tenants_version;
    sender->zone = tenant->zone;
    sender_dirty(engine, sender);
    if (changed)
        apply(engine, sender, tenant, account);
    return 0;
}

/* --- going */

static void release(struct engine *engine, struct sender *sender)
{
    alarm_set(&engine->alarms, &sender->alarm, ALARM_NEVER);
    alarm_set(&engine->alarms, &sender->away, ALARM_NEVER);
    lanes_free(sender);
    items_release(engine, sender);
    free(sender);
}

static size_t queries_of_sender(const struct sender *sender)
{
    size_t count = 0;
    for (int kind = 0; kind < QUERY_KINDS; kind++)
        count += sender->queries[kind].in_flight;
    return count;
}

void senders_sweep(struct engine *engine)
{
    struct sender *sender = STAILQ_FIRST(&engine->leaving), *next;
    for (; sender; sender = next) {
        next = STAILQ_NEXT(sender, leaving);
        if (sender->in_turn || sender->is_ready || sender->is_dirty || sender->is_untold ||
            sender->in_flight > 0 || sender->pauses > 0 || queries_of_sender(sender) > 0 ||
            !STAILQ_EMPTY(&sender->outcomes))
            continue;
        STAILQ_REMOVE(&engine->leaving, sender, sender, leaving);
        release(engine, sender);
    }
}

struct sender *senders_stand_in(struct engine *engine, int64_t tenant_id, int64_t number)
{
    struct sender *sender;
    STAILQ_FOREACH(sender, &engine->leaving, leaving)
    if (sender->number == number && sender->tenant_id == tenant_id)
        return sender;
    sender = calloc(1, sizeof(*sender));
    if (!sender)
        return NULL;
    sender->number = number;
    sender->tenant_id = tenant_id;
    sender->gone = true;
    sender->waits_for = "";
    sender->alarm.ring = sender_ring;
    sender->away.ring = ring_away;
    STAILQ_INIT(&sender->outcomes);
    STAILQ_INIT(&sender->held);
    STAILQ_INSERT_TAIL(&engine->leaving, sender, leaving);
    return sender;
}

/* What it had is for others, or for nobody. */
static void leave(struct engine *engine, struct sender *sender)
{
    sender->gone = true;
    sender->zone = NULL;
    transport_account_remove(engine->transport, sender->number);
    for (size_t i = 0; i < sender->lanes.count; i++) {
        sender->lanes.lanes[i].task->look = true;
        tasks_attend(engine, sender->lanes.lanes[i].task);
    }
    alarm_set(&engine->alarms, &sender->alarm, ALARM_NEVER);
    alarm_set(&engine->alarms, &sender->away, ALARM_NEVER);
    if (!sender->in_turn)
        lanes_free(sender);
    STAILQ_INSERT_TAIL(&engine->leaving, sender, leaving);
    pthread_mutex_lock(&engine->mutex);
    number_map_remove(&engine->senders, sender->number);
    pthread_mutex_unlock(&engine->mutex);
}

/* One after the other, for a table that is walked does not change. */
static struct sender *find_missing(const struct engine *engine)
{
    size_t at = 0;
    for (struct sender *sender; (sender = number_map_next(&engine->senders, &at));)
        if (sender->seen != engine->tenants_version)
            return sender;
    return NULL;
}

/* --- all */

static void publish(struct engine *engine)
{
    pthread_mutex_lock(&engine->mutex);
    engine->adopted_version = engine->tenants_version;
    pthread_cond_broadcast(&engine->adopted);
    pthread_mutex_unlock(&engine->mutex);
}

int senders_adopt(struct engine *engine)
{
    int result = 0;
    uint64_t version = store_tenants_version(engine->store);
    if (version == engine->tenants_version && engine->tenants)
        return 0;
    struct tenants *fresh = store_tenants(engine->store), *old = engine->tenants;
    engine->tenants = fresh;
    engine->tenants_version = version;
    for (size_t i = 0; i < tenants_count(fresh); i++) {
        const struct tenant *tenant = tenants_at(fresh, i);
        for (size_t j = 0; j < tenant->account_count && result == 0; j++)
            result = adopt(engine, tenant, &tenant->accounts[j]);
    }
    for (struct sender *sender; result == 0 && (sender = find_missing(engine));)
        leave(engine, sender);
    tenants_unref(old);
    engine->reload = true; /* tasks of a tenant that came or went */
    if (result < 0)
        log_line(LOG_ERROR, "engine: accounts: %s", err_text(result));
    return result;
}

void senders_publish(struct engine *engine)
{
    if (engine->adopted_version != engine->tenants_version)
        publish(engine);
}

void senders_free(struct engine *engine)
{
    size_t at = 0;
    for (struct sender *sender; (sender = number_map_next(&engine->senders, &at));)
        release(engine, sender);
    for (struct sender *sender; (sender = STAILQ_FIRST(&engine->leaving));) {
        STAILQ_REMOVE_HEAD(&engine->leaving, leaving);
        release(engine, sender);
    }
    number_map_free(&engine->senders);
}
