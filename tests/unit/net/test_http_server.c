#include <pthread.h>
#include <stdatomic.h>
#include <sys/un.h>

#include "site.h"

static void a_connection_takes_one_request_after_another(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    for (int i = 0; i < 5; i++) {
        client_get(&c, "/a?b=c");
        client_expect(&c, 200, "GET /a?b=c");
        assert_int_equal(site->last_status, 200);
        assert_int_equal(site->replies, i + 1);
    }
    assert_string_equal(site->last_peer, "127.0.0.1");
    assert_int_equal(atomic_load(&site->shared.connections), 1);
    client_close(&c);
    assert_true(http_server_idle(site->server));
}

static void a_request_that_comes_byte_by_byte_is_one_request(void **state)
{
    struct site *site = *state;
    static const char text[] = "\r\nPOST /a HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello";
    site_open(site);
    struct client c = client_open(site);
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        client_expect_silence(&c);
        client_send_bytes(&c, text + i, 1);
    }
    client_expect(&c, 200, "POST /a 5 hello");
    assert_int_equal(site->heads, 1);
    assert_int_equal(site->requests, 1);
    client_close(&c);
}

static void a_reply_has_the_lines_of_its_kind(void **state)
{
    struct site *site = *state;
    int day, year;
    char week_day[4], month[4];
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/");
    const char *reply = client_reply(&c, true), *date = strstr(reply, "\r\nDate: ");
    assert_int_equal(strncmp(reply, "HTTP/1.1 200 OK\r\n", 17), 0);
    assert_int_equal(sscanf(date, "\r\nDate: %3s, %2d %3s %4d %*2d:%*2d:%*2d GMT\r\n", week_day,
                            &day, month, &year),
                     4);
    assert_in_range(year, 2020, 9999);
    assert_non_null(strstr(reply, "\r\nContent-Type: application/json; charset=utf-8\r\n"));
    assert_non_null(strstr(reply, "\r\nContent-Length: 5\r\n"));
    assert_null(strstr(reply, "Connection"));
    client_get(&c, "/text");
    reply = client_reply(&c, true);
    assert_non_null(strstr(reply, "\r\nContent-Type: text/plain\r\nX-Own: yes\r\n"));
    assert_null(strstr(reply, "json"));
    client_close(&c);
}

static void a_reply_to_head_and_204_have_no_body(void **state)
{
    struct site *site = *state;
    site_open(site);
    site->large = 5000;
    struct client c = client_open(site);
    client_send(&c, "HEAD /large HTTP/1.1\r\n" HOST "\r\nHEAD /a HTTP/1.1\r\n" HOST "\r\n");
    assert_non_null(strstr(client_reply(&c, false), "\r\nContent-Length: 5000\r\n"));
    assert_non_null(strstr(client_reply(&c, false), "\r\nContent-Length: 7\r\n"));
    client_get(&c, "/none");
    const char *reply = client_reply(&c, false);
    assert_int_equal(strncmp(reply, "HTTP/1.1 204 No Content\r\n", 25), 0);
    assert_null(strstr(reply, "Content-"));
    client_expect_silence(&c);
    client_get(&c, "/b");
    client_expect(&c, 200, "GET /b");
    client_close(&c);
}

static void a_malformed_head_is_answered_and_ends_the_connection(void **state)
{
    struct site *site = *state;
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\n", 505},
        {"GET / HTTP/1.1\r\nX : y\r\n", 400},
    };
    site_open(site);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct client c = client_open(site);
        client_send(&c, rows[i].text);
        const char *reply = client_reply(&c, true);
        assert_int_equal(status_of(reply), rows[i].status);
        assert_non_null(strstr(reply, "\r\nX-Headless: yes\r\nConnection: close\r\n"));
        assert_int_equal(atoi(body_of(reply)), rows[i].status);
        client_expect_end(&c);
        client_close(&c);
        assert_int_equal(site->headless, i + 1);
        assert_string_equal(site->last_peer, "127.0.0.1");
    }
    assert_int_equal(site->heads, 0);
}

static void a_head_over_the_limit_is_answered_with_431(void **state)
{
    struct site *site = *state;
    char text[1200];
    site_open(site);
    struct client c = client_open(site);
    int len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST "X: ");
    memset(text + len, 'x', sizeof(text) - (size_t)len);
    client_send_bytes(&c, text, 1023);
    client_expect_silence(&c);
    client_send_bytes(&c, text, 1);
    client_expect_last(&c, 431, "431 the request's head is too large");
    client_expect_end(&c);
    client_close(&c);
}

static void an_unknown_expectation_is_refused_and_ends_the_connection(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    /* Nobody knows whether the client now sends its body. */
    client_send(&c, "POST / HTTP/1.1\r\n" HOST "Expect: other\r\nContent-Length: 5\r\n\r\n");
    client_expect_last(&c, 417, "417 an expectation other than 100-continue");
    client_expect_end(&c);
    assert_int_equal(site->heads, 0);
    client_close(&c);
}

static void a_large_reply_arrives_whole_at_a_slow_client(void **state)
{
    struct site *site = *state;
    site_open(site);
    site->large = (size_t)20 << 20; /* more than the kernel takes at once */
    struct client c = client_open(site);
    client_get(&c, "/large");
    client_get(&c, "/next");
    site_rest(site);
    assert_int_equal(site->replies, 0);
    size_t head = client_await_head(&c);
    while (c.in.len < head + site->large)
        assert_true(client_receive(&c, true));
    for (size_t i = 0; i < site->large; i++)
        if (c.in.data[head + i] != (char)('a' + i % 26))
            fail_msg("byte %zu is wrong", i);
    client_drop(&c, head + site->large);
    client_expect(&c, 200, "GET /next");
    assert_int_equal(site->replies, 2);
    client_close(&c);
}

static void the_bytes_of_a_reply_are_counted(void **state)
{
    struct site *site = *state;
    static const size_t lengths[] = {1, 2048, 2049, 100000};
    site_open(site);
    struct client c = client_open(site);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        site->large = lengths[i];
        client_get(&c, "/large");
        size_t head = client_await_head(&c);
        while (c.in.len < head + site->large)
            assert_true(client_receive(&c, true));
        client_drop(&c, head + site->large);
        site_wait_until(site, site->replies == (int)i + 1);
        assert_int_equal(site->last_bytes, head + site->large);
    }
    client_close(&c);
}

static void a_reply_that_did_not_fit_into_memory_is_a_503(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/failed");
    client_expect(&c, 503, "503 out of memory, try again");
    client_get(&c, "/a");
    client_expect(&c, 200, "GET /a");
    client_close(&c);
}

static void behind_a_trusted_proxy_the_peer_is_who_called_it(void **state)
{
    struct site *site = *state;
    struct address_list *trusted;
    assert_int_equal(address_list_parse(STR("127.0.0.1"), &trusted), 0);
    site->settings.trusted_proxies = trusted;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET /a HTTP/1.1\r\n" HOST "X-Forwarded-For: 192.0.2.1, 2001:db8::7\r\n\r\n");
    client_expect(&c, 200, "GET /a");
    assert_string_equal(site->last_peer, "2001:db8::7");
    client_get(&c, "/b");
    client_expect(&c, 200, "GET /b");
    assert_string_equal(site->last_peer, "127.0.0.1");
    client_close(&c);
    address_list_free(trusted);
}

static void a_stranger_cannot_say_who_it_is(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET /a HTTP/1.1\r\n" HOST "X-Forwarded-For: 192.0.2.1\r\n\r\n");
    client_expect(&c, 200, "GET /a");
    assert_string_equal(site->last_peer, "127.0.0.1");
    client_close(&c);
}

static void a_unix_socket_is_served_like_any_other(void **state)
{
    struct site *site = *state;
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    socklen_t size = sizeof(own);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    site_open(site);
    /* An address of this length alone makes Linux choose an abstract one. */
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof(sa_family_t)), 0);
    assert_int_equal(listen(fd, 10), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &size), 0);
    assert_int_equal(http_server_listen(site->server, fd), 0);
    struct client c = {.site = site, .fd = socket(AF_UNIX, SOCK_STREAM, 0)};
    buf_init(&c.in, SIZE_MAX / 2);
    assert_int_equal(connect(c.fd, (struct sockaddr *)&own, size), 0);
    client_get(&c, "/a");
    client_expect(&c, 200, "GET /a");
    assert_string_equal(site->last_peer, "unix");
    client_close(&c);
}

static void every_status_has_a_reason(void **state)
{
    (void)state;
    assert_string_equal(http_reason(200), "OK");
    assert_string_equal(http_reason(431), "Request Header Fields Too Large");
    assert_string_equal(http_reason(505), "HTTP Version Not Supported");
    assert_string_equal(http_reason(299), "Unknown");
}

/* --- workers */

#define WORKERS 3
#define CLIENTS 8
#define EACH    10

struct worker {
    pthread_t thread;
    struct event_base *base;
    struct http_server *server;
    int port;
    atomic_bool *stop;
};

static int worker_on_head(void *context, struct http_request *request, const char **why)
{
    (void)context;
    (void)why;
    request->max_body = 100000;
    return 0;
}

static void worker_on_request(void *context, struct http_request *request)
{
    (void)context;
    site_echo(request, 200, (struct str){0});
}

static void worker_write_error(void *context, struct http_request *request, int status,
                               const char *why, struct buf *out)
{
    (void)context;
    (void)request;
    buf_printf(out, "%d %s", status, why);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    while (!atomic_load(worker->stop)) {
        struct timeval look = {.tv_usec = 10000};
        event_base_loopexit(worker->base, &look);
        event_base_loop(worker->base, EVLOOP_ONCE);
        http_server_flush(worker->server);
    }
    return NULL;
}

static void worker_start(struct worker *worker, struct site *site, atomic_bool *stop)
{
    int fd;
    const struct http_handlers handlers = {.on_head = worker_on_head,
                                           .on_request = worker_on_request,
                                           .write_error = worker_write_error};
    worker->stop = stop;
    worker->base = event_base_new();
    assert_int_equal(
        http_server_new(worker->base, &site->settings, &handlers, &site->shared, &worker->server),
        0);
    assert_int_equal(http_listen(STR("127.0.0.1:0"), true, &fd, &worker->port), 0);
    assert_int_equal(http_server_listen(worker->server, fd), 0);
    assert_int_equal(pthread_create(&worker->thread, NULL, work, worker), 0);
}

static void worker_end(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
    http_server_free(worker->server);
    event_base_free(worker->base);
}

/* A body that is longer than what one read takes, so that it asks the budget that all share. */
static void *post_bodies(void *argument)
{
    static const char head[] = "POST / HTTP/1.1\r\n" HOST "Content-Length: 40000\r\n\r\n";
    static const char body[40000];
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t) * (int *)argument),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    intptr_t good = 0;
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        return NULL;
    for (int i = 0; i < EACH; i++) {
        char reply[4096];
        if (send(fd, head, sizeof(head) - 1, MSG_NOSIGNAL) < 0 ||
            send(fd, body, sizeof(body), MSG_NOSIGNAL) != sizeof(body) ||
            recv(fd, reply, sizeof(reply), 0) < 17 || memcmp(reply, "HTTP/1.1 200 OK\r\n", 17) != 0)
            break;
        good++;
    }
    close(fd);
    return (void *)good;
}

static void workers_share_the_counts_of_connections_and_bodies(void **state)
{
    struct site *site = *state;
    struct worker workers[WORKERS];
    pthread_t clients[CLIENTS];
    atomic_bool stop = false;
    site->settings.body_budget = 100000; /* two at a time: the others wait for some worker */
    site->settings.idle_timeout_ms = 1000000;
    for (int i = 0; i < WORKERS; i++)
        worker_start(&workers[i], site, &stop);
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&clients[i], NULL, post_bodies, &workers[i % WORKERS].port),
                         0);
    for (int i = 0; i < CLIENTS; i++) {
        void *good = NULL;
        pthread_join(clients[i], &good);
        assert_int_equal((intptr_t)good, EACH);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < WORKERS; i++)
        worker_end(&workers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        site_test(a_connection_takes_one_request_after_another),
        site_test(a_request_that_comes_byte_by_byte_is_one_request),
        site_test(a_reply_has_the_lines_of_its_kind),
        site_test(a_reply_to_head_and_204_have_no_body),
        site_test(a_malformed_head_is_answered_and_ends_the_connection),
        site_test(a_head_over_the_limit_is_answered_with_431),
        site_test(an_unknown_expectation_is_refused_and_ends_the_connection),
        site_test(a_large_reply_arrives_whole_at_a_slow_client),
        site_test(the_bytes_of_a_reply_are_counted),
        site_test(a_reply_that_did_not_fit_into_memory_is_a_503),
        site_test(behind_a_trusted_proxy_the_peer_is_who_called_it),
        site_test(a_stranger_cannot_say_who_it_is),
        site_test(a_unix_socket_is_served_like_any_other),
        cmocka_unit_test(every_status_has_a_reason),
        site_test(workers_share_the_counts_of_connections_and_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
