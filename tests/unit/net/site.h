/* A site: a server on 127.0.0.1 with an owner, and its clients, all on the test's own thread. A client
 * that waits for something lets the loop turn until it is there. */
#ifndef WSCRM_TESTS_UNIT_NET_SITE_H
#define WSCRM_TESTS_UNIT_NET_SITE_H

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/http_server.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define HOST        "Host: h\r\n"
#define HELD_MAX    256
/* A test that hangs is ended by SIGALRM. */
#define TEST_SECONDS 100

struct site {
    struct event_base *base;
    struct http_shared shared;
    struct http_settings settings;
    struct http_server *server;
    int port;
    /* the owner */
    size_t max_body;
    const char *refusal_headers;
    size_t large;                        /* the length of /large */
    struct http_request *held[HELD_MAX]; /* /hold: answered when the test says so */
    size_t held_count;
    int heads, bodies, requests, replies, headless;
    int last_status;
    size_t last_bytes;
    char last_peer[ADDRESS_TEXT_MAX + 1];
};

struct client {
    struct site *site;
    int fd;
    struct buf in;
};

/* --- the owner */

static inline int site_on_head(void *context, struct http_request *request, const char **why)
{
    struct site *site = context;
    site->heads++;
    request->max_body = site->max_body;
    if (!str_is(request->head.path, "/refuse"))
        return 0;
    request->extra_headers = str_of(site->refusal_headers);
    *why = "refused";
    return 404;
}

/* A body that begins with "no" is not wanted. */
static inline bool site_on_body(void *context, struct http_request *request)
{
    struct site *site = context;
    site->bodies++;
    return request->body.len < 2 || memcmp(request->body.p, "no", 2) != 0;
}

/* The reply tells what has arrived: method, target, peer, the body's length and up to 100 bytes. */
static inline void site_echo(struct http_request *request, int status, struct str extra_headers)
{
    struct buf body;
    buf_init(&body, SIZE_MAX / 2);
    buf_add_str(&body, request->head.method_text);
    buf_add_char(&body, ' ');
    buf_add_str(&body, request->head.target);
    if (request->body.len) {
        size_t len = request->body.len < 100 ? request->body.len : 100;
        assert_int_equal(request->body.p[request->body.len], '\0');
        buf_printf(&body, " %zu %.*s", request->body.len, (int)len, request->body.p);
    }
    http_reply(request, status, extra_headers, &body);
}

static inline void site_reply_large(struct http_request *request, size_t len)
{
    struct buf body;
    buf_init(&body, len + 1);
    char *room = buf_reserve(&body, len);
    for (size_t i = 0; i < len; i++)
        room[i] = (char)('a' + i % 26);
    body.len = len;
    http_reply(request, 200, (struct str){0}, &body);
}

static inline void site_on_request(void *context, struct http_request *request)
{
    struct site *site = context;
    struct buf failed = {.failed = true};
    struct str path = request->head.path;
    site->requests++;
    if (path.len >= 5 && !memcmp(path.p, "/hold", 5)) {
        assert_true(site->held_count < HELD_MAX);
        site->held[site->held_count++] = request;
    } else if (str_is(path, "/large")) {
        site_reply_large(request, site->large);
    } else if (str_is(path, "/failed")) {
        http_reply(request, 200, (struct str){0}, &failed);
    } else if (str_is(path, "/none")) {
        site_echo(request, 204, (struct str){0});
    } else if (str_is(path, "/text")) {
        site_echo(request, 200, STR("Content-Type: text/plain\r\nX-Own: yes\r\n"));
    } else {
        site_echo(request, 200, (struct str){0});
    }
}

static inline void site_write_error(void *context, struct http_request *request, int status,
                                    const char *why, struct buf *out)
{
    (void)context;
    buf_printf(out, "%d %s", status, why);
    if (!request->has_head)
        request->extra_headers = STR("X-Headless: yes\r\n");
}

static inline void site_on_replied(void *context, struct http_request *request, int status,
                                   size_t bytes)
{
    struct site *site = context;
    site->replies++;
    site->headless += !request->has_head;
    site->last_status = status;
    site->last_bytes = bytes;
    snprintf(site->last_peer, sizeof(site->last_peer), "%.*s", (int)request->peer.len,
             request->peer.p);
}

/* --- the site */

static inline int site_prepare(void **state)
{
    struct site *site = calloc(1, sizeof(*site));
    alarm(TEST_SECONDS);
    *state = site;
    site->max_body = 1000;
    site->settings = (struct http_settings){.max_connections = 1000,
                                            .max_connections_per_peer = 1000,
                                            .max_head = 1024,
                                            .body_budget = (size_t)16 << 20,
                                            .head_timeout_ms = 60000,
                                            .body_timeout_ms = 60000,
                                            .budget_timeout_ms = 60000,
                                            .idle_timeout_ms = 60000,
                                            .write_timeout_ms = 60000};
    site->base = event_base_new();
    return site->base ? http_shared_init(&site->shared) : -1;
}

static inline void site_open(struct site *site)
{
    int fd;
    const struct http_handlers handlers = {.context = site,
                                           .on_head = site_on_head,
                                           .on_body = site_on_body,
                                           .on_request = site_on_request,
                                           .write_error = site_write_error,
                                           .on_replied = site_on_replied};
    assert_int_equal(
        http_server_new(site->base, &site->settings, &handlers, &site->shared, &site->server), 0);
    assert_int_equal(http_listen(STR("127.0.0.1:0"), false, &fd, &site->port), 0);
    assert_int_equal(http_server_listen(site->server, fd), 0);
}

/* The test must have answered what it held. Nothing may be left counted. */
static inline int site_close(void **state)
{
    struct site *site = *state;
    if (site->server)
        http_server_free(site->server);
    int left = atomic_load(&site->shared.connections);
    size_t bytes = atomic_load(&site->shared.body_bytes);
    http_shared_free(&site->shared);
    event_base_free(site->base);
    free(site);
    alarm(0);
    return left || bytes ? -1 : 0;
}

/* One turn of the loop, as a worker has it; waits for something to happen. */
static inline void site_turn(struct site *site)
{
    event_base_loop(site->base, EVLOOP_ONCE);
    http_server_flush(site->server);
}

/* As many turns as there is something to do. */
static inline void site_rest(struct site *site)
{
    for (int i = 0; i < 10; i++) {
        event_base_loop(site->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
        http_server_flush(site->server);
    }
}

#define site_wait_until(site, condition) \
    do {                                 \
        while (!(condition))             \
            site_turn(site);             \
    } while (0)

static inline void site_answer(struct site *site, size_t index)
{
    site_echo(site->held[index], 200, (struct str){0});
}

/* --- a client */

static inline struct client client_open(struct site *site)
{
    struct client c = {.site = site, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)site->port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_int_equal(connect(c.fd, (struct sockaddr *)&to, sizeof(to)), 0);
    buf_init(&c.in, SIZE_MAX / 2);
    return c;
}

static inline void client_close(struct client *c)
{
    close(c->fd);
    buf_free(&c->in);
    site_rest(c->site);
}

static inline void client_send_bytes(struct client *c, const char *data, size_t len)
{
    while (len) {
        ssize_t sent = send(c->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            assert_int_equal(errno, EAGAIN);
            site_turn(c->site);
            continue;
        }
        data += sent;
        len -= (size_t)sent;
    }
}

static inline void client_send(struct client *c, const char *text)
{
    client_send_bytes(c, text, strlen(text));
}

/* What has come since; false at the end of the stream. `wait`: until something comes. */
static inline bool client_receive(struct client *c, bool wait)
{
    char data[65536];
    ssize_t len;
    http_server_flush(c->site->server); /* what the test itself has answered */
    while ((len = recv(c->fd, data, sizeof(data), MSG_DONTWAIT)) < 0 && wait) {
        if (errno != EAGAIN)
            fail_msg("recv: %s", strerror(errno));
        site_turn(c->site);
    }
    if (len > 0)
        buf_add(&c->in, data, (size_t)len);
    return len != 0;
}

/* The length of a reply's head, once it is there. */
static inline size_t client_await_head(struct client *c)
{
    const char *end;
    while (!c->in.len || !(end = memmem(c->in.data, c->in.len, "\r\n\r\n", 4)))
        if (!client_receive(c, true))
            fail_msg("the stream ends in a head: %.*s", (int)c->in.len, c->in.data);
    return (size_t)(end - c->in.data) + 4;
}

static inline void client_drop(struct client *c, size_t len)
{
    c->in.len -= len;
    memmove(c->in.data, c->in.data + len, c->in.len);
}

/* A reply with its head and body, as one text; only the test's next reply overwrites it. */
static inline const char *client_reply(struct client *c, bool has_body)
{
    static char reply[4096];
    size_t len = client_await_head(c), body = 0;
    const char *line = memmem(c->in.data, len, "\r\nContent-Length: ", 18);
    if (line && has_body)
        body = strtoul(line + 18, NULL, 10);
    while (c->in.len < len + body)
        if (!client_receive(c, true))
            fail_msg("the stream ends in a body");
    snprintf(reply, sizeof(reply), "%.*s", (int)(len + body), c->in.data);
    client_drop(c, len + body);
    return reply;
}

static inline const char *body_of(const char *reply)
{
    return strstr(reply, "\r\n\r\n") + 4;
}

static inline int status_of(const char *reply)
{
    return atoi(reply + strlen("HTTP/1.1 "));
}

/* The next reply is this one, and whether it says that it is the last. */
static inline void client_expect_line(struct client *c, int status, const char *body, bool last)
{
    const char *reply = client_reply(c, true);
    if (status_of(reply) != status || strcmp(body_of(reply), body) != 0 ||
        last != !!strstr(reply, "\r\nConnection: close\r\n"))
        fail_msg("not %d %s%s, but: %s", status, body, last ? ", the last" : "", reply);
}

static inline void client_expect(struct client *c, int status, const char *body)
{
    client_expect_line(c, status, body, false);
}

static inline void client_expect_last(struct client *c, int status, const char *body)
{
    client_expect_line(c, status, body, true);
}

/* The server has nothing to say. */
static inline void client_expect_silence(struct client *c)
{
    site_rest(c->site);
    if (!client_receive(c, false))
        fail_msg("the stream has ended");
    if (c->in.len)
        fail_msg("not silence: %.*s", (int)c->in.len, c->in.data);
}

/* Nothing more comes, and the server closes. */
static inline void client_expect_end(struct client *c)
{
    while (client_receive(c, true)) {
    }
    if (c->in.len)
        fail_msg("not the end: %.*s", (int)c->in.len, c->in.data);
}

static inline void client_get(struct client *c, const char *path)
{
    char text[256];
    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HOST "\r\n", path);
    client_send(c, text);
}

#define site_test(name) cmocka_unit_test_setup_teardown(name, site_prepare, site_close)

#endif
