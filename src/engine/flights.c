/* Messages under way: taken from a list of those that were used, so that a message costs no allocation. */
#include <stdlib.h>

#include "engine/inside.h"

/* What the store and the transport read of it stays as it is; texts are large and are not wiped. */
static void clear(struct flight *flight)
{
    struct transport_send *send = &flight->send;
    send->content = NULL;
    send->text = (struct str){0};
    send->status = MESSAGE_SENDING;
    send->reason = REASON_NONE;
    send->code = 0;
    send->reason_text[0] = send->provider_id[0] = send->follow_text[0] = '\0';
    send->time_ms = send->retry_after_ms = send->follow_ms = 0;
    send->account_stopped = send->left = false;
    send->follow_code = 0;
    flight->contents = NULL;
    flight->doc = NULL;
    flight->has_content = flight->is_handed_over = flight->plain = flight->is_recovered = false;
    flight->variables = flight->rendered = flight->too_long = false;
    flight->retry_ms = 0;
}

static struct flight *make(void)
{
    struct flight *flight = malloc(sizeof(*flight));
    if (!flight)
        return NULL;
    arena_init(&flight->arena, (size_t)1 << 20);
    buf_init(&flight->text, (size_t)64 << 10);
    buf_init(&flight->kept, (size_t)1 << 20);
    return flight;
}

struct flight *flight_take(struct engine *engine, struct sender *sender, int64_t message)
{
    struct flight *flight = STAILQ_FIRST(&engine->free_flights);
    if (flight)
        STAILQ_REMOVE_HEAD(&engine->free_flights, next);
    else
        flight = make();
    if (!flight)
        return NULL;
    clear(flight);
    flight->sender = sender;
    flight->task_id = MESSAGE_TASK(message);
    flight->send.message = message;
    flight->send.tenant_id = sender->tenant_id;
    flight->send.account = sender->number;
    struct open_task *task = tasks_find(engine, flight->task_id);
    bool own = task && task->interval_max_ms >= 0;
    flight->interval_min_ms = own ? task->interval_min_ms : sender->settings.interval_min_ms;
    flight->interval_max_ms = own ? task->interval_max_ms : sender->settings.interval_max_ms;
    if (task)
        task->in_flight++;
    LIST_INSERT_HEAD(&engine->taken, flight, all);
    engine->flight_count++;
    sender->in_flight++;
    return flight;
}

void flight_free(struct engine *engine, struct flight *flight)
{
    struct open_task *task = tasks_find(engine, flight->task_id);
    if (task && task->in_flight > 0)
        task->in_flight--;
    contents_drop(flight->contents);
    json_free(flight->doc);
    arena_free(&flight->arena);
    buf_free(&flight->text);
    buf_free(&flight->kept);
    LIST_REMOVE(flight, all);
    engine->flight_count--;
    STAILQ_INSERT_HEAD(&engine->free_flights, flight, next);
}

void flights_free(struct engine *engine)
{
    for (struct flight *flight; (flight = LIST_FIRST(&engine->taken));)
        flight_free(engine, flight);
    for (struct flight *flight; (flight = STAILQ_FIRST(&engine->free_flights));) {
        STAILQ_REMOVE_HEAD(&engine->free_flights, next);
        free(flight);
    }
}
