/* Actions on the wire. */
#ifndef WSCRM_API_ACTION_ID_H
#define WSCRM_API_ACTION_ID_H

#include "base/buf.h"
#include "store/actions.h"

#define ACTION_CONTENT_LONGEST 1024 /* characters, as of a message's text */

/* 32 hexadecimal digits. ERR_INVALID. */
int action_id_parse(struct str text, struct action_id *ret_id) MUST_USE;
/* As a JSON text, a comma before it where one belongs. */
void action_id_add(struct buf *b, const struct action_id *id);

#endif
