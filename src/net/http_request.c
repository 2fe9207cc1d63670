#include <stdlib.h>

#include "net/http_internal.h"

/* Their structs are 3.5 KiB and come with every request, so they are kept for reuse, each with the
 * block of its arena. */
struct pending *pending_new(struct http_server *server)
{
    struct pending *p = server->free;
    if (p) {
        server->free = p->next;
        server->free_count--;
    } else {
        p = malloc(sizeof(*p));
        if (!p)
            return NULL;
        arena_init(&p->request.arena, 0);
    }
    struct http_request *request = &p->request;
    request->arena.max = HTTP_ARENA_MAX;
    request->body = request->peer = request->extra_headers = (struct str){0};
    request->max_body = 0;
    request->has_head = false;
    request->owner = NULL;
    request->server = server;
    request->connection = NULL;
    request->head.header_count = 0;
    memset(&p->next, 0, sizeof(*p) - offsetof(struct pending, next));
    return p;
}

void pending_free(struct pending *p)
{
    struct http_server *server = p->request.server;
    body_release(server, p);
    buf_free(&p->reply_body);
    if (server->free_count >= FREE_REQUESTS_MAX) {
        arena_free(&p->request.arena);
        free(p);
        return;
    }
    arena_reset(&p->request.arena);
    p->next = server->free;
    server->free = p;
    server->free_count++;
}

/* The bytes that the head says follow, when all of them are here. */
static bool is_whole(const struct http_head *head, size_t available)
{
    return !head->chunked && head->content_length <= available;
}

/* The peer's text, into the request's memory: the request may outlive the connection. */
static void set_peer(struct http_connection *c, struct http_request *request, char *text)
{
    struct address forwarded;
    size_t len = c->peer_len;
    if (c->is_trusted &&
        forwarded_for(&request->head, c->server->settings.trusted_proxies, &forwarded))
        len = address_text(&forwarded, text);
    else
        memcpy(text, c->peer_text, len);
    request->peer = (struct str){text, len};
}

/* Copies the head, the body when it is whole, and the peer into one piece of the arena. */
static bool keep(struct http_connection *c, struct pending *p, const char *data, size_t head_len,
                 size_t body_len)
{
    struct http_request *request = &p->request;
    size_t len = head_len + body_len;
    char *memory = arena_alloc(&request->arena, len + 1 + ADDRESS_TEXT_MAX);
    if (!memory)
        return false;
    memcpy(memory, data, len);
    memory[len] = '\0';
    http_head_move(&request->head, data, memory);
    request->body = (struct str){memory + head_len, body_len};
    set_peer(c, request, memory + len + 1);
    p->held = len;
    return true;
}

void request_hand_over(struct http_connection *c, struct pending *p)
{
    c->reading = NULL;
    c->wait_anew = true; /* what follows has a time of its own */
    c->reading_state = p->request.head.keep_alive ? READ_HEAD : READ_NOTHING;
    http_connection_append(c, p);
    c->server->handlers.on_request(c->server->handlers.context, &p->request);
}

/* Asks the owner. 0 or the status to refuse with. */
static int ask(struct http_server *server, struct http_request *request, const char **why)
{
    *why = "";
    if (request->head.expect_unknown) {
        *why = "an expectation other than 100-continue";
        return 417;
    }
    int status = server->handlers.on_head(server->handlers.context, request, why);
    if (status == 0 && request->head.content_length > request->max_body) {
        *why = "the body is too large";
        return 413;
    }
    return status;
}

/* A complete head. `rest` is what follows it; returns the bytes of it that were used. */
static size_t take(struct http_connection *c, struct pending *p, char *rest, size_t rest_len)
{
    const struct http_head *head = &p->request.head;
    bool whole = is_whole(head, rest_len);
    const char *why;
    int status = ask(c->server, &p->request, &why);
    if (status != 0) {
        size_t body_len = whole ? (size_t)head->content_length : 0;
        if ((whole && head->keep_alive) || body_start_over(c, head)) {
            reply_refusal(c, p, status, why);
            return body_len;
        }
        reply_error(c, p, status, why);
        return rest_len;
    }
    if (whole) {
        request_hand_over(c, p);
        return (size_t)head->content_length;
    }
    return body_start(c, p, rest, rest_len);
}

size_t request_read(struct http_connection *c, char *data, size_t len)
{
    struct http_server *server = c->server;
    struct pending *p = pending_new(server);
    if (!p) {
        c->broken = true;
        return len;
    }
    struct http_head *head = &p->request.head;
    const char *why;
    long head_len = http_parse_head(data, len, server->settings.max_head, head, &why);
    if (head_len == 0) {
        pending_free(p);
        return 0;
    }
    if (head_len < 0) {
        reply_error(c, p, (int)-head_len, why);
        return len;
    }
    size_t used = (size_t)head_len;
    size_t body_len = is_whole(head, len - used) ? (size_t)head->content_length : 0;
    p->request.has_head = true;
    p->request.connection = c;
    p->request.start_us = server_now_us(server);
    if (!keep(c, p, data, used, body_len)) {
        pending_free(p);
        c->broken = true;
        return len;
    }
    return used + take(c, p, data + used, len - used);
}
