/* The deliverer against a real store and a receiver on the test's thread; the time is the test's. What a
 * receiver's silence costs is real time: a timeout of some ms. */
#ifndef WSCRM_TESTS_UNIT_ENGINE_DELIVERY_H
#define WSCRM_TESTS_UNIT_ENGINE_DELIVERY_H

#include "engine/webhooks.h"
#include "net/receiver.h"
#include "store/harness.h"
#include "store/webhooks.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
/* A test that hangs is ended by SIGALRM. */
#define TEST_SECONDS 100
#define API_KEY      "QOEAcPj6Tb8XRhwFvYih"
#define SEEN_MAX     512

/* One request, as the receiver saw it. */
struct seen {
    int64_t event, time_ms;
    char data[64];
    char path[32];
};

struct world {
    struct harness *h;
    struct event_base *base;
    struct receiver receiver;
    struct address_list *loopback;
    struct webhooks_settings settings;
    struct webhooks *webhooks;
    int64_t now_ms;
    int status;         /* what the receiver answers; 0: the path says */
    const char *answer; /* with that status */
    struct seen seen[SEEN_MAX];
    size_t count;
    char signature[128], token[80], timestamp[32], seconds[32], agent[64], type[64], body[512];
    const char *host;
};

static inline int64_t clock_of(void *context)
{
    return ((struct world *)context)->now_ms;
}

/* --- the receiver */

static inline void copy(char *to, size_t size, struct str from)
{
    snprintf(to, size, "%.*s", (int)from.len, from.p);
}

static inline struct str member(struct str body, const char *name)
{
    char *at = memmem(body.p, body.len, name, strlen(name));
    assert_non_null(at);
    at += strlen(name);
    size_t len = 0; /* the body does not end in a NUL */
    while (at + len < body.p + body.len && !strchr(",}\"", at[len]))
        len++;
    return (struct str){at, len};
}

static inline int note(void *context, const struct http_head *head, struct str body,
                       struct buf *answer)
{
    struct world *world = context;
    assert_true(world->count < SEEN_MAX);
    struct seen *seen = &world->seen[world->count++];
    char id[64];
    copy(id, sizeof(id), http_header(head, "webhook-id"));
    assert_int_equal(event_id_parse(str_of(id), &seen->event), 0);
    seen->time_ms = world->now_ms;
    copy(seen->path, sizeof(seen->path), head->path);
    copy(seen->data, sizeof(seen->data), member(body, "\"data\":{\"n\":"));
    copy(world->body, sizeof(world->body), body);
    copy(world->signature, sizeof(world->signature), http_header(head, "webhook-signature"));
    copy(world->token, sizeof(world->token), http_header(head, "access_token"));
    copy(world->timestamp, sizeof(world->timestamp), http_header(head, "timestamp"));
    copy(world->seconds, sizeof(world->seconds), http_header(head, "webhook-timestamp"));
    copy(world->agent, sizeof(world->agent), http_header(head, "user-agent"));
    copy(world->type, sizeof(world->type), http_header(head, "content-type"));
    assert_true(str_is(http_header(head, "tenant_id"), "7"));
    assert_true(head->has_length && !head->chunked);
    if (str_is(head->path, "/ok")) {
        buf_add_text(answer, "{\"code\":200}");
        return 200;
    }
    if (world->status)
        buf_add_text(answer, world->answer);
    return world->status;
}

/* --- the world */

/* By the real clock all events here are old enough to be dropped. */
static inline int64_t store_clock(void)
{
    return NOW;
}

static inline int delivery_start(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    alarm(TEST_SECONDS);
    harness_prepare((void **)&world->h);
    world->h->settings.clock_ms = store_clock;
    harness_open(world->h);
    assert_int_equal(add_tenant(world->h, TENANT), 0);
    world->base = event_base_new();
    receiver_open(&world->receiver, world->base, "127.0.0.1");
    world->receiver.judge = note;
    world->receiver.context = world;
    world->host = "127.0.0.1";
    world->status = 200;
    world->answer = "{\"code\":0}";
    world->now_ms = NOW;
    assert_int_equal(address_list_parse(STR("127.0.0.0/8"), &world->loopback), 0);
    webhooks_settings_default(&world->settings);
    world->settings.seed = 1;
    world->settings.allow = world->loopback;
    world->settings.clock_ms = clock_of;
    world->settings.clock_context = world;
    world->settings.timeout_ms = TEST_SECONDS * 1000;
    *state = world;
    return 0;
}

static inline void open_deliverer(struct world *world)
{
    assert_int_equal(
        webhooks_new(&world->settings, world->h->store, world->h->crypto, &world->webhooks), 0);
}

static inline void close_deliverer(struct world *world)
{
    webhooks_free(world->webhooks);
    world->webhooks = NULL;
}

static inline int delivery_end(void **state)
{
    struct world *world = *state;
    close_deliverer(world);
    receiver_shut(&world->receiver);
    event_base_free(world->base);
    address_list_free(world->loopback);
    int status = harness_end((void **)&world->h);
    free(world);
    alarm(0);
    return status;
}

static inline int64_t turn(struct world *world)
{
    int64_t next_ms = webhooks_run(world->webhooks);
    event_base_loop(world->base, EVLOOP_NONBLOCK);
    return next_ms;
}

/* Until nothing is left but to wait; returns when something is due. */
static inline int64_t settle(struct world *world)
{
    int64_t next_ms;
    do
        next_ms = turn(world);
    while (!webhooks_is_idle(world->webhooks));
    return next_ms;
}

static inline void turn_until_seen(struct world *world, size_t count)
{
    while (world->count < count)
        turn(world);
}

static inline void turn_often(struct world *world)
{
    for (int i = 0; i < 200; i++)
        turn(world);
}

/* --- verbs */

static const uint8_t secret[32] = "0123456789abcdef0123456789abcdef";

static inline int64_t set_url(struct world *world, enum event_type type, const char *path,
                              int enabled, const uint8_t *key, size_t key_len)
{
    char url[128];
    snprintf(url, sizeof(url), "http://%s:%d%s", world->host, world->receiver.port, path);
    struct webhook_set op = {.call = harness_call(world->h),
                             .tenant_id = TENANT,
                             .type = type,
                             .url = str_of(url),
                             .enabled = enabled,
                             .secret = key,
                             .secret_len = key_len,
                             .now_ms = world->now_ms};
    store_webhook_set(world->h->store, &op);
    assert_int_equal(harness_wait(world->h, &op.call), 0);
    return op.id;
}

static inline int64_t add_url(struct world *world, const char *path)
{
    return set_url(world, EVENT_MESSAGE, path, 1, secret, sizeof(secret));
}

static inline void put(struct world *world, int64_t key, int n)
{
    char data[64];
    snprintf(data, sizeof(data), "{\"n\":%d}", n);
    struct event_put op = {.call = harness_call(world->h),
                           .tenant_id = TENANT,
                           .type = EVENT_MESSAGE,
                           .key = key,
                           .time_ms = world->now_ms,
                           .data = str_of(data)};
    store_event_put(world->h->store, &op);
    assert_int_equal(harness_wait(world->h, &op.call), 0);
}

/* What the log says of the newest delivery, or of one of a URL. */
struct last {
    struct deliveries_page op;
    size_t count;
    enum delivery_state state;
    int tries, status;
    char error[200];
};

static inline void show_last(struct deliveries_page *op, const struct delivery_entry *entry)
{
    struct last *last = (struct last *)op;
    if (last->count++ > 0)
        return;
    last->state = entry->state;
    last->tries = entry->tries;
    last->status = entry->last_status;
    copy(last->error, sizeof(last->error), entry->last_error);
}

static inline struct last look_at(struct world *world, int64_t webhook)
{
    struct last last = {.op = {.call = harness_call(world->h),
                               .tenant_id = TENANT,
                               .webhook = webhook,
                               .type = -1,
                               .state = -1,
                               .limit = 500,
                               .each = show_last}};
    store_deliveries_page(world->h->reader, &last.op);
    while (last.op.call.owner)
        store_reads_run(world->h->reader);
    assert_true(last.op.call.result >= 0);
    return last;
}

static inline int replay(struct world *world, int64_t event)
{
    struct deliveries_replay op = {.call = harness_call(world->h),
                                   .tenant_id = TENANT,
                                   .events = &event,
                                   .count = 1,
                                   .now_ms = world->now_ms};
    store_deliveries_replay(world->h->store, &op);
    return harness_wait(world->h, &op.call);
}

#endif
