/* How connections end: as agreed, after an error, and when the client has gone. */
#include "site.h"

static void close_is_announced_and_kept(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    client_expect_last(&c, 200, "GET /");
    client_expect_end(&c);
    assert_true(http_server_idle(site->server)); /* who has asked for it is not waited for */
    client_close(&c);
}

static void a_refused_request_that_asks_for_the_end_gets_it(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c,
                "POST /refuse HTTP/1.1\r\n" HOST "Connection: close\r\nContent-Length: 5\r\n\r\n"
                "hello");
    client_expect_last(&c, 404, "404 refused");
    client_expect_end(&c);
    client_close(&c);
}

static void http_1_0_closes_unless_it_asks_to_be_kept(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const char *reply = client_reply(&c, true);
    assert_non_null(strstr(reply, "\r\nConnection: keep-alive\r\n"));
    client_send(&c, "GET /b HTTP/1.0\r\n\r\n");
    client_expect_last(&c, 200, "GET /b");
    client_expect_end(&c);
    client_close(&c);
}

static void what_a_client_sends_behind_an_error_does_not_take_the_reply_away(void **state)
{
    struct site *site = *state;
    static char much[100000];
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "BAD\r\n");
    client_send_bytes(&c, much, sizeof(much));
    client_expect_last(&c, 400, "400 malformed method");
    client_send_bytes(&c, much, sizeof(much)); /* it is read over: no reset */
    client_expect_end(&c);
    assert_int_equal(atomic_load(&site->shared.connections), 1); /* until the client has closed */
    client_close(&c);
    site_wait_until(site, http_server_idle(site->server));
}

static void a_client_that_never_stops_sending_behind_an_error_is_closed(void **state)
{
    struct site *site = *state;
    static char much[65536];
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "BAD\r\n");
    size_t total = 0;
    ssize_t sent;
    while ((sent = send(c.fd, much, sizeof(much), MSG_DONTWAIT | MSG_NOSIGNAL)) > 0 ||
           errno == EAGAIN) {
        total += sent > 0 ? (size_t)sent : 0;
        site_turn(site);
    }
    assert_true(http_server_idle(site->server));
    assert_in_range(total, 1, (size_t)64 << 20); /* 1 MiB and what the kernel holds */
    client_close(&c);
}

static void a_client_that_has_ended_its_side_gets_its_replies(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/hold");
    client_send(&c, "GET / HTT"); /* never to be whole */
    site_wait_until(site, site->held_count == 1);
    shutdown(c.fd, SHUT_WR);
    client_expect_silence(&c);
    site_answer(site, 0);
    client_expect_last(&c, 200, "GET /hold");
    client_expect_end(&c);
    assert_true(http_server_idle(site->server));
    client_close(&c);
}

static void a_reply_to_a_client_that_has_gone_is_dropped_and_told(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/hold/1");
    client_get(&c, "/hold/2");
    site_wait_until(site, site->held_count == 2);
    struct linger reset = {.l_onoff = 1};
    setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(c.fd);
    site_wait_until(site, http_server_idle(site->server));
    assert_null(site->held[0]->connection);
    assert_true(str_is(site->held[0]->head.path, "/hold/1")); /* its memory stays */
    site_answer(site, 0);
    assert_int_equal(site->replies, 0); /* not from within */
    site_rest(site);
    assert_int_equal(site->replies, 1);
    assert_int_equal(site->last_status, 200);
    assert_int_equal(site->last_bytes, 0);
    site_answer(site, 1); /* and by http_server_free() */
    buf_free(&c.in);
}

static void an_answered_request_of_a_client_that_has_gone_is_told(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/hold");
    client_get(&c, "/a"); /* its reply waits for the one before */
    site_wait_until(site, site->requests == 2);
    struct linger reset = {.l_onoff = 1};
    setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(c.fd);
    site_wait_until(site, http_server_idle(site->server));
    assert_int_equal(site->replies, 1);
    assert_int_equal(site->last_bytes, 0);
    site_answer(site, 0);
    site_rest(site);
    assert_int_equal(site->replies, 2);
    buf_free(&c.in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        site_test(close_is_announced_and_kept),
        site_test(a_refused_request_that_asks_for_the_end_gets_it),
        site_test(http_1_0_closes_unless_it_asks_to_be_kept),
        site_test(what_a_client_sends_behind_an_error_does_not_take_the_reply_away),
        site_test(a_client_that_never_stops_sending_behind_an_error_is_closed),
        site_test(a_client_that_has_ended_its_side_gets_its_replies),
        site_test(a_reply_to_a_client_that_has_gone_is_dropped_and_told),
        site_test(an_answered_request_of_a_client_that_has_gone_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
