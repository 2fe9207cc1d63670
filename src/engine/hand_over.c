/* What was claimed, and is on disk as claimed: its text is made for its recipient, and its transport gets
 * it. */
#include <stdio.h>

#include "base/log.h"
#include "domain/number.h"
#include "engine/inside.h"

static void done(struct store_call *call)
{
    (void)call;
}

/* --- it does not get so far */

static void give_up(struct engine *engine, struct flight *flight, enum message_status status,
                    enum message_reason reason, const char *why)
{
    struct transport_send *send = &flight->send;
    send->status = status;
    send->reason = reason;
    send->time_ms = engine->now_ms;
    snprintf(send->reason_text, sizeof(send->reason_text), "%s", why);
    sender_told(engine, flight);
}

/* It has no content, for the store or memory failed: later. */
static void again(struct engine *engine, struct flight *flight)
{
    give_up(engine, flight, MESSAGE_RETRY, REASON_NONE, "");
}

/* --- contents of their own */

struct own_contents {
    struct message_contents op;
    int64_t messages[FLIGHTS_MAX];
    struct flight *flights[FLIGHTS_MAX];
};

static void take_own(struct message_contents *op, size_t index, struct str text)
{
    struct own_contents *own = container_of(op, struct own_contents, op);
    struct flight *flight = own->flights[index];
    struct json_error error;
    if (text.len == 0 || json_parse(text, JSON_MAX_VALUES, &flight->doc, &error) < 0)
        return;
    if (content_read(json_root(flight->doc), &flight->arena, &flight->own) == 0)
        flight->send.content = &flight->own;
}

static void read_own(struct engine *engine)
{
    struct own_contents own = {
        .op = {.call = {.home = engine->mailbox, .done = done}, .each = take_own}};
    struct flight *flight;
    STAILQ_FOREACH(flight, &engine->made, next)
    {
        if (!flight->has_content || own.op.count == FLIGHTS_MAX)
            continue;
        own.flights[own.op.count] = flight;
        own.messages[own.op.count++] = flight->send.message;
    }
    own.op.messages = own.messages;
    if (own.op.count == 0)
        return;
    store_message_contents(engine->reader, &own.op);
    engine_read(engine);
}

static void take_contents(struct engine *engine, struct flight *flight)
{
    if (flight->has_content || flight->task_id == 0)
        return;
    flight->contents = contents_take(engine, flight->send.tenant_id, flight->task_id);
    if (flight->contents && flight->part < flight->contents->count)
        flight->send.content = &flight->contents->parts[flight->part];
}

/* --- texts */

static bool has_variables(const struct flight *flight)
{
    return flight->contents ? flight->contents->variables[flight->part]
                            : content_has_variables(flight->send.content);
}

static void render(struct flight *flight, const struct tenant *tenant,
                   const struct customer *customer)
{
    struct transport_send *send = &flight->send;
    buf_clear(&flight->text);
    int result = content_render(send->content, tenant, send->to, customer, &flight->text);
    flight->rendered = true;
    flight->too_long = result == ERR_TOO_LARGE;
    if (result < 0 || flight->text.failed)
        return;
    struct content said = *send->content;
    said.text = send->text = (struct str){flight->text.data, flight->text.len};
    said.inserts = NULL;
    said.insert_count = 0;
    content_write(&flight->kept, &said);
}

struct customers {
    struct customers_get op;
    int64_t numbers[FLIGHTS_MAX];
    struct flight *flights[FLIGHTS_MAX];
};

static void render_for(struct customers_get *op, size_t index, const struct customer *customer)
{
    struct customers *customers = container_of(op, struct customers, op);
    render(customers->flights[index], op->tenant, customer);
}

/* All of one tenant: its customers are looked up together. */
static void render_tenant(struct engine *engine, const struct tenant *tenant)
{
    struct customers customers = {.op = {.call = {.home = engine->mailbox, .done = done},
                                         .tenant = tenant,
                                         .each = render_for}};
    struct flight *flight;
    size_t count = 0;
    STAILQ_FOREACH(flight, &engine->made, next)
    {
        if (!flight->variables || flight->send.tenant_id != tenant->id || count == FLIGHTS_MAX)
            continue;
        flight->variables = false;
        if (number_is_group(flight->send.to)) { /* nobody in particular */
            render(flight, tenant, NULL);
            continue;
        }
        customers.flights[count] = flight;
        customers.numbers[count++] = flight->send.to;
    }
    customers.op.numbers = customers.numbers;
    customers.op.count = count;
    store_customers_get(engine->reader, &customers.op);
    engine_read(engine);
    for (size_t i = 0; i < count && customers.op.call.result >= 0; i++)
        if (!customers.flights[i]->rendered)
            render(customers.flights[i], tenant, NULL);
}

static void render_all(struct engine *engine)
{
    struct flight *flight;
    STAILQ_FOREACH(flight, &engine->made, next)
    {
        flight->plain = flight->send.content && !has_variables(flight);
        flight->variables = flight->send.content && !flight->plain;
        if (flight->plain)
            flight->send.text = flight->send.content->text;
    }
    STAILQ_FOREACH(flight, &engine->made, next)
    {
        if (!flight->variables)
            continue;
        const struct tenant *tenant = tenants_find(engine->tenants, flight->send.tenant_id);
        flight->variables = tenant != NULL;
        if (tenant)
            render_tenant(engine, tenant);
    }
}

/* --- away with them */

static void send(struct engine *engine, struct flight *flight)
{
    if (flight->sender->gone) {
        give_up(engine, flight, MESSAGE_FAILED, REASON_NO_SENDER, "");
    } else if (flight->too_long) {
        give_up(engine, flight, MESSAGE_FAILED, REASON_CONTENT, "");
    } else if (!flight->plain &&
               (!flight->rendered || flight->text.failed || flight->kept.failed)) {
        again(engine, flight);
    } else {
        flight->is_handed_over = true;
        transport_send(engine->transport, &flight->send);
    }
}

void hand_over(struct engine *engine)
{
    struct flight *flight;
    if (STAILQ_EMPTY(&engine->made))
        return;
    read_own(engine);
    STAILQ_FOREACH(flight, &engine->made, next)
    take_contents(engine, flight);
    render_all(engine);
    while ((flight = STAILQ_FIRST(&engine->made))) {
        STAILQ_REMOVE_HEAD(&engine->made, next);
        send(engine, flight);
    }
    transport_flush(engine->transport);
}

void hand_over_outcome(void *context, struct transport_send *send)
{
    sender_told(context, container_of(send, struct flight, send));
}
