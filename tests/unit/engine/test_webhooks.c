/* The deliverer against a real store and a receiver on the test's thread; the time is the test's. What a
 * receiver's silence costs is real time: a timeout of some ms. */
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

static int64_t clock_of(void *context)
{
    return ((struct world *)context)->now_ms;
}

/* --- the receiver */

static void copy(char *to, size_t size, struct str from)
{
    snprintf(to, size, "%.*s", (int)from.len, from.p);
}

static struct str member(struct str body, const char *name)
{
    char *at = memmem(body.p, body.len, name, strlen(name));
    assert_non_null(at);
    at += strlen(name);
    return (struct str){at, strcspn(at, ",}\"")};
}

static int note(void *context, const struct http_head *head, struct str body, struct buf *answer)
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
static int64_t store_clock(void)
{
    return NOW;
}

static int prepare(void **state)
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

static void open_deliverer(struct world *world)
{
    assert_int_equal(
        webhooks_new(&world->settings, world->h->store, world->h->crypto, &world->webhooks), 0);
}

static void close_deliverer(struct world *world)
{
    webhooks_free(world->webhooks);
    world->webhooks = NULL;
}

static int end(void **state)
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

static int64_t turn(struct world *world)
{
    int64_t next_ms = webhooks_run(world->webhooks);
    event_base_loop(world->base, EVLOOP_NONBLOCK);
    return next_ms;
}

/* Until nothing is left but to wait; returns when something is due. */
static int64_t settle(struct world *world)
{
    int64_t next_ms;
    do
        next_ms = turn(world);
    while (!webhooks_is_idle(world->webhooks));
    return next_ms;
}

static void turn_until_seen(struct world *world, size_t count)
{
    while (world->count < count)
        turn(world);
}

static void turn_often(struct world *world)
{
    for (int i = 0; i < 200; i++)
        turn(world);
}

/* --- verbs */

static const uint8_t secret[32] = "0123456789abcdef0123456789abcdef";
static const uint8_t other_secret[24] = "abcdefghijklmnopqrstuvwx";

static int64_t set_url(struct world *world, enum event_type type, const char *path, int enabled,
                       const uint8_t *key, size_t key_len)
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

static int64_t add_url(struct world *world, const char *path)
{
    return set_url(world, EVENT_MESSAGE, path, 1, secret, sizeof(secret));
}

static void put(struct world *world, int64_t key, int n)
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

static void show_last(struct deliveries_page *op, const struct delivery_entry *entry)
{
    struct last *last = (struct last *)op;
    if (last->count++ > 0)
        return;
    last->state = entry->state;
    last->tries = entry->tries;
    last->status = entry->last_status;
    copy(last->error, sizeof(last->error), entry->last_error);
}

static struct last look_at(struct world *world, int64_t webhook)
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

static int replay(struct world *world, int64_t event)
{
    struct deliveries_replay op = {.call = harness_call(world->h),
                                   .tenant_id = TENANT,
                                   .events = &event,
                                   .count = 1,
                                   .now_ms = world->now_ms};
    store_deliveries_replay(world->h->store, &op);
    return harness_wait(world->h, &op.call);
}

/* --- tests */

static void assert_signed_by(struct world *world, const uint8_t *key, size_t len, struct str text)
{
    struct buf b;
    char id[EVENT_ID_MAX];
    int64_t seconds;
    buf_init(&b, 200);
    event_id_text(world->seen[world->count - 1].event, id);
    assert_int_equal(str_to_i64(str_of(world->seconds), &seconds), 0);
    assert_int_equal(
        webhook_sign(world->h->crypto, key, len, str_of(id), seconds, str_of(world->body), &b), 0);
    assert_int_equal(b.len, text.len);
    assert_memory_equal(b.data, text.p, text.len);
    buf_free(&b);
}

static void an_event_reaches_its_url_with_both_signatures(void **state)
{
    struct world *world = *state;
    char token[2 * SHA256_LEN + 1], expected[300], id[EVENT_ID_MAX];
    int64_t timestamp;
    open_deliverer(world);
    int64_t url = add_url(world, "/in?a=b");
    put(world, 1, 5);
    settle(world);
    assert_int_equal(world->count, 1);
    assert_string_equal(world->seen[0].path, "/in");
    event_id_text(world->seen[0].event, id);
    snprintf(expected, sizeof(expected),
             "{\"id\":\"%s\",\"type\":\"message\",\"tenantId\":7,\"time\":%lld,\"data\":{\"n\":5}}",
             id, (long long)NOW);
    assert_string_equal(world->body, expected);
    assert_string_equal(world->agent, "wscrm/" WSCRM_VERSION);
    assert_string_equal(world->type, "application/json; charset=utf-8");
    assert_int_equal(str_to_i64(str_of(world->timestamp), &timestamp), 0);
    assert_int_equal(timestamp, NOW);
    assert_int_equal(webhook_access_token(world->h->crypto, STR(API_KEY), TENANT, NOW, token), 0);
    assert_string_equal(world->token, token);
    assert_signed_by(world, secret, sizeof(secret), str_of(world->signature));
    struct last last = look_at(world, url);
    assert_int_equal(last.state, DELIVERY_DONE);
    assert_int_equal(last.status, 200);
    assert_int_equal(last.tries, 1);
    assert_string_equal(last.error, "");
}

static void events_from_before_the_start_are_delivered_too(void **state)
{
    struct world *world = *state;
    add_url(world, "/in");
    put(world, 1, 1);
    put(world, 2, 2);
    open_deliverer(world);
    settle(world);
    assert_int_equal(world->count, 2);
    put(world, 1, 3);
    settle(world);
    assert_int_equal(world->count, 3);
    assert_string_equal(world->seen[2].data, "3");
}

static void a_receiver_that_fails_is_tried_again_on_the_schedule_and_then_parked(void **state)
{
    static const int64_t waits_s[] = {10, 30, 180, 300, 1800, 7200};
    struct world *world = *state;
    open_deliverer(world);
    int64_t url = add_url(world, "/in");
    world->status = 500;
    put(world, 1, 1);
    for (size_t i = 0; i < COUNT(waits_s); i++) {
        int64_t next_ms = settle(world);
        assert_int_equal(world->count, i + 1);
        assert_in_range(next_ms - world->now_ms, waits_s[i] * 900, waits_s[i] * 1100);
        assert_int_equal(look_at(world, url).state, DELIVERY_READY);
        world->now_ms = next_ms - 1;
        settle(world);
        assert_int_equal(world->count, i + 1); /* not a millisecond early */
        world->now_ms = next_ms;
    }
    assert_int_equal(settle(world), INT64_MAX);
    assert_int_equal(world->count, 7);
    for (size_t i = 1; i < 7; i++)
        assert_int_equal(world->seen[i].event, world->seen[0].event);
    struct last last = look_at(world, url);
    assert_int_equal(last.state, DELIVERY_PARKED);
    assert_int_equal(last.tries, 7);
    assert_int_equal(last.status, 500);
    assert_string_equal(last.error, "HTTP 500");
}

static void a_parked_delivery_is_replayed_with_all_its_tries(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    int64_t url = add_url(world, "/in");
    world->status = 500;
    put(world, 1, 1);
    for (int64_t next_ms; (next_ms = settle(world)) != INT64_MAX;)
        world->now_ms = next_ms;
    assert_int_equal(replay(world, world->seen[0].event), 1);
    settle(world);
    assert_int_equal(world->count, 8);
    assert_int_equal(look_at(world, url).state, DELIVERY_READY);
    world->status = 200;
    world->now_ms += 11000;
    settle(world);
    assert_int_equal(world->count, 9);
    assert_int_equal(world->seen[8].event, world->seen[0].event);
    assert_int_equal(look_at(world, url).state, DELIVERY_DONE);
}

static void the_waits_can_be_scaled(void **state)
{
    struct world *world = *state;
    world->settings.retry_percent = 1;
    open_deliverer(world);
    add_url(world, "/in");
    world->status = 500;
    put(world, 1, 1);
    assert_in_range(settle(world) - world->now_ms, 90, 110);
}

static void assert_fails(struct world *world, const char *path, int status, const char *error)
{
    int64_t url = add_url(world, path);
    put(world, 1, 1);
    settle(world);
    struct last last = look_at(world, url);
    if (last.state != DELIVERY_READY || strcmp(last.error, error) != 0)
        fail_msg("%s: state %d, error \"%s\"", path, last.state, last.error);
    assert_int_equal(last.status, status);
    assert_int_equal(last.tries, 1);
    /* No more of it, for the next path. */
    struct webhook_del op = {.call = harness_call(world->h), .tenant_id = TENANT, .id = url};
    store_webhook_del(world->h->store, &op);
    assert_int_equal(harness_wait(world->h, &op.call), 0);
    settle(world);
}

static void whatever_is_no_acknowledgement_is_a_failure_that_is_named(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *error;
    } rows[] = {
        {"/500", 500, "HTTP 500"},
        {"/redirect", 302, "HTTP 302: redirects are not followed"},
        {"/endless", 200, "the answer is too long"},
        {"/endless-head", 200, "the answer is too long"},
        {"/cut", 0, "Empty reply from server"},
        {"/noise", 0, "Received HTTP/0.9 when not allowed"},
        {"/echo", 200, "HTTP 200 without a code that is 200 or 0"}, /* it has no code */
    };
    struct world *world = *state;
    open_deliverer(world);
    world->status = 0;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_fails(world, rows[i].path, rows[i].status, rows[i].error);
    world->status = 200;
    world->answer = "{\"code\":1}";
    assert_fails(world, "/one", 200, "HTTP 200 without a code that is 200 or 0");
    world->answer = "OK";
    assert_fails(world, "/text", 200, "HTTP 200 without a code that is 200 or 0");
    world->status = 201;
    world->answer = "{\"code\":200}";
    assert_fails(world, "/created", 201, "HTTP 201");
}

static void a_receiver_that_is_silent_fails_after_the_timeout(void **state)
{
    struct world *world = *state;
    world->settings.timeout_ms = 30;
    open_deliverer(world);
    world->status = 0;
    assert_fails(world, "/never", 0, "no answer within 30 ms");
}

static void nobody_there_is_a_failure(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    world->host = "127.0.0.2"; /* the receiver is at 127.0.0.1 */
    int64_t url = add_url(world, "/in");
    put(world, 1, 1);
    settle(world);
    struct last last = look_at(world, url);
    assert_int_equal(last.state, DELIVERY_READY);
    assert_non_null(strstr(last.error, "connect"));
}

static void an_address_outside_the_allowed_networks_is_not_called(void **state)
{
    struct world *world = *state;
    world->settings.allow = NULL;
    open_deliverer(world);
    assert_fails(world, "/in", 0, "the address of the host may not be called");
    assert_int_equal(world->receiver.accepted, 0);
}

static void events_of_one_key_wait_for_each_other_and_others_do_not(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    add_url(world, "/in");
    world->status = 500;
    put(world, 1, 1);
    put(world, 1, 2);
    put(world, 1, 3);
    put(world, 2, 4);
    int64_t next_ms = settle(world);
    assert_int_equal(world->count, 2); /* 1 and 4, both failed */
    world->status = 200;
    world->now_ms = next_ms + 5000; /* both are due */
    settle(world);
    assert_int_equal(world->count, 6);
    const char *after_one = "";
    for (size_t i = 2; i < 6; i++) {
        if (strcmp(world->seen[i].data, "4") == 0)
            continue;
        assert_true(strcmp(after_one, world->seen[i].data) < 0);
        after_one = world->seen[i].data;
    }
}

static void a_parked_event_lets_the_next_one_of_its_key_go(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    add_url(world, "/in");
    world->status = 500;
    put(world, 1, 1);
    put(world, 1, 2);
    for (int64_t next_ms = settle(world); world->count < 7; next_ms = settle(world))
        world->now_ms = next_ms;
    assert_int_equal(world->count, 8);
    assert_string_equal(world->seen[6].data, "1");
    assert_string_equal(world->seen[7].data, "2");
}

static void a_url_has_eight_tries_at_once_and_one_after_ten_failures(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    int64_t url = add_url(world, "/never");
    for (int i = 0; i < 20; i++)
        put(world, i, i);
    world->status = 0;
    turn_until_seen(world, 8);
    turn_often(world);
    assert_int_equal(world->count, 8);
    close_deliverer(world); /* drops them */
    world->status = 500;
    world->count = 0;
    open_deliverer(world);
    settle(world);
    assert_int_equal(world->count, 20); /* all failed */
    world->status = 0;
    world->now_ms += 12000;
    turn_until_seen(world, 21);
    turn_often(world);
    assert_int_equal(world->count, 21);
    close_deliverer(world); /* the count of failures is on disk */
    open_deliverer(world);
    turn_until_seen(world, 22);
    turn_often(world);
    assert_int_equal(world->count, 22);
    close_deliverer(world);
    world->status = 200; /* and one answer ends it */
    world->count = 0;
    open_deliverer(world);
    settle(world);
    assert_int_equal(world->count, 20);
    assert_int_equal(look_at(world, url).state, DELIVERY_DONE);
}

static void urls_that_fail_never_hold_those_that_work(void **state)
{
    struct world *world = *state;
    char path[32];
    open_deliverer(world);
    /* 40 URLs that fail and have 8 deliveries each: more than there may be tries at all. */
    for (int i = 0; i < 40; i++) {
        snprintf(path, sizeof(path), "/never?%d", i);
        add_url(world, path);
    }
    world->status = 500;
    for (int i = 0; i < 8; i++)
        put(world, i, i);
    settle(world);
    assert_int_equal(world->count, 320);
    world->status = 0;
    world->count = 0;
    world->now_ms += 12000;
    turn_until_seen(world, WEBHOOKS_FAILING_MAX);
    turn_often(world);
    assert_int_equal(world->count, WEBHOOKS_FAILING_MAX);
    add_url(world, "/ok");
    put(world, 100, 100);
    turn_until_seen(world, WEBHOOKS_FAILING_MAX + 1);
    assert_string_equal(world->seen[WEBHOOKS_FAILING_MAX].path, "/ok");
    struct webhooks_metrics metrics;
    webhooks_metrics(world->webhooks, &metrics);
    assert_int_equal(metrics.failing, 40);
    assert_true(metrics.in_flight >= WEBHOOKS_FAILING_MAX);
}

static void http_410_switches_the_url_off_until_it_is_switched_on(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    int64_t url = add_url(world, "/in");
    world->status = 410;
    put(world, 1, 1);
    put(world, 1, 2);
    assert_int_equal(settle(world), INT64_MAX);
    assert_int_equal(world->count, 1);
    world->now_ms += 100000;
    put(world, 2, 3); /* nobody wants it */
    settle(world);
    assert_int_equal(world->count, 1);
    world->status = 200;
    assert_int_equal(set_url(world, EVENT_MESSAGE, "/in", 1, NULL, 0), url);
    settle(world);
    assert_int_equal(world->count, 2); /* what waited */
    assert_string_equal(world->seen[1].data, "2");
    assert_int_equal(replay(world, world->seen[0].event), 1);
    settle(world);
    assert_int_equal(world->count, 3);
    assert_string_equal(world->seen[2].data, "1");
}

static void a_new_secret_signs_beside_the_one_before_for_a_day(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    add_url(world, "/in");
    set_url(world, EVENT_MESSAGE, "/in", -1, other_secret, sizeof(other_secret));
    put(world, 1, 1);
    settle(world);
    struct str rest = str_of(world->signature), first = str_split(&rest, ' ');
    assert_signed_by(world, other_secret, sizeof(other_secret), first);
    assert_signed_by(world, secret, sizeof(secret), rest);
    world->now_ms += WEBHOOK_SECRET_OVERLAP_MS;
    put(world, 1, 2);
    settle(world);
    assert_int_equal(world->count, 2);
    assert_signed_by(world, other_secret, sizeof(other_secret), str_of(world->signature));
}

static void the_token_is_made_with_the_api_key_of_the_moment(void **state)
{
    struct world *world = *state;
    char token[2 * SHA256_LEN + 1];
    open_deliverer(world);
    add_url(world, "/in");
    settle(world);
    struct tenant_write op = {.call = harness_call(world->h),
                              .id = TENANT,
                              .api_key = STR("another key"),
                              .edition = -1,
                              .rate_limit = -1,
                              .token_window_s = -1,
                              .now_ms = NOW};
    store_tenant_set(world->h->store, &op);
    assert_int_equal(harness_wait(world->h, &op.call), 0);
    put(world, 1, 1);
    settle(world);
    assert_int_equal(webhook_access_token(world->h->crypto, STR("another key"), TENANT, NOW, token),
                     0);
    assert_string_equal(world->token, token);
}

static void what_was_under_way_at_an_end_comes_again_with_the_same_id(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    add_url(world, "/never");
    world->status = 0;
    put(world, 1, 1);
    put(world, 1, 2);
    turn_until_seen(world, 1);
    close_deliverer(world);
    world->status = 200;
    open_deliverer(world);
    settle(world);
    assert_int_equal(world->count, 3);
    assert_int_equal(world->seen[1].event, world->seen[0].event);
    assert_string_equal(world->seen[2].data, "2");
}

static void a_url_that_is_removed_gets_nothing_more(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    int64_t url = add_url(world, "/never");
    world->status = 0;
    put(world, 1, 1);
    put(world, 1, 2);
    turn_until_seen(world, 1);
    struct webhook_del op = {.call = harness_call(world->h), .tenant_id = TENANT, .id = url};
    store_webhook_del(world->h->store, &op);
    assert_int_equal(harness_wait(world->h, &op.call), 0);
    turn_often(world);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (world->receiver.connections[i])
            receiver_close(&world->receiver, world->receiver.connections[i]);
    assert_int_equal(settle(world), INT64_MAX);
    assert_int_equal(world->count, 1);
}

static void events_of_many_keys_arrive_once_at_each_url_and_in_order(void **state)
{
    struct world *world = *state;
    int last[50] = {0};
    open_deliverer(world);
    add_url(world, "/in");
    add_url(world, "/other");
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 50; i++)
            put(world, i, round * 50 + i + 1);
        turn(world);
    }
    settle(world);
    assert_int_equal(world->count, 400);
    for (size_t i = 0; i < world->count; i++) {
        if (strcmp(world->seen[i].path, "/in") != 0)
            continue;
        int n = atoi(world->seen[i].data), key = (n - 1) % 50;
        assert_int_equal(n, last[key] ? last[key] + 50 : key + 1);
        last[key] = n;
    }
    struct webhooks_metrics metrics;
    webhooks_metrics(world->webhooks, &metrics);
    assert_int_equal(metrics.delivered, 400);
    assert_int_equal(metrics.started, 400);
    assert_int_equal(metrics.failed, 0);
    assert_int_equal(metrics.in_flight, 0);
}

/* --- test-fires */

static void probe_done(struct webhook_probe *probe)
{
    *(bool *)probe->owner = true;
}

static struct webhook_probe probe_of(struct world *world, int64_t tenant_id, int64_t id, bool *over)
{
    *over = false;
    return (struct webhook_probe){.home = world->h->box,
                                  .done = probe_done,
                                  .owner = over,
                                  .tenant_id = tenant_id,
                                  .webhook_id = id};
}

static void fire(struct world *world, struct webhook_probe *probe, const bool *over)
{
    assert_int_equal(webhooks_probe(world->webhooks, probe), 0);
    while (!*over) {
        turn(world);
        mailbox_run(world->h->box);
    }
}

/* A test-fire is no event: nothing is noted of it. */
static int answer_probe(void *context, const struct http_head *head, struct str body,
                        struct buf *answer)
{
    struct world *world = context;
    copy(world->body, sizeof(world->body), body);
    assert_true(str_is(http_header(head, "webhook-id"), "evt_0"));
    if (world->status)
        buf_add_text(answer, world->answer);
    return world->status;
}

static void a_test_fire_tells_what_the_receiver_answered(void **state)
{
    struct world *world = *state;
    bool over;
    world->settings.timeout_ms = 200;
    open_deliverer(world);
    world->receiver.judge = answer_probe;
    int64_t url = set_url(world, EVENT_TASK, "/never", 0, secret, sizeof(secret));
    struct webhook_probe probe = probe_of(world, TENANT, url, &over);
    fire(world, &probe, &over);
    assert_int_equal(probe.result, 0);
    assert_int_equal(probe.http_status, 200);
    assert_true(probe.acknowledged);
    assert_int_equal(probe.body.len, strlen(world->answer));
    buf_free(&probe.body);
    assert_non_null(strstr(world->body, "\"type\":\"task\""));
    assert_non_null(strstr(world->body, "\"data\":{\"test\":true}"));
    world->status = 404;
    probe = probe_of(world, TENANT, url, &over);
    fire(world, &probe, &over);
    assert_int_equal(probe.result, 0);
    assert_int_equal(probe.http_status, 404);
    assert_false(probe.acknowledged);
    buf_free(&probe.body);
    world->status = 0;
    probe = probe_of(world, TENANT, url, &over);
    fire(world, &probe, &over);
    assert_int_equal(probe.result, ERR_TIMEOUT);
    assert_string_equal(probe.error, "no answer within 200 ms");
    buf_free(&probe.body);
}

static void a_test_fire_of_what_is_not_there_or_not_allowed_is_refused(void **state)
{
    struct world *world = *state;
    bool over;
    world->settings.allow = NULL;
    open_deliverer(world);
    int64_t url = add_url(world, "/in");
    struct webhook_probe probe = probe_of(world, TENANT, url + 1, &over);
    fire(world, &probe, &over);
    assert_int_equal(probe.result, ERR_NOT_FOUND);
    probe = probe_of(world, TENANT + 1, url, &over); /* another tenant's */
    fire(world, &probe, &over);
    assert_int_equal(probe.result, ERR_NOT_FOUND);
    probe = probe_of(world, TENANT, url, &over);
    fire(world, &probe, &over);
    assert_int_equal(probe.result, ERR_INVALID);
    assert_string_equal(probe.error, "the address of the host may not be called");
    assert_int_equal(world->receiver.accepted, 0);
}

static void test_fires_are_bounded_and_answered_at_the_end(void **state)
{
    struct world *world = *state;
    struct webhook_probe probes[WEBHOOKS_PROBES_MAX + 1];
    bool over[WEBHOOKS_PROBES_MAX + 1];
    open_deliverer(world);
    int64_t url = add_url(world, "/never");
    world->receiver.judge = answer_probe;
    world->status = 0;
    for (size_t i = 0; i < COUNT(probes); i++) {
        probes[i] = probe_of(world, TENANT, url, &over[i]);
        assert_int_equal(webhooks_probe(world->webhooks, &probes[i]),
                         i < WEBHOOKS_PROBES_MAX ? 0 : ERR_BUSY);
    }
    turn_often(world);
    assert_int_equal(mailbox_run(world->h->box), 0);
    webhooks_drain(world->webhooks);
    assert_int_equal(webhooks_probe(world->webhooks, &probes[WEBHOOKS_PROBES_MAX]), ERR_BUSY);
    turn(world);
    assert_int_equal(mailbox_run(world->h->box), WEBHOOKS_PROBES_MAX);
    for (size_t i = 0; i < WEBHOOKS_PROBES_MAX; i++) {
        assert_true(over[i]);
        assert_int_equal(probes[i].result, ERR_CLOSED);
    }
    assert_int_equal(webhooks_probe(world->webhooks, &probes[0]), ERR_CLOSED);
}

/* --- the thread */

static void the_thread_delivers_and_lets_what_is_under_way_end(void **state)
{
    struct world *world = *state;
    world->settings.clock_ms = NULL;
    open_deliverer(world);
    add_url(world, "/in");
    assert_int_equal(webhooks_start(world->webhooks), 0);
    for (int i = 0; i < 20; i++)
        put(world, i % 3, i);
    while (world->count < 20)
        event_base_loop(world->base, EVLOOP_ONCE);
    event_base_loop(world->base, EVLOOP_NONBLOCK); /* the last answer leaves */
    webhooks_stop(world->webhooks, TEST_SECONDS * 1000);
    struct webhooks_metrics metrics;
    webhooks_metrics(world->webhooks, &metrics);
    assert_true(metrics.in_flight == 0);
    close_deliverer(world);
    assert_int_equal(look_at(world, 0).count, 20);
}

static void the_thread_does_not_wait_for_a_silent_receiver_at_its_end(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    add_url(world, "/never");
    world->status = 0;
    put(world, 1, 1);
    assert_int_equal(webhooks_start(world->webhooks), 0);
    while (world->count < 1)
        event_base_loop(world->base, EVLOOP_ONCE);
    webhooks_stop(world->webhooks, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_event_reaches_its_url_with_both_signatures),
        TEST(events_from_before_the_start_are_delivered_too),
        TEST(a_receiver_that_fails_is_tried_again_on_the_schedule_and_then_parked),
        TEST(a_parked_delivery_is_replayed_with_all_its_tries),
        TEST(the_waits_can_be_scaled),
        TEST(whatever_is_no_acknowledgement_is_a_failure_that_is_named),
        TEST(a_receiver_that_is_silent_fails_after_the_timeout),
        TEST(nobody_there_is_a_failure),
        TEST(an_address_outside_the_allowed_networks_is_not_called),
        TEST(events_of_one_key_wait_for_each_other_and_others_do_not),
        TEST(a_parked_event_lets_the_next_one_of_its_key_go),
        TEST(a_url_has_eight_tries_at_once_and_one_after_ten_failures),
        TEST(urls_that_fail_never_hold_those_that_work),
        TEST(http_410_switches_the_url_off_until_it_is_switched_on),
        TEST(a_new_secret_signs_beside_the_one_before_for_a_day),
        TEST(the_token_is_made_with_the_api_key_of_the_moment),
        TEST(what_was_under_way_at_an_end_comes_again_with_the_same_id),
        TEST(a_url_that_is_removed_gets_nothing_more),
        TEST(events_of_many_keys_arrive_once_at_each_url_and_in_order),
        TEST(a_test_fire_tells_what_the_receiver_answered),
        TEST(a_test_fire_of_what_is_not_there_or_not_allowed_is_refused),
        TEST(test_fires_are_bounded_and_answered_at_the_end),
        TEST(the_thread_delivers_and_lets_what_is_under_way_end),
        TEST(the_thread_does_not_wait_for_a_silent_receiver_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
