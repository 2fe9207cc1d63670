/* What serve wires between the API, which has the listeners, and the dispatcher of actions. */
#ifndef WSCRM_MAIN_DISPATCH_H
#define WSCRM_MAIN_DISPATCH_H

#include "api/api.h"
#include "engine/dispatcher.h"
#include "main/settings.h"

struct dispatch {
    struct action_streams *streams;
    struct dispatcher *dispatcher;
};

/* Makes both and starts the thread. On failure nothing runs. */
int dispatch_start(const struct settings *settings, struct store *store,
                   struct dispatch *ret_dispatch) MUST_USE;
/* The API's callbacks that lead to it. */
void dispatch_connect(struct dispatch *dispatch, struct api_settings *api);
/* When the API has ended. Also of one that was not started, which is zeroed. */
void dispatch_stop(struct dispatch *dispatch);

#endif
