/* What a tenant has under a name. For the store's own readers. */
#ifndef WSCRM_STORE_SQLITE_NAMES_FIND_H
#define WSCRM_STORE_SQLITE_NAMES_FIND_H

#include "store/sqlite/connection.h"
#include "store/store.h"

/* *ret_id 0: there is none. ERR_STORE. */
int name_look(struct connection *connection, int64_t tenant_id, enum name_kind kind,
              struct str name, int64_t *ret_id) MUST_USE;

#endif
