/* Invite links of group chats: how one is recognised, and what becomes of it and of a join. */
#ifndef WSCRM_DOMAIN_GROUP_LINK_H
#define WSCRM_DOMAIN_GROUP_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

#define GROUP_CODE_SHORTEST 10
#define GROUP_CODE_LONGEST  64
#define GROUP_LINK_LONGEST  512 /* bytes, as it was sent */
#define GROUP_NAME_LONGEST  255 /* characters */

/* The code of https://chat.whatsapp.com/<code>: also with http or no scheme, with capitals in scheme and
 * host, with /invite/ before the code, a slash, a query or a fragment behind it, and blanks around all of
 * it. The code is A-Za-z0-9_-, and case counts in it. It points into the link. ERR_INVALID. */
int group_link_code(struct str link, struct str *ret_code) MUST_USE;

/* In the table: never renumber. */
enum group_link_state {
    GROUP_LINK_PARSING = 0, /* waits for its look-up */
    GROUP_LINK_ASKED = 1,   /* the same, and an account is at it */
    GROUP_LINK_OK = 2,
    GROUP_LINK_INVALID = 3,
    GROUP_LINK_REVOKED = 4,
    GROUP_LINK_FULL = 5,
    GROUP_LINK_APPROVAL = 6, /* whoever wants to join is judged by an admin */
    GROUP_LINK_LIMITED = 7,  /* WhatsApp answers the account no more look-ups for now */
};
/* As on the wire: "parsing", "ok", "invalid", … */
const char *group_link_state_name(enum group_link_state state);
static inline bool group_link_is_parsed(enum group_link_state state)
{
    return state > GROUP_LINK_ASKED;
}

/* In the table: never renumber. */
enum group_join_state {
    GROUP_JOIN_PENDING = 0,
    GROUP_JOIN_ASKED = 1, /* the same, and under way */
    GROUP_JOIN_JOINED = 2,
    GROUP_JOIN_APPROVAL = 3, /* an admin has to agree */
    GROUP_JOIN_FAILED = 4,
};
const char *group_join_state_name(enum group_join_state state);

#endif
