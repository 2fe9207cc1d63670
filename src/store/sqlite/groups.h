/* Customer groups: named lists of numbers. For the store's own. */
#ifndef WSCRM_STORE_SQLITE_GROUPS_H
#define WSCRM_STORE_SQLITE_GROUPS_H

#include "store/sqlite/connection.h"

struct store;

/* ERR_NOT_FOUND: the tenant has no group of the name. ERR_STORE. A group's id changes with each save. */
int group_find(struct connection *connection, int64_t tenant_id, struct str name,
               int64_t *ret_id) MUST_USE;
/* Its rule, a copy; len 0: it is a list. ERR_STORE, ERR_NOMEM. */
int group_rule(struct connection *connection, int64_t id, struct arena *arena,
               struct str *ret_rule) MUST_USE;

/* Takes the number, in both of its forms, out of all groups of the tenant: for who deletes a customer. It
 * touches a row a group that has it; without one it is four look-ups. ERR_STORE. */
int groups_forget_number(struct connection *connection, int64_t tenant_id, int64_t number) MUST_USE;

/* A chore (writer_chores.c): deletes lists that have no name, but those that are being written. */
int groups_sweep(struct store *store);

#endif
