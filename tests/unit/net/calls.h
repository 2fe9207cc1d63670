/* A client and its calls, with a resolver of the test's own. */
#ifndef WSCRM_TESTS_UNIT_NET_CALLS_H
#define WSCRM_TESTS_UNIT_NET_CALLS_H

#include <netdb.h>
#include <pthread.h>

#include "net/http_client.h"
#include "net/public_address.h"
#include "net/receiver.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
/* A test that hangs is ended by SIGALRM. */
#define TEST_SECONDS 60

/* --- names: the test is the resolver, so that nobody's DNS is asked --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool held;        /* slow.test is not answered */
static int asked, ended; /* look-ups of slow.test */

static inline int look_up_slow(void)
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

static inline struct addrinfo *entry(const char *address, const char *port, struct addrinfo *next)
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

static inline void on_done(struct http_call *http)
{
    struct call *call = http->owner;
    assert_false(call->over);
    call->over = true;
    call->world->done++;
    if (call->then)
        assert_int_equal(http_client_call(call->world->client, &call->then->http), 0);
}

static inline struct http_client_settings any_address(void)
{
    return (struct http_client_settings){.connections_max = 256, .user_agent = "test/1"};
}

static inline void open_world(struct world *world, const struct http_client_settings *settings)
{
    alarm(TEST_SECONDS);
    world->base = event_base_new();
    world->done = 0;
    receiver_open(&world->receiver, world->base, "127.0.0.1");
    assert_int_equal(http_client_new(world->base, settings, &world->client), 0);
}

static inline void close_world(struct world *world)
{
    http_client_free(world->client);
    receiver_shut(&world->receiver);
    event_base_free(world->base);
    alarm(0);
}

/* A POST of `body` to `path` of `host`. */
static inline void prepare(struct world *world, struct call *call, const char *host,
                           const char *path, struct str body)
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

static inline void turn_until_done(struct world *world, int done)
{
    while (world->done < done)
        assert_int_equal(event_base_loop(world->base, EVLOOP_ONCE), 0);
}

static inline void run(struct world *world, struct call *call)
{
    assert_int_equal(http_client_call(world->client, &call->http), 0);
    assert_false(call->over);
    turn_until_done(world, world->done + 1);
    assert_true(call->over);
    assert_int_equal(http_client_under_way(world->client), 0);
}

static inline void run_post(struct world *world, struct call *call, const char *path)
{
    prepare(world, call, "127.0.0.1", path, STR("{}"));
    run(world, call);
}

static inline void assert_answer(struct call *call, int status, const char *body)
{
    assert_int_equal(call->http.result, 0);
    assert_int_equal(call->http.status, status);
    assert_int_equal(call->http.answer.len, strlen(body));
    assert_memory_equal(call->http.answer.data, body, strlen(body));
    assert_string_equal(call->http.error, "");
    buf_free(&call->http.answer);
}

static inline void assert_failed(struct call *call, int result)
{
    assert_int_equal(call->http.result, result);
    assert_true(call->http.error[0] != '\0');
    buf_free(&call->http.answer);
}

static inline bool last_has(struct world *world, const char *text)
{
    return memmem(world->receiver.last.data, world->receiver.last.len, text, strlen(text)) != NULL;
}

#endif
