/* What takes too long. The limits are a few hundredths of a second, and nothing is asserted about how
 * soon after them something happens. */
#include "site.h"

#define SHORT_MS 60

static void a_head_that_takes_too_long_is_answered_with_408(void **state)
{
    struct site *site = *state;
    site->settings.head_timeout_ms = SHORT_MS;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET / HTTP/1.1\r\n");
    client_expect_last(&c, 408, "408 the request's head took too long");
    client_expect_end(&c);
    assert_int_equal(site->headless, 1);
    client_close(&c);
}

static void a_head_has_one_limit_for_all_its_bytes(void **state)
{
    struct site *site = *state;
    site->settings.head_timeout_ms = SHORT_MS;
    site->settings.max_head = (size_t)1 << 20;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET / HTTP/1.1\r\nX:");
    while (site->replies == 0) { /* a byte in each turn, for ever */
        send(c.fd, "a", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        site_turn(site);
    }
    client_expect_last(&c, 408, "408 the request's head took too long");
    client_close(&c);
}

static void a_body_that_takes_too_long_is_answered_with_408(void **state)
{
    struct site *site = *state;
    static const char *const starts[] = {
        "POST /a HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhel",
        "POST /a HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n",
        "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
    };
    site->settings.body_timeout_ms = SHORT_MS;
    site_open(site);
    for (size_t i = 0; i < COUNT(starts); i++) {
        struct client c = client_open(site);
        client_send(&c, starts[i]);
        client_expect_last(&c, 408, "408 the request's body took too long");
        client_expect_end(&c);
        assert_int_equal(atomic_load(&site->shared.body_bytes), 0);
        client_close(&c);
    }
    assert_int_equal(site->requests, 0);
}

static void a_body_that_is_read_over_and_takes_too_long_ends_the_connection(void **state)
{
    struct site *site = *state;
    site->settings.body_timeout_ms = SHORT_MS;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhel");
    client_expect(&c, 404, "404 refused");
    client_expect_end(&c);
    client_close(&c);
}

static void an_idle_connection_is_closed_without_a_word(void **state)
{
    struct site *site = *state;
    site->settings.idle_timeout_ms = SHORT_MS;
    site_open(site);
    struct client c = client_open(site), d = client_open(site);
    client_get(&c, "/a");
    client_expect(&c, 200, "GET /a");
    client_expect_end(&c);
    client_expect_end(&d); /* it has never said anything */
    assert_int_equal(site->replies, 1);
    client_close(&c);
    client_close(&d);
}

static void a_request_with_the_owner_has_no_limit_here(void **state)
{
    struct site *site = *state;
    site->settings.idle_timeout_ms = site->settings.head_timeout_ms =
        site->settings.body_timeout_ms = SHORT_MS;
    site_open(site);
    struct client c = client_open(site), idle = client_open(site);
    client_get(&c, "/hold");
    site_wait_until(site, site->held_count == 1);
    client_expect_end(&idle); /* so long, at least */
    client_expect_silence(&c);
    site_answer(site, 0);
    client_expect(&c, 200, "GET /hold");
    client_close(&c);
    client_close(&idle);
}

static void who_waits_too_long_for_memory_is_answered_with_503(void **state)
{
    struct site *site = *state;
    site->settings.budget_timeout_ms = SHORT_MS;
    site->settings.body_budget = 1000;
    site_open(site);
    struct client a = client_open(site), b = client_open(site);
    client_send(&a, "POST /a HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\na");
    client_expect_silence(&a);
    client_send(&b, "POST /b HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
    client_send(&b, "POST /b HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nh");
    client_expect(&b, 200, "POST /b 5 hello"); /* whole at once, it needs none */
    client_expect_last(&b, 503, "503 no memory for the body, try again later");
    client_expect_end(&b);
    assert_int_equal(atomic_load(&site->shared.body_bytes), 1000);
    client_close(&a);
    client_close(&b);
}

static void a_client_that_does_not_read_its_reply_is_closed(void **state)
{
    struct site *site = *state;
    site->settings.write_timeout_ms = SHORT_MS;
    site->large = (size_t)20 << 20;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/large");
    site_wait_until(site, site->requests == 1 && http_server_idle(site->server));
    assert_int_equal(site->replies, 1);
    assert_int_equal(site->last_status, 200);
    assert_in_range(site->last_bytes, 1, site->large);
    client_close(&c);
}

static void what_follows_a_request_has_a_time_of_its_own(void **state)
{
    struct site *site = *state;
    site->settings.head_timeout_ms = SHORT_MS;
    site_open(site);
    struct client c = client_open(site);
    /* A head in two parts, then the part of another, which alone is too late. */
    client_send(&c, "GET /a HTTP/1.1\r\n" HOST);
    client_expect_silence(&c);
    client_send(&c, "\r\nGET /b HTTP/1.1\r\n");
    client_expect(&c, 200, "GET /a");
    client_expect_last(&c, 408, "408 the request's head took too long");
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        site_test(a_head_that_takes_too_long_is_answered_with_408),
        site_test(a_head_has_one_limit_for_all_its_bytes),
        site_test(a_body_that_takes_too_long_is_answered_with_408),
        site_test(a_body_that_is_read_over_and_takes_too_long_ends_the_connection),
        site_test(an_idle_connection_is_closed_without_a_word),
        site_test(a_request_with_the_owner_has_no_limit_here),
        site_test(who_waits_too_long_for_memory_is_answered_with_503),
        site_test(a_client_that_does_not_read_its_reply_is_closed),
        site_test(what_follows_a_request_has_a_time_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
