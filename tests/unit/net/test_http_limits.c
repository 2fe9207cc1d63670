/* How many connections, from whom, and their end when the server stops. */
#include <sys/syscall.h>

#include "site.h"

/* All of a test's clients are on this machine, for which the limit of one address does not hold. So
 * the server accepts through this function, which says that they come from elsewhere. */
static const char *clients_come_from;
static int accept_error; /* what accepting fails with; 0: nothing */
static int accept_errors;

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict size, int flags)
{
    if (accept_error) {
        errno = accept_error;
        accept_errors++;
        return -1;
    }
    int taken = (int)syscall(SYS_accept4, fd, address, size, flags);
    if (taken >= 0 && clients_come_from) {
        struct sockaddr_in from = {.sin_family = AF_INET};
        inet_pton(AF_INET, clients_come_from, &from.sin_addr);
        memcpy(address, &from, sizeof(from));
    }
    return taken;
}

static int prepare(void **state)
{
    clients_come_from = NULL;
    accept_error = accept_errors = 0;
    return site_prepare(state);
}

static void expect_served(struct client *c)
{
    client_get(c, "/a");
    client_expect(c, 200, "GET /a");
}

/* A connection that is turned away: no request of its is looked at. */
static void expect_turned_away(struct client *c, const char *why)
{
    char body[100];
    snprintf(body, sizeof(body), "503 %s", why);
    client_expect_last(c, 503, body);
    client_expect_end(c);
}

static void a_connection_over_the_limit_is_turned_away(void **state)
{
    struct site *site = *state;
    site->settings.max_connections = 2;
    site_open(site);
    struct client a = client_open(site), b = client_open(site);
    expect_served(&a);
    expect_served(&b);
    struct client c = client_open(site);
    expect_turned_away(&c, "too many connections");
    assert_int_equal(site->headless, 1);
    assert_int_equal(site->last_status, 503);
    assert_string_equal(site->last_peer, "127.0.0.1");
    assert_true(site->last_bytes > 0);
    client_close(&c);
    client_close(&a);
    c = client_open(site);
    expect_served(&c);
    client_close(&b);
    client_close(&c);
}

static void a_request_sent_before_being_turned_away_does_not_take_the_reply_away(void **state)
{
    struct site *site = *state;
    site->settings.max_connections = 0;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/a");
    expect_turned_away(&c, "too many connections");
    assert_int_equal(site->heads, 0);
    client_close(&c);
}

static void an_address_has_so_many_connections_and_another_its_own(void **state)
{
    struct site *site = *state;
    site->settings.max_connections_per_peer = 2;
    site_open(site);
    clients_come_from = "192.0.2.1";
    struct client a = client_open(site), b = client_open(site);
    expect_served(&a);
    expect_served(&b);
    assert_string_equal(site->last_peer, "192.0.2.1");
    struct client c = client_open(site);
    expect_turned_away(&c, "too many connections from your address");
    assert_string_equal(site->last_peer, "192.0.2.1");
    client_close(&c);
    clients_come_from = "192.0.2.2";
    c = client_open(site);
    expect_served(&c);
    clients_come_from = "192.0.2.1";
    client_close(&a);
    struct client d = client_open(site);
    expect_served(&d);
    client_close(&b);
    client_close(&c);
    client_close(&d);
}

static void loopback_and_trusted_proxies_have_no_limit_of_their_own(void **state)
{
    struct site *site = *state;
    static const char *const exempt[] = {"127.0.0.1", "192.0.2.1"};
    struct address_list *trusted;
    assert_int_equal(address_list_parse(STR("192.0.2.0/24"), &trusted), 0);
    site->settings.max_connections_per_peer = 1;
    site->settings.trusted_proxies = trusted;
    site_open(site);
    for (size_t i = 0; i < COUNT(exempt); i++) {
        clients_come_from = exempt[i];
        struct client a = client_open(site), b = client_open(site);
        expect_served(&a);
        expect_served(&b);
        client_close(&a);
        client_close(&b);
    }
    address_list_free(trusted);
}

static void without_descriptors_accepting_pauses_and_goes_on(void **state)
{
    struct site *site = *state;
    site_open(site);
    accept_error = EMFILE;
    struct client c = client_open(site);
    client_get(&c, "/a");
    client_expect_silence(&c);
    assert_int_equal(accept_errors, 1); /* it does not try again in every turn */
    accept_error = 0;
    client_expect(&c, 200, "GET /a");
    client_close(&c);
}

static void a_connection_that_has_gone_before_it_is_accepted_is_none(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site), d = client_open(site);
    client_close(&c);
    expect_served(&d);
    site_wait_until(site, atomic_load(&site->shared.connections) == 1);
    client_close(&d);
}

/* --- the end */

static void assert_nobody_listens(const struct site *site)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)site->port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
}

static void a_drain_closes_what_is_idle_and_takes_nobody_new(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client a = client_open(site), b = client_open(site);
    expect_served(&a);
    expect_served(&b);
    http_server_drain(site->server);
    assert_nobody_listens(site);
    client_expect_end(&a);
    client_expect_end(&b);
    assert_true(http_server_idle(site->server));
    client_close(&a);
    client_close(&b);
}

static void a_drain_lets_requests_finish_and_says_close(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client a = client_open(site), b = client_open(site);
    client_get(&a, "/hold/1");
    client_get(&a, "/hold/2");
    client_send(&b, "POST /b HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhel");
    site_wait_until(site, site->held_count == 2 && site->heads == 3);
    http_server_drain(site->server);
    client_expect_silence(&a);
    client_expect_silence(&b);
    assert_false(http_server_idle(site->server));
    site_answer(site, 0);
    client_expect(&a, 200, "GET /hold/1");
    site_answer(site, 1);
    client_expect_last(&a, 200, "GET /hold/2");
    client_expect_end(&a);
    client_send(&b, "lo");
    client_expect_last(&b, 200, "POST /b 5 hello");
    client_expect_end(&b);
    client_close(&a);
    client_close(&b);
    site_wait_until(site, http_server_idle(site->server));
}

static void a_drain_lets_a_head_that_has_begun_become_a_request(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_send(&c, "GET /a HTT");
    client_expect_silence(&c);
    http_server_drain(site->server);
    client_expect_silence(&c);
    client_send(&c, "P/1.1\r\n" HOST "\r\n");
    client_expect_last(&c, 200, "GET /a");
    client_expect_end(&c);
    client_close(&c);
}

static void a_drain_may_begin_in_a_handler(void **state)
{
    struct site *site = *state;
    site_open(site);
    struct client c = client_open(site);
    client_get(&c, "/hold");
    site_wait_until(site, site->held_count == 1);
    site_answer(site, 0);
    http_server_drain(site->server); /* the reply was made without knowing of it */
    client_expect(&c, 200, "GET /hold");
    client_expect_end(&c);
    client_close(&c);
}

static void a_server_may_be_freed_with_connections_in_every_state(void **state)
{
    struct site *site = *state;
    static const char *const texts[] = {
        "GET / HTT",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhel",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\nhel", /* waits for memory */
        "POST /refuse HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhel",
        "BAD\r\nmore",
        "GET /large HTTP/1.1\r\n" HOST "\r\n",
        "",
    };
    struct client clients[COUNT(texts)];
    site->settings.body_budget = 1000;
    site->large = (size_t)20 << 20;
    site_open(site);
    for (size_t i = 0; i < COUNT(texts); i++) {
        clients[i] = client_open(site);
        client_send(&clients[i], texts[i]);
        site_rest(site);
    }
    assert_int_equal(atomic_load(&site->shared.connections), COUNT(texts));
    http_server_free(site->server);
    site->server = NULL; /* site_close() sees what is left counted */
    assert_int_equal(site->last_status, 200);
    for (size_t i = 0; i < COUNT(texts); i++) {
        close(clients[i].fd);
        buf_free(&clients[i].in);
    }
}

#define limits_test(name) cmocka_unit_test_setup_teardown(name, prepare, site_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        limits_test(a_connection_over_the_limit_is_turned_away),
        limits_test(a_request_sent_before_being_turned_away_does_not_take_the_reply_away),
        limits_test(an_address_has_so_many_connections_and_another_its_own),
        limits_test(loopback_and_trusted_proxies_have_no_limit_of_their_own),
        limits_test(without_descriptors_accepting_pauses_and_goes_on),
        limits_test(a_connection_that_has_gone_before_it_is_accepted_is_none),
        limits_test(a_drain_closes_what_is_idle_and_takes_nobody_new),
        limits_test(a_drain_lets_requests_finish_and_says_close),
        limits_test(a_drain_lets_a_head_that_has_begun_become_a_request),
        limits_test(a_drain_may_begin_in_a_handler),
        limits_test(a_server_may_be_freed_with_connections_in_every_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
