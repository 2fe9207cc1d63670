/* Actions inside the back end. */
#ifndef WSCRM_STORE_SQLITE_ACTIONS_H
#define WSCRM_STORE_SQLITE_ACTIONS_H

struct store;

/* A chore (writer_chores.c): forgets what has been over for long. */
int actions_sweep(struct store *store);

#endif
