/* The header Idempotency-Key: a call that creates something can be repeated without creating it twice.
 *
 * The column `creates` in routes.def says which calls take it; the store keeps their answers (struct
 * idempotency). */
#ifndef WSCRM_API_IDEMPOTENCY_H
#define WSCRM_API_IDEMPOTENCY_H

#include "api/exchange.h"

/* Fills x->idempotency when the client sent a key, or refuses it and returns an error. Two calls are the
 * same when method, query and body are; of the body, `token` and `createTime` do not count, because
 * whoever signs in the body has to sign a later repetition anew. May run on a helper thread. */
int idempotency_read(struct exchange *x, struct digest *digest) MUST_USE;

/* On the worker, for a call with a key, when its front is done: asks for its answer. When there is none
 * `next` runs. When there is one the exchange is finished with it, whatever the front has found: what it
 * judged by may have changed since the first call, if only by that call. */
void idempotency_look(struct exchange *x, void (*next)(struct exchange *x));

#endif
