#include "site.h"

#define TYPE "Content-Type: text/event-stream\r\n"

static void on_closed(void *owner)
{
    ++*(int *)owner;
}

/* A client whose stream the test has opened, and has seen the head of. */
static struct client open_stream(struct site *site, int *closed, struct http_stream **ret_stream)
{
    struct client c = client_open(site);
    size_t index = site->held_count;
    client_get(&c, "/hold");
    site_wait_until(site, site->held_count > index);
    assert_int_equal(http_stream_open(site->held[index], STR(TYPE), on_closed, closed, ret_stream),
                     0);
    const char *head = client_reply(&c, false);
    assert_int_equal(status_of(head), 200);
    assert_non_null(strstr(head, "\r\n" TYPE));
    assert_non_null(strstr(head, "\r\nConnection: close\r\n"));
    assert_null(strstr(head, "Content-Length"));
    return c;
}

static void expect_text(struct client *c, const char *text)
{
    size_t len = strlen(text);
    while (c->in.len < len)
        if (!client_receive(c, true))
            fail_msg("the stream ends before \"%s\"", text);
    assert_memory_equal(c->in.data, text, len);
    client_drop(c, len);
}

static void a_stream_stays_open_and_what_is_written_arrives(void **state)
{
    struct site *site = *state;
    struct http_stream *stream;
    int closed = 0;
    site->settings.idle_timeout_ms = 20;
    site_open(site);
    struct client c = open_stream(site, &closed, &stream);
    assert_int_equal(site->replies, 1); /* the request is done with: it is in the log */
    assert_int_equal(site->last_status, 200);
    for (int i = 0; i < 3; i++) {
        struct client idle = client_open(site); /* until an idle connection's time is up */
        client_expect_end(&idle);
        client_close(&idle);
        client_expect_silence(&c);
        assert_true(http_stream_write(stream, STR("data: 1\n\n")));
        assert_true(http_stream_write(stream, STR("data: 2\n\n")));
        expect_text(&c, "data: 1\n\ndata: 2\n\n");
    }
    assert_int_equal(atomic_load(&site->shared.connections), 1);
    http_stream_close(stream);
    client_expect_end(&c);
    client_close(&c);
    assert_int_equal(closed, 0);
    assert_true(http_server_idle(site->server));
}

static void what_is_written_before_the_head_has_left_comes_behind_it(void **state)
{
    struct site *site = *state;
    struct http_stream *stream;
    int closed = 0;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/hold");
    client_get(&c, "/hold?stream");
    site_wait_until(site, site->held_count == 2);
    assert_int_equal(http_stream_open(site->held[1], STR(TYPE), on_closed, &closed, &stream), 0);
    assert_true(http_stream_write(stream, STR("data: early\n\n")));
    client_expect_silence(&c); /* the reply before is not there yet */
    site_answer(site, 0);
    client_expect(&c, 200, "GET /hold");
    client_reply(&c, false);
    expect_text(&c, "data: early\n\n");
    client_close(&c);
    assert_int_equal(closed, 1);
}

static void a_client_that_leaves_closes_its_stream(void **state)
{
    struct site *site = *state;
    struct http_stream *stream;
    int closed = 0;
    site_open(site);
    struct client c = open_stream(site, &closed, &stream);
    assert_int_equal(closed, 0);
    client_close(&c);
    assert_int_equal(closed, 1);
    assert_true(http_server_idle(site->server));
}

static void a_client_may_write_four_kibibytes_and_no_more(void **state)
{
    struct site *site = *state;
    struct http_stream *stream;
    int closed = 0;
    char text[1024] = {0};
    site_open(site);
    struct client c = open_stream(site, &closed, &stream);
    for (int i = 0; i < 4; i++) {
        client_send_bytes(&c, text, sizeof(text));
        client_expect_silence(&c);
    }
    assert_int_equal(closed, 0);
    client_send_bytes(&c, text, 1);
    site_wait_until(site, closed == 1);
    client_close(&c);
}

static void a_client_that_does_not_read_fills_the_outbox_and_is_left(void **state)
{
    struct site *site = *state;
    struct http_stream *stream;
    int closed = 0;
    char text[4096];
    size_t written = 0;
    memset(text, 'x', sizeof(text));
    site_open(site);
    struct client c = open_stream(site, &closed, &stream);
    setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &(int){4096}, sizeof(int));
    while (http_stream_write(stream, (struct str){text, sizeof(text)})) {
        written += sizeof(text);
        site_rest(site);
        assert_true(written < ((size_t)8 << 20)); /* the kernel's buffers and ours */
    }
    assert_int_equal(closed, 0); /* not from within the writing */
    assert_false(http_stream_write(stream, STR("more")));
    http_server_flush(site->server);
    assert_int_equal(closed, 1);
    client_close(&c);
}

static void one_write_larger_than_the_outbox_closes_the_stream(void **state)
{
    struct site *site = *state;
    struct http_stream *stream;
    int closed = 0;
    static char text[HTTP_STREAM_OUTBOX + 1];
    site_open(site);
    struct client c = open_stream(site, &closed, &stream);
    assert_true(http_stream_write(stream, (struct str){text, HTTP_STREAM_OUTBOX}));
    assert_false(http_stream_write(stream, (struct str){text, 1}));
    http_server_flush(site->server);
    assert_int_equal(closed, 1);
    client_close(&c);
}

static void a_client_that_does_not_read_for_the_write_timeout_is_left(void **state)
{
    struct site *site = *state;
    struct http_stream *stream;
    int closed = 0;
    char text[4096];
    memset(text, 'x', sizeof(text));
    site->settings.write_timeout_ms = 30;
    site_open(site);
    struct client c = open_stream(site, &closed, &stream);
    /* As much as the kernel takes, and a part of the outbox: it blocks when the outbox does not empty. */
    for (int i = 0; i < 2048 && closed == 0; i++) {
        if (i % 8 == 7)
            site_rest(site);
        if (closed == 0 && !http_stream_write(stream, (struct str){text, 256}))
            break;
    }
    site_wait_until(site, closed == 1);
    client_close(&c);
}

static void nothing_may_be_sent_behind_a_request_for_a_stream(void **state)
{
    struct site *site = *state;
    struct http_stream *stream;
    int closed = 0;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/hold");
    client_get(&c, "/b");
    site_wait_until(site, site->requests == 2);
    assert_int_equal(http_stream_open(site->held[0], STR(TYPE), on_closed, &closed, &stream),
                     ERR_INVALID);
    site_answer(site, 0);
    client_expect(&c, 200, "GET /hold");
    client_expect(&c, 200, "GET /b");
    client_send(&c, "HEAD /hold HTTP/1.1\r\n" HOST "\r\n");
    site_wait_until(site, site->held_count == 2);
    assert_int_equal(http_stream_open(site->held[1], STR(TYPE), on_closed, &closed, &stream),
                     ERR_INVALID);
    site_answer(site, 1);
    client_reply(&c, false);
    client_close(&c);
    assert_int_equal(closed, 0);
}

static void a_client_that_has_left_gets_no_stream(void **state)
{
    struct site *site = *state;
    struct http_stream *stream;
    int closed = 0;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/hold");
    site_wait_until(site, site->held_count == 1);
    client_close(&c);
    assert_int_equal(http_stream_open(site->held[0], STR(TYPE), on_closed, &closed, &stream),
                     ERR_CLOSED);
    site_answer(site, 0);
    site_rest(site);
    assert_true(http_server_idle(site->server));
}

static void a_drain_ends_streams_at_once(void **state)
{
    struct site *site = *state;
    struct http_stream *first, *second;
    int closed = 0;
    site_open(site);
    struct client a = open_stream(site, &closed, &first), b = open_stream(site, &closed, &second);
    assert_true(http_stream_write(first, STR("data: last\n\n")));
    http_server_drain(site->server);
    http_server_flush(site->server);
    assert_int_equal(closed, 2);
    assert_true(http_server_idle(site->server));
    expect_text(&a, "data: last\n\n");
    client_expect_end(&a);
    client_expect_end(&b);
    client_close(&a);
    client_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        site_test(a_stream_stays_open_and_what_is_written_arrives),
        site_test(what_is_written_before_the_head_has_left_comes_behind_it),
        site_test(a_client_that_leaves_closes_its_stream),
        site_test(a_client_may_write_four_kibibytes_and_no_more),
        site_test(a_client_that_does_not_read_fills_the_outbox_and_is_left),
        site_test(one_write_larger_than_the_outbox_closes_the_stream),
        site_test(a_client_that_does_not_read_for_the_write_timeout_is_left),
        site_test(nothing_may_be_sent_behind_a_request_for_a_stream),
        site_test(a_client_that_has_left_gets_no_stream),
        site_test(a_drain_ends_streams_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
