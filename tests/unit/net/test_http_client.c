/* Calls and their answers. */
#include "net/calls.h"

static void a_post_arrives_with_its_headers_length_and_body_and_nothing_else(void **state)
{
    (void)state;
    static const struct http_header headers[] = {
        {STR("Content-Type"), STR("application/json")},
        {STR("tenant_id"), STR("500975")},
        {STR("X-Empty"), STR("")},
    };
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    char expected[400];
    open_world(&world, &settings);
    prepare(&world, &call, "127.0.0.1", "/echo?a=b", STR("{\"a\":1}"));
    call.http.headers = headers;
    call.http.header_count = COUNT(headers);
    run(&world, &call);
    assert_true(call.http.left);
    assert_answer(&call, 200, "{\"a\":1}");
    snprintf(
        expected, sizeof(expected),
        "POST /echo?a=b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: test/1\r\nAccept: */*\r\n"
        "Content-Type: application/json\r\ntenant_id: 500975\r\nX-Empty:\r\nContent-Length: "
        "7\r\n\r\n{\"a\":1}",
        world.receiver.port);
    buf_add_char(&world.receiver.last, '\0');
    assert_string_equal(world.receiver.last.data, expected);
    close_world(&world);
}

static void other_methods_send_what_they_should(void **state)
{
    (void)state;
    static const struct {
        const char *method, *start;
        bool length;
    } rows[] = {
        {"GET", "GET /none HTTP/1.1\r\n", false},  {"HEAD", "HEAD /none HTTP/1.1\r\n", false},
        {"PUT", "PUT /none HTTP/1.1\r\n", true},   {"DELETE", "DELETE /none HTTP/1.1\r\n", true},
        {"POST", "POST /none HTTP/1.1\r\n", true},
    };
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    open_world(&world, &settings);
    for (size_t i = 0; i < COUNT(rows); i++) {
        prepare(&world, &call, "127.0.0.1", "/none", (struct str){0});
        call.http.method = rows[i].method;
        run(&world, &call);
        assert_answer(&call, 200, "");
        assert_memory_equal(world.receiver.last.data, rows[i].start, strlen(rows[i].start));
        assert_int_equal(last_has(&world, "Content-Length: 0\r\n"), rows[i].length);
    }
    close_world(&world);
}

static void a_large_body_leaves_without_waiting_to_be_asked_for(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    static char body[100000];
    memset(body, 'a', sizeof(body));
    open_world(&world, &settings);
    prepare(&world, &call, "127.0.0.1", "/echo", (struct str){body, sizeof(body)});
    call.http.answer_max = sizeof(body);
    run(&world, &call);
    assert_false(last_has(&world, "Expect"));
    assert_int_equal(call.http.answer.len, sizeof(body));
    buf_free(&call.http.answer);
    close_world(&world);
}

static void an_answer_other_than_200_is_an_answer_and_a_redirect_is_not_followed(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    open_world(&world, &settings);
    run_post(&world, &call, "/500");
    assert_answer(&call, 500, "{}");
    run_post(&world, &call, "/redirect");
    assert_answer(&call, 302, "over there");
    assert_int_equal(world.receiver.requests, 2);
    close_world(&world);
}

static void cookies_are_not_kept(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    open_world(&world, &settings);
    run_post(&world, &call, "/cookie");
    assert_answer(&call, 200, "take it");
    run_post(&world, &call, "/echo");
    assert_answer(&call, 200, "{}");
    assert_false(last_has(&world, "Cookie"));
    close_world(&world);
}

static void an_answer_over_its_maximum_ends_the_call(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    open_world(&world, &settings);
    run_post(&world, &call, "/endless");
    assert_true(call.http.answer.len <= 1000);
    assert_failed(&call, ERR_TOO_LARGE);
    run_post(&world, &call, "/endless-head");
    assert_failed(&call, ERR_TOO_LARGE);
    prepare(&world, &call, "127.0.0.1", "/echo", STR("four"));
    call.http.answer_max = 4;
    run(&world, &call);
    assert_answer(&call, 200, "four");
    close_world(&world);
}

static void a_receiver_that_cuts_or_is_silent_or_speaks_no_http_is_a_failure(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    open_world(&world, &settings);
    run_post(&world, &call, "/cut");
    assert_true(call.http.left);
    assert_failed(&call, ERR_CLOSED);
    run_post(&world, &call, "/half");
    assert_failed(&call, ERR_CLOSED);
    run_post(&world, &call, "/noise");
    assert_failed(&call, ERR_PROTOCOL);
    prepare(&world, &call, "127.0.0.1", "/never", STR("{}"));
    call.http.timeout_ms = 30;
    run(&world, &call);
    assert_true(call.http.left);
    assert_string_equal(call.http.error, "no answer within 30 ms");
    assert_failed(&call, ERR_TIMEOUT);
    close_world(&world);
}

static void nobody_listening_and_unknown_names_are_no_connection(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    open_world(&world, &settings);
    prepare(&world, &call, "127.0.0.2", "/echo", STR("{}")); /* the receiver is at 127.0.0.1 */
    run(&world, &call);
    assert_false(call.http.left);
    assert_failed(&call, ERR_SYSTEM);
    prepare(&world, &call, "nowhere.test", "/echo", STR("{}"));
    run(&world, &call);
    assert_false(call.http.left);
    assert_failed(&call, ERR_SYSTEM);
    close_world(&world);
}

static void a_connection_is_used_again_and_one_that_died_meanwhile_is_replaced(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    open_world(&world, &settings);
    for (int i = 0; i < 3; i++) {
        run_post(&world, &call, "/echo");
        assert_answer(&call, 200, "{}");
    }
    assert_int_equal(world.receiver.accepted, 1);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (world.receiver.connections[i])
            receiver_close(&world.receiver, world.receiver.connections[i]);
    run_post(&world, &call, "/echo");
    assert_answer(&call, 200, "{}");
    assert_int_equal(world.receiver.accepted, 2);
    close_world(&world);
}

static void connections_are_bounded_together_and_for_each_host(void **state)
{
    (void)state;
    static const struct {
        size_t together, per_host;
        int expected;
    } rows[] = {{3, 0, 3}, {8, 2, 2}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_client_settings settings = any_address();
        struct world world;
        struct call calls[10];
        settings.connections_max = rows[i].together;
        settings.connections_per_host = rows[i].per_host;
        open_world(&world, &settings);
        for (size_t j = 0; j < COUNT(calls); j++) {
            prepare(&world, &calls[j], "127.0.0.1", "/echo", STR("{}"));
            assert_int_equal(http_client_call(world.client, &calls[j].http), 0);
        }
        assert_int_equal(http_client_under_way(world.client), COUNT(calls));
        turn_until_done(&world, COUNT(calls));
        for (size_t j = 0; j < COUNT(calls); j++)
            assert_answer(&calls[j], 200, "{}");
        assert_int_equal(world.receiver.most_open, rows[i].expected);
        close_world(&world);
    }
}

static void done_may_start_the_next_call(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call first, second;
    open_world(&world, &settings);
    prepare(&world, &first, "127.0.0.1", "/echo", STR("1"));
    prepare(&world, &second, "127.0.0.1", "/echo", STR("2"));
    first.then = &second;
    assert_int_equal(http_client_call(world.client, &first.http), 0);
    turn_until_done(&world, 2);
    assert_answer(&first, 200, "1");
    assert_answer(&second, 200, "2");
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_arrives_with_its_headers_length_and_body_and_nothing_else),
        cmocka_unit_test(other_methods_send_what_they_should),
        cmocka_unit_test(a_large_body_leaves_without_waiting_to_be_asked_for),
        cmocka_unit_test(an_answer_other_than_200_is_an_answer_and_a_redirect_is_not_followed),
        cmocka_unit_test(cookies_are_not_kept),
        cmocka_unit_test(an_answer_over_its_maximum_ends_the_call),
        cmocka_unit_test(a_receiver_that_cuts_or_is_silent_or_speaks_no_http_is_a_failure),
        cmocka_unit_test(nobody_listening_and_unknown_names_are_no_connection),
        cmocka_unit_test(a_connection_is_used_again_and_one_that_died_meanwhile_is_replaced),
        cmocka_unit_test(connections_are_bounded_together_and_for_each_host),
        cmocka_unit_test(done_may_start_the_next_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
