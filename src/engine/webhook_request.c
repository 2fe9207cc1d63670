/* What a receiver gets: the Open API's headers and those of Standard Webhooks, with the event's JSON. */
#include <stdio.h>

#include "engine/webhooks_inside.h"

/* Two signatures, "v1," and 44 characters of base64 each, a blank between them, and a NUL. */
#define SIGNATURE_MAX 96

static void add(struct webhook_request *request, struct str name, const char *value)
{
    request->headers[request->header_count++] = (struct http_header){name, str_of(value)};
}

/* With the secret, and with the one before while receivers may still have that. */
static int sign(struct webhook_request *request, const struct webhooks *webhooks,
                const struct webhook_target *target, struct str body)
{
    size_t count = target->secret_lens[1] > 0 && webhooks->now_ms < target->old_until_ms ? 2 : 1;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(&request->signature, ' ');
        int result =
            webhook_sign(webhooks->crypto, target->secrets[i], target->secret_lens[i],
                         str_of(request->id), webhooks->now_ms / 1000, body, &request->signature);
        if (result < 0)
            return result;
    }
    buf_add_char(&request->signature, '\0');
    return request->signature.failed ? ERR_NOMEM : 0;
}

/* The tenant's ApiKey as it is now; a tenant without one has no token. */
static int add_token(struct webhook_request *request, const struct webhooks *webhooks,
                     const struct webhook_target *target)
{
    const struct tenant *tenant = webhooks_tenant(webhooks, target->tenant_id);
    if (!tenant || tenant->api_key.len == 0)
        return 0;
    int result = webhook_access_token(webhooks->crypto, tenant->api_key, target->tenant_id,
                                      webhooks->now_ms, request->token);
    if (result == 0)
        add(request, STR("access_token"), request->token);
    return result;
}

int webhook_request_make(struct webhook_request *request, const struct webhooks *webhooks,
                         const struct webhook_target *target, int64_t event, struct str body)
{
    request->header_count = 0;
    buf_init(&request->signature, SIGNATURE_MAX);
    snprintf(request->tenant, sizeof(request->tenant), "%lld", (long long)target->tenant_id);
    snprintf(request->timestamp, sizeof(request->timestamp), "%lld", (long long)webhooks->now_ms);
    snprintf(request->seconds, sizeof(request->seconds), "%lld",
             (long long)(webhooks->now_ms / 1000));
    event_id_text(event, request->id);
    int result = sign(request, webhooks, target, body);
    if (result < 0)
        return result;
    add(request, STR("Content-Type"), "application/json; charset=utf-8");
    add(request, STR("tenant_id"), request->tenant);
    add(request, STR("timestamp"), request->timestamp);
    add(request, STR("webhook-id"), request->id);
    add(request, STR("webhook-timestamp"), request->seconds);
    add(request, STR("webhook-signature"), request->signature.data);
    return add_token(request, webhooks, target);
}

void webhook_request_free(struct webhook_request *request)
{
    buf_free(&request->signature);
}

struct http_call webhook_call(const struct webhooks *webhooks, const struct webhook_target *target,
                              const struct webhook_request *request, struct str body)
{
    return (struct http_call){.method = "POST",
                              .url = target->text,
                              .headers = request->headers,
                              .header_count = request->header_count,
                              .body = body,
                              .timeout_ms = webhooks->settings.timeout_ms,
                              .answer_max = WEBHOOK_ANSWER_LONGEST};
}
