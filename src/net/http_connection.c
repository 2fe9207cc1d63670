#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_internal.h"

static void on_event(evutil_socket_t fd, short what, void *context);

/* --- start and end --- */

int http_connection_new(struct http_listener *listener, int fd, const struct sockaddr *from,
                        struct peer *peer, bool is_trusted)
{
    struct http_server *server = listener->server;
    struct http_connection *c = calloc(1, sizeof(*c));
    if (!c)
        return ERR_NOMEM;
    c->server = server;
    c->fd = fd;
    c->peer = peer;
    c->is_trusted = is_trusted;
    c->wait = WAIT_KINDS;
    event_assign(&c->event, server->base, fd, EV_READ | EV_PERSIST, on_event, c);
    c->peer_len = (uint8_t)address_peer_text(from, c->peer_text);
    if (!listener->is_unix)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    server->connections++;
    server_tick(server);
    http_connection_settle(c);
    return 0;
}

/* The requests that are with the owner stay until their reply; the answered ones are done. */
static void let_go(struct http_connection *c)
{
    struct http_server *server = c->server;
    for (struct pending *p = c->first, *next; p; p = next) {
        next = p->next;
        p->request.connection = NULL;
        if (p->status)
            reply_done(server, p);
    }
    if (c->reading)
        pending_free(c->reading);
}

static void leave_ready(struct http_connection *c)
{
    struct http_connection **at = &c->server->ready;
    if (!c->is_ready)
        return;
    while (*at != c)
        at = &(*at)->next_ready;
    *at = c->next_ready;
    if (!*at)
        c->server->ready_end = at;
}

void http_connection_close(struct http_connection *c)
{
    struct http_server *server = c->server;
    event_del(&c->event);
    close(c->fd);
    wait_leave(c);
    leave_ready(c);
    let_go(c);
    if (c->stream)
        stream_gone(c);
    if (c->peer)
        peer_leave(server->shared->peers, c->peer);
    atomic_fetch_sub_explicit(&server->shared->connections, 1, memory_order_relaxed);
    server->connections--;
    free(c->in);
    free(c);
}

/* Everything is answered. Who asked for the end, or has ended itself, is left at once; else the
 * client may be sending still. */
static void finish(struct http_connection *c)
{
    if (c->ended || !c->extra || shutdown(c->fd, SHUT_WR) != 0) {
        http_connection_close(c);
        return;
    }
    c->reading_state = READ_LINGER;
    c->body_left = LINGER_MAX;
    http_connection_keep(c, NULL, 0);
    http_connection_settle(c);
}

/* --- what it waits for --- */

static void watch(struct http_connection *c, short events)
{
    if (c->watched == events)
        return;
    event_del(&c->event); /* not added, it may still be active: has_more() */
    event_assign(&c->event, c->server->base, c->fd, (short)(events | EV_PERSIST), on_event, c);
    if (events && event_add(&c->event, NULL) != 0) {
        c->broken = true;
        events = 0;
    }
    c->watched = events;
}

bool http_connection_is_full(const struct http_connection *c)
{
    return c->pending_count >= PIPELINE_MAX || c->held >= PIPELINE_HELD;
}

/* Requests that had been read already, and may be looked at now; in a turn of their own. */
static bool has_more(const struct http_connection *c)
{
    return c->in_len && c->in_waits && c->reading_state == READ_HEAD && !http_connection_is_full(c);
}

static enum wait wait_for(const struct http_connection *c)
{
    switch (c->reading_state) {
    case READ_LINGER: return WAIT_LINGER;
    case READ_BUDGET: return WAIT_BUDGET;
    case READ_BODY:
    case READ_OVER: return WAIT_BODY;
    case READ_HEAD:
        if (c->in_len && !c->in_waits)
            return WAIT_HEAD;
        return c->first || c->in_len ? WAIT_OWNER : WAIT_IDLE;
    default: return WAIT_OWNER;
    }
}

static bool may_read(const struct http_connection *c)
{
    switch (c->reading_state) {
    case READ_HEAD: return !c->in_waits && !http_connection_is_full(c);
    case READ_BUDGET:
    case READ_NOTHING: return false;
    default: return true; /* a stream too: who has left shows by that */
    }
}

void http_connection_settle(struct http_connection *c)
{
    bool is_over = c->reading_state == READ_NOTHING && !c->first;
    if (c->broken) {
        http_connection_close(c);
        return;
    }
    if (is_over) {
        finish(c);
        return;
    }
    wait_enter(c, c->blocked ? WAIT_WRITE : wait_for(c));
    watch(c, c->blocked ? EV_WRITE : may_read(c) ? EV_READ : 0);
    if (!c->blocked && has_more(c))
        event_active(&c->event, EV_READ, 0);
}

void http_connection_append(struct http_connection *c, struct pending *p)
{
    p->next = NULL;
    if (c->last)
        c->last->next = p;
    else
        c->first = p;
    c->last = p;
    c->pending_count++;
    c->held += p->held;
}

void http_connection_expired(struct http_connection *c)
{
    switch (c->wait) {
    case WAIT_HEAD: reply_error(c, NULL, 408, "the request's head took too long"); break;
    case WAIT_BUDGET:
        reply_error(c, c->reading, 503, "no memory for the body, try again later");
        break;
    case WAIT_BODY:
        if (c->reading) {
            reply_error(c, c->reading, 408, "the request's body took too long");
        } else { /* it was read over: its request is answered */
            c->reading_state = READ_NOTHING;
            c->extra = true;
        }
        break;
    default: c->broken = true;
    }
    http_connection_settle(c);
}

/* --- what arrives --- */

/* Room for `len` bytes; what was there is lost when it has to grow. */
static char *make_room(struct http_connection *c, size_t len)
{
    size_t size = c->in_size ? c->in_size : 256;
    while (size < len)
        size *= 2;
    if (size != c->in_size) {
        free(c->in);
        c->in = malloc(size);
        c->in_size = c->in ? (uint32_t)size : 0;
    }
    return c->in;
}

void http_connection_keep(struct http_connection *c, const char *data, size_t len)
{
    if (len && make_room(c, len)) {
        memcpy(c->in, data, len);
        c->in_len = (uint32_t)len;
        return;
    }
    c->broken = c->broken || len;
    free(c->in);
    c->in = NULL;
    c->in_len = c->in_size = 0;
}

/* Takes requests and bodies out of data[0..len) and keeps the rest. */
static void feed(struct http_connection *c, char *data, size_t len)
{
    size_t used = 1;
    c->in_len = 0; /* what was kept is in `data` now */
    c->in_waits = false;
    while (len && used && !c->broken && !c->in_waits) {
        switch (c->reading_state) {
        case READ_HEAD:
            c->in_waits = http_connection_is_full(c);
            used = c->in_waits ? 0 : request_read(c, data, len);
            break;
        case READ_BODY: used = body_read(c, data, len); break;
        case READ_OVER: used = body_read_over(c, data, len); break;
        default: /* READ_NOTHING */ c->extra = true; used = len;
        }
        data += used;
        len -= used;
    }
    if (c->reading_state == READ_HEAD && len == 2 && memcmp(data, "\r\n", 2) == 0) {
        len = 0; /* an empty line behind a body is no request that has begun */
        c->in_waits = false;
    }
    if (c->reading_state != READ_BUDGET) /* else it has kept its part of the body */
        http_connection_keep(c, data, len);
}

static void on_end(struct http_connection *c)
{
    c->ended = true;
    if (c->reading) {
        pending_free(c->reading);
        c->reading = NULL;
    }
    http_connection_keep(c, NULL, 0);
    c->reading_state = READ_NOTHING;
}

static bool received(struct http_connection *c, ssize_t len)
{
    if (len > 0)
        return true;
    if (len == 0)
        on_end(c);
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        c->broken = true;
    return false;
}

/* A body with a length goes straight into its memory. */
static void read_body(struct http_connection *c)
{
    struct str body = c->reading->request.body;
    size_t room = c->body_left < BODY_READ_SIZE ? (size_t)c->body_left : BODY_READ_SIZE;
    ssize_t len = recv(c->fd, c->reading->body_memory + body.len, room, 0);
    if (received(c, len))
        body_received(c, (size_t)len);
}

static void drop(struct http_connection *c)
{
    /* TCP does not even copy with MSG_TRUNC. */
    ssize_t len = recv(c->fd, c->server->scratch, c->server->scratch_size, MSG_TRUNC);
    if (!received(c, len))
        return;
    c->broken = (uint64_t)len >= c->body_left;
    c->body_left -= (uint64_t)len;
}

/* Heads, chunks, and what is read over: through the scratch, behind what was kept of it. */
static void read_scratch(struct http_connection *c)
{
    char *data = c->server->scratch;
    size_t kept = c->in_len;
    if (c->in_waits) { /* whole requests, to be looked at before more is read */
        memcpy(data, c->in, kept);
        feed(c, data, kept);
        return;
    }
    ssize_t len = recv(c->fd, data + kept, READ_SIZE, 0);
    if (!received(c, len))
        return;
    if (kept)
        memcpy(data, c->in, kept);
    size_t total = kept + (size_t)len;
    if (kept && total < c->server->settings.max_head && !memchr(data + kept, '\n', (size_t)len)) {
        http_connection_keep(c, data,
                             total); /* no line has ended: nothing new to be read from it */
        return;
    }
    feed(c, data, total);
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    struct http_connection *c = context;
    (void)fd;
    if (what & EV_WRITE) {
        http_connection_send(c);
        return;
    }
    if (c->reading_state == READ_LINGER)
        drop(c);
    else if (c->reading_state == READ_STREAM)
        stream_read(c);
    else if (c->reading_state == READ_BODY && !c->reading->request.head.chunked)
        read_body(c);
    else
        read_scratch(c);
    http_connection_settle(c);
}
