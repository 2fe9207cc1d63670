#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "net/http_internal.h"

/* A body up to here is copied behind its head: one piece costs the kernel less than two. */
#define SHORT_BODY ((size_t)2048)
/* Of the server's own lines: status (45), Date (37), Content-Type (47), Content-Length (38),
 * Connection (24), the blank line. */
#define OWN_LINES  ((size_t)256)
#define IOV_COUNT  64
#define ERROR_BODY ((size_t)64 << 10)

/* --- bytes --- */

struct lines {
    int status;
    struct str extra;
    size_t content_length;
    const char *connection; /* a whole line or "" */
    bool is_open;           /* no length, and extra says the type */
};

static char *put(char *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static char *put_text(char *at, const char *text)
{
    return put(at, text, strlen(text));
}

static char *put_number(char *at, size_t number)
{
    char digits[20], *first = digits + sizeof(digits);
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return put(at, first, (size_t)(digits + sizeof(digits) - first));
}

static char *put_status(char *at, int status)
{
    if (status == 200)
        return put(at, "HTTP/1.1 200 OK\r\n", 17);
    at = put_number(put(at, "HTTP/1.1 ", 9), (size_t)status);
    *at++ = ' ';
    at = put_text(at, http_reason(status));
    return put(at, "\r\n", 2);
}

/* Made once a second. Not by strftime(), which follows the locale. */
static char *put_date(struct http_server *server, char *at)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = time(NULL);
    struct tm t;
    if (now != server->date_second && gmtime_r(&now, &t)) {
        server->date_second = now;
        int len = snprintf(
            server->date, sizeof(server->date), "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
            days + (ptrdiff_t)t.tm_wday * 3, t.tm_mday, months + (ptrdiff_t)t.tm_mon * 3,
            t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
        server->date_len = (size_t)len;
    }
    return put(at, server->date, server->date_len);
}

static bool has_type(struct str extra)
{
    struct str name = STR("Content-Type:");
    return extra.len > name.len && str_eq_nocase((struct str){extra.p, name.len}, name);
}

/* Writes the reply's head; room for OWN_LINES + extra.len is there. Returns its end. */
static char *put_head(struct http_server *server, char *at, const struct lines *lines)
{
    at = put_status(at, lines->status);
    at = put_date(server, at);
    if (lines->status != 204 && lines->status != 304 && !lines->is_open) {
        if (!has_type(lines->extra))
            at = put(at, "Content-Type: application/json; charset=utf-8\r\n", 47);
        at = put_number(put(at, "Content-Length: ", 16), lines->content_length);
        at = put(at, "\r\n", 2);
    }
    if (lines->extra.len)
        at = put(at, lines->extra.p, lines->extra.len);
    at = put_text(at, lines->connection);
    return put(at, "\r\n", 2);
}

/* --- a reply is made --- */

/* Decides, too, whether it is the connection's last. */
static const char *connection_line(struct http_connection *c, const struct pending *p)
{
    bool is_last = p == c->last;
    if (c->server->draining && is_last && c->reading_state == READ_HEAD && c->in_len == 0) {
        c->reading_state = READ_NOTHING;
        c->extra = true; /* the client does not know yet, and may have sent more */
    }
    if (c->reading_state == READ_NOTHING && is_last)
        return "Connection: close\r\n";
    return p->request.has_head && p->request.head.minor_version == 0 ? "Connection: keep-alive\r\n"
                                                                     : "";
}

static bool is_bodiless(const struct pending *p, int status)
{
    return (p->request.has_head && p->request.head.method == HTTP_HEAD) || status == 204 ||
           status == 304;
}

void http_connection_ready(struct http_connection *c)
{
    if (!c->is_ready) {
        c->is_ready = true;
        c->next_ready = NULL;
        *c->server->ready_end = c;
        c->server->ready_end = &c->next_ready;
    }
}

/* Turns status, lines and body into the bytes of the reply. Takes `body` over. */
static void answer(struct http_connection *c, struct pending *p, int status, struct str extra,
                   struct buf *body)
{
    bool bodiless = is_bodiless(p, status), is_short = body->len <= SHORT_BODY;
    struct lines lines = {status, extra, body->len, connection_line(c, p), false};
    size_t size = OWN_LINES + extra.len + (is_short ? body->len : 0);
    p->status = status;
    char *head = arena_alloc(&p->request.arena, size);
    if (head) {
        char *end = put_head(c->server, head, &lines);
        if (is_short && !bodiless && body->len)
            end = put(end, body->data, body->len);
        p->reply_head = (struct str){head, (size_t)(end - head)};
    } else {
        c->broken = true;
    }
    if (is_short || bodiless || !head) {
        buf_free(body);
    } else {
        p->reply_body = *body;
        buf_init(body, body->max);
    }
    if (c->first == p)
        http_connection_ready(c);
}

int reply_open(struct http_connection *c, struct pending *p, struct str extra)
{
    struct lines lines = {200, extra, 0, "Connection: close\r\n", true};
    char *head = arena_alloc(&p->request.arena, OWN_LINES + extra.len);
    if (!head)
        return ERR_NOMEM;
    char *end = put_head(c->server, head, &lines);
    p->status = 200;
    p->reply_head = (struct str){head, (size_t)(end - head)};
    if (c->first == p)
        http_connection_ready(c);
    return 0;
}

static void write_error(struct http_server *server, struct pending *p, int status, const char *why,
                        struct buf *ret_body)
{
    buf_init(ret_body, ERROR_BODY);
    server->handlers.write_error(server->handlers.context, &p->request, status, why, ret_body);
    if (ret_body->failed) /* a reply without a body is better than none */
        buf_free(ret_body);
}

void http_reply(struct http_request *request, int status, struct str extra_headers,
                struct buf *body)
{
    struct http_server *server = request->server;
    struct pending *p = (struct pending *)request; /* its first member */
    body_release(server, p);
    if (body->failed) {
        buf_free(body);
        status = 503;
        write_error(server, p, status, "out of memory, try again", body);
    }
    if (request->connection) {
        answer(request->connection, p, status, extra_headers, body);
        return;
    }
    buf_free(body);
    p->status = status;
    p->next = NULL;
    *server->dropped_end = p;
    server->dropped_end = &p->next;
}

void reply_refusal(struct http_connection *c, struct pending *p, int status, const char *why)
{
    struct buf body;
    c->wait_anew = true;
    p->request.connection = c;
    write_error(c->server, p, status, why, &body);
    http_connection_append(c, p);
    answer(c, p, status, p->request.extra_headers, &body);
}

/* Of a request without a head; for the log. */
static void set_peer(struct pending *p, const char *text, size_t len)
{
    char *copy = arena_memdup(&p->request.arena, text, len);
    p->request.peer = (struct str){copy, copy ? len : 0};
}

void reply_error(struct http_connection *c, struct pending *p, int status, const char *why)
{
    c->reading = NULL;
    c->reading_state = READ_NOTHING;
    c->extra = true;
    p = p ? p : pending_new(c->server);
    if (p) {
        body_release(c->server, p);
        if (!p->request.has_head)
            set_peer(p, c->peer_text, c->peer_len);
        reply_refusal(c, p, status, why);
    } else {
        c->broken = true;
    }
}

void reply_turn_away(struct http_server *server, int fd, const struct sockaddr *from,
                     const char *why)
{
    struct buf body;
    char peer[ADDRESS_TEXT_MAX];
    struct pending *p = pending_new(server);
    if (!p)
        return;
    set_peer(p, peer, address_peer_text(from, peer));
    write_error(server, p, 503, why, &body);
    struct str extra = p->request.extra_headers;
    struct lines lines = {503, extra, body.len, "Connection: close\r\n", false};
    char *text = arena_alloc(&p->request.arena, OWN_LINES + extra.len + body.len);
    if (text) {
        char *end = put_head(server, text, &lines);
        end = body.len ? put(end, body.data, body.len) : end;
        ssize_t sent = send(fd, text, (size_t)(end - text), MSG_DONTWAIT | MSG_NOSIGNAL);
        p->sent = sent > 0 ? (size_t)sent : 0;
        /* What the client has sent already would make of close() a reset. */
        shutdown(fd, SHUT_WR);
        recv(fd, server->scratch, server->scratch_size, MSG_DONTWAIT);
    }
    buf_free(&body);
    p->status = 503;
    reply_done(server, p);
}

void reply_done(struct http_server *server, struct pending *p)
{
    if (server->handlers.on_replied)
        server->handlers.on_replied(server->handlers.context, &p->request, p->status, p->sent);
    pending_free(p);
}

/* --- replies leave --- */

void reply_continue(struct http_connection *c)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (c->first) {
        c->continue_due = true;
        return;
    }
    ssize_t sent = send(c->fd, line, sizeof(line) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0 && sent < (ssize_t)sizeof(line) - 1)
        c->broken = true; /* none at all is fine: the client does not wait for ever */
}

static size_t reply_size(const struct pending *p)
{
    return p->reply_head.len + p->reply_body.len;
}

static size_t gather_one(const struct pending *p, struct iovec *iov)
{
    size_t count = 0, head_sent = p->sent < p->reply_head.len ? p->sent : p->reply_head.len;
    size_t body_sent = p->sent - head_sent;
    if (head_sent < p->reply_head.len) {
        iov[count].iov_base = (char *)(uintptr_t)p->reply_head.p + head_sent;
        iov[count++].iov_len = p->reply_head.len - head_sent;
    }
    if (body_sent < p->reply_body.len) {
        iov[count].iov_base = p->reply_body.data + body_sent;
        iov[count++].iov_len = p->reply_body.len - body_sent;
    }
    return count;
}

/* The answered ones at the front, as far as iov goes. */
static size_t gather(const struct http_connection *c, struct iovec iov[IOV_COUNT],
                     size_t *ret_total)
{
    size_t count = 0, total = 0;
    for (struct pending *p = c->first; p && p->status && count + 2 <= IOV_COUNT; p = p->next) {
        count += gather_one(p, iov + count);
        total += reply_size(p) - p->sent;
    }
    *ret_total = total;
    return count;
}

/* `sent` bytes have left: takes the replies that are whole out of the queue. */
static void advance(struct http_connection *c, size_t sent)
{
    while (c->first && c->first->status) {
        struct pending *p = c->first;
        size_t left = reply_size(p) - p->sent;
        if (sent < left) {
            p->sent += sent;
            return;
        }
        p->sent += left;
        sent -= left;
        c->first = p->next;
        c->last = c->first ? c->last : NULL;
        c->pending_count--;
        c->held -= p->held;
        reply_done(c->server, p);
    }
}

static void send_some(struct http_connection *c)
{
    struct iovec iov[IOV_COUNT];
    size_t total;
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = gather(c, iov, &total)};
    ssize_t sent = message.msg_iovlen == 1
                       ? send(c->fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL)
                       : sendmsg(c->fd, &message, MSG_NOSIGNAL);
    if (sent < 0) {
        c->blocked = errno == EAGAIN || errno == EWOULDBLOCK;
        c->broken = c->broken || (!c->blocked && errno != EINTR);
        return;
    }
    c->blocked = (size_t)sent < total;
    c->wait_anew = c->blocked && sent > 0;
    advance(c, (size_t)sent);
}

void http_connection_send(struct http_connection *c)
{
    c->blocked = false;
    while (!c->broken && !c->blocked && c->first && c->first->status)
        send_some(c);
    if (c->continue_due && !c->first) {
        c->continue_due = false;
        if (c->reading_state == READ_BODY && c->reading->request.body.len == 0)
            reply_continue(c);
    }
    if (c->stream && !c->first && !c->blocked && !c->broken)
        stream_send(c);
    http_connection_settle(c);
}
