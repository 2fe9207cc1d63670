/* A message: its states, and how what is told about it late, twice or out of order is put together. */
#ifndef WSCRM_DOMAIN_MESSAGE_H
#define WSCRM_DOMAIN_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

/* As on the wire, but RETRY, which is shown as QUEUED. In the table: never renumber. */
enum message_status {
    MESSAGE_FAILED = -1,
    MESSAGE_WAITING = 0, /* "pending dispatch": an earlier content of the recipient comes first */
    MESSAGE_QUEUED = 1,  /* "pending send" */
    MESSAGE_SENDING = 2, /* handed to the transport, or about to be */
    MESSAGE_SENT = 3,
    MESSAGE_DELIVERED = 4,
    MESSAGE_READ = 5,
    MESSAGE_REPLIED = 6,
    MESSAGE_NOT_REPLIED = 7,
    MESSAGE_RETRY = 8, /* the transport said "try again": queued from message.retry_ms on */
};

enum message_reason {
    REASON_NONE = 0,
#define MESSAGE_REASON(number, name, text, open) name = (number),
#include "domain/message_reasons.def"
#undef MESSAGE_REASON
};
/* Who is written to: `chatType` on the wire. */
enum chat_type { CHAT_ANY = 0, CHAT_PERSON = 1, CHAT_GROUP = 2 };
enum chat_type message_chat(int64_t number);

const char *message_reason_text(enum message_reason reason); /* "" for none */

/* Whether a message in state `from` (failed for `reason`) goes to `to` when the provider says so.
 * Forward only: 2 < 3 < 4 < 5 < 7 < 6. Failed follows 0 to 3 and is final, but for a reason that says
 * that nobody knew. */
bool message_may_become(enum message_status from, enum message_reason reason,
                        enum message_status to);
/* Not with its transport: it may still be failed, or go to another account. */
static inline bool message_is_waiting(enum message_status status)
{
    return status == MESSAGE_WAITING || status == MESSAGE_QUEUED || status == MESSAGE_RETRY;
}
/* As on the wire: 0 to 7, -1. */
int message_status_wire(enum message_status status);

/* Tries of one message, hand-overs that the transport answered with "again" included. */
#define MESSAGE_MAX_TRIES      8
#define MESSAGE_REASON_LONGEST 255 /* characters of a provider's own text */

/* What a task counts of its messages: a funnel (sent: 3 and above, delivered: 4 and above, …). */
struct message_counts {
    int64_t total, sent, delivered, read, replied, failed;
    int64_t left; /* not handed over for good: 0, 1, 2, 8 */
};
/* Takes the message out of what it was counted as, and counts it as what it is now. */
void message_count(struct message_counts *counts, enum message_status from, enum message_status to);

#endif
