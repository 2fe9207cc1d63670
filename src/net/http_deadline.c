#include "net/http_internal.h"

/* Every connection is in exactly one list. All of a list wait equally long, so each list is ordered
 * by its deadlines, entering and leaving costs a few pointers, and the tick looks at the first only
 * (libevent's own timeouts cost a heap operation each). */

static void append(struct wait_list *list, struct http_connection *c)
{
    c->waits_before = list->last;
    c->waits_behind = NULL;
    if (list->last)
        list->last->waits_behind = c;
    else
        list->first = c;
    list->last = c;
}

void wait_leave(struct http_connection *c)
{
    struct wait_list *list = &c->server->waits[c->wait];
    if (c->waits_before)
        c->waits_before->waits_behind = c->waits_behind;
    else
        list->first = c->waits_behind;
    if (c->waits_behind)
        c->waits_behind->waits_before = c->waits_before;
    else
        list->last = c->waits_before;
}

void wait_enter(struct http_connection *c, enum wait wait)
{
    if (c->wait == wait && !c->wait_anew)
        return;
    if (c->wait != WAIT_KINDS)
        wait_leave(c);
    c->wait = (uint8_t)wait;
    c->wait_anew = false;
    c->since_ms = server_now_ms(c->server);
    append(&c->server->waits[wait], c);
}

void wait_expire(struct http_server *server)
{
    int64_t now_ms = server_now_ms(server);
    for (int kind = 0; kind < WAIT_KINDS; kind++) {
        struct wait_list *list = &server->waits[kind];
        /* http_connection_expired() takes the first out of this list: it closes it, or what it waits
         * for becomes another. */
        while (list->timeout_ms && list->first &&
               now_ms - list->first->since_ms >= list->timeout_ms)
            http_connection_expired(list->first);
    }
}
