/* Turns: what came in and what may be claimed, put together into one command for the store. */
#include "engine/inside.h"

/* Of a turn, while accounts wait too. */
#define ITEMS_SHARE (TURN_MAX_ITEMS / 2)

/* --- items */

static size_t bundle(const struct item *item)
{
    size_t count = 1;
    for (; item->more; item = STAILQ_NEXT(item, next))
        count++;
    return count;
}

static void add_item(struct turn *turn, struct item *item)
{
    struct messages_turn *op = &turn->op;
    switch (item->kind) {
    case ITEM_NEWS:
        turn->news_items[op->news_count] = item;
        turn->news[op->news_count++] = item->news;
        break;
    case ITEM_INCOMING: turn->incoming[op->incoming_count++] = item->incoming; break;
    case ITEM_FOLLOWED: turn->followed[op->followed_count++] = item->followed; break;
    }
    turn->items[turn->item_count++] = item;
    turn->room--;
}

static void add_items(struct engine *engine, struct turn *turn)
{
    size_t share = STAILQ_EMPTY(&engine->ready) ? TURN_MAX_ITEMS : ITEMS_SHARE;
    for (struct item *item; (item = STAILQ_FIRST(&engine->items));) {
        size_t count = bundle(item);
        if (turn->item_count + count > share)
            return;
        for (; count > 0; count--) {
            item = STAILQ_FIRST(&engine->items);
            STAILQ_REMOVE_HEAD(&engine->items, next);
            engine->item_count--;
            add_item(turn, item);
        }
    }
}

/* --- outcomes */

static struct message_news news_of(const struct flight *flight)
{
    const struct transport_send *send = &flight->send;
    struct message_news news = {
        .message = send->message,
        .account = send->account,
        .provider_id = str_of(send->provider_id),
        .status = send->status,
        .reason = send->reason,
        .code = send->code,
        .reason_text = str_of(send->reason_text),
        .time_ms = send->left ? send->time_ms : 0,
        .retry_ms = flight->retry_ms,
        .rendered = {flight->kept.data, flight->kept.len},
    };
    if (send->follow_code)
        news.follow_up = (struct follow_up){.due_ms = send->follow_ms,
                                            .account = send->account,
                                            .message = send->message,
                                            .code = send->follow_code,
                                            .text = str_of(send->follow_text)};
    return news;
}

/* The store queues the recipient's next content with this outcome. */
static void expect_next_part(struct engine *engine, struct sender *sender,
                             const struct flight *flight)
{
    struct open_task *task = tasks_find(engine, flight->task_id);
    if (!task || sender->gone || flight->part + 1 >= task->parts ||
        flight->send.status == MESSAGE_FAILED || flight->send.status == MESSAGE_RETRY)
        return;
    if (lanes_add(sender, task) < 0)
        tasks_stale(engine, task);
}

static void add_outcomes(struct engine *engine, struct turn *turn, struct sender *sender)
{
    struct messages_turn *op = &turn->op;
    bool paced = false;
    /* One of the room is for the pace. */
    while (!STAILQ_EMPTY(&sender->outcomes) && turn->room >= 2) {
        struct flight *flight = STAILQ_FIRST(&sender->outcomes);
        STAILQ_REMOVE_HEAD(&sender->outcomes, next);
        turn->flights[op->outcome_count] = flight;
        turn->outcomes[op->outcome_count++] = news_of(flight);
        turn->room--;
        expect_next_part(engine, sender, flight);
        paced = paced || (flight->send.left && sender->zone &&
                          sender_keeps_pace(sender, flight->interval_max_ms));
    }
    if (STAILQ_EMPTY(&sender->outcomes))
        items_release(engine, sender);
    if (!paced)
        return;
    turn->paces[op->pace_count] = sender->pace;
    turn->paces[op->pace_count++].account = sender->number;
    turn->room--;
}

/* --- claims */

/* Taken by messages, or promised to claims at the writer. */
static size_t flights_left(const struct engine *engine)
{
    size_t taken = engine->flight_count + engine->reserved;
    return taken < FLIGHTS_MAX ? FLIGHTS_MAX - taken : 0;
}

static size_t add_lanes(struct turn *turn, struct sender *sender)
{
    size_t at = turn->lane_count, room = TURN_LANES - at;
    size_t max = room < CLAIM_LANES ? room : CLAIM_LANES;
    size_t count = lanes_pick(sender, turn->lanes + at, turn->lane_tasks + at,
                              max - (sender->outside && max > 0));
    if (sender->outside && count < max) {
        turn->lanes[at + count] = 0;
        turn->lane_tasks[at + count++] = NULL;
    }
    turn->lane_count += count;
    return count;
}

/* False: there is nothing to claim after all. */
static bool add_claim(struct engine *engine, struct turn *turn, struct sender *sender, size_t want)
{
    struct messages_turn *op = &turn->op;
    size_t first = turn->lane_count;
    size_t lanes = add_lanes(turn, sender);
    if (lanes == 0 && (sender->retry_ms == 0 || sender->retry_ms > engine->now_ms))
        return false;
    turn->claimers[op->claim_count] = sender;
    turn->claims[op->claim_count++] =
        (struct message_claim){.tenant_id = sender->tenant_id,
                               .account = sender->number,
                               .lanes = turn->lanes + first,
                               .lane_count = lanes,
                               .want = want,
                               .messages = turn->claimed + turn->claimed_count,
                               .lane_empty = turn->lane_empty + first};
    turn->claimed_count += want;
    turn->room -= want;
    engine->reserved += want;
    return true;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* True: it has something in the turn. */
static bool add_sender(struct engine *engine, struct turn *turn, struct sender *sender)
{
    size_t before = turn->room;
    add_outcomes(engine, turn, sender);
    if (STAILQ_EMPTY(&sender->outcomes) && turn->lane_count + CLAIM_LANES <= TURN_LANES) {
        size_t want = sender_may_claim(engine, sender);
        want = smaller(want, smaller(turn->room, flights_left(engine)));
        if (want > 0)
            (void)add_claim(engine, turn, sender, want);
    }
    return turn->room < before;
}

/* In the order in which they became ready. One that finds no room goes to the end of the line: behind it are
 * those whose outcomes make room. */
static void add_senders(struct engine *engine, struct turn *turn)
{
    const struct sender *first_left = NULL;
    while (turn->room >= 2 && !STAILQ_EMPTY(&engine->ready)) {
        struct sender *sender = STAILQ_FIRST(&engine->ready);
        if (sender == first_left)
            return;
        bool is_added = add_sender(engine, turn, sender);
        STAILQ_REMOVE_HEAD(&engine->ready, ready);
        sender->is_ready = false;
        if (is_added) {
            sender->in_turn = true;
            turn->senders[turn->sender_count++] = sender;
            continue;
        }
        sender_touch(engine, sender);
        if (sender->is_ready && !first_left)
            first_left = sender;
    }
}

/* --- the turn */

static struct turn *free_turn(struct engine *engine)
{
    for (size_t i = 0; i < TURNS_MAX; i++)
        if (!engine->turns[i]->busy)
            return engine->turns[i];
    return NULL;
}

static void begin(struct engine *engine, struct turn *turn)
{
    turn->op = (struct messages_turn){
        .call = {.home = engine->mailbox, .done = turn_done, .owner = turn},
        .now_ms = engine->now_ms,
        .outcomes = turn->outcomes,
        .news = turn->news,
        .incoming = turn->incoming,
        .followed = turn->followed,
        .paces = turn->paces,
        .claims = turn->claims,
        .tasks = turn->tasks,
    };
    turn->room = TURN_MAX_ITEMS;
    turn->sender_count = turn->item_count = turn->claimed_count = turn->lane_count = 0;
}

void turns_send(struct engine *engine)
{
    if (engine->unsure && engine->turns_out > 0)
        return;
    if (engine->unsure)
        load_unsure(engine);
    while (engine->turns_out < TURNS_MAX && engine->now_ms >= engine->pause_until_ms) {
        struct turn *turn = free_turn(engine);
        begin(engine, turn);
        add_items(engine, turn);
        add_senders(engine, turn);
        if (turn->room == TURN_MAX_ITEMS)
            return;
        turn->busy = true;
        engine->turns_out++;
        store_messages_turn(engine->store, &turn->op);
    }
}
