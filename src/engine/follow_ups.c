/* What transports want to be told of later: the next ones in memory, all of them in the store. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/inside.h"

/* --- those in memory */

static void drop_all(struct follow_ups *follow_ups)
{
    for (size_t i = follow_ups->at; i < follow_ups->count; i++)
        free((void *)(uintptr_t)follow_ups->next[i].text.p);
    follow_ups->at = follow_ups->count = 0;
}

struct reading {
    struct follow_ups_next op;
    struct follow_ups *follow_ups;
    size_t seen;
    bool failed;
};

static void take(struct follow_ups_next *op, const struct follow_up *found)
{
    struct reading *reading = container_of(op, struct reading, op);
    struct follow_ups *follow_ups = reading->follow_ups;
    reading->seen++;
    if (follow_ups->count == FOLLOW_UPS_MAX || reading->failed ||
        number_map_find(&follow_ups->in_hand, found->id))
        return;
    char *text = malloc(found->text.len + 1);
    if (!text) {
        reading->failed = true;
        return;
    }
    memcpy(text, found->text.len ? found->text.p : "", found->text.len);
    struct follow_up *kept = &follow_ups->next[follow_ups->count++];
    *kept = *found;
    kept->text.p = text;
}

static void done(struct store_call *call)
{
    (void)call;
}

/* The next by time, but those that are begun: the store has them until their turn is on disk. */
static void read_next(struct engine *engine)
{
    struct follow_ups *follow_ups = &engine->follow_ups;
    struct reading reading = {.op = {.call = {.home = engine->mailbox, .done = done},
                                     .after_ms = INT64_MIN,
                                     .limit = FOLLOW_UPS_MAX + follow_ups->in_hand.count,
                                     .each = take},
                              .follow_ups = follow_ups};
    drop_all(follow_ups);
    store_follow_ups_next(engine->reader, &reading.op);
    engine_read(engine);
    follow_ups->unread_ms = ALARM_NEVER;
    follow_ups->more = reading.seen == reading.op.limit;
    if (reading.op.call.result < 0 || reading.failed) {
        log_line(LOG_ERROR, "engine: follow-ups: %s",
                 err_text(reading.failed ? ERR_NOMEM : reading.op.call.result));
        follow_ups->unread_ms = engine->now_ms + STORE_PAUSE_MS;
    }
}

/* --- when */

void follow_ups_added(struct engine *engine, const struct follow_up *follow_up)
{
    if (follow_up->code && follow_up->due_ms < engine->follow_ups.unread_ms)
        engine->follow_ups.unread_ms = follow_up->due_ms;
}

static bool is_used_up(const struct follow_ups *follow_ups)
{
    return follow_ups->at == follow_ups->count && follow_ups->more;
}

int64_t follow_ups_due(const struct engine *engine)
{
    const struct follow_ups *follow_ups = &engine->follow_ups;
    int64_t due_ms = follow_ups->unread_ms;
    if (engine->item_count >= ITEMS_BUSY)
        return ALARM_NEVER;
    if (is_used_up(follow_ups))
        return engine->now_ms;
    if (follow_ups->at < follow_ups->count && follow_ups->next[follow_ups->at].due_ms < due_ms)
        due_ms = follow_ups->next[follow_ups->at].due_ms;
    return due_ms;
}

/* --- one */

/* What it causes goes into the turn that ends it, so that neither is on disk without the other. */
static void begin(struct engine *engine, const struct follow_up *follow_up)
{
    struct follow_ups *follow_ups = &engine->follow_ups;
    struct item *end = item_new(ITEM_FOLLOWED);
    if (!end || number_map_add(&follow_ups->in_hand, follow_up->id, end) < 0) {
        free(end);
        follow_ups->unread_ms = engine->now_ms + STORE_PAUSE_MS;
        return;
    }
    end->followed = follow_up->id;
    follow_ups->now = follow_up->id;
    follow_ups->last_item = NULL;
    transport_follow_up(engine->transport, follow_up->message, follow_up->account,
                        follow_up->number, follow_up->code, follow_up->due_ms, follow_up->text);
    items_add(engine, end);
    follow_ups->now = 0;
}

void follow_ups_run(struct engine *engine)
{
    struct follow_ups *follow_ups = &engine->follow_ups;
    while (follow_ups_due(engine) <= engine->now_ms) {
        if (is_used_up(follow_ups) || follow_ups->unread_ms <= engine->now_ms) {
            read_next(engine);
            if (follow_ups->at == follow_ups->count)
                return;
            continue;
        }
        struct follow_up *follow_up = &follow_ups->next[follow_ups->at++];
        begin(engine, follow_up);
        free((void *)(uintptr_t)follow_up->text.p);
    }
}

void follow_ups_finish(struct engine *engine, int64_t id)
{
    number_map_remove(&engine->follow_ups.in_hand, id);
}

void follow_ups_free(struct engine *engine)
{
    drop_all(&engine->follow_ups);
    number_map_free(&engine->follow_ups.in_hand);
}
