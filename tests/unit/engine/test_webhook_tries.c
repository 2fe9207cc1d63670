/* Tries: what is a failure, and when it is tried again. */
#include "engine/delivery.h"

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, delivery_start, delivery_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_receiver_that_fails_is_tried_again_on_the_schedule_and_then_parked),
        TEST(a_parked_delivery_is_replayed_with_all_its_tries),
        TEST(the_waits_can_be_scaled),
        TEST(whatever_is_no_acknowledgement_is_a_failure_that_is_named),
        TEST(a_receiver_that_is_silent_fails_after_the_timeout),
        TEST(nobody_there_is_a_failure),
        TEST(an_address_outside_the_allowed_networks_is_not_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
