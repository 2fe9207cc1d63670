/* The start: what the last process left under way; and the same look after a turn whose outcome is
 * unknown. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/inside.h"
#include "store/conversations.h"

struct loading {
    struct engine_load op;
    struct engine *engine;
    struct in_flight *in_flight;
    size_t count, room;
    int result;
};

static void done(struct store_call *call)
{
    (void)call;
}

static void take_in_flight(struct engine_load *op, const struct in_flight *message)
{
    struct loading *loading = container_of(op, struct loading, op);
    if (loading->count == loading->room) {
        size_t room = loading->room ? loading->room * 2 : 64;
        struct in_flight *larger = realloc(loading->in_flight, room * sizeof(*larger));
        if (!larger) {
            loading->result = ERR_NOMEM;
            return;
        }
        loading->in_flight = larger;
        loading->room = room;
    }
    loading->in_flight[loading->count++] = *message;
}

static void take_pace(struct engine_load *op, const struct account_pace *pace)
{
    struct loading *loading = container_of(op, struct loading, op);
    struct sender *sender = senders_find(loading->engine, pace->account);
    if (sender)
        sender->pace = *pace;
}

static void take_retry(struct engine_load *op, int64_t account, int64_t retry_ms)
{
    struct loading *loading = container_of(op, struct loading, op);
    struct sender *sender = senders_find(loading->engine, account);
    if (!sender)
        return;
    sender->retry_ms = retry_ms;
    sender->retry_paced = sender->settings.interval_max_ms > 0;
    sender_touch(loading->engine, sender);
}

static void take_outside(struct engine_load *op, int64_t account)
{
    struct loading *loading = container_of(op, struct loading, op);
    struct sender *sender = senders_find(loading->engine, account);
    if (!sender)
        return;
    sender->outside = true;
    sender_touch(loading->engine, sender);
}

static void ignore_pace(struct engine_load *op, const struct account_pace *pace)
{
    (void)op, (void)pace;
}

static void ignore_retry(struct engine_load *op, int64_t account, int64_t retry_ms)
{
    (void)op, (void)account, (void)retry_ms;
}

static void ignore_outside(struct engine_load *op, int64_t account)
{
    (void)op, (void)account;
}

static int load(struct engine *engine, struct loading *loading)
{
    loading->engine = engine;
    loading->op.call = (struct store_call){.home = engine->mailbox, .done = done};
    loading->op.in_flight = take_in_flight;
    store_engine_load(engine->reader, &loading->op);
    engine_read(engine);
    return loading->op.call.result < 0 ? loading->op.call.result : loading->result;
}

/* --- what was under way when the last process ended */

/* The account's sender, or one that stands for an account that is gone. */
static struct flight *flight_of(struct engine *engine, const struct in_flight *message)
{
    struct sender *sender = senders_find(engine, message->account);
    if (!sender)
        sender = senders_stand_in(engine, message->tenant_id, message->account);
    return sender ? flight_take(engine, sender, message->message) : NULL;
}

/* It left, or may have: its account waits for as long as it may have to. */
static int resolve(struct engine *engine, const struct in_flight *message, int left)
{
    struct flight *flight = flight_of(engine, message);
    if (!flight)
        return ERR_NOMEM;
    flight->send.status = left == 1 ? MESSAGE_SENT : MESSAGE_FAILED;
    flight->send.reason = left == 1 ? REASON_NONE : REASON_UNKNOWN;
    flight->send.time_ms = message->claimed_ms;
    flight->send.left = true;
    flight->is_recovered = true;
    sender_told(engine, flight);
    return 0;
}

static int by_message(const void *a_, const void *b_)
{
    const struct in_flight *a = a_, *b = b_;
    return (a->message > b->message) - (a->message < b->message);
}

static int by_recalled(const void *a_, const void *b_)
{
    const struct transport_recall *a = a_, *b = b_;
    return (a->message > b->message) - (a->message < b->message);
}

static int resolve_all(struct engine *engine, const struct loading *loading)
{
    if (loading->count == 0)
        return 0;
    struct transport_recall *asked = calloc(loading->count, sizeof(*asked));
    if (!asked)
        return ERR_NOMEM;
    for (size_t i = 0; i < loading->count; i++)
        asked[i] = (struct transport_recall){loading->in_flight[i].account,
                                             loading->in_flight[i].message, ERR_UNKNOWN};
    transport_recall(engine->transport, asked, loading->count);
    /* The answers come in another order. */
    qsort(asked, loading->count, sizeof(*asked), by_recalled);
    qsort(loading->in_flight, loading->count, sizeof(*loading->in_flight), by_message);
    int result = 0;
    size_t unknown = 0;
    for (size_t i = 0; i < loading->count && result == 0; i++) {
        result = resolve(engine, &loading->in_flight[i], asked[i].left);
        unknown += asked[i].left != 1;
    }
    free(asked);
    log_line(LOG_WARNING,
             "engine: %zu messages were under way when the server ended; of %zu nobody knows "
             "whether they left",
             loading->count, unknown);
    return result;
}

int load_all(struct engine *engine)
{
    struct loading loading = {
        .op = {.pace = take_pace, .retry = take_retry, .outside = take_outside}};
    int result = load(engine, &loading);
    engine->outside_last = loading.op.outside_last;
    if (result >= 0)
        result = tasks_reload(engine);
    if (result >= 0)
        result = resolve_all(engine, &loading);
    free(loading.in_flight);
    return result < 0 ? result : 0;
}

/* --- messages outside tasks that were queued since: by calls, and to confirm opt-outs */

struct queued {
    struct outside_queued op;
    struct engine *engine;
};

static void take_queued(struct outside_queued *op, int64_t account)
{
    struct engine *engine = container_of(op, struct queued, op)->engine;
    struct sender *sender = senders_find(engine, account);
    if (!sender)
        return;
    sender->outside = true;
    sender->disturbed = sender->in_turn;
    sender_touch(engine, sender);
}

int load_outside(struct engine *engine)
{
    struct queued queued = {.engine = engine, .op = {.after = engine->outside_last}};
    queued.op.call = (struct store_call){.home = engine->mailbox, .done = done};
    queued.op.each = take_queued;
    store_outside_queued(engine->reader, &queued.op);
    engine_read(engine);
    if (queued.op.call.result < 0)
        log_line(LOG_ERROR, "engine: messages outside tasks: %s", err_text(queued.op.call.result));
    else
        engine->outside_last = queued.op.after;
    return queued.op.call.result;
}

/* --- after a turn whose outcome is unknown */

static bool is_ours(const struct engine *engine, int64_t message)
{
    const struct flight *flight;
    LIST_FOREACH(flight, &engine->taken, all)
    if (flight->send.message == message)
        return true;
    return false;
}

/* It was claimed, and never handed over, for this process did not know of it: it may be tried again. */
static int give_back(struct engine *engine, const struct in_flight *message)
{
    struct flight *flight = flight_of(engine, message);
    if (!flight)
        return ERR_NOMEM;
    flight->send.status = MESSAGE_RETRY;
    flight->send.tries = 0;
    flight->send.retry_after_ms = 1;
    flight->send.time_ms = engine->now_ms;
    sender_told(engine, flight);
    return 0;
}

void load_unsure(struct engine *engine)
{
    struct loading loading = {
        .op = {.pace = ignore_pace, .retry = ignore_retry, .outside = ignore_outside}};
    int result = load(engine, &loading);
    for (size_t i = 0; i < loading.count && result >= 0; i++)
        if (!is_ours(engine, loading.in_flight[i].message))
            result = give_back(engine, &loading.in_flight[i]);
    free(loading.in_flight);
    engine->unsure = result < 0;
    if (result < 0)
        engine->pause_until_ms = engine->now_ms + STORE_PAUSE_MS;
}
