/* What serve wires between the API and the deliverer of webhooks. */
#ifndef WSCRM_MAIN_DELIVERER_H
#define WSCRM_MAIN_DELIVERER_H

#include "api/api.h"
#include "engine/webhooks.h"
#include "main/settings.h"

/* Makes it and starts its thread. On failure nothing runs. */
int deliverer_start(const struct settings *settings, struct store *store, struct crypto *crypto,
                    struct webhooks **ret_webhooks) MUST_USE;
/* The API's callbacks that lead to it. */
void deliverer_connect(struct webhooks *webhooks, struct api_settings *api);

#endif
