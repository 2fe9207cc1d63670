/* Bodies that the owner does not want to read on, once it has seen how they begin. */
#include "site.h"

#define POST(path, length) "POST " path " HTTP/1.1\r\n" HOST "Content-Length: " length "\r\n\r\n"
#define POST_CHUNKED(path) "POST " path " HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

static void expect_last(struct client *c)
{
    const char *reply = client_reply(c, true);
    assert_int_equal(status_of(reply), 200);
    assert_non_null(strstr(reply, "Connection: close\r\n"));
    client_expect_end(c);
}

static void a_body_whose_beginning_is_refused_is_answered_and_not_read(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST("/a", "900") "no more of this");
    expect_last(&c);
    assert_int_equal(site->bodies, 1);
    assert_int_equal(site->requests, 1);
    assert_int_equal(atomic_load(&site->shared.body_bytes), 0);
    client_close(&c);
}

static void the_beginning_may_come_behind_the_head(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST("/a", "900"));
    client_expect_silence(&c);
    assert_int_equal(site->bodies, 0);
    client_send(&c, "no");
    expect_last(&c);
    assert_int_equal(site->bodies, 1);
    assert_int_equal(atomic_load(&site->shared.body_bytes), 0);
    client_close(&c);
}

static void a_chunked_body_is_refused_by_its_first_chunk(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST_CHUNKED("/a") "2\r\nno\r\n");
    expect_last(&c);
    struct client d = client_open(site);
    client_send(&d, POST_CHUNKED("/a"));
    client_expect_silence(&d);
    client_send(&d, "3\r\nnot\r\n");
    expect_last(&d);
    assert_int_equal(site->bodies, 2);
    client_close(&c);
    client_close(&d);
}

static void a_body_that_is_wanted_is_asked_about_once(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST("/a", "6") "ye");
    client_expect_silence(&c);
    client_send(&c, "s, ");
    client_expect_silence(&c);
    client_send(&c, "no");
    client_send(&c, "GET /b HTTP/1.1\r\n" HOST "\r\n");
    /* Five bytes were sent of six and one of the next request: what counts is that all was read on. */
    assert_int_equal(status_of(client_reply(&c, true)), 200);
    assert_int_equal(site->bodies, 1);
    client_close(&c);
}

static void a_body_that_comes_whole_with_its_head_is_not_asked_about(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, POST("/a", "2") "no");
    client_expect(&c, 200, "POST /a 2 no");
    assert_int_equal(site->bodies, 0);
    client_close(&c);
}

static void the_reply_waits_for_those_before_it(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET /hold HTTP/1.1\r\n" HOST "\r\n" POST("/a", "900") "no");
    site_wait_until(site, site->held_count == 1 && site->requests == 2);
    client_expect_silence(&c);
    site_answer(site, 0);
    client_expect(&c, 200, "GET /hold");
    expect_last(&c);
    client_close(&c);
}

static void a_refused_body_does_not_wait_for_memory(void **state)
{
    struct site *site = *state;
    site->settings.body_budget = 1000;
    site_open(site);
    struct client a = client_open(site), b = client_open(site);
    client_send(&a, POST("/a", "900") "yes");
    client_expect_silence(&a);
    client_send(&b, POST("/b", "900") "no");
    expect_last(&b);
    client_close(&a);
    client_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        site_test(a_body_whose_beginning_is_refused_is_answered_and_not_read),
        site_test(the_beginning_may_come_behind_the_head),
        site_test(a_chunked_body_is_refused_by_its_first_chunk),
        site_test(a_body_that_is_wanted_is_asked_about_once),
        site_test(a_body_that_comes_whole_with_its_head_is_not_asked_about),
        site_test(the_reply_waits_for_those_before_it),
        site_test(a_refused_body_does_not_wait_for_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
