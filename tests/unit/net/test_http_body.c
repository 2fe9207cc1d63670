/* Bodies of requests: their reading, their limits, the budget that all share, 100 Continue. */
#include "site.h"

#define POST(path, length) "POST " path " HTTP/1.1\r\n" HOST "Content-Length: " length "\r\n\r\n"
#define POST_CHUNKED(path) "POST " path " HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
#define POST_EXPECT(path, length)                                      \
    "POST " path " HTTP/1.1\r\n" HOST "Content-Length: " length "\r\n" \
    "Expect: 100-continue\r\n\r\n"

static const char zeros[200000]; /* bytes of a body that nobody reads */

static size_t reserved(const struct site *site)
{
    return atomic_load(&site->shared.body_bytes);
}

/* --- reading */

static void a_body_that_comes_in_pieces_is_whole_for_the_owner(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST("/a", "11") "hel");
    client_expect_silence(&c);
    assert_int_equal(reserved(site), 11);
    client_send(&c, "lo wor");
    client_expect_silence(&c);
    assert_int_equal(site->requests, 0);
    client_send(&c, "ldGET /b HTTP/1.1\r\n" HOST "\r\n");
    client_expect(&c, 200, "POST /a 11 hello world");
    client_expect(&c, 200, "GET /b");
    assert_int_equal(reserved(site), 0);
    client_close(&c);
}

static void a_large_body_arrives_byte_for_byte(void **state)
{
    struct site *site = *state;
    size_t len = (size_t)3 << 20;
    char *body = malloc(len);
    site->max_body = len;
    site_open(site);
    struct client c = client_open(site);
    for (size_t i = 0; i < len; i++)
        body[i] = (char)(i % 251);
    client_send(&c, POST("/hold", "3145728"));
    client_send_bytes(&c, body, len);
    site_wait_until(site, site->held_count == 1);
    assert_int_equal(site->held[0]->body.len, len);
    assert_memory_equal(site->held[0]->body.p, body, len);
    assert_int_equal(site->held[0]->body.p[len], '\0');
    assert_int_equal(reserved(site), len);
    site_answer(site, 0);
    assert_int_equal(status_of(client_reply(&c, true)), 200);
    free(body);
    client_close(&c);
}

static void a_chunked_body_that_comes_byte_by_byte_is_whole_for_the_owner(void **state)
{
    struct site *site = *state;
    static const char text[] = POST_CHUNKED("/a") "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n";
    site_open(site);
    struct client c = client_open(site);
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        assert_int_equal(site->requests, 0);
        client_send_bytes(&c, text + i, 1);
        site_rest(site);
    }
    client_expect(&c, 200, "POST /a 6 hello!");
    assert_int_equal(reserved(site), 0);
    client_close(&c);
}

static void a_chunked_body_keeps_only_what_it_fills_of_the_budget(void **state)
{
    struct site *site = *state;
    site->max_body = 100000;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST_CHUNKED("/hold") "5\r\nhello\r\n");
    site_wait_until(site, reserved(site) == 100000); /* nobody knows yet how long it is */
    client_send(&c, "0\r\n\r\n");
    site_wait_until(site, site->held_count == 1);
    assert_int_equal(reserved(site), 5);
    site_answer(site, 0);
    client_expect(&c, 200, "POST /hold 5 hello");
    assert_int_equal(reserved(site), 0);
    client_close(&c);
}

static void empty_bodies_are_bodies(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST("/1", "0") POST_CHUNKED("/2") "0\r\n\r\n");
    client_expect(&c, 200, "POST /1");
    client_expect(&c, 200, "POST /2");
    client_send(&c, POST_CHUNKED("/3"));
    client_expect_silence(&c);
    client_send(&c, "0\r\n\r\n\r\n"); /* and an empty line that belongs to nothing */
    client_expect(&c, 200, "POST /3");
    client_expect_silence(&c);
    client_get(&c, "/4");
    client_expect(&c, 200, "GET /4");
    client_close(&c);
}

static void a_malformed_chunk_ends_the_connection(void **state)
{
    struct site *site = *state;
    static const char *const chunks[] = {"x\r\n", "0x5\r\nhello\r\n", "5\r\nhelloo"};
    site_open(site);
    for (size_t i = 0; i < COUNT(chunks); i++) {
        for (int at_once = 0; at_once < 2; at_once++) {
            struct client c = client_open(site);
            client_send(&c, POST_CHUNKED("/a"));
            if (!at_once)
                client_expect_silence(&c);
            client_send(&c, chunks[i]);
            assert_int_equal(status_of(client_reply(&c, true)), 400);
            client_expect_end(&c);
            assert_int_equal(reserved(site), 0);
            client_close(&c);
        }
    }
    assert_int_equal(site->requests, 0);
}

static void a_client_that_goes_before_its_body_is_whole_gives_the_budget_back(void **state)
{
    struct site *site = *state;
    site_open(site);
    for (int chunked = 0; chunked < 2; chunked++) {
        struct client c = client_open(site);
        client_send(&c, chunked ? POST_CHUNKED("/a") "5\r\nhe" : POST("/a", "5") "he");
        site_wait_until(site, reserved(site) > 0);
        shutdown(c.fd, SHUT_WR);
        client_expect_end(&c);
        assert_int_equal(reserved(site), 0);
        client_close(&c);
    }
    assert_int_equal(site->requests, 0);
    assert_int_equal(site->replies, 0);
}

/* --- too large */

static void a_short_body_over_its_limit_is_read_over(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST("/1", "1001"));
    client_expect(&c, 413, "413 the body is too large"); /* at once */
    client_send_bytes(&c, zeros, 1001);
    client_get(&c, "/2");
    client_expect(&c, 200, "GET /2");
    client_send(&c, POST("/3", "1000"));
    client_send_bytes(&c, zeros, 1000);
    assert_int_equal(status_of(client_reply(&c, true)), 200);
    client_close(&c);
}

static void a_long_body_over_its_limit_ends_the_connection(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST("/1", "9999999999999999999"));
    client_send_bytes(&c, zeros, sizeof(zeros));
    client_expect_last(&c, 413, "413 the body is too large");
    client_expect_end(&c);
    assert_int_equal(site->requests, 0);
    client_close(&c);
}

static void a_chunked_body_over_its_limit_ends_the_connection_when_it_is_announced(void **state)
{
    struct site *site = *state;
    static const char *const chunks[] = {"3e9\r\n", "ffffffffffffffff\r\nabc", "1\r\na\r\n3e8\r\n"};
    site_open(site);
    for (size_t i = 0; i < COUNT(chunks); i++) {
        struct client c = client_open(site);
        client_send(&c, POST_CHUNKED("/a"));
        client_expect_silence(&c);
        client_send(&c, chunks[i]);
        client_expect_last(&c, 413, "413 the body is too large");
        client_expect_end(&c);
        client_close(&c);
    }
    assert_int_equal(reserved(site), 0);
}

static void a_chunked_body_of_exactly_its_limit_is_taken(void **state)
{
    struct site *site = *state;
    site->max_body = 6;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST_CHUNKED("/a"));
    client_expect_silence(&c);
    client_send(&c, "4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n");
    client_expect(&c, 200, "POST /a 6 abcdef");
    client_close(&c);
}

static void a_body_larger_than_the_whole_budget_is_refused(void **state)
{
    struct site *site = *state;
    site->max_body = 100000;
    site->settings.body_budget = 50000;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST("/a", "50001"));
    client_expect_last(&c, 413, "413 the body is larger than the memory for all bodies");
    client_expect_end(&c);
    client_close(&c);
}

/* --- refused by the owner */

static void the_body_of_a_refused_request_is_read_over(void **state)
{
    struct site *site = *state;
    site->refusal_headers = "Allow: GET\r\n";
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST("/refuse", "5") "he");
    assert_non_null(strstr(client_reply(&c, true), "\r\nAllow: GET\r\n"));
    client_send(&c, "llo" POST_CHUNKED("/refuse") "5\r\nhel");
    client_expect(&c, 404, "404 refused");
    client_send(&c, "lo\r\n0\r\n\r\nGET /b HTTP/1.1\r\n" HOST "\r\n");
    client_expect(&c, 200, "GET /b");
    assert_int_equal(site->requests, 1);
    client_close(&c);
}

static void a_long_body_of_a_refused_request_ends_the_connection(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST("/refuse", "65537") "he");
    client_expect_last(&c, 404, "404 refused");
    client_expect_end(&c);
    client_close(&c);
    c = client_open(site);
    client_send(&c, POST_CHUNKED("/refuse") "20000\r\n");
    client_expect(&c, 404, "404 refused"); /* nobody knows yet that it is long */
    client_send_bytes(&c, zeros, 100000);
    client_expect_end(&c);
    client_close(&c);
    assert_int_equal(site->requests, 0);
}

static void a_malformed_body_of_a_refused_request_ends_the_connection(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST_CHUNKED("/refuse") "x\r\nGET /a HTTP/1.1\r\n" HOST "\r\n");
    client_expect(&c, 404, "404 refused");
    client_expect_end(&c);
    assert_int_equal(site->requests, 0);
    client_close(&c);
}

/* --- Expect: 100-continue */

#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

static void who_expects_100_continue_is_told_to_go_on(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST_EXPECT("/a", "5"));
    assert_string_equal(client_reply(&c, false), CONTINUE);
    client_expect_silence(&c);
    client_send(&c, "hello");
    client_expect(&c, 200, "POST /a 5 hello");
    client_close(&c);
}

static void who_sends_the_body_at_once_is_not_told_to_go_on(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST_EXPECT("/a", "5") "he");
    client_expect_silence(&c);
    client_send(&c, "llo" POST_EXPECT("/b", "5") "hello" POST_EXPECT("/c", "0"));
    client_expect(&c, 200, "POST /a 5 hello");
    client_expect(&c, 200, "POST /b 5 hello");
    client_expect(&c, 200, "POST /c");
    client_close(&c);
}

static void who_expects_100_continue_and_is_refused_is_not_told_to_go_on(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST_EXPECT("/refuse", "5"));
    client_expect_last(&c, 404, "404 refused");
    client_expect_end(&c);
    client_close(&c);
    c = client_open(site);
    client_send(&c, POST_EXPECT("/a", "1001"));
    client_expect_last(&c, 413, "413 the body is too large");
    client_expect_end(&c);
    client_close(&c);
}

static void http_1_0_knows_no_100_continue(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "POST /a HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    client_expect_silence(&c);
    client_send(&c, "hello");
    client_expect_last(&c, 200, "POST /a 5 hello");
    client_close(&c);
}

static void continue_waits_for_the_replies_before_it(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET /hold HTTP/1.1\r\n" HOST "\r\n" POST_EXPECT("/a", "5"));
    site_wait_until(site, site->heads == 2);
    client_expect_silence(&c);
    site_answer(site, 0);
    client_expect(&c, 200, "GET /hold");
    assert_string_equal(client_reply(&c, false), CONTINUE);
    client_send(&c, "hello");
    client_expect(&c, 200, "POST /a 5 hello");
    client_close(&c);
}

static void continue_is_not_sent_when_the_body_has_come_meanwhile(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET /hold HTTP/1.1\r\n" HOST "\r\n" POST_EXPECT("/a", "5"));
    site_wait_until(site, site->heads == 2);
    client_send(&c, "hel");
    client_expect_silence(&c);
    site_answer(site, 0);
    client_expect(&c, 200, "GET /hold");
    client_expect_silence(&c);
    client_send(&c, "lo");
    client_expect(&c, 200, "POST /a 5 hello");
    client_close(&c);
}

/* --- the budget */

static void a_body_waits_for_the_memory_that_others_hold(void **state)
{
    struct site *site = *state;
    site->settings.body_budget = 1500;
    site_open(site);
    struct client a = client_open(site), b = client_open(site);
    client_send(&a, POST("/hold", "1000") "a");
    client_expect_silence(&a);
    client_send(&b, POST("/b", "600") "b");
    client_expect_silence(&b);
    assert_int_equal(reserved(site), 1000);
    client_send_bytes(&a, zeros, 999);
    client_send_bytes(&b, zeros, 599);
    client_expect_silence(&b);
    assert_int_equal(site->held_count, 1);
    site_answer(site, 0);
    assert_int_equal(status_of(client_reply(&a, true)), 200);
    const char *reply = client_reply(&b, true);
    assert_int_equal(status_of(reply), 200);
    assert_string_equal(body_of(reply), "POST /b 600 b"); /* a NUL ends the text */
    client_close(&a);
    client_close(&b);
}

static void who_waits_for_memory_is_told_to_go_on_when_it_is_there(void **state)
{
    struct site *site = *state;
    site->settings.body_budget = 1000;
    site_open(site);
    struct client a = client_open(site), b = client_open(site);
    client_send(&a, POST("/a", "1000") "a");
    client_expect_silence(&a);
    client_send(&b, POST_EXPECT("/b", "5"));
    client_expect_silence(&b);
    client_close(&a);
    assert_string_equal(client_reply(&b, false), CONTINUE);
    client_send(&b, "hello");
    client_expect(&b, 200, "POST /b 5 hello");
    client_close(&b);
}

static void a_chunked_body_waits_for_memory_with_what_has_come_of_it(void **state)
{
    struct site *site = *state;
    site->settings.body_budget = 1500;
    site_open(site);
    struct client a = client_open(site), b = client_open(site);
    client_send(&a, POST("/a", "1000") "a");
    client_expect_silence(&a);
    client_send(&b, POST_CHUNKED("/b") "5\r\nhello\r\n4\r\n w");
    client_expect_silence(&b);
    client_send(&b, "or\r\n2\r\nld\r\n0\r\n\r\nGET /c HTTP/1.1\r\n" HOST "\r\n");
    client_expect_silence(&b);
    client_close(&a);
    client_expect(&b, 200, "POST /b 11 hello world");
    client_expect(&b, 200, "GET /c");
    client_close(&b);
}

static void a_large_body_that_waits_is_not_overtaken(void **state)
{
    struct site *site = *state;
    site->settings.body_budget = 1000;
    site_open(site);
    struct client a = client_open(site), b = client_open(site), c = client_open(site);
    client_send(&a, POST("/a", "500") "a");
    client_expect_silence(&a);
    client_send(&b, POST("/b", "1000") "b");
    client_expect_silence(&b);
    client_send(&c, POST("/c", "100") "c"); /* there is room for it, but it is not its turn */
    client_expect_silence(&c);
    assert_int_equal(reserved(site), 500);
    client_close(&a);
    site_wait_until(site, reserved(site) == 1000);
    client_send_bytes(&c, zeros, 99);
    client_expect_silence(&c);
    client_send_bytes(&b, zeros, 999);
    assert_int_equal(status_of(client_reply(&b, true)), 200);
    assert_int_equal(status_of(client_reply(&c, true)), 200);
    client_close(&b);
    client_close(&c);
}

static void a_client_that_goes_while_it_waits_for_memory_leaves_nothing(void **state)
{
    struct site *site = *state;
    site->settings.body_budget = 1000;
    site_open(site);
    struct client a = client_open(site), b = client_open(site);
    client_send(&a, POST("/a", "1000") "a");
    client_expect_silence(&a);
    client_send(&b, POST("/b", "1000") "b");
    client_expect_silence(&b);
    client_close(&b); /* seen when it is read again */
    client_send_bytes(&a, zeros, 999);
    assert_int_equal(status_of(client_reply(&a, true)), 200);
    site_wait_until(site, atomic_load(&site->shared.connections) == 1);
    assert_int_equal(reserved(site), 0);
    assert_int_equal(site->requests, 1);
    client_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        site_test(a_body_that_comes_in_pieces_is_whole_for_the_owner),
        site_test(a_large_body_arrives_byte_for_byte),
        site_test(a_chunked_body_that_comes_byte_by_byte_is_whole_for_the_owner),
        site_test(a_chunked_body_keeps_only_what_it_fills_of_the_budget),
        site_test(empty_bodies_are_bodies),
        site_test(a_malformed_chunk_ends_the_connection),
        site_test(a_client_that_goes_before_its_body_is_whole_gives_the_budget_back),
        site_test(a_short_body_over_its_limit_is_read_over),
        site_test(a_long_body_over_its_limit_ends_the_connection),
        site_test(a_chunked_body_over_its_limit_ends_the_connection_when_it_is_announced),
        site_test(a_chunked_body_of_exactly_its_limit_is_taken),
        site_test(a_body_larger_than_the_whole_budget_is_refused),
        site_test(the_body_of_a_refused_request_is_read_over),
        site_test(a_long_body_of_a_refused_request_ends_the_connection),
        site_test(a_malformed_body_of_a_refused_request_ends_the_connection),
        site_test(who_expects_100_continue_is_told_to_go_on),
        site_test(who_sends_the_body_at_once_is_not_told_to_go_on),
        site_test(who_expects_100_continue_and_is_refused_is_not_told_to_go_on),
        site_test(http_1_0_knows_no_100_continue),
        site_test(continue_waits_for_the_replies_before_it),
        site_test(continue_is_not_sent_when_the_body_has_come_meanwhile),
        site_test(a_body_waits_for_the_memory_that_others_hold),
        site_test(who_waits_for_memory_is_told_to_go_on_when_it_is_there),
        site_test(a_chunked_body_waits_for_memory_with_what_has_come_of_it),
        site_test(a_large_body_that_waits_is_not_overtaken),
        site_test(a_client_that_goes_while_it_waits_for_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
