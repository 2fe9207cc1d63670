/* The accounts of a task and how many recipients each has, while recipients are given to them. */
#ifndef WSCRM_STORE_SQLITE_TASK_SENDERS_H
#define WSCRM_STORE_SQLITE_TASK_SENDERS_H

#include "base/arena.h"
#include "store/sqlite/connection.h"

struct task_sender {
    int64_t account, recipients;
    int64_t before; /* as it is in the table */
};
/* A heap: at its root the one with the fewest recipients, of those the smallest account. */
struct task_senders {
    struct task_sender *items;
    size_t count;
};

/* Room for `more` that are not in the table yet. ERR_STORE, ERR_NOMEM. */
int task_senders_load(struct connection *connection, int64_t task_id, struct arena *arena,
                      size_t more, struct task_senders *ret_senders) MUST_USE;

/* Gives the number to the account; 0: to the one that talked to it last, else to the one with the fewest
 * recipients. Returns 0 with the account; ERR_NO_AGENT there is none, ERR_STORE. */
int task_senders_give(struct task_senders *senders, struct connection *connection,
                      int64_t tenant_id, int64_t number, int64_t account,
                      int64_t *ret_account) MUST_USE;

int task_senders_save(const struct task_senders *senders, struct connection *connection,
                      int64_t task_id) MUST_USE; /* ERR_STORE */

#endif
