/* The recipients of a task: what is written for each. */
#ifndef WSCRM_STORE_SQLITE_TASK_RECIPIENTS_H
#define WSCRM_STORE_SQLITE_TASK_RECIPIENTS_H

#include "store/sqlite/connection.h"

struct task_recipient {
    int64_t tenant_id, task_id;
    int64_t place; /* of its first message among the task's */
    int64_t number, account;
    size_t parts;
    struct str contents; /* of its own, a JSON array; len 0: the task's */
};
/* Writes its messages: the first is queued, the others wait. ERR_STORE. */
int task_recipient_insert(struct connection *connection,
                          const struct task_recipient *recipient) MUST_USE;

#endif
