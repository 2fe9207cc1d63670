/* The form of a webhook's URL. Where it leads is judged elsewhere, when it is set and when it is called. */
#ifndef WSCRM_DOMAIN_WEBHOOK_URL_H
#define WSCRM_DOMAIN_WEBHOOK_URL_H

#include "base/err.h"
#include "base/text.h"

#define URL_HOST_LONGEST 253 /* of a name in DNS */

struct webhook_url {
    char host[URL_HOST_LONGEST + 1]; /* of an IPv6 address without its brackets */
    int port;                        /* that of the scheme when the URL has none */
};

/* http or https; visible ASCII; a host of letters, digits, dots, dashes and underscores, or an IPv6
 * address in brackets; a port from 1 on; no user, no fragment; at most WEBHOOK_URL_LONGEST bytes.
 * ERR_INVALID: *ret_why (static) is what is expected. */
int webhook_url_parse(struct str text, struct webhook_url *ret_url, const char **ret_why) MUST_USE;

#endif
