/* What a turn came to: outcomes are on disk, claims may be handed over – or nothing of it happened. */
#include "base/log.h"
#include "engine/inside.h"

/* --- it is on disk */

static void take_outcomes(struct engine *engine, struct turn *turn)
{
    for (size_t i = 0; i < turn->op.outcome_count; i++) {
        struct flight *flight = turn->flights[i];
        struct sender *sender = flight->sender;
        if (flight->send.status == MESSAGE_RETRY) {
            if (sender->retry_ms == 0 || flight->retry_ms < sender->retry_ms)
                sender->retry_ms = flight->retry_ms;
            sender->retry_paced = sender->retry_paced || flight->interval_max_ms > 0;
        }
        follow_ups_added(engine, &turn->outcomes[i].follow_up);
        flight_free(engine, flight);
    }
}

static void take_items(struct engine *engine, struct turn *turn)
{
    for (size_t i = 0; i < turn->op.news_count; i++) {
        turn->news_items[i]->news = turn->news[i];
        if (!turn->news[i].unknown)
            follow_ups_added(engine, &turn->news[i].follow_up);
    }
    for (size_t i = 0; i < turn->op.incoming_count; i++) {
        follow_ups_added(engine, &turn->incoming[i].follow_up);
        engine->reload = engine->reload || turn->incoming[i].opted_out; /* what confirms it */
    }
    for (size_t i = 0; i < turn->item_count; i++) {
        struct item *item = turn->items[i];
        if (item->kind == ITEM_FOLLOWED)
            follow_ups_finish(engine, item->followed);
        if (item->kind == ITEM_NEWS && item->news.unknown)
            items_limbo(engine, item);
        else
            item_free(item);
    }
}

static void take_messages(struct engine *engine, struct sender *sender,
                          const struct message_claim *claim)
{
    for (size_t i = 0; i < claim->count; i++) {
        const struct message_claimed *claimed = &claim->messages[i];
        struct flight *flight = flight_take(engine, sender, claimed->id);
        if (!flight) {
            engine->unsure = true; /* it is found in flight, and not with us */
            continue;
        }
        flight->send.to = claimed->number;
        flight->send.tries = claimed->tries;
        flight->part = claimed->part;
        flight->has_content = claimed->has_content;
        sender->last_task = flight->task_id;
        STAILQ_INSERT_TAIL(&engine->made, flight, next);
    }
}

static void take_lanes(struct turn *turn, struct sender *sender, const struct message_claim *claim)
{
    size_t first = (size_t)(claim->lanes - turn->lanes);
    size_t empty = 0;
    for (size_t i = 0; i < claim->lane_count; i++)
        empty += claim->lane_empty[i];
    /* Nothing at all, and no lane to blame: none of them is asked again before it changes. */
    bool all = claim->count == 0 && !claim->skipped_many && empty == 0;
    for (size_t i = 0; i < claim->lane_count; i++) {
        struct open_task *task = turn->lane_tasks[first + i];
        if (!all && !claim->lane_empty[i])
            continue;
        if (task)
            lanes_empty(sender, task);
        else
            sender->outside = false;
    }
}

/* A claim takes some of those that are due to be retried: while it finds any, or was full, there may be
 * more. What is due and was not found is of a task that pauses, whose return will be told. */
static int64_t next_retry(const struct turn *turn, const struct sender *sender,
                          const struct message_claim *claim)
{
    int64_t now_ms = turn->op.now_ms;
    bool again = claim->count == claim->want || claim->skipped_many;
    for (size_t i = 0; i < claim->count && !again; i++)
        again = claim->messages[i].tries > 1;
    if (again && sender->retry_ms && sender->retry_ms <= now_ms)
        return now_ms;
    return claim->retry_ms > now_ms ? claim->retry_ms : 0;
}

static void take_claim(struct engine *engine, struct turn *turn, size_t at)
{
    struct message_claim *claim = &turn->claims[at];
    struct sender *sender = turn->claimers[at];
    engine->reserved -= claim->want;
    take_messages(engine, sender, claim);
    if (sender->disturbed) {
        sender->disturbed = false;
        return;
    }
    sender->retry_ms = next_retry(turn, sender, claim);
    if (sender->retry_ms == 0) {
        sender->retry_paced = false;
        lanes_drop_asleep(sender);
    }
    take_lanes(turn, sender, claim);
}

static void take(struct engine *engine, struct turn *turn)
{
    take_outcomes(engine, turn);
    take_items(engine, turn);
    for (size_t i = 0; i < turn->op.claim_count; i++)
        take_claim(engine, turn, i);
    for (size_t i = 0; i < turn->op.task_count; i++)
        tasks_progress(engine, &turn->tasks[i]);
}

/* --- it is not */

/* What was told is told again; what was to be claimed is not under way. */
static void put_back(struct engine *engine, struct turn *turn)
{
    for (size_t i = turn->op.outcome_count; i-- > 0;)
        STAILQ_INSERT_HEAD(&turn->flights[i]->sender->outcomes, turn->flights[i], next);
    for (size_t i = turn->item_count; i-- > 0;) {
        STAILQ_INSERT_HEAD(&engine->items, turn->items[i], next);
        engine->item_count++;
    }
    for (size_t i = 0; i < turn->op.claim_count; i++)
        engine->reserved -= turn->claims[i].want;
}

static void fail(struct engine *engine, struct turn *turn)
{
    int result = turn->op.call.result;
    put_back(engine, turn);
    engine->pause_until_ms = engine->now_ms + STORE_PAUSE_MS;
    if (result == ERR_UNKNOWN)
        engine->unsure = true;
    if (!atomic_exchange(&engine->is_stuck, true))
        log_line(LOG_ERROR, "engine: the store refuses: %s", err_text(result));
}

static void recovered(struct engine *engine)
{
    if (atomic_load(&engine->is_stuck)) {
        atomic_store(&engine->is_stuck, false);
        log_line(LOG_INFO, "engine: the store takes writes again");
    }
}

void turn_done(struct store_call *call)
{
    struct turn *turn = call->owner;
    struct engine *engine = turn->engine;
    turn->busy = false;
    engine->turns_out--;
    if (call->result < 0) {
        fail(engine, turn);
    } else {
        recovered(engine);
        take(engine, turn);
    }
    for (size_t i = 0; i < turn->sender_count; i++) {
        struct sender *sender = turn->senders[i];
        sender->in_turn = false;
        if (sender->gone)
            lanes_free(sender);
        sender_touch(engine, sender);
    }
}
