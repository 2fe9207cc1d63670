/* GET /healthz: the process is alive. GET /readyz: the store takes writes, and the engine's are among them. */
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
    const struct api_settings *settings = &x->worker->shared->settings;
    bool engine = !settings->engine_ready || settings->engine_ready(settings->wake_context);
    if (!store.healthy)
        (void)refuse_http(x, 503, "the store's last commit failed");
    else if (!engine)
        (void)refuse_http(x, 503, "the store refuses what is to be sent");
    else
        reply_nothing(x);
    exchange_finish(x);
}

const struct handler healthz = {.start = answer_alive};
const struct handler readyz = {.start = answer_ready};
