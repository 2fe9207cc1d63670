#include "main/deliverer.h"

#define COUNTER "counter"
#define GAUGE   "gauge"

int deliverer_start(const struct settings *settings, struct store *store, struct crypto *crypto,
                    struct webhooks **ret_webhooks)
{
    struct webhooks_settings own;
    struct webhooks *webhooks;
    settings_webhooks(settings, &own);
    int result = webhooks_new(&own, store, crypto, &webhooks);
    if (result < 0)
        return result;
    result = webhooks_start(webhooks);
    if (result < 0) {
        webhooks_free(webhooks);
        return result;
    }
    *ret_webhooks = webhooks;
    return 0;
}

static int probe(void *context, struct webhook_probe *asked)
{
    return webhooks_probe(context, asked);
}

static void add_metrics(void *context, struct buf *b)
{
    struct webhooks_metrics m;
    webhooks_metrics(context, &m);
    api_metric(b, "wscrm_webhook_delivered_total", COUNTER, "Webhook deliveries acknowledged.",
               m.delivered);
    api_metric(b, "wscrm_webhook_failed_total", COUNTER, "Tries that failed.", m.failed);
    api_metric(b, "wscrm_webhook_parked_total", COUNTER, "Deliveries given up after all tries.",
               m.parked);
    api_metric(b, "wscrm_webhook_started_total", COUNTER, "Tries started.", m.started);
    api_metric(b, "wscrm_webhook_waited_milliseconds_total", COUNTER,
               "From when each of them was due to its start.", m.waited_ms);
    api_metric(b, "wscrm_webhook_in_flight", GAUGE, "Tries under way.", m.in_flight);
    api_metric(b, "wscrm_webhook_failing", GAUGE, "URLs whose last try failed.", m.failing);
}

void deliverer_connect(struct webhooks *webhooks, struct api_settings *api)
{
    api->probe = probe;
    api->probe_context = webhooks;
    api->add_metrics = add_metrics;
    api->metrics_context = webhooks;
}
