/* Outcomes of tries, on their way to the store. One command at a time: what comes meanwhile goes with the
 * next. */
#include "base/log.h"
#include "engine/webhooks_inside.h"

void webhook_results_add(struct webhooks *webhooks, struct webhook_try *try)
{
    STAILQ_INSERT_TAIL(&webhooks->results, try, line);
}

static void forget(struct webhooks *webhooks, struct webhook_try *try)
{
    struct webhook_target *target = try->target;
    TAILQ_REMOVE(&target->hand, try, hand);
    target->in_hand--;
    webhooks->in_hand--;
    webhook_try_free(try);
}

/* The outcome is on disk. */
static void settle(struct webhooks *webhooks, struct webhook_try *try,
                   const struct delivery_result *result)
{
    struct webhook_target *target = try->target;
    int64_t alarm_ms = target->alarm.place ? target->alarm.at_ms : ALARM_NEVER;
    if (result->state == DELIVERY_READY && !result->unknown && result->next_ms < alarm_ms)
        alarm_set(&webhooks->alarms, &target->alarm, result->next_ms);
    if (result->state == DELIVERY_PARKED && !result->unknown)
        webhooks_count(&webhooks->counts.parked, 1);
    if (result->gone) {
        target->enabled = false;
        log_line(LOG_WARNING, "webhook tenant=%lld id=%lld answered HTTP 410: switched off",
                 (long long)target->tenant_id, (long long)target->id);
    }
    forget(webhooks, try);
    if (webhooks->finish.woken)
        target->has_due = true;
    webhook_target_queue(webhooks, target);
    webhook_target_release(webhooks, target);
}

/* They are written later, in the same order. */
static void keep(struct webhooks *webhooks, int result)
{
    for (size_t i = webhooks->finish.count; i-- > 0;)
        STAILQ_INSERT_HEAD(&webhooks->results, webhooks->finish_tries[i], line);
    webhooks_pause(webhooks, result);
}

static void on_done(struct store_call *call)
{
    struct webhooks *webhooks = call->owner;
    webhooks->finishing = false;
    if (call->result < 0) {
        keep(webhooks, call->result);
        return;
    }
    for (size_t i = 0; i < webhooks->finish.count; i++)
        settle(webhooks, webhooks->finish_tries[i], &webhooks->finish_results[i]);
}

void webhook_results_write(struct webhooks *webhooks)
{
    size_t count = 0;
    if (webhooks->finishing || webhooks_is_paused(webhooks) || STAILQ_EMPTY(&webhooks->results))
        return;
    for (struct webhook_try *try;
         count < DELIVERIES_MAX && (try = STAILQ_FIRST(&webhooks->results)); count++) {
        STAILQ_REMOVE_HEAD(&webhooks->results, line);
        webhooks->finish_tries[count] = try;
        webhooks->finish_results[count] = try->result;
    }
    webhooks->finish = (struct deliveries_finish){
        .call = {.home = webhooks->mailbox, .done = on_done, .owner = webhooks},
        .results = webhooks->finish_results,
        .count = count,
        .now_ms = webhooks->now_ms,
    };
    webhooks->finishing = true;
    store_deliveries_finish(webhooks->store, &webhooks->finish);
}
