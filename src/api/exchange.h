/* One call of the API, from its request to its reply.
 *
 * An exchange lives in its request's memory, from the head on, and belongs to one worker. The front of
 * the pipeline may run on a helper thread; from `start` on all is on the worker, but what it gives to
 * exchange_help(). Whoever decides the answer calls one reply function of api/reply.h and then
 * exchange_finish(). */
#ifndef WSCRM_API_EXCHANGE_H
#define WSCRM_API_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/helpers.h"
#include "api/routes.h"
#include "base/buf.h"
#include "base/json.h"
#include "domain/rate_window.h"
#include "domain/status.h"
#include "domain/tenant.h"
#include "net/http_server.h"
#include "store/store.h"

struct worker;
struct crypto;

enum scheme { SCHEME_HEADER, SCHEME_BODY };

struct exchange {
    struct http_request *http;
    const struct route *route; /* NULL: none was found */
    struct str parameter;      /* of a row whose path ends in braces: what stands there */
    struct worker *worker;
    int64_t now_ms; /* real time when the request was whole */

    struct tenants *tenants;     /* the snapshot this call is judged by */
    const struct tenant *tenant; /* NULL until authenticated */
    enum scheme scheme;
    struct str user_name; /* body scheme: who signs */

    struct json_doc *json;
    const struct json *body; /* its root; NULL for an empty body, which equals {} */
    bool is_no_object;       /* the body, by its first sign, before it is parsed */
    void *input;             /* the handler's struct, read by its input table */
    const char *place;       /* of the item that is read, see input_read_item(); or NULL */
    void *state;             /* the handler's own, made by read or start */

    struct rate_verdict rate; /* of an authenticated call with a limit */
    bool limited;             /* rate is filled */

    struct idempotency *idempotency; /* of a call that creates: NULL without a key */
    void (*answer)(struct exchange *x, int result);
    bool answered; /* on the writer's thread already */
    bool wakes;    /* what it writes is the engine's business, who is woken when it is on disk */
    bool makes_actions; /* the same, of the dispatcher */

    int http_status; /* of the reply; 0 until there is one */
    int code;        /* of the envelope */
    struct buf reply;
    struct str request_id;
    char *headers; /* the reply's lines so far: see api/headers.h */
    size_t headers_len, headers_size;
    int64_t tenant_id; /* for the log: outlives the snapshot */

    struct job job; /* what a helper does for it: the front of a large body, then perhaps `work` */
    void (*work)(struct exchange *x);
    void (*then)(struct exchange *x);
    void (*read)(struct exchange *x, struct store_reader *reader);
    bool large; /* holds one of the places for large bodies */
};

/* Request memory; NULL when it is used up (then reply_no_memory()). */
void *exchange_alloc(struct exchange *x, size_t count, size_t size);

/* On the worker, from `start` on: `work` runs on a helper thread, for what would hold the loop up; it
 * touches nothing but the exchange, and may refuse. Unless it did, `then` runs on the worker. When the
 * helpers have no room the call is refused with a 503. */
void exchange_help(struct exchange *x, void (*work)(struct exchange *x),
                   void (*then)(struct exchange *x));

/* On the worker, before a verb that writes: fills its call, so that `answer` writes the reply to the
 * call's result and the exchange is finished. A call with an Idempotency-Key that was answered before
 * gets that answer instead. `answer` is short and touches nothing but the exchange: with a key it runs
 * on the writer's thread, and once more on the worker when the commit fails after all. */
void exchange_write(struct exchange *x, struct store_call *call,
                    void (*answer)(struct exchange *x, int result));

/* On the worker, from `start` on: `read` asks the reader of a thread for slow reads, and replies, there or in
 * a verb's `done`, which runs on that thread; then the exchange is finished. When there is no room in line
 * the call is refused with a 503. */
void exchange_read(struct exchange *x,
                   void (*read)(struct exchange *x, struct store_reader *reader));

/* On the worker, in the place of a reply and exchange_finish(): answers with a stream (net/http_server.h). 0,
 * and the exchange is gone; else nothing was done, and as http_stream_open() says. */
int exchange_stream(struct exchange *x, void (*on_closed)(void *owner), void *owner,
                    struct http_stream **ret_stream) MUST_USE;

/* On the worker, once, after a reply function: sends it. The exchange is gone afterwards. */
void exchange_finish(struct exchange *x);

#endif
