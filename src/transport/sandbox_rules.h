/* What the sandbox makes of a message: the recipient's last four digits decide. Pure. */
#ifndef WSCRM_TRANSPORT_SANDBOX_RULES_H
#define WSCRM_TRANSPORT_SANDBOX_RULES_H

#include <stdint.h>

#include "domain/message.h"

enum sandbox_hand_over {
    HAND_OVER_ACCEPTED,
    HAND_OVER_REFUSED,   /* not on WhatsApp */
    HAND_OVER_AGAIN,     /* "try again", twice */
    HAND_OVER_TIMES_OUT, /* though it leaves */
    HAND_OVER_OFFLINE,   /* the account goes offline instead, once */
};

/* What comes after a hand-over, one after the other; a follow-up's code. In the table: never renumber. */
enum sandbox_step {
    STEP_NONE = 0,
    STEP_DELIVERED = 1,
    STEP_READ = 2,
    STEP_REPLY = 3, /* with the follow-up's text */
    STEP_FAIL = 4,  /* undeliverable */
};

struct sandbox_rule {
    int digits;
    enum sandbox_hand_over hand_over;
    enum sandbox_step last; /* of the steps that follow; STEP_NONE: it stays sent */
    const char *reply;      /* of a rule with STEP_REPLY; NULL: the text sent */
};

#define SANDBOX_DELIVERED_MS 1000 /* from its hand-over on */
#define SANDBOX_READ_MS      3000
#define SANDBOX_FAIL_MS      1000
#define SANDBOX_AGAIN_MS     1000 /* what "try again" asks for */
#define SANDBOX_AWAY_MS      10000
#define SANDBOX_AGAIN_TRIES  2

#define SANDBOX_UNDELIVERABLE 131026 /* Cloud API: message undeliverable */

/* Never NULL. Of a group chat: the ordinary one. */
const struct sandbox_rule *sandbox_rule(int64_t to);

/* What follows on a step (STEP_NONE: on the hand-over) and how long after it; STEP_NONE: nothing. */
enum sandbox_step sandbox_next(const struct sandbox_rule *rule, enum sandbox_step step,
                               int64_t *ret_after_ms);

/* What a step makes of the message; a reply leaves it as it is: MESSAGE_READ. */
enum message_status sandbox_status(enum sandbox_step step);

#endif
