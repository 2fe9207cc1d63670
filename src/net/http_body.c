#include <stdlib.h>

#include "net/http_internal.h"

/* --- the budget: bytes of memory for all bodies in flight of the process --- */

/* `size` is at most the whole budget. */
static bool budget_take(struct http_server *server, size_t size)
{
    atomic_size_t *bytes = &server->shared->body_bytes;
    size_t taken = atomic_load_explicit(bytes, memory_order_relaxed);
    do {
        if (taken > server->settings.body_budget - size)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(bytes, &taken, taken + size,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

static void budget_give(struct http_server *server, size_t size)
{
    if (size) {
        atomic_fetch_sub_explicit(&server->shared->body_bytes, size, memory_order_relaxed);
        server->released = true;
    }
}

void body_release(struct http_server *server, struct pending *p)
{
    free(p->body_memory);
    budget_give(server, p->body_reserved);
    p->body_memory = NULL;
    p->body_reserved = 0;
    p->request.body = (struct str){0};
}

/* --- memory for one body --- */

/* What may come: a chunked body does not say. Pages that it does not fill cost nothing. */
static size_t size_of(const struct pending *p)
{
    const struct http_head *head = &p->request.head;
    return head->chunked ? p->request.max_body : (size_t)head->content_length;
}

/* The owner does not want to read on: answers what is there as the connection's last. */
static bool is_refused(struct http_connection *c, struct pending *p)
{
    const struct http_handlers *handlers = &c->server->handlers;
    if (p->was_asked || p->request.body.len == 0 || !handlers->on_body)
        return false;
    p->was_asked = true;
    if (handlers->on_body(handlers->context, &p->request))
        return false;
    p->request.body = (struct str){0}; /* it may lie in the scratch */
    p->request.head.keep_alive = false;
    c->extra = true; /* the rest of the body */
    request_hand_over(c, p);
    return true;
}

/* The budget is taken: memory for the body, whose first `len` bytes are at `data`. */
static void granted(struct http_connection *c, struct pending *p, const char *data, size_t len)
{
    size_t size = size_of(p);
    p->body_reserved = size;
    p->body_memory = malloc(size + 1);
    if (!p->body_memory) {
        reply_error(c, p, 503, "out of memory, try again");
        return;
    }
    if (len)
        memcpy(p->body_memory, data, len);
    p->request.body = (struct str){p->body_memory, len};
    if (is_refused(c, p))
        return;
    c->reading_state = READ_BODY;
    c->wait_anew = true;
    if (p->request.head.expect_continue && len == 0)
        reply_continue(c);
}

static void ask_memory(struct http_connection *c, struct pending *p, const char *data, size_t len)
{
    struct http_server *server = c->server;
    if (size_of(p) > server->settings.body_budget) {
        reply_error(c, p, 413, "the body is larger than the memory for all bodies");
        return;
    }
    c->reading = p;
    p->request.body = (struct str){data, len};
    if (is_refused(c, p))
        return;
    p->request.body = (struct str){0};
    if (!server->waits[WAIT_BUDGET].first && budget_take(server, size_of(p))) {
        granted(c, p, data, len);
        return;
    }
    c->reading_state = READ_BUDGET;
    http_connection_keep(c, data, len);
}

/* In the order in which they came; a large one is not overtaken by small ones for ever. */
void body_retry(struct http_server *server)
{
    struct http_connection *c;
    while ((c = server->waits[WAIT_BUDGET].first) && budget_take(server, size_of(c->reading))) {
        granted(c, c->reading, c->in, c->in_len);
        http_connection_keep(c, NULL, 0);
        http_connection_settle(c);
    }
}

/* --- reading --- */

/* The body is whole. */
static void finish(struct http_connection *c)
{
    struct pending *p = c->reading;
    size_t len = p->request.body.len;
    if (p->body_reserved > len) { /* a chunked body of less than was reserved */
        char *less = realloc(p->body_memory, len + 1);
        p->body_memory = less ? less : p->body_memory;
        budget_give(c->server, p->body_reserved - len);
        p->body_reserved = len;
        p->request.body.p = p->body_memory;
    }
    p->body_memory[len] = '\0';
    request_hand_over(c, p);
}

void body_received(struct http_connection *c, size_t len)
{
    c->reading->request.body.len += len;
    c->body_left -= len;
    if (c->body_left == 0)
        finish(c);
    else
        (void)is_refused(c, c->reading);
}

/* Decodes; false after the error is answered. `had` is the length of the body before. */
static bool decode(struct http_connection *c, struct pending *p, char *data, size_t len,
                   size_t *ret_content, size_t *ret_used)
{
    const char *why;
    size_t had = p->request.body.len;
    if (http_chunked_feed(&c->chunked, data, len, ret_content, ret_used, &why) < 0) {
        reply_error(c, p, 400, why);
        return false;
    }
    /* What the chunk at hand announces counts, too: no need to read it first. */
    size_t room = p->request.max_body - had;
    if (*ret_content > room || c->chunked.left > room - *ret_content) {
        reply_error(c, p, 413, "the body is too large");
        return false;
    }
    return true;
}

size_t body_read(struct http_connection *c, char *data, size_t len)
{
    struct pending *p = c->reading;
    size_t content, used;
    if (!decode(c, p, data, len, &content, &used))
        return len;
    memcpy(p->body_memory + p->request.body.len, data, content);
    p->request.body.len += content;
    if (c->chunked.done)
        finish(c);
    else if (is_refused(c, p))
        return len;
    return used;
}

/* A chunked body; most are short and all here, and need no memory of their own. */
static size_t start_chunked(struct http_connection *c, struct pending *p, char *data, size_t len)
{
    size_t content, used;
    c->chunked = (struct http_chunked){0};
    if (!decode(c, p, data, len, &content, &used))
        return len;
    if (!c->chunked.done) {
        ask_memory(c, p, data, content);
        return used;
    }
    p->request.body = (struct str){arena_memdup(&p->request.arena, data, content), content};
    p->held += content;
    if (p->request.body.p)
        request_hand_over(c, p);
    else
        reply_error(c, p, 503, "out of memory, try again");
    return used;
}

size_t body_start(struct http_connection *c, struct pending *p, char *data, size_t len)
{
    if (p->request.head.chunked)
        return start_chunked(c, p, data, len);
    c->body_left = p->request.head.content_length - len;
    ask_memory(c, p, data, len);
    return len;
}

/* --- reading over --- */

bool body_start_over(struct http_connection *c, const struct http_head *head)
{
    /* Who expects something may send the body or not: nobody knows where the next head is. */
    if (!head->keep_alive || head->expect_continue || head->expect_unknown ||
        head->content_length > SKIP_MAX)
        return false;
    c->over_chunked = head->chunked;
    c->chunked = (struct http_chunked){0};
    c->body_left = head->chunked ? SKIP_MAX : head->content_length;
    c->reading_state = READ_OVER;
    c->wait_anew = true;
    return true;
}

static size_t read_over_chunks(struct http_connection *c, char *data, size_t len)
{
    size_t content, used;
    const char *why;
    if (len > c->body_left ||
        http_chunked_feed(&c->chunked, data, len, &content, &used, &why) < 0) {
        c->reading_state = READ_NOTHING;
        c->extra = true;
        return len;
    }
    c->body_left -= used;
    if (c->chunked.done)
        c->body_left = 0;
    return used;
}

size_t body_read_over(struct http_connection *c, char *data, size_t len)
{
    size_t used;
    if (c->over_chunked) {
        used = read_over_chunks(c, data, len);
    } else {
        used = len < c->body_left ? len : (size_t)c->body_left;
        c->body_left -= used;
    }
    if (c->body_left == 0 && c->reading_state == READ_OVER) {
        c->reading_state = READ_HEAD;
        c->wait_anew = true;
    }
    return used;
}
