/* What a client does not do: dial what it may not, wait for a resolver, tell of what was dropped. */
#include "net/calls.h"

static int let_look_ups_end(void **state)
{
    (void)state;
    pthread_mutex_lock(&lock);
    held = false;
    pthread_cond_broadcast(&changed);
    while (ended < asked)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return 0;
}

static bool is_public(void *context, const struct address *address)
{
    (void)context;
    return address_is_public(address);
}

static void an_address_that_may_not_be_dialled_is_not_however_it_is_written(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "127.0.0.1", "127.1", "2130706433", "0x7f000001",         "0177.0.0.1", "inside.test",
        "0.0.0.0",   "[::1]", "[::]",       "[::ffff:127.0.0.1]", "both.test",  "[::127.0.0.1]",
    };
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    settings.may_dial = is_public;
    open_world(&world, &settings);
    for (size_t i = 0; i < COUNT(hosts); i++) {
        prepare(&world, &call, hosts[i], "/echo", STR("{}"));
        run(&world, &call);
        if (call.http.result != ERR_INVALID)
            fail_msg("%s: %s (%d)", hosts[i], call.http.error, call.http.result);
        assert_false(call.http.left);
        assert_string_equal(call.http.error, "the address of the host may not be called");
        assert_failed(&call, ERR_INVALID);
    }
    assert_int_equal(world.receiver.accepted, 0);
    close_world(&world);
}

static bool ends_in_1(void *context, const struct address *address)
{
    int *asked_for = context;
    ++*asked_for;
    return address->bytes[15] == 1;
}

static void of_several_addresses_only_those_allowed_are_dialled(void **state)
{
    (void)state;
    int asked_for = 0;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    settings.may_dial = ends_in_1;
    settings.context = &asked_for;
    open_world(&world, &settings);
    prepare(&world, &call, "both.test", "/echo", STR("{}"));
    run(&world, &call);
    assert_answer(&call, 200, "{}");
    assert_int_equal(asked_for, 2);
    close_world(&world);
}

static void the_environment_names_no_proxy(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    setenv("http_proxy", "http://127.0.0.2:9", 1);
    setenv("ALL_PROXY", "http://127.0.0.2:9", 1);
    open_world(&world, &settings);
    run_post(&world, &call, "/echo");
    assert_answer(&call, 200, "{}");
    close_world(&world);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void what_is_no_web_address_or_no_header_is_refused_at_once(void **state)
{
    (void)state;
    static const char *const urls[] = {"",          "127.0.0.1/x",        "file:///etc/passwd",
                                       "ftp://h/x", "gopher://127.0.0.1", "unix:/tmp/x"};
    static const struct http_header bad[] = {
        {STR("a"), STR("b\r\nc: d")}, {STR("a\n"), STR("b")}, {STR("a: b"), STR("c")}};
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    open_world(&world, &settings);
    for (size_t i = 0; i < COUNT(urls); i++) {
        prepare(&world, &call, "127.0.0.1", "/", STR(""));
        call.http.url = urls[i];
        assert_int_equal(http_client_call(world.client, &call.http), ERR_INVALID);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        prepare(&world, &call, "127.0.0.1", "/", STR(""));
        call.http.headers = &bad[i];
        call.http.header_count = 1;
        assert_int_equal(http_client_call(world.client, &call.http), ERR_INVALID);
    }
    assert_int_equal(http_client_under_way(world.client), 0);
    close_world(&world);
}

static void a_dropped_call_and_those_of_a_freed_client_tell_nothing(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call dropped, left, never;
    open_world(&world, &settings);
    prepare(&world, &dropped, "127.0.0.1", "/never", STR("{}"));
    prepare(&world, &never, "slow.test", "/never", STR("{}"));
    prepare(&world, &left, "127.0.0.1", "/never", STR("{}"));
    held = true;
    assert_int_equal(http_client_call(world.client, &dropped.http), 0);
    assert_int_equal(http_client_call(world.client, &never.http), 0);
    while (world.receiver.requests < 1)
        event_base_loop(world.base, EVLOOP_ONCE);
    http_client_drop(&dropped.http);
    assert_int_equal(http_client_call(world.client, &left.http), 0);
    while (world.receiver.requests < 2)
        event_base_loop(world.base, EVLOOP_ONCE);
    close_world(&world);
    assert_int_equal(world.done, 0);
}

static void a_name_that_is_looked_up_for_long_does_not_hold_the_loop(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    open_world(&world, &settings);
    held = true; /* until the end of the test: a loop that waited would hang */
    prepare(&world, &call, "slow.test", "/echo", STR("{}"));
    call.http.timeout_ms = 30;
    run(&world, &call);
    assert_false(call.http.left);
    assert_failed(&call, ERR_TIMEOUT);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_may_not_be_dialled_is_not_however_it_is_written),
        cmocka_unit_test(of_several_addresses_only_those_allowed_are_dialled),
        cmocka_unit_test(the_environment_names_no_proxy),
        cmocka_unit_test(what_is_no_web_address_or_no_header_is_refused_at_once),
        cmocka_unit_test_teardown(a_dropped_call_and_those_of_a_freed_client_tell_nothing,
                                  let_look_ups_end),
        cmocka_unit_test_teardown(a_name_that_is_looked_up_for_long_does_not_hold_the_loop,
                                  let_look_ups_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
