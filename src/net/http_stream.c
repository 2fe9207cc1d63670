#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/http_internal.h"

/* What the kernel may hold for a client that does not read (it doubles this): its own choice would be
 * megabytes, in which events grow old unseen. */
#define KERNEL_BYTES ((int)(HTTP_STREAM_OUTBOX / 2))

struct http_stream {
    struct http_connection *c;
    void (*on_closed)(void *owner);
    void *owner;
    struct buf outbox; /* holds memory only while something waits */
    size_t sent;       /* of it */
    LIST_ENTRY(http_stream) next;
};

/* Whether the request is the last thing that its client has sent, so that its reply may stay open. */
static bool may_stay_open(const struct http_connection *c, const struct pending *p)
{
    return p->request.head.method != HTTP_HEAD && p == c->last &&
           (c->reading_state == READ_HEAD || c->reading_state == READ_NOTHING) && c->in_len == 0 &&
           !c->extra;
}

/* A client whose machine has vanished acknowledges nothing: the kernel gives up after the write timeout, and
 * not after its own quarter of an hour. A Unix socket has no such option, and no such client. */
static void tune(const struct http_connection *c)
{
    unsigned timeout_ms = (unsigned)c->server->settings.write_timeout_ms;
    setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &(int){KERNEL_BYTES}, sizeof(int));
    setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

int http_stream_open(struct http_request *request, struct str extra_headers,
                     void (*on_closed)(void *owner), void *owner, struct http_stream **ret_stream)
{
    struct http_connection *c = request->connection;
    struct pending *p = (struct pending *)request; /* its first member */
    if (!c || c->broken || c->ended)
        return ERR_CLOSED;
    if (!may_stay_open(c, p))
        return ERR_INVALID;
    struct http_stream *stream = malloc(sizeof(*stream));
    if (!stream || reply_open(c, p, extra_headers) < 0) {
        free(stream);
        return ERR_NOMEM;
    }
    *stream = (struct http_stream){.c = c, .on_closed = on_closed, .owner = owner};
    buf_init(&stream->outbox, HTTP_STREAM_OUTBOX);
    LIST_INSERT_HEAD(&c->server->streams, stream, next);
    tune(c);
    c->stream = stream;
    c->reading_state = READ_STREAM;
    c->body_left = HTTP_STREAM_READ;
    body_release(c->server, p);
    *ret_stream = stream;
    return 0;
}

/* Bytes of the outbox that have left make room for new ones. */
static void make_room(struct http_stream *stream)
{
    struct buf *outbox = &stream->outbox;
    if (stream->sent == 0)
        return;
    outbox->len -= stream->sent;
    memmove(outbox->data, outbox->data + stream->sent, outbox->len);
    stream->sent = 0;
}

bool http_stream_write(struct http_stream *stream, struct str data)
{
    if (data.len > HTTP_STREAM_OUTBOX - (stream->outbox.len - stream->sent))
        stream->c->broken = true;
    if (stream->c->broken) {
        http_connection_ready(stream->c);
        return false;
    }
    make_room(stream);
    buf_add(&stream->outbox, data.p, data.len);
    stream->c->broken = stream->outbox.failed;
    if (!stream->c->blocked || stream->c->broken)
        http_connection_ready(stream->c);
    return !stream->c->broken;
}

static void detach(struct http_stream *stream)
{
    LIST_REMOVE(stream, next);
    stream->c->stream = NULL;
    buf_free(&stream->outbox);
    free(stream);
}

void http_stream_close(struct http_stream *stream)
{
    struct http_connection *c = stream->c;
    detach(stream);
    c->reading_state = READ_NOTHING; /* what is not sent yet of the head still is */
    http_connection_ready(c);
}

void stream_gone(struct http_connection *c)
{
    struct http_stream *stream = c->stream;
    void (*on_closed)(void *owner) = stream->on_closed;
    void *owner = stream->owner;
    detach(stream);
    on_closed(owner);
}

void stream_close_all(struct http_server *server)
{
    while (!LIST_EMPTY(&server->streams))
        http_connection_close(LIST_FIRST(&server->streams)->c);
}

void stream_send(struct http_connection *c)
{
    struct http_stream *stream = c->stream;
    size_t left = stream->outbox.len - stream->sent;
    if (left == 0)
        return;
    ssize_t sent = send(c->fd, stream->outbox.data + stream->sent, left, MSG_NOSIGNAL);
    if (sent < 0) {
        c->blocked = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        c->broken = !c->blocked;
        return;
    }
    stream->sent += (size_t)sent;
    c->blocked = (size_t)sent < left;
    c->wait_anew = c->blocked && sent > 0;
    if (!c->blocked) {
        buf_free(&stream->outbox);
        stream->sent = 0;
    }
}

/* What the client writes is nobody's; that it has left shows here. */
void stream_read(struct http_connection *c)
{
    /* TCP does not even copy with MSG_TRUNC. */
    ssize_t len = recv(c->fd, c->server->scratch, c->server->scratch_size, MSG_TRUNC);
    if (len < 0) {
        c->broken = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
        return;
    }
    c->broken = len == 0 || (uint64_t)len > c->body_left;
    c->body_left -= c->broken ? 0 : (uint64_t)len;
}
