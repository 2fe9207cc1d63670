/* A receiver: an HTTP server on 127.0.0.1 that misbehaves as its path says, on the test's own loop. */
#ifndef WSCRM_TESTS_UNIT_NET_RECEIVER_H
#define WSCRM_TESTS_UNIT_NET_RECEIVER_H

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
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

#include "base/buf.h"
#include "net/http_parse.h"

#define CONNECTIONS_MAX 512

struct receiver {
    struct event_base *base;
    struct evconnlistener *listener;
    struct bufferevent *connections[CONNECTIONS_MAX];
    int port, accepted, open, most_open, requests;
    struct buf last; /* the head and the body of the last request */
    /* When it is set: appends an answer and returns its status; 0: the path says what is answered. */
    int (*judge)(void *context, const struct http_head *head, struct str body, struct buf *answer);
    void *context;
};

static inline void receiver_close(struct receiver *receiver, struct bufferevent *connection)
{
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (receiver->connections[i] == connection)
            receiver->connections[i] = NULL;
    receiver->open--;
    bufferevent_free(connection);
}

static inline void receiver_say(struct bufferevent *connection, const char *text)
{
    bufferevent_write(connection, text, strlen(text));
}

static inline void receiver_answer(struct bufferevent *connection, int status, const char *headers,
                                   struct str body)
{
    evbuffer_add_printf(bufferevent_get_output(connection),
                        "HTTP/1.1 %d Word\r\n%sContent-Length: %zu\r\n\r\n", status, headers,
                        body.len);
    bufferevent_write(connection, body.p, body.len);
}

/* More of a body or a head that has no end, whenever the last part has left. */
static inline void receiver_on_written(struct bufferevent *connection, void *context)
{
    (void)context;
    char part[1000];
    memset(part, 'x', sizeof(part));
    memcpy(part, "X-", 2);
    memcpy(part + sizeof(part) - 2, "\r\n", 2);
    part[3] = ':';
    bufferevent_write(connection, part, sizeof(part));
}

static inline void receiver_go_on_forever(struct bufferevent *connection, const char *start)
{
    struct receiver *receiver;
    bufferevent_getcb(connection, NULL, NULL, NULL, (void **)&receiver);
    bufferevent_data_cb read;
    bufferevent_event_cb event;
    bufferevent_getcb(connection, &read, NULL, &event, NULL);
    bufferevent_setcb(connection, read, receiver_on_written, event, receiver);
    receiver_say(connection, start);
}

static inline bool receiver_judge(struct receiver *receiver, struct bufferevent *connection,
                                  const struct http_head *head, struct str body)
{
    struct buf answer;
    buf_init(&answer, (size_t)1 << 20);
    int status = receiver->judge ? receiver->judge(receiver->context, head, body, &answer) : 0;
    if (status > 0)
        receiver_answer(connection, status, "", (struct str){answer.data, answer.len});
    buf_free(&answer);
    return status > 0;
}

/* True when the connection is gone. */
static inline bool receiver_act(struct receiver *receiver, struct bufferevent *connection,
                                struct str path, struct str body)
{
    static const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
    if (str_is(path, "/cut") || str_is(path, "/half")) {
        if (str_is(path, "/half"))
            assert_int_equal(send(bufferevent_getfd(connection), half, sizeof(half) - 1, 0),
                             sizeof(half) - 1);
        receiver_close(receiver, connection);
        return true;
    }
    if (str_is(path, "/endless"))
        receiver_go_on_forever(connection, "HTTP/1.1 200 OK\r\n\r\n");
    else if (str_is(path, "/endless-head"))
        receiver_go_on_forever(connection, "HTTP/1.1 200 OK\r\n");
    else if (str_is(path, "/redirect"))
        receiver_answer(connection, 302, "Location: /echo\r\n", STR("over there"));
    else if (str_is(path, "/noise"))
        receiver_say(connection, "this is no HTTP\r\n\r\n");
    else if (str_is(path, "/cookie"))
        receiver_answer(connection, 200, "Set-Cookie: a=b; Path=/\r\n", STR("take it"));
    else if (!str_is(path, "/never"))
        receiver_answer(connection, str_is(path, "/500") ? 500 : 200, "", body);
    return false;
}

static inline void receiver_on_data(struct bufferevent *connection, void *context)
{
    struct receiver *receiver = context;
    struct evbuffer *in = bufferevent_get_input(connection);
    for (;;) {
        struct http_head head;
        const char *why;
        size_t len = evbuffer_get_length(in);
        const char *data = (const char *)evbuffer_pullup(in, -1);
        long head_len = len ? http_parse_head(data, len, (size_t)64 << 10, &head, &why) : 0;
        assert_true(head_len >= 0);
        size_t whole = (size_t)head_len + (size_t)head.content_length;
        if (head_len == 0 || len < whole)
            return;
        receiver->requests++;
        buf_clear(&receiver->last);
        buf_add(&receiver->last, data, whole);
        struct str body = {data + head_len, (size_t)head.content_length};
        if (!receiver_judge(receiver, connection, &head, body) &&
            receiver_act(receiver, connection, head.path, body))
            return;
        evbuffer_drain(in, whole);
    }
}

static inline void receiver_on_end(struct bufferevent *connection, short what, void *context)
{
    (void)what;
    receiver_close(context, connection);
}

static inline void receiver_on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                                      struct sockaddr *from, int size, void *context)
{
    (void)listener;
    (void)from;
    (void)size;
    struct receiver *receiver = context;
    size_t slot = 0;
    while (receiver->connections[slot])
        assert_true(++slot < CONNECTIONS_MAX);
    struct bufferevent *connection =
        bufferevent_socket_new(receiver->base, fd, BEV_OPT_CLOSE_ON_FREE);
    receiver->connections[slot] = connection;
    receiver->accepted++;
    if (++receiver->open > receiver->most_open)
        receiver->most_open = receiver->open;
    bufferevent_setcb(connection, receiver_on_data, NULL, receiver_on_end, receiver);
    bufferevent_enable(connection, EV_READ | EV_WRITE);
}

static inline void receiver_open(struct receiver *receiver, struct event_base *base,
                                 const char *address)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof(at);
    *receiver = (struct receiver){.base = base};
    buf_init(&receiver->last, (size_t)1 << 20);
    assert_int_equal(inet_pton(AF_INET, address, &at.sin_addr), 1);
    receiver->listener = evconnlistener_new_bind(base, receiver_on_accept, receiver,
                                                 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 512,
                                                 (struct sockaddr *)&at, sizeof(at));
    assert_non_null(receiver->listener);
    assert_int_equal(
        getsockname(evconnlistener_get_fd(receiver->listener), (struct sockaddr *)&at, &size), 0);
    receiver->port = ntohs(at.sin_port);
}

static inline void receiver_shut(struct receiver *receiver)
{
    evconnlistener_free(receiver->listener);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (receiver->connections[i])
            receiver_close(receiver, receiver->connections[i]);
    buf_free(&receiver->last);
}

#endif
