/* Who calls: the two token schemes, every check in its order. */
#ifndef WSCRM_API_AUTH_H
#define WSCRM_API_AUTH_H

#include "api/exchange.h"
#include "base/crypto.h"

/* Names the tenant of the call (x->tenant, x->scheme, x->user_name), or refuses it and returns an
 * error. Any one thread at a time; `digest` is the thread's own; `server_zone` reads the createTime of
 * tenants that do not exist. */
int auth_check(struct exchange *x, struct digest *digest, const struct zone *server_zone) MUST_USE;

#endif
