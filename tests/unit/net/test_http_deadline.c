/* What takes too long. The server's clock is the test's; only the tick that looks at it is real. */
#include "base/clock.h"
#include "site.h"

#define LIMIT_MS  16 /* below 20 ms the tick is the shortest there is */
#define LINGER_MS 2000
#define POST_5    "POST /a HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n"

static int64_t now_us = INT64_C(1000000000);

/* Instead of base/clock.c, which the linker then leaves out. */
int64_t clock_mono_us(void)
{
    return now_us;
}

int64_t clock_mono_ms(void)
{
    return now_us / 1000;
}

int64_t clock_real_ms(void)
{
    return now_us / 1000;
}

/* Time passes, and the tick sees it. */
static void pass(struct site *site, int ms)
{
    site_rest(site);
    now_us += ms * INT64_C(1000);
    for (int i = 0; i < 4 && !http_server_idle(site->server); i++)
        site_turn(site);
}

static void a_head_that_takes_too_long_is_answered_with_408(void **state)
{
    struct site *site = *state;
    site->settings.head_timeout_ms = LIMIT_MS;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET / HTTP/1.1\r\n");
    pass(site, LIMIT_MS - 1);
    client_expect_silence(&c);
    pass(site, 1);
    client_expect_last(&c, 408, "408 the request's head took too long");
    client_expect_end(&c);
    assert_int_equal(site->headless, 1);
    client_close(&c);
}

static void a_head_has_one_limit_for_all_its_bytes(void **state)
{
    struct site *site = *state;
    site->settings.head_timeout_ms = LIMIT_MS;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 1; i < LIMIT_MS; i++) {
        pass(site, 1);
        client_send(&c, i % 4 ? "X" : ":\r\n");
        client_expect_silence(&c);
    }
    pass(site, 1);
    client_expect_last(&c, 408, "408 the request's head took too long");
    client_close(&c);
}

static void what_follows_a_request_has_a_time_of_its_own(void **state)
{
    struct site *site = *state;
    site->settings.head_timeout_ms = LIMIT_MS;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET /a HTTP/1.1\r\n" HOST);
    pass(site, LIMIT_MS - 1);
    client_send(&c, "\r\nGET /b HTTP/1.1\r\n");
    client_expect(&c, 200, "GET /a");
    pass(site, LIMIT_MS - 1);
    client_expect_silence(&c);
    pass(site, 1);
    client_expect_last(&c, 408, "408 the request's head took too long");
    client_close(&c);
}

static void a_body_that_takes_too_long_is_answered_with_408(void **state)
{
    struct site *site = *state;
    static const char *const starts[] = {
        POST_5 "he",
        POST_5,
        "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhe",
    };
    site->settings.body_timeout_ms = LIMIT_MS;
    site_open(site);
    for (size_t i = 0; i < COUNT(starts); i++) {
        struct client c = client_open(site);
        client_send(&c, starts[i]);
        pass(site, LIMIT_MS - 1);
        client_send(&c, "l"); /* one limit for all its bytes */
        client_expect_silence(&c);
        pass(site, 1);
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
    site->settings.body_timeout_ms = LIMIT_MS;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhel");
    client_expect(&c, 404, "404 refused");
    pass(site, LIMIT_MS - 1);
    client_expect_silence(&c);
    pass(site, 1);
    client_expect_end(&c);
    client_close(&c);
}

static void an_idle_connection_is_closed_without_a_word(void **state)
{
    struct site *site = *state;
    site->settings.idle_timeout_ms = LIMIT_MS;
    site_open(site);
    struct client c = client_open(site), never = client_open(site);
    pass(site, LIMIT_MS - 1);
    client_get(&c, "/a");
    client_expect(&c, 200, "GET /a");
    client_expect_silence(&never);
    pass(site, 1);
    client_expect_end(&never); /* it has never said anything */
    pass(site, LIMIT_MS - 2);
    client_expect_silence(&c);
    pass(site, 1);
    client_expect_end(&c);
    assert_int_equal(site->replies, 1);
    client_close(&c);
    client_close(&never);
}

static void a_request_with_the_owner_has_no_limit_here(void **state)
{
    struct site *site = *state;
    site->settings.idle_timeout_ms = site->settings.head_timeout_ms = LIMIT_MS;
    site->settings.body_timeout_ms = site->settings.write_timeout_ms = LIMIT_MS;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/hold");
    pass(site, 1000 * LIMIT_MS);
    client_expect_silence(&c);
    site_answer(site, 0);
    client_expect(&c, 200, "GET /hold");
    pass(site, LIMIT_MS - 1); /* it is idle from here on */
    client_expect_silence(&c);
    client_close(&c);
}

static void who_waits_too_long_for_memory_is_answered_with_503(void **state)
{
    struct site *site = *state;
    site->settings.budget_timeout_ms = LIMIT_MS;
    site->settings.body_budget = 1000;
    site_open(site);
    struct client a = client_open(site), b = client_open(site);
    client_send(&a, "POST /a HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\na");
    client_expect_silence(&a);
    client_send(&b, POST_5 "hello" POST_5 "h");
    client_expect(&b, 200, "POST /a 5 hello"); /* whole at once, it needs none */
    pass(site, LIMIT_MS - 1);
    client_expect_silence(&b);
    pass(site, 1);
    client_expect_last(&b, 503, "503 no memory for the body, try again later");
    client_expect_end(&b);
    assert_int_equal(atomic_load(&site->shared.body_bytes), 1000);
    client_close(&a);
    client_close(&b);
}

static void the_time_of_a_body_begins_when_there_is_memory_for_it(void **state)
{
    struct site *site = *state;
    site->settings.body_budget = 1000;
    site->settings.body_timeout_ms = LIMIT_MS;
    site_open(site);
    struct client a = client_open(site), b = client_open(site);
    client_send(&a, "POST /a HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\na");
    client_expect_silence(&a);
    client_send(&b, POST_5 "h");
    pass(site, LIMIT_MS - 1);
    client_close(&a);
    pass(site, LIMIT_MS - 1);
    client_send(&b, "ello");
    client_expect(&b, 200, "POST /a 5 hello");
    client_close(&b);
}

/* Reads what has come; the server goes on writing. */
static void read_some(struct client *c)
{
    assert_true(client_receive(c, true));
    client_drop(c, c->in.len);
    site_rest(c->site);
}

static void a_client_that_does_not_read_its_reply_is_closed(void **state)
{
    struct site *site = *state;
    site->settings.write_timeout_ms = LIMIT_MS;
    site->large = (size_t)20 << 20;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/large");
    pass(site, LIMIT_MS - 1);
    assert_false(http_server_idle(site->server));
    pass(site, 1);
    assert_true(http_server_idle(site->server));
    assert_int_equal(site->replies, 1);
    assert_int_equal(site->last_status, 200);
    assert_in_range(site->last_bytes, 1, site->large);
    client_close(&c);
}

static void a_client_that_reads_slowly_is_not_closed(void **state)
{
    struct site *site = *state;
    site->settings.write_timeout_ms = LIMIT_MS;
    site->large = (size_t)20 << 20;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/large");
    for (int i = 0; i < 5; i++) {
        pass(site, LIMIT_MS - 1);
        for (int piece = 0; piece < 40; piece++)
            read_some(&c); /* the kernel asks for more when a third of its buffer is free */
        assert_int_equal(site->replies, 0);
    }
    client_close(&c);
    site_wait_until(site, http_server_idle(site->server));
}

static void who_never_closes_after_its_last_reply_is_closed(void **state)
{
    struct site *site = *state;
    site->settings.write_timeout_ms = LIMIT_MS; /* for a short tick */
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "BAD\r\n");
    client_expect_last(&c, 400, "400 malformed method");
    client_expect_end(&c);
    pass(site, LINGER_MS - 1);
    assert_false(http_server_idle(site->server));
    pass(site, 1);
    assert_true(http_server_idle(site->server));
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        site_test(a_head_that_takes_too_long_is_answered_with_408),
        site_test(a_head_has_one_limit_for_all_its_bytes),
        site_test(what_follows_a_request_has_a_time_of_its_own),
        site_test(a_body_that_takes_too_long_is_answered_with_408),
        site_test(a_body_that_is_read_over_and_takes_too_long_ends_the_connection),
        site_test(an_idle_connection_is_closed_without_a_word),
        site_test(a_request_with_the_owner_has_no_limit_here),
        site_test(who_waits_too_long_for_memory_is_answered_with_503),
        site_test(the_time_of_a_body_begins_when_there_is_memory_for_it),
        site_test(a_client_that_does_not_read_its_reply_is_closed),
        site_test(a_client_that_reads_slowly_is_not_closed),
        site_test(who_never_closes_after_its_last_reply_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
