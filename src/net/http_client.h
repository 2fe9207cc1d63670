/* HTTP calls to others, on the loop of one thread: the caller's. Nothing in it blocks, names are looked
 * up on threads of libcurl's.
 *
 * A client is for calls to addresses that strangers name as well as for those that the operator does: what
 * it may dial is judged by the address that is dialled, so neither a name that changes its address nor
 * another way to write one gets past that. All calls of a client share its connections, so they share that
 * rule too. Redirects are told, never followed; there is no proxy, no cookie, no .netrc, no decoding. */
#ifndef WSCRM_NET_HTTP_CLIENT_H
#define WSCRM_NET_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "net/address.h"
#include "net/http_parse.h"

struct event_base;
struct http_client;

struct http_client_settings {
    /* Open connections, those that rest included. What does not get one waits, and its time runs. */
    size_t connections_max, connections_per_host; /* 0: as many as connections_max */
    const char *user_agent;                       /* lives as long as the client */
    /* NULL: any address may be dialled. */
    bool (*may_dial)(void *context, const struct address *address);
    void *context;
};

int http_client_new(struct event_base *base, const struct http_client_settings *settings,
                    struct http_client **ret_client) MUST_USE;
/* Drops the calls under way: no `done`. Not from within one. */
void http_client_free(struct http_client *client);

#define HTTP_CALL_ERROR_MAX 160
/* The head of an answer, interim ones included, may have so many bytes. */
#define HTTP_CALL_HEAD_MAX ((size_t)64 << 10)

struct http_call {
    /* The caller's. All that is pointed to lives until `done`, or until the call is dropped. */
    const char *method;
    const char *url; /* http:// or https:// */
    const struct http_header *headers;
    size_t header_count;
    struct str body; /* with a Content-Length; without one for GET and HEAD */
    int timeout_ms;  /* above 0; from the start to the end of the answer */
    size_t answer_max;
    void (*done)(
        struct http_call *call); /* once, on the loop, never from within http_client_call() */
    void *owner;

    /* The outcome, for `done`. 0: an answer came, whatever it says. ERR_TIMEOUT; ERR_SYSTEM: no address
     * for the name, or no connection; ERR_INVALID: no address that may be dialled; ERR_CRYPTO: TLS;
     * ERR_CLOSED: cut; ERR_TOO_LARGE: over answer_max, or
     * a head over its maximum; ERR_PROTOCOL: no HTTP; ERR_NOMEM. */
    int result;
    bool left;         /* of the request something was sent: it may have taken effect */
    int status;        /* HTTP; 0: none */
    struct buf answer; /* what came of the body; the caller's from `done` on */
    char error[HTTP_CALL_ERROR_MAX]; /* of a result below 0: a short text */

    /* The client's. */
    struct http_client *client;
    struct http_call *before, *behind;
    void *easy;
    struct curl_slist *lines;
    size_t head_len;
    bool refused;
    char curl_error[256];
};

/* ERR_INVALID: not such a URL, or a header with control characters; ERR_NOMEM. `done` will not come
 * then. */
int http_client_call(struct http_client *client, struct http_call *call) MUST_USE;
/* Drops a call under way: no `done`. */
void http_client_drop(struct http_call *call);
size_t http_client_under_way(const struct http_client *client);

#endif
