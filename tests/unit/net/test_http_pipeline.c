/* Several requests of one connection at once: their order, and how many. */
#include "site.h"

#define PIPELINE_MAX 64 /* as in http_internal.h */

static void client_get_many(struct client *c, const char *format, int first, int count)
{
    struct buf text;
    buf_init(&text, 100000);
    for (int i = first; i < first + count; i++) {
        buf_add_text(&text, "GET ");
        buf_printf(&text, format, i);
        buf_add_text(&text, " HTTP/1.1\r\n" HOST "\r\n");
    }
    client_send_bytes(c, text.data, text.len);
    buf_free(&text);
}

static void client_expect_many(struct client *c, const char *format, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        char path[32], body[64];
        snprintf(path, sizeof(path), format, i);
        snprintf(body, sizeof(body), "GET %s", path);
        client_expect(c, 200, body);
    }
}

static void requests_in_one_packet_are_answered_in_order(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET /1 HTTP/1.1\r\n" HOST "\r\n"
                    "POST /2 HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"
                    "POST /3 HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                    "2\r\nab\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n"
                    "GET /4 HTTP/1.1\r\n" HOST "\r\n");
    client_expect(&c, 200, "GET /1");
    client_expect(&c, 200, "POST /2 5 hello");
    client_expect(&c, 200, "POST /3 3 abc");
    client_expect(&c, 200, "GET /4");
    client_close(&c);
}

static void replies_made_out_of_order_are_sent_in_order(void **state)
{
    struct site *site = *state;
    static const size_t order[] = {2, 4, 0, 3, 1};
    site_open(site);
    struct client c = client_open(site);
    client_get_many(&c, "/hold/%d", 0, 5);
    site_wait_until(site, site->held_count == 5);
    site_answer(site, order[0]);
    site_answer(site, order[1]);
    client_expect_silence(&c);
    site_answer(site, order[2]);
    client_expect_many(&c, "/hold/%d", 0, 1);
    client_expect_silence(&c);
    site_answer(site, order[3]);
    client_expect_silence(&c);
    site_answer(site, order[4]);
    client_expect_many(&c, "/hold/%d", 1, 4);
    assert_int_equal(site->replies, 5);
    client_close(&c);
}

static void large_and_short_replies_keep_their_order(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_get_many(&c, "/hold/%d", 0, 40);
    site_wait_until(site, site->held_count == 40);
    for (size_t i = 40; i-- > 0;)
        if (i % 2)
            site_reply_large(site->held[i], 3000 + i);
        else
            site_answer(site, i);
    for (int i = 0; i < 40; i++) {
        const char *reply = client_reply(&c, true);
        char path[32];
        snprintf(path, sizeof(path), "GET /hold/%d", i);
        if (i % 2)
            assert_int_equal(strlen(body_of(reply)), 3000 + i);
        else
            assert_string_equal(body_of(reply), path);
    }
    client_close(&c);
}

static void no_more_than_64_requests_are_with_the_owner(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_get_many(&c, "/hold/%d", 0, 150);
    site_wait_until(site, site->held_count == PIPELINE_MAX);
    client_expect_silence(&c);
    assert_int_equal(site->held_count, PIPELINE_MAX);
    site_answer(site, 0);
    client_expect_many(&c, "/hold/%d", 0, 1);
    site_rest(site);
    assert_int_equal(site->held_count, PIPELINE_MAX + 1);
    for (size_t i = 1; i < 150; i++) {
        site_wait_until(site, site->held_count > i);
        site_answer(site, i);
    }
    client_expect_many(&c, "/hold/%d", 1, 149);
    client_close(&c);
}

static void an_empty_line_behind_64_requests_does_not_stop_the_connection(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    struct buf text;
    buf_init(&text, 100000);
    for (int i = 0; i < PIPELINE_MAX; i++)
        buf_add_text(&text, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    buf_add_text(&text, "\r\n");
    client_send_bytes(&c, text.data, text.len);
    buf_free(&text);
    site_wait_until(site, site->held_count == PIPELINE_MAX);
    for (size_t i = 0; i < PIPELINE_MAX; i++) {
        site_answer(site, i);
        client_expect(&c, 200, "GET /hold");
    }
    client_get(&c, "/a");
    client_expect(&c, 200, "GET /a");
    client_close(&c);
}

static void the_memory_of_requests_with_the_owner_is_bounded(void **state)
{
    struct site *site = *state;
    char text[4096];
    site_open(site);
    site->max_body = 100000;
    struct client c = client_open(site);
    int head =
        snprintf(text, sizeof(text), "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 3000\r\n\r\n");
    memset(text + head, 'x', 3000);
    for (int i = 0; i < 40; i++)
        client_send_bytes(&c, text, (size_t)head + 3000);
    for (int i = 0; i < 10; i++)
        site_rest(site);
    assert_in_range(site->held_count, 20, 35); /* 64 KiB of 3 KiB each, and those of the budget */
    for (size_t i = 0; i < 40; i++) {
        site_wait_until(site, site->held_count > i);
        assert_int_equal(site->held[i]->body.len, 3000);
        site_answer(site, i);
    }
    for (int i = 0; i < 40; i++)
        assert_int_equal(status_of(client_reply(&c, true)), 200);
    client_close(&c);
}

static void nothing_behind_a_close_is_looked_at(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET /1 HTTP/1.1\r\n" HOST "\r\n"
                    "GET /2 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"
                    "GET /3 HTTP/1.1\r\n" HOST "\r\nrubbish");
    client_expect(&c, 200, "GET /1");
    client_expect_last(&c, 200, "GET /2");
    client_expect_end(&c);
    assert_int_equal(site->requests, 2);
    client_close(&c);
}

static void only_the_last_reply_says_close_also_when_it_was_made_first(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET /hold/1 HTTP/1.1\r\n" HOST "\r\n"
                    "GET /hold/2 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    site_wait_until(site, site->held_count == 2);
    site_answer(site, 1);
    client_expect_silence(&c);
    site_answer(site, 0);
    client_expect(&c, 200, "GET /hold/1");
    client_expect_last(&c, 200, "GET /hold/2");
    client_expect_end(&c);
    client_close(&c);
}

static void an_error_waits_for_the_replies_before_it(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/hold/1");
    client_send(&c, "GET / HTTP/1.1\r\nX : y\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n");
    client_expect_silence(&c);
    site_answer(site, 0);
    client_expect(&c, 200, "GET /hold/1");
    client_expect_last(&c, 400, "400 a blank before a header's colon");
    client_expect_end(&c);
    assert_int_equal(site->requests, 1);
    client_close(&c);
}

static void a_refusal_waits_for_the_replies_before_it_and_the_connection_goes_on(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET /hold HTTP/1.1\r\n" HOST "\r\n"
                    "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"
                    "GET /a HTTP/1.1\r\n" HOST "\r\n");
    site_wait_until(site, site->requests == 2);
    client_expect_silence(&c);
    site_answer(site, 0);
    client_expect(&c, 200, "GET /hold");
    client_expect(&c, 404, "404 refused");
    client_expect(&c, 200, "GET /a");
    client_close(&c);
}

static void the_rest_of_a_head_is_read_when_the_requests_before_are_answered(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/hold");
    client_send(&c, "GET /a HTT");
    site_wait_until(site, site->held_count == 1);
    client_expect_silence(&c);
    site_answer(site, 0);
    client_expect(&c, 200, "GET /hold");
    client_send(&c, "P/1.1\r\n" HOST "\r\n");
    client_expect(&c, 200, "GET /a");
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        site_test(requests_in_one_packet_are_answered_in_order),
        site_test(replies_made_out_of_order_are_sent_in_order),
        site_test(large_and_short_replies_keep_their_order),
        site_test(no_more_than_64_requests_are_with_the_owner),
        site_test(an_empty_line_behind_64_requests_does_not_stop_the_connection),
        site_test(the_memory_of_requests_with_the_owner_is_bounded),
        site_test(nothing_behind_a_close_is_looked_at),
        site_test(only_the_last_reply_says_close_also_when_it_was_made_first),
        site_test(an_error_waits_for_the_replies_before_it),
        site_test(a_refusal_waits_for_the_replies_before_it_and_the_connection_goes_on),
        site_test(the_rest_of_a_head_is_read_when_the_requests_before_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
