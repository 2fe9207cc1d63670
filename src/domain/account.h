/* A WhatsApp account: a number that a tenant's agents write from. */
#ifndef WSCRM_DOMAIN_ACCOUNT_H
#define WSCRM_DOMAIN_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

/* What the account runs on; its number is `source` (or `sendType`) on the wire. */
enum platform { PLATFORM_PC = 1, PLATFORM_MOBILE = 2, PLATFORM_CLOUD = 3 };
const char *platform_name(enum platform platform);
int platform_parse(struct str text, enum platform *ret_platform) MUST_USE; /* ERR_INVALID */

struct account {
    int64_t number;
    int64_t agent_id; /* 0: no agent works with it */
    int64_t created_ms;
    struct str name; /* len 0: none was given */
    struct str transport;
    enum platform platform;
    struct str settings; /* a JSON object of texts */
};

#endif
