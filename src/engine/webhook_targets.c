/* The URLs: as the store has them, and which are to be looked at next. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/webhooks_inside.h"

struct webhook_target *webhook_target_find(const struct webhooks *webhooks, int64_t id)
{
    return number_map_find(&webhooks->targets, id);
}

/* --- whose turn it is */

size_t webhook_target_room(const struct webhook_target *target)
{
    size_t most = target->failures >= WEBHOOK_SLOW_AFTER ? 1 : WEBHOOK_IN_FLIGHT_MAX;
    size_t tries = target->in_flight < most ? most - target->in_flight : 0;
    size_t hands = target->in_hand < URL_HANDS_MAX ? URL_HANDS_MAX - target->in_hand : 0;
    if (!target->enabled || target->removed)
        return 0;
    return tries < hands ? tries : hands;
}

void webhook_target_queue(struct webhooks *webhooks, struct webhook_target *target)
{
    if (target->is_queued || !target->has_due || webhook_target_room(target) == 0)
        return;
    struct ring *ring = target->failures > 0 ? &webhooks->failing : &webhooks->good;
    STAILQ_INSERT_TAIL(ring, target, ring);
    target->is_queued = true;
    webhooks->queued++;
}

void webhook_target_look(struct webhooks *webhooks, struct webhook_target *target)
{
    target->has_due = true;
    webhook_target_queue(webhooks, target);
}

static void ring(void *context, struct alarm *alarm)
{
    webhook_target_look(context, container_of(alarm, struct webhook_target, alarm));
}

static struct webhook_target *take_from(struct webhooks *webhooks, struct ring *from)
{
    for (struct webhook_target *target; (target = STAILQ_FIRST(from));) {
        STAILQ_REMOVE_HEAD(from, ring);
        target->is_queued = false;
        webhooks->queued--;
        if (webhook_target_room(target) > 0)
            return target;
        webhook_target_release(webhooks, target);
    }
    return NULL;
}

struct webhook_target *webhook_targets_take(struct webhooks *webhooks, bool failing_too)
{
    struct webhook_target *target = NULL;
    if (failing_too && webhooks->failing_next)
        target = take_from(webhooks, &webhooks->failing);
    webhooks->failing_next = !webhooks->failing_next;
    if (!target)
        target = take_from(webhooks, &webhooks->good);
    if (!target && failing_too)
        target = take_from(webhooks, &webhooks->failing);
    return target;
}

/* --- how it goes */

static void set_failures(struct webhooks *webhooks, struct webhook_target *target, int failures)
{
    if (target->failures == 0 && failures > 0)
        webhooks_count(&webhooks->counts.failing, 1);
    if (target->failures > 0 && failures == 0)
        webhooks_count(&webhooks->counts.failing, (uint64_t)-1);
    target->failures = failures;
}

void webhook_target_told(struct webhooks *webhooks, struct webhook_target *target, bool good)
{
    int before = target->failures;
    set_failures(webhooks, target, good ? 0 : before + 1);
    if (target->failures == WEBHOOK_SLOW_AFTER)
        log_line(LOG_WARNING, "webhook tenant=%lld id=%lld failed %d times: one try at a time",
                 (long long)target->tenant_id, (long long)target->id, target->failures);
    if (good && before >= WEBHOOK_SLOW_AFTER)
        log_line(LOG_INFO, "webhook tenant=%lld id=%lld works again", (long long)target->tenant_id,
                 (long long)target->id);
}

/* --- coming and going */

static struct webhook_target *make(struct webhooks *webhooks, const struct webhook *webhook)
{
    struct webhook_target *target = calloc(1, sizeof(*target));
    char *text = target ? strndup(webhook->url.p, webhook->url.len) : NULL;
    /* One alarm of each URL, and the pause. */
    if (!text || alarms_reserve(&webhooks->alarms, webhooks->targets.count + 2) < 0 ||
        number_map_add(&webhooks->targets, webhook->id, target) < 0) {
        free(text);
        free(target);
        return NULL;
    }
    target->id = webhook->id;
    target->tenant_id = webhook->tenant_id;
    target->type = webhook->type;
    target->text = text;
    target->alarm.ring = ring;
    TAILQ_INIT(&target->hand);
    return target;
}

static void drop(struct webhooks *webhooks, struct webhook_target *target)
{
    set_failures(webhooks, target, 0);
    alarm_set(&webhooks->alarms, &target->alarm, ALARM_NEVER);
    explicit_bzero(target->secrets, sizeof(target->secrets));
    free(target->text);
    free(target);
}

void webhook_target_release(struct webhooks *webhooks, struct webhook_target *target)
{
    if (!target->removed || target->is_queued || target->in_hand > 0 || target->probes > 0)
        return;
    number_map_remove(&webhooks->targets, target->id);
    drop(webhooks, target);
}

static void update(struct webhooks *webhooks, struct webhook_target *target,
                   const struct webhook *webhook)
{
    target->enabled = webhook->enabled;
    target->old_until_ms = webhook->old_until_ms;
    for (int i = 0; i < 2; i++) {
        explicit_bzero(target->secrets[i], sizeof(target->secrets[i]));
        target->secret_lens[i] = webhook->secret_lens[i];
        if (webhook->secret_lens[i] > 0)
            memcpy(target->secrets[i], webhook->secrets[i], webhook->secret_lens[i]);
    }
    set_failures(webhooks, target, webhook->failures);
    webhook_target_look(webhooks, target);
}

/* One reading of changes. */
struct changes {
    struct webhooks_changed op;
    struct webhooks *webhooks;
    int64_t last; /* the last that was taken */
    bool failed;
};

static void take_change(struct webhooks_changed *op, const struct webhook *webhook)
{
    struct changes *changes = container_of(op, struct changes, op);
    struct webhooks *webhooks = changes->webhooks;
    struct webhook_target *target = webhook_target_find(webhooks, webhook->id);
    if (!target && !webhook->removed && !changes->failed)
        target = make(webhooks, webhook);
    changes->failed |= !target && !webhook->removed;
    if (changes->failed)
        return;
    changes->last = webhook->changed;
    if (!target)
        return;
    target->removed = webhook->removed;
    if (target->removed)
        webhook_target_release(webhooks, target);
    else
        update(webhooks, target, webhook);
}

static void read_done(struct store_call *call)
{
    (void)call;
}

static void run_reads(struct webhooks *webhooks)
{
    while (store_reads_waiting(webhooks->reader) > 0)
        store_reads_run(webhooks->reader);
}

/* Returns how many were read, or an error. */
static int read_changes(struct webhooks *webhooks)
{
    struct changes changes = {
        .op = {.call.done = read_done,
               .changed = webhooks->changed,
               .limit = CHANGES_MAX,
               .each = take_change},
        .webhooks = webhooks,
        .last = webhooks->changed,
    };
    store_webhooks_changed(webhooks->reader, &changes.op);
    run_reads(webhooks);
    webhooks->changed = changes.last;
    return changes.failed ? ERR_NOMEM : changes.op.call.result;
}

/* --- what is new */

struct news {
    struct deliveries_fresh op;
    struct webhooks *webhooks;
};

static void take_news(struct deliveries_fresh *op, int64_t webhook)
{
    struct webhooks *webhooks = container_of(op, struct news, op)->webhooks;
    struct webhook_target *target = webhook_target_find(webhooks, webhook);
    if (target)
        webhook_target_look(webhooks, target);
}

static void look_at_all(struct webhooks *webhooks)
{
    size_t at = 0;
    for (struct webhook_target *target; (target = number_map_next(&webhooks->targets, &at));)
        webhook_target_look(webhooks, target);
}

/* Returns 1: there is more. */
static int read_news(struct webhooks *webhooks)
{
    struct news news = {
        .op = {.call.done = read_done, .after = webhooks->fresh, .each = take_news},
        .webhooks = webhooks,
    };
    store_deliveries_fresh(webhooks->reader, &news.op);
    run_reads(webhooks);
    if (news.op.call.result < 0)
        return news.op.call.result;
    if (webhooks->fresh == 0) /* it says where it stands, and not what is new up to there */
        look_at_all(webhooks);
    webhooks->fresh = news.op.after;
    return news.op.more;
}

/* News first: those of a URL that is not known yet are found when it comes and is looked at. */
void webhook_targets_reload(struct webhooks *webhooks)
{
    int result;
    while ((result = read_news(webhooks)) > 0)
        ;
    while (result == 0 && (result = read_changes(webhooks)) == CHANGES_MAX)
        result = 0;
    if (result < 0)
        webhooks_pause(webhooks, result);
    webhooks->reload = result < 0;
}

void webhook_targets_free(struct webhooks *webhooks)
{
    size_t at = 0;
    for (struct webhook_target *target; (target = number_map_next(&webhooks->targets, &at));)
        drop(webhooks, target);
    number_map_free(&webhooks->targets);
}
