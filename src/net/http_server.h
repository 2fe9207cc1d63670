/* The HTTP/1.1 server of one worker thread: listeners, connections, timeouts, replies.
 *
 * One http_server per worker, on the worker's own event_base; all functions are for that thread
 * unless they say otherwise. What a request means is the owner's: it is asked for the limits when the
 * head is complete (`on_head`), and given the request when the body is (`on_request`). */
#ifndef WSCRM_NET_HTTP_SERVER_H
#define WSCRM_NET_HTTP_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "net/address.h"
#include "net/http_parse.h"

/* What a request's arena may hold beyond its body; on_head may set arena.max to something else. */
#define HTTP_ARENA_MAX ((size_t)64 << 20)

struct event_base;
struct http_server;
struct http_connection;

/* Shared by all workers of the process; made in main, outlives the servers. */
struct http_shared {
    atomic_int connections;   /* open now, all workers */
    atomic_size_t body_bytes; /* reserved for bodies in flight */
    struct peer_table *peers; /* open connections per address; see http_shared_init() */
};
int http_shared_init(struct http_shared *shared) MUST_USE;
void http_shared_free(struct http_shared *shared);

struct http_settings {
    int max_connections;          /* 10,000; over it: 503 in the envelope and a close */
    int max_connections_per_peer; /* 1,024; loopback, Unix sockets and trusted proxies are exempt */
    size_t max_head;              /* 16 KiB; over it: 431 */
    size_t body_budget;           /* 256 MiB for all bodies in flight of the process */
    int head_timeout_ms;          /* 10 s for the whole head: 408 */
    int body_timeout_ms;          /* 30 s for the whole body: 408 */
    int budget_timeout_ms;        /* 10 s to wait for the body budget: 503 */
    int idle_timeout_ms;          /* 75 s: an idle keep-alive connection is closed silently */
    int write_timeout_ms;         /* 30 s without progress on a reply: closed */
    const struct address_list *trusted_proxies; /* may be NULL */
};

/* One request, from its head to its reply. Owned by the server until on_request; then by the owner
 * until http_reply(), which must be called exactly once, on the worker's thread, also when the client
 * has gone (the reply is then dropped). */
struct http_request {
    struct http_head head; /* str point into request memory */
    struct str body;       /* whole, decoded; writable memory of the request, a NUL behind it */
    struct arena arena;    /* request memory: dropped after on_replied */
    struct str peer;  /* the client's address as text; "unix" for a Unix socket. Behind a trusted
                            * proxy: the right-most untrusted X-Forwarded-For entry */
    int64_t start_us; /* clock_mono_us() of the turn in which the head was complete */
    size_t max_body;  /* set by on_head */
    struct str extra_headers; /* may be set by on_head and write_error, for replies of the server's
                               * own: whole lines, each ending in CRLF, in the arena or static */
    bool has_head;            /* false: an error came before it; head, body are empty then */
    void *owner;              /* the owner's, NULL at first */
    struct http_server *server;
    struct http_connection *connection; /* the server's; NULL when the client has gone */
};

struct http_handlers {
    void *context;
    /* The head is complete and nothing of the body has been kept. Returns 0 and sets max_body to
     * go on, or an HTTP status to refuse with; then it has filled *why for the reply's message. The
     * connection closes after a refusal whose body is large and was not read. */
    int (*on_head)(void *context, struct http_request *request, const char **why);
    /* The first bytes of a body are there (request->body) and more are to come. Once, and not for a body
     * that comes whole with its head. False: do not read on; on_request follows at once, without a body,
     * for the reply, which is the connection's last. May be NULL. */
    bool (*on_body)(void *context, struct http_request *request);
    /* The request is whole. */
    void (*on_request)(void *context, struct http_request *request);
    /* Writes the body of an error that the server itself answers (400, 408, 413, 417, 431, 503, 505
     * and refusals of on_head). */
    void (*write_error)(void *context, struct http_request *request, int status, const char *why,
                        struct buf *out);
    /* A reply has left or was dropped (`bytes` handed to the kernel, 0 when the connection had gone);
     * for the log. Never called from within http_reply(). May be NULL. */
    void (*on_replied)(void *context, struct http_request *request, int status, size_t bytes);
};

int http_server_new(struct event_base *base, const struct http_settings *settings,
                    const struct http_handlers *handlers, struct http_shared *shared,
                    struct http_server **ret_server) MUST_USE;

/* Takes over a listening, non-blocking socket (each worker has its own, SO_REUSEPORT). */
int http_server_listen(struct http_server *server, int fd) MUST_USE;

/* Stops accepting, closes idle connections and streams, and lets running requests finish with
 * Connection: close. */
void http_server_drain(struct http_server *server);
bool http_server_idle(const struct http_server *server); /* no connections left */
/* Closes everything. Only when no request is with the owner. */
void http_server_free(struct http_server *server);

/* To be called when a turn of the loop ends: sends the replies collected in it. Replies made during a
 * turn are queued per connection and written together, in request order (pipelining). Not from
 * within a handler. */
void http_server_flush(struct http_server *server);

/* The reply. `body` is taken over (its memory is freed by the server; *body is left empty); one that
 * has failed becomes a 503. `extra_headers` are whole lines, each ending in CRLF, or empty; copied.
 * The server adds status line, Date, Content-Length, Connection, and Content-Type (JSON) unless
 * extra_headers start with one; X-Request-Id lines are the caller's. request->body is gone after
 * this; the arena stays until on_replied. */
void http_reply(struct http_request *request, int status, struct str extra_headers,
                struct buf *body);

/* --- a reply that stays open (server-sent events): what is written to it leaves when the turn ends, until
 * one side closes. Its request is answered with the head, and its memory goes then: an open stream costs
 * some 700 bytes. */

/* Bytes that may wait for a client that does not read; over it the stream is closed. The kernel holds as
 * much again. */
#define HTTP_STREAM_OUTBOX ((size_t)64 << 10)
/* Bytes that may come from the client behind its request, all of them dropped; over it the same. */
#define HTTP_STREAM_READ ((size_t)4 << 10)

struct http_stream;

/* In the place of http_reply(): sends the head of a 200 without a length, which the connection's end ends.
 * `on_closed` runs once, on the worker's thread, when the connection has gone, for whatever reason but
 * http_stream_close(): a client that left, that did not read (the write timeout, the outbox), that wrote
 * too much, the drain. It calls nothing of the server. ERR_CLOSED: the client has gone; ERR_INVALID:
 * it is a HEAD, or requests came behind it, which could never be answered; ERR_NOMEM. Then nothing was done, and
 * http_reply() is to be called. */
int http_stream_open(struct http_request *request, struct str extra_headers,
                     void (*on_closed)(void *owner), void *owner,
                     struct http_stream **ret_stream) MUST_USE;
/* False: the outbox is full. The stream is closed when the turn ends, and takes nothing more. */
bool http_stream_write(struct http_stream *stream, struct str data);
/* Ends it, what waits to be written is dropped; the stream is gone afterwards. Not from on_closed. */
void http_stream_close(struct http_stream *stream);

/* The reason phrase of a status (RFC 9110), never NULL. */
const char *http_reason(int status);

/* HOST:PORT, [V6]:PORT, or a host name that resolves to numeric addresses. Opens a listening socket;
 * with `reuse_port` false it is the probe that finds an occupied port. ERR_EXISTS: address in use;
 * ERR_INVALID: not an address; ERR_SYSTEM: errno. *ret_port: the port bound (for port 0). */
int http_listen(struct str address, bool reuse_port, int *ret_fd, int *ret_port) MUST_USE;

#endif
