/* A line of commands, linked by their `next`. Zeroed is empty. */
#ifndef WSCRM_STORE_SQLITE_LANE_H
#define WSCRM_STORE_SQLITE_LANE_H

#include "store/store.h"

struct lane {
    struct store_call *first, *last;
};

void lane_put(struct lane *lane, struct store_call *call);
void lane_put_first(struct lane *lane, struct store_call *call);
struct store_call *lane_take(struct lane *lane); /* NULL: empty */

#endif
