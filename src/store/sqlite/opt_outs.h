/* Who wants no messages: for the store's own, which shows it with customers. */
#ifndef WSCRM_STORE_SQLITE_OPT_OUTS_H
#define WSCRM_STORE_SQLITE_OPT_OUTS_H

#include "store/sqlite/connection.h"

struct store;
struct opt_outs_set;

/* Whether the number has opted out, in either form. ERR_STORE. */
int opt_out_look(struct connection *connection, int64_t tenant_id, int64_t number,
                 bool *ret_opt_out) MUST_USE;

/* For the writer: what the verb does, of op->numbers[0] alone, within another command. TENANT_MAX_OPT_OUTS
 * does not hold for who opts himself out. *ret_new: he had not before. ERR_STORE. */
int opt_out_add(struct store *store, const struct opt_outs_set *op, bool *ret_new) MUST_USE;

#endif
