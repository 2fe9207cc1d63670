/* Test-fires. */
#include "engine/delivery.h"

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, delivery_start, delivery_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_test_fire_tells_what_the_receiver_answered),
        TEST(a_test_fire_of_what_is_not_there_or_not_allowed_is_refused),
        TEST(test_fires_are_bounded_and_answered_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
