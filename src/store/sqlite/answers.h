/* Answers that are kept for calls with an Idempotency-Key. */
#ifndef WSCRM_STORE_SQLITE_ANSWERS_H
#define WSCRM_STORE_SQLITE_ANSWERS_H

#include "base/err.h"

struct store;
struct store_call;

/* For a call with a key that has not begun. 0: it is to be run. 1: its answer is kept and was put into
 * call->idempotency. ERR_CONFLICT, ERR_RUNNING, ERR_FULL, ERR_CRYPTO (not sealed for this
 * call with our key), ERR_STORE, ERR_NOMEM. */
int answers_find(struct store *store, struct store_call *call) MUST_USE;
/* The call has run: keeps what it answers. Returns call->result; ERR_STORE, ERR_NOMEM. */
int answers_keep(struct store *store, struct store_call *call) MUST_USE;

/* A chore (writer_chores.c): forgets what is over its time. */
int answers_sweep(struct store *store);

#endif
