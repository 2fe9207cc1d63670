/* Accounts that came online or went offline, told to the tenants' webhooks.
 *
 * What was told last is not on disk: after a start the first news of each account is told, whatever it was
 * before. When the store is behind, an account that came and went is told as it is then. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/inside.h"
#include "store/webhooks.h"

/* Names of 255 characters of 4 bytes, escaped six for one at worst, twice. */
#define DATA_MAX ((size_t)16 << 10)

struct account_event {
    struct event_put op;
    struct engine *engine;
    int64_t account;
    struct buf data;
};

static bool is_wanted(const struct engine *engine, const struct sender *sender)
{
    const struct tenant *tenant = tenants_find(engine->tenants, sender->tenant_id);
    return tenant && (tenant->webhook_types >> EVENT_ACCOUNT & 1);
}

static void queue(struct engine *engine, struct sender *sender)
{
    if (sender->is_untold)
        return;
    sender->is_untold = true;
    STAILQ_INSERT_TAIL(&engine->untold, sender, untold);
}

void account_events_note(struct engine *engine, struct sender *sender)
{
    enum told news = sender->online ? TOLD_ONLINE : TOLD_OFFLINE;
    if (sender->told == news)
        return;
    if (is_wanted(engine, sender))
        queue(engine, sender);
    else
        sender->told = news; /* a URL that comes later is told of what comes later */
}

/* The same as whatsapp/queryWhatsAppStatus. */
static void write(struct buf *b, const struct tenant *tenant, const struct account *account,
                  const struct sender *sender)
{
    buf_add_text(b, "{\"whatsApp\":\"");
    buf_add_i64(b, account->number);
    buf_add_char(b, '"');
    buf_add_json_text(b, "name", account->name);
    buf_add_json_text(b, "agentAccount", tenant_agent_name(tenant, account->agent_id));
    buf_printf(b, ",\"source\":\"%d\",\"online\":%s,\"since\":%lld}", (int)account->platform,
               sender->online ? "true" : "false", (long long)sender->since_ms);
}

static void done(struct store_call *call)
{
    struct account_event *event = call->owner;
    struct engine *engine = event->engine;
    struct sender *sender = senders_find(engine, event->account);
    int result = call->result;
    engine->account_ops--;
    buf_free(&event->data);
    free(event);
    if (result >= 0 || result == ERR_NOT_FOUND || result == ERR_CLOSED || !sender)
        return;
    if (result != ERR_BUSY)
        log_line(LOG_ERROR, "engine: an account's event: %s", err_text(result));
    sender->told = TOLD_NOTHING;
    queue(engine, sender);
    alarm_set(&engine->alarms, &engine->untold_alarm, engine->now_ms + STORE_PAUSE_MS);
}

static void put(struct engine *engine, struct sender *sender)
{
    const struct tenant *tenant = tenants_find(engine->tenants, sender->tenant_id);
    const struct account *account = tenant ? tenant_account(tenant, sender->number) : NULL;
    struct account_event *event = account ? calloc(1, sizeof(*event)) : NULL;
    sender->told = sender->online ? TOLD_ONLINE : TOLD_OFFLINE;
    if (!event)
        return;
    buf_init(&event->data, DATA_MAX);
    write(&event->data, tenant, account, sender);
    event->engine = engine;
    event->account = sender->number;
    event->op = (struct event_put){
        .call = {.home = engine->mailbox, .done = done, .owner = event},
        .tenant_id = sender->tenant_id,
        .type = EVENT_ACCOUNT,
        .key = sender->number,
        .time_ms = engine->now_ms,
        .data = {event->data.data, event->data.len},
    };
    engine->account_ops++;
    store_event_put(engine->store, &event->op);
}

void account_events_run(struct engine *engine)
{
    if (engine->untold_alarm.place)
        return;
    for (struct sender *sender; engine->account_ops < ACCOUNT_OPS_MAX &&
                                (sender = STAILQ_FIRST(&engine->untold)) != NULL;) {
        STAILQ_REMOVE_HEAD(&engine->untold, untold);
        sender->is_untold = false;
        enum told news = sender->online ? TOLD_ONLINE : TOLD_OFFLINE;
        if (!sender->gone && sender->told != news)
            put(engine, sender);
    }
}

void account_events_ring(void *engine, struct alarm *alarm)
{
    (void)engine;
    (void)alarm; /* that it is not set any more is all */
}
