/* What an account asks WhatsApp for, other than to send: is a number there, what group is behind a link, may
 * it join. Shared by the store, which keeps what is to be asked, and the transports, which ask. */
#ifndef WSCRM_DOMAIN_QUERY_H
#define WSCRM_DOMAIN_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "domain/group_link.h"

/* In the table: never renumber. */
enum query_kind {
    QUERY_CHECK = 0, /* of a number */
    QUERY_INFO = 1,  /* of a group's link */
    QUERY_JOIN = 2,
    QUERY_KINDS = 3,
};

enum query_result {
    QUERY_ANSWERED,
    QUERY_AGAIN,  /* not now: it goes back to where it waits */
    QUERY_CANNOT, /* the transport has no such thing */
};

struct query_answer {
    enum query_result result;
    bool exists;                /* of a check */
    enum group_link_state link; /* of an info: what is parsed */
    enum group_join_state join; /* of a join: JOINED, APPROVAL or FAILED */
    int64_t group, members;     /* 0: not known */
    char name[4 * GROUP_NAME_LONGEST + 1];
    char reason[256]; /* "": none */
    int64_t time_ms;
    int64_t retry_after_ms; /* of AGAIN: the driver's wish; 0: none */
};

#endif
