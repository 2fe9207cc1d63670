/* A message as it is on the wire, wherever it is shown. */
#ifndef WSCRM_DOMAIN_MESSAGE_JSON_H
#define WSCRM_DOMAIN_MESSAGE_JSON_H

#include "base/buf.h"
#include "domain/message.h"

struct message_record {
    int64_t id, account, number;
    struct str user_name;   /* of the account's agent; len 0: none */
    struct str friend_name; /* of the customer; len 0: none */
    bool incoming;
    enum message_status status;
    int64_t time_ms;
    struct str content; /* as content_write(); anything else is shown as nothing */
};

/* An object: {"msgId","username","whatsId","friendWhatsId","friendName","actionType","chatType",
 * "contentType","content":{"text",…},"status","chatTime"}. */
void message_json(struct buf *b, const struct message_record *message);

/* What a list says of a message: its text, or else where it is to be found. `text` is cleared first. */
void message_summary(struct str content, struct buf *text);

#endif
