/* What the transports tell, kept until it is in a turn. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/inside.h"

struct item *item_new(enum item_kind kind)
{
    struct item *item = calloc(1, sizeof(*item));
    if (!item)
        return NULL;
    item->kind = kind;
    buf_init(&item->text, (size_t)1 << 20);
    return item;
}

void item_free(struct item *item)
{
    buf_free(&item->text);
    free(item);
}

/* A reply is not to be in the store before the outcome of the message that it answers. */
static struct items *line_of(struct engine *engine, const struct item *item)
{
    if (item->kind == ITEM_FOLLOWED || engine->follow_ups.now)
        return &engine->items;
    struct sender *sender =
        senders_find(engine, item->kind == ITEM_NEWS ? item->news.account : item->incoming.account);
    return sender && !STAILQ_EMPTY(&sender->outcomes) ? &sender->held : &engine->items;
}

void items_add(struct engine *engine, struct item *item)
{
    /* What a follow-up causes goes into one turn with its end, see follow_ups.c. */
    if (engine->follow_ups.now) {
        if (engine->follow_ups.last_item)
            engine->follow_ups.last_item->more = true;
        engine->follow_ups.last_item = item;
    }
    struct items *line = line_of(engine, item);
    STAILQ_INSERT_TAIL(line, item, next);
    engine->item_count++;
}

void items_release(struct engine *engine, struct sender *sender)
{
    STAILQ_CONCAT(&engine->items, &sender->held);
}

/* The room was made before, so that what is kept does not move. */
static struct str keep(struct item *item, struct str text)
{
    size_t at = item->text.len;
    buf_add_str(&item->text, text);
    return item->text.failed ? (struct str){0} : (struct str){item->text.data + at, text.len};
}

/* --- news */

static int copy_status(struct item *item, const struct transport_status *status)
{
    (void)buf_reserve(&item->text, status->provider_id.len + status->reason_text.len +
                                       status->follow_text.len + 1);
    item->news = (struct message_news){.message = status->message,
                                       .account = status->account,
                                       .provider_id = keep(item, status->provider_id),
                                       .status = status->status,
                                       .reason = status->reason,
                                       .code = status->code,
                                       .reason_text = keep(item, status->reason_text),
                                       .time_ms = status->time_ms};
    if (status->follow_code)
        item->news.follow_up = (struct follow_up){.due_ms = status->follow_ms,
                                                  .account = status->account,
                                                  .message = status->message,
                                                  .code = status->follow_code,
                                                  .text = keep(item, status->follow_text)};
    return item->text.failed ? ERR_NOMEM : 0;
}

void items_status(void *context, const struct transport_status *status)
{
    struct engine *engine = context;
    struct item *item = item_new(ITEM_NEWS);
    if (item && copy_status(item, status) == 0) {
        item->since_ms = engine->now_ms;
        items_add(engine, item);
        return;
    }
    if (item)
        item_free(item);
    log_line(LOG_ERROR, "engine: a status of message %lld is lost: %s", (long long)status->message,
             err_text(ERR_NOMEM));
}

/* --- incoming */

static int copy_incoming(struct item *item, const struct transport_incoming *incoming)
{
    content_write(&item->text, &incoming->content);
    size_t len = item->text.len;
    (void)buf_reserve(&item->text, incoming->provider_id.len + incoming->content.text.len + 1);
    item->incoming = (struct message_incoming){.account = incoming->account,
                                               .number = incoming->from,
                                               .content = {item->text.data, len},
                                               .provider_id = keep(item, incoming->provider_id),
                                               .text = keep(item, incoming->content.text),
                                               .time_ms = incoming->time_ms};
    return item->text.failed ? ERR_NOMEM : 0;
}

void items_incoming(void *context, const struct transport_incoming *incoming)
{
    struct engine *engine = context;
    struct item *item = item_new(ITEM_INCOMING);
    if (item && copy_incoming(item, incoming) == 0) {
        items_add(engine, item);
        return;
    }
    if (item)
        item_free(item);
    log_line(LOG_ERROR, "engine: an incoming message of account %lld is lost: %s",
             (long long)incoming->account, err_text(ERR_NOMEM));
}

/* --- limbo: news of messages that are not known yet */

static void drop(struct item *item)
{
    const struct message_news *news = &item->news;
    log_line(LOG_WARNING,
             "engine: news of an unknown message dropped account=%lld message=%lld status=%d",
             (long long)news->account, (long long)news->message, (int)news->status);
    item_free(item);
}

void items_limbo(struct engine *engine, struct item *item)
{
    item->more = false;
    if (engine->now_ms - item->since_ms >= LIMBO_MS || engine->limbo_count >= LIMBO_MAX) {
        drop(item);
        return;
    }
    STAILQ_INSERT_TAIL(&engine->limbo, item, next);
    engine->limbo_count++;
    if (!engine->limbo_alarm.place)
        alarm_set(&engine->alarms, &engine->limbo_alarm, engine->now_ms + LIMBO_PAUSE_MS);
}

void items_retry(void *context, struct alarm *alarm)
{
    struct engine *engine = context;
    (void)alarm;
    engine->item_count += engine->limbo_count;
    engine->limbo_count = 0;
    STAILQ_CONCAT(&engine->items, &engine->limbo);
}

void items_free(struct engine *engine)
{
    STAILQ_CONCAT(&engine->items, &engine->limbo);
    for (struct item *item; (item = STAILQ_FIRST(&engine->items));) {
        STAILQ_REMOVE_HEAD(&engine->items, next);
        item_free(item);
    }
}
