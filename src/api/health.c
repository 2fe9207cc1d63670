/* GET /healthz: the process is alive. GET /readyz: the store takes writes. */
#include "api/reply.h"
#include "api/worker.h"

static void answer_alive(struct exchange *x)
{
    reply_nothing(x);
    exchange_finish(x);
}

static void answer_ready(struct exchange *x)
{
    struct store_metrics store;
    store_metrics(x->worker->shared->store, &store);
    if (store.healthy)
        reply_nothing(x);
    else
        (void)refuse_http(x, 503, "the store's last commit failed");
    exchange_finish(x);
}

const struct handler healthz = {.start = answer_alive};
const struct handler readyz = {.start = answer_ready};
