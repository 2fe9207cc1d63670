#include "transport/transport.h"

#include <stdio.h>
#include <stdlib.h>

#include "transport/accounts.h"
#include "transport/driver.h"

/* The drivers, one row each. */
static const struct transport_driver_kind *const kinds[] = {
    &sandbox_kind,
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

struct transport {
    struct transport_settings settings;
    struct transport_listener listener;
    struct transport_driver *drivers[KIND_COUNT];
    struct transport_accounts accounts;
};

int transport_new(const struct transport_settings *settings,
                  const struct transport_listener *listener, struct transport **ret_transport,
                  char *why, size_t why_size)
{
    struct transport *transport = calloc(1, sizeof(*transport));
    int result = transport ? 0 : ERR_NOMEM;
    if (result < 0) {
        snprintf(why, why_size, "transports: %s", err_text(result));
        return result;
    }
    transport->settings = *settings;
    transport->listener = *listener;
    for (size_t i = 0; i < KIND_COUNT && result == 0; i++)
        result = kinds[i]->open(&transport->settings, &transport->listener, &transport->drivers[i],
                                why, why_size);
    if (result < 0)
        transport_free(transport);
    else
        *ret_transport = transport;
    return result;
}

void transport_free(struct transport *transport)
{
    if (!transport)
        return;
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (transport->drivers[i])
            kinds[i]->close(transport->drivers[i]);
    accounts_free(&transport->accounts);
    free(transport);
}

static struct transport_driver *find_driver(struct transport *transport, struct str name)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (str_is(name, kinds[i]->name))
            return transport->drivers[i];
    return NULL;
}

static int tell_offline(struct transport *transport, int64_t number, int result, const char *why)
{
    int64_t now_ms = transport->settings.clock_ms(transport->settings.clock_context);
    transport_account_remove(transport, number);
    transport->listener.online(transport->listener.context, number, false, now_ms, why);
    return result;
}

int transport_account_set(struct transport *transport, int64_t tenant_id,
                          const struct account *account)
{
    struct transport_driver *driver = find_driver(transport, account->transport);
    struct transport_account *known = accounts_find(&transport->accounts, account->number);
    struct account_settings settings;
    int result = account_settings_read(account->settings, &settings);
    char why[128];
    if (!driver) {
        snprintf(why, sizeof(why), "no transport \"%.*s\" in this program",
                 (int)(account->transport.len < 64 ? account->transport.len : 64),
                 account->transport.p);
        return tell_offline(transport, account->number, ERR_NOT_FOUND, why);
    }
    if (result < 0)
        return tell_offline(transport, account->number, result, "its settings cannot be read");
    if (known && (known->driver != driver || known->tenant_id != tenant_id)) {
        transport_account_remove(transport, account->number);
        known = NULL;
    }
    if (!known)
        known = accounts_add(&transport->accounts, account->number);
    if (!known)
        return tell_offline(transport, account->number, ERR_NOMEM, "no memory");
    known->tenant_id = tenant_id;
    known->driver = driver;
    known->settings = settings;
    driver->kind->account_set(driver, known);
    return 0;
}

void transport_account_remove(struct transport *transport, int64_t number)
{
    struct transport_account *account = accounts_find(&transport->accounts, number);
    if (!account)
        return;
    account->driver->kind->account_remove(account->driver, account);
    accounts_remove(&transport->accounts, account);
}

int transport_in_flight_max(const struct transport *transport, int64_t account)
{
    const struct transport_account *known = accounts_find(&transport->accounts, account);
    return known ? known->driver->kind->in_flight_max(known) : 0;
}

void transport_send(struct transport *transport, struct transport_send *send)
{
    struct transport_account *account = accounts_find(&transport->accounts, send->account);
    if (account) {
        account->driver->kind->send(account->driver, account, send);
        return;
    }
    /* It went while the engine decided: nothing left, and the engine finds it another sender. */
    send->status = MESSAGE_RETRY;
    send->time_ms = transport->settings.clock_ms(transport->settings.clock_context);
    transport->listener.outcome(transport->listener.context, send);
}

void transport_query(struct transport *transport, struct transport_query *query)
{
    struct transport_account *account = accounts_find(&transport->accounts, query->account);
    query->waits = false;
    query->answer = (struct query_answer){.result = QUERY_AGAIN};
    query->answer.time_ms = transport->settings.clock_ms(transport->settings.clock_context);
    if (account)
        account->driver->kind->query(account->driver, account, query);
    else
        transport->listener.answered(transport->listener.context, query);
}

/* Whose it is nobody knows: its account may be another driver's by now. */
bool transport_query_cancel(struct transport *transport, struct transport_query *query)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (kinds[i]->query_cancel(transport->drivers[i], query))
            return true;
    return false;
}

void transport_query_recall(struct transport *transport, struct transport_query *const *queries,
                            size_t count)
{
    for (size_t i = 0; i < count; i++)
        queries[i]->left = ERR_UNKNOWN;
    for (size_t i = 0; i < KIND_COUNT && count > 0; i++)
        kinds[i]->query_recall(transport->drivers[i], queries, count);
}

void transport_flush(struct transport *transport)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        kinds[i]->flush(transport->drivers[i]);
}

size_t transport_under_way(const struct transport *transport)
{
    size_t count = 0;
    for (size_t i = 0; i < KIND_COUNT; i++)
        count += kinds[i]->under_way(transport->drivers[i]);
    return count;
}

void transport_follow_up(struct transport *transport, int64_t message, int64_t account, int64_t to,
                         int code, int64_t due_ms, struct str text)
{
    struct transport_account *known = accounts_find(&transport->accounts, account);
    if (known)
        known->driver->kind->follow_up(known->driver, known, message, to, code, due_ms, text);
}

/* Brings the driver's messages to the front; returns how many. */
static size_t gather(struct transport *transport, const struct transport_driver *driver,
                     struct transport_recall *messages, size_t count)
{
    size_t front = 0;
    for (size_t i = 0; i < count; i++) {
        const struct transport_recall message = messages[i];
        const struct transport_account *account =
            accounts_find(&transport->accounts, message.account);
        if (!account || account->driver != driver)
            continue;
        messages[i] = messages[front];
        messages[front++] = message;
    }
    return front;
}

void transport_recall(struct transport *transport, struct transport_recall *messages, size_t count)
{
    for (size_t i = 0; i < count; i++)
        messages[i].left = ERR_UNKNOWN;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        size_t own = gather(transport, transport->drivers[i], messages, count);
        if (own > 0)
            kinds[i]->recall(transport->drivers[i], messages, own);
    }
}

int64_t transport_tick(struct transport *transport, int64_t now_ms, int64_t never_ms)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        int64_t next_ms = kinds[i]->tick(transport->drivers[i], now_ms, never_ms);
        never_ms = next_ms < never_ms ? next_ms : never_ms;
    }
    return never_ms;
}
