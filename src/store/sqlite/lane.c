#include "store/sqlite/lane.h"

#include <stddef.h>

void lane_put(struct lane *lane, struct store_call *call)
{
    call->next = NULL;
    if (lane->last)
        lane->last->next = call;
    else
        lane->first = call;
    lane->last = call;
}

void lane_put_first(struct lane *lane, struct store_call *call)
{
    call->next = lane->first;
    lane->first = call;
    if (!lane->last)
        lane->last = call;
}

struct store_call *lane_take(struct lane *lane)
{
    struct store_call *call = lane->first;
    if (call) {
        lane->first = call->next;
        if (!lane->first)
            lane->last = NULL;
    }
    return call;
}
