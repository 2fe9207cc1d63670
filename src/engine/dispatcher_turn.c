/* Turns: steps of many actions as one command for the store. */
#include "engine/dispatcher_inside.h"

/* Contents of a turn, with room to spare. */
#define TEXT_MAX ((size_t)4 << 20)

static void go_on_handed(struct dispatcher *d, struct held *held, const struct action_item *item)
{
    if (item->verdict == ACTION_TAKEN &&
        !d->settings.deliver(d->settings.listeners, held->agent, held->listener, &item->event))
        held_queue(d, held, ACTION_RETURN);
    else
        held_wait_answer(d, held, d->now_ms);
}

/* A listener that is still there cannot take it now, and would not at once either. */
static void go_on_returned(struct dispatcher *d, struct held *held)
{
    int64_t listener = d->settings.find(d->settings.listeners, held->agent);
    if (listener == held->listener || atomic_load(&d->is_stopping))
        held_wait_listener(d, held);
    else
        held_offer(d, held);
}

static void go_on(struct dispatcher *d, struct held *held, const struct action_item *item)
{
    if (item->verdict == ACTION_OVER || item->step == ACTION_FAIL)
        held_drop(d, held);
    else if (item->step == ACTION_HAND)
        go_on_handed(d, held, item);
    else if (item->verdict == ACTION_HELD) /* its session came again, and has it */
        held_wait_answer(d, held, d->now_ms);
    else
        go_on_returned(d, held);
}

static void turn_done(struct store_call *call)
{
    struct dispatcher *d = call->owner;
    struct held *held;
    d->turn_out = false;
    if (call->result < 0) {
        dispatcher_pause(d, call->result);
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

void dispatcher_send(struct dispatcher *d)
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
