#include "main/dispatch.h"

#include "api/action_streams.h"

static int64_t find(void *streams, int64_t agent)
{
    return action_streams_find(streams, agent);
}

static bool deliver(void *streams, int64_t agent, int64_t listener,
                    const struct action_event *event)
{
    return action_streams_deliver(streams, agent, listener, event);
}

int dispatch_start(const struct settings *settings, struct store *store,
                   struct dispatch *ret_dispatch)
{
    struct dispatch dispatch = {0};
    struct dispatcher_settings own;
    int result = action_streams_new(&dispatch.streams);
    dispatcher_settings_default(&own);
    own.patience_ms = settings_number(settings, SETTING_ACTION_TIMEOUT);
    own.find = find;
    own.deliver = deliver;
    own.listeners = dispatch.streams;
    if (result == 0)
        result = dispatcher_new(&own, store, &dispatch.dispatcher);
    if (result == 0)
        result = dispatcher_start(dispatch.dispatcher);
    if (result < 0)
        dispatch_stop(&dispatch);
    else
        *ret_dispatch = dispatch;
    return result;
}

static void made(void *dispatcher)
{
    dispatcher_wake(dispatcher);
}

static void came(void *dispatcher, int64_t agent)
{
    dispatcher_listener_came(dispatcher, agent);
}

void dispatch_connect(struct dispatch *dispatch, struct api_settings *api)
{
    api->action_streams = dispatch->streams;
    api->actions_made = made;
    api->listener_came = came;
    api->actions_context = dispatch->dispatcher;
}

void dispatch_stop(struct dispatch *dispatch)
{
    if (dispatch->dispatcher)
        dispatcher_stop(dispatch->dispatcher);
    dispatcher_free(dispatch->dispatcher);
    action_streams_free(dispatch->streams);
}
