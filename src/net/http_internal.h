/* What the files of the HTTP server share; for nobody else.
 *
 *   http_server.c      the server: listeners, the turn's end, drain
 *   http_connection.c  a connection: what arrives, what it waits for, its end
 *   http_request.c     a request: from the head's bytes to the owner
 *   http_body.c        a request's body: memory, budget, decoding, reading over
 *   http_reply.c       a reply: from the owner to bytes, to the socket
 *   http_stream.c      a reply that stays open
 *   http_deadline.c    the lists of connections by what they wait for
 *   peers.c            connections per peer
 *
 * Rules that keep it simple: a connection is freed only by http_connection_close(), and only the event
 * callback, http_connection_send() and the deadlines call that – never what reads requests, which the
 * owner's handlers are called from. What reads requests marks a connection as `broken` instead. */
#ifndef WSCRM_NET_HTTP_INTERNAL_H
#define WSCRM_NET_HTTP_INTERNAL_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include "net/http_server.h"

/* What one recv() takes while heads are read. Requests that are whole in it cost no budget, so it
 * bounds what 10,000 connections can hold unasked. */
#define READ_SIZE ((size_t)16 << 10)
/* What one recv() takes straight into a body's memory: one a turn, so that nobody waits long. */
#define BODY_READ_SIZE ((size_t)64 << 10)
/* Requests of one connection that may be with the owner at once, and the memory of their heads and
 * small bodies; beyond, the connection is not read. */
#define PIPELINE_MAX  64
#define PIPELINE_HELD ((size_t)64 << 10)
/* A body that nobody wants is read over when no more than this is left: cheaper than a new
 * connection. */
#define SKIP_MAX ((uint64_t)64 << 10)
/* After the last reply the client's bytes are dropped for a while: a close() with unread bytes would
 * be a reset, which takes the reply away from the client. */
#define LINGER_MS  2000
#define LINGER_MAX ((uint64_t)1 << 20)
/* Idle requests kept for reuse, with one arena block each: at most 5 MiB. */
#define FREE_REQUESTS_MAX 256
#define ACCEPTS_PER_TURN  64
#define ACCEPT_PAUSE_MS   100 /* when there are no descriptors */
#define TICK_MAX_MS       250

enum reading {
    READ_HEAD,
    READ_BUDGET, /* the body waits for budget; nothing is read */
    READ_BODY,
    READ_OVER,    /* of a body that nobody wants */
    READ_NOTHING, /* no request comes after those that are there */
    READ_LINGER,  /* nothing is left to answer: what comes is dropped */
    READ_STREAM,  /* the same while a stream is open, up to a limit */
};

enum wait {
    WAIT_IDLE,   /* for a request */
    WAIT_HEAD,   /* for the rest of a head */
    WAIT_BODY,   /* for the rest of a body */
    WAIT_BUDGET, /* for memory for a body */
    WAIT_WRITE,  /* for the client to read */
    WAIT_LINGER, /* for the client's close */
    WAIT_OWNER,  /* for a reply, or for more of a stream: no limit, the owner has its own */
    WAIT_KINDS,
};

/* Connections that wait for the same; the one that waits longest is first. */
struct wait_list {
    struct http_connection *first, *last;
    int timeout_ms; /* 0: none */
};

/* A request with what the server keeps for it. */
struct pending {
    struct http_request request;
    struct pending *next;  /* of the connection, or of the server's lists */
    char *body_memory;     /* a body that is not in the arena */
    size_t body_reserved;  /* of the budget */
    size_t held;           /* bytes of head and body in the arena */
    bool was_asked;        /* whether to read its body, see on_body */
    int status;            /* of the reply; 0 until there is one */
    struct str reply_head; /* and a short body, in the arena */
    struct buf reply_body; /* a long body */
    size_t sent;           /* of both */
};

struct http_connection {
    struct event event; /* what is watched: EV_READ, EV_WRITE or nothing */
    struct http_server *server;
    struct http_connection *waits_before, *waits_behind; /* in the list of `wait` */
    struct http_connection *next_ready;
    int64_t since_ms;             /* that it waits */
    struct pending *first, *last; /* in order: with the owner, or answered and not sent */
    struct pending *reading;      /* whose body is read */
    struct http_stream *stream;   /* NULL: none */
    char *in;                     /* bytes that wait: a part of a head, requests over the limit */
    uint64_t body_left;           /* to read of a body with a length, or to read over, or to drop */
    struct http_chunked chunked;
    struct peer *peer; /* NULL: exempt from the limit */
    size_t held;       /* sum over the pending */
    uint32_t in_len, in_size;
    int fd;
    short watched; /* the events of `event` that are added */
    uint8_t pending_count;
    uint8_t reading_state; /* enum reading */
    uint8_t wait;          /* enum wait */
    bool in_waits : 1;     /* `in` holds requests over the limit, not a part of one */
    bool wait_anew : 1;    /* the same kind of wait starts again */
    bool is_ready : 1;     /* in the server's list */
    bool blocked : 1;      /* the kernel takes no more */
    bool broken : 1;       /* to be closed without a word */
    bool ended : 1;        /* the client sends no more */
    bool extra : 1;        /* bytes came behind the last request */
    bool continue_due : 1; /* 100 Continue, when the replies before have left */
    bool over_chunked : 1; /* READ_OVER: by chunks, not by length */
    bool is_trusted : 1;   /* a proxy of ours */
    uint8_t peer_len;
    char peer_text[ADDRESS_TEXT_MAX];
};

struct http_listener {
    struct event event;
    struct http_server *server;
    struct http_listener *next;
    int fd;
    bool is_unix;
};

struct http_server {
    struct event_base *base;
    struct http_settings settings;
    struct http_handlers handlers;
    struct http_shared *shared;
    struct http_listener *listeners;
    struct event tick; /* runs while there are connections or a pause */
    bool ticking, draining, released;
    int64_t paused_until_ms; /* 0: accepting */
    int64_t now_us;          /* of this turn; 0: not read yet */
    struct wait_list waits[WAIT_KINDS];
    size_t connections;
    LIST_HEAD(, http_stream) streams;
    struct http_connection *ready, **ready_end; /* with replies to send */
    struct pending *dropped, **dropped_end;     /* answered when the connection had gone */
    struct pending *free;
    size_t free_count;
    int64_t date_second;
    char date[96]; /* "Date: …\r\n" */
    size_t date_len;
    size_t scratch_size;
    char *scratch; /* what recv() reads into, shared by all connections */
};

/* http_server.c */
int64_t server_now_us(struct http_server *server);
int64_t server_now_ms(struct http_server *server);
void server_tick(struct http_server *server); /* have the deadlines looked at */

/* http_connection.c */
int http_connection_new(struct http_listener *listener, int fd, const struct sockaddr *from,
                        struct peer *peer, bool is_trusted) MUST_USE;
void http_connection_close(struct http_connection *c);
/* Watches and waits for what the state asks for; or closes when it asks for nothing more. */
void http_connection_settle(struct http_connection *c);
/* Keeps a copy of these bytes, and no others, for later; len 0: none. Not from its own `in`. */
void http_connection_keep(struct http_connection *c, const char *data, size_t len);
void http_connection_append(struct http_connection *c, struct pending *p);
bool http_connection_is_full(const struct http_connection *c);
void http_connection_expired(struct http_connection *c); /* its wait has taken too long */

/* http_request.c */
struct pending *pending_new(struct http_server *server);
void pending_free(struct pending *p);
/* Reads a head, and the body when all of it is there. Returns the bytes used, 0: more are needed. */
size_t request_read(struct http_connection *c, char *data, size_t len);
void request_hand_over(struct http_connection *c, struct pending *p);

/* http_body.c */
/* Starts to read the body of `p`, of which data[0..len) is there. Returns the bytes used. */
size_t body_start(struct http_connection *c, struct pending *p, char *data, size_t len);
/* Starts to read over it. False when that is not worth it. */
bool body_start_over(struct http_connection *c, const struct http_head *head);
size_t body_read(struct http_connection *c, char *data, size_t len); /* chunked */
size_t body_read_over(struct http_connection *c, char *data, size_t len);
void body_received(struct http_connection *c, size_t len); /* straight into the memory */
void body_release(struct http_server *server, struct pending *p);
void body_retry(struct http_server *server); /* those that wait for budget */

/* http_reply.c */
/* The connection's last reply: an error. `p` may be NULL; it is taken over. */
void reply_error(struct http_connection *c, struct pending *p, int status, const char *why);
/* An error after which the connection may go on. */
void reply_refusal(struct http_connection *c, struct pending *p, int status, const char *why);
/* 503 for one that does not become a connection. */
void reply_turn_away(struct http_server *server, int fd, const struct sockaddr *from,
                     const char *why);
void reply_continue(struct http_connection *c);
void reply_done(struct http_server *server, struct pending *p); /* tells the owner and frees */
void http_connection_send(struct http_connection *c);           /* may close it */
/* It has something to send, or is to be closed, when the turn ends. */
void http_connection_ready(struct http_connection *c);
/* Makes the head of a reply without a length; http_reply.c's part of http_stream_open(). */
int reply_open(struct http_connection *c, struct pending *p, struct str extra) MUST_USE;

/* http_stream.c */
void stream_send(struct http_connection *c); /* what waits, as much as the kernel takes */
void stream_read(struct http_connection *c);
void stream_gone(struct http_connection *c);       /* the connection is being closed */
void stream_close_all(struct http_server *server); /* may close connections: at the turn's end */

/* http_deadline.c */
void wait_enter(struct http_connection *c, enum wait wait);
void wait_leave(struct http_connection *c);
void wait_expire(struct http_server *server);

/* peers.c */
struct peer; /* one address with its open connections */
/* Counts a connection of that address; ERR_BUSY when it has `max` already. */
int peer_enter(struct peer_table *peers, const struct address *address, int max,
               struct peer **ret_peer) MUST_USE;
void peer_leave(struct peer_table *peers, struct peer *peer);

/* forwarded.c */
/* The right-most address of the X-Forwarded-For headers that is no proxy of ours. False: none. */
bool forwarded_for(const struct http_head *head, const struct address_list *trusted,
                   struct address *ret_address);

#endif
