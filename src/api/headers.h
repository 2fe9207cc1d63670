/* The header lines of a reply that are ours: X-Request-Id, RateLimit, Allow, Idempotency-Replayed.
 * They grow in one piece of the request's memory, in x->headers. */
#ifndef WSCRM_API_HEADERS_H
#define WSCRM_API_HEADERS_H

#include "api/exchange.h"

/* X-Request-Id: the client's own id when it is short and visible ASCII, else one that is made; it is
 * x->request_id, too. False: out of memory. */
bool headers_begin(struct exchange *x);
/* A line, without its CRLF; after headers_begin(). One that finds no room is left out. */
void headers_add(struct exchange *x, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What is left of the tenant's allowance, when the call was counted. */
void headers_add_limit(struct exchange *x);

#endif
