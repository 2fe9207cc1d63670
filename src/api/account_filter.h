/* Which WhatsApp accounts a page is of: one, those of an agent, or all. */
#ifndef WSCRM_API_ACCOUNT_FILTER_H
#define WSCRM_API_ACCOUNT_FILTER_H

#include "api/input.h"

struct account_filter {
    bool given;              /* false: all */
    const int64_t *accounts; /* ascending; in request memory */
    size_t count;
};

/* `whats_id` 0: any; in both of its forms, whether the tenant (still) has such an account or not. `agent` len
 * 0: any; 531 the tenant has no such agent. With both: the account, when it is the agent's. */
int account_filter_read(struct exchange *x, int64_t whats_id, struct str agent,
                        struct account_filter *ret_filter) MUST_USE;

/* The user name of the account's agent; len 0: it has none, or is gone. */
struct str account_user_name(const struct tenant *tenant, int64_t account);

#endif
