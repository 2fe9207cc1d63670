/* What became of a number: changes of a customer's owner and stage, and of the opt-out. */
#ifndef WSCRM_STORE_SQLITE_HISTORY_H
#define WSCRM_STORE_SQLITE_HISTORY_H

#include "base/text.h"
#include "store/sqlite/connection.h"

struct store;

/* In the table: never renumber. */
enum history_field { HISTORY_OWNER = 0, HISTORY_STAGE = 1, HISTORY_OPT_OUT = 2 };

struct history_change {
    int64_t tenant_id, number, time_ms;
    enum history_field field;
    struct str from, to;
    struct str cause; /* the call or command that did it */
};
int history_add(struct connection *connection, const struct history_change *change) MUST_USE;

/* A chore (writer_chores.c): forgets what is older than the store's settings say. */
int history_sweep(struct store *store);

#endif
