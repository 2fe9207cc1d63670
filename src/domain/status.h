/* Status codes of the API: what stands in an answer's `code`. */
#ifndef WSCRM_DOMAIN_STATUS_H
#define WSCRM_DOMAIN_STATUS_H

enum status {
#define STATUS(code, name, message, raised_by) name = (code),
#include "domain/status.def"
#undef STATUS
    STATUS_REFUSED = -1,    /* a refusal without a number: the message is free text */
    STATUS_BAD_INPUT = 400, /* not of the documented shape; over HTTP, or of one item */
};

/* The documented message of a code; "" for codes without one. Static. */
const char *status_message(int status);

#endif
