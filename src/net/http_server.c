#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/http_internal.h"

/* --- time --- */

/* Read once a turn: a clock costs more than the look at a list. */
int64_t server_now_us(struct http_server *server)
{
    if (server->now_us == 0)
        server->now_us = clock_mono_us();
    return server->now_us;
}

int64_t server_now_ms(struct http_server *server)
{
    return server_now_us(server) / 1000;
}

static void pause_end(struct http_server *server)
{
    if (server->paused_until_ms == 0 || server_now_ms(server) < server->paused_until_ms)
        return;
    server->paused_until_ms = 0;
    for (struct http_listener *listener = server->listeners; listener; listener = listener->next)
        event_add(&listener->event, NULL);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct http_server *server = context;
    (void)fd;
    (void)what;
    pause_end(server);
    body_retry(server); /* other workers may have released some */
    wait_expire(server);
    if (server->connections == 0 && server->paused_until_ms == 0) {
        event_del(&server->tick); /* an idle server sleeps */
        server->ticking = false;
    }
}

/* A quarter of the shortest limit, so that limits hold within 25 %. */
static int tick_ms(const struct http_settings *settings)
{
    const int limits[] = {
        TICK_MAX_MS * 4,           ACCEPT_PAUSE_MS * 4,         settings->head_timeout_ms,
        settings->body_timeout_ms, settings->budget_timeout_ms, settings->idle_timeout_ms,
        settings->write_timeout_ms};
    int shortest = limits[0];
    for (size_t i = 1; i < sizeof(limits) / sizeof(limits[0]); i++)
        shortest = limits[i] < shortest ? limits[i] : shortest;
    return shortest < 20 ? 5 : shortest / 4;
}

void server_tick(struct http_server *server)
{
    int ms = tick_ms(&server->settings);
    struct timeval period = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    if (!server->ticking)
        server->ticking = event_add(&server->tick, &period) == 0;
}

/* --- accepting --- */

/* No descriptors or no memory: a listener that stays watched would spin. */
static void pause_start(struct http_server *server)
{
    server->paused_until_ms = server_now_ms(server) + ACCEPT_PAUSE_MS;
    for (struct http_listener *listener = server->listeners; listener; listener = listener->next)
        event_del(&listener->event);
    server_tick(server);
}

static int enter_peer(struct http_listener *listener, const struct sockaddr *from, bool is_trusted,
                      struct peer **ret_peer)
{
    struct http_server *server = listener->server;
    struct address address;
    *ret_peer = NULL;
    if (listener->is_unix || is_trusted || address_is_loopback(from) || !address_of(from, &address))
        return 0;
    return peer_enter(server->shared->peers, &address, server->settings.max_connections_per_peer,
                      ret_peer);
}

/* The connection is counted. Returns NULL, or why it cannot be taken; "": without a word. */
static const char *admit(struct http_listener *listener, int fd, const struct sockaddr *from)
{
    struct http_server *server = listener->server;
    const struct address_list *trusted = server->settings.trusted_proxies;
    bool is_trusted = trusted && !listener->is_unix && address_list_has(trusted, from);
    struct peer *peer;
    int result = enter_peer(listener, from, is_trusted, &peer);
    if (result == ERR_BUSY)
        return "too many connections from your address";
    if (result == 0) {
        result = http_connection_new(listener, fd, from, peer, is_trusted);
        if (result < 0 && peer)
            peer_leave(server->shared->peers, peer);
    }
    return result < 0 ? "" : NULL;
}

static void take(struct http_listener *listener, int fd, const struct sockaddr *from)
{
    struct http_server *server = listener->server;
    atomic_int *count = &server->shared->connections;
    const char *why = "too many connections";
    if (atomic_fetch_add_explicit(count, 1, memory_order_relaxed) <
        server->settings.max_connections)
        why = admit(listener, fd, from);
    if (!why)
        return;
    atomic_fetch_sub_explicit(count, 1, memory_order_relaxed);
    if (*why)
        reply_turn_away(server, fd, from, why);
    close(fd);
}

static bool accept_one(struct http_listener *listener)
{
    struct sockaddr_storage from = {0};
    socklen_t size = sizeof(from);
    int fd = accept4(listener->fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        take(listener, fd, (struct sockaddr *)&from);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        pause_start(listener->server);
    return errno == EINTR || errno == ECONNABORTED;
}

static void on_accept(evutil_socket_t fd, short what, void *context)
{
    struct http_listener *listener = context;
    (void)fd;
    (void)what;
    for (int i = 0; i < ACCEPTS_PER_TURN && accept_one(listener); i++) {
    }
}

int http_server_listen(struct http_server *server, int fd)
{
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof(own);
    if (getsockname(fd, (struct sockaddr *)&own, &size) != 0)
        return ERR_SYSTEM;
    struct http_listener *listener = calloc(1, sizeof(*listener));
    if (!listener)
        return ERR_NOMEM;
    listener->server = server;
    listener->fd = fd;
    listener->is_unix = own.ss_family == AF_UNIX;
    event_assign(&listener->event, server->base, fd, EV_READ | EV_PERSIST, on_accept, listener);
    if (event_add(&listener->event, NULL) != 0) {
        free(listener);
        return ERR_NOMEM;
    }
    listener->next = server->listeners;
    server->listeners = listener;
    return 0;
}

static void stop_listening(struct http_server *server)
{
    for (struct http_listener *listener = server->listeners, *next; listener; listener = next) {
        next = listener->next;
        event_del(&listener->event);
        close(listener->fd);
        free(listener);
    }
    server->listeners = NULL;
}

/* --- the server --- */

static void set_timeouts(struct http_server *server)
{
    const struct http_settings *settings = &server->settings;
    server->waits[WAIT_IDLE].timeout_ms = settings->idle_timeout_ms;
    server->waits[WAIT_HEAD].timeout_ms = settings->head_timeout_ms;
    server->waits[WAIT_BODY].timeout_ms = settings->body_timeout_ms;
    server->waits[WAIT_BUDGET].timeout_ms = settings->budget_timeout_ms;
    server->waits[WAIT_WRITE].timeout_ms = settings->write_timeout_ms;
    server->waits[WAIT_LINGER].timeout_ms = LINGER_MS;
}

int http_server_new(struct event_base *base, const struct http_settings *settings,
                    const struct http_handlers *handlers, struct http_shared *shared,
                    struct http_server **ret_server)
{
    struct http_server *server = calloc(1, sizeof(*server));
    size_t scratch_size = settings->max_head + READ_SIZE;
    char *scratch = malloc(scratch_size);
    if (!server || !scratch) {
        free(server);
        free(scratch);
        return ERR_NOMEM;
    }
    server->base = base;
    server->settings = *settings;
    server->handlers = *handlers;
    server->shared = shared;
    server->scratch = scratch;
    server->scratch_size = scratch_size;
    LIST_INIT(&server->streams);
    server->ready_end = &server->ready;
    server->dropped_end = &server->dropped;
    event_assign(&server->tick, base, -1, EV_PERSIST, on_tick, server);
    set_timeouts(server);
    *ret_server = server;
    return 0;
}

void http_server_drain(struct http_server *server)
{
    stop_listening(server);
    server->draining = true; /* the next flush closes what is idle: a handler may be running now */
}

bool http_server_idle(const struct http_server *server)
{
    return server->connections == 0;
}

static void finish_dropped(struct http_server *server)
{
    while (server->dropped) {
        struct pending *p = server->dropped;
        server->dropped = p->next;
        if (!server->dropped)
            server->dropped_end = &server->dropped;
        reply_done(server, p);
    }
}

void http_server_free(struct http_server *server)
{
    stop_listening(server);
    for (int kind = 0; kind < WAIT_KINDS; kind++)
        while (server->waits[kind].first)
            http_connection_close(server->waits[kind].first);
    finish_dropped(server);
    while (server->free) {
        struct pending *p = server->free;
        server->free = p->next;
        arena_free(&p->request.arena);
        free(p);
    }
    event_del(&server->tick);
    free(server->scratch);
    free(server);
}

static void send_ready(struct http_server *server)
{
    while (server->ready) {
        struct http_connection *c = server->ready;
        server->ready = c->next_ready;
        if (!server->ready)
            server->ready_end = &server->ready;
        c->is_ready = false;
        http_connection_send(c);
    }
}

void http_server_flush(struct http_server *server)
{
    if (server->released) {
        server->released = false;
        body_retry(server);
    }
    send_ready(server);
    finish_dropped(server);
    while (server->draining && server->waits[WAIT_IDLE].first)
        http_connection_close(server->waits[WAIT_IDLE].first);
    if (server->draining)
        stream_close_all(server);
    server->now_us = 0;
}
