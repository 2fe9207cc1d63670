/* Webhooks and their deliveries as texts, so that a test says what it expects in a line. */
#ifndef WSCRM_TESTS_UNIT_STORE_HOOKS_H
#define WSCRM_TESTS_UNIT_STORE_HOOKS_H

#include <stdatomic.h>

#include "store/facts.h"
#include "store/webhooks.h"

#define URL    "https://crm.example.com/hook"
#define SECRET "0123456789abcdefghijklmn"
#define DAY    INT64_C(86400000)

/* The store's clock: what is old is swept. */
static atomic_int_fast64_t hooks_now = NOW;

static inline int64_t hooks_clock(void)
{
    return atomic_load(&hooks_now);
}

static inline int hooks_start(void **state)
{
    harness_prepare(state);
    struct harness *h = *state;
    atomic_store(&hooks_now, NOW);
    h->settings.clock_ms = hooks_clock;
    harness_open(h);
    assert_int_equal(add_tenant(h, TENANT), 0);
    assert_int_equal(add_agent(h, TENANT, "ann"), 0);
    return 0;
}

/* --- URLs */

static inline struct webhook_set webhook_of(struct harness *h, enum event_type type,
                                            const char *url)
{
    return (struct webhook_set){.call = harness_call(h),
                                .tenant_id = TENANT,
                                .type = type,
                                .url = str_of(url),
                                .enabled = -1,
                                .secret = (const uint8_t *)SECRET,
                                .secret_len = 24,
                                .is_made = true,
                                .now_ms = NOW};
}

static inline int set_webhook(struct harness *h, struct webhook_set *op)
{
    store_webhook_set(h->store, op);
    return harness_wait(h, &op->call);
}

/* Its id. */
static inline int64_t add_webhook(struct harness *h, enum event_type type, const char *url)
{
    struct webhook_set op = webhook_of(h, type, url);
    assert_int_equal(set_webhook(h, &op), 0);
    return op.id;
}

static inline int64_t turn_webhook(struct harness *h, enum event_type type, const char *url,
                                   bool on)
{
    struct webhook_set op = webhook_of(h, type, url);
    op.enabled = on;
    assert_int_equal(set_webhook(h, &op), 0);
    return op.id;
}

static inline int del_webhook(struct harness *h, int64_t tenant_id, int64_t id)
{
    struct webhook_del op = {.call = harness_call(h), .tenant_id = tenant_id, .id = id};
    store_webhook_del(h->store, &op);
    return harness_wait(h, &op.call);
}

struct webhooks_text {
    struct webhooks_get get;
    struct text text;
};

static inline void text_webhook(struct webhooks_get *op, const struct webhook *webhook)
{
    struct text *text = &container_of(op, struct webhooks_text, get)->text;
    text_add(text, "%s%s %.*s %s", text->len ? "|" : "", event_type_name(webhook->type),
             (int)webhook->url.len, webhook->url.p, webhook->enabled ? "on" : "off");
    if (webhook->failures)
        text_add(text, " %d failures since +%d", webhook->failures,
                 (int)(webhook->failing_since_ms - NOW));
    if (webhook->ready || webhook->waiting || webhook->parked)
        text_add(text, " %d %d %d", (int)webhook->ready, (int)webhook->waiting,
                 (int)webhook->parked);
}

static inline const char *webhooks(struct harness *h, int64_t tenant_id)
{
    static struct webhooks_text list;
    list.text.len = 0;
    list.text.bytes[0] = '\0';
    list.get = (struct webhooks_get){
        .call = harness_call(h), .tenant_id = tenant_id, .each = text_webhook};
    store_webhooks_get(h->reader, &list.get);
    run_read(h, &list.get.call);
    assert_int_equal(list.get.call.result, 0);
    return list.text.bytes;
}

/* --- events and deliveries */

static inline int put_event(struct harness *h, enum event_type type, int64_t key, int64_t time_ms,
                            const char *data)
{
    struct event_put op = {.call = harness_call(h),
                           .tenant_id = TENANT,
                           .type = type,
                           .key = key,
                           .time_ms = time_ms,
                           .data = str_of(data)};
    store_event_put(h->store, &op);
    return harness_wait(h, &op.call);
}

/* Many at once, which share their commits: keys 0 to keys - 1 in turn, a millisecond after each other. */
#define PUTS_MAX 3000
static inline void put_events(struct harness *h, enum event_type type, size_t count, int64_t keys)
{
    static struct event_put puts[PUTS_MAX];
    assert_true(count <= PUTS_MAX);
    for (size_t i = 0; i < count; i++) {
        puts[i] = (struct event_put){.call = harness_call(h),
                                     .tenant_id = TENANT,
                                     .type = type,
                                     .key = (int64_t)i % keys,
                                     .time_ms = NOW + (int64_t)i,
                                     .data = STR("{}")};
        store_event_put(h->store, &puts[i]);
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(harness_wait(h, &puts[i].call), 0);
}

#define NEXT_MAX 4096
struct next {
    struct deliveries_next get;
    int64_t ids[NEXT_MAX], events[NEXT_MAX];
    size_t count;
    struct text text;
};

static inline void note_next(struct deliveries_next *op, const struct delivery *delivery)
{
    struct next *next = container_of(op, struct next, get);
    assert_true(next->count < NEXT_MAX);
    next->ids[next->count] = delivery->id;
    next->events[next->count++] = delivery->event;
    if (next->text.len < 8000)
        text_add(&next->text, "%s%.*s", next->text.len ? "|" : "", (int)delivery->data.len,
                 delivery->data.p);
    if (delivery->tries)
        text_add(&next->text, " try %d", delivery->tries + 1);
}

/* Those due by now. */
static inline struct next *next(struct harness *h, int64_t webhook, int64_t now_ms)
{
    static struct next next;
    next.count = 0;
    next.text.len = 0;
    next.text.bytes[0] = '\0';
    next.get = (struct deliveries_next){.call = harness_call(h),
                                        .webhook = webhook,
                                        .until_ms = now_ms,
                                        .limit = NEXT_MAX,
                                        .each = note_next};
    store_deliveries_next(h->reader, &next.get);
    run_read(h, &next.get.call);
    assert_int_equal(next.get.call.result, next.count);
    return &next;
}

#define assert_next(h, webhook, now_ms, expected) \
    assert_string_equal(next(h, webhook, now_ms)->text.bytes, expected)

static inline struct deliveries_finish finish(struct harness *h, struct delivery_result *results,
                                              size_t count, int64_t now_ms)
{
    struct deliveries_finish op = {
        .call = harness_call(h), .results = results, .count = count, .now_ms = now_ms};
    store_deliveries_finish(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
    return op;
}

/* What became of the first that is due: whether another of its key is READY now. */
static inline bool finish_first(struct harness *h, int64_t webhook, enum delivery_state state,
                                int64_t now_ms)
{
    const struct next *due = next(h, webhook, now_ms);
    assert_true(due->count > 0);
    struct delivery_result result = {.delivery = due->ids[0],
                                     .webhook = webhook,
                                     .state = state,
                                     .next_ms = now_ms + 10000,
                                     .http_status = state == DELIVERY_DONE ? 200 : 500,
                                     .error = state == DELIVERY_DONE ? (struct str){0}
                                                                     : STR("HTTP 500")};
    struct deliveries_finish op = finish(h, &result, 1, now_ms);
    assert_false(result.unknown);
    return op.woken;
}

/* All that are due: those of even events get the first state, the others the second. Returns how many. */
static inline size_t finish_due(struct harness *h, int64_t webhook, int64_t now_ms,
                                enum delivery_state even, enum delivery_state odd)
{
    const struct next *due = next(h, webhook, now_ms);
    for (size_t at = 0; at < due->count;) {
        struct delivery_result results[DELIVERIES_MAX];
        size_t count = 0;
        for (; at < due->count && count < DELIVERIES_MAX; at++)
            results[count++] = (struct delivery_result){.delivery = due->ids[at],
                                                        .webhook = webhook,
                                                        .state = due->events[at] % 2 ? odd : even,
                                                        .http_status = 500};
        (void)finish(h, results, count, now_ms);
    }
    return due->count;
}

/* The events that are pending, oldest first; then they are done. */
static inline const char *told(struct harness *h, int64_t webhook)
{
    static struct text text;
    const struct next *due;
    text.len = 0;
    text.bytes[0] = '\0';
    while ((due = next(h, webhook, NOW + 1000))->count > 0) {
        text_add(&text, "%s%s", text.len ? "|" : "", due->text.bytes);
        (void)finish_due(h, webhook, NOW + 1000, DELIVERY_DONE, DELIVERY_DONE);
    }
    return text.bytes;
}

struct page {
    struct deliveries_page get;
    struct text text;
};

static inline void text_entry(struct deliveries_page *op, const struct delivery_entry *entry)
{
    static const char *const states[] = {"ready", "waiting", "done", "parked"};
    struct text *text = &container_of(op, struct page, get)->text;
    text_add(text, "%s%d@%d %s %d", text->len ? "|" : "", (int)entry->event, (int)entry->webhook,
             states[entry->state], entry->tries);
    if (entry->last_status || entry->last_error.len)
        text_add(text, " %d %.*s", entry->last_status, (int)entry->last_error.len,
                 entry->last_error.len ? entry->last_error.p : "");
}

static inline struct deliveries_page all_deliveries(struct harness *h)
{
    return (struct deliveries_page){.call = harness_call(h),
                                    .tenant_id = TENANT,
                                    .type = -1,
                                    .state = -1,
                                    .limit = DELIVERIES_PAGE_MAX,
                                    .each = text_entry};
}

/* "EVENT@WEBHOOK STATE TRIES…", newest first, and the total behind a slash. */
static inline const char *page(struct harness *h, const struct deliveries_page *get)
{
    static struct page page;
    page.text.len = 0;
    page.text.bytes[0] = '\0';
    page.get = *get;
    store_deliveries_page(h->reader, &page.get);
    run_read(h, &page.get.call);
    assert_int_equal(page.get.call.result, 0);
    text_add(&page.text, "/%d", (int)page.get.total);
    return page.text.bytes;
}

static inline const char *deliveries(struct harness *h)
{
    struct deliveries_page get = all_deliveries(h);
    return page(h, &get);
}

static inline int replay_events(struct harness *h, const int64_t *events, size_t count,
                                int64_t now_ms)
{
    struct deliveries_replay op = {.call = harness_call(h),
                                   .tenant_id = TENANT,
                                   .events = events,
                                   .count = count,
                                   .now_ms = now_ms};
    store_deliveries_replay(h->store, &op);
    return harness_wait(h, &op.call);
}

static inline int replay_span(struct harness *h, int64_t webhook, int64_t from_ms, int64_t to_ms,
                              int64_t now_ms)
{
    struct deliveries_replay op = {.call = harness_call(h),
                                   .tenant_id = TENANT,
                                   .webhook = webhook,
                                   .from_ms = from_ms,
                                   .to_ms = to_ms,
                                   .now_ms = now_ms};
    store_deliveries_replay(h->store, &op);
    return harness_wait(h, &op.call);
}

#endif
