/* Events of messages: sent, received, and what becomes of them. */
#ifndef WSCRM_STORE_SQLITE_MESSAGE_EVENT_H
#define WSCRM_STORE_SQLITE_MESSAGE_EVENT_H

#include "domain/webhook.h"

struct store;
struct turn;

/* Puts an event of the type, EVENT_MESSAGE or EVENT_STATUS, about the message as it stands in its row now.
 * ERR_STORE, ERR_NOMEM. */
int message_event_put(struct store *store, int64_t message, enum event_type type) MUST_USE;

/* --- within a turn: what happens to a message several times is told once, as it is in the end */

/* Notes that an event is to be put, unless nobody wants it. ERR_NOMEM. */
int turn_tell(struct turn *turn, int64_t tenant_id, int64_t message, enum event_type type) MUST_USE;
/* Whether anybody wants events of the type. */
bool turn_tells(struct turn *turn, int64_t tenant_id, enum event_type type);
/* At its end. ERR_STORE, ERR_NOMEM. */
int turn_tell_all(struct turn *turn) MUST_USE;

#endif
