/* Events of type customer: which customer, what happened to it, and which fields. The values are not in it:
 * by the time that it arrives they may have changed again, and customer/query has them. */
#ifndef WSCRM_STORE_SQLITE_CUSTOMER_EVENT_H
#define WSCRM_STORE_SQLITE_CUSTOMER_EVENT_H

#include "base/buf.h"
#include "store/sqlite/customers_upsert.h"

struct store;

/* The names of all fields that a customer may have, of 255 characters of 4 bytes, escaped six for one at
 * worst. */
#define CUSTOMER_EVENT_LONGEST ((size_t)1 << 20)

enum customer_event { CUSTOMER_CREATED, CUSTOMER_CHANGED, CUSTOMER_DELETED };

/* `field` is the only one that changed; NULL: none is named. ERR_STORE. */
int customer_event_put(struct store *store, int64_t tenant_id, int64_t number, int64_t time_ms,
                       enum customer_event what, const char *field) MUST_USE;

/* Of an import, while the old row is still there: what differs between up->old and up->row, into up->event.
 * ERR_STORE, ERR_NOMEM. */
int customer_event_note(struct upsert *up, int64_t number) MUST_USE;
/* Puts what was noted. */
int customer_event_send(struct upsert *up, int64_t number) MUST_USE;

#endif
