/* One try: from the outbox to the receiver's answer. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/webhooks_inside.h"

/* Around an event's data: names, ids, times. */
#define BODY_FRAME_MAX 256

/* --- the outcome */

static void say(struct webhook_try *try)
{
    const struct http_call *http = &try->http;
    if (http->result < 0)
        snprintf(try->error, sizeof(try->error), "%s", http->error);
    else if (http->status >= 300 && http->status < 400)
        snprintf(try->error, sizeof(try->error), "HTTP %d: redirects are not followed",
                 http->status);
    else if (http->status == 200)
        snprintf(try->error, sizeof(try->error), "HTTP 200 without a code that is 200 or 0");
    else
        snprintf(try->error, sizeof(try->error), "HTTP %d", http->status);
}

/* Again later, or never by itself. */
static void judge_failure(struct webhooks *webhooks, struct webhook_try *try)
{
    struct delivery_result *result = &try->result;
    int64_t wait_ms;
    say(try);
    result->error = str_of(try->error);
    result->gone = try->http.result == 0 && try->http.status == 410;
    try->target->enabled &= !result->gone;
    result->state = DELIVERY_PARKED;
    if (result->gone || webhook_retry_ms(try->delivery.tries + 1, &webhooks->random, &wait_ms) < 0)
        return;
    result->state = DELIVERY_READY;
    result->next_ms = webhooks->now_ms + wait_ms * webhooks->settings.retry_percent / 100;
}

static void judge(struct webhooks *webhooks, struct webhook_try *try)
{
    const struct http_call *http = &try->http;
    bool good =
        http->result == 0 &&
        webhook_acknowledged(http->status, (struct str){http->answer.data, http->answer.len});
    try->result = (struct delivery_result){.delivery = try->delivery.id,
                                           .webhook = try->target->id,
                                           .state = DELIVERY_DONE,
                                           .http_status = http->status};
    if (!good)
        judge_failure(webhooks, try);
    webhooks_count(good ? &webhooks->counts.delivered : &webhooks->counts.failed, 1);
    webhook_target_told(webhooks, try->target, good);
}

static void end(struct webhook_try *try)
{
    struct webhooks *webhooks = try->webhooks;
    webhooks->now_ms = webhooks->settings.clock_ms(webhooks->settings.clock_context);
    judge(webhooks, try);
    buf_free(&try->http.answer);
    buf_free(&try->body);
    webhook_request_free(&try->request);
    webhook_results_add(webhooks, try);
    webhook_target_queue(webhooks, try->target);
}

static void on_done(struct http_call *http)
{
    struct webhook_try *try = http->owner;
    struct webhooks *webhooks = try->webhooks;
    try->target->in_flight--;
    webhooks->in_flight--;
    webhooks->failing_in_flight -= try->failing;
    webhooks_count(&webhooks->counts.in_flight, (uint64_t)-1);
    end(try);
}

/* --- the start */

static int call(struct webhooks *webhooks, struct webhook_try *try)
{
    struct str body = {try->body.data, try->body.len};
    int result = try->body.failed ? ERR_NOMEM
                                  : webhook_request_make(&try->request, webhooks, try->target,
                                                         try->delivery.event, body);
    if (result < 0)
        return result;
    try->http = webhook_call(webhooks, try->target, &try->request, body);
    try->http.done = on_done;
    try->http.owner = try;
    return http_client_call(webhooks->client, &try->http);
}

static void count_start(struct webhooks *webhooks, const struct webhook_try *try)
{
    int64_t due_ms = try->delivery.next_ms > try->delivery.time_ms ? try->delivery.next_ms
                                                                   : try->delivery.time_ms;
    webhooks_count(&webhooks->counts.started, 1);
    webhooks_count(&webhooks->counts.in_flight, 1);
    if (webhooks->now_ms > due_ms)
        webhooks_count(&webhooks->counts.waited_ms, (uint64_t)(webhooks->now_ms - due_ms));
}

static void start(struct webhooks *webhooks, struct webhook_try *try)
{
    int result = call(webhooks, try);
    if (result < 0) {
        /* It failed before it began, as a try at a receiver may: later is better than never. */
        try->http.result = result;
        snprintf(try->http.error, sizeof(try->http.error), "%s", err_text(result));
        end(try);
        return;
    }
    try->failing = try->target->failures > 0;
    try->target->in_flight++;
    webhooks->in_flight++;
    webhooks->failing_in_flight += try->failing;
    count_start(webhooks, try);
}

/* --- what is due */

static bool is_in_hand(const struct webhook_target *target, int64_t delivery)
{
    const struct webhook_try *try;
    TAILQ_FOREACH(try, &target->hand, hand)
    if (try->delivery.id == delivery)
        return true;
    return false;
}

static int make(struct look *look, const struct delivery *delivery)
{
    struct webhooks *webhooks = look->webhooks;
    struct webhook_try *try = calloc(1, sizeof(*try));
    if (!try)
        return ERR_NOMEM;
    try->webhooks = webhooks;
    try->target = look->target;
    try->delivery = *delivery;
    try->delivery.data = (struct str){0};
    buf_init(&try->body, delivery->data.len + BODY_FRAME_MAX);
    event_body(&try->body, delivery->event, delivery->type, delivery->tenant_id, delivery->time_ms,
               delivery->data);
    TAILQ_INSERT_TAIL(&look->target->hand, try, hand);
    STAILQ_INSERT_TAIL(&webhooks->made, try, line);
    look->target->in_hand++;
    webhooks->in_hand++;
    look->taken++;
    return 0;
}

static void take(struct deliveries_next *op, const struct delivery *delivery)
{
    struct look *look = container_of(op, struct look, op);
    if (is_in_hand(look->target, delivery->id))
        return;
    look->shown++;
    if (look->taken < look->share)
        (void)make(look, delivery); /* without memory it is shown and not taken */
}

static void look_done(struct store_call *call)
{
    struct look *look = container_of(call, struct look, op.call);
    struct webhooks *webhooks = look->webhooks;
    struct webhook_target *target = look->target;
    int64_t next_ms = look->op.next_ms;
    bool failed = call->result < 0 || (look->taken == 0 && look->shown > 0);
    if (failed)
        webhooks_pause(webhooks, call->result < 0 ? call->result : ERR_NOMEM);
    target->has_due =
        failed || look->shown > look->taken || (next_ms > 0 && next_ms <= webhooks->now_ms);
    alarm_set(&webhooks->alarms, &target->alarm,
              target->has_due || next_ms == 0 ? ALARM_NEVER : next_ms);
}

static void ask(struct webhooks *webhooks, struct look *look, struct webhook_target *target,
                size_t share)
{
    *look = (struct look){
        .op = {.call = {.done = look_done},
               .webhook = target->id,
               .until_ms = webhooks->now_ms,
               /* What is in hand is READY still, and stands before the others. */
               .limit = target->in_hand + share,
               .each = take},
        .webhooks = webhooks,
        .target = target,
        .share = share,
    };
    store_deliveries_next(webhooks->reader, &look->op);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t left(size_t most, size_t used)
{
    return used < most ? most - used : 0;
}

/* What may be started in one turn. */
struct room {
    size_t all, failing, each;
};

static struct room room_of(const struct webhooks *webhooks)
{
    struct room room = {
        .all = least(left(WEBHOOKS_IN_FLIGHT_MAX, webhooks->in_flight),
                     left(HANDS_MAX, webhooks->in_hand)),
        .failing = left(WEBHOOKS_FAILING_MAX, webhooks->failing_in_flight),
    };
    room.each = webhooks->queued ? room.all / webhooks->queued : 0;
    room.each = room.each ? room.each : 1;
    return room;
}

static size_t take_room(struct room *room, const struct webhook_target *target)
{
    size_t share = least(least(room->each, room->all), webhook_target_room(target));
    if (target->failures > 0) {
        share = least(share, room->failing);
        room->failing -= share;
    }
    room->all -= share;
    return share;
}

/* Asks for what the next URLs may start; returns of how many URLs. */
static size_t ask_all(struct webhooks *webhooks)
{
    struct room room = room_of(webhooks);
    size_t count = 0;
    while (count < LOOKS_MAX && room.all > 0) {
        struct webhook_target *target = webhook_targets_take(webhooks, room.failing > 0);
        if (!target)
            break;
        size_t share = take_room(&room, target);
        if (share > 0)
            ask(webhooks, &webhooks->looks[count++], target, share);
        else
            webhook_target_queue(webhooks,
                                 target); /* it has failed since it was queued: to the others */
    }
    return count;
}

static void start_made(struct webhooks *webhooks)
{
    for (struct webhook_try *try; (try = STAILQ_FIRST(&webhooks->made));) {
        STAILQ_REMOVE_HEAD(&webhooks->made, line);
        start(webhooks, try);
    }
}

/* One transaction's worth a turn: then the loop has its turn, so that answers are not kept waiting. */
bool webhook_tries_start(struct webhooks *webhooks)
{
    if (webhooks_is_paused(webhooks))
        return false;
    size_t count = ask_all(webhooks);
    while (store_reads_waiting(webhooks->reader) > 0)
        store_reads_run(webhooks->reader);
    start_made(webhooks);
    for (size_t i = 0; i < count; i++) {
        webhook_target_queue(webhooks, webhooks->looks[i].target);
        webhook_target_release(webhooks, webhooks->looks[i].target);
    }
    return count > 0 && !webhooks_is_paused(webhooks);
}

void webhook_try_free(struct webhook_try *try)
{
    buf_free(&try->body);
    webhook_request_free(&try->request);
    free(try);
}

/* With the client gone nothing is under way any more. */
void webhook_tries_free(struct webhooks *webhooks)
{
    size_t at = 0;
    for (struct webhook_target *target; (target = number_map_next(&webhooks->targets, &at));) {
        for (struct webhook_try *try; (try = TAILQ_FIRST(&target->hand));) {
            TAILQ_REMOVE(&target->hand, try, hand);
            webhook_try_free(try);
        }
    }
}
