/* Who wants no messages: for the store's own, which shows it with customers. */
#ifndef WSCRM_STORE_SQLITE_OPT_OUTS_H
#define WSCRM_STORE_SQLITE_OPT_OUTS_H

#include "store/sqlite/connection.h"

/* Whether the number has opted out, in either form. ERR_STORE. */
int opt_out_look(struct connection *connection, int64_t tenant_id, int64_t number,
                 bool *ret_opt_out) MUST_USE;

#endif
