/* Deleting tasks and messages in pieces: those of a tenant who is removed, and what a creation that broke
 * off has left. */
#ifndef WSCRM_STORE_SQLITE_TASK_REMOVE_H
#define WSCRM_STORE_SQLITE_TASK_REMOVE_H

#include <stdint.h>

#include "base/err.h"

struct connection;
struct store;
struct tenant_write;

/* Messages with ids in [from, to), with their contents, and the conversations whose last one is among them.
 * Returns how many; ERR_STORE. */
int messages_delete(struct connection *connection, int64_t from, int64_t to) MUST_USE;

/* A piece of a tenant's removal: his tasks with all that hangs on them, his messages outside tasks, his
 * follow-ups. Before his accounts go. It counts call.progress up to TASKS_REMOVE_STEPS, and keeps its place
 * in call.subject. 0 all are gone, WRITER_MORE, ERR_STORE. */
#define TASKS_REMOVE_STEPS 3
int tasks_remove_piece(struct store *store, struct tenant_write *op) MUST_USE;

/* A chore (writer_chores.c): tasks that were never finished being made. */
int tasks_sweep(struct store *store);

#endif
