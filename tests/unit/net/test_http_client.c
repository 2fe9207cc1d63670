#include <netdb.h>
#include <pthread.h>

#include "net/http_client.h"
#include "net/public_address.h"
#include "receiver.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
/* A test that hangs is ended by SIGALRM. */
#define TEST_SECONDS 60

/* --- names: the test is the resolver, so that nobody's DNS is asked --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool held;        /* slow.test is not answered */
static int asked, ended; /* look-ups of slow.test */

static int look_up_slow(void)
{
    pthread_mutex_lock(&lock);
    asked++;
    while (held)
        pthread_cond_wait(&changed, &lock);
    ended++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return EAI_AGAIN;
}

static struct addrinfo *entry(const char *address, const char *port, struct addrinfo *next)
{
    struct addrinfo *info = calloc(1, sizeof(*info) + sizeof(struct sockaddr_in));
    struct sockaddr_in *at = (struct sockaddr_in *)(void *)(info + 1);
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    inet_pton(AF_INET, address, &at->sin_addr);
    *info = (struct addrinfo){.ai_family = AF_INET,
                              .ai_socktype = SOCK_STREAM,
                              .ai_addrlen = sizeof(*at),
                              .ai_addr = (struct sockaddr *)at,
                              .ai_next = next};
    return info;
}

/* libcurl's calls arrive here: the program's symbols come before the libraries'. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    (void)hints;
    if (strcmp(node, "slow.test") == 0)
        return look_up_slow();
    if (strcmp(node, "inside.test") == 0)
        *result = entry("127.0.0.1", service, NULL);
    else if (strcmp(node, "both.test") == 0)
        *result = entry("127.0.0.2", service, entry("127.0.0.1", service, NULL));
    else
        return EAI_NONAME;
    return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
    while (info) {
        struct addrinfo *next = info->ai_next;
        free(info);
        info = next;
    }
}

/* --- a client and its calls --- */

struct world {
    struct event_base *base;
    struct receiver receiver;
    struct http_client *client;
    int done;
};

struct call {
    struct http_call http;
    struct world *world;
    char url[256];
    bool over;
    struct call *then; /* started by `done` */
};

static void on_done(struct http_call *http)
{
    struct call *call = http->owner;
    assert_false(call->over);
    call->over = true;
    call->world->done++;
    if (call->then)
        assert_int_equal(http_client_call(call->world->client, &call->then->http), 0);
}

static struct http_client_settings any_address(void)
{
    return (struct http_client_settings){.connections_max = 256, .user_agent = "test/1"};
}

static void open_world(struct world *world, const struct http_client_settings *settings)
{
    alarm(TEST_SECONDS);
    world->base = event_base_new();
    world->done = 0;
    receiver_open(&world->receiver, world->base, "127.0.0.1");
    assert_int_equal(http_client_new(world->base, settings, &world->client), 0);
}

static void close_world(struct world *world)
{
    http_client_free(world->client);
    receiver_shut(&world->receiver);
    event_base_free(world->base);
    alarm(0);
}

/* A POST of `body` to `path` of `host`. */
static void prepare(struct world *world, struct call *call, const char *host, const char *path,
                    struct str body)
{
    *call = (struct call){.world = world};
    snprintf(call->url, sizeof(call->url), "http://%s:%d%s", host, world->receiver.port, path);
    call->http = (struct http_call){.method = "POST",
                                    .url = call->url,
                                    .body = body,
                                    .timeout_ms = TEST_SECONDS * 1000,
                                    .answer_max = 1000,
                                    .done = on_done,
                                    .owner = call};
}

static void turn_until_done(struct world *world, int done)
{
    while (world->done < done)
        assert_int_equal(event_base_loop(world->base, EVLOOP_ONCE), 0);
}

static void run(struct world *world, struct call *call)
{
    assert_int_equal(http_client_call(world->client, &call->http), 0);
    assert_false(call->over);
    turn_until_done(world, world->done + 1);
    assert_true(call->over);
    assert_int_equal(http_client_under_way(world->client), 0);
}

static void run_post(struct world *world, struct call *call, const char *path)
{
    prepare(world, call, "127.0.0.1", path, STR("{}"));
    run(world, call);
}

static void assert_answer(struct call *call, int status, const char *body)
{
    assert_int_equal(call->http.result, 0);
    assert_int_equal(call->http.status, status);
    assert_int_equal(call->http.answer.len, strlen(body));
    assert_memory_equal(call->http.answer.data, body, strlen(body));
    assert_string_equal(call->http.error, "");
    buf_free(&call->http.answer);
}

static void assert_failed(struct call *call, int result)
{
    assert_int_equal(call->http.result, result);
    assert_true(call->http.error[0] != '\0');
    buf_free(&call->http.answer);
}

static bool last_has(struct world *world, const char *text)
{
    return memmem(world->receiver.last.data, world->receiver.last.len, text, strlen(text)) != NULL;
}

/* --- tests --- */

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

static bool is_public(void *context, const struct address *address)
{
    (void)context;
    return address_is_public(address);
}

static void an_address_that_may_not_be_dialled_is_not_however_it_is_written(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "127.0.0.1", "127.1", "2130706433", "0x7f000001",         "0177.0.0.1", "inside.test",
        "0.0.0.0",   "[::1]", "[::]",       "[::ffff:127.0.0.1]", "both.test",  "[::127.0.0.1]",
    };
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    settings.may_dial = is_public;
    open_world(&world, &settings);
    for (size_t i = 0; i < COUNT(hosts); i++) {
        prepare(&world, &call, hosts[i], "/echo", STR("{}"));
        run(&world, &call);
        if (call.http.result != ERR_INVALID)
            fail_msg("%s: %s (%d)", hosts[i], call.http.error, call.http.result);
        assert_false(call.http.left);
        assert_string_equal(call.http.error, "the address of the host may not be called");
        assert_failed(&call, ERR_INVALID);
    }
    assert_int_equal(world.receiver.accepted, 0);
    close_world(&world);
}

static bool ends_in_1(void *context, const struct address *address)
{
    int *asked_for = context;
    ++*asked_for;
    return address->bytes[15] == 1;
}

static void of_several_addresses_only_those_allowed_are_dialled(void **state)
{
    (void)state;
    int asked_for = 0;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    settings.may_dial = ends_in_1;
    settings.context = &asked_for;
    open_world(&world, &settings);
    prepare(&world, &call, "both.test", "/echo", STR("{}"));
    run(&world, &call);
    assert_answer(&call, 200, "{}");
    assert_int_equal(asked_for, 2);
    close_world(&world);
}

static void the_environment_names_no_proxy(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    setenv("http_proxy", "http://127.0.0.2:9", 1);
    setenv("ALL_PROXY", "http://127.0.0.2:9", 1);
    open_world(&world, &settings);
    run_post(&world, &call, "/echo");
    assert_answer(&call, 200, "{}");
    close_world(&world);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void what_is_no_web_address_or_no_header_is_refused_at_once(void **state)
{
    (void)state;
    static const char *const urls[] = {"",          "127.0.0.1/x",        "file:///etc/passwd",
                                       "ftp://h/x", "gopher://127.0.0.1", "unix:/tmp/x"};
    static const struct http_header bad[] = {
        {STR("a"), STR("b\r\nc: d")}, {STR("a\n"), STR("b")}, {STR("a: b"), STR("c")}};
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    open_world(&world, &settings);
    for (size_t i = 0; i < COUNT(urls); i++) {
        prepare(&world, &call, "127.0.0.1", "/", STR(""));
        call.http.url = urls[i];
        assert_int_equal(http_client_call(world.client, &call.http), ERR_INVALID);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        prepare(&world, &call, "127.0.0.1", "/", STR(""));
        call.http.headers = &bad[i];
        call.http.header_count = 1;
        assert_int_equal(http_client_call(world.client, &call.http), ERR_INVALID);
    }
    assert_int_equal(http_client_under_way(world.client), 0);
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

static void a_dropped_call_and_those_of_a_freed_client_tell_nothing(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call dropped, left, never;
    open_world(&world, &settings);
    prepare(&world, &dropped, "127.0.0.1", "/never", STR("{}"));
    prepare(&world, &never, "slow.test", "/never", STR("{}"));
    prepare(&world, &left, "127.0.0.1", "/never", STR("{}"));
    held = true;
    assert_int_equal(http_client_call(world.client, &dropped.http), 0);
    assert_int_equal(http_client_call(world.client, &never.http), 0);
    while (world.receiver.requests < 1)
        event_base_loop(world.base, EVLOOP_ONCE);
    http_client_drop(&dropped.http);
    assert_int_equal(http_client_call(world.client, &left.http), 0);
    while (world.receiver.requests < 2)
        event_base_loop(world.base, EVLOOP_ONCE);
    close_world(&world);
    assert_int_equal(world.done, 0);
}

static void a_name_that_is_looked_up_for_long_does_not_hold_the_loop(void **state)
{
    (void)state;
    struct http_client_settings settings = any_address();
    struct world world;
    struct call call;
    open_world(&world, &settings);
    held = true; /* until the end of the test: a loop that waited would hang */
    prepare(&world, &call, "slow.test", "/echo", STR("{}"));
    call.http.timeout_ms = 30;
    run(&world, &call);
    assert_false(call.http.left);
    assert_failed(&call, ERR_TIMEOUT);
    close_world(&world);
}

static int let_look_ups_end(void **state)
{
    (void)state;
    pthread_mutex_lock(&lock);
    held = false;
    pthread_cond_broadcast(&changed);
    while (ended < asked)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return 0;
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
        cmocka_unit_test(an_address_that_may_not_be_dialled_is_not_however_it_is_written),
        cmocka_unit_test(of_several_addresses_only_those_allowed_are_dialled),
        cmocka_unit_test(the_environment_names_no_proxy),
        cmocka_unit_test(what_is_no_web_address_or_no_header_is_refused_at_once),
        cmocka_unit_test(a_connection_is_used_again_and_one_that_died_meanwhile_is_replaced),
        cmocka_unit_test(connections_are_bounded_together_and_for_each_host),
        cmocka_unit_test(done_may_start_the_next_call),
        cmocka_unit_test_teardown(a_dropped_call_and_those_of_a_freed_client_tell_nothing,
                                  let_look_ups_end),
        cmocka_unit_test_teardown(a_name_that_is_looked_up_for_long_does_not_hold_the_loop,
                                  let_look_ups_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
